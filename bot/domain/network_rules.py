"""Destinations that need network rules (TCP and UDP), and whether a firewall supports such rules.

A network rule with FQDNs needs the firewall to resolve them, and the pods to resolve them through it: the DNS proxy.
Sources, read 2026-11: https://learn.microsoft.com/azure/firewall/fqdn-filtering-network-rules (no wildcards),
https://learn.microsoft.com/azure/firewall/dns-settings (inherited from a parent policy) and
https://learn.microsoft.com/azure/firewall/choose-firewall-sku (not in tier Basic).
"""

from collections.abc import Iterable

from bot.domain.allowance import Allowance
from bot.domain.firewall import RuleKind, RuleSet, Tier, kind_of, network_fqdns
from bot.domain.firewall.rules import MAX_NETWORK_FQDNS
from bot.domain.fqdn import Destination
from bot.domain.rule_diff import Gauge
from bot.domain.rule_rendering import is_network_name
from bot.domain.target import Target


def by_address(destinations: Iterable[Destination]) -> tuple[Destination, ...]:
    """The destinations that need a network rule."""
    return tuple(one for one in destinations if kind_of(one) is RuleKind.NETWORK)


def refusal(rules: RuleSet, target: Target) -> str:
    """Why a firewall takes no network rule with an FQDN, and what to do; empty where it takes them."""
    if rules.tier is Tier.BASIC:
        return f"{target.name} has tier Basic, which supports neither FQDNs in network rules nor a DNS proxy."
    return "" if rules.dns_proxy else proxy_is_off(target)


def proxy_is_off(target: Target) -> str:
    """The sentence for a firewall whose DNS proxy is off, with the command that switches it on."""
    return (
        f"The DNS proxy of {target.name} is off, and network rules with host names need it. The firewall's "
        f"owner can switch it on: {target.update_command} --ids {target.id} --enable-dns-proxy true"
    )


def room_for_names(rules: RuleSet, promised: Iterable[Allowance], destinations: Iterable[Destination]) -> Gauge:
    """Count the FQDNs in all network rules of a firewall: other owners' as read, the bot's as wanted.

    Args:
        rules: Everything that the firewall evaluates, parent policies included.
        promised: The open allowances of the firewall policy or classic firewall.
        destinations: Additional destinations.
    """
    groups = (group for layer in rules.layers for group in layer.groups)
    foreign = [each for group in groups for each in group.collections if not is_network_name(each.name)]
    used = network_fqdns(foreign) + sum(len(by_address(one.destinations)) for one in promised)
    return Gauge(used + len(by_address(destinations)), MAX_NETWORK_FQDNS)
