"""The API of a process that runs, as whoever tries the sandbox meets it."""

import json
import re
from pathlib import Path

from tests.driver import SandboxProcess, wait_for
from tests.processes.stage import run_here


def test_a_pipeline_against_the_sandbox(tmp_path: Path) -> None:
    """Its token is shown at the start; a request waits for a click in Slack, and is live then."""
    sandbox = SandboxProcess(tmp_path / "data", "--speed", "600")
    sandbox.start()
    try:
        wait_for(lambda: " with the token " in sandbox.log(), "It never showed its API.", 30)
        shown = re.search(r"API: (http://\S+)/api/v1 with the token (\S+)", sandbox.log())
        assert shown
        pipeline = {"EGRESS_API_URL": shown[1], "EGRESS_API_TOKEN": shown[2]}
        asked = ("request", "aks-udr", "api.example.com", "--reason", "deploy", "--for", "8h")
        made = json.loads(run_here(*asked, "--json", **pipeline)[1])["id"]
        sandbox.settle()
        (card,) = sandbox.cards()
        assert "API token `demo` of <@UDEV0001>" in str(card["blocks"])
        sandbox.press("UAPP0001", "approve", card)
        code, said = run_here("status", made, "--wait", **pipeline)
        assert (code, said) == (0, f"{made} live: aks-udr → api.example.com\n")
    finally:
        sandbox.stop()
