"""References to requests in another system, such as OPS-123."""

import re
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote, urlsplit

from bot.domain.fields import Pattern, ReadAs


def _template(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or text.count("{ticket}") != 1:
        raise ValueError
    return text


@dataclass(frozen=True, slots=True)
class Tickets:
    """How tickets are written and where they are found.

    Args:
        pattern: A regular expression that the whole ticket must match; anything goes if it is empty.
        example: A ticket, for people whose own does not match.
        url: Where a ticket is found; without it, tickets are plain text.
    """

    pattern: Pattern = ""
    example: str = ""
    url: Annotated[str, ReadAs(str, _template, "an address such as https://host/browse/{ticket}")] | None = None

    def fits(self, ticket: str) -> bool:
        """Whether it is one."""
        return not self.pattern or re.fullmatch(self.pattern, ticket) is not None

    @property
    def words(self) -> str:
        """What a ticket looks like: ``OPS-123 (pattern [A-Z]+-[0-9]+)``."""
        pattern = f"pattern {self.pattern}" if self.pattern else ""
        return f"{self.example} ({pattern})" if self.example and pattern else self.example or pattern

    def link(self, ticket: str) -> str | None:
        """The address of a ticket; None where it is not known."""
        return self.url.replace("{ticket}", quote(ticket, safe="")) if self.url and self.fits(ticket) else None
