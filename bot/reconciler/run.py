"""One run of one piece of work: what every kind of work is given."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from bot.domain.audit import Action, Event
from bot.domain.people import SYSTEM
from bot.ports import Caller, Claim, Context, Desk, Notice, NoticeKind, Operation, Transaction

LEASE = timedelta(seconds=30)
"""How long a lease lasts. A killed holder costs at most this; a run prolongs it before everything that matters."""

LEAST_WAIT = timedelta(seconds=0.2)
"""Nothing is asked more often than this, however fast the simulated Azure is."""

BOT = Caller(SYSTEM, "bot")
"""Who acts when nobody clicked."""


class Run:
    """A claim on its way through a run.

    Args:
        ctx: The context.
        claim: What was claimed.
    """

    def __init__(self, ctx: Context, claim: Claim) -> None:
        self.ctx = ctx
        self.claim = claim
        self.memo: dict[str, Any] = dict(claim.memo)
        self.parked = claim.parked

    @property
    def now(self) -> datetime:
        """The product's time."""
        return self.ctx.clock.now()

    @contextmanager
    def write(self) -> Iterator[Desk]:
        """A transaction that only commits while the lease is ours; what the memo says is kept with it.

        Raises:
            LeaseLost: Somebody else has taken over; nothing was changed.
        """
        with self.ctx.store.write() as tx:
            tx.work.hold(self.claim, lease=LEASE)
            yield Desk(self.ctx, tx, BOT)
            tx.work.remember(self.claim, self.memo)

    def paced(self, delay: timedelta) -> timedelta:
        """A wait that Azure asked for, at the sandbox's speed."""
        return max(delay / self.ctx.pace.divisor, LEAST_WAIT)

    def event(self, action: Action, subject: str, *, reason: str = "", **detail: str) -> Event:
        """An audit event of the bot itself."""
        pairs = tuple((name, value) for name, value in detail.items() if value)
        return Event(self.now, action, SYSTEM, "bot", subject=subject, reason=reason, detail=pairs)

    def say_once(self, tx: Transaction, subject: str, event: str, text: str) -> None:
        """Tell the channel, unless the last thing that was told of this work was the same."""
        if self.memo.get("said") != text:
            self.memo["said"] = text
            body = {"event": event, "text": text}
            tx.outbox.add(Notice(NoticeKind.CHANNEL, subject, self.ctx.rulebook.channel, body))


def operation_from_parked(run: Run) -> Operation | None:
    """The operation that this work waits for."""
    if run.parked is None:
        return None
    return Operation(run.parked["url"], timedelta(seconds=run.parked["look_after_s"]))


def parked_from_operation(operation: Operation, **facts: str) -> dict[str, Any]:
    """An operation as it is kept in the work row, with facts to report when it has ended."""
    return {"url": operation.url, "look_after_s": operation.look_after.total_seconds(), **facts}


def operation_id(url: str) -> str:
    """The part of an operation's URL that Azure support asks for."""
    return url.partition("?")[0].rstrip("/").rsplit("/", 1)[-1]
