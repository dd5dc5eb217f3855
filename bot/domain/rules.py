"""What our rules in a firewall must look like, rendered from the wanted allowances.

Everything here is deterministic: the same allowances give the same names, order and priorities, so that an unchanged
state never costs an update.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from hashlib import sha256
from itertools import groupby

from bot.domain.allowance import Allowance
from bot.domain.firewall import Action, ApplicationRule, Kind, RuleCollection, TraceStep

FIRST_PRIORITY = 100
"""Lowest collection priority that Azure takes (100..65000).

Source: https://learn.microsoft.com/azure/firewall/policy-rule-sets, read 2026-11.
"""

LAST_PRIORITY = 65000
"""The highest; same source."""

PREFIX = "egress-"
"""What the names of our rule collections begin with; nobody else's do."""

MAX_NAME = 80
"""Characters in a rule, collection or group name.

Source: https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules, read 2026-11.
"""


_OURS = re.compile(r"a[0-9a-z]+-(?:http|https|mssql)-[0-9]+")


def collection_name(allowance: Allowance) -> str:
    """The rule collection of an allowance: one for each cluster, or node pool where the allowance names one.

    A foreign name can never be equal because of the prefix that only we use. A name that is too long ends in a digest,
    so that two clusters with long names do not meet in one collection.
    """
    scope = allowance.scope
    parts = [PREFIX.rstrip("-"), scope.resource_group, scope.cluster_name, scope.pool or ""]
    whole = re.sub(r"[^a-z0-9_.-]+", "-", "-".join(part.lower() for part in parts if part))
    if len(whole) <= MAX_NAME:
        return whole.rstrip("-.")
    return f"{whole[: MAX_NAME - 9]}-{sha256(whole.encode()).hexdigest()[:8]}"


def rule_name(allowance: Allowance, protocol: str, port: int) -> str:
    """``<allowance id>-<protocol>-<port>``: what a person finds in the portal leads back to the allowance."""
    return f"{allowance.id}-{protocol}-{port}"


def allowance_id_from_rule(name: str) -> str:
    """The allowance that a rule of ours belongs to."""
    return name.split("-", 1)[0]


def owner_of(step: TraceStep) -> str | None:
    """The id of the allowance whose rule a step of a trace rests on; None for rules of others."""
    if step.rule is None or not step.collection.startswith(PREFIX) or not _OURS.fullmatch(step.rule):
        return None
    return allowance_id_from_rule(step.rule)


def render(wanted: Iterable[Allowance]) -> tuple[RuleCollection, ...]:
    """The rule collections that should exist for these allowances: sorted, never empty, each allowing.

    Args:
        wanted: Allowances of one target for which ``is_wanted`` holds now.
    """
    ordered = sorted(wanted, key=lambda a: (collection_name(a), a.id))
    grouped = [(name, list(members)) for name, members in groupby(ordered, key=collection_name)]
    return tuple(
        RuleCollection(
            name=name,
            priority=FIRST_PRIORITY + index,
            action=Action.ALLOW,
            kind=Kind.APPLICATION,
            rules=tuple(rule for allowance in members for rule in rules_of(allowance)),
        )
        for index, (name, members) in enumerate(grouped)
    )


def rules_of(allowance: Allowance) -> tuple[ApplicationRule, ...]:
    """One application rule for each protocol and port of the allowance, from the cluster's own ranges."""
    ordered = sorted(allowance.destinations, key=lambda d: (d.protocol, d.port, d.fqdn))
    return tuple(
        ApplicationRule(
            name=rule_name(allowance, protocol, port),
            description=f"Allowance {allowance.id} for {allowance.scope.cluster_name}",
            source_addresses=allowance.scope.sources,
            protocols=((str(protocol), port),),
            target_fqdns=tuple(d.fqdn for d in members),
        )
        for (protocol, port), members in groupby(ordered, key=lambda d: (d.protocol, d.port))
    )


def placed(
    desired: Sequence[RuleCollection],
    observed: Sequence[RuleCollection],
    *,
    taken: Collection[int] = (),
    first: int = FIRST_PRIORITY,
) -> tuple[RuleCollection, ...]:
    """The same collections with priorities that can be written: each stands once in a resource.

    A collection keeps the priority that it has; a new one gets the next free one. The order of ours among each other
    decides nothing, because all of them allow.

    Args:
        desired: What should be there.
        observed: Our own collections as they are.
        taken: Priorities of foreign collections in the same resource.
        first: Where to begin.
    """
    used = set(taken)
    known = {each.name.lower(): each.priority for each in observed}
    kept: dict[str, int] = {}
    for name in sorted(each.name.lower() for each in desired):
        if name in known and known[name] not in used:
            kept[name] = known[name]
            used.add(known[name])
    free = (number for number in range(first, LAST_PRIORITY + 1) if number not in used)
    return tuple(replace(each, priority=kept.get(each.name.lower()) or next(free)) for each in desired)
