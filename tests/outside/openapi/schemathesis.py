"""Our API document through schemathesis (``make apifuzz``): no answer but those that the document names, never 5xx."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.outside.report import Found, Missing

ROOT = Path(__file__).parents[3]
EXAMPLES = "25"
"""Examples of each operation; ``make apifuzz`` takes 200."""


def compare(found: Found) -> None:
    """Run it; each failure that it reports is a difference."""
    program = os.environ.get("SCHEMATHESIS", str(Path(sys.executable).with_name("schemathesis")))
    if not Path(program).is_file():
        raise Missing(f"{program} is not there: make outside installs it, or SCHEMATHESIS names another one.")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "FUZZ_EXAMPLES": EXAMPLES, "SCHEMATHESIS": program}
    done = subprocess.run(
        [sys.executable, "tests/fuzz/api.py"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    cases = re.search(r"(\d+) (?:generated|test cases)", done.stdout)
    found.compared += int(cases[1]) if cases else 0
    said = (done.stdout + done.stderr).strip()
    if done.returncode:
        print(done.stdout[done.stdout.find("FAILURES") :], flush=True)
    failures = re.findall(r"^_+ (\w+ /\S*) _+$", done.stdout, re.MULTILINE)
    found.check("schemathesis", [f"{each} does not keep to the document; its call is above" for each in failures])
    if done.returncode and not failures:
        found.check("schemathesis", [f"exit status {done.returncode}: {said[-300:]}"])
