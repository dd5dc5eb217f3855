"""Renders the bot's firewall rules from the wanted allowances.

Everything here is deterministic: the same allowances give the same names, order and priorities, so that an unchanged
state never costs an update.
"""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from hashlib import sha256
from operator import attrgetter

from bot.domain.allowance import Allowance
from bot.domain.firewall import ApplicationRule, NetworkRule, Rule, RuleAction, RuleCollection, RuleKind, TraceStep
from bot.domain.fqdn import Protocol
from bot.domain.grouping import grouped

FIRST_PRIORITY = 100
"""Lowest collection priority that Azure takes (100..65000).

Source: https://learn.microsoft.com/azure/firewall/policy-rule-sets, read 2026-11.
"""

LAST_PRIORITY = 65000
"""The highest; same source."""

PREFIX = "egress-"
"""Prefix of the bot's rule collections, used by nobody else."""

MAX_NAME = 80
"""Characters in a rule, collection or group name.

Source: https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules, read 2026-11.
"""


NETWORK_SUFFIX = ".net"
"""Suffix of the bot's network rule collections. The others end with the name of a cluster or of a node pool,
which hold no dot, or with a digest (https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-
rules, read 2026-11)."""

Rendered = tuple[tuple[tuple[str, RuleKind], ApplicationRule | NetworkRule], ...]
"""The rules of one allowance, each with the name and the kind of its rule collection."""

_OURS = re.compile(r"a[0-9a-z]+-(?:http|https|mssql|tcp|udp)-[0-9]+")


def collection_name(allowance: Allowance, kind: RuleKind = RuleKind.APPLICATION) -> str:
    """The rule collection of an allowance: one of each kind for each cluster, or node pool where it names one.

    A foreign name can never be equal because of the prefix that only we use. A name that is too long ends in a digest,
    so that two clusters with long names do not meet in one collection.
    """
    scope = allowance.scope
    return _name((scope.resource_group, scope.cluster_name, scope.pool or ""), kind)


@lru_cache(maxsize=1024)
def _name(parts: tuple[str, ...], kind: RuleKind) -> str:
    """Of so many clusters and pools it is kept: a round needs it for each of thousands of allowances."""
    whole = re.sub(r"[^a-z0-9_.-]+", "-", "-".join(part.lower() for part in (PREFIX.rstrip("-"), *parts) if part))
    suffix = NETWORK_SUFFIX if kind is RuleKind.NETWORK else ""
    room = MAX_NAME - len(suffix)
    if len(whole) <= room:
        return whole.rstrip("-.") + suffix
    return f"{whole[: room - 9]}-{sha256(whole.encode()).hexdigest()[:8]}{suffix}"


def is_network_name(name: str, prefix: str = PREFIX) -> bool:
    """Whether a network rule collection's name says that it is ours."""
    return name.startswith(prefix) and name.endswith(NETWORK_SUFFIX)


def rule_name(allowance: Allowance, protocol: str, port: int) -> str:
    """``<allowance id>-<protocol>-<port>``: what a person finds in the portal leads back to the allowance."""
    return f"{allowance.id}-{protocol}-{port}"


def allowance_id_from_rule(name: str) -> str:
    """The allowance that one of the bot's rules belongs to."""
    return name.split("-", 1)[0]


def owner_of(step: TraceStep | None) -> str | None:
    """The id of the allowance whose rule a step of a trace rests on; None for rules of others, and for no step."""
    if step is None or step.rule is None or not step.collection.startswith(PREFIX) or not _OURS.fullmatch(step.rule):
        return None
    return allowance_id_from_rule(step.rule)


def render(
    wanted: Iterable[Allowance], rules: Callable[[Allowance], Rendered] | None = None
) -> tuple[RuleCollection, ...]:
    """The rule collections that should exist for these allowances: sorted, never empty, each allowing.

    Args:
        wanted: Allowances of one target for which ``is_wanted`` holds now.
        rules: What gives ``rendered`` an allowance, for those who know it already.
    """
    render_one = rules or rendered
    members = grouped(pair for allowance in sorted(wanted, key=attrgetter("id")) for pair in render_one(allowance))
    return tuple(
        RuleCollection(
            name=name,
            priority=FIRST_PRIORITY + index,
            action=RuleAction.ALLOW,
            kind=kind,
            rules=tuple(members[name, kind]),
        )
        for index, (name, kind) in enumerate(sorted(members))
    )


def rendered(allowance: Allowance) -> Rendered:
    """The rules of an allowance, each with the name and the kind of its rule collection."""
    kinds = ((_kind(rule), rule) for rule in rules_of(allowance))
    return tuple(((collection_name(allowance, kind), kind), rule) for kind, rule in kinds)


def rules_by_kind(allowance: Allowance) -> dict[RuleKind, list[Rule]]:
    """One rule for each protocol and port of the allowance, from the cluster's own ranges, by the kind of rule."""
    return grouped((_kind(rule), rule) for rule in rules_of(allowance))


def _kind(rule: Rule) -> RuleKind:
    return RuleKind.NETWORK if isinstance(rule, NetworkRule) else RuleKind.APPLICATION


def rules_of(allowance: Allowance) -> tuple[ApplicationRule | NetworkRule, ...]:
    """The rules without their kinds."""
    by_port = grouped(((d.protocol, d.port), d.fqdn) for d in allowance.destinations)
    return tuple(_rule(allowance, *by, tuple(sorted(fqdns))) for by, fqdns in sorted(by_port.items()))


def _rule(allowance: Allowance, protocol: Protocol, port: int, fqdns: tuple[str, ...]) -> ApplicationRule | NetworkRule:
    name, sources = rule_name(allowance, protocol, port), allowance.scope.sources
    about = f"Allowance {allowance.id} for {allowance.scope.cluster_name}"
    if protocol.is_transport:
        return NetworkRule(
            name=name,
            description=about,
            ip_protocols=(protocol.upper(),),
            source_addresses=sources,
            destination_fqdns=fqdns,
            destination_ports=(str(port),),
        )
    return ApplicationRule(
        name=name,
        description=about,
        source_addresses=sources,
        protocols=((str(protocol), port),),
        target_fqdns=fqdns,
    )


def placed(
    desired: Sequence[RuleCollection],
    observed: Sequence[RuleCollection],
    *,
    taken: Collection[tuple[RuleKind, int]] = (),
    first: int = FIRST_PRIORITY,
) -> tuple[RuleCollection, ...]:
    """Assign writable priorities to the collections: each is unique in a resource.

    A collection keeps the priority that it has; a new one gets the next free one. The relative order of the bot's own
    collections does not matter, because all of them allow.

    Args:
        desired: What should be there.
        observed: Our own collections as they are.
        taken: Priorities that are not available for a kind, because foreign collections have them.
        first: Where to begin.
    """
    known = {each.name.lower(): each.priority for each in observed}
    used: set[int] = set()
    kept: dict[str, int] = {}
    ordered = sorted(desired, key=lambda each: each.name.lower())
    for each in ordered:
        priority = known.get(each.name.lower())
        if priority is not None and priority not in used and (each.kind, priority) not in taken:
            kept[each.name.lower()] = priority
            used.add(priority)
    for each in ordered:
        if each.name.lower() not in kept:
            free = (n for n in range(first, LAST_PRIORITY + 1) if n not in used and (each.kind, n) not in taken)
            kept[each.name.lower()] = next(free)
            used.add(kept[each.name.lower()])
    return tuple(replace(each, priority=kept[each.name.lower()]) for each in desired)
