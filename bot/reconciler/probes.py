"""Runs the probes of one cluster, one after the other; the command's result is looked for, never waited for."""

from datetime import datetime, timedelta

from bot import probing
from bot.domain.egress import ClusterEgress, addresses_of
from bot.domain.egress_filter import egress_filter
from bot.domain.probe import MOST_TRIES, STARTS_WITHIN, WITHIN, Probe, files_of, not_run, read_report
from bot.errors import (
    ArmBusy,
    ArmForbidden,
    ArmThrottled,
    EgressError,
    LeaseLost,
    StaleVersion,
    StoreUnavailable,
    Unavailable,
)
from bot.ports import CommandState, Finish, Operation
from bot.reconciler.run import Run

TOO_LONG = f"Azure had no result after {WITHIN.seconds} seconds, so nothing was learnt. Try again."
LOST = "The bot was restarted twice while Azure took the command, so its result is lost. Try again."
RIGHT = "The role deploy/roles/prober.json, assigned on this cluster, allows it."
NO_TURN = "It did not get its turn in time: Azure was not available, or other probes of this cluster came first."


def run_probe(run: Run) -> Finish:
    """Take the oldest open probe of the cluster one step further."""
    with run.ctx.store.read() as tx:
        waiting = tx.probes.open_of(run.claim.key.partition(":")[2])
    if not waiting:
        return Finish(None, state=run.kept)
    probe = waiting[0]
    try:
        return _look(run, probe) if probe.result_url else _begin(run, probe)
    except (LeaseLost, StoreUnavailable, StaleVersion):
        raise
    except Unavailable as error:
        return _later(run, probe, error)
    except EgressError as error:
        return _end(run, probe, probe.fail(error.sentence, run.now))


def _begin(run: Run, probe: Probe) -> Finish:
    """Send the command, unless one may have been accepted a moment ago by a process that died."""
    if probe.begun_at is not None and run.now < probe.begun_at + WITHIN:
        return run.again(probe.begun_at + WITHIN - run.now)
    if probe.tries >= MOST_TRIES:
        return _end(run, probe, probe.fail(LOST, run.now))
    if run.now >= probe.asked_at + STARTS_WITHIN:
        return _end(run, probe, probe.fail(NO_TURN, run.now))
    egress = run.ctx.clusters.read_egress(probe.cluster_id)
    expected = probing.expectations_of(run.ctx, egress, probe.destinations)
    begun = _save(run, probe.begin(run.now, expected, addresses_of(egress)))
    run.require_time()
    try:
        operation = run.ctx.clusters.begin_probe(probe.cluster_id, files_of(probe.destinations, probe.echo))
    except (ArmThrottled, ArmBusy):
        _save(run, begun.retract())
        raise
    except Unavailable:
        raise
    except EgressError as error:
        right = f" {RIGHT}" if isinstance(error, ArmForbidden) else ""
        return _end(run, begun, begun.fail(f"{error.sentence}{right}", run.now))
    _save(run, begun.accept(operation.url))
    return run.again(operation.look_after)


def _look(run: Run, probe: Probe) -> Finish:
    state = run.ctx.operations.look_at_command(Operation(probe.result_url, timedelta()))
    if not state.is_running:
        return _end(run, probe, _answered(run, probe, state))
    if run.now >= _deadline(probe):
        return _end(run, probe, probe.fail(TOO_LONG, run.now))
    return run.again(min(state.look_after, _deadline(probe) - run.now))


def _answered(run: Run, probe: Probe, state: CommandState) -> Probe:
    if state.exit_code is None or state.reason:
        return probe.fail(not_run(state.reason), run.now)
    report = read_report(state.output, probe.destinations)
    ended = probe.answer(report, run.now)
    if not ended.disagrees:
        return ended
    return probe.answer(report, run.now, is_shaken=_is_shaken(run, probe))


def _is_shaken(run: Run, probe: Probe) -> bool:
    """Whether what the probe is compared with changed meanwhile, or is about to: then a difference proves nothing."""
    egress = run.ctx.clusters.read_egress(probe.cluster_id)
    expected = probing.expectations_of(run.ctx, egress, probe.destinations)
    is_other = (expected, addresses_of(egress)) != (probe.expectations, probe.known_ips)
    return is_other or egress.is_converging or _is_updating(run, egress)


def _is_updating(run: Run, egress: ClusterEgress) -> bool:
    target = egress_filter(egress).target
    return target is not None and run.ctx.targets.open(target).observe().is_updating


def _later(run: Run, probe: Probe, error: Unavailable) -> Finish:
    """Wait as long as somebody may still want to know."""
    ends = probe.asked_at + STARTS_WITHIN if not probe.result_url else _deadline(probe) + WITHIN
    if run.now >= ends:
        return _end(run, probe, probe.fail(error.sentence, run.now))
    wait = run.paced(error.retry_after) if error.retry_after else run.ctx.pace.backoff
    return run.again(min(wait, ends - run.now))


def _deadline(probe: Probe) -> datetime:
    return (probe.begun_at or probe.asked_at) + WITHIN


def _save(run: Run, probe: Probe) -> Probe:
    with run.write() as uow:
        return uow.tx.probes.save(probe)


def _end(run: Run, probe: Probe, ended: Probe) -> Finish:
    with run.write() as uow:
        probing.conclude(uow, ended)
        is_last = not uow.tx.probes.open_of(probe.cluster_id)
    return Finish(None, state=run.kept) if is_last else run.again(timedelta())
