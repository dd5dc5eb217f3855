"""How much memory the process takes: set before anything big is imported, because nothing gives it back later."""

import ctypes
import sys
from types import ModuleType
from typing import Any

ARENA_MAX, TRIM_THRESHOLD, MMAP_THRESHOLD = -8, -1, -3
"""Options of ``mallopt`` (https://man7.org/linux/man-pages/man3/mallopt.3.html, read 2026-11)."""

LARGE = 128 * 1024
"""Bytes from which a block goes back to the system when it is freed, and with which free memory at the end does. Set,
these limits stay; left alone, glibc raises them to 32 MiB as soon as one large block was freed."""

SHAPES = tuple(
    f"azure.mgmt.{package}.{module}" for package in ("containerservice", "network") for module in ("models", "types")
)
"""Modules of the Azure SDK that only describe shapes: 2,100 classes that take 20 MB and 0.1 s. The bot sends and reads
JSON, so that a field that is newer than the SDK is kept; the SDK's operations mention them in annotations alone."""


def keep_small() -> None:
    """Bound what the heap keeps, and leave out what is imported and never used."""
    bound_heap()
    for name in SHAPES:
        sys.modules[name] = Shapes(name)
    absent: Any = None
    sys.modules["rich"] = absent  # structlog would import it where it is installed; logs look the same everywhere


def bound_heap() -> None:
    """One heap for all threads: of its own, each of the sixty keeps what its largest request once took (95 MB).

    The interpreter's lock lets one thread allocate at a time anyway. Where the C library has no ``mallopt``, as in
    musl, it stays as it is.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for option, value in ((ARENA_MAX, 1), (TRIM_THRESHOLD, LARGE), (MMAP_THRESHOLD, LARGE)):
            mallopt(option, value)


class Shapes(ModuleType):
    """Stands in for a module of shapes: each of them is any."""

    def __getattr__(self, name: str) -> Any:
        """Any shape."""
        if name.startswith("__"):
            raise AttributeError(name)
        return Any
