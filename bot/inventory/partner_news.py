"""Tells partners of changes of the outbound IPs that they have allowlisted: before, after, and when nothing came of it.

Those with a Slack channel or person are told by the bot; for the others a person gets the text to copy.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from bot.domain.audit import Action, Event
from bot.domain.egress import IpChange, addresses_of
from bot.domain.partner import Partner, recipients
from bot.domain.partner_text import changed_text, coming_text, kept_text, told_text
from bot.domain.scale_proposal import Scale
from bot.ports import ChannelEvent, Notice, NoticeEvent, NoticeKind, Transaction, UnitOfWork


@dataclass(frozen=True, slots=True)
class Telling:
    """What whoever operates the cluster is told of it.

    Args:
        what: Who was told, and whom somebody has to tell.
        copied: The text for partners.
    """

    what: str
    copied: str


def touched_partners(tx: Transaction, scale: Scale) -> list[Partner]:
    """Who depends on the addresses that a proposal changes, by name; nobody where none come or go."""
    return tx.partners.of([scale.cluster_id]) if scale.plan.changes_ips else []


def forewarn(uow: UnitOfWork, scale: Scale) -> None:
    """Tell the partners of a cluster what an approved proposal will do to its outbound IPs."""
    if not _is_applied(uow, scale):
        return
    text = coming_text(scale.plan, uow.now)
    _tell_of(uow, scale, ChannelEvent.IPS_PLANNED, text)


def tell_kept(uow: UnitOfWork, scale: Scale) -> None:
    """Tell the partners who were told of a change that it was not completed."""
    if scale.approved_at is None or not _is_applied(uow, scale):
        return
    known = uow.tx.snapshots.get(scale.cluster_id)
    ips = addresses_of(known[0]) if known else None
    text = kept_text(scale.cluster_name, (ips, known[1]) if known and ips is not None else None)
    _tell_of(uow, scale, ChannelEvent.IPS_KEPT, text)


def tell_through(uow: UnitOfWork, scale: Scale, change: IpChange) -> None:
    """Tell the partners what came of a proposal, as it was read back."""
    _tell_of(uow, scale, ChannelEvent.EGRESS_CHANGE, changed_text([change]))


def tell_changed(uow: UnitOfWork, changes: Sequence[IpChange]) -> Telling | None:
    """Tell the partners of clusters that changed alike; None where nobody is recorded.

    A partner of some of them reads the names of these alone.
    """
    partners = uow.tx.partners.of([change.ref.id for change in changes])

    def text(cluster_ids: Collection[str]) -> str:
        return changed_text([change for change in changes if change.ref.id in cluster_ids])

    return _tell(uow, partners, ChannelEvent.EGRESS_CHANGE, text)


def report_untold(uow: UnitOfWork, notice: Notice, why: str) -> None:
    """Say in the channel that Slack does not take what a partner should have been told, with the text to copy.

    Args:
        uow: Where.
        notice: What was refused; nothing is said of what no partner was to be told.
        why: Slack's reason, and what comes next.
    """
    channel = uow.ctx.config.channel
    if notice.kind is not NoticeKind.CHANNEL or notice.recipient == channel:
        return
    those = [one for one in uow.tx.partners.of([notice.subject]) if one.contact.recipient == notice.recipient]
    names = ", ".join(one.name for one in those) or notice.recipient
    text = f"{names}: {why}"
    body = {"event": ChannelEvent.UNTOLD, "text": text, "copy": notice.body.get("copy", "")}
    uow.tx.outbox.add(Notice(NoticeKind.CHANNEL, notice.subject, channel, body))


def _is_applied(uow: UnitOfWork, scale: Scale) -> bool:
    """Whether it is carried out: in a dry run nothing comes of an approval yet."""
    return scale.applying_at is not None or not uow.ctx.config.dry_run.is_everywhere


def _tell_of(uow: UnitOfWork, scale: Scale, event: ChannelEvent, text: str) -> None:
    """Tell the partners of a proposal's cluster, and under its card who was told."""
    telling = _tell(uow, touched_partners(uow.tx, scale), event, lambda _ids: text)
    if telling is not None:
        body = {"event": NoticeEvent.PARTNERS, "what": telling.what, "copy": telling.copied}
        uow.tx.outbox.add(Notice(NoticeKind.THREAD, scale.id, uow.ctx.config.channel, body))


def _tell(
    uow: UnitOfWork, partners: Sequence[Partner], event: ChannelEvent, text: Callable[[Collection[str]], str]
) -> Telling | None:
    if not partners:
        return None
    for recipient in recipients(partners, without=uow.ctx.config.channel):
        ids = sorted({one.cluster_id for one in partners if one.contact.recipient == recipient})
        body = {"event": event, "copy": text(ids)}
        uow.tx.outbox.add(Notice(NoticeKind.CHANNEL, ids[0], recipient, body))
    what = told_text(partners)
    for cluster_id in sorted({one.cluster_id for one in partners}):
        _record(uow, cluster_id, event, [one for one in partners if one.cluster_id == cluster_id])
    return Telling(what, text({one.cluster_id for one in partners}))


def _record(uow: UnitOfWork, cluster_id: str, event: ChannelEvent, partners: Sequence[Partner]) -> None:
    told = ", ".join(one.name for one in partners if one.contact.recipient)
    left = ", ".join(one.name for one in partners if not one.contact.recipient)
    detail = (("about", str(event)), ("told", told), ("to_tell", left))
    entry = Event(
        at=uow.now,
        action=Action.PARTNER_TELL,
        actor=uow.caller.identity,
        via=uow.caller.via,
        subject=cluster_id,
        cluster=cluster_id.rsplit("/", 1)[-1],
        reason=told_text(partners),
        detail=tuple(pair for pair in detail if pair[1]),
    )
    uow.audit(entry)
