"""The state of one round for one firewall: what is wanted, what exists, and the difference."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from bot.domain.allowance import Allowance, is_wanted
from bot.domain.drift import foreign_changes, key_of, leave_alone
from bot.domain.firewall import RuleCollection
from bot.domain.network_rules import by_address
from bot.domain.rule_diff import ChangeKind, Key, Limits, RuleChange, RuleDiff, check_safe, content_digest, diff
from bot.domain.rule_groups import ObservedGroup, check_group, has_rule_of, only, without
from bot.domain.rule_rendering import placed
from bot.domain.rule_spread import Placement, Room, spread
from bot.domain.target import Target
from bot.domain.writer_state import WriterState
from bot.ports import AllowanceFilter, ObservedTarget, Transaction
from bot.reconciler.last_diffs import LastDiffs
from bot.reconciler.run import Run


class Stored(NamedTuple):
    """The rows of a target in the database.

    Args:
        rows: Its open allowances, and those that are written elsewhere now and still have rules here.
        state: What its writer remembers.
        diffs: What this process compared before, for its writer.
    """

    rows: tuple[Allowance, ...]
    state: WriterState
    diffs: LastDiffs | None = None


@dataclass(frozen=True, slots=True)
class GroupPlan:
    """What one write would do to one of our groups.

    Args:
        group: As it is.
        desired: Our part of it as it would be.
        changes: The difference; in another group, a rule that is added here may be there already.
    """

    group: ObservedGroup
    desired: tuple[RuleCollection, ...]
    changes: tuple[RuleChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Observation:
    """The state of one round.

    Args:
        target: The firewall policy or classic firewall.
        seen: What it holds.
        rows: Every open allowance of it, and those that are written elsewhere now and still have rules here.
        wanted: Those whose rules must be there now.
        unresolved: Those that are left out because they need the DNS proxy, and it is off.
        natural: The gap between what is there and what is wanted.
        plan: The gap that is to be closed: without what is left alone because somebody else made it so.
        groups: What there is to be done for each group, by number.
        left: What is left alone.
    """

    target: Target
    seen: ObservedTarget
    rows: tuple[Allowance, ...]
    wanted: tuple[Allowance, ...]
    unresolved: tuple[Allowance, ...]
    natural: RuleDiff
    plan: RuleDiff
    groups: tuple[GroupPlan, ...]
    left: frozenset[Key] = frozenset()

    @property
    def by_id(self) -> Mapping[str, Allowance]:
        """The open allowances by id."""
        return {row.id: row for row in self.rows}

    def after(self, plan: GroupPlan) -> str:
        """The content digest of all our rules once this one group is written."""
        if len(self.groups) == 1 or self._is_all(plan):
            return self.plan.after
        there = {group.number: group.collections for group in self.seen.groups} | {plan.group.number: plan.desired}
        return content_digest([collection for _, each in sorted(there.items()) for collection in each])

    def _is_all(self, plan: GroupPlan) -> bool:
        """Whether this one write closes the whole gap: no other group differs, and no rule is in two of them."""
        differing = self.plan.count(ChangeKind.ADD) + self.plan.count(ChangeKind.ALTER)
        is_apart = sum(len(each.rules) for each in self.plan.desired) == self.plan.kept + differing
        return is_apart and not any(each.changes for each in self.groups if each.group.number != plan.group.number)

    def due(self, repeated: Collection[int], *, after: int) -> list[GroupPlan]:
        """The groups to be written, in turn, so that none waits for another that always has something new.

        Args:
            repeated: Numbers of groups that are put again although nothing differs; see ``repeats``.
            after: The number of the group that was written last.
        """
        found = (each for each in self.groups if each.changes or each.group.number in repeated)
        return sorted(found, key=lambda each: (each.group.number <= after, each.group.number))


def observe(run: Run, target: Target, seen: ObservedTarget, stored: Stored) -> Observation:
    """Compare what is there with what is wanted, both as they were read just now, and remember what was seen."""
    found = observation_of(target, seen, stored, run.ctx.config.firewall, run.now)
    run.state = run.state.observe(
        size_bytes=sum(group.filled_bytes for group in found.seen.groups),
        foreign_groups=max(0, seen.group_count - len(found.seen.groups)),
        ignored_drift=found.left,
    )
    return found


def observation_of(target: Target, seen: ObservedTarget, stored: Stored, limits: Limits, now: datetime) -> Observation:
    """The decision of a round, from what is there, what is stored and what the writer remembers: asks nobody."""
    rows, state, diffs = stored
    seen = _only_ours(seen, stored)
    due = tuple(r for r in rows if r.scope.target == target and is_wanted(r, now) and r.id not in state.quarantined)
    unresolved = () if seen.takes_names is not False else tuple(row for row in due if by_address(row.destinations))
    wanted = tuple(row for row in due if row not in unresolved)
    natural = (diffs or LastDiffs()).of(target, seen.collections, wanted)
    left = _still_left(state, natural, {row.id: row for row in rows})
    closed = (*state.refused_groups, *seen.strangers)
    room = Room(limits.max_bytes, max(0, limits.max_groups - seen.group_count), closed)
    groups = _plans(seen, natural, left, room)
    desired = tuple(collection for each in groups for collection in each.desired)
    plan = diff(seen.collections, desired) if left else replace(natural, desired=desired)
    return Observation(target, seen, rows, wanted, unresolved, natural, plan, groups, left)


def _only_ours(seen: ObservedTarget, stored: Stored) -> ObservedTarget:
    """Without groups that are named like ours and that this database never wrote, such as those of a second bot.

    A group whose state was lost is known by a rule of ours in it.
    """
    unknown = [group for group in seen.groups if group.number not in {1, *stored.state.further_groups}]
    ids = {row.id for row in stored.rows} if unknown else ()
    strangers = tuple(group.number for group in unknown if not has_rule_of(group, ids))
    ours = tuple(group for group in seen.groups if group.number not in strangers)
    return replace(seen, groups=ours, strangers=strangers) if strangers else seen


def _plans(seen: ObservedTarget, natural: RuleDiff, left: frozenset[Key], room: Room) -> tuple[GroupPlan, ...]:
    """What each group is to hold, and how that differs from what it holds."""
    changed = frozenset(map(key_of, natural.changes))
    ours = without(natural.desired, left)
    one = Placement({1: ours})  # a classic firewall has no groups
    placement = one if seen.spare is None else spread(ours, seen.groups, room, left=left, differing=changed)
    differing = changed | placement.displaced
    numbers = {*placement.by_group, *(group.number for group in seen.groups)}
    return tuple(_plan(seen.group(n), placement.by_group.get(n, ()), left, differing) for n in sorted(numbers))


def _plan(
    group: ObservedGroup, ours: tuple[RuleCollection, ...], left: frozenset[Key], differing: Collection[Key]
) -> GroupPlan:
    desired = leave_alone(ours, group.collections, left)
    desired = placed(desired, group.collections, taken=group.taken, first=group.first_priority)
    if not differing or desired == group.collections:
        return GroupPlan(group, desired)
    changes = diff(only(group.collections, differing), only(desired, differing)).changes
    return GroupPlan(group, desired, changes)


def repeats(seen: ObservedTarget, state: WriterState) -> frozenset[int]:
    """The groups that have to be put again: Azure's last update failed, or they have another priority than ours."""
    failed = {group.number for group in seen.groups if group.has_failed}
    if seen.has_failed and not failed:
        numbers = [group.number for group in seen.groups]
        failed = {state.written_group} if state.written_group in numbers else set(numbers[:1])
    return frozenset(failed | moved(seen, state).keys())


def moved(seen: ObservedTarget, state: WriterState) -> dict[int, tuple[int, int | None]]:
    """The groups whose priority is not ours: the priority as we left it, and as it is."""
    found = ((group.number, state.priorities_of(group.number).kept, group.priority) for group in seen.groups)
    return {number: (kept, is_) for number, kept, is_ in found if kept is not None and kept != is_}


def require_safe(observation: Observation, limits: Limits) -> None:
    """Refuse to write what would remove much that nobody ended, or name more than a firewall takes.

    Raises:
        UnsafePlan: With the numbers.
    """
    ended = {row.id for row in observation.rows} - {row.id for row in observation.wanted}
    check_safe(observation.plan, limits, ended=ended)


def require_room(observation: Observation, plan: GroupPlan, limits: Limits) -> None:
    """Refuse a write of one group that would break a limit of Azure.

    Raises:
        UnsafePlan: With the numbers.
    """
    check_group(plan.group, plan.desired, limits, group_count=observation.seen.group_count)


def open_rows(run: Run, target: Target) -> tuple[Allowance, ...]:
    """Every open allowance of a target as it is stored now, and those that leave it for another one."""
    with run.ctx.store.read() as tx:
        return stored_rows(tx, target, run.state)


def stored_rows(tx: Transaction, target: Target, state: WriterState) -> tuple[Allowance, ...]:
    """The same, of a target whose writer left this state."""
    rows = tx.allowances.find(AllowanceFilter(target=target, only_open=True))
    handed = [tx.allowances.get(id_) for id_ in state.handed_over]
    return (*rows, *(row for row in handed if row.scope.target != target and target in row.leaving))


def _still_left(state: WriterState, natural: RuleDiff, by_id: Mapping[str, Allowance]) -> frozenset[Key]:
    """The reported rules that are still left as somebody made them."""
    return frozenset(state.ignored_drift) & {key_of(change) for change in foreign_changes(natural, by_id)}
