"""The commands of the document that the project starts from, those that prepare them, and their failures."""

from dataclasses import dataclass

AKS = "-g rg-outside --no-ssh-key --no-wait"
EXISTING = "--no-wait -g rg-aks-lb -n aks-lb"


@dataclass(frozen=True)
class Step:
    """One command.

    Args:
        command: Without ``az``; ``{subnet}`` and ``{nat_subnet}`` are ids of subnets that earlier steps made.
        code: The error code that Azure answers, or the words of the tool's own refusal; ``ok``.
    """

    command: str
    code: str = "ok"


STEPS = (
    Step("group create -n rg-outside -l westeurope"),
    # load balancer
    Step(f"aks create -n aks-new-lb --enable-managed-identity --outbound-type loadBalancer {AKS}"),
    Step("aks create -g rg-nowhere -n aks-x --no-ssh-key --no-wait", "ResourceGroupNotFound"),
    Step(f"aks update --load-balancer-managed-outbound-ip-count 3 {EXISTING}"),
    Step(f"aks update --load-balancer-managed-outbound-ip-count 2 {EXISTING}", "OperationNotAllowed"),
    Step("aks wait -g rg-aks-lb -n aks-lb --updated --interval 1"),
    Step(
        f"aks update --load-balancer-managed-outbound-ip-count 101 {EXISTING}",
        "InvalidLoadBalancerProfileManagedOutboundIPCount",
    ),
    Step(f"aks update --load-balancer-idle-timeout 3 {EXISTING}", "--load-balancer-idle-timeout must be in the range*"),
    Step(f"aks update --load-balancer-outbound-ports 7 {EXISTING}", "--load-balancer-allocated-ports must be a *"),
    Step(
        "aks update -g rg-aks-udr -n aks-udr --load-balancer-managed-outbound-ip-count 2",
        "userDefinedRouting type doesn't support customizing the standard load balancer ips",
    ),
    Step("aks update -g rg-aks-lb -n nope --load-balancer-managed-outbound-ip-count 2", "ResourceNotFound"),
    Step("aks show -g rg-aks-lb -n nope", "ResourceNotFound"),
    # NAT gateway
    Step(
        "aks create -n aks-new-nat --outbound-type managedNATGateway --nat-gateway-managed-outbound-ip-count 2 "
        f"--nat-gateway-idle-timeout 4 {AKS}"
    ),
    Step("aks update -g rg-aks-natgateway -n aks-natgateway --nat-gateway-managed-outbound-ip-count 3 --no-wait"),
    Step("network vnet create -g rg-outside -n spoke --address-prefixes 10.77.0.0/16"),
    Step("network vnet subnet create -g rg-outside --vnet-name spoke -n nodes --address-prefixes 10.77.1.0/24"),
    Step("network vnet subnet create -g rg-outside --vnet-name spoke -n nat --address-prefixes 10.77.2.0/24"),
    Step("network public-ip create -g rg-outside -n nat-ip --sku Standard --allocation-method Static"),
    Step("network nat gateway create -g rg-outside -n nat --public-ip-addresses nat-ip --idle-timeout 10"),
    Step(
        f"aks create -n aks-x --outbound-type userAssignedNATGateway --vnet-subnet-id {{nat_subnet}} {AKS}",
        "SubnetNotAssociatedWithNATGateway",
    ),
    Step("network vnet subnet update -g rg-outside --vnet-name spoke -n nat --nat-gateway nat"),
    Step(f"aks create -n aks-new-usernat --outbound-type userAssignedNATGateway --vnet-subnet-id {{nat_subnet}} {AKS}"),
    Step("network public-ip delete -g rg-outside -n nat-ip", "PublicIPAddressCannotBeDeleted"),
    # user-defined routing
    Step(
        "aks create -n aks-new-udr -l westeurope --node-count 3 --network-plugin azure "
        f"--outbound-type userDefinedRouting --vnet-subnet-id {{subnet}} {AKS}",
        "ExistingRouteTableNotAssociatedWithSubnet",
    ),
    Step("network route-table create -g rg-outside -n routes"),
    Step(
        "network route-table route create -g rg-outside --route-table-name routes -n out --address-prefix 0.0.0.0/0 "
        "--next-hop-type VirtualAppliance --next-hop-ip-address 10.0.0.4"
    ),
    Step("network vnet subnet update -g rg-outside --vnet-name spoke -n nodes --route-table routes"),
    Step(
        "network vnet peering create -g rg-outside --vnet-name spoke -n to-hub --allow-vnet-access --remote-vnet "
        "/subscriptions/00000000-0000-0000-0000-00000000a001/resourceGroups/rg-hub/providers/"
        "Microsoft.Network/virtualNetworks/hub-vnet"
    ),
    Step(
        "network vnet peering create -g rg-hub --vnet-name hub-vnet -n to-outside --allow-vnet-access --remote-vnet "
        "/subscriptions/00000000-0000-0000-0000-00000000a001/resourceGroups/rg-outside/providers/"
        "Microsoft.Network/virtualNetworks/spoke"
    ),
    Step(
        "aks create -n aks-new-udr -l westeurope --node-count 3 --network-plugin azure "
        f"--outbound-type userDefinedRouting --vnet-subnet-id {{subnet}} {AKS}"
    ),
    # what is there afterwards
    *(Step(f"aks wait -g rg-outside -n {name} --created --interval 1") for name in
      ("aks-new-lb", "aks-new-nat", "aks-new-usernat", "aks-new-udr")),
    Step("aks wait -g rg-aks-natgateway -n aks-natgateway --updated --interval 1"),
    Step("aks scale -g rg-outside -n aks-new-lb --node-count 5 --no-wait"),
    Step("aks wait -g rg-outside -n aks-new-lb --updated --interval 1"),
)  # fmt: skip
