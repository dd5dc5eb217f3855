"""How soon the bot is ready, what it takes while nothing happens, and how its memory stays under load.

``RESTING_S`` seconds (60) of idling, then as long of the mixed load at 32 a second; compiled modules are there already.
"""

import os
import subprocess
import time
from pathlib import Path

from bench.audit import databases
from bench.stage.rows import copies, store_rows
from bench.stage.served import Served, served
from bench.stage.traffic import every, run

SECONDS = int(os.environ.get("RESTING_S", "60"))
RATE = 32
PARTS = 4
READY_S, MEMORY_MB, IDLE_SHARE = 2.0, 160.0, 0.01
"""What is wanted: seconds until it answers, resident memory under load, share of a core while nothing happens."""


def memory_mb(process: "subprocess.Popen[bytes]") -> float:
    """What is resident now (proc(5), read 2026-11)."""
    fields = (line.split() for line in Path(f"/proc/{process.pid}/status").read_text().splitlines())
    return next(int(one[1]) for one in fields if one[0] == "VmRSS:") / 1024


def processor_s(process: "subprocess.Popen[bytes]") -> float:
    """Seconds of the processor that it took so far, user and system."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """A few lines for each database."""
    with databases() as urls:
        for name, url in urls.items():
            with served(url) as bot:
                measure(name, bot)


def measure(name: str, bot: Served) -> None:
    """Start twice, idle, work."""
    bot.kill(bot.serve())
    began = time.perf_counter()
    process = bot.serve()
    ready_s = time.perf_counter() - began
    start_s = processor_s(process)
    print(f"{name}: ready after {ready_s:.1f} s ({start_s:.1f} s of the processor; wanted {READY_S:.0f} s)", flush=True)
    time.sleep(20)  # the first reading of the fleet is over
    before = processor_s(process)
    time.sleep(SECONDS)
    idle = (processor_s(process) - before) / SECONDS
    print(f"  idle: {idle:.2%} of a core (wanted {IDLE_SHARE:.0%}), {memory_mb(process):.0f} MB", flush=True)
    each = RATE * SECONDS // PARTS // 4 * 4
    waiting = list(copies(bot.template, PARTS * each // 4, first=0, ask="ask"))
    store_rows(bot.store, waiting)
    resident = []
    for part in range(PARTS):
        mine = waiting[part * each // 4 : (part + 1) * each // 4]
        run(every(bot.mixed(each, mine, first=part * each // 4), bot.port, RATE))
        resident.append(f"{memory_mb(process):.0f}")
    print(f"  at {RATE} a second for {SECONDS} s: {', '.join(resident)} MB (wanted {MEMORY_MB:.0f} MB)", flush=True)


if __name__ == "__main__":
    main()
