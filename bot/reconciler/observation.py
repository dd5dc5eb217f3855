"""The state of one round for one firewall: what is wanted, what exists, and the difference."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.domain.allowance import Allowance, is_wanted
from bot.domain.drift import foreign_changes, key_of, leave_alone
from bot.domain.network_rules import by_address
from bot.domain.rule_diff import Key, Limits, RuleDiff, check_safe, diff, rendered_bytes
from bot.domain.rule_rendering import placed, render
from bot.domain.target import Target
from bot.domain.writer_state import WriterState
from bot.ports import AllowanceFilter, ObservedTarget, Transaction
from bot.reconciler.run import Run


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
        left: What is left alone.
    """

    target: Target
    seen: ObservedTarget
    rows: tuple[Allowance, ...]
    wanted: tuple[Allowance, ...]
    unresolved: tuple[Allowance, ...]
    natural: RuleDiff
    plan: RuleDiff
    left: frozenset[Key] = frozenset()

    @property
    def by_id(self) -> Mapping[str, Allowance]:
        """The open allowances by id."""
        return {row.id: row for row in self.rows}


def observe(run: Run, target: Target) -> Observation:
    """Read the target, then what is wanted: a decision that comes in between is in the plan."""
    seen = run.ctx.targets.open(target).observe()
    found = observation_of(target, seen, open_rows(run, target), run.state, run.now)
    run.state = run.state.observe(
        size_bytes=max(seen.size_bytes or 0, rendered_bytes(seen.collections)),
        ignored_drift=found.left,
    )
    return found


def observation_of(
    target: Target, seen: ObservedTarget, rows: tuple[Allowance, ...], state: WriterState, now: datetime
) -> Observation:
    """The decision of a round, from what is there, what is stored and what the writer remembers: asks nobody."""
    due = tuple(r for r in rows if r.scope.target == target and is_wanted(r, now) and r.id not in state.quarantined)
    unresolved = () if seen.takes_names is not False else tuple(row for row in due if by_address(row.destinations))
    wanted = tuple(row for row in due if row not in unresolved)
    natural = diff(seen.collections, render(wanted))
    left = _still_left(state, natural, {row.id: row for row in rows})
    desired = leave_alone(natural.desired, seen.collections, left)
    desired = placed(desired, seen.collections, taken=seen.taken, first=seen.first_priority)
    return Observation(target, seen, rows, wanted, unresolved, natural, diff(seen.collections, desired), left)


def must_repeat(seen: ObservedTarget, priority: int | None) -> bool:
    """Whether the same rules have to be put again: Azure's last update failed, or our group has not this priority."""
    return seen.has_failed or (priority is not None and seen.priority != priority)


def require_safe(observation: Observation, limits: Limits) -> None:
    """Refuse a write that would break a limit, or remove much that nobody ended.

    Raises:
        UnsafePlan: With the numbers.
    """
    seen = observation.seen
    ended = {row.id for row in observation.rows} - {row.id for row in observation.wanted}
    check_safe(observation.plan, limits, ended=ended, new_group_of=None if seen.etag is not None else seen.group_count)


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
