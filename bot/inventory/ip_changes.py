"""Records changes of outbound IPs, and announces each once: under the proposal that made it, or in the channel."""

from collections.abc import Sequence
from itertools import groupby

from bot.domain.audit import Action, Event
from bot.domain.dates import between_text
from bot.domain.egress import IpChange, IpChangeKind
from bot.domain.people import SYSTEM
from bot.domain.phrases import listed
from bot.domain.scale_proposal import Scale, cause_of
from bot.inventory.partner_news import Telling, tell_changed, tell_through
from bot.ports import BOT, ChannelEvent, Context, Notice, NoticeKind, Transaction, UnitOfWork

MOST_NAMED = 10
"""Clusters and addresses that one announcement names."""


def announce(ctx: Context, tx: Transaction, changes: Sequence[IpChange]) -> None:
    """Record and announce changes, in the transaction that noticed them; whoever depends on the addresses is told.

    What was done through the bot is told under its proposal. Clusters that changed alike (they share a firewall or a
    NAT gateway) are said together. The end of a cluster is said where somebody depends on its addresses.
    """
    uow, foreign = UnitOfWork(ctx, tx, BOT), []
    for change in changes:
        cause = cause_of(change, tx.scales.find(change.ref.id, only_open=False))
        uow.audit(_event(uow, change, cause))
        _send(uow, change, cause)
        if cause is not None:
            tell_through(uow, cause, change)
        else:
            foreign.append(change)
    for _, alike in groupby(sorted(foreign, key=lambda one: (*_alike(one), one.ref.name)), key=_alike):
        _say(uow, list(alike))


def _alike(change: IpChange) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    return change.before, change.after, change.kind


def _say(uow: UnitOfWork, together: Sequence[IpChange]) -> None:
    telling = tell_changed(uow, together)
    if telling is None and together[0].kind is IpChangeKind.DELETED:
        return
    body = {"event": ChannelEvent.EGRESS_CHANGE, "text": _text(together, telling)}
    body |= {"copy": telling.copied} if telling else {}
    uow.tx.outbox.add(Notice(NoticeKind.CHANNEL, together[0].ref.id, uow.ctx.config.channel, body))


def _send(uow: UnitOfWork, change: IpChange, cause: Scale | None) -> None:
    """Owe it to the webhooks that want it; what they need is in the notice, because history is rewritten by none."""
    body = {
        "event": ChannelEvent.EGRESS_CHANGE,
        "kind": change.kind,
        "cluster": change.ref.name,
        "before": " ".join(change.before),
        "after": " ".join(change.after),
        "seen_before": change.seen_before.isoformat(),
        "at": change.at.isoformat(),
        "scale": cause.id if cause else "",
    }
    for hook in uow.ctx.config.hooks_for(ChannelEvent.EGRESS_CHANGE):
        uow.tx.outbox.add(Notice(NoticeKind.WEBHOOK, change.ref.id, hook.recipient, body))


def _event(uow: UnitOfWork, change: IpChange, cause: Scale | None) -> Event:
    detail = (
        ("kind", str(change.kind)),
        ("scale", cause.id if cause else ""),
        ("before", " ".join(change.before)),
        ("after", " ".join(change.after)),
        ("gained", " ".join(change.gained)),
        ("lost", " ".join(change.lost)),
        ("seen_before", change.seen_before.isoformat()),
    )
    return Event(
        at=uow.now,
        action=Action.EGRESS_CHANGE,
        actor=SYSTEM,
        via="bot",
        subject=change.ref.id,
        cluster=change.ref.name.lower(),
        reason=" ".join([_who(change, cause), *_came_and_went(change)]),
        detail=tuple(pair for pair in detail if pair[1]),
    )


def _who(change: IpChange, cause: Scale | None) -> str:
    if cause is not None:
        return f"The outbound IPs changed through scale proposal {cause.id}."
    if change.kind is IpChangeKind.DELETED:
        return "The cluster was deleted in Azure."
    return "The outbound IPs changed in Azure, but not through this bot."


def _text(together: Sequence[IpChange], telling: Telling | None) -> str:
    first = together[0]
    others = [change.ref.name for change in together[1:]]
    parts = [
        *_came_and_went(first),
        *_outcome(first),
        f"The same for {listed(others, MOST_NAMED)}." if others else "",
        telling.what if telling else "Tell partners who allowlist by IP; `/egress partners` records them.",
    ]
    return " ".join(part for part in parts if part)


def _came_and_went(change: IpChange) -> list[str]:
    new, gone = listed(change.gained, MOST_NAMED), listed(change.lost, MOST_NAMED)
    return [*([f"Added: {new}."] if new else []), *([f"Removed: {gone}."] if gone else [])]


def _outcome(first: IpChange) -> list[str]:
    """How it is now, and when that happened."""
    span = between_text(first.seen_before, first.at)
    if first.kind is IpChangeKind.DELETED:
        return [f"The cluster was deleted {span}."]
    now = f"Now: {listed(first.after, MOST_NAMED) or 'no known public IP'}."
    return [now, f"The change happened {span}, and nobody did it through this bot."]
