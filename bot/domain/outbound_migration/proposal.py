"""A change of the outbound type as a plan that can be proposed, approved and applied like a scale."""

from bot.domain.egress import ClusterEgress
from bot.domain.outbound_migration.plan import MigrationPlan
from bot.domain.outbound_migration.transitions import MANAGED_NAT, Standing
from bot.domain.snat import ScalePlan, TypeChange, base_digest, capacity
from bot.domain.snat.capacity import LB_PORTS_PER_IP, NAT_PORTS_PER_IP
from bot.errors import NotScalable


def proposal_of(plan: MigrationPlan, egress: ClusterEgress) -> ScalePlan:
    """The plan to be decided; the state that it was computed from is the cluster as it is now.

    Args:
        plan: Made from ``egress``.
        egress: The cluster as it is now.

    Raises:
        NotScalable: Azure's documentation contradicts itself about it, or something must be there first.
    """
    if plan.transition.standing is not Standing.PERMITTED:
        raise NotScalable(f"The bot does not apply this. {plan.transition.note} Run the commands yourself.")
    if plan.unmet:
        missing = " ".join(f"{one.sentence} {one.way_out}".strip() for one in plan.unmet)
        raise NotScalable(f"{plan.ref.name} cannot change to {plan.transition.after} yet. {missing}")
    before, said = plan.transition.before, plan.consequences
    count, ips = plan.settings.ip_count, tuple(ip.address for ip in egress.ips)
    gone = plan.leaving
    change = TypeChange(before, plan.transition.after, count, plan.settings.idle_minutes, gone)
    return ScalePlan(
        cluster_id=egress.ref.id,
        cluster_name=egress.ref.name,
        kind="cluster",
        etag=egress.etag,
        change=change,
        ips_before=ips,
        at_risk=gone,
        ports_before=capacity(egress).total_ports,
        ports_after=(count or 0) * (NAT_PORTS_PER_IP if plan.transition.after in MANAGED_NAT else LB_PORTS_PER_IP),
        warnings=(*said.addresses, *said.connections, *said.ingress),
        notes=said.kept,
        base_digest=base_digest(egress),
    )
