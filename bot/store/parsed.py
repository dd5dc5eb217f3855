"""Allowances that were parsed already, by id and version: reading thousands of rows parses only what has changed.

A version is stored once and never changed again (``save`` compares and sets it), so what was parsed of it stays right.
Only what is committed is shared. What somebody changes in the database by hand is seen by whoever verifies the audit
log, which reads every row in full, and after a restart by everybody.
"""

from collections.abc import Mapping

from bot.domain.allowance import Allowance

MOST = 40_000
"""Allowances that are kept, some 2 kB each; when there are more, everything is parsed anew."""


class ParsedAllowances:
    """What all transactions of one process share; safe to use from several threads."""

    def __init__(self) -> None:
        self._known: dict[str, Allowance] = {}

    def get(self, allowance_id: str, version: int) -> Allowance | None:
        """An allowance in this version, if it was parsed."""
        known = self._known.get(allowance_id)
        return known if known is not None and known.version == version else None

    def share(self, parsed: Mapping[str, Allowance]) -> None:
        """Keep what a transaction has parsed and committed."""
        if len(self._known) + len(parsed) > MOST:
            self._known = {}
        self._known.update(parsed)

    def forget(self) -> None:
        """Keep nothing: the database was away, and may have come back as it was earlier."""
        self._known = {}
