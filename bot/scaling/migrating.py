"""Use cases of changing the outbound type: what is possible, the plan, and the plan as text to run."""

from dataclasses import dataclass

from bot.domain.egress import ClusterEgress
from bot.domain.outbound_migration import (
    FORMS,
    MigrationPlan,
    Transition,
    outbound_type_from_text,
    plan_migration,
    possible_migrations,
    proposal_of,
)
from bot.domain.partner import Partner
from bot.domain.scale_proposal import Scale
from bot.domain.snat import Capacity, capacity
from bot.errors import InvalidInput, NotScalable
from bot.inventory import live, person
from bot.ports import Caller, Context
from bot.scaling.proposing import file_plan


@dataclass(frozen=True, slots=True)
class MigrationChoices:
    """What a cluster's outbound type could become.

    Args:
        egress: The cluster as it is now.
        capacity: Its SNAT ports.
        transitions: Every other outbound type, with what Azure says of it; permitted ones first.
    """

    egress: ClusterEgress
    capacity: Capacity
    transitions: tuple[Transition, ...]


@dataclass(frozen=True, slots=True)
class MigrationPreview:
    """A plan, and who has to know of it first.

    Args:
        plan: The plan.
        partners: Who depends on the cluster's outbound IPs.
        may_apply: Whether the bot applies it once it is approved.
    """

    plan: MigrationPlan
    partners: tuple[Partner, ...]
    may_apply: bool


@dataclass(frozen=True, slots=True)
class MigrationWish:
    """An outbound type that somebody wants.

    Args:
        cluster: Name or id.
        outbound_type: As it was typed.
        count: Managed outbound IPs afterwards; None for as many as now.
    """

    cluster: str
    outbound_type: str
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Handout:
    """A plan as a file.

    Args:
        name: Its name.
        text: Its content.
    """

    name: str
    text: str


def migration_choices(ctx: Context, caller: Caller, cluster: str) -> MigrationChoices:
    """Read what a cluster's outbound type could become; changes nothing.

    Raises:
        NotScalable: Its outbound type is not known, or it is being deleted.
    """
    egress, _ = live(ctx, person(ctx, caller), cluster)
    return MigrationChoices(egress, capacity(egress), possible_migrations(egress))


def preview_migration(ctx: Context, caller: Caller, wish: MigrationWish) -> MigrationPreview:
    """Plan from the cluster as it is now; changes nothing.

    Raises:
        NotScalable: Azure does not permit it.
        InvalidInput: No such outbound type, the one that it has, or an impossible count.
    """
    after = outbound_type_from_text(wish.outbound_type)
    egress, _ = live(ctx, person(ctx, caller), wish.cluster)
    plan = plan_migration(egress, after, count=wish.count)
    with ctx.store.read() as tx:
        partners = tuple(tx.partners.of([egress.ref.id]))
    return MigrationPreview(plan, partners, may_apply=ctx.config.migrate.apply)


def propose_migration(ctx: Context, caller: Caller, wish: MigrationWish, reason: str = "") -> Scale:
    """Plan from the cluster as it is now, and file exactly this plan to be decided; a person always decides it.

    Raises:
        NotScalable: Also where the bot may not apply it, or something must be there first.
        InvalidInput: Also for a reason that is too long.
        AlreadyRequested: A proposal for the cluster is open.
        RequestRefused: The approval policy refuses it, or nobody could approve it.
    """
    if not ctx.config.migrate.apply:
        raise NotScalable("This bot does not change outbound types (migrate.apply is off). Run the commands yourself.")
    after = outbound_type_from_text(wish.outbound_type)
    egress, _ = live(ctx, person(ctx, caller), wish.cluster)
    plan = proposal_of(plan_migration(egress, after, count=wish.count), egress)
    return file_plan(ctx, caller, plan, egress, reason)


def hand_out(ctx: Context, caller: Caller, wish: MigrationWish, form: str) -> Handout:
    """A plan as ``az``, ``terraform`` or ``bicep``; raises as ``preview_migration``.

    Raises:
        NotScalable: Also where the format has no such outbound type.
        InvalidInput: Also for another format.
    """
    if form not in FORMS:
        raise InvalidInput(f"“{form[:60]}” is not a format: use {', '.join(FORMS)}.")
    plan = preview_migration(ctx, caller, wish).plan
    ending, write = FORMS[form]
    return Handout(f"{plan.ref.name}-{plan.transition.after}.{ending}", write(plan))
