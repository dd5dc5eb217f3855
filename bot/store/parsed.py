"""Allowances that were parsed already, by id and version: reading thousands of rows parses only what has changed.

A version is stored once and never changed again (``save`` compares and sets it), so what was parsed of it stays right.
Only what is committed is shared. What somebody changes in the database by hand is seen by whoever verifies the audit
log, which reads every row in full, and after a restart by everybody.
"""

from collections.abc import Callable, Mapping
from time import monotonic

from bot.domain.allowance import Allowance

MOST = 40_000
"""Allowances between two clearings, some 2 kB each; twice as many are kept at most."""

KEPT_S = 900
"""Seconds between two clearings: what ended, here or in another replica, is asked for no more, and goes."""


class ParsedAllowances:
    """What all transactions of one process share; safe to use from several threads.

    A clearing leaves only what was asked for since the one before.

    Args:
        seconds: A clock that only goes forwards.
    """

    def __init__(self, seconds: Callable[[], float] = monotonic) -> None:
        self._seconds = seconds
        self._cleared_at = seconds()
        self._asked: dict[str, Allowance] = {}
        self._before: dict[str, Allowance] = {}

    def of(self, versions: Mapping[str, int]) -> dict[str, Allowance]:
        """Those of the allowances with these ids that were parsed in these versions."""
        asked, before = self._asked, self._before  # of now: nothing that is forgotten meanwhile comes back
        found = in_versions(asked, versions)
        if len(found) < len(versions) and before:
            again = in_versions(before, {id_: one for id_, one in versions.items() if id_ not in found})
            asked.update(again)
            found |= again
        return found

    def share(self, parsed: Mapping[str, Allowance]) -> None:
        """Keep what a transaction has parsed and committed."""
        now = self._seconds()
        if now - self._cleared_at >= KEPT_S or len(self._asked) + len(parsed) > MOST:
            self._before, self._asked, self._cleared_at = self._asked, {}, now
        self._asked.update(parsed)

    def forget(self) -> None:
        """Keep nothing: the database was away, and may have come back as it was earlier."""
        self._asked, self._before = {}, {}


def in_versions(known: Mapping[str, Allowance], versions: Mapping[str, int]) -> dict[str, Allowance]:
    """Those of the known allowances that are in these versions, by id."""
    return {
        id_: one for id_, version in versions.items() if (one := known.get(id_)) is not None and one.version == version
    }
