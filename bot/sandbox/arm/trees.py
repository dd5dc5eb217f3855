"""The resources that one write locks: a firewall policy tree takes one write at a time.

https://learn.microsoft.com/en-us/azure/firewall-manager/policy-overview and
https://learn.microsoft.com/en-us/azure/firewall/firewall-faq (read 2026-11): parallel updates are not supported.
"""

from collections.abc import Iterator

from bot.sandbox.arm.ids import FIREWALL, IP_GROUP, POLICY, ResourceId
from bot.sandbox.arm.links import reference
from bot.sandbox.arm.store import type_of
from bot.sandbox.arm.world import World


def root_of(world: World, key: str) -> str:
    """The topmost parent of a policy; the policy of a firewall; the key itself for anything else."""
    body = world.store.get(key) or {}
    parent = reference(body, "basePolicy") if type_of(key) == POLICY else reference(body, "firewallPolicy")
    return root_of(world, parent) if parent else key


def tree_of(world: World, root: str) -> Iterator[str]:
    """A policy or firewall, the policies below it and all firewalls that use one of them."""
    yield root
    yield from (firewall.lower() for firewall in world.links.firewalls.get(root, []))
    for child in world.links.children.get(root, []):
        yield from tree_of(world, child.lower())


def roots_for(world: World, rid: ResourceId) -> list[str]:
    """The roots of all trees that a write to this resource goes through."""
    top = rid
    while top.parent:
        top = top.parent
    if top.type_key in (POLICY, FIREWALL):
        return [root_of(world, top.key)]
    if top.type_key == IP_GROUP:
        return sorted({root_of(world, user.lower()) for user in world.links.users.get(top.key, [])})
    return []


def firewalls_of(world: World, roots: list[str]) -> list[str]:
    """All firewalls in these trees, each once."""
    found = (key for root in roots for key in tree_of(world, root) if type_of(key) == FIREWALL)
    return list(dict.fromkeys(found))


def line_of(world: World, policy: str) -> Iterator[str]:
    """A policy and its parents, upward."""
    body = world.store.get(policy)
    if body is not None:
        yield policy
        base = reference(body, "basePolicy")
        yield from line_of(world, base) if base else ()


def takes_names(world: World, policy: str) -> bool:
    """Return whether network rules of a policy may hold FQDNs: by its own DNS settings, or those of a parent.

    https://learn.microsoft.com/en-us/azure/firewall/dns-settings (read 2026-11).
    """
    settings = ((world.store.get(key) or {})["properties"].get("dnsSettings") or {} for key in line_of(world, policy))
    return any(dns.get("enableProxy") or dns.get("requireProxyForNetworkRules") is False for dns in settings)
