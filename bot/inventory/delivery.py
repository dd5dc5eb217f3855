"""Messages that Slack refuses until someone acts."""

from bot.ports import Context, Pause


def refusals(ctx: Context) -> tuple[Pause, ...]:
    """The lanes that wait for somebody to act, each with the notices behind it."""
    with ctx.store.read() as tx:
        return tuple(tx.outbox.refusals())
