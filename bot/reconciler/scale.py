"""Applies approved scale proposals, one at a time for each cluster, and reports what was observed."""

from dataclasses import replace
from datetime import timedelta

from bot.capacity import record
from bot.domain.audit import Action
from bot.domain.egress import ClusterEgress
from bot.domain.scale import Scale, ScaleStatus, scale_status
from bot.domain.snat import base_digest
from bot.errors import ArmNotFound, Refused, StalePlan, StaleVersion
from bot.ports import Finish
from bot.reconciler.run import (
    UNREADABLE,
    UNREADABLE_LOOKS,
    Run,
    operation_from_parked,
    operation_id,
    parked_from_operation,
)


def reconcile_scale(run: Run) -> Finish:
    """One round for one cluster: look at the operation, or compare and begin, or report the result."""
    scale = _next_scale(run)
    if scale is None:
        return Finish(None)
    run.subject = scale.id
    waiting = _look(run, scale)
    if waiting is not None:
        return waiting
    return _compare(run, scale, run.ctx.arm.read_egress(scale.plan.cluster_id))


def _next_scale(run: Run) -> Scale | None:
    """The oldest proposal that was approved: the others wait, and are compared with what it leaves behind."""
    _, _, cluster_id = run.claim.key.partition(":")
    with run.ctx.store.read() as tx:
        found = tx.scales.find(cluster_id)
    ready = [s for s in found if scale_status(s, run.now) in (ScaleStatus.APPROVED, ScaleStatus.APPLYING)]
    return ready[-1] if ready else None


def _look(run: Run, scale: Scale) -> Finish | None:
    """Ask once how the parked operation stands; None if the cluster tells the rest."""
    operation = operation_from_parked(run)
    if operation is None:
        return None
    try:
        state = run.ctx.arm.look(operation)
    except ArmNotFound:
        run.parked = None  # forgotten means over; what it did is read from the cluster
        return None
    except UNREADABLE:
        if run.failures < UNREADABLE_LOOKS or run.ctx.arm.read_egress(scale.plan.cluster_id).is_converging:
            raise
        run.parked = None  # the cluster itself is at rest
        return None
    if state.is_running:
        return run.again(run.paced(state.look_after or operation.look_after))
    run.parked = None
    if state.status == "Succeeded":
        return None
    ended = f"Azure ended the change as {state.status.lower()}"
    return _fail(run, scale, f"{ended}, {state.code}: {state.message}", code=state.code)


def _compare(run: Run, scale: Scale, egress: ClusterEgress) -> Finish:
    """Where the cluster stands decides, not what was meant: also after a replica died between any two steps."""
    plan = scale.plan
    wanted = egress.desired_ipv6_count if plan.ipv6 else egress.desired_ip_count
    if egress.is_converging:
        return run.again(run.ctx.pace.busy)
    if wanted == plan.after:
        return _done(run, scale, egress)
    if base_digest(egress) == plan.base_digest:
        return _begin(run, scale)
    return _fail(run, scale, f"{plan.cluster_name} has changed since the plan was made: {wanted} managed outbound IPs"
                 f" are wanted there, not {plan.before}, or something else differs. Propose it again.")  # fmt: skip


def _begin(run: Run, scale: Scale) -> Finish:
    """Record the beginning, then send it on the etag that was approved."""
    with run.write() as desk:
        applying = desk.tx.scales.save(replace(scale, applying_at=scale.applying_at or desk.now), is_open=True)
        record(desk, applying, Action.SCALE_BEGIN)
        if scale.applying_at is None:
            desk.tell(applying.id, applying.requester, "applying")
    run.require_time()
    try:
        operation = run.ctx.arm.begin_scale(scale.plan)
    except (StalePlan, StaleVersion):
        changed = f"{scale.plan.cluster_name} was changed in Azure in this very moment. Propose it again."
        return _fail(run, applying, changed)
    except Refused as error:
        return _fail(run, applying, error.sentence, code=error.code)
    run.parked = parked_from_operation(operation)
    accepted = run.event(Action.SCALE_ACCEPT, scale.id, operation=operation_id(operation.url), digest=scale.plan.digest)
    return run.again(run.paced(operation.look_after), accepted)


def _done(run: Run, scale: Scale, egress: ClusterEgress) -> Finish:
    addresses = tuple(ip.address for ip in egress.ips if ip.version == (6 if scale.plan.ipv6 else 4))
    with run.write() as desk:
        saved = desk.tx.scales.save(replace(scale, done_at=desk.now, ips_after=addresses), is_open=False)
        desk.tx.snapshots.put(egress, desk.now)
        record(desk, saved, Action.SCALE_DONE, reason="The outbound IPs were read back from Azure.")
        desk.tell(saved.id, saved.requester, "done")
    return Finish(timedelta())


def _fail(run: Run, scale: Scale, why: str, *, code: str | None = None) -> Finish:
    """It does not happen: said, recorded, and the next proposal has its turn."""
    with run.write() as desk:
        saved = desk.tx.scales.save(replace(scale, failure=why), is_open=False)
        record(desk, saved, Action.SCALE_FAIL, reason=f"{code}: {why}" if code and code not in why else why)
        desk.tell(saved.id, saved.requester, "failed")
    return Finish(timedelta())
