"""Applies approved scale proposals, one at a time for each cluster, and reports what was observed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.audit import Action
from bot.domain.egress import ClusterEgress
from bot.domain.scale_proposal import (
    Scale,
    ScaleStatus,
    Step,
    changed_since,
    next_scale,
    next_step,
    scale_facts,
    scale_status,
)
from bot.domain.snat import TypeChange
from bot.domain.snat.refusals import refusal_of, with_next_step
from bot.domain.writer_state import PendingOperation
from bot.errors import ArmNotFound, Refused, StalePlan, StaleVersion, UserError
from bot.inventory import is_deletion, keep
from bot.inventory.partner_news import tell_kept
from bot.measures import OPERATION_SECONDS
from bot.ports import Finish, NoticeEvent, OperationState
from bot.reconciler.alerts import LONG
from bot.reconciler.dryrun import end_hold, hold, is_dry
from bot.reconciler.run import UNREADABLE, UNREADABLE_LOOKS, Run, look_at, operation_id
from bot.scaling import file_again, record, replanned

TURNED_OFF = "The bot may no longer change outbound types (migrate.apply is off). Nothing was changed."


def reconcile_scale(run: Run) -> Finish:
    """One round for one cluster: look at the operation, or compare and begin, or report the result."""
    _, _, cluster_id = run.claim.key.partition(":")
    with run.ctx.store.read() as tx:
        found = tx.scales.find(cluster_id)
    scale = next_scale(found, run.now)
    if scale is None:
        return _look_after_waiting(run, found, cluster_id)
    run.subject = scale.id
    if is_dry(run.ctx, run.claim) and scale.applying_at is None:
        return hold(run, scale)
    waiting = _look(run, scale)
    if waiting is not None:
        return waiting
    began = run.now
    egress = _read(run, cluster_id)
    if egress is None:
        return _fail(run, scale, _deleted(scale))
    return _compare(run, scale, egress, began)


def _read(run: Run, cluster_id: str) -> ClusterEgress | None:
    """The cluster as it is; None where it was deleted."""
    try:
        return run.ctx.clusters.read_egress(cluster_id)
    except ArmNotFound as error:
        if not is_deletion(error):
            raise
        return None


def _look_after_waiting(run: Run, found: Sequence[Scale], cluster_id: str) -> Finish:
    """What nobody has decided yet is planned again, or ends with its cluster, once Azure says so itself."""
    waiting = [scale for scale in found if scale_status(scale, run.now) is ScaleStatus.WAITING]
    if not waiting:
        return Finish(None)
    began = run.now
    egress = _read(run, cluster_id)
    if egress is None:
        for scale in waiting:
            _fail(run, scale, _deleted(scale))
        return Finish(None)
    with run.write() as uow:
        keep(uow.ctx, uow.tx, egress, began)
    stale = [scale for scale in waiting if not scale.plan.is_base(egress)]
    if stale and egress.is_converging:
        return run.again(run.ctx.pace.busy)
    for scale in stale:
        _plan_again(run, scale, egress, began)
    return Finish(None)


def _plan_again(run: Run, scale: Scale, egress: ClusterEgress, began: datetime) -> Finish:
    """The cluster is another one than it was planned for: approvers get the plan of now, which may need no approval."""
    try:
        again = replanned(run.ctx, scale, egress)
    except UserError as error:
        return _fail(run, scale, f"{scale.cluster_name} has changed in Azure since the plan was made. {error.sentence}")
    with run.write() as uow:
        keep(uow.ctx, uow.tx, egress, began)
        file_again(uow, scale, again)
    return Finish(timedelta())


def _deleted(scale: Scale) -> str:
    return f"The cluster {scale.plan.cluster_name} was deleted in Azure."


def _look(run: Run, scale: Scale) -> Finish | None:
    """Query the pending operation once; None if the cluster tells the rest."""
    operation = run.state.operation
    if operation is None:
        return None
    try:
        state = look_at(run, operation)
    except ArmNotFound:
        run.state = run.state.drop_operation()  # forgotten means over; what it did is read from the cluster
        return None
    except UNREADABLE:
        if run.failures < UNREADABLE_LOOKS or run.ctx.clusters.read_egress(scale.plan.cluster_id).is_converging:
            raise
        run.state = run.state.drop_operation()  # the cluster itself is at rest
        return None
    if state.is_running:
        return run.again(run.paced(state.look_after or operation.look_after))
    run.state = run.state.drop_operation()
    took = run.now - (operation.started_at or run.now)
    OPERATION_SECONDS.labels("scale", state.status).observe(took.total_seconds())
    if state.status == "Succeeded":
        return None
    facts = {"operation": operation_id(operation.url), "request_id": operation.request_id}
    why = with_next_step(_ended(state), state.code)
    return _fail(run, scale, f"{why}{_halfway(run, scale)}", code=state.code, **facts)


def _ended(state: OperationState) -> str:
    """How an operation failed: by its kind where that is known, always with Azure's code and words."""
    known = refusal_of(state.code)
    kind = f"{known.what}: " if known else ""
    return f"{kind}Azure ended the change with status {state.status.lower()}, {state.code}: {state.message}"


def _halfway(run: Run, scale: Scale) -> str:
    """Where a failed change of the outbound type has left the cluster, read now; empty for any other change."""
    change = scale.plan.change
    egress = _read(run, scale.plan.cluster_id) if isinstance(change, TypeChange) else None
    return f" {change.halfway(egress)}" if isinstance(change, TypeChange) and egress else ""


def _compare(run: Run, scale: Scale, egress: ClusterEgress, began: datetime) -> Finish:
    """Do what the state of the cluster calls for."""
    match next_step(scale, egress):
        case Step.WAIT:
            return run.again(run.ctx.pace.busy)
        case Step.BEGIN:
            return hold(run, scale) if is_dry(run.ctx, run.claim) else _begin(run, scale)
        case Step.JUDGE:
            return _judge(run, scale, egress, began)
        case Step.FAIL if scale.applying_at is None:
            return _plan_again(run, scale, egress, began)
        case Step.FAIL:
            return _fail(run, scale, changed_since(scale))


def _judge(run: Run, scale: Scale, egress: ClusterEgress, began: datetime) -> Finish:
    """Azure was told; done is what is there."""
    name, missing = scale.plan.cluster_name, scale.plan.change.missing(egress)
    if egress.state.lower() != "succeeded":
        said = f": {missing}" if missing else ""
        return _fail(run, scale, f"Azure reports {name} as {egress.state}{said}.", code=egress.state)
    if not missing:
        return _done(run, scale, egress, began)
    run.state = run.state.find_incomplete(run.now)
    if run.now - (run.state.incomplete_since or run.now) < run.paced(LONG):
        return run.again(run.ctx.pace.busy)
    return _fail(run, scale, f"Azure reports the update of {name} as finished, but {missing}.")


def _begin(run: Run, scale: Scale) -> Finish:
    """Record the beginning, then send it on the etag that was approved."""
    if isinstance(scale.plan.change, TypeChange) and not run.ctx.config.migrate.apply:
        return _fail(run, scale, TURNED_OFF)
    end_hold(run, scale)
    with run.write() as uow:
        applying = uow.tx.scales.save(replace(scale, applying_at=scale.applying_at or uow.now), is_open=True)
        record(uow, applying, Action.SCALE_BEGIN)
        if scale.applying_at is None:
            uow.tell(applying, NoticeEvent.APPLYING)
    run.require_time()
    try:
        operation = run.ctx.clusters.begin_scale(scale.plan)
    except (StalePlan, StaleVersion):
        return _look_again(run, applying)
    except Refused as error:
        why = with_next_step(error.sentence, error.code)
        return _fail(run, applying, why, code=error.code, request_id=error.request_id)
    pending = PendingOperation(operation.url, operation.look_after, request_id=operation.request_id)
    run.state = run.state.wait_for(pending)
    facts = {"operation": operation_id(operation.url), "request_id": operation.request_id}
    accepted = run.event(Action.SCALE_ACCEPT, scale.id, **dict(scale_facts(applying, **facts)))
    return run.again(run.paced(operation.look_after), accepted)


def _look_again(run: Run, scale: Scale) -> Finish:
    """Azure took nothing, because the cluster changed at the same moment: it is compared again, as not begun."""
    egress = _read(run, scale.cluster_id)
    if egress is None:
        return _fail(run, scale, _deleted(scale))
    if scale.plan.is_base(egress) and not egress.is_converging:
        return _fail(run, scale, f"Azure shows two states of {scale.cluster_name} at once. Propose the change again.")
    with run.write() as uow:
        uow.tx.scales.save(replace(scale, applying_at=None), is_open=True)
    return run.again(run.ctx.pace.busy)


def _done(run: Run, scale: Scale, egress: ClusterEgress, began: datetime) -> Finish:
    addresses = scale.plan.change.addresses(egress)
    with run.write() as uow:
        saved = uow.tx.scales.save(replace(scale, done_at=uow.now, ips_after=addresses), is_open=False)
        keep(uow.ctx, uow.tx, egress, began)
        facts = {"status": "Succeeded", "seconds": _took(run, scale)}
        record(uow, saved, Action.SCALE_DONE, reason="The result was read back from Azure.", **facts)
        uow.tell(saved, NoticeEvent.DONE)
    return Finish(timedelta())


def _took(run: Run, scale: Scale) -> str:
    """Seconds since the change was begun; empty where it never was."""
    return f"{(run.now - scale.applying_at).total_seconds():.0f}" if scale.applying_at else ""


def _fail(run: Run, scale: Scale, why: str, *, code: str | None = None, **facts: str) -> Finish:
    """It does not happen: said, recorded, and the next proposal has its turn."""
    with run.write() as uow:
        saved = uow.tx.scales.save(replace(scale, failure=why), is_open=False)
        reason = f"{code}: {why}" if code and code not in why else why
        facts = {"status": "Failed", "code": code or "", "seconds": _took(run, scale), **facts}
        record(uow, saved, Action.SCALE_FAIL, reason=reason, **facts)
        uow.tell(saved, NoticeEvent.FAILED)
        tell_kept(uow, saved)
    return Finish(timedelta())
