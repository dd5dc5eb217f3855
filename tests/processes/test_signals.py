"""Signals in any number and any order end a process; none of them hangs it."""

import contextlib
import os
import signal
import subprocess
import sys

BURST = """
import os, signal, sys
from bot.wiring.signals import end_on_signal, leave, wait_for_signal
for number in range({count}):
    child = os.fork()
    if child == 0:
        end_on_signal()
        try:
            os.write({said}, b".")
            wait_for_signal()
        finally:
            leave(0)
    os.read({heard}, 1)
    for again in range(30):
        os.kill(child, signal.SIGINT if again % 2 else signal.SIGTERM)
    signal.alarm(10)
    _, status = os.waitpid(child, 0)
    signal.alarm(0)
    if status:
        sys.exit(f"{{number}}: {{status}}")
"""


def test_bursts_of_signals_end_a_process_every_time() -> None:
    """Three hundred processes, thirty signals each, as close behind each other as they can be sent."""
    heard, said = os.pipe()
    script = BURST.format(count=300, heard=heard, said=said)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, pass_fds=(heard, said), check=False
    )
    os.close(heard)
    os.close(said)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_process_group_that_is_stopped_ends(tmp_path: object) -> None:
    """As a terminal does it to ``make run``: everybody gets SIGINT, and SIGTERM right after it."""
    command = [sys.executable, "-m", "bot", "sandbox", "--port", "0", "--arm-port", "0", "--data", f"{tmp_path}/data"]
    process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert process.stdout is not None
    with process.stdout as said:
        try:
            assert b"Open http" in said.readline()
            for number in (signal.SIGINT, signal.SIGTERM) * 10:
                os.killpg(process.pid, number)
            assert process.wait(20) == 0
            assert b"Traceback" not in said.read()
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
