"""The changes that the next writes to Azure would make, as a value: the output of ``python -m bot plan``.

It is made from the very plan that the writer would carry out; see ``bot.reconciler.forecasting``.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from bot.domain.allowance import Allowance
from bot.domain.drift import Drift, key_of
from bot.domain.firewall import Rule, RuleCollection, RuleKind
from bot.domain.rule_diff import ChangeKind, Key, RuleChange, RuleDiff
from bot.domain.rule_groups import joined
from bot.domain.rule_rendering import allowance_id_from_rule
from bot.domain.snat import Change
from bot.domain.target import Target


class Fate(StrEnum):
    """The next write's act on a rule or a rule collection."""

    ADD = "add"
    ALTER = "alter"
    REMOVE = "remove"
    KEEP = "keep"


class ForecastResult(IntEnum):
    """The result of a forecast; the number is the exit status of ``plan``.

    As ``terraform plan -detailed-exitcode`` has them: https://developer.hashicorp.com/terraform/cli/commands/plan,
    read 2026-11.
    """

    UNCHANGED = 0
    ERROR = 1
    CHANGES = 2


@dataclass(frozen=True, slots=True)
class RuleForecast:
    """One of the bot's rules.

    Args:
        name: Its name.
        fate: What happens to it.
        allowance: The id in its name; empty where it names no allowance of the database.
        cluster: Whose traffic it is for; empty where that is not known.
        before: As it is in Azure; None where it is not there.
        after: As it will be; None where it goes.
    """

    name: str
    fate: Fate
    allowance: str
    cluster: str
    before: Rule | None
    after: Rule | None


@dataclass(frozen=True, slots=True)
class CollectionForecast:
    """One of the bot's rule collections.

    Args:
        name: Its name.
        kind: Of its rules.
        priority: As it will be; as it is where it goes.
        fate: What happens to it: ``alter`` where any of its rules changes.
        rules: By name.
    """

    name: str
    kind: RuleKind
    priority: int
    fate: Fate
    rules: tuple[RuleForecast, ...]


@dataclass(frozen=True, slots=True)
class Foreign:
    """A change that somebody else made to one of the bot's rules.

    Args:
        collection: Its rule collection.
        rule: Its name.
        did: ``removed``, ``altered`` or ``added``.
        next: What the bot does about it, as a sentence.
    """

    collection: str
    rule: str
    did: str
    next: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An approved allowance whose rules the next write leaves out, and why, as a sentence."""

    allowance: str
    why: str


@dataclass(frozen=True, slots=True)
class TargetForecast:
    """The next write of one firewall policy or classic firewall.

    Args:
        target: Which.
        collections: The bot's, by name.
        foreign: What somebody else did to ours.
        left_out: Approved allowances that are not written.
        repeats: Why the same rules are put once more; empty where they are not.
        obstacles: What keeps the writer from writing now; each a sentence.
        remarks: What else whoever operates it wants to know; each a sentence.
    """

    target: Target
    collections: tuple[CollectionForecast, ...] = ()
    foreign: tuple[Foreign, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    repeats: str = ""
    obstacles: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    def count(self, fate: Fate) -> int:
        """How many rules it is the fate of."""
        return sum(rule.fate is fate for each in self.collections for rule in each.rules)

    @property
    def has_changes(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.repeats) or any(each.fate is not Fate.KEEP for each in self.collections)


@dataclass(frozen=True, slots=True)
class ScaleForecast:
    """The next step of an approved scale proposal.

    Args:
        id: Of the proposal.
        cluster: The cluster's name.
        change: What is changed, from what to what.
        is_applied: Whether the next look at it changes the cluster.
        why: Why it does not, or not now, as a sentence; empty where nothing is in the way.
    """

    id: str
    cluster: str
    change: Change
    is_applied: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A resource that could not be read, and why, as a sentence: nothing is known about it."""

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Forecast:
    """Everything that was looked at.

    Args:
        targets: By id.
        scales: By cluster.
        unreadable: What is missing in it.
    """

    targets: tuple[TargetForecast, ...] = ()
    scales: tuple[ScaleForecast, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()

    @property
    def has_changes(self) -> bool:
        """Whether anything would be written."""
        return any(one.has_changes for one in self.targets) or any(one.is_applied for one in self.scales)

    @property
    def result(self) -> ForecastResult:
        """The result: with something unreadable it is not complete, whatever the rest says."""
        if self.unreadable:
            return ForecastResult.ERROR
        return ForecastResult.CHANGES if self.has_changes else ForecastResult.UNCHANGED


def collections_of(
    observed: Sequence[RuleCollection], plan: RuleDiff, by_id: Mapping[str, Allowance]
) -> tuple[CollectionForecast, ...]:
    """A plan with everything that it changes and keeps.

    Args:
        observed: Our rule collections as they are.
        plan: What is written.
        by_id: The allowances of the target.
    """
    there = {each.name.lower(): each for each in joined(observed)}
    wanted = {each.name.lower(): each for each in joined(plan.desired)}
    fates = {key_of(change): Fate(change.kind.value) for change in plan.changes}
    return tuple(_collection(name, there, wanted, fates, by_id) for name in sorted({*there, *wanted}))


def _collection(
    name: str,
    observed: Mapping[str, RuleCollection],
    desired: Mapping[str, RuleCollection],
    fates: Mapping[Key, Fate],
    by_id: Mapping[str, Allowance],
) -> CollectionForecast:
    there, wanted = observed.get(name), desired.get(name)
    base = wanted or observed[name]
    rules = tuple(_rules(name, there, wanted, fates, by_id))
    return CollectionForecast(base.name, base.kind, base.priority, _fate(there, wanted, rules), rules)


def _fate(there: RuleCollection | None, wanted: RuleCollection | None, rules: Sequence[RuleForecast]) -> Fate:
    if there is None or wanted is None:
        return Fate.ADD if there is None else Fate.REMOVE
    return Fate.KEEP if all(rule.fate is Fate.KEEP for rule in rules) else Fate.ALTER


def _rules(
    collection: str,
    there: RuleCollection | None,
    wanted: RuleCollection | None,
    fates: Mapping[Key, Fate],
    by_id: Mapping[str, Allowance],
) -> Iterable[RuleForecast]:
    before = {rule.name.lower(): rule for rule in (there.rules if there else ())}
    after = {rule.name.lower(): rule for rule in (wanted.rules if wanted else ())}
    for name in sorted({*before, *after}):
        owner = by_id.get(allowance_id_from_rule(name))
        yield RuleForecast(
            name=(after.get(name) or before[name]).name,
            fate=fates.get((collection, name), Fate.KEEP),
            allowance=owner.id if owner else "",
            cluster=owner.scope.cluster_name if owner else "",
            before=before.get(name),
            after=after.get(name),
        )


DID: Mapping[ChangeKind, str] = {ChangeKind.ADD: "removed", ChangeKind.ALTER: "altered", ChangeKind.REMOVE: "added"}
"""The acts of others, named by what the bot would have to do about them."""

_NEXT: Mapping[str, str] = {
    "heal": "The bot puts it right.",
    "adopt": "The bot puts it right.",
    "report": "The bot leaves it as it is; firewall.drift is set to report.",
    "unknown": "The bot leaves it as it is: its database does not know this rule.",
}


def foreign_of(drift: Drift | None, natural: RuleDiff, left: Iterable[Key], mode: str) -> tuple[Foreign, ...]:
    """The changes of others: those that the writer would find now, and those that it found before and leaves alone.

    Args:
        drift: What it would find; None where what is there is known to be ours.
        natural: What is there against what should be there.
        left: What is left alone.
        mode: ``report`` or ``unknown``: why it is.
    """
    new = {key_of(change): _foreign(change, drift.mode) for change in drift.changes} if drift else {}
    old = {key_of(change): _foreign(change, mode) for change in natural.changes if key_of(change) in left}
    return tuple(each for _, each in sorted((old | new).items()))


def _foreign(change: RuleChange, mode: str) -> Foreign:
    is_taken = mode == "adopt" and change.kind is ChangeKind.ADD
    next_ = "The bot takes its allowance as revoked." if is_taken else _NEXT[mode]
    return Foreign(change.collection, change.rule, DID[change.kind], next_)
