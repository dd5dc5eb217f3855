"""Small parts of the state that a writer keeps: stored as lists, so their order stays as it is."""

from datetime import datetime
from typing import NamedTuple


class UnconfirmedWrite(NamedTuple):
    """A write that was not there when its attempt was closed, and that may still land.

    Args:
        digest: Content digest of what it would put there.
        at: When its attempt was closed.
    """

    digest: str
    at: datetime


class GroupPriorities(NamedTuple):
    """The priority of one of our rule collection groups, 100..65000.

    Args:
        kept: As we left it; None where not known, or no such group.
        reported: The one that somebody else gave it and that was reported last.
    """

    kept: int | None = None
    reported: int | None = None


class ClusterRead(NamedTuple):
    """When the writer last asked Azure for a cluster.

    Args:
        at: When the reading began.
        is_answered: Whether the cluster was read.
    """

    at: datetime
    is_answered: bool
