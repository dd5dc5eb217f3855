"""The network profiles that AKS refuses.

Ranges: https://learn.microsoft.com/en-us/azure/aks/load-balancer-standard,
https://learn.microsoft.com/en-us/azure/aks/nat-gateway and
https://learn.microsoft.com/en-us/azure/aks/egress-outboundtype (read 2026-11).
"""

import math

from bot.sandbox.arm import egress
from bot.sandbox.arm.ids import parse_id
from bot.sandbox.arm.links import reference
from bot.sandbox.arm.wire import ArmError, Json, aks_error
from bot.sandbox.arm.world import World

LB_COUNTS, NAT_COUNTS = range(1, 101), range(1, 17)
"""Managed outbound IPs of a load balancer and of a NAT gateway."""
IDLE_MINUTES, PORTS = range(4, 121), range(0, 64001, 8)
"""Idle timeouts, and allocated ports (multiples of eight; 0 is automatic)."""
PORTS_PER_IP = 64_000
_TYPES = ("loadBalancer", "managedNATGateway", "managedNATGatewayV2", "userAssignedNATGateway", "userDefinedRouting")
_LB = "networkProfile.loadBalancerProfile"
_NAT = "networkProfile.natGatewayProfile"


def check(world: World, cluster: Json) -> None:
    """Refuse a network profile as AKS does.

    Raises:
        ArmError: 400, not wrapped.
    """
    network = cluster["properties"]["networkProfile"]
    kind = network["outboundType"]
    if kind not in (*_TYPES, "none", "block"):
        raise _invalid("InvalidParameter", f"Outbound type {kind} is not known.", "networkProfile.outboundType")
    _check_subnets(world, cluster, kind)
    if kind == "loadBalancer":
        _check_balancer(world, network, network.get("loadBalancerProfile") or {})
        check_ports(world, cluster)
    if egress.PROFILES.get(kind) == "natGatewayProfile":
        _check_nat(world, network, network.get("natGatewayProfile") or {})
    _check_added(world, cluster)


def check_ports(world: World, cluster: Json) -> None:
    """Explicit ports need room: nodes, at most and while they are upgraded, times ports.

    https://learn.microsoft.com/en-us/troubleshoot/azure/azure-kubernetes/create-upgrade-delete/welcome-azure-kubernetes
    lists ``InvalidLoadBalancerProfileAllocatedOutboundPorts`` (read 2026-11).

    Raises:
        ArmError: 400 with the arithmetic.
    """
    network = cluster["properties"]["networkProfile"]
    ports = (network.get("loadBalancerProfile") or {}).get("allocatedOutboundPorts") or 0
    wanted = egress.wish(network)
    addresses = wanted.v4 or sum(_addresses(world, target) for target in wanted.own)
    nodes = sum(_most_nodes(pool) for pool in cluster["properties"]["agentPoolProfiles"])
    if network["outboundType"] == "loadBalancer" and nodes * ports > addresses * PORTS_PER_IP:
        raise _invalid(
            "InvalidLoadBalancerProfileAllocatedOutboundPorts",
            f"Load balancer profile allocated ports {ports} is not in an allowable range given the number of nodes and "
            f"IPs provisioned. Total node count {nodes} requires {nodes * ports} ports but only "
            f"{addresses * PORTS_PER_IP} ports are available given {addresses} outbound public IPs. "
            "Refer to https://aka.ms/aks/slb-ports for more details.",
            f"{_LB}.allocatedOutboundPorts",
        )


def _check_subnets(world: World, cluster: Json, kind: str) -> None:
    """Who brings no subnet gets no own NAT gateway or route table, and the other way round."""
    subnets = [str(pool.get("vnetSubnetID") or "") for pool in cluster["properties"]["agentPoolProfiles"]]
    needed = {"userAssignedNATGateway": "natGateway", "userDefinedRouting": "routeTable"}.get(kind)
    if egress.PROFILES.get(kind) == "natGatewayProfile" and any(subnets):
        text = "Outbound type managedNATGateway is not allowed with a custom virtual network."
        raise _invalid("ManagedNATGatewayWithCustomVNetNotAllowed", text, "networkProfile.outboundType")
    for subnet in subnets if needed else ():
        parsed = parse_id(subnet)
        body = (world.view(parsed) if parsed else None) or {"properties": {}}
        if not reference(body, str(needed)):
            code, text = _WITHOUT[str(needed)]
            raise _invalid(code, f"{text} (subnet '{subnet}').", "networkProfile.outboundType")


_WITHOUT = {
    "natGateway": ("SubnetNotAssociatedWithNATGateway", "The subnet is not associated with a NAT gateway"),
    "routeTable": ("ExistingRouteTableNotAssociatedWithSubnet", "The subnet is not associated with a route table"),
}


def _check_balancer(world: World, network: Json, profile: Json) -> None:
    managed = profile.get("managedOutboundIPs")
    dual = "IPv6" in network.get("ipFamilies", ())
    if managed and not _counts_ok(managed, LB_COUNTS, range(1, 101) if dual else range(1)):
        code = "InvalidLoadBalancerProfileManagedOutboundIPCount"
        raise _invalid(code, "Load balancer profile managed outbound IP count must be between 1 and 100.", _LB)
    ports = profile.get("allocatedOutboundPorts") or 0
    if ports % 8:
        code = "LoadBalancerProfileAllocatedOutboundPortsMustBeMultipleOfEight"
        raise _invalid(code, f"Load balancer profile allocated ports {ports} must be a multiple of 8.", _LB)
    if ports not in PORTS:
        code = "InvalidLoadBalancerProfileAllocatedOutboundPorts"
        raise _invalid(code, f"Load balancer profile allocated ports {ports} must be between 0 and 64000.", _LB)
    if profile.get("idleTimeoutInMinutes", 30) not in IDLE_MINUTES:
        code = "InvalidLoadBalancerProfileIdleTimeoutInMinutes"
        raise _invalid(code, "Load balancer profile idle timeout must be between 4 and 120 minutes.", _LB)
    _check_own(world, egress.wish(network).own)


def _check_added(world: World, cluster: Json) -> None:
    """What is brought must be in the cluster's region, of its SKU, and nobody else's.

    https://learn.microsoft.com/en-us/azure/aks/load-balancer-standard names the conditions (read 2026-11); the codes
    of the network provider are those of its refusals.
    """
    network = cluster["properties"]["networkProfile"]
    there = {target.lower() for target in egress.effective(network)}
    is_v2 = str((network.get("natGatewayProfile") or {}).get("sku", "")).lower() == "standardv2"
    sku = "StandardV2" if is_v2 and network["outboundType"] != "loadBalancer" else "Standard"
    for target in egress.wish(network).own:
        body = world.view_key(target.lower())
        if body is not None and target.lower() not in there:
            _check_address(cluster, target, body, sku)


def _check_address(cluster: Json, target: str, body: Json, sku: str) -> None:
    properties = body["properties"]
    used = properties.get("ipConfiguration") or properties.get("loadBalancerFrontendIpConfiguration")
    if str(body.get("location", "")).lower() != str(cluster["location"]).lower():
        text = f"Resource {target} is in another region than the managed cluster."
        raise _invalid("InvalidResourceReference", text, "networkProfile")
    if str((body.get("sku") or {}).get("name", "Basic")).lower() != sku.lower():
        text = f"Public IP {target} does not match the SKU {sku}."
        raise _invalid("PublicIPAndLBSkuDoNotMatch", text, "networkProfile")
    if used or properties.get("natGateway") or properties.get("publicIPAddresses"):
        raise _invalid("PublicIPAddressInUse", f"Resource {target} is already in use.", "networkProfile")


def _check_own(world: World, own: tuple[str, ...]) -> None:
    for target in own:
        if world.view_key(target.lower()) is None:
            field, detail = ("OutboundIPPrefixes", "Prefix") if _is_prefix(target) else ("OutboundIPs", "")
            raise _invalid(
                f"InvalidLoadBalancerProfile{field}",
                f"Error in validating load balancer profile outbound {field[8:]}, error details: "
                f"LoadBalancerProfileOutboundIP{detail}NotExist",
                f"{_LB}.o{field[1:]}",
            )


def _check_nat(world: World, network: Json, profile: Json) -> None:
    own = egress.wish(network).own
    if own and str(profile.get("sku", "")).lower() != "standardv2":
        text = "Own outbound IPs of a managed NAT gateway need the SKU StandardV2."
        raise _invalid("InvalidNATGatewayProfileOutboundIPs", text, f"{_NAT}.outboundIPs")
    _check_own(world, own)
    families = range(17) if "IPv6" in network.get("ipFamilies", ()) else range(1)
    managed = profile.get("managedOutboundIPProfile")
    if managed and not _counts_ok(managed, NAT_COUNTS, families):
        code = "InvalidNATGatewayProfileManagedOutboundIPCount"
        raise _invalid(code, "NAT gateway profile managed outbound IP count must be between 1 and 16.", _NAT)
    if profile.get("idleTimeoutInMinutes", 4) not in IDLE_MINUTES:
        code = "InvalidNATGatewayProfileIdleTimeoutInMinutes"
        raise _invalid(code, "NAT gateway profile idle timeout must be between 4 and 120 minutes.", _NAT)


def _counts_ok(managed: Json, v4: range, v6: range) -> bool:
    """Return whether both counts are in range; IPv6 on a single stack cluster has no range but zero."""
    return managed.get("count", 1) in v4 and (managed.get("countIPv6") or 0) in v6


def _addresses(world: World, target: str) -> int:
    """One for an address; a prefix has all that its length leaves."""
    body = world.view_key(target.lower()) or {"properties": {}}
    return 1 << (32 - int(body["properties"].get("prefixLength", 32)))


def _is_prefix(target: str) -> bool:
    return "/publicipprefixes/" in target.lower()


def _most_nodes(pool: Json) -> int:
    count = int((pool.get("maxCount") if pool.get("enableAutoScaling") else pool.get("count")) or 0)
    surge = str((pool.get("upgradeSettings") or {}).get("maxSurge") or "1")
    return count + (math.ceil(count * int(surge[:-1]) / 100) if surge.endswith("%") else int(surge))


def _invalid(code: str, message: str, target: str) -> ArmError:
    return aks_error(400, code, message, target=target)
