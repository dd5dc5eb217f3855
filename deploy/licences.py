"""Writes the licence of every package that the bot runs with, as CSV: name, version, licence.

``make release`` runs it in the environment that was installed from ``requirements.lock``. It fails where a licence is
not stated, or would bind the bot's own code; the LGPL (psycopg) and the MPL bind changes of those packages alone.
"""

import csv
import re
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

LOCK = Path(__file__).parents[1] / "requirements.lock"
NOT_STATED = "not stated"
BINDING = re.compile(
    r"(?<!L)GPL|(?<!Lesser )General Public|AGPL|Affero|SSPL|EUPL|CC-BY-(NC|SA)|Commons Clause|BUSL", re.IGNORECASE
)
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
    return version, short or ", ".join(named) or NOT_STATED


def is_doubtful(licence: str) -> bool:
    """Whether somebody must look at it before it is released."""
    return licence == NOT_STATED or bool(BINDING.search(licence))


def main() -> None:
    """Write the list to standard output.

    Raises:
        SystemExit: With the packages that somebody must look at.
    """
    names = re.findall(r"^([A-Za-z0-9._-]+)(?:\[.*\])?==", LOCK.read_text(encoding="utf-8"), re.MULTILINE)
    found = [(name, *licence_of(name)) for name in names]
    rows = csv.writer(sys.stdout, lineterminator="\n")
    rows.writerow(("package", "version", "licence"))
    rows.writerows(found)
    if doubtful := [f"{name} ({licence})" for name, _, licence in found if is_doubtful(licence)]:
        raise SystemExit(f"Look at the licence of {', '.join(doubtful)} before you release.")


if __name__ == "__main__":
    main()
