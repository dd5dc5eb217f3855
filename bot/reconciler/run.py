"""One run of one piece of work: what every kind of work is given."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from time import monotonic

from bot.domain.audit import Action, Event
from bot.domain.people import SYSTEM
from bot.domain.target import target_from_key
from bot.domain.work import WorkKind
from bot.domain.writer_state import PendingOperation, WriterState
from bot.errors import ArmForbidden, ArmUnreachable, LeaseLost, UnknownShape, UnreadableState
from bot.ports import (
    BOT,
    ChannelEvent,
    Claim,
    Context,
    Finish,
    Notice,
    NoticeKind,
    Operation,
    OperationState,
    Transaction,
    UnitOfWork,
)

LEASE = timedelta(seconds=30)
"""How long a lease lasts. A killed holder costs at most this; a run prolongs it before everything that matters."""

WRITE_WITHIN = timedelta(seconds=7)
"""How long after its lease was proven a run may still begin a write: the write itself is given up after 20 seconds, and
both together stay below nine tenths of the lease."""

UNREADABLE = (ArmUnreachable, ArmForbidden, UnknownShape)
"""Errors of an operation's URL that do not mean the operation is over: the URL is on another host than the resource."""

UNREADABLE_LOOKS = 2
"""After so many in a row, read the resource itself to see whether the operation is over."""

MOST_CARRIED = 500
"""Allowances that one event names; ``carried`` says how many there are."""


class Run:
    """A claim on its way through a run.

    Args:
        ctx: The context.
        claim: What was claimed.

    Attributes:
        failures: Failures in a row, this run not counted.
        subject: What the audit log calls this work.
        correlation: Connects what this run records and tells.
    """

    def __init__(self, ctx: Context, claim: Claim) -> None:
        self.ctx = ctx
        self.claim = claim
        self.failures = claim.failures
        self.subject = claim.key
        self.correlation = secrets.token_hex(4)
        self._state = self._stored = claim.state
        self._proven = monotonic()

    @property
    def state(self) -> WriterState:
        """The state for the next run.

        Raises:
            UnreadableState: What is stored cannot be read, so nothing may be decided from it.
        """
        if isinstance(self._state, UnreadableState):
            raise self._state
        return self._state

    @state.setter
    def state(self, state: WriterState) -> None:
        self._state = state

    @property
    def kept(self) -> WriterState | None:
        """The state to store at the end; None where the stored one cannot be read, and stays."""
        return None if isinstance(self._state, UnreadableState) else self._state

    @property
    def now(self) -> datetime:
        """The product's time."""
        return self.ctx.clock.now()

    @contextmanager
    def write(self) -> Iterator[UnitOfWork]:
        """A transaction that only commits while the lease is ours; the state is kept with it, if it has changed.

        Raises:
            LeaseLost: Somebody else has taken over; nothing was changed.
        """
        proven = monotonic()
        with self.ctx.store.write() as tx:
            tx.work.hold(self.claim, lease=LEASE)
            yield UnitOfWork(self.ctx, tx, replace(BOT, correlation=self.correlation))
            kept = self.kept
            if kept is not None and kept != self._stored:
                tx.work.remember(self.claim, kept)
        self._proven, self._stored = proven, self._state

    def require_time(self) -> None:
        """Refuse to begin a write so late that it could outlive the lease, by this machine's own clock.

        Raises:
            LeaseLost: The process slept, or the database took too long to commit.
        """
        if monotonic() - self._proven > WRITE_WITHIN.total_seconds():
            raise LeaseLost(f"Too much time has passed since the lease on {self.claim.key} was last confirmed.")

    def again(self, delay: timedelta, *events: Event) -> Finish:
        """End this round; the next one goes on in a while."""
        return Finish(delay, is_done=False, failures=self.failures, state=self.kept, events=tuple(events))

    def paced(self, delay: timedelta) -> timedelta:
        """A wait that Azure asked for, at the sandbox's speed."""
        return delay / self.ctx.pace.divisor

    def event(self, action: Action, subject: str, *, reason: str = "", **detail: str) -> Event:
        """An audit event of the bot itself, with what is written: the firewall's rules or a cluster."""
        facts, cluster = {**self._target(), **detail}, ""
        if self.claim.kind is WorkKind.SCALE:
            cluster = self.claim.key.rpartition("/")[2]
        pairs = tuple((name, value) for name, value in facts.items() if value)
        event = Event(self.now, action, SYSTEM, "bot", subject=subject, cluster=cluster, reason=reason, detail=pairs)
        return replace(event, correlation=self.correlation)

    def _target(self) -> dict[str, str]:
        if self.claim.kind is not WorkKind.RULES:
            return {}
        target = target_from_key(self.claim.key)
        return {"target": target.id, "target_kind": target.kind}

    def say_once(self, tx: Transaction, subject: str, event: ChannelEvent, text: str) -> bool:
        """Tell the channel, unless the last thing that was told of this work was the same; whether it was told."""
        if self.state.last_message == text:
            return False
        self.state = self.state.say(text)
        self.say(tx, subject, event, text)
        return True

    def say(self, tx: Transaction, subject: str, event: ChannelEvent, text: str) -> None:
        """Tell the channel."""
        body = {"event": event, "text": text}
        tx.outbox.add(Notice(NoticeKind.CHANNEL, subject, self.ctx.config.channel, body))


def look_at(run: Run, pending: PendingOperation) -> OperationState:
    """Query the status of an operation once."""
    return run.ctx.operations.look(Operation(pending.url, pending.look_after))


def operation_id(url: str) -> str:
    """The part of an operation's URL that Azure support asks for."""
    return url.partition("?")[0].rstrip("/").rsplit("/", 1)[-1]
