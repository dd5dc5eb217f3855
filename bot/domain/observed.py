"""What was seen of an allowance from outside: by a probe, and in the logs of its firewalls."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ProbeNote:
    """What the last probe from inside its cluster saw.

    Args:
        probe: Its id.
        at: When.
        is_reached: Whether everything that it tried was reached.
    """

    probe: str
    at: datetime
    is_reached: bool


@dataclass(frozen=True, slots=True)
class LastUse:
    """What the logs of its firewalls said when they were last read.

    Args:
        asked_at: When that was.
        last: The newest record of one of its rules that was ever found; None without one.
        since: From when on the logs hold every record of its rules; None where they cannot say that.
        unknown: Why they cannot, as a sentence; empty where ``since`` is set.
    """

    asked_at: datetime
    last: datetime | None = None
    since: datetime | None = None
    unknown: str = ""
