"""Use cases of waiting: how long an allowance waits for the writer, and whether there is room for one more."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.domain.allowance import Allowance, Scope
from bot.domain.estimate import Estimate, Pending, waits_for_writer
from bot.domain.estimate import estimate as estimated
from bot.domain.fqdn import Destination
from bot.domain.rule_diff import BYTES_PER_RULE, MAX_GROUP_BYTES, Gauge, Limits
from bot.domain.target import Target
from bot.domain.writer_state import WriterState
from bot.errors import UnreadableState
from bot.ports import AllowanceFilter, Store, Transaction


def estimate(store: Store, allowance: Allowance, now: datetime) -> Estimate | None:
    """A queue place and an estimate for a card; None for an allowance that does not wait for the writer."""
    target = allowance.scope.target
    with store.read() as tx:
        current = tx.allowances.get(allowance.id)
        if not waits_for_writer(current, now):
            return None
        others = tx.allowances.find(AllowanceFilter(target=target, only_open=True, is_in_line=True))
        pending = _pending(tx, target)
    return estimated(current, others, pending, now)


def gauge(store: Store, limits: Limits, scope: Scope, destinations: Sequence[Destination], *, added: int = 0) -> Gauge:
    """The target's fill level as last read, with these destinations added.

    Args:
        store: Knows the sizes that were read.
        limits: The limits of one rule collection group, and of their number.
        scope: Names the target, and the ranges that a rule is for.
        destinations: What is asked for.
        added: Bytes of what is filed with it in the same target; see ``bytes_of``.
    """
    with store.read() as tx:
        work = tx.work.peek(scope.target.key)
    state = WriterState() if work is None or isinstance(work.state, UnreadableState) else work.state
    groups = max(1, limits.max_groups - state.foreign_groups) if scope.target.has_own_part else 1
    size, holds = bytes_of(scope, destinations), min(limits.max_bytes, MAX_GROUP_BYTES)
    if size > holds:  # the rules of one allowance stay together, so no number of groups is enough
        return Gauge(size, holds)
    return Gauge(state.size_bytes + added + size, holds * groups)


def bytes_of(scope: Scope, destinations: Sequence[Destination]) -> int:
    """What the rules of one allowance add to the bot's rules."""
    listed = sum(len(each.fqdn) + 4 for each in destinations) + sum(len(each) + 4 for each in scope.sources)
    kinds = len({(each.protocol, each.port) for each in destinations})
    return listed + kinds * BYTES_PER_RULE


def _pending(tx: Transaction, target: Target) -> Pending:
    work = tx.work.peek(target.key)
    if work is None:
        return Pending()
    due_in, state = max(work.due_in or timedelta(), timedelta()), work.state
    if isinstance(state, UnreadableState):
        return Pending(due_in=due_in, problem=state.sentence)
    operation = state.operation
    return Pending(
        running_since=operation.started_at if operation else None,
        took=state.update_durations,
        due_in=timedelta() if operation else due_in,
        problem=state.problem,
    )
