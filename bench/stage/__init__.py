"""What the benchmarks under load share: signed requests at fixed times, a bare Bolt app, rows by the thousand."""
