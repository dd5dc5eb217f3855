"""Plans a change of a cluster's outbound settings."""

import json
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Literal

from bot.domain.egress import ClusterEgress, OutboundType, PathKind
from bot.domain.snat.capacity import (
    LB_IP_COUNTS,
    LB_PORTS_PER_IP,
    NAT_IP_COUNTS,
    NAT_PORTS_PER_IP,
    max_nodes,
    needed_ips,
)
from bot.domain.snat.changes import Change, CountChange, addresses_there, wanted_count
from bot.errors import InvalidInput, NotScalable

ScaleKind = Literal["loadBalancer", "managedNATGateway"]
"""The resource whose outbound settings are changed."""

_LOAD_BALANCER: tuple[ScaleKind, range, int] = ("loadBalancer", LB_IP_COUNTS, LB_PORTS_PER_IP)
_NAT_GATEWAY: tuple[ScaleKind, range, int] = ("managedNATGateway", NAT_IP_COUNTS, NAT_PORTS_PER_IP)


@dataclass(frozen=True, slots=True)
class ScalePlan:
    """One change of a cluster's outbound settings, ready to be decided.

    Args:
        cluster_id: Lower-case ARM id of the cluster.
        cluster_name: Its name.
        kind: Whose settings: the load balancer's or the managed NAT gateway's.
        etag: The eTag of the cluster that it was computed from.
        change: What is changed, from what to what.
        ips_before: The outbound addresses that it is about, as they are now.
        at_risk: Those that may vanish: all of them when scaling down, because Azure chooses.
        ports_before: All SNAT ports before.
        ports_after: All SNAT ports after.
        warnings: Sentences to read before deciding.
        base_digest: A digest of the state that it was computed from.
        coming: The addresses and ranges that are added, where they are known before.
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


_NOT_SCALABLE = {
    OutboundType.USER_DEFINED_ROUTING: (
        "{0} leaves through your own route: its public IPs belong to the firewall or appliance behind it. "
        "Add public IPs there."
    ),
    OutboundType.NONE: "{0} has the outbound type none: AKS manages no outbound IPs for it.",
    OutboundType.BLOCK: "{0} has the outbound type block: its outbound traffic is blocked, so there are no IPs.",
}


def plan_scale(egress: ClusterEgress, count: int, *, ipv6: bool = False) -> ScalePlan:
    """Plan to set the number of managed outbound IPs to ``count``.

    Args:
        egress: The cluster as it is now.
        count: IPs that will be wanted: 1..100 for a load balancer, 1..16 for a managed NAT gateway.
        ipv6: Whether it is the IPv6 count of a dual-stack cluster.

    Raises:
        NotScalable: AKS does not manage the IPs of this cluster, or is changing them right now.
        InvalidInput: The count is out of range, the same as now, or too low for the allocated ports.
    """
    kind, counts, ports_per_ip = _managed(egress)
    before, ips = wanted_count(egress, ipv6=ipv6) or 0, addresses_there(egress, ipv6=ipv6)
    _refuse_count(egress, count, (before, len(ips)), counts, ipv6=ipv6)
    at_risk = ips if count < len(ips) else ()
    return ScalePlan(
        cluster_id=egress.ref.id,
        cluster_name=egress.ref.name,
        kind=kind,
        etag=egress.etag,
        change=CountChange(before, count, len(ips), ipv6),
        ips_before=ips,
        at_risk=at_risk,
        ports_before=len(ips) * ports_per_ip,
        ports_after=count * ports_per_ip,
        warnings=_plan_warnings(egress, kind, is_down=bool(at_risk)),
        base_digest=base_digest(egress),
    )


def possible_counts(egress: ClusterEgress) -> range:
    """The numbers of managed outbound IPs that Azure takes for a cluster.

    Raises:
        NotScalable: AKS does not manage the IPs of this cluster, or is changing them right now.
    """
    return _managed(egress)[1]


def _managed(egress: ClusterEgress) -> tuple[ScaleKind, range, int]:
    _refuse_unscalable(egress)
    return _LOAD_BALANCER if egress.outbound_type is OutboundType.LOAD_BALANCER else _NAT_GATEWAY


def _refuse_unscalable(egress: ClusterEgress) -> None:
    name, type_ = egress.ref.name, egress.outbound_type
    if type_ is None:
        raise NotScalable(f"{name} has the outbound type {egress.declared}, which this bot does not know.")
    if type_ is OutboundType.USER_ASSIGNED_NAT_GATEWAY:
        raise NotScalable(_nat_command(egress))
    if type_ in _NOT_SCALABLE:
        raise NotScalable(_NOT_SCALABLE[type_].format(name))
    if egress.has_own_ips:
        raise NotScalable(
            f"{name} uses your own outbound IPs or prefixes; setting a count would replace them all. Add one of "
            "your own IPs to the cluster instead."
        )
    if egress.state.lower() == "deleting":
        raise NotScalable(f"{name} is being deleted in Azure.")
    if egress.is_converging:
        raise NotScalable(f"{name} is being updated by Azure ({egress.state}). Try again when it has finished.")
    if not egress.is_running:
        raise NotScalable(f"{name} is stopped. Start it first.")
    _refuse_uncounted(egress)


def _refuse_uncounted(egress: ClusterEgress) -> None:
    """Refuse counts that AKS does not manage, and IPs that would carry no traffic."""
    name, there = egress.ref.name, len(egress.ips)
    carrier = PathKind.LOAD_BALANCER if egress.outbound_type is OutboundType.LOAD_BALANCER else PathKind.NAT_GATEWAY
    if egress.paths and carrier not in egress.effective:
        whys = " ".join(dict.fromkeys(path.why for path in egress.paths))
        raise NotScalable(
            f"{name} is declared {egress.declared}, but its traffic does not leave that way, so more of those "
            f"IPs would have no effect. {whys}"
        )
    if egress.is_basic:
        raise NotScalable(
            f"{name} has a basic load balancer, whose outbound IPs AKS does not manage. Move to a standard load "
            "balancer."
        )
    if egress.desired_ip_count is None:
        has = f"it leaves with {there} now" if there else "none is known"
        raise NotScalable(
            f"AKS reports no managed outbound IPs for {name} ({has}), so the effect of a count is unknown. Set "
            "the count once in Azure; after that you can change it here."
        )


def _nat_command(egress: ClusterEgress) -> str:
    gateways = sorted({path.nat_gateway for path in egress.paths if path.nat_gateway})
    commands = "; ".join(
        f"az network nat gateway update --ids {gateway} --public-ip-addresses <all ids, old and new>"
        for gateway in gateways
    )
    hint = f" To do that, run: {commands}" if commands else ""
    return f"{egress.ref.name} leaves through your own NAT gateways, whose IPs AKS does not manage.{hint}"


def _refuse_count(egress: ClusterEgress, count: int, known: tuple[int, int], counts: range, *, ipv6: bool) -> None:
    before, there = known
    name, version = egress.ref.name, "IPv6" if ipv6 else "IPv4"
    if ipv6 and not before:
        raise InvalidInput(f"{name} has no managed outbound IPv6 addresses: it is not dual-stack.", field="count")
    if count not in counts:
        raise InvalidInput(
            f"{count} outbound IPs are not possible: Azure accepts {counts.start} to {counts.stop - 1} here.",
            field="count",
        )
    if count == before == there:
        addresses = "address" if there == 1 else "addresses"
        raise InvalidInput(f"{name} already has {there} managed outbound {version} {addresses}.", field="count")
    need = needed_ips(egress) if egress.outbound_type is OutboundType.LOAD_BALANCER else 1
    if count < need and not ipv6:
        raise InvalidInput(
            f"{count} outbound IPs are too few: {egress.allocated_ports} ports for each of up to "
            f"{max_nodes(egress)} nodes need {need}.",
            field="count",
        )


def _plan_warnings(egress: ClusterEgress, kind: str, *, is_down: bool) -> tuple[str, ...]:
    down = "Azure chooses which addresses to remove and does not announce them. Any current address may be removed."
    up = (
        "New addresses carry traffic immediately. Partners who allowlist by IP must add them first; using "
        "your own public IP prefix avoids this."
    )
    table = "Azure's table assigns the ports: more IPs add no ports to a node. Allocate ports explicitly."
    flows = "Connections from released addresses break."
    chosen = [down, flows] if is_down else [up]
    if kind == "loadBalancer" and not egress.allocated_ports and not is_down:
        chosen.append(table)
    return tuple(chosen)
