"""Applies approved scale proposals, one at a time for each cluster, and reports what was observed."""

from dataclasses import replace

from bot.capacity import record
from bot.domain.audit import Action
from bot.domain.egress import ClusterEgress
from bot.domain.scale import Scale, ScaleStatus, scale_status
from bot.domain.snat import base_digest
from bot.errors import ArmNotFound, ArmRejected, StalePlan
from bot.ports import Finish, Operation, OperationState
from bot.reconciler.run import Run, operation_from_parked, operation_id, parked_from_operation


def reconcile_scale(run: Run) -> Finish:
    """One round for one cluster: look at the operation, or compare and begin, or report the result."""
    scale = _next_scale(run)
    if scale is None:
        return Finish(None, memo=run.memo)
    operation = operation_from_parked(run)
    if operation is not None:
        state = _look(run, operation)
        if state.is_running:
            wait = run.paced(state.look_after or operation.look_after)
            return Finish(wait, is_done=False, parked=run.parked, memo=run.memo)
        if state.status != "Succeeded":
            _fail(run, scale, f"Azure ended the change with {state.code}: {state.message}")
            return Finish(run.ctx.pace.backoff, is_done=False)
    return _compare(run, scale, run.ctx.arm.read_egress(scale.plan.cluster_id))


def _next_scale(run: Run) -> Scale | None:
    _, _, cluster_id = run.claim.key.partition(":")
    with run.ctx.store.read() as tx:
        found = tx.scales.find(cluster_id)
    ready = [s for s in found if scale_status(s, run.now) in (ScaleStatus.APPROVED, ScaleStatus.APPLYING)]
    return ready[-1] if ready else None


def _look(run: Run, operation: Operation) -> OperationState:
    try:
        return run.ctx.arm.look(operation)
    except ArmNotFound:
        return OperationState("Succeeded")  # forgotten means over; what it did is read back next


def _compare(run: Run, scale: Scale, egress: ClusterEgress) -> Finish:
    plan = scale.plan
    wanted = egress.desired_ipv6_count if plan.ipv6 else egress.desired_ip_count
    if egress.is_converging:
        return Finish(run.ctx.pace.busy, is_done=False, memo=run.memo)
    if wanted == plan.after:
        return _done(run, scale, egress)
    if base_digest(egress) == plan.base_digest:
        return _begin(run, scale)  # also where a killed replica recorded the beginning and then sent nothing
    if scale.applying_at is None:
        _fail(run, scale, f"{plan.cluster_name} has changed since the plan was made; propose it again.")
    else:
        _fail(run, scale, f"Azure finished, but there are {wanted} managed outbound IPs, not {plan.after}.")
    return Finish(run.ctx.pace.backoff, is_done=False)


def _begin(run: Run, scale: Scale) -> Finish:
    with run.write() as desk:
        applying = desk.tx.scales.save(replace(scale, applying_at=scale.applying_at or desk.now), is_open=True)
        record(desk, applying, Action.SCALE_BEGIN)
        desk.tell(applying.id, applying.requester, "applying")
    try:
        operation = run.ctx.arm.begin_scale(scale.plan)
    except (ArmRejected, StalePlan) as error:
        _fail(run, applying, error.sentence)
        return Finish(run.ctx.pace.backoff, is_done=False)
    accepted = run.event(Action.SCALE_ACCEPT, scale.id, operation=operation_id(operation.url), digest=scale.plan.digest)
    parked = parked_from_operation(operation)
    return Finish(run.paced(operation.look_after), is_done=False, parked=parked, memo=run.memo, events=(accepted,))


def _done(run: Run, scale: Scale, egress: ClusterEgress) -> Finish:
    addresses = tuple(ip.address for ip in egress.ips if ip.version == (6 if scale.plan.ipv6 else 4))
    with run.write() as desk:
        finished = replace(scale, done_at=desk.now, ips_after=addresses)
        saved = desk.tx.scales.save(finished, is_open=False)
        desk.tx.snapshots.put(egress, desk.now)
        record(desk, saved, Action.SCALE_DONE, reason="The outbound IPs were read back from Azure.")
        desk.tell(saved.id, saved.requester, "done")
    return Finish(run.ctx.pace.backoff, is_done=True)


def _fail(run: Run, scale: Scale, why: str) -> None:
    with run.write() as desk:
        saved = desk.tx.scales.save(replace(scale, failure=why), is_open=False)
        record(desk, saved, Action.SCALE_FAIL, reason=why)
        desk.tell(saved.id, saved.requester, "failed")
