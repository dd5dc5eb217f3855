"""Clusters and hosts as people type or paste them behind ``check`` and ``request``."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bot.checking import Query
from bot.domain.bundles import BundleRef
from bot.domain.error_parsing import find_destinations, is_read, read_destinations
from bot.domain.fqdn import Destination, fill_region, parse_many
from bot.errors import InvalidInput
from handlers.blocks.block_kit import INPUT_TEXT, input_, text_input
from handlers.replies import Block

_WORD = re.compile(
    r"""(?: pool:(?P<pool>\S+)
          | bundle:(?P<bundle>[^\s(]+\([^()]*\) | \S+)
          | (?P<value>[a-z]\w{0,60}=\S*)
        )(?!\S)""",
    re.IGNORECASE | re.VERBOSE | re.ASCII,
)
"""Words in front of the hosts: ``pool:NAME``, ``bundle:NAME`` and, behind that, values such as ``account=mydata``."""


_PLACES = re.compile(r"\s*\S+(?:(?:(?<=,)|\s+(?=,))\s*\S+)*")
"""The first word, and what commas join to it: ``aks-a,aks-b``, ``aks-a, aks-b``."""


@dataclass(frozen=True, slots=True)
class HostWords:
    """``CLUSTER[,CLUSTER…] [pool:NAME] [bundle:NAME [KEY=VALUE…]] HOST…``, or an error in the place of the hosts.

    Args:
        cluster: The first word; with commas where several are named, each perhaps as ``CLUSTER/POOL``.
        pool: A node pool, empty for the whole cluster.
        bundle: A bundle's name, with values as ``NAME(KEY=VALUE,…)``; empty for none.
        hosts: The rest, as it was typed.
    """

    cluster: str = ""
    pool: str = ""
    bundle: str = ""
    hosts: str = field(default="")

    @classmethod
    def parse(cls, text: str) -> "HostWords":
        """Take the words apart; nothing is checked yet."""
        found = _PLACES.match(text)
        cluster = re.sub(r"\s", "", found[0]) if found else ""
        words = cls(cluster, hosts=text[found.end() :].strip() if found else "")
        while (found := _WORD.match(words.hosts)) and (words.bundle or not found["value"]):
            words = words._with(found)
        return words

    def _with(self, found: re.Match[str]) -> "HostWords":
        """With one of the words in front of the hosts."""
        rest = self.hosts[found.end() :].lstrip()
        bundle = f"{self.bundle} {found['value']}" if found["value"] else found["bundle"] or self.bundle
        is_filled = bool(re.search(r"[\s(]", bundle))
        return replace(
            self,
            pool=found["pool"] or self.pool,
            bundle=str(BundleRef.parse(bundle)) if is_filled else bundle,
            hosts=rest,
        )

    @property
    def places(self) -> tuple[str, ...]:
        """The clusters and node pools that are named, each once."""
        return tuple(dict.fromkeys(filter(None, self.cluster.split(","))))

    def query(self) -> Query:
        """The query to check.

        Raises:
            InvalidInput: Several clusters.
            InvalidFqdn: Neither hosts nor an error in which hosts are named.
        """
        if len(self.places) > 1:
            raise InvalidInput(f"Check one cluster at a time: `/egress check {self.places[0]} HOST…`.")
        return Query(self.cluster, self._destinations(), self.pool or None, self.bundle or None)

    def read(self) -> tuple[str, tuple[str, ...]]:
        """Read the input of the form: the hosts that an error names, or what was typed; and what the error means."""
        if not parse_many(self.hosts).problems:
            return self.hosts, ()
        found = find_destinations(self.hosts)
        return (written(found.destinations) if is_read(self.hosts, found) else self.hosts), found.explanations

    def in_region(self, region: str) -> tuple["HostWords", tuple[str, ...]]:
        """Replace placeholders for the cluster's region, and say what was replaced."""
        hosts, filled = fill_region(self.hosts, region)
        notes = tuple(f"`{one}` stands for the region: replaced with the cluster's region, {region}." for one in filled)
        return replace(self, hosts=hosts), notes

    def _destinations(self) -> tuple[Destination, ...]:
        if not self.hosts and self.bundle:
            return ()
        return read_destinations(self.hosts)


def written(destinations: tuple[Destination, ...]) -> str:
    """Destinations as they stand in a form, one on each line."""
    return "\n".join(str(destination) for destination in destinations)


FIELD = "destinations"
"""The first field with hosts of a form; the second is ``destinations_2``."""

BREAK = "\f"
"""Separator between two fields. It separates hosts, nobody types it, and the fields stay as people filled them."""

ROOM = 600
"""Characters that must be free in the last field; with fewer there is one more."""


def host_fields(label: str, hosts: str, *, hint: str, optional: bool = False, placeholder: str = "") -> list[Block]:
    """Split a list of hosts into as many fields as it needs, each name whole in one of them.

    Raises:
        InvalidInput: If one word is longer than a field.
    """
    parts = [piece for part in hosts.split(BREAK) for piece in _pieces(part)]
    if len(parts[-1]) > INPUT_TEXT - ROOM:
        parts.append("")
    names = [FIELD, *(f"{FIELD}_{number}" for number in range(2, len(parts) + 1))]
    labels = [label] if len(parts) == 1 else [f"{label} ({at} of {len(parts)})" for at in range(1, len(parts) + 1)]
    return [
        input_(
            name,
            title,
            text_input(part, placeholder=placeholder, multiline=True),
            hint=hint if name == FIELD else "",
            optional=optional or len(parts) > 1,
        )
        for name, title, part in zip(names, labels, parts, strict=True)
    ]


def hosts_in(form: Mapping[str, str]) -> str:
    """Read the host fields, in order."""
    numbered = sorted((_number(name), text) for name, text in form.items() if _number(name))
    return BREAK.join(text for _, text in numbered)


def _number(name: str) -> int:
    """The number of a host field, from 1; 0 for other fields."""
    first, _, number = name.partition("_")
    if first != FIELD:
        return 0
    return int(number) if number.isdecimal() else int(name == FIELD)


def _pieces(text: str) -> list[str]:
    """A text in pieces that fit a field, parted where names are parted anyway: between lines, else between words."""
    pieces: list[str] = []
    while len(text) > INPUT_TEXT:
        at = max(text.rfind("\n", 0, INPUT_TEXT), 0) or max(text.rfind(sign, 0, INPUT_TEXT) for sign in " \t,;|")
        if at <= 0:
            raise InvalidInput(
                f"One entry is longer than {INPUT_TEXT:,} characters: write one host per line.",
                field=FIELD,
            )
        pieces.append(text[:at])
        text = text[at + 1 :]
    return [*pieces, text]
