"""Where our rule collections stand among those of others.

Azure wants priorities to differ. What is rendered counts 100, 101, … as if nobody else were there; here it is moved to
the places that others leave free, and back when it is read. The first wanted one gets the first free place, and so on,
so that unchanged rules never look changed.
"""

from collections.abc import Iterable
from dataclasses import replace

from bot.domain.firewall import RuleCollection

FIRST = 100
"""The lowest priority that Azure takes.

Source: https://learn.microsoft.com/azure/firewall/policy-rule-sets, read 2026-11.
"""


def free_place(wanted: int, taken: Iterable[int]) -> int:
    """The priority for a wanted one: its place among those that are not taken."""
    place = wanted
    for priority in sorted({p for p in taken if p >= FIRST}):
        if priority > place:
            break
        place += 1
    return place


def wanted_place(place: int, taken: Iterable[int]) -> int:
    """The inverse of ``free_place``."""
    return place - sum(FIRST <= priority < place for priority in set(taken))


def placed(collections: Iterable[RuleCollection], taken: Iterable[int]) -> list[RuleCollection]:
    """Our rule collections as they are written beside those of others."""
    others = tuple(taken)
    return [replace(c, priority=free_place(c.priority, others)) for c in collections]


def unplaced(collections: Iterable[RuleCollection], taken: Iterable[int]) -> tuple[RuleCollection, ...]:
    """Our rule collections as if nobody else were there."""
    others = tuple(taken)
    return tuple(replace(c, priority=wanted_place(c.priority, others)) for c in collections)
