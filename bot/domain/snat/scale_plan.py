"""A change of a cluster's outbound settings, ready to be decided."""

import json
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Literal

from bot.domain.egress import ClusterEgress
from bot.domain.snat.capacity import Capacity
from bot.domain.snat.changes import Change, CountChange

ScaleKind = Literal["loadBalancer", "managedNATGateway", "cluster"]
"""The resource whose outbound settings are changed; the outbound type is the cluster's own."""


@dataclass(frozen=True, slots=True)
class ScalePlan:
    """One change of a cluster's outbound settings, ready to be decided.

    Args:
        cluster_id: Lower-case ARM id of the cluster.
        cluster_name: Its name.
        kind: Whose settings: the load balancer's, the managed NAT gateway's, or the cluster's own.
        etag: The eTag of the cluster that it was computed from.
        change: What is changed, from what to what.
        ips_before: The outbound addresses that it is about, as they are now.
        at_risk: Those that may vanish: all of them when scaling down, because Azure chooses.
        ports_before: All SNAT ports before.
        ports_after: All SNAT ports after.
        warnings: Sentences to read before deciding.
        base_digest: A digest of the state that it was computed from.
        coming: The addresses and ranges that are added, where they are known before.
        now: The SNAT ports as they were when it was made; None in plans of earlier versions.
        then: The SNAT ports with the change; None likewise.
        sum: How a number follows from the goal that was asked for, as a sentence; empty where the number was asked for.
        notes: Consequences that need no warning, each a sentence.
        measured: How the ports were used before, and what would have been enough, as a sentence; empty where nobody
            measured.
    """

    cluster_id: str
    cluster_name: str
    kind: ScaleKind
    etag: str | None
    change: Change
    ips_before: tuple[str, ...]
    at_risk: tuple[str, ...]
    ports_before: int
    ports_after: int
    warnings: tuple[str, ...]
    base_digest: str
    coming: tuple[str, ...] = ()
    now: Capacity | None = None
    then: Capacity | None = None
    sum: str = ""
    notes: tuple[str, ...] = ()
    measured: str = ""

    @property
    def changes_ips(self) -> bool:
        """Whether addresses that partners may have allowlisted come or go."""
        return bool(self.at_risk or self.coming or self.change.chosen_by_azure)

    @property
    def title(self) -> str:
        """``aks-lb from 1 to 2 outbound IPs``."""
        return f"{self.cluster_name} {self.change.text}"

    @property
    def digest(self) -> str:
        """A digest of exactly what is applied and of the state that it is applied to."""
        change = self.change
        if isinstance(change, CountChange):  # as it stands in the buttons of cards that were posted before
            return _digest(self.cluster_id, self.kind, change.before, change.after, change.ipv6, self.base_digest)
        return _digest(self.cluster_id, self.kind, change.knob, asdict(change), self.base_digest)

    def is_base(self, egress: ClusterEgress) -> bool:
        """Whether a cluster is still in the state that it was computed from."""
        return base_digest(egress) == self.base_digest and self.change.is_as_planned(egress)

    def fits(self, egress: ClusterEgress) -> bool:
        """Whether a reading that may lack the eTag, or lag, still shows what it starts from."""
        return self.change.is_as_planned(egress) and set(self.ips_before) == set(self.change.addresses(egress))


def _digest(*parts: object) -> str:
    return sha256(json.dumps(parts, default=str).encode()).hexdigest()


def base_digest(egress: ClusterEgress) -> str:
    """A digest of what a scale plan is computed from: eTag, counts, ports and outbound IPs."""
    return _digest(
        egress.ref.id,
        egress.etag,
        egress.declared,
        egress.desired_ip_count,
        egress.desired_ipv6_count,
        egress.allocated_ports,
        [ip.address for ip in egress.ips],
    )
