"""Names the destinations of a request: a bundle as one, everything else one by one."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.allowance import Allowance, Ask
from bot.domain.bundles import Bundle
from bot.domain.configuration import Configuration
from bot.domain.fqdn import Destination
from handlers.blocks.block_kit import code, escape

LINE_ROOM = 300
"""Characters of the names in one line of a list."""

SHORTEST = 20
"""Characters of a name's end that are shown at least: the end says whose it is."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The requested destinations, sorted by bundle.

    Args:
        bundle: The named bundle as it is configured now; None where none was named, or it is no longer configured.
        own: What belongs to that bundle.
        beyond: Everything else.
    """

    bundle: Bundle | None
    own: tuple[Destination, ...]
    beyond: tuple[Destination, ...]

    @property
    def count(self) -> str:
        """Say how many of the bundle's names are requested: ``6 names``, ``6 of its names``, ``4 of its 6 names``."""
        all_of_it = len(self.bundle.destinations) if self.bundle else 0
        if len(self.own) < all_of_it:
            return f"{len(self.own)} of its {all_of_it} names"
        return f"{len(self.own)} of its names" if self.beyond else f"{len(self.own)} name{'s' * (len(self.own) != 1)}"


def parts_of(ask: Ask, config: Configuration) -> Parts:
    """Sort out what belongs to the named bundle: by what the bundle contains now, not by its name."""
    bundle = config.bundle_of(ask.bundle)
    beyond = config.beyond(ask.bundle, ask.destinations)
    return Parts(bundle, tuple(one for one in ask.destinations if one not in beyond), beyond)


def names_of(allowance: Allowance, config: Configuration, *, room: int = LINE_ROOM) -> str:
    """The bundle with the number of its names, and every other destination, as many as there is room for.

    Args:
        allowance: The facts.
        config: Knows what bundles contain.
        room: Characters; the first name is always included, shortened to its end if it is longer.
    """
    parts = parts_of(allowance.ask, config)
    head = [f"{code(parts.bundle.name)} ({parts.count})"] if parts.bundle and parts.own else []
    return _listed(head, [str(one) for one in parts.beyond], room)


def _listed(head: list[str], names: Sequence[str], room: int) -> str:
    marked = [*head, *(code(name) for name in names)]
    for kept in range(len(marked), 0, -1):
        text = _joined(marked[:kept], len(marked) - kept)
        if len(text) <= room:
            return text
    if head:
        return _joined(head, len(names))
    rest = len(names) - 1
    least = len(_joined([code("…")], rest))
    return _joined([code(f"…{names[0][-max(SHORTEST, room - least) :]}")], rest)


def _joined(kept: Sequence[str], rest: int) -> str:
    *others, last = [*kept, *([f"{rest} more"] if rest else [])]
    return f"{', '.join(others)} and {last}" if others else last


def bundle_lines(bundles: Sequence[Bundle]) -> list[str]:
    """Say to which bundles typed hosts belong."""
    return [f":bulb: This is part of bundle {code(one.name)}: {escape(one.title)}." for one in bundles]


@dataclass(frozen=True, slots=True)
class Listing:
    """Destinations that belong together.

    Args:
        title: What they are, with markup.
        lines: One for each, with markup.
        joint: The separator.
    """

    title: str
    lines: tuple[str, ...]
    joint: str = "\n"


def listings(ask: Ask, config: Configuration) -> tuple[Listing, ...]:
    """Every destination: those beyond the bundle first, then the bundle's own beside each other, as they are one."""
    parts = parts_of(ask, config)
    beyond = tuple(code(str(one)) for one in parts.beyond)
    own = tuple(code(str(one)) for one in parts.own)
    if not own:
        gone = f" (requested as bundle {code(ask.bundle)}, {_what_became(parts)})" if ask.bundle else ""
        return (Listing(f"*Destinations*{gone}", beyond),)
    of_bundle = Listing(f"*Destinations of* {_bundle(parts)}", own, ", ")
    return (Listing(f"*Destinations that are not in the bundle* {code(ask.bundle or '')}", beyond), of_bundle)[
        0 if beyond else 1 :
    ]


def _what_became(parts: Parts) -> str:
    return "which no longer contains any of them" if parts.bundle else "which is no longer configured"


def _bundle(parts: Parts) -> str:
    if parts.bundle is None:
        return ""
    source = f"; see {escape(parts.bundle.source)}" if parts.bundle.source else ""
    return f"{escape(parts.bundle.title)} ({parts.count}{source})"
