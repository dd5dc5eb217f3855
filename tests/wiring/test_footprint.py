"""What bounds the memory of a process before it begins."""

import os
import subprocess
import sys
from pathlib import Path

from bot.wiring.footprint import LIMITS, TUNABLES

ROOT = Path(__file__).resolve().parents[2]

LOOK = "import os; from bot.wiring.footprint import keep_small; keep_small(); print(os.getpid(), os.environ['{}'])"


def started(**variables: str) -> tuple[int, str]:
    """The id of a process that bounds itself, and what it then says: its id, and its limits."""
    inherited = {name: value for name, value in os.environ.items() if name != TUNABLES}
    with subprocess.Popen(
        [sys.executable, "-c", LOOK.format(TUNABLES)],
        cwd=ROOT,
        env={**inherited, **variables},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        said, _ = process.communicate(timeout=60)
    return process.pid, said.strip()


def test_a_process_starts_once_more_with_limits_and_keeps_its_id() -> None:
    """Supervisors go on to know it; limits that somebody has set stay."""
    pid, said = started()
    theirs, left = started(**{TUNABLES: "glibc.malloc.arena_max=2"})

    assert said == f"{pid} {LIMITS}"
    assert left == f"{theirs} glibc.malloc.arena_max=2"


def test_the_image_has_the_same_limits() -> None:
    """There the process need not start twice."""
    assert f"ENV {TUNABLES}={LIMITS}\n" in (ROOT / "Dockerfile").read_text()
