"""Records changes of outbound IPs, and tells the channel unless the bot made them."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from bot.domain.audit import Action, Event
from bot.domain.dates import time_text
from bot.domain.egress import IpChange
from bot.domain.people import SYSTEM
from bot.domain.phrases import listed
from bot.domain.scale_proposal import explains
from bot.ports import ChannelEvent, Context, Notice, NoticeKind, Transaction

MOST_NAMED = 10
"""Clusters and addresses that one announcement names."""


def announce(ctx: Context, tx: Transaction, changes: Sequence[IpChange]) -> None:
    """Record and announce changes made outside the bot, in the transaction that noticed them.

    Clusters that changed alike (they share a firewall or a NAT gateway) are said together.
    """
    foreign = [change for change in changes if not _is_ours(tx, change)]
    for change in foreign:
        tx.audit.append(_event(change, ctx.clock.now()))
    for _, alike in groupby(sorted(foreign, key=lambda one: (*_kind(one), one.ref.name)), key=_kind):
        together = list(alike)
        body = {"event": ChannelEvent.EGRESS_CHANGE, "text": _text(together)}
        tx.outbox.add(Notice(NoticeKind.CHANNEL, together[0].ref.id, ctx.config.channel, body))


def _is_ours(tx: Transaction, change: IpChange) -> bool:
    return any(explains(scale, change) for scale in tx.scales.find(change.ref.id, only_open=False))


def _kind(change: IpChange) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return change.before, change.after


def _event(change: IpChange, now: datetime) -> Event:
    detail = (
        ("before", " ".join(change.before)),
        ("after", " ".join(change.after)),
        ("gained", " ".join(change.gained)),
        ("lost", " ".join(change.lost)),
        ("seen_before", change.seen_before.isoformat()),
    )
    return Event(
        at=now,
        action=Action.EGRESS_CHANGE,
        actor=SYSTEM,
        via="bot",
        subject=change.ref.id,
        cluster=change.ref.name.lower(),
        reason="The outbound IPs changed in Azure, but not through this bot.",
        detail=tuple(pair for pair in detail if pair[1]),
    )


def _text(together: Sequence[IpChange]) -> str:
    first = together[0]
    new, gone = listed(first.gained, MOST_NAMED), listed(first.lost, MOST_NAMED)
    parts = [f"Added: {new}." if new else "", f"Removed: {gone}." if gone else ""]
    parts.append(f"Now: {listed(first.after, MOST_NAMED) or 'no known public IP'}.")
    others = [change.ref.name for change in together[1:]]
    parts.append(f"The same for {listed(others, MOST_NAMED)}." if others else "")
    parts.append(f"The change happened between {time_text(first.seen_before)} and {time_text(first.at)},")
    parts.append("and nobody did it through this bot.")
    return " ".join(part for part in parts if part)
