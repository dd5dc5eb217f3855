"""Writes the licence of every package that the bot runs with, as CSV: name, version, licence.

``make release`` runs it in the environment that was installed from ``requirements.lock``.
"""

import csv
import re
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

LOCK = Path(__file__).parents[1] / "requirements.lock"
LONGEST = 80  # some packages put the whole text of their licence where its name belongs


def licence_of(name: str) -> tuple[str, str]:
    """Version and licence of an installed package; empty where it is not installed on this platform."""
    try:
        found = distribution(name).metadata.json
        version = distribution(name).version
    except PackageNotFoundError:
        return "", "not installed on this platform"
    said = str(found.get("license_expression") or found.get("license") or "")
    named = [one.rpartition(" :: ")[2] for one in found.get("classifier") or () if "License ::" in one]
    short = said if said and len(said) <= LONGEST and said != "UNKNOWN" else ""
    return version, short or ", ".join(named) or "not stated"


def main() -> None:
    """Write the list to standard output."""
    names = re.findall(r"^([A-Za-z0-9._-]+)(?:\[.*\])?==", LOCK.read_text(encoding="utf-8"), re.MULTILINE)
    rows = csv.writer(sys.stdout, lineterminator="\n")
    rows.writerow(("package", "version", "licence"))
    rows.writerows((name, *licence_of(name)) for name in names)


if __name__ == "__main__":
    main()
