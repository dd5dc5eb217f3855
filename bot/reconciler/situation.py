"""What one round for one firewall knows: what is wanted, what is there, and the gap."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.domain.allowance import Allowance, is_wanted
from bot.domain.drift import Key, foreign_changes, key_of, leave_alone
from bot.domain.naming import by_address
from bot.domain.plan import Plan, content_digest, diff, rendered_bytes
from bot.domain.rules import placed, render
from bot.domain.target import Target
from bot.ports import AllowanceFilter, ObservedTarget
from bot.reconciler.poison import set_aside
from bot.reconciler.run import Run

HANDED = "handed"
"""Memo: ids of allowances that are written elsewhere now, and whose rules here were not yet seen absent."""

LOST_FOR = timedelta(minutes=30)
"""How long a write of which nobody knows whether it will still land is remembered as ours."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What one round knows.

    Args:
        target: The firewall policy or classic firewall.
        seen: What it holds.
        rows: Every open allowance of it, and those that are written elsewhere now and still have rules here.
        wanted: Those whose rules must be there now.
        unresolved: Those that are left out because they need the DNS proxy, and it is off.
        natural: The gap between what is there and what is wanted.
        plan: The gap that is to be closed: without what is left alone because somebody else made it so.
    """

    target: Target
    seen: ObservedTarget
    rows: tuple[Allowance, ...]
    wanted: tuple[Allowance, ...]
    unresolved: tuple[Allowance, ...]
    natural: Plan
    plan: Plan

    @property
    def by_id(self) -> Mapping[str, Allowance]:
        """The open allowances by id."""
        return {row.id: row for row in self.rows}


def observe(run: Run, target: Target) -> Situation:
    """Read the target, then what is wanted: a decision that comes in between is in the plan."""
    seen = run.ctx.arm.observe(target)
    rows = open_rows(run, target)
    now = run.now
    due = tuple(r for r in rows if r.scope.target == target and is_wanted(r, now) and r.id not in set_aside(run))
    unresolved = () if seen.takes_names is not False else tuple(row for row in due if by_address(row.destinations))
    wanted = tuple(row for row in due if row not in unresolved)
    natural = diff(seen.collections, render(wanted))
    left = _still_left(run, natural, {row.id: row for row in rows})
    desired = leave_alone(natural.desired, seen.collections, left)
    desired = placed(desired, seen.collections, taken=seen.taken, first=seen.first_priority)
    run.memo["rules"] = sum(len(each.rules) for each in seen.collections)
    run.memo["bytes"] = max(seen.size_bytes or 0, rendered_bytes(seen.collections))
    return Situation(target, seen, rows, wanted, unresolved, natural, diff(seen.collections, desired))


def open_rows(run: Run, target: Target) -> tuple[Allowance, ...]:
    """Every open allowance of a target as it is stored now, and those that leave it for another one."""
    with run.ctx.store.read() as tx:
        rows = tx.allowances.find(AllowanceFilter(target=target, only_open=True))
        handed = [tx.allowances.get(id_) for id_ in run.memo.get(HANDED, ())]
    return (*rows, *(row for row in handed if row.scope.target != target and target in row.leaving))


def _still_left(run: Run, natural: Plan, by_id: Mapping[str, Allowance]) -> frozenset[Key]:
    """The differences reported and left alone, as long as they persist and were made by others."""
    reported = {(collection, rule) for collection, rule in run.memo.get("left", ())}
    left = reported & {key_of(change) for change in foreign_changes(natural, by_id)}
    run.memo["left"] = sorted(list(key) for key in left)
    return frozenset(left)


def is_known(run: Run, seen: ObservedTarget) -> bool:
    """Whether what is there is what we last read back, last meant to write, or may have written without knowing."""
    ours = {run.memo.get("verified"), run.memo.get("intended"), *(digest for digest, _ in _lost(run))}
    return content_digest(seen.collections) in ours


def remember_lost(run: Run, digest: str) -> None:
    """A write of which nobody knows the end: if it lands late, that is our own doing and no drift."""
    run.memo["lost"] = [*_lost(run), [digest, run.now.isoformat()]][-8:]


def _lost(run: Run) -> list[Any]:
    return [entry for entry in run.memo.get("lost", ()) if datetime.fromisoformat(entry[1]) > run.now - LOST_FOR]
