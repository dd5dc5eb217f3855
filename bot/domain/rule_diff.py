"""The difference between the rules that should be and those that are: a value, checked before it is applied."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from json.encoder import encode_basestring_ascii as quoted
from typing import Annotated

from pydantic import Field

from bot.domain.fields import NotWritten
from bot.domain.firewall import (
    ApplicationRule,
    NatRule,
    NetworkRule,
    Rule,
    RuleAction,
    RuleCollection,
    RuleKind,
    network_fqdns,
)
from bot.domain.firewall.rules import MAX_NETWORK_FQDNS
from bot.domain.rule_rendering import allowance_id_from_rule
from bot.errors import UnsafePlan

MAX_GROUP_BYTES = 2 * 1024 * 1024
"""Largest rule collection group.

Source: https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits
(Azure Firewall limits), read 2026-11.
"""

MAX_GROUPS = 90
"""Rule collection groups in one firewall policy; same source."""

BYTES_PER_RULE = 400
"""Bytes of JSON for one of the bot's rules besides its names and ranges: an upper bound for the rendered keys."""


Key = tuple[str, str]
"""A rule's place: its collection's name and its own, both in lower case."""

Meaning = str
"""What a rule matches and what happens to it, a JSON list: equal for rules that the firewall treats alike."""

_Head = tuple[RuleKind, RuleAction]
"""What the meaning of a rule takes from its collection."""


class ChangeKind(StrEnum):
    """The kinds of change to one rule."""

    ADD = "add"
    REMOVE = "remove"
    ALTER = "alter"


@dataclass(frozen=True, slots=True, order=True)
class RuleChange:
    """One rule that an update adds, removes or alters."""

    collection: str
    rule: str
    kind: ChangeKind


@dataclass(frozen=True, slots=True)
class RuleDiff:
    """Everything that one write would do.

    Args:
        changes: Sorted by collection and rule.
        desired: The whole content that is written.
        before: Digest of what was observed.
        after: Digest of what will be there.
        kept: How many rules stay as they are.
    """

    changes: tuple[RuleChange, ...]
    desired: tuple[RuleCollection, ...]
    before: str
    after: str
    kept: int

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        return self.before == self.after

    def count(self, kind: ChangeKind) -> int:
        """The number of rules it adds, removes or alters."""
        return sum(change.kind is kind for change in self.changes)


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a plan.

    Args:
        max_removed_share: Of the rules that are there, the share (0..1) that one update may remove unexplained.
        free_removals: So many may always go, whatever share they are.
        max_bytes: Size of the rendered rule collection group.
        max_groups: Rule collection groups in the policy, ours included.
    """

    max_removed_share: Annotated[float, Field(ge=0, le=1)] = 0.5
    free_removals: Annotated[int, NotWritten()] = 20
    max_bytes: Annotated[int, NotWritten()] = MAX_GROUP_BYTES
    max_groups: Annotated[int, NotWritten()] = MAX_GROUPS


@dataclass(frozen=True, slots=True)
class Gauge:
    """The fill level of something: our part of a firewall in bytes, or the network rules of a firewall in FQDNs.

    Args:
        after: With the requested names; bytes as Azure counts or as we render, whichever is more.
        limit: What it holds.
    """

    after: int
    limit: int

    @property
    def share(self) -> float:
        """The fill level, 0..1; above 1 if it does not fit."""
        return self.after / self.limit

    @property
    def fits(self) -> bool:
        """Whether the request fits."""
        return self.after <= self.limit


@dataclass(slots=True)
class _Known:
    """What a rule means in a collection of one kind, and the last comparison that asked for it."""

    rule: Rule
    head: _Head
    meaning: Meaning
    asked: int


class Meanings:
    """What rules mean, kept for whoever compares mostly equal ones again; for one comparison at a time."""

    def __init__(self) -> None:
        self._known: dict[Key, _Known] = {}
        self._turn = 0

    def of(self, key: Key, collection: RuleCollection, rule: Rule) -> Meaning:
        """The meaning of a rule; that of an equal one in the same place is known."""
        known, head = self._known.get(key), (collection.kind, collection.action)
        if known is None or known.head != head or not (known.rule is rule or known.rule == rule):
            known = self._known[key] = _Known(rule, head, meaning_of(collection, rule), self._turn)
        known.asked = self._turn
        return known.meaning

    def turn(self) -> None:
        """Forget what the comparison that is over did not ask for."""
        for key in [key for key, known in self._known.items() if known.asked != self._turn]:
            del self._known[key]
        self._turn += 1


def diff(
    observed: Sequence[RuleCollection], desired: Sequence[RuleCollection], meanings: Meanings | None = None
) -> RuleDiff:
    """Compare by meaning: order, letter case and descriptions do not count.

    Nor do the priorities of our collections among each other: all of them allow, so their order decides nothing.

    Args:
        observed: What is there.
        desired: What should be.
        meanings: What is known of the same rules from before.
    """
    meanings = meanings or Meanings()
    before, after = _rules(observed, meanings), _rules(desired, meanings)
    differing = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
    changes = tuple(RuleChange(*key, _kind(was_there=key in before, will_be=key in after)) for key in differing)
    kept = sum(before.get(key) == value for key, value in after.items())
    was = _digest(before)
    return RuleDiff(changes, tuple(desired), was, _digest(after) if changes else was, kept)


def content_digest(collections: Sequence[RuleCollection]) -> str:
    """A digest of what rule collections mean: equal for everything that the firewall would treat alike."""
    return _digest(_rules(collections, Meanings()))


def _digest(rules: Mapping[Key, Meaning]) -> str:
    """Of one JSON list, put together from the meanings: a round has thousands of them, and most are known."""
    content = (f"[{quoted(of)},{quoted(name)},{rules[of, name]}]" for of, name in sorted(rules))
    return hashlib.sha256(f"[{','.join(content)}]".encode()).hexdigest()[:16]


def check_safe(plan: RuleDiff, limits: Limits, *, ended: Collection[str]) -> None:
    """Refuse a plan that would remove much that nobody ended, or name more than a firewall takes.

    Args:
        plan: What would be written, in all groups.
        limits: The bounds.
        ended: Ids of allowances that the database knows to have ended: their rules may always go. What is left are
            rules that vanish without anybody's act, which is what a wrong or empty database looks like.

    Raises:
        UnsafePlan: With the numbers.
    """
    removed = [change for change in plan.changes if change.kind is ChangeKind.REMOVE]
    unexplained = sum(allowance_id_from_rule(change.rule) not in ended for change in removed)
    present = plan.kept + plan.count(ChangeKind.ALTER) + len(removed)
    if unexplained > limits.free_removals and unexplained > present * limits.max_removed_share:
        raise UnsafePlan(
            f"This update would remove {unexplained} of the bot's {present} rules although nobody ended them; "
            f"removing more than {limits.max_removed_share:.0%} at once needs an operator "
            "(firewall.max_removed_share)."
        )
    names = network_fqdns(plan.desired)
    if names > MAX_NETWORK_FQDNS:
        raise UnsafePlan(
            f"The network rules would name {names:,} FQDNs; the limit for a firewall is {MAX_NETWORK_FQDNS:,}."
        )


def rendered_bytes(collections: Sequence[RuleCollection]) -> int:
    """An upper bound of the size of these rule collections as JSON."""
    return sum(rule_bytes(rule) for collection in collections for rule in collection.rules)


def rule_bytes(rule: Rule) -> int:
    """An upper bound of the size of one rule as JSON."""
    if isinstance(rule, NatRule):
        return BYTES_PER_RULE
    names = rule.target_fqdns if isinstance(rule, ApplicationRule) else rule.destination_fqdns
    listed = (*rule.source_addresses, *names, rule.name, rule.description)
    return BYTES_PER_RULE + sum(len(text) + 4 for text in listed)


def _kind(*, was_there: bool, will_be: bool) -> ChangeKind:
    if was_there and will_be:
        return ChangeKind.ALTER
    return ChangeKind.ADD if will_be else ChangeKind.REMOVE


def _rules(collections: Sequence[RuleCollection], meanings: Meanings) -> dict[Key, Meaning]:
    """The meaning of each rule. Copies of it in several groups that mean something else are part of it."""
    found: dict[Key, Meaning] = {}
    for collection in collections:
        of = collection.name.lower()
        for rule in collection.rules:
            key = (of, rule.name.lower())
            meaning = meanings.of(key, collection, rule)
            first = found.setdefault(key, meaning)
            if first != meaning:
                found[key] = f"{first[:-1]},{meaning[1:]}"
    return found


def meaning_of(collection: RuleCollection, rule: Rule) -> Meaning:
    """What a rule matches and what happens to it: equal for rules that the firewall treats alike."""
    return f"[{','.join(map(quoted, (collection.kind, collection.action, *_meaning(rule))))}]"


def _meaning(rule: Rule) -> tuple[str, ...]:
    if isinstance(rule, NetworkRule):
        return ("network", *_network_meaning(rule))
    if not isinstance(rule, ApplicationRule):
        return (repr(rule),)
    protocols = tuple(f"{name}:{port}" for name, port in rule.protocols)
    parts = (
        rule.source_addresses,
        rule.source_ip_groups,
        rule.source_kube_selector_groups,
        rule.destination_addresses,
        protocols,
        rule.target_fqdns,
        rule.target_urls,
        rule.fqdn_tags,
        rule.web_categories,
    )
    return (str(rule.terminate_tls), *[_set_text(part) if part else "" for part in parts])


def _network_meaning(rule: NetworkRule) -> tuple[str, ...]:
    parts = (
        tuple(protocol.lower() for protocol in rule.ip_protocols),
        rule.source_addresses,
        rule.source_ip_groups,
        rule.source_geo_locations,
        rule.destination_addresses,
        rule.destination_ip_groups,
        rule.destination_geo_locations,
        rule.destination_fqdns,
        rule.destination_ports,
    )
    return tuple(_set_text(part) if part else "" for part in parts)


def _set_text(part: tuple[str, ...]) -> str:
    """The members of a set; most sets of a rule have one."""
    return ",".join(sorted(set(part))) if len(part) > 1 else part[0]
