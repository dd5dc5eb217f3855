"""Clusters and hosts as people type or paste them behind ``check`` and ``request``."""

from dataclasses import dataclass, field, replace

from bot.checking import Query
from bot.domain.fqdn import Destination, fill_region, parse_many
from bot.domain.paste import find_destinations, is_read, read_destinations

NAMED = ("pool", "bundle")
"""Words that are written with a colon before the hosts, for example ``bundle:docker-hub``."""


@dataclass(frozen=True, slots=True)
class HostWords:
    """``CLUSTER [pool:NAME] [bundle:NAME] HOST…``, or an error in the place of the hosts.

    Args:
        cluster: The first word.
        pool: A node pool, empty for the whole cluster.
        bundle: A bundle's name, empty for none.
        hosts: The rest, as it was typed.
    """

    cluster: str = ""
    pool: str = ""
    bundle: str = ""
    hosts: str = field(default="")

    @classmethod
    def parse(cls, text: str) -> "HostWords":
        """Take the words apart; nothing is checked yet."""
        cluster, *rest = text.split(maxsplit=1)[:2] or [""]
        words = cls(cluster, hosts=rest[0].strip() if rest else "")
        while True:
            first, *others = words.hosts.split(maxsplit=1) or [""]
            name, colon, given = first.partition(":")
            if not colon or not given or name.lower() not in NAMED:
                return words
            words = replace(words, **{name.lower(): given, "hosts": others[0] if others else ""})

    def query(self) -> Query:
        """What to check.

        Raises:
            InvalidFqdn: Neither hosts nor an error in which hosts are named.
        """
        return Query(self.cluster, self._destinations(), self.pool or None, self.bundle or None)

    def read(self) -> tuple[str, tuple[str, ...]]:
        """What goes into the form: the hosts that an error names, or what was typed; and what the error means."""
        if not parse_many(self.hosts).problems:
            return self.hosts, ()
        found = find_destinations(self.hosts)
        return (written(found.destinations) if is_read(self.hosts, found) else self.hosts), found.explanations

    def in_region(self, region: str) -> tuple["HostWords", tuple[str, ...]]:
        """The same with the placeholders that mean the cluster's region filled in, and what was filled, in words."""
        hosts, filled = fill_region(self.hosts, region)
        notes = tuple(
            f"`{one}` stands for the region: filled in as {region}, which is the cluster's." for one in filled
        )
        return replace(self, hosts=hosts), notes

    def _destinations(self) -> tuple[Destination, ...]:
        if not self.hosts and self.bundle:
            return ()
        return read_destinations(self.hosts)


def written(destinations: tuple[Destination, ...]) -> str:
    """Destinations as they stand in a form, one on each line."""
    return "\n".join(str(destination) for destination in destinations)
