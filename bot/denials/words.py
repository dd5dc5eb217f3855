"""What people type behind ``/egress denied``."""

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.dates import span_from_text
from bot.domain.duration import duration_text
from bot.errors import InvalidInput

USUAL = timedelta(hours=24)
"""How far back is looked if nothing is said."""

LONGEST = timedelta(days=30)
"""How far back one query looks: tables on the usual plan keep as long without extra cost.

Source: https://learn.microsoft.com/azure/azure-monitor/logs/data-retention-configure, read 2026-11.
"""

_USAGE = "`/egress denied CLUSTER [since:2h] [watch]`"
_MINUTES = re.compile(r"(\d{1,5})m")


@dataclass(frozen=True, slots=True)
class DeniedWords:
    """``CLUSTER [since:2h] [watch]``.

    Args:
        cluster: Name or id.
        since: As it was typed; empty for the usual.
        is_watch: Whether to go on looking.
    """

    cluster: str
    since: str = ""
    is_watch: bool = False

    @classmethod
    def parse(cls, text: str) -> "DeniedWords":
        """Take the words apart.

        Raises:
            InvalidInput: No cluster, or a word that means nothing here.
        """
        name, *rest = text.split() or [""]
        if not name:
            raise InvalidInput(f"Give a cluster: {_USAGE}. `/egress list` shows them.")
        words = cls(name)
        for word in rest:
            lower = word.lower()
            if lower == "watch":
                words = replace(words, is_watch=True)
            elif lower.startswith("since:") and len(lower) > len("since:"):
                words = replace(words, since=lower.removeprefix("since:"))
            else:
                raise InvalidInput(f"“{word[:60]}” means nothing here: {_USAGE}.")
        return words

    def began(self, now: datetime, zone: str = "UTC") -> datetime:
        """From when on is looked.

        Raises:
            InvalidInput: It is no time, in the future, or too long ago.
        """
        if not self.since:
            return now - USUAL
        minutes = _MINUTES.fullmatch(self.since)
        began = now - timedelta(minutes=int(minutes[1])) if minutes else span_from_text(self.since, now, zone)[0]
        if began >= now:
            raise InvalidInput(f"since:{self.since[:60]} is not in the past.")
        if began < now - LONGEST - timedelta(minutes=1):
            raise InvalidInput(f"The log is searched for at most {duration_text(LONGEST)}: since:30d.")
        return began
