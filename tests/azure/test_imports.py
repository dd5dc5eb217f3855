"""The modules that starting the bot loads."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_big_network_package_is_loaded_by_the_first_write() -> None:
    """It costs 58 MiB and, without compiled files, three seconds: readers do without it."""
    names = "('azure.mgmt.network', 'azure.mgmt.containerservice')"
    code = f"import sys, bot.azure; print(*(name in sys.modules for name in {names}))"
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )

    assert found.stdout.split() == ["False", "True"]
