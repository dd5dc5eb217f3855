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

    def of(self, versions: Mapping[str, int]) -> dict[str, Allowance]:
        """Those of the allowances with these ids that were parsed in these versions."""
        return in_versions(self._known, versions)

    def share(self, parsed: Mapping[str, Allowance]) -> None:
        """Keep what a transaction has parsed and committed."""
        if len(self._known) + len(parsed) > MOST:
            self._known = {}
        self._known.update(parsed)

    def forget(self) -> None:
        """Keep nothing: the database was away, and may have come back as it was earlier."""
        self._known = {}


def in_versions(known: Mapping[str, Allowance], versions: Mapping[str, int]) -> dict[str, Allowance]:
    """Those of the known allowances that are in these versions, by id."""
    return {
        id_: one for id_, version in versions.items() if (one := known.get(id_)) is not None and one.version == version
    }
