"""Other public IPs and prefixes of one's own."""

from dataclasses import dataclass
from typing import Literal

from bot.domain.egress import ClusterEgress
from bot.domain.phrases import listed
from bot.domain.snat.changes.base import BaseChange, Direction


@dataclass(frozen=True, slots=True)
class OwnIpsChange(BaseChange):
    """Other public IPs and prefixes of one's own.

    Args:
        before: Lower-case ids of those that the cluster is set to now; empty where AKS manages its IPs.
        after: The same afterwards, at least one: prefixes first.
        replaced: Managed outbound IPs that AKS deletes when one's own take their place; 0 where there are none.
    """

    before: tuple[str, ...]
    after: tuple[str, ...]
    replaced: int = 0
    knob: Literal["ips"] = "ips"

    @property
    def added(self) -> tuple[str, ...]:
        """The ids that come."""
        return tuple(id_ for id_ in self.after if id_ not in self.before)

    @property
    def removed(self) -> tuple[str, ...]:
        """The ids that go."""
        return tuple(id_ for id_ in self.before if id_ not in self.after)

    @property
    def text(self) -> str:
        """``from 2 to 3 own outbound IPs and prefixes (adds ip-c)``."""
        acts = [f"{verb} {_named(ids)}" for verb, ids in (("adds", self.added), ("removes", self.removed)) if ids]
        before = f"{self.replaced} managed" if self.replaced else str(len(self.before))
        return f"from {before} to {self.goal} ({', '.join(acts)})"

    @property
    def goal(self) -> str:
        """``3 own outbound IPs and prefixes``."""
        return (
            "1 own outbound IP or prefix"
            if len(self.after) == 1
            else f"{len(self.after)} own outbound IPs and prefixes"
        )

    @property
    def typed(self) -> str:
        """``ips +ID -ID``."""
        return " ".join(["ips", *(f"+{id_}" for id_ in self.added), *(f"-{id_}" for id_ in self.removed)])

    @property
    def direction(self) -> Direction:
        """Down where addresses go."""
        return "down" if self.removed or self.replaced else "up"

    @property
    def ends(self) -> tuple[str, str]:
        """The names of what the cluster is set to."""
        return _names(self.before) or f"{self.replaced} managed", _names(self.after)

    @property
    def ip_counts(self) -> tuple[int, int]:
        """Own IPs and prefixes, each as one; managed IPs that they replace."""
        return self.replaced or len(self.before), len(self.after)

    def is_as_planned(self, egress: ClusterEgress) -> bool:
        """Whether the cluster has the IPs that the plan started from."""
        return set(egress.own) == set(self.before) and (egress.desired_ip_count or 0) == self.replaced

    def is_set(self, egress: ClusterEgress) -> bool:
        """Whether the cluster is set to the approved IPs."""
        return set(egress.own) == set(self.after)

    def missing(self, egress: ClusterEgress) -> str:
        """``ip-c does not carry traffic yet``."""
        there = {ip.id for ip in egress.ips}
        absent, left = [id_ for id_ in self.after if id_ not in there], [id_ for id_ in self.removed if id_ in there]
        said = [f"{_named(absent)} not in use yet"] if absent else []
        return ", ".join([*said, *([f"{_named(left)} still in use"] if left else [])])


def _named(ids: tuple[str, ...] | list[str]) -> str:
    return listed([id_.rsplit("/", 1)[-1] for id_ in ids], 5)


def _names(ids: tuple[str, ...]) -> str:
    return " ".join(id_.rsplit("/", 1)[-1] for id_ in ids)
