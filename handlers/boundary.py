"""The one file that talks to Bolt: it acks, runs a listener, sends its replies and translates what goes wrong.

A listener runs either before the ack (it records facts, so that what was acked is recorded) or after it (it reads
Azure, which takes longer than the three seconds that Slack waits). Whatever needs Slack's Web API comes after the ack,
in the boundary's own pool.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus
from threading import BoundedSemaphore
from typing import Any

import structlog
from prometheus_client import Counter
from slack_bolt import Ack
from slack_sdk import WebClient
from slack_sdk.webhook import WebhookClient

from bot.auditing import refuse
from bot.errors import (
    AlreadyDecided,
    Conflict,
    EgressError,
    InvalidInput,
    Refused,
    SlackRefused,
    Unavailable,
    UserError,
)
from bot.ports import Context
from handlers.blocks.kit import message, with_metadata
from handlers.blocks.words import trouble, without_markup
from handlers.calls import Call, Kind, Origin, call_from, origin_from, words_of
from handlers.modals import closing
from handlers.notify import slack_errors
from handlers.replies import File, Home, Invalid, Message, Open, Options, Redraw, Reply, Tell

Listener = Callable[[Context, Call], Reply | tuple[Reply, ...]]
"""What a listener is."""

LOOKUPS = 12
"""Lookups that may read Azure at the same time; the next person is told to try again instead of waiting unseen."""

THREADS = 2 * LOOKUPS
"""Threads of the pool: lookups never take those that open modals, because a trigger id lives three seconds.

Source: https://docs.slack.dev/interactivity/handling-user-interaction#trigger_ids, read 2026-11.
"""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the table: what comes in, and the listener that answers it.

    Args:
        kind: Through what.
        name: The subcommand, action id, callback id or event.
        listener: Who answers.
        is_late: After the ack, because it reads Azure.
        act: What it does, for the audit log when it is refused; empty for what changes nothing.
        field: The field of its modal at which an error without a field of its own is shown.
    """

    kind: Kind
    name: str
    listener: Listener
    is_late: bool = False
    act: str = ""
    field: str = "reason"


class Boundary:
    """Bolt on one side, listeners on the other.

    Args:
        ctx: What listeners get.
        client: Speaks to Slack's Web API with the bot's token.
    """

    def __init__(self, ctx: Context, client: WebClient) -> None:
        self._ctx = ctx
        self._client = client
        self._lookups = BoundedSemaphore(LOOKUPS)
        self._under_way: set[Future[None]] = set()
        self.pool = ThreadPoolExecutor(THREADS, thread_name_prefix="after-ack")

    def bolt_listener(self, entry: Entry) -> Callable[[Ack, dict[str, Any]], None]:
        """What Bolt calls for one line of the table."""

        def listener(ack: Ack, body: dict[str, Any]) -> None:
            self._answer(entry, ack, body)

        return listener

    def bolt_command(self, entries: Mapping[str, Entry], otherwise: Entry) -> Callable[[Ack, dict[str, Any]], None]:
        """What Bolt calls for the slash command: its first word chooses the line of the table."""

        def listener(ack: Ack, body: dict[str, Any]) -> None:
            self._answer(entries.get(words_of(body)[0] or "help", otherwise), ack, body)

        return listener

    def _answer(self, entry: Entry, ack: Ack, body: dict[str, Any]) -> None:
        if not entry.is_late:
            self._acknowledge(entry, ack, body, self._run(entry, body))
        elif self._lookups.acquire(blocking=False):
            ack()
            self._later(partial(self._look_up, entry, body))
        else:
            self._acknowledge(entry, ack, body, (Tell(message(BUSY)),))

    def _look_up(self, entry: Entry, body: dict[str, Any]) -> None:
        try:
            replies = self._run(entry, body)
        finally:
            self._lookups.release()
        self._send_all(replies, origin_from(body))

    def _run(self, entry: Entry, body: dict[str, Any]) -> tuple[Reply, ...]:
        """The replies of a listener, or what has to be said instead. Nothing gets past this."""
        reference = secrets.token_hex(4)
        try:
            given = entry.listener(self._ctx, call_from(entry.kind, body))
        except (UserError, Conflict, Unavailable) as error:
            self._record_refusal(entry, body, error)
            return (self._said(entry, body, error, trouble(error, reference)),)
        except Exception as error:
            log.exception("listener failed", entry=entry.name, kind=str(entry.kind), reference=reference)
            return (self._said(entry, body, error, trouble(error, reference)),)
        return given if isinstance(given, tuple) else (given,)

    def _record_refusal(self, entry: Entry, body: dict[str, Any], error: EgressError) -> None:
        """An act that was refused is on record before its ack; what only waits is no refusal."""
        if not entry.act or isinstance(error, Unavailable):
            return
        try:
            refuse(self._ctx, call_from(entry.kind, body).caller, entry.act, error)
        except EgressError as second:
            log.warning("a refusal could not be recorded", entry=entry.name, error=str(second))

    def _said(self, entry: Entry, body: dict[str, Any], error: Exception, sentence: str) -> Reply:
        """Where the sentence goes: to the field that it is about, into the modal, or to the person."""
        if entry.kind is Kind.OPTIONS:
            return Options()
        if entry.kind is not Kind.VIEW or entry.is_late:
            return Tell(message(sentence))
        inputs = origin_from(body).inputs
        if isinstance(error, AlreadyDecided | Conflict) or not inputs:
            return Redraw(closing("Nothing was changed", sentence))
        named = error.field if isinstance(error, InvalidInput) else None
        field = next((name for name in (named, entry.field) if name in inputs), inputs[0])
        return Invalid({str(field): without_markup(sentence)})

    def _acknowledge(self, entry: Entry, ack: Ack, body: dict[str, Any], replies: Sequence[Reply]) -> None:
        """Ack with the reply that an ack can carry; the others follow."""
        first = next((one for one in replies if _fits_ack(entry.kind, one)), None)
        ack(**(_ack_arguments(first) if first else {}))
        rest = [one for one in replies if one is not first]
        if rest:
            self._later(partial(self._send_all, rest, origin_from(body)))

    def is_idle(self) -> bool:
        """Whether everything that follows an ack has been done."""
        return not self._under_way

    def _later(self, work: Callable[[], None]) -> None:
        future = self.pool.submit(work)
        self._under_way.add(future)
        future.add_done_callback(_log_failure)
        future.add_done_callback(self._under_way.discard)

    def _send_all(self, replies: Sequence[Reply], origin: Origin) -> None:
        failed: EgressError | None = None
        for reply in replies:
            if failed is None or not (isinstance(reply, Tell) and reply.follows):
                failed = self._attempt(reply, origin)

    def _attempt(self, reply: Reply, origin: Origin) -> EgressError | None:
        """Send it; what could not be opened, drawn or uploaded is said in its place."""
        try:
            with slack_errors():
                self._send(reply, origin)
        except (Unavailable, Refused) as error:
            log.warning("a reply was not delivered", reply=type(reply).__name__, error=str(error))
            if isinstance(reply, Tell):  # neither where they acted nor in their conversation could it be said
                LOST.inc()
                log.error("an answer was lost for good", user=origin.user, channel=origin.channel)
            else:
                self._attempt(Tell(message(f"{UNSENT[type(reply)]} {error.sentence}")), origin)
            return error
        return None

    def _send(self, reply: Reply, origin: Origin) -> None:
        match reply:
            case Tell():
                self._tell(reply, origin)
            case Open():
                self._open(reply, origin)
            case Redraw(view):
                self._redraw(view, origin)
            case Home(view):
                self._client.views_publish(user_id=origin.user, view=view)
            case File():
                self._upload(reply, origin)

    def _open(self, reply: Open, origin: Origin) -> None:
        """Open a modal, and draw it again where the rest of it takes longer than a trigger lives."""
        kept = with_metadata(reply.view, {"channel": origin.channel})
        opened = self._client.views_open(trigger_id=origin.trigger_id or "", view=kept)
        if reply.then is None:
            return
        if not self._lookups.acquire(blocking=False):
            self._tell(Tell(message(BUSY)), origin)
            return
        try:
            view = reply.then()
        except EgressError as error:
            view = closing("Nothing to show", trouble(error, secrets.token_hex(4)))
        finally:
            self._lookups.release()
        there: dict[str, Any] = opened["view"]
        self._redraw(view, replace(origin, view_id=there["id"], view_hash=there.get("hash")))

    def _tell(self, reply: Tell, origin: Origin) -> None:
        """Where the person acted; and where the bot cannot speak there, in their conversation with it."""
        said = _message_arguments(reply.message)
        ways = (
            partial(self._respond, {"replace_original": reply.replaces, **said}, origin),
            partial(self._whisper, said, origin),
        )
        for way in ways:
            try:
                with slack_errors():
                    way()
            except (Unavailable, Refused) as error:
                log.info("an answer takes another way", error=str(error))
            else:
                return
        self._client.chat_postMessage(channel=self._direct(origin), **said)

    def _respond(self, said: dict[str, Any], origin: Origin) -> None:
        """Through the response URL, tried again as the Web API's calls are."""
        if origin.response_url is None:
            raise SlackRefused("There is no response URL.", code="invalid_url")
        patient = self._client.retry_handlers
        client = WebhookClient(origin.response_url, timeout=self._client.timeout, retry_handlers=patient)
        answer = client.send(response_type="ephemeral", **said)
        if answer.status_code != HTTPStatus.OK or '"ok":false' in answer.body.replace(" ", ""):
            raise SlackRefused(f"Slack did not take the answer ({answer.status_code} {answer.body[:100]}).")

    def _whisper(self, said: dict[str, Any], origin: Origin) -> None:
        if origin.channel is None:
            raise SlackRefused("There is no conversation to answer in.", code="channel_not_found")
        self._client.chat_postEphemeral(channel=origin.channel, user=origin.user, **said)

    def _redraw(self, view: dict[str, Any], origin: Origin) -> None:
        kept = with_metadata(view, {"channel": origin.channel})
        try:
            with slack_errors():
                self._client.views_update(view_id=origin.view_id or "", hash=origin.view_hash, view=kept)
        except SlackRefused as error:
            if error.code not in OVERTAKEN:
                raise
            log.info("a redraw came too late", code=error.code)

    def _upload(self, file: File, origin: Origin) -> None:
        self._client.files_upload_v2(
            channel=self._direct(origin), filename=file.name, content=file.content, initial_comment=file.comment
        )

    def _direct(self, origin: Origin) -> str:
        return str(self._client.conversations_open(users=origin.user)["channel"]["id"])


OVERTAKEN = frozenset({"not_found", "hash_conflict"})
"""The person sent or closed the modal, or it was drawn anew, before our redraw came: nobody misses it.

Source: https://docs.slack.dev/reference/methods/views.update#errors, read 2026-11.
"""

UNSENT: Mapping[type[Reply], str] = {
    Open: "The form could not be opened.",
    Redraw: "The form could not be drawn again.",
    Home: "The Home tab could not be drawn.",
    File: "The file could not be sent.",
}
"""What is said in place of a reply that failed."""

LOST = Counter("egress_answers_lost", "Late answers that Slack took in no way.")
"""Of this process: what was lost is nowhere else on record."""

BUSY = "Many people are looking at Azure right now. Nothing was done; try again in a few seconds."


def _fits_ack(kind: Kind, reply: Reply) -> bool:
    """Whether Slack takes this answer in the ack itself."""
    if kind is Kind.VIEW:
        return isinstance(reply, Invalid | Redraw)
    if kind is Kind.COMMAND:
        return isinstance(reply, Tell) and not reply.follows
    return isinstance(reply, Options)


def _ack_arguments(reply: Reply) -> dict[str, Any]:
    match reply:
        case Tell(said):
            return {"response_type": "ephemeral", **_message_arguments(said)}
        case Invalid(errors):
            return {"response_action": "errors", "errors": dict(errors)}
        case Redraw(view):
            return {"response_action": "update", "view": view}
        case Options(options):
            return {"options": list(options)}
    return {}


def _message_arguments(said: Message) -> dict[str, Any]:
    return {"text": said.text, "blocks": list(said.blocks)}


def _log_failure(done: "Future[None]") -> None:
    error = done.exception()
    if error is not None:
        log.error("work after the ack failed", exc_info=error)
