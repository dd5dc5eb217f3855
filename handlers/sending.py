"""Sends replies after the ack through Slack's Web API or response URLs, falling back from one to the other.

A reply that cannot be opened, drawn or uploaded is said instead; an answer that reaches nobody is counted.
"""

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from threading import BoundedSemaphore
from typing import Any

import structlog
from slack_sdk import WebClient

from bot.errors import EgressError, Refused, SlackRefused, Unavailable
from bot.measures import ANSWERS_LOST
from handlers.blocks.block_kit import METADATA, carried_text, local_times, message, whole
from handlers.blocks.words import error_text
from handlers.calls import Origin
from handlers.modals import closing
from handlers.notify import slack_errors
from handlers.pictures import Pictures
from handlers.pictures.showing import is_refused_chart
from handlers.replies import (
    Ephemeral,
    File,
    Files,
    Message,
    OpenModal,
    PublishHome,
    RefreshHome,
    Reply,
    UpdateModal,
    View,
)
from handlers.unexpected import unexpected
from handlers.web_client import ResponseClient

log = structlog.get_logger(__name__)


class Sender:
    """Sends replies.

    Args:
        client: Speaks to Slack's Web API with the bot's token.
        lookups: Counts those that may read Azure at the same time.
    """

    def __init__(self, client: WebClient, lookups: BoundedSemaphore) -> None:
        self._client = client
        self._lookups = lookups
        self._pictures = Pictures(client)

    def hurry(self) -> None:
        """Wait for no picture any more: the process ends."""
        self._pictures.hurry()

    def send_all(self, replies: Sequence[Reply], origin: Origin, again: Callable[[], Message]) -> None:
        """One after the other; what follows a reply that failed is left out.

        Args:
            replies: What to send.
            origin: Where the person acted.
            again: What to say instead of a form that Slack does not open any more: how to get it all the same.
        """
        failed: EgressError | None = None
        for reply in replies:
            if failed is None or not (isinstance(reply, Ephemeral) and reply.follows):
                failed = self._attempt(reply, origin)
            if isinstance(reply, OpenModal) and isinstance(failed, SlackRefused) and failed.code in TRIGGER_OVER:
                self._attempt(Ephemeral(again()), origin)

    def _attempt(self, reply: Reply, origin: Origin) -> EgressError | None:
        """Send it; what could not be opened, drawn or uploaded is said in its place."""
        try:
            with slack_errors():
                self._send(reply, origin)
        except (Unavailable, Refused) as error:
            log.warning("reply_not_delivered", reply=type(reply).__name__, error=str(error))
            if isinstance(reply, Ephemeral):  # could not be sent where they acted, nor as a direct message
                _count_lost(origin, error)
            elif not (isinstance(error, SlackRefused) and error.code in TRIGGER_OVER):
                self._attempt(Ephemeral(message(f"{UNSENT[type(reply)]} {error.sentence}")), origin)
            return error
        return None

    def _send(self, reply: Reply, origin: Origin) -> None:
        match reply:
            case Ephemeral():
                self._tell(reply, origin)
            case OpenModal():
                self._open(reply, origin)
            case UpdateModal(view, overtakes):
                self._redraw(view, replace(origin, view_hash=None) if overtakes else origin)
            case PublishHome(view):
                self._client.views_publish(user_id=origin.user, view=view)
            case RefreshHome(draw):
                self._refresh(draw, origin)
            case File() | Files():
                for file in (reply,) if isinstance(reply, File) else reply.make():
                    self._upload(file, origin)

    def _refresh(self, draw: Callable[[], View], origin: Origin) -> None:
        """Draw the Home tab again; if it cannot be read now, its own button does it later."""
        try:
            with unexpected(secrets.token_hex(4), reply="RefreshHome"):
                view = draw()
        except EgressError as error:
            log.warning("home_not_refreshed", user=origin.user, error=str(error))
            return
        self._client.views_publish(user_id=origin.user, view=view)

    def _open(self, reply: OpenModal, origin: Origin) -> None:
        """Open a modal, and draw it again where the rest of it takes longer than a trigger lives."""
        kept = with_metadata(reply.view, {"channel": origin.channel})
        opened = self._client.views_open(trigger_id=origin.trigger_id or "", view=kept)
        if reply.then is None:
            return
        if not self._lookups.acquire(blocking=False):
            self._tell(Ephemeral(message(BUSY)), origin)
            return
        reference = secrets.token_hex(4)
        try:
            with unexpected(reference, reply="Open"):
                view = reply.then()
        except EgressError as error:
            view = closing("Nothing to show", error_text(error, reference))
        finally:
            self._lookups.release()
        there: dict[str, Any] = opened["view"]
        self._redraw(view, replace(origin, view_id=there["id"], view_hash=there.get("hash")))

    def _tell(self, reply: Ephemeral, origin: Origin) -> None:
        """Answer where the person acted; what follows an answer that was put in a message's place stands below it."""
        is_new = False

        def post(said: Message) -> None:
            nonlocal is_new
            self._say(Ephemeral(said, replaces=reply.replaces and not is_new), origin)
            is_new = True

        self._pictures.show(reply.message, post)

    def _say(self, reply: Ephemeral, origin: Origin) -> None:
        """Say it where the person acted, or in their direct messages if the bot cannot post there."""
        said = message_arguments(reply.message)
        ways = (
            partial(self._respond, {"replace_original": reply.replaces, **said}, origin),
            partial(self._whisper, said, origin),
        )
        for way in ways:
            try:
                with slack_errors():
                    way()
            except (Unavailable, Refused) as error:
                if is_refused_chart(error, reply.message):
                    raise  # it is refused everywhere
                log.info("answer_rerouted", error=str(error))
            else:
                return
        with slack_errors():
            self._client.chat_postMessage(channel=self._direct(origin), **said)

    def _respond(self, said: dict[str, Any], origin: Origin) -> None:
        """Through the response URL, tried again as the Web API's calls are."""
        if origin.response_url is None:
            raise SlackRefused("Slack sent no response URL.", code="invalid_url")
        how: dict[str, Any] = {"timeout": self._client.timeout, "retry_handlers": self._client.retry_handlers}
        client = ResponseClient(origin.response_url, ssl=self._client.ssl, **how)
        answer = client.send(response_type="ephemeral", **said)
        if answer.status_code != HTTPStatus.OK or '"ok":false' in answer.body.replace(" ", ""):
            code = "invalid_blocks" if "invalid_blocks" in answer.body else ""
            raise SlackRefused(
                f"Slack did not accept the answer ({answer.status_code} {answer.body[:100]}).", code=code
            )

    def _whisper(self, said: dict[str, Any], origin: Origin) -> None:
        if origin.channel is None:
            raise SlackRefused("Slack named no conversation to answer in.", code="channel_not_found")
        self._client.chat_postEphemeral(channel=origin.channel, user=origin.user, **said)

    def _redraw(self, view: dict[str, Any], origin: Origin) -> None:
        kept = with_metadata(view, {"channel": origin.channel})
        try:
            with slack_errors():
                self._client.views_update(view_id=origin.view_id or "", hash=origin.view_hash, view=kept)
        except SlackRefused as error:
            if error.code not in OVERTAKEN:
                raise
            log.info("redraw_too_late", code=error.code)

    def _upload(self, file: File, origin: Origin) -> None:
        self._client.files_upload_v2(
            channel=self._direct(origin),
            filename=file.name,
            content=file.content if file.data is None else file.data.read(),
            initial_comment=local_times(file.comment),
        )

    def _direct(self, origin: Origin) -> str:
        return str(self._client.conversations_open(users=origin.user)["channel"]["id"])


TRIGGER_OVER = frozenset(
    {"expired_trigger_id", "exchanged_trigger_id", "invalid_trigger_id", "trigger_expired", "trigger_exchanged"}
)
"""What the person did is more than three seconds ago, or its only form was opened: Slack opens no other for it.

Source: https://docs.slack.dev/reference/methods/views.open#errors and
https://docs.slack.dev/interactivity/handling-user-interaction#trigger_ids, read 2026-11.
"""

OVERTAKEN = frozenset({"not_found", "hash_conflict"})
"""The person sent or closed the modal, or it was redrawn before the bot's redraw arrived: nobody misses it.

Source: https://docs.slack.dev/reference/methods/views.update#errors, read 2026-11.
"""

UNSENT: Mapping[type[Reply], str] = {
    OpenModal: "The form could not be opened.",
    UpdateModal: "The form could not be updated.",
    PublishHome: "The Home tab could not be updated.",
    RefreshHome: "The Home tab could not be updated.",
    File: "The file could not be sent.",
    Files: "Not every file could be sent.",
}
"""Sent in place of a reply that failed."""

BUSY = "Too many Azure lookups are running. Nothing was done; try again in a few seconds."


def message_arguments(said: Message) -> dict[str, Any]:
    """The arguments of a Web API call that carry it."""
    return {"text": said.text, "blocks": list(said.blocks)}


def with_metadata(view: View, more: Mapping[str, str | None]) -> View:
    """Add ids to a view's metadata."""
    carried: dict[str, Any] = json.loads(view.get("private_metadata") or "{}")
    carried |= {name: one for name, one in more.items() if one and name not in carried}
    return {**view, "private_metadata": whole(carried_text(carried), METADATA)}


def _count_lost(origin: Origin, error: EgressError) -> None:
    """Nobody will read this answer. Without a trace: Slack did not take it, which is no defect of the bot."""
    ANSWERS_LOST.inc()
    code = error.code if isinstance(error, SlackRefused) else ""
    log.error("answer_lost", user=origin.user, channel=origin.channel, error=str(error), code=code)
