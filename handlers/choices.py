"""What one person can choose from in the request form."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.batch import place_from_text, place_text
from bot.domain.bundles import Bundle
from bot.domain.configuration import Configuration
from bot.domain.egress import ClusterEgress
from bot.domain.phrases import counted
from handlers.blocks.block_kit import OPTION_TEXT, OPTION_VALUE, cut, option
from handlers.replies import Block


@dataclass(frozen=True, slots=True)
class Choices:
    """The choices of the request form for one person.

    Args:
        config: Durations and bundles.
        clusters: Those that the person may see, by name.
        may_break_glass: Whether the approval policy lets the person open something at once.
        is_filer: Whether they may file for somebody else.
    """

    config: Configuration
    clusters: tuple[ClusterEgress, ...] = ()
    may_break_glass: bool = False
    is_filer: bool = False

    def options(self) -> list[Block]:
        """Every cluster as an option."""
        return [option(self.label(one), key) for key, one in self._by_key().items()]

    def places(self) -> list[Block]:
        """The same with the node pools of clusters in which they take different ways out."""
        found = dict[str, str]()
        for key, one in self._by_key().items():
            found.setdefault(key, self.label(one))
            if has_several_ways(one):
                found |= {place_text(key, pool.name): self._pool(one, pool.name) for pool in one.pools}
        return [option(label, key) for key, label in found.items() if len(key) <= OPTION_VALUE]

    def bundles(self) -> list[Block]:
        """Every bundle as an option."""
        named = (one for one in self.config.bundles.values() if len(one.name) <= OPTION_VALUE)
        return [option(bundle_label(one), one.name) for one in named]

    def chosen_places(self, chosen: Sequence[str]) -> list[Block]:
        """Those that were chosen or typed, as options; what is none of the person's is left out."""
        made = dict[str, Block]()
        for place in chosen:
            name, pool = place_from_text(place)
            egress = self.find(name)
            if egress is not None and len(key := place_text(self.key(egress), pool)) <= OPTION_VALUE:
                made[key] = option(self._pool(egress, pool) if pool else self.label(egress), key)
        return list(made.values())

    def key(self, egress: ClusterEgress) -> str:
        """The cluster's name, or its id where several share the name.

        Where the id is longer than an option may be, the name stays, and the answer to it lists the full ids.
        """
        is_shared = sum(one.ref.name.lower() == egress.ref.name.lower() for one in self.clusters) > 1
        return _key(egress, is_shared=is_shared)

    def _by_key(self) -> dict[str, ClusterEgress]:
        """Each cluster by its key; names are counted once, because there may be thousands."""
        shared = Counter(one.ref.name.lower() for one in self.clusters)
        return {_key(one, is_shared=shared[one.ref.name.lower()] > 1): one for one in self.clusters}

    def find(self, typed: str) -> ClusterEgress | None:
        """The cluster that was chosen or typed, if there is exactly one."""
        wanted = typed.strip().lower()
        found = [one for one in self.clusters if wanted in (one.ref.name.lower(), one.ref.id)]
        return found[0] if len(found) == 1 else None

    def label(self, egress: ClusterEgress) -> str:
        """The label in the select."""
        return f"{egress.ref.name} ({egress.declared}, {egress.ref.resource_group})"

    def _pool(self, egress: ClusterEgress, pool: str) -> str:
        return f"{place_text(egress.ref.name, pool)} (node pool, {egress.ref.resource_group})"


def _key(egress: ClusterEgress, *, is_shared: bool) -> str:
    return egress.ref.id if is_shared and len(egress.ref.id) <= OPTION_VALUE else egress.ref.name


def bundle_label(bundle: Bundle) -> str:
    """Title and size: what is cut off where it is too long is the title."""
    size = f" ({counted(bundle.count, 'name')})"
    return f"{cut(bundle.title or bundle.name, OPTION_TEXT - len(size))}{size}"


def has_several_ways(egress: ClusterEgress) -> bool:
    """Whether the node pools of a cluster take different ways out, so that one may have to be named."""
    return len({path.target for path in egress.paths}) > 1
