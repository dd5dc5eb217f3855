"""How a rule matches a destination, and the words that explain it."""

from typing import NamedTuple

from bot.domain.firewall.names import Match


class Fit(NamedTuple):
    """The extent to which a rule matches a destination, and why.

    Attributes:
        match: How much.
        why: One or two sentences; may be empty for what is nowhere near.
        by: What in the rule matches, where that is not its own names: ``FQDN tag X``.
        on: What it depends on, as a noun, where it does.
        look: What to do to find out, as an imperative without a full stop, where it depends.
    """

    match: Match
    why: str = ""
    by: str = ""
    on: str = ""
    look: str = ""


NO_FIT = Fit(Match.NO)
