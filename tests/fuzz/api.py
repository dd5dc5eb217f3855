"""Schemathesis against the API: any call that its OpenAPI document allows, and many that it does not; never 5xx.

It serves the product on loopback, with the simulated Azure and Slack beside it, and runs the ``schemathesis`` that is
installed beside this Python, or the one that SCHEMATHESIS names. Source: https://schemathesis.readthedocs.io, read
2026-11.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from bot.store import SqlStore
from handlers.api.feed import PLACE, EgressIpFront
from handlers.api.openapi import DOCUMENT
from handlers.http import API, Front, HttpFront
from tests.api.stage import ASKED, opened_api

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


def main() -> int:
    """Run it; its exit status."""
    command = os.environ.get("SCHEMATHESIS", str(Path(sys.executable).with_name("schemathesis")))
    with tempfile.TemporaryDirectory(prefix="egress-fuzz-") as folder:
        url = f"sqlite:///{folder}/bot.sqlite3"
        store = SqlStore(url)
        store.migrate()
        store.close()
        with opened_api(url, calls=6_000) as api:
            api.post(ASKED)
            front = HttpFront(
                Front({}, others={API: api.front, PLACE: EgressIpFront(api.ctx)}), "127.0.0.1:0", lambda: None
            )
            options = ["--max-examples", os.environ.get("FUZZ_EXAMPLES", "200"), "--checks", CHECKS]
            options += ["--request-timeout", "60"]  # a machine that does other things beside this is slow
            document = f"http://127.0.0.1:{front.port}{DOCUMENT}"
            asked = [command, "run", document, "--header", f"Authorization: Bearer {api.secret}", *options]
            done = subprocess.run(asked, cwd=folder, check=False)
            front.stop()
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
