"""The changes of the outbound type that AKS refuses.

Tables: https://learn.microsoft.com/en-us/azure/aks/egress-outboundtype#updating-outboundtype-after-cluster-creation;
``InvalidUserDefinedRoutingWithLoadBalancerProfile``: https://github.com/hashicorp/terraform-provider-azurerm/pull/25021;
``UpdatingOutboundTypeNotAllowed`` is a code of the service whose text was not seen; regions:
https://learn.microsoft.com/en-us/azure/nat-gateway/nat-sku (all read 2026-11).
"""

from bot.sandbox.arm.wire import ArmError, Json, aks_error

_FROM_MANAGED = {
    "loadBalancer": {"managedNATGateway", "StandardV2", "none", "block"},
    "managedNATGateway": {"StandardV2", "none", "block"},
    "StandardV2": set[str](),
    "none": {"loadBalancer", "managedNATGateway", "StandardV2", "block"},
    "block": {"loadBalancer", "managedNATGateway", "StandardV2", "none"},
}
"""In a network that AKS made, ``StandardV2`` being the managed NAT gateway of that SKU."""
_IN_OWN = {"loadBalancer", "userAssignedNATGateway", "userDefinedRouting", "none"}
_WITHOUT_V2 = {"canadaeast", "indonesiacentral", "israelnorthwest", "qatarcentral", "swedensouth", "westindia"}


def check_change(old: Json, new: Json, sent: Json) -> None:
    """Refuse a change of the outbound type as AKS does; anything else is not looked at.

    Args:
        old: The cluster as it is.
        new: The cluster as it would be.
        sent: The network profile in the body of the PUT.

    Raises:
        ArmError: 400, not wrapped.
    """
    before, after = _type(old), _type(new)
    if before == after:
        return
    if new["properties"]["networkProfile"]["outboundType"] == "userDefinedRouting" and sent.get("loadBalancerProfile"):
        raise aks_error(
            400,
            "InvalidUserDefinedRoutingWithLoadBalancerProfile",
            "UserDefinedRouting and load balancer profile are mutually exclusive. "
            "Please refer to http://aka.ms/aks/outboundtype for more details",
            target="networkProfile.loadBalancerProfile",
        )
    if after not in _permitted(new, before):
        raise _refused(f"Updating the outbound type from {before} to {after} is not allowed.")
    if any(pool.get("type") != "VirtualMachineScaleSets" for pool in new["properties"]["agentPoolProfiles"]):
        raise _refused("Updating the outbound type needs node pools of virtual machine scale sets.")
    if after == "StandardV2" and str(new["location"]).replace(" ", "").lower() in _WITHOUT_V2:
        raise _refused(f"NAT gateways of the SKU StandardV2 are not available in {new['location']}.")


def _type(cluster: Json) -> str:
    """The outbound type; the SKU in its place where it is the newer one."""
    network = cluster["properties"]["networkProfile"]
    kind = str(network["outboundType"])
    sku = str((network.get("natGatewayProfile") or {}).get("sku", "")).lower()
    return "StandardV2" if kind == "managedNATGatewayV2" or (kind, sku) == ("managedNATGateway", "standardv2") else kind


def _permitted(cluster: Json, before: str) -> set[str]:
    if any(pool.get("vnetSubnetID") for pool in cluster["properties"]["agentPoolProfiles"]):
        return _IN_OWN if before in _IN_OWN else set()
    return _FROM_MANAGED.get(before, set())


def _refused(message: str) -> ArmError:
    return aks_error(400, "UpdatingOutboundTypeNotAllowed", message, target="networkProfile.outboundType")
