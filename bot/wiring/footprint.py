"""How much memory the process takes: settled before anything big is imported, because nothing gives it back later."""

import os
import sys
from types import ModuleType
from typing import Any

TUNABLES = "GLIBC_TUNABLES"
"""The variable that the C library reads its limits from, only while a process starts."""

LIMITS = (
    "glibc.malloc.arena_max=1:glibc.malloc.tcache_count=0"
    ":glibc.malloc.trim_threshold=131072:glibc.malloc.mmap_threshold=131072"
)
"""One heap for all threads, and nothing that each keeps beside it: the eighty threads kept 110 MB of what requests had
once taken. The interpreter's lock lets one thread allocate at a time anyway. The thresholds stay where they begin; left
alone, the library raises them to 32 MiB.

Source: https://www.gnu.org/software/libc/manual/html_node/Memory-Allocation-Tunables.html, read 2026-11.
"""

SHAPES = tuple(
    f"azure.mgmt.{package}.{module}" for package in ("containerservice", "network") for module in ("models", "types")
)
"""Modules of the Azure SDK that only describe shapes: 2,100 classes that take 20 MB and 0.1 s. The bot sends and reads
JSON, so that a field that is newer than the SDK is kept; the SDK's operations mention them in annotations alone."""


def keep_small() -> None:
    """Bound what the heap keeps, and leave out what is imported and never used.

    The process starts once more under the same id, unless whoever started it has set limits of their own.
    """
    if TUNABLES not in os.environ and "CS_GNU_LIBC_VERSION" in os.confstr_names:
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, TUNABLES: LIMITS})
    leave_out()


def leave_out() -> None:
    """Have the SDK's shapes, and a library that structlog imports wherever it is installed, not imported."""
    for name in SHAPES:
        sys.modules[name] = Shapes(name)
    absent: Any = None
    sys.modules["rich"] = absent  # logs look the same everywhere


class Shapes(ModuleType):
    """Stands in for a module of shapes: each of them is any."""

    def __getattr__(self, name: str) -> Any:
        """Any shape."""
        if name.startswith("__"):
            raise AttributeError(name)
        return Any
