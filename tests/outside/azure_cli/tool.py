"""Azure's command line, signed in to the simulated Azure, in an environment and with a configuration of its own."""

import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.driver import SandboxProcess
from tests.outside.provision import python_packages

LIMIT_S = 180.0
"""How long one command may take."""


@dataclass(frozen=True)
class Said:
    """What came of a command.

    Args:
        code: Azure's error code, or the tool's first words where it refused by itself; ``ok``.
    """

    code: str
    output: Any


class Az:
    """``az`` against one sandbox.

    Args:
        sandbox: The simulated Azure.
        folder: Where its configuration goes; beside ``data``, which holds the CA file.

    Attributes:
        environment: In which whoever calls ``az`` is signed in as well.
    """

    def __init__(self, sandbox: SandboxProcess, folder: Path) -> None:
        self.endpoint = sandbox.arm_url
        self._program = python_packages("azure_cli") / "az"
        self.environment = {
            **os.environ,
            "AZURE_CONFIG_DIR": str(folder / "azure"),
            "REQUESTS_CA_BUNDLE": str(folder / "data" / "ca.pem"),
            "IDENTITY_ENDPOINT": f"{sandbox.arm_url}/msi/token",
            "IDENTITY_HEADER": "sandbox",
            "PATH": f"{self._program.parent}:{os.environ['PATH']}",
            "AZURE_CORE_INSTANCE_DISCOVERY": "no",
            "AZURE_CORE_COLLECT_TELEMETRY": "no",
            "AZURE_CORE_NO_COLOR": "yes",
            "AZURE_CORE_ONLY_SHOW_ERRORS": "yes",
            "AZURE_EXTENSION_USE_DYNAMIC_INSTALL": "no",
        }
        for command in (
            f"cloud register -n sandbox --endpoint-resource-manager {self.endpoint}",
            "cloud set -n sandbox",
            "login --identity",
        ):
            said = self.run(*command.split())
            assert said.code == "ok", said

    def run(self, *command: str) -> Said:
        """Run a command; its output as JSON."""
        done = subprocess.run(
            [str(self._program), *command, "-o", "json"],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=LIMIT_S,
        )
        if done.returncode:
            return Said(_code(done.stderr), done.stderr)
        return Said("ok", json.loads(done.stdout) if done.stdout.strip() else None)

    def listed(self, *command: str) -> list[Any]:
        """Run a command that must succeed and answers a list."""
        said = self.run(*command)
        assert said.code == "ok", said
        found: list[Any] = said.output
        return found

    def rest(self, method: str, path: str, version: str, body: Any = None) -> Said:
        """A request of any kind (``az rest``)."""
        url = f"{self.endpoint}{path}?api-version={version}"
        more = [] if body is None else ["--body", json.dumps(body)]
        return self.run("rest", "--method", method, "--url", url, "--resource", self.endpoint, *more)


def _code(stderr: str) -> str:
    found = re.search(r"^(?:ERROR: \(|Code: |ERROR: \w+\(.*?\"code\": \")(\w+)", stderr, re.MULTILINE)
    return found[1] if found else stderr.removeprefix("ERROR: ").strip().splitlines()[0][:120]
