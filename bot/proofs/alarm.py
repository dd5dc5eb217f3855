"""The alarm when the audit log is damaged: the bot goes on, and says so once in each place."""

import structlog

from bot.domain.audit import Action, ChainedEvent, Event
from bot.domain.people import SYSTEM
from bot.errors import ChainBroken
from bot.ports import ChannelEvent, Context, Notice, NoticeKind, Transaction

log = structlog.get_logger(__name__)

INTACT = "The audit log was checked from its first event to its last and is intact."


def raise_alarm(ctx: Context, error: ChainBroken) -> bool:
    """Record damage that was found and tell the channel; False if damage at that event or before it is known."""
    with ctx.store.write() as tx:
        if any(int(_place(one)) <= error.seq for one in tx.audit.damage() if _place(one)):
            return False
        _record(ctx, tx, Action.AUDIT_DAMAGE, error.sentence, seq=str(error.seq))
        tell(ctx, tx, ChannelEvent.AUDIT_DAMAGED, error.sentence)
    log.critical("audit_log_damaged", problem=error.sentence, seq=error.seq)
    return True


def settle_alarm(ctx: Context) -> bool:
    """Record that a check from end to end found nothing any more; False if there was no damage on record."""
    with ctx.store.read() as tx:
        if not tx.audit.damage():
            return False
    with ctx.store.write() as tx:
        _record(ctx, tx, Action.AUDIT_INTACT, INTACT)
        tell(ctx, tx, ChannelEvent.AUDIT_INTACT, INTACT)
    log.warning("audit_log_intact")
    return True


def tell(ctx: Context, tx: Transaction, event: ChannelEvent, text: str) -> None:
    """Owe the audit channel a message, and the webhooks that want the event."""
    body = {"event": event, "text": text}
    tx.outbox.add(Notice(NoticeKind.CHANNEL, "audit", ctx.config.audit_channel, body))
    for hook in ctx.config.hooks_for(event):
        tx.outbox.add(Notice(NoticeKind.WEBHOOK, "audit", hook.recipient, body))


def _place(found: ChainedEvent) -> str:
    """The number of the damaged event, as far as the channel was told."""
    return dict(found.event.detail).get("seq", "")


def _record(ctx: Context, tx: Transaction, action: Action, reason: str, **detail: str) -> None:
    tx.audit.append(Event(ctx.clock.now(), action, SYSTEM, "bot", reason=reason, detail=tuple(detail.items())))
