"""A change of the outbound type as text to run or to put into one's own code: az commands, Terraform, Bicep.

Options and resources, read 2026-11: https://learn.microsoft.com/cli/azure/aks#az-aks-update (from 2.56; the SKU from
the release after 2026-09), https://learn.microsoft.com/cli/azure/network/vnet/subnet#az-network-vnet-subnet-update,
https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/resources/kubernetes_cluster#network_profile-1
and https://learn.microsoft.com/azure/templates/microsoft.containerservice/managedclusters.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from bot.domain.egress import NodeSubnet, OutboundType
from bot.domain.export import bicep_text, hcl
from bot.domain.outbound_migration.plan import MigrationPlan
from bot.domain.outbound_migration.prerequisites import name_of
from bot.domain.outbound_migration.transitions import MANAGED_NAT
from bot.errors import NotScalable

_UDR, _OWN_NAT = OutboundType.USER_DEFINED_ROUTING, OutboundType.USER_ASSIGNED_NAT_GATEWAY
WITHOUT_TERRAFORM = frozenset({OutboundType.NONE, OutboundType.BLOCK, OutboundType.MANAGED_NAT_GATEWAY_V2})
"""Outbound types that a cluster of the ``azurerm`` provider cannot have.

Source: https://github.com/hashicorp/terraform-provider-azurerm/issues/29484, read 2026-11.
"""


def commands(plan: MigrationPlan) -> str:
    """The change as az commands: what must be there first, the change itself, and how to read it back."""
    first = list(_first(plan))
    lines = [*_notes(plan), *first, *([""] if first else []), *_update(plan), "", *_look(plan)]
    return "\n".join([*lines, ""])


def _notes(plan: MigrationPlan) -> list[str]:
    change = f"# {plan.ref.name}: outbound type {plan.transition.before} to {plan.transition.after}."
    notes = [f"# {plan.transition.note}"] if plan.transition.note else []
    notes += [f"# First: {one.sentence} {one.way_out}".rstrip() for one in plan.unmet]
    is_new = plan.transition.after is OutboundType.MANAGED_NAT_GATEWAY_V2
    cli = "an Azure CLI with --outbound-type-sku (released after 2026-09)" if is_new else "Azure CLI 2.56 or later"
    return [change, *notes, f"# Needs {cli}. Open connections break.", ""]


def _first(plan: MigrationPlan) -> Iterator[str]:
    after = plan.transition.after
    for subnet in plan.subnets:
        if after is _OWN_NAT and not subnet.nat_gateway:
            yield from _attach(subnet, "--nat-gateway", "NAT_GATEWAY_ID")
        if after is _UDR and not subnet.route_table:
            yield from _attach(subnet, "--route-table", "ROUTE_TABLE_ID")
        if after is _UDR and subnet.route_table and subnet.has_default_route is False:
            yield from _route(subnet.route_table)
    if after is OutboundType.BLOCK:
        yield from ("# Outbound type block is a preview.", "az extension add --name aks-preview")


def _attach(subnet: NodeSubnet, option: str, variable: str) -> list[str]:
    return [
        f"# Set {variable} to the resource id. It carries the traffic of {name_of(subnet.id)} at once.",
        f'az network vnet subnet update --ids {quoted(subnet.id)} {option} "${variable}"',
    ]


def _route(table: str) -> list[str]:
    return [
        f"# Set NEXT_HOP to the private address of the firewall or appliance. {name_of(table)} takes effect at once.",
        (
            f"az network route-table route create --subscription {quoted(_part(table, 2))} "
            f"--resource-group {quoted(_part(table, 4))} --route-table-name {quoted(name_of(table))} "
            "--name default-route --address-prefix 0.0.0.0/0 --next-hop-type VirtualAppliance "
            '--next-hop-ip-address "$NEXT_HOP"'
        ),
    ]


def _update(plan: MigrationPlan) -> list[str]:
    lines = [f"az aks update {_cluster(plan)}", *_options(plan)]
    return [f"{line} \\" for line in lines[:-1]] + lines[-1:]


def _options(plan: MigrationPlan) -> list[str]:
    settings, after = plan.settings, plan.transition.after
    is_nat, is_v2 = after in MANAGED_NAT, after is OutboundType.MANAGED_NAT_GATEWAY_V2
    named = OutboundType.MANAGED_NAT_GATEWAY if is_nat else after
    prefix = "nat-gateway" if is_nat else "load-balancer"
    return [
        f"  --outbound-type {named}",
        *(["  --outbound-type-sku StandardV2"] if is_v2 else []),
        *([f"  --{prefix}-managed-outbound-ip-count {settings.ip_count}"] if settings.ip_count else []),
        *([f"  --{prefix}-idle-timeout {settings.idle_minutes}"] if settings.idle_minutes else []),
    ]


def _look(plan: MigrationPlan) -> list[str]:
    return [
        "# Read it back: Succeeded, the new outbound type, and its outbound IPs.",
        f"az aks show {_cluster(plan)} \\",
        (
            '  --query "{state: provisioningState, type: networkProfile.outboundType, '
            "loadBalancer: networkProfile.loadBalancerProfile.effectiveOutboundIPs, "
            'natGateway: networkProfile.natGatewayProfile.effectiveOutboundIPs}"'
        ),
    ]


def _cluster(plan: MigrationPlan) -> str:
    ref = plan.ref
    group = f"--subscription {quoted(ref.subscription)} --resource-group {quoted(ref.resource_group)}"
    return f"{group} --name {quoted(ref.name)}"


def quoted(text: str) -> str:
    """A word for a POSIX shell: as it is where that is safe, in single quotes otherwise."""
    return text if re.fullmatch(r"[\w./:@%+=-]+", text, re.ASCII) else "'" + text.replace("'", "'\"'\"'") + "'"


def _part(id_: str, place: int) -> str:
    return id_.split("/")[place]


def terraform(plan: MigrationPlan) -> str:
    """The change as arguments for the ``azurerm`` provider.

    Raises:
        NotScalable: The provider has no such outbound type.
    """
    after, settings = plan.transition.after, plan.settings
    if after in WITHOUT_TERRAFORM:
        raise NotScalable(f"The azurerm provider has no outbound type {after}. Use the az commands, or Bicep.")
    inner = [f"outbound_type = {hcl(after)}"]
    if settings.ip_count is not None:
        profile = "nat_gateway_profile" if after in MANAGED_NAT else "load_balancer_profile"
        inner += [
            "",
            f"{profile} {{",
            f"  managed_outbound_ip_count = {settings.ip_count}",
            f"  idle_timeout_in_minutes   = {settings.idle_minutes}",
            "}",
        ]
    label = re.sub(r"[^A-Za-z0-9_]", "_", plan.ref.name)
    return _lines(
        *_code_notes(plan, "#"),
        "# Change these arguments of your own resource, and keep its others. azurerm 4.0 or later changes the cluster",
        "# in place: apply only where the plan says so, because early 3.x releases replace the whole cluster.",
        f'resource "azurerm_kubernetes_cluster" "{label}" {{',
        "  network_profile {",
        *(f"    {line}" if line else "" for line in inner),
        "  }",
        "}",
    )


def bicep(plan: MigrationPlan) -> str:
    """The change as properties of the cluster's own Bicep resource."""
    after, settings = plan.transition.after, plan.settings
    is_nat = after in MANAGED_NAT
    inner = [f"outboundType: {bicep_text(OutboundType.MANAGED_NAT_GATEWAY if is_nat else after)}"]
    if settings.ip_count is not None:
        counts = "managedOutboundIPProfile" if is_nat else "managedOutboundIPs"
        inner += [
            f"{'natGatewayProfile' if is_nat else 'loadBalancerProfile'}: {{",
            *(["  sku: 'StandardV2'"] if after is OutboundType.MANAGED_NAT_GATEWAY_V2 else []),
            f"  {counts}: {{",
            f"    count: {settings.ip_count}",
            "  }",
            f"  idleTimeoutInMinutes: {settings.idle_minutes}",
            "}",
        ]
    return _lines(
        *_code_notes(plan, "//"),
        "// Merge this into networkProfile of your own resource, and keep its other properties: a deployment replaces",
        "// the whole profile. Remove the profile of the old outbound type: Azure refuses both together.",
        "var networkProfile = {",
        *(f"  {line}" for line in inner),
        "}",
    )


def _code_notes(plan: MigrationPlan, sign: str) -> list[str]:
    text = f"{plan.ref.name}: outbound type {plan.transition.before} to {plan.transition.after}."
    todo = [f"{sign} First: {one.sentence} {one.way_out}".rstrip() for one in plan.unmet]
    note = [f"{sign} {plan.transition.note}"] if plan.transition.note else []
    return [f"{sign} {text}", *note, *todo]


def _lines(*lines: str) -> str:
    return "\n".join([*lines, ""])


FORMS: Mapping[str, tuple[str, Callable[[MigrationPlan], str]]] = MappingProxyType(
    {"az": ("sh", commands), "terraform": ("tf", terraform), "bicep": ("bicep", bicep)}
)
"""The formats by the name people type: file extension and writer."""
