"""What a cluster needs, from what was denied: grouped so that people can read it, and as narrow as it was asked."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from bot.domain.bundles import Bundle
from bot.domain.fqdn import Destination, registrable


@dataclass(frozen=True, slots=True)
class LearnedGroup:
    """Destinations that belong together.

    Args:
        name: The registrable domain, or the bundle that has all of them.
        is_bundle: Whether it is a bundle.
        destinations: Exactly those that were seen, sorted.
    """

    name: str
    is_bundle: bool
    destinations: tuple[Destination, ...]


def learned(seen: Iterable[Destination], bundles: Iterable[Bundle]) -> tuple[LearnedGroup, ...]:
    """Group destinations: by known bundles first, then by registrable domain; the largest groups first.

    Nothing is widened: a group names what was seen, and not what its bundle or domain has besides.

    Args:
        seen: What was denied or used.
        bundles: The configured ones, filled in.
    """
    left = sorted(set(seen))
    groups = list[LearnedGroup]()
    for bundle in sorted(bundles, key=lambda one: -len(set(one.destinations) & set(left))):
        inside = tuple(one for one in left if one in set(bundle.destinations))
        if len(inside) > 1:
            groups.append(LearnedGroup(bundle.name, is_bundle=True, destinations=inside))
            left = [one for one in left if one not in inside]
    by_domain = groupby(sorted(left, key=_domain), key=_domain)
    groups += [LearnedGroup(name, is_bundle=False, destinations=tuple(sorted(same))) for name, same in by_domain]
    return tuple(sorted(groups, key=lambda one: (-len(one.destinations), one.name)))


def _domain(destination: Destination) -> str:
    return registrable(destination.fqdn)
