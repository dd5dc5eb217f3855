"""Brings payloads to the bot and its ack back: three seconds, no retry for what people do, three for events.

Sources (read 2026-11): https://docs.slack.dev/interactivity/handling-user-interaction (3 s),
https://docs.slack.dev/apis/events-api (retries: immediately, after one minute, after five).
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Protocol

from bot.sandbox.slack.faults import Fault, Faults
from bot.sandbox.slack.record import Delivered, Record

ACK_DEADLINE_S = 3.0
RETRY_AFTER = (timedelta(), timedelta(minutes=1), timedelta(minutes=5))
TIMED_OUT = "operation_timeout"
FAILED = "dispatch_failed"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A payload on its way to the bot.

    Args:
        kind: What the record calls it.
        envelope: ``slash_commands``, ``interactive`` or ``events_api``.
        attempt: 0 for the first, then 1 to 3.
        reason: Why it is tried again.
    """

    kind: str
    user: str
    envelope: str
    payload: dict[str, Any]
    attempt: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Ack:
    """The bot's answer.

    Args:
        status: HTTP status; 0 if there was no answer.
        ms: How long it took.
        body: Parsed JSON, or text, or None.
        error: What the person's client shows instead, if it went wrong.
    """

    status: int
    ms: int = 0
    body: Any = None
    error: str | None = None

    def shown(self) -> dict[str, Any]:
        """As a control route answers it."""
        answer = {"status": self.status, "ms": self.ms, "body": self.body}
        return answer | ({"error": self.error} if self.error else {})


class Undelivered(Exception):
    """There was no ack; the message is the error code that the person's client shows."""


class Transport(Protocol):
    """A way to the bot."""

    def send(self, outgoing: Outgoing, deadline_s: float) -> tuple[int, Any]:
        """Deliver and wait for status and body of the ack; raises Undelivered."""

    def disconnect(self, *, is_hard: bool) -> None:
        """Close the connections to the bot, if there are standing ones."""

    def is_connected(self) -> bool:
        """Return whether there is anybody to deliver to."""


class Courier:
    """Delivers through a transport, with faults, and records what came of it.

    Args:
        transport: The way to the bot.
        faults: What is to go wrong.
        record: Where deliveries are written down.

    Attributes:
        deadline_s: How long the bot may take for its ack.
    """

    def __init__(self, transport: Transport, faults: Faults, record: Record) -> None:
        self.transport = transport
        self.deadline_s = ACK_DEADLINE_S
        self._faults = faults
        self._record = record
        self._lock = threading.Lock()
        self._in_flight = 0

    @property
    def in_flight(self) -> int:
        """Deliveries that await their ack."""
        return self._in_flight

    def deliver(self, outgoing: Outgoing) -> Ack:
        """Deliver once and wait for the ack, at most three seconds."""
        return self._recorded(outgoing, self._faults.for_delivery(outgoing.kind) or Fault())

    def _recorded(self, outgoing: Outgoing, fault: Fault) -> Ack:
        with self._lock:
            self._in_flight += 1
        try:
            ack = self._attempt(outgoing, fault)
        finally:
            with self._lock:
                self._in_flight -= 1
        self._record.add_delivery(Delivered(outgoing.kind, outgoing.user, ack.status, ack.ms, ack.error))
        return ack

    def drain(self) -> None:
        """Wait for deliveries that are under way, as long as an ack may take."""
        end = time.monotonic() + self.deadline_s
        while self._in_flight and time.monotonic() < end:
            time.sleep(0.005)

    def _attempt(self, outgoing: Outgoing, fault: Fault) -> Ack:
        started = time.monotonic()
        time.sleep(fault.latency_s)
        if fault.is_refusal:
            return Ack(fault.status or 0, error=fault.error or FAILED)
        if fault.duplicate:
            again = replace(outgoing, kind=f"{outgoing.kind} (duplicate)")
            threading.Thread(target=self._recorded, args=(again, Fault()), daemon=True).start()
        ack = self._send(outgoing, fault)
        elapsed_s = time.monotonic() - started
        if elapsed_s > self.deadline_s:
            ack = Ack(0, error=TIMED_OUT)
        return replace(ack, ms=round(elapsed_s * 1000))

    def _send(self, outgoing: Outgoing, fault: Fault) -> Ack:
        try:
            status, body = self.transport.send(outgoing, self.deadline_s)
        except Undelivered as lost:
            return Ack(0, error=str(lost))
        finally:
            if fault.disconnect:
                self.transport.disconnect(is_hard=fault.disconnect == "hard")
        if fault.drop_ack:
            return Ack(0, error=TIMED_OUT)
        return Ack(status, body=body, error=None if status == 200 else FAILED)


class Retries:
    """Tries events again, by the simulated clock.

    Args:
        courier: Delivers.
        now: The simulated time.
    """

    def __init__(self, courier: Courier, now: Callable[[], Any]) -> None:
        self._courier = courier
        self._now = now
        self._changed = threading.Condition()
        self._waiting: list[tuple[Any, Outgoing]] = []
        self._is_closed = False
        self._thread = threading.Thread(target=self._run, name="slack-event-retries", daemon=True)

    def deliver(self, event: Outgoing) -> Ack:
        """Deliver an event; if that fails, it is tried three more times later."""
        began = self._now()
        ack = self._courier.deliver(event)
        if ack.error is not None and event.attempt < len(RETRY_AFTER):
            reason = "http_timeout" if ack.error == TIMED_OUT else "http_error"
            due = began + RETRY_AFTER[event.attempt]
            with self._changed:
                self._waiting.append((due, replace(event, attempt=event.attempt + 1, reason=reason)))
                self._changed.notify()
        return ack

    def start(self) -> None:
        """Begin to watch the clock."""
        self._thread.start()

    def wake(self) -> None:
        """Look again: time has moved."""
        with self._changed:
            self._changed.notify()

    def close(self) -> None:
        """Give up on whatever still waits."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(ACK_DEADLINE_S + 1)

    def _run(self) -> None:
        while (event := self._next()) is not None:
            self.deliver(event)

    def _next(self) -> Outgoing | None:
        with self._changed:
            while not self._is_closed:
                due = min(self._waiting, key=lambda item: item[0], default=None)
                if due is not None and due[0] <= self._now():
                    self._waiting.remove(due)
                    return due[1]
                self._changed.wait(None if due is None else (due[0] - self._now()).total_seconds())
            return None
