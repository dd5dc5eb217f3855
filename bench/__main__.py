"""Every benchmark, or the named ones: ``python -m bench [firewall] [fleet] [writer] [replicas]``."""

import gc
import runpy
import sys
from pathlib import Path

from bot.__main__ import ALLOCATIONS

NAMES = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem != "__main__")
"""One for each file beside this one; each prints a table."""


def main(names: list[str]) -> None:
    """Run them one after the other, with the garbage collector as in the product."""
    unknown = sorted(set(names) - set(NAMES))
    if unknown:
        sys.exit(f"There is no benchmark {', '.join(unknown)}; there are {', '.join(NAMES)}.")
    gc.freeze()
    gc.set_threshold(ALLOCATIONS)
    for name in names or NAMES:
        print(f"== {name}", flush=True)
        runpy.run_module(f"bench.{name}", run_name="__main__")
        print(flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
