"""One run of one piece of work: what every kind of work is given."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from bot.domain.audit import Action, Event
from bot.domain.people import SYSTEM
from bot.errors import ArmForbidden, ArmUnreachable, LeaseLost, UnknownShape
from bot.ports import BOT, Claim, Context, Desk, Finish, Notice, NoticeKind, Operation, Transaction

LEASE = timedelta(seconds=30)
"""How long a lease lasts. A killed holder costs at most this; a run prolongs it before everything that matters."""

WRITE_WITHIN = timedelta(seconds=7)
"""How long after its lease was proven a run may still begin a write: the write itself is given up after 20 seconds, and
both together stay below nine tenths of the lease."""

UNREADABLE = (ArmUnreachable, ArmForbidden, UnknownShape)
"""Errors of an operation's URL that do not mean the operation is over: the URL is on another host than the resource."""

UNREADABLE_LOOKS = 2
"""After so many in a row, read the resource itself to see whether the operation is over."""

UNREST = "unrest"
"""Memo: something about the rules was said in the channel that has to be said to be over once it is."""


class Run:
    """A claim on its way through a run.

    Args:
        ctx: The context.
        claim: What was claimed.

    Attributes:
        memo: What the next run must know.
        parked: The operation that is waited for.
        failures: Failures in a row, this run not counted.
        subject: What the audit log calls this work.
    """

    def __init__(self, ctx: Context, claim: Claim) -> None:
        self.ctx = ctx
        self.claim = claim
        self.memo: dict[str, Any] = dict(claim.memo)
        self.parked = claim.parked
        self.failures = claim.failures
        self.subject = claim.key
        self._proven = monotonic()

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
        proven = monotonic()
        with self.ctx.store.write() as tx:
            tx.work.hold(self.claim, lease=LEASE)
            yield Desk(self.ctx, tx, BOT)
            tx.work.remember(self.claim, self.memo, parked=self.parked)
        self._proven = proven

    def require_time(self) -> None:
        """Refuse to begin a write so late that it could outlive the lease, by this machine's own clock.

        Raises:
            LeaseLost: The process slept, or the database took too long to commit.
        """
        if monotonic() - self._proven > WRITE_WITHIN.total_seconds():
            raise LeaseLost(f"Too much time has passed since the lease on {self.claim.key} was last confirmed.")

    def again(self, delay: timedelta, *events: Event) -> Finish:
        """End this round; the next one continues later."""
        return Finish(
            delay, is_done=False, failures=self.failures, parked=self.parked, memo=self.memo, events=tuple(events)
        )

    def paced(self, delay: timedelta) -> timedelta:
        """A wait that Azure asked for, at the sandbox's speed."""
        return delay / self.ctx.pace.divisor

    def event(self, action: Action, subject: str, *, reason: str = "", **detail: str) -> Event:
        """An audit event of the bot itself."""
        pairs = tuple((name, value) for name, value in detail.items() if value)
        return Event(self.now, action, SYSTEM, "bot", subject=subject, reason=reason, detail=pairs)

    def say_once(self, tx: Transaction, subject: str, event: str, text: str) -> bool:
        """Tell the channel, unless the last thing that was told of this work was the same; whether it was told."""
        if self.memo.get("said") == text:
            return False
        self.memo["said"] = text
        self.say(tx, subject, event, text)
        return True

    def say(self, tx: Transaction, subject: str, event: str, text: str) -> None:
        """Tell the channel."""
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
