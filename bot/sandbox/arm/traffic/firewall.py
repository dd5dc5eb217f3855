"""The simulated firewall's own evaluation of its rules, and what it would log.

Order: https://learn.microsoft.com/azure/firewall/rule-processing (read 2026-11): network rules before application
rules, in each the parent policy's before the child's, then by priority of group and collection; then deny.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bot.sandbox.arm import trees
from bot.sandbox.arm.ids import GROUP
from bot.sandbox.arm.links import reference
from bot.sandbox.arm.traffic.flows import Flow
from bot.sandbox.arm.traffic.matching import Request, fits_application_rule, fits_network_rule, tagged_names
from bot.sandbox.arm.traffic.outcome import ALLOW, APPLICATION, DEFAULT, DENY, NETWORK, NO_SNI, Outcome
from bot.sandbox.arm.traffic.ways import way_out
from bot.sandbox.arm.wire import Json
from bot.sandbox.arm.world import World

_WEB_PORTS = {80, 443, 1433}
_Fits = Callable[[World, Json, Request], bool]


@dataclass(frozen=True, slots=True)
class _Collection:
    policy: str
    group: str
    name: str
    action: str
    kind: str
    rules: list[Json]


def decide(world: World, flow: Flow) -> Outcome:
    """What becomes of a flow's requests, by the rules as they are now."""
    way = way_out(world, flow.cluster, address=flow.address, node=flow.node)
    if not way.firewall:
        return Outcome("", way.source, DENY if way.outbound in ("none", "block") else ALLOW)
    cluster = world.view_key(flow.cluster) or {}
    name = flow.host if flow.has_sni or flow.protocol in ("http", "mssql") else ""
    tagged = tagged_names(cluster) if cluster else ()
    request = Request(way.source, flow.address, flow.port, flow.protocol, flow.host, name, tagged)
    return evaluate(world, way.firewall, request)


def evaluate(world: World, firewall: str, request: Request) -> Outcome:
    """What a firewall does with a request."""
    body = world.view_key(firewall) or {"properties": {}}
    collections = list(_classic(body) if not reference(body, "firewallPolicy") else _of_policy(world, body))
    found = _first(world, [c for c in collections if c.kind == NETWORK], request, fits_network_rule)
    if found:
        return _by_rule(firewall, request, found, NETWORK)
    if not _is_proxied(collections, request):
        return Outcome(firewall, request.source, DENY, DEFAULT)
    if request.protocol in ("https", "tcp") and not request.name:
        return Outcome(firewall, request.source, DENY, NO_SNI, kind=APPLICATION)
    found = _first(world, [c for c in collections if c.kind == APPLICATION], request, fits_application_rule)
    if found:
        return _by_rule(firewall, request, found, APPLICATION)
    return Outcome(firewall, request.source, DENY, DEFAULT, kind=APPLICATION, fqdn=request.name)


def _first(
    world: World, collections: list[_Collection], request: Request, fits: _Fits
) -> tuple[_Collection, Json] | None:
    found = ((each, rule) for each in collections for rule in each.rules if fits(world, rule, request))
    return next(found, None)


def _by_rule(firewall: str, request: Request, found: tuple[_Collection, Json], kind: str) -> Outcome:
    collection, rule = found
    return Outcome(
        firewall,
        request.source,
        collection.action,
        "",
        collection.policy,
        collection.group,
        collection.name,
        str(rule["name"]),
        kind,
        request.name if kind == APPLICATION else "",
    )


def _is_proxied(collections: list[_Collection], request: Request) -> bool:
    """Application rules are asked about the web's own ports, and about those that some application rule names."""
    if request.protocol == "udp":
        return False
    rules = (rule for each in collections if each.kind == APPLICATION for rule in each.rules)
    named = {one["port"] for rule in rules for one in rule.get("protocols") or ()}
    return request.port in _WEB_PORTS | named


def _of_policy(world: World, firewall: Json) -> Iterator[_Collection]:
    line = [*trees.line_of(world, reference(firewall, "firewallPolicy"))]
    for policy in reversed(line):
        groups = [body for key, body in world.views(GROUP) if key.startswith(f"{policy}/rulecollectiongroups/")]
        for group in sorted(groups, key=lambda body: int(body["properties"]["priority"])):
            name = str((world.view_key(policy) or {})["name"])
            inner = sorted(group["properties"].get("ruleCollections") or [], key=lambda each: int(each["priority"]))
            yield from (part for each in inner for part in _parts(name, str(group["name"]), each))


def _parts(policy: str, group: str, collection: Json) -> Iterator[_Collection]:
    """A filter collection as its network rules and its application rules."""
    for kind, type_ in ((NETWORK, "NetworkRule"), (APPLICATION, "ApplicationRule")):
        rules = [rule for rule in collection["rules"] if rule["ruleType"] == type_]
        if rules:
            yield _Collection(policy, group, str(collection["name"]), str(collection["action"]["type"]), kind, rules)


def _classic(firewall: Json) -> Iterator[_Collection]:
    for kind, field in ((NETWORK, "networkRuleCollections"), (APPLICATION, "applicationRuleCollections")):
        found = firewall["properties"].get(field) or []
        for each in sorted(found, key=lambda one: int(one["properties"]["priority"])):
            inner = each["properties"]
            yield _Collection("", "", str(each["name"]), str(inner["action"]["type"]), kind, list(inner["rules"]))
