"""Which clusters' outbound settings can be changed, and what one runs instead where they cannot."""

from dataclasses import dataclass

from bot.domain.egress import ClusterEgress, OutboundType, PathKind
from bot.domain.snat.capacity import LB_IP_COUNTS, LB_PORTS_PER_IP, NAT_IP_COUNTS, NAT_PORTS_PER_IP
from bot.domain.snat.scale_plan import ScaleKind
from bot.errors import NotScalable


@dataclass(frozen=True, slots=True)
class Carrier:
    """What carries a cluster's outbound traffic, with Azure's limits.

    Args:
        kind: Its kind in plans.
        path: Its kind among paths.
        counts: Managed outbound IPs that it can have.
        ports_per_ip: SNAT ports of each.
        sku: The SKU that one's own public IPs need.
    """

    kind: ScaleKind
    path: PathKind
    counts: range
    ports_per_ip: int
    sku: str = "Standard"

    @property
    def is_balancer(self) -> bool:
        """Whether it allocates ports to each node."""
        return self.kind == "loadBalancer"


_LOAD_BALANCER = Carrier("loadBalancer", PathKind.LOAD_BALANCER, LB_IP_COUNTS, LB_PORTS_PER_IP)
_NAT_GATEWAY = Carrier("managedNATGateway", PathKind.NAT_GATEWAY, NAT_IP_COUNTS, NAT_PORTS_PER_IP)
_NAT_GATEWAY_V2 = Carrier("managedNATGateway", PathKind.NAT_GATEWAY, NAT_IP_COUNTS, NAT_PORTS_PER_IP, "StandardV2")


def carrier_of(egress: ClusterEgress) -> Carrier:
    """What carries a cluster's traffic, if AKS can change it.

    Raises:
        NotScalable: AKS does not manage it, or is changing the cluster right now; with the command that would do it.
    """
    name, type_ = egress.ref.name, egress.outbound_type
    if type_ is None:
        raise NotScalable(f"{name} has the outbound type {egress.declared}, which this bot does not know.")
    if type_ is OutboundType.USER_ASSIGNED_NAT_GATEWAY:
        raise NotScalable(_nat_command(egress))
    if type_ in _NOT_SCALABLE:
        raise NotScalable(_NOT_SCALABLE[type_].format(name, where=where(egress)))
    _refuse_state(egress)
    carrier = _carrier(egress)
    if egress.paths and carrier.path not in egress.effective:
        whys = " ".join(dict.fromkeys(path.why for path in egress.paths))
        raise NotScalable(
            f"{name} is declared {egress.declared}, but its traffic does not leave that way, so the change would have "
            f"no effect. {whys}"
        )
    return carrier


def _carrier(egress: ClusterEgress) -> Carrier:
    if egress.outbound_type is not OutboundType.LOAD_BALANCER:
        return _NAT_GATEWAY_V2 if egress.nat_sku == "StandardV2" else _NAT_GATEWAY
    if egress.is_basic:
        raise NotScalable(
            f"{egress.ref.name} has a basic load balancer, whose outbound IPs AKS does not manage. Move to a standard "
            f"load balancer first: `az aks update {where(egress)} --load-balancer-sku standard`."
        )
    return _LOAD_BALANCER


_NOT_SCALABLE = {
    OutboundType.USER_DEFINED_ROUTING: (
        "{0} leaves through your own route: its public IPs belong to the firewall or appliance behind it. "
        "Add public IPs there; for an Azure Firewall: `az network firewall ip-config create -g <group> "
        "--firewall-name <firewall> -n <name> --public-ip-address <id>`."
    ),
    OutboundType.NONE: (
        "{0} has the outbound type none: AKS manages no outbound IPs for it. "
        "`az aks update {where} --outbound-type loadBalancer` gives it a way out."
    ),
    OutboundType.BLOCK: (
        "{0} has the outbound type block: its outbound traffic is blocked, so there are no IPs. "
        "`az aks update {where} --outbound-type loadBalancer` gives it a way out."
    ),
}


def _refuse_state(egress: ClusterEgress) -> None:
    name = egress.ref.name
    if egress.state.lower() == "deleting":
        raise NotScalable(f"{name} is being deleted in Azure.")
    if egress.is_converging:
        raise NotScalable(f"{name} is being updated by Azure ({egress.state}). Try again when it has finished.")
    if not egress.is_running:
        raise NotScalable(f"{name} is stopped. Start it first: `az aks start {where(egress)}`.")


def where(egress: ClusterEgress) -> str:
    """The cluster as an argument of ``az aks``."""
    return f"-g {egress.ref.resource_group} -n {egress.ref.name}"


def _nat_command(egress: ClusterEgress) -> str:
    gateways = sorted({path.nat_gateway for path in egress.paths if path.nat_gateway})
    commands = "; ".join(
        f"az network nat gateway update --ids {gateway} --public-ip-addresses <all ids, old and new>"
        for gateway in gateways
    )
    hint = f" To do that, run: {commands}; --idle-timeout MINUTES changes the idle timeout." if commands else ""
    return f"{egress.ref.name} leaves through your own NAT gateways, whose settings AKS does not manage.{hint}"
