"""One deadline for a whole act: everything that it waits for shares what is left.

Code that starts an act with someone waiting sets the time limit; code that waits inside asks for the remaining time.
A thread that nobody gave a deadline has none.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from time import monotonic

_ends: ContextVar[float | None] = ContextVar("act_ends", default=None)


@contextmanager
def within(at_most: timedelta, *, since: float | None = None) -> Iterator[None]:
    """Bound everything that this thread waits for inside the block, together; a bound around it holds as well.

    Args:
        at_most: How long.
        since: From when, by the monotonic clock; None for now.
    """
    ends, outer = (monotonic() if since is None else since) + at_most.total_seconds(), _ends.get()
    token = _ends.set(ends if outer is None else min(ends, outer))
    try:
        yield
    finally:
        _ends.reset(token)


def is_awaited() -> bool:
    """Whether somebody waits for what this thread does: it has a deadline."""
    return _ends.get() is not None


def left_s(at_most: float) -> float:
    """Seconds that this thread may still wait, ``at_most`` where nothing bounds it more tightly; never negative."""
    ends = _ends.get()
    return at_most if ends is None else max(0.0, min(at_most, ends - monotonic()))
