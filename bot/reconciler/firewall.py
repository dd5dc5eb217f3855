"""One round for one firewall: compare what is wanted with what is there, and close the gap with one write.

A round never waits. It looks at an operation that is under way, or it writes once and parks the new operation, or it
finds no difference and says so. Which event woke it does not matter. Where several of our rule collection groups differ
in a firewall policy, each round writes one of them, in turn.
"""

from datetime import timedelta

from bot.domain.allowance import WANTED, Status, status
from bot.domain.target import Target, target_from_key
from bot.errors import ArmNotFound, EgressError
from bot.ports import Finish
from bot.reconciler.alerts import warn_if_long
from bot.reconciler.bisect import fail_unresolved
from bot.reconciler.drift import report_draft, report_drift, report_foreign, report_strangers
from bot.reconciler.dryrun import end_dry_run, is_dry, look_only
from bot.reconciler.last_diffs import LastDiffs
from bot.reconciler.observation import Observation, Stored, observe, open_rows, repeats
from bot.reconciler.read_back import announce, read_back, read_back_absent
from bot.reconciler.run import Run
from bot.reconciler.scope_drift import follow_drift
from bot.reconciler.write import close_attempt, poll_operation, write


def reconcile_rules(run: Run, diffs: LastDiffs) -> Finish:
    """One round; see the module."""
    target = target_from_key(run.claim.key)
    run.subject = target.id
    waiting = poll_operation(run, target)
    if waiting is not None:
        return waiting
    try:
        observation = _observed(run, target, diffs)
    except ArmNotFound:
        diffs.forget(target)
        if read_back_absent(run, target):
            raise
        return Finish(run.ctx.pace.resync if open_rows(run, target) else None, state=run.state)
    if observation.seen.moved_to is not None and _wants(run, observation):
        return _follow(run, observation, observation.seen.moved_to)
    if is_dry(run.ctx, run.claim):
        return look_only(run, observation)
    end_dry_run(run, observation)
    report_draft(run, observation)
    report_strangers(run, observation)
    if observation.seen.is_updating:
        return _give_way(run, target)
    run.state = run.state.find_idle()
    close_attempt(run, observation)
    report_foreign(run, observation)
    return _compare(run, observation)


def _observed(run: Run, target: Target, diffs: LastDiffs) -> Observation:
    """Read the target, then what is wanted, once: a decision that comes in between is in the plan."""
    try:
        seen = run.ctx.targets.open(target).observe()
    except EgressError:
        follow_drift(run, target, open_rows(run, target))  # where traffic goes does not rest on what was not read
        raise
    rows = open_rows(run, target)
    if any(follow_drift(run, target, rows)):
        rows = open_rows(run, target)
    return observe(run, target, seen, Stored(rows, run.state, diffs))


def _wants(run: Run, observation: Observation) -> bool:
    """Whether somebody waits for this target, or is to be written to it."""
    now = run.now
    waits = WANTED | {Status.WAITING}
    return any(row.scope.target == observation.target and status(row, now) in waits for row in observation.rows)


def _follow(run: Run, observation: Observation, policy_id: str) -> Finish:
    """A classic firewall whose rules have moved to a firewall policy takes none: its allowances follow the traffic."""
    text = (
        f"{observation.target.name} now takes its rules from the firewall policy "
        f"{policy_id.rsplit('/', 1)[-1]}. The bot does not manage the copies of its rules that the "
        "migration made elsewhere in the policy: please remove them."
    )
    clusters = {row.scope.cluster_id for row in observation.rows}
    if follow_drift(run, observation.target, observation.rows, of=clusters, why=text).has_changed:
        return run.again(run.ctx.pace.backoff / 5)
    read_back_absent(run, observation.target)
    return run.again(run.ctx.pace.busy * 4)  # their new path could not be read; it is not this target


def _give_way(run: Run, target: Target) -> Finish:
    """Somebody else writes in the same policy tree, or a write whose answer was lost is under way."""
    run.state = run.state.find_busy(run.now)
    warn_if_long(run, run.state.busy_since or run.now, f"Azure has been busy with {target.name}, not for the bot,")
    return run.again(run.ctx.pace.busy)


def _compare(run: Run, observation: Observation) -> Finish:
    if fail_unresolved(run, observation.target, observation.unresolved):
        return run.again(timedelta())
    if report_drift(run, observation):
        return run.again(run.ctx.pace.backoff / 5)
    due = observation.due(repeats(observation.seen, run.state), after=run.state.written_group)
    if not due:
        return read_back(run, observation)
    if observation.seen.faulted is not None and run.failures:
        return run.again(run.ctx.pace.busy * 4)  # a failed firewall accepts nothing; write again afterwards
    if not observation.seen.has_failed and announce(run, observation):
        return run.again(run.ctx.pace.backoff / 5)
    return write(run, observation, due)
