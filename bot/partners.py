"""Use cases of partners: who depends on a cluster's outbound IPs."""

from dataclasses import dataclass
from datetime import datetime

from bot.domain.access import PARTNER_KEEPERS, require_partner_keeper
from bot.domain.audit import Action, Event
from bot.domain.egress import ClusterRef, addresses_of
from bot.domain.partner import MOST_PARTNERS, Partner, PartnerDraft, key_of
from bot.domain.people import Person
from bot.domain.phrases import listed
from bot.errors import InvalidInput, UnknownCluster
from bot.inventory import find, former, live, member_of, person
from bot.ports import Caller, Context, UnitOfWork


@dataclass(frozen=True, slots=True)
class PartnerList:
    """The partners of a cluster, and what they should have allowlisted.

    Args:
        ref: Which cluster; it may no longer exist.
        partners: By name.
        ips: Its outbound IPs, read just now; None where they are not known.
        read_at: When that was; None for a cluster that no longer exists.
    """

    ref: ClusterRef
    partners: tuple[Partner, ...]
    ips: tuple[str, ...] | None
    read_at: datetime | None


def partners_of(ctx: Context, caller: Caller, cluster: str) -> PartnerList:
    """The partners of one cluster, which is read from Azure; of a deleted one, those that are still recorded.

    Raises:
        UnknownCluster: No such cluster, or none that this person may see.
        AmbiguousCluster: Several have that name.
    """
    who = person(ctx, caller)
    try:
        egress, read_at = live(ctx, who, cluster)
    except UnknownCluster:
        ref = _former(ctx, who, cluster)
        return PartnerList(ref, _stored(ctx, ref), None, None)
    return PartnerList(egress.ref, _stored(ctx, egress.ref), addresses_of(egress), read_at)


def add(ctx: Context, caller: Caller, cluster: str, draft: PartnerDraft) -> tuple[ClusterRef, Partner]:
    """Record that somebody depends on the outbound IPs of a cluster.

    Raises:
        NotPermitted: Neither approver nor operator.
        InvalidInput: The cluster has one of that name, or too many.
        UnknownCluster: No such cluster.
    """
    ref = find(ctx, _keeper(ctx, caller), cluster).ref
    with ctx.store.write() as tx:
        uow, there = UnitOfWork(ctx, tx, caller), tx.partners.of([ref.id])
        if any(one.key == key_of(draft.name) for one in there):
            raise InvalidInput(f"{ref.name} already has a partner {draft.name}. Remove it first to change it.")
        if len(there) >= MOST_PARTNERS:
            raise InvalidInput(f"{ref.name} has {len(there)} partners, and no more can be added. Remove one first.")
        made = Partner(
            cluster_id=ref.id,
            name=draft.name,
            contact=draft.contact,
            note=draft.note,
            added_by=caller.identity,
            added_at=uow.now,
        )
        tx.partners.add(made)
        _record(uow, Action.PARTNER_ADD, ref, made)
    return ref, made


def remove(ctx: Context, caller: Caller, cluster: str, name: str) -> tuple[ClusterRef, Partner]:
    """Record that somebody no longer depends on the outbound IPs of a cluster, which may be deleted.

    Raises:
        NotPermitted: Neither approver nor operator.
        InvalidInput: The cluster has none of that name.
        UnknownCluster: There never was such a cluster.
    """
    who = _keeper(ctx, caller)
    try:
        ref = find(ctx, who, cluster).ref
    except UnknownCluster:
        ref = _former(ctx, who, cluster)
    with ctx.store.write() as tx:
        uow, there = UnitOfWork(ctx, tx, caller), tx.partners.of([ref.id])
        found = next((one for one in there if one.key == key_of(name)), None)
        if found is None:
            known = listed([one.name for one in there], 10) or "none"
            raise InvalidInput(
                f"{ref.name} has no partner “{name[:60]}”. It has: {known}. `/egress partners {ref.name}` lists all."
            )
        tx.partners.remove(found)
        _record(uow, Action.PARTNER_REMOVE, ref, found)
    return ref, found


def _keeper(ctx: Context, caller: Caller) -> Person:
    """Whoever may say who depends on a cluster, as Slack has them now."""
    groups = [name for name, group in ctx.config.groups.items() if group.roles & PARTNER_KEEPERS]
    who = member_of(ctx, caller, groups)
    require_partner_keeper(who)
    return who


def _former(ctx: Context, who: Person, cluster: str) -> ClusterRef:
    """A deleted cluster by its records; the sentence of the error is that of a cluster that is not there."""
    found = former(ctx, who, cluster)
    return found[0].ref if found else find(ctx, who, cluster).ref


def _stored(ctx: Context, ref: ClusterRef) -> tuple[Partner, ...]:
    with ctx.store.read() as tx:
        return tuple(tx.partners.of([ref.id]))


def _record(uow: UnitOfWork, action: Action, ref: ClusterRef, partner: Partner) -> None:
    detail = (("partner", partner.name), ("contact", partner.contact.address), ("note", partner.note))
    event = Event(
        at=uow.now,
        action=action,
        actor=uow.caller.identity,
        via=uow.caller.via,
        subject=ref.id,
        cluster=ref.name.lower(),
        reason=partner.name,
        detail=tuple(pair for pair in detail if pair[1]),
    )
    uow.audit(event)
