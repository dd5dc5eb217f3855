"""The one file that talks to Bolt: it acks, runs a listener, sends its replies and translates what goes wrong.

A listener runs either before the ack (it records facts, so that what was acked is recorded) or after it (it reads
Azure, which takes longer than the three seconds that Slack waits). Whatever needs Slack's Web API comes after the ack,
in the boundary's own pool.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from functools import partial
from threading import BoundedSemaphore
from time import monotonic
from typing import Any

import structlog
from slack_bolt import Ack
from slack_sdk import WebClient
from structlog.contextvars import bind_contextvars, bound_contextvars

from bot.errors import (
    AlreadyAllowed,
    AlreadyDecided,
    AlreadyRequested,
    ConfirmationNeeded,
    Conflict,
    Defect,
    EgressError,
    InvalidInput,
    Refused,
    TooBusy,
    Unavailable,
    UserError,
)
from bot.logs import carried
from bot.measures import ACK_SECONDS, ANSWERS
from bot.ports import Context
from bot.ports.deadline import within
from bot.tracing import traced
from handlers.attempts import attempt_of, record_refusal
from handlers.blocks.block_kit import message
from handlers.blocks.renewals import renewal_offers
from handlers.blocks.selects import suggested
from handlers.blocks.words import ARRIVED, error_text, repeatable, without_markup
from handlers.calls import Call, CallKind, call_from, identity_of, is_reply, origin_from, pressed_value, words_of
from handlers.entries import Entry
from handlers.modals import closing
from handlers.places import ACT, Places
from handlers.repeats import offer
from handlers.replies import Ephemeral, Invalid, Options, Reply, UpdateModal
from handlers.sending import Sender, message_arguments
from handlers.turns import Turns
from handlers.unacked import instead_of_ack
from handlers.unexpected import unexpected

LOOKUPS = 12
"""Lookups that may read Azure at the same time; the next person is told to try again instead of waiting unseen."""

THREADS = 2 * LOOKUPS
"""Threads of the pool: lookups never take those that open modals, because a trigger id lives three seconds.

Source: https://docs.slack.dev/interactivity/handling-user-interaction#trigger_ids, read 2026-11.
"""

log = structlog.get_logger(__name__)


Acknowledge = Callable[..., object]
"""Bolt's ack, or one around it."""


class Boundary:
    """Bolt on one side, listeners on the other.

    Args:
        ctx: What listeners get.
        client: Speaks to Slack's Web API with the bot's token.
    """

    def __init__(self, ctx: Context, client: WebClient) -> None:
        self._ctx = ctx
        places = BoundedSemaphore(LOOKUPS)
        self._turns = Turns(places, ctx.config.slack.lookups_per_minute, lambda: ctx.clock.now().timestamp())
        self._sender = Sender(client, places)
        self._places = Places()
        self._under_way: set[Future[None]] = set()
        self.pool = ThreadPoolExecutor(THREADS, thread_name_prefix="after-ack")

    def bolt_listener(self, entry: Entry) -> Callable[[Ack, dict[str, Any]], None]:
        """Build the function that Bolt calls for one entry of the table."""

        def listener(ack: Ack, body: dict[str, Any]) -> None:
            self._answer(entry, ack, body)

        return listener

    def bolt_command(self, entries: Mapping[str, Entry], otherwise: Entry) -> Callable[[Ack, dict[str, Any]], None]:
        """Build the function that Bolt calls for the slash command: its first word selects the entry."""

        def listener(ack: Ack, body: dict[str, Any]) -> None:
            self._answer(entries.get(words_of(body)[0] or "help", otherwise), ack, body)

        return listener

    def _answer(self, entry: Entry, ack: Acknowledge, body: dict[str, Any]) -> None:
        if entry.kind is CallKind.EVENT and not is_reply(body):
            ack()
            return
        ack, reference = _timed(entry, ack), secrets.token_hex(4)
        with bound_contextvars(reference=reference, entry=entry.name, kind=str(entry.kind), user="", team=""):
            if not entry.is_late:
                self._acknowledge(entry, ack, body, self._in_place(entry, body, reference))
            elif wrong := self._checked(entry, body, reference):
                self._acknowledge(entry, ack, body, wrong)
            elif refusal := self._turns.begin(identity_of(body).user):
                self._acknowledge(entry, ack, body, (Ephemeral(message(refusal)),))
            else:
                ack()
                self._later(partial(self._look_up, entry, body, reference))

    def _checked(self, entry: Entry, body: dict[str, Any], reference: str) -> tuple[Reply, ...]:
        """What is wrong with what was filled in, while the modal can still show it."""
        if entry.check is None:
            return ()
        return self._in_place(replace(entry, listener=entry.check, is_late=False), body, reference)

    def _in_place(self, entry: Entry, body: dict[str, Any], reference: str) -> tuple[Reply, ...]:
        """The replies of a listener that somebody waits for, in its turn; or that there is no place for one more."""
        try:
            with within(ACT), self._places.place():
                return self._run(entry, body, reference)
        except TooBusy as error:
            self._note(entry, reference, self._ctx.clock.now(), None, error)
            return (self._said(entry, body, error, error_text(error, reference)),)

    def _look_up(self, entry: Entry, body: dict[str, Any], reference: str) -> None:
        try:
            replies = self._run(entry, body, reference)
        finally:
            self._turns.end(identity_of(body).user)
        self._sender.send_all(replies, origin_from(body), partial(offer, self._ctx, entry.kind, entry.name, body))

    def _run(self, entry: Entry, body: dict[str, Any], reference: str) -> tuple[Reply, ...]:
        """The replies of a listener, or what has to be said instead. Nothing gets past this."""
        call, began = None, self._ctx.clock.now()
        note = partial(self._note, entry, reference, began)
        try:
            with unexpected(reference):
                call = self._call(entry.kind, body, reference)
                bind_contextvars(user=call.caller.identity.user, team=call.caller.identity.team)
                given = entry.listener(self._ctx, call)
        except EgressError as error:
            note(call, error)
            if call is not None:  # otherwise the person is unknown, or the input is not text
                act = entry.tried(error)
                record_refusal(self._ctx, call.caller, act, error, attempt_of(entry.kind, act, call))
            return (self._said(entry, body, error, error_text(error, reference)),)
        note(call)
        return given if isinstance(given, tuple) else (given,)

    def _note(
        self, entry: Entry, reference: str, began: datetime, call: Call | None, error: EgressError | None = None
    ) -> None:
        """Count what became of it, and add it to the trace of the request that it was about."""
        family = "ok" if error is None else next(kind.__name__ for kind in FAMILIES if isinstance(error, kind))
        kind, name = str(entry.kind), entry.name or "unknown"
        ANSWERS.labels(name, kind, family).inc()
        subject = call.value.get("id", "") if call is not None else ""
        times = (began, self._ctx.clock.now())
        traced(f"slack {kind} {name}", subject, times, outcome=family, reference=reference)

    def _call(self, kind: CallKind, body: dict[str, Any], reference: str) -> Call:
        """The call, its caller as the one that they are in our workspace, wherever their home is."""
        call = call_from(kind, body)
        identity = self._ctx.directory.resolve(call.caller.identity)
        return replace(call, caller=replace(call.caller, identity=identity, correlation=reference))

    def _said(self, entry: Entry, body: dict[str, Any], error: Exception, sentence: str) -> Reply:
        """Place the error: at the field it is about, in the modal, or as a message to the person."""
        if entry.kind is CallKind.OPTIONS:
            return Options()
        if entry.kind is CallKind.ACTION and entry.act and isinstance(error, Unavailable):
            return Ephemeral(repeatable(sentence, entry.name, pressed_value(body)))
        if entry.kind is not CallKind.VIEW or entry.is_late:
            return Ephemeral(message(sentence))
        inputs = origin_from(body).inputs
        if isinstance(error, AlreadyAllowed):
            return UpdateModal(closing("Allowed already", sentence, renewal_offers(error.allowances)))
        if isinstance(error, AlreadyDecided | AlreadyRequested | ConfirmationNeeded | Conflict) or not inputs:
            title = "Sign in to approve" if isinstance(error, ConfirmationNeeded) else "Nothing was changed"
            return UpdateModal(closing(title, sentence))
        named = (error.field or "") if isinstance(error, InvalidInput) else ""
        wider = named.partition(".")[0]  # bundle.account is part of what was chosen in bundle
        field = next((name for name in (named, wider, entry.field) if name in inputs), inputs[0])
        return Invalid({str(field): without_markup(sentence)})

    def _acknowledge(self, entry: Entry, ack: Acknowledge, body: dict[str, Any], replies: Sequence[Reply]) -> None:
        """Ack with the reply that an ack can carry; the others follow."""
        first = next((one for one in replies if _fits_ack(entry.kind, one)), None)
        ack(**(_ack_arguments(first) if first else {}))
        rest = [one for one in replies if one is not first]
        if rest:
            again = partial(offer, self._ctx, entry.kind, entry.name, body)
            self._later(partial(self._sender.send_all, rest, origin_from(body), again))

    def say_instead(self, body: dict[str, Any], ack: Mapping[str, Any]) -> None:
        """Say what an ack that cannot be sent any more would have shown."""
        origin = origin_from(body)
        if "errors" in ack:
            origin = replace(origin, channel=None)  # a direct message stays, until they have corrected it
        self._later(partial(self._sender.send_all, instead_of_ack(body, ack), origin, partial(message, ARRIVED)))

    def drain(self) -> None:
        """Finish what follows acks that were given; pictures that Slack still checks are left out."""
        self._sender.hurry()
        self.pool.shutdown(wait=True)

    def is_idle(self) -> bool:
        """Whether everything that follows an ack has been done."""
        return not self._under_way

    def _later(self, work: Callable[[], None]) -> None:
        future = self.pool.submit(carried(work))
        self._under_way.add(future)
        future.add_done_callback(_log_failure)
        future.add_done_callback(self._under_way.discard)


def _timed(entry: Entry, ack: Acknowledge) -> Acknowledge:
    """The same ack, which notes how long it took to come."""
    began = monotonic()

    def acked(**arguments: Any) -> object:
        ACK_SECONDS.labels(str(entry.kind)).observe(monotonic() - began)
        return ack(**arguments)

    return acked


FAMILIES = (UserError, Conflict, Unavailable, Refused, Defect)
"""The families of errors, as ``/metrics`` tells them apart."""


def _fits_ack(kind: CallKind, reply: Reply) -> bool:
    """Whether Slack takes this answer in the ack itself."""
    if kind is CallKind.VIEW:
        return isinstance(reply, Invalid | UpdateModal)
    if kind is CallKind.COMMAND:
        return isinstance(reply, Ephemeral) and not reply.follows
    return isinstance(reply, Options)


def _ack_arguments(reply: Reply) -> dict[str, Any]:
    match reply:
        case Ephemeral(said):
            return {"response_type": "ephemeral", **message_arguments(said)}
        case Invalid(errors):
            return {"response_action": "errors", "errors": dict(errors)}
        case UpdateModal(view):
            return {"response_action": "update", "view": view}
        case Options(options):
            return suggested(options)
    return {}


def _log_failure(done: "Future[None]") -> None:
    error = done.exception()
    if error is not None:
        log.error("late_work_failed", exc_info=error)
