"""Runs the comparisons with other people's software: ``python -m tests.outside [NAME…]``.

The exit status is 1 if something differs that is not known, if something known is gone, or if a comparison could not
run that ``OUTSIDE_ALLOW_MISSING`` (names with commas, or ``all``) does not excuse.
"""

import os
import subprocess
import sys
import time
import traceback

from tests.outside.comparisons import COMPARISONS
from tests.outside.report import Comparison, Found, Missing, Verdict, details, known_of, table


def verdict_of(comparison: Comparison) -> Verdict:
    """Run one comparison."""
    found = Found()
    missing = None
    began = time.monotonic()
    print(f"{comparison.name} …", flush=True)
    try:
        comparison.run(found)
    except Missing as reason:
        missing = str(reason)
    except (AssertionError, OSError, LookupError, TypeError, ValueError, subprocess.SubprocessError) as error:
        traceback.print_exc()
        found.check("it ended early", [f"{type(error).__name__}: {str(error)[:200]}"])
    print(f"{comparison.name}: {time.monotonic() - began:.0f} s", flush=True)
    return Verdict(comparison, found, known_of(comparison.name), missing)


def main(names: list[str]) -> int:
    """Run those that are named, or all; the exit status."""
    strangers = sorted(set(names) - {each.name for each in COMPARISONS})
    if strangers:
        print(f"No comparison {', '.join(strangers)}; there are {', '.join(each.name for each in COMPARISONS)}.")
        return 2
    verdicts = [verdict_of(each) for each in COMPARISONS if not names or each.name in names]
    print("\n" + "\n\n".join(details(each) for each in verdicts))
    print("\n" + table(verdicts))
    excused = os.environ.get("OUTSIDE_ALLOW_MISSING", "").split(",")
    absent = [each.comparison.name for each in verdicts if each.missing]
    if absent:
        print(f"\nNOT RUN: {', '.join(absent)}. The reasons are above.")
    bad = [each for each in verdicts if not each.is_good]
    return int(any(not (each.missing and {"all", each.comparison.name} & set(excused)) for each in bad))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
