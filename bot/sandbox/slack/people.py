"""What the members of the workspace do: type, press, choose, submit, close. As strict as their own client."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from bot.sandbox.slack.answers import follow_submission, say_answer
from bot.sandbox.slack.blocks import option_list_problems
from bot.sandbox.slack.delivery import FAILED, Ack, Outgoing
from bot.sandbox.slack.directory import USERS, Channel, User
from bot.sandbox.slack.errors import Impossible, SlackError
from bot.sandbox.slack.inputs import field_errors
from bot.sandbox.slack.messages import Content, Message
from bot.sandbox.slack.payloads import Payload, Payloads, wire_place
from bot.sandbox.slack.pressing import Press, Pressed, element_in, values_put_in
from bot.sandbox.slack.record import Delivered
from bot.sandbox.slack.views import View
from bot.sandbox.slack.workspace import SlackWorkspace


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody acts: a view or a message, never both."""

    view: View | None = None
    message: Message | None = None

    @property
    def blocks(self) -> list[dict[str, Any]]:
        """What is shown there."""
        shown = self.view or self.message
        return shown.blocks if shown else []


class People:
    """The members' side of the workspace. All methods answer ``{"status", "ms", "body"}`` of the ack.

    Args:
        workspace: Where they are.
    """

    def __init__(self, workspace: SlackWorkspace) -> None:
        self._slack = workspace
        self._payloads = Payloads(workspace.installation.verification_token)

    def command(self, user_id: str, channel_id: str, text: str, command: str | None = None) -> dict[str, Any]:
        """Type a slash command; its ack may say something in the channel."""
        user, channel = self._member(user_id, channel_id)
        name = command or self._slack.installation.commands[0]
        if name not in self._slack.installation.commands:
            raise Impossible(f"{name} is not a valid command; this workspace knows {self._commands()}.")
        payload = self._payloads.command(user, channel, name, self._escaped(text))
        payload |= {"trigger_id": self._slack.tickets.issue_trigger(user.id)}
        payload |= {"response_url": self._response_url(user, channel, None)}
        ack = self._deliver(Outgoing("command", user.id, "slash_commands", payload))
        if ack.error is None:
            ack = self._followed(ack, "command", lambda: say_answer(self._slack, user.id, channel.id, ack.body))
        return ack.shown()

    def say(self, user_id: str, channel_id: str, text: str, thread_ts: str | None = None) -> dict[str, Any]:
        """Post a message as a person; the bot hears nothing of it."""
        user, channel = self._member(user_id, channel_id)
        message = self._slack.messages.post(channel.id, Content(text, thread_ts=thread_ts), user=user.id)
        return {"status": 200, "ms": 0, "body": None, "channel": channel.id, "ts": message.ts}

    def shortcut(
        self, user_id: str, callback_id: str, channel_id: str | None = None, message_ts: str | None = None
    ) -> dict[str, Any]:
        """Use a global shortcut, or a message shortcut on a message."""
        user = _person(user_id)
        kind = self._slack.installation.shortcuts.get(callback_id)
        if kind is None:
            known = ", ".join(self._slack.installation.shortcuts)
            raise Impossible(f"There is no shortcut {callback_id}; this workspace has {known}.")
        if (kind == "message_action") != (message_ts is not None):
            place = "on a message: give channel and message_ts" if message_ts is None else "without a message"
            raise Impossible(f"{callback_id} is used {place}.")
        payload = self._payloads.interaction(kind, user)
        payload |= {"callback_id": callback_id, "action_ts": self._slack.stamps.ts()}
        if message_ts is not None:
            payload |= self._on_message(user, self._message(user, channel_id, message_ts))
        payload |= {"trigger_id": self._slack.tickets.issue_trigger(user.id)}
        return self._deliver(Outgoing("shortcut", user.id, "interactive", payload)).shown()

    def home(self, user_id: str) -> dict[str, Any]:
        """Open the Home tab."""
        user = _person(user_id)
        with self._slack.lock:
            channel = self._slack.directory.direct(user.id)
            ts = self._slack.stamps.ts()
            view = self._slack.views.home.get(user.id)
        event = {"type": "app_home_opened", "user": user.id, "channel": channel.id, "tab": "home", "event_ts": ts}
        if view is not None:
            event["view"] = view.wire()
        payload = self._payloads.event(event, self._slack.stamps.id("Ev"), int(ts.split(".")[0]))
        return self._slack.events.deliver(Outgoing("event", user.id, "events_api", payload)).shown()

    def action(self, user_id: str, press: Press) -> dict[str, Any]:
        """Press a button, choose an option, change an input that dispatches."""
        user = _person(user_id)
        place = self._place(user, press)
        pressed = element_in(place.blocks, press)
        if pressed.element["type"].endswith("external_select"):
            pressed = replace(pressed, options=self._loaded(user, place, pressed, press.query))
        entry = pressed.entry(press)
        place = self._with_state(place, pressed, entry)
        if not pressed.is_dispatched:
            return Ack(200).shown()
        payload = self._payloads.interaction("block_actions", user) | self._in_place(user, place)
        payload |= {"trigger_id": self._slack.tickets.issue_trigger(user.id, place.view and place.view.id)}
        payload |= {"actions": [pressed.action(entry, self._slack.stamps.ts())]}
        return self._deliver(Outgoing("action", user.id, "interactive", payload)).shown()

    def options(self, user_id: str, press: Press) -> dict[str, Any]:
        """Type into an external select: what the bot offers."""
        user = _person(user_id)
        place = self._place(user, press)
        return self._suggest(user, place, element_in(place.blocks, press), press.query).shown()

    def submit(self, user_id: str, view_id: str, values: dict[str, dict[str, Any]]) -> dict[str, Any]:
        """Fill in and submit a modal."""
        user = _person(user_id)
        view = self._top(user, view_id)
        if view.body.get("submit") is None:
            raise Impossible("This modal has no submit button.")
        state = values_put_in(view, values, lambda pressed, given: self._given_options(user, view, pressed, given))
        view = self._keep_view(replace(view, state=state, errors={}))
        errors = field_errors(view.blocks, state)
        if errors:
            self._keep_view(replace(view, errors=errors))
            return Ack(0).shown() | {"errors": errors, "views": self._view_ids(user)}
        return self._submitted(user, view)

    def close(self, user_id: str, view_id: str, *, is_cleared: bool = False) -> dict[str, Any]:
        """Close a modal; the bot hears of it if it asked to."""
        user = _person(user_id)
        view = self._top(user, view_id)
        with self._slack.lock:
            if is_cleared or view.body.get("clear_on_close"):
                self._slack.views.clear(user.id)
            self._slack.views.pop(view)
        if not view.body.get("notify_on_close"):
            return Ack(200).shown()
        payload = self._payloads.interaction("view_closed", user)
        payload |= {"view": view.wire(), "is_cleared": is_cleared}
        return self._deliver(Outgoing("close", user.id, "interactive", payload)).shown()

    def _submitted(self, user: User, view: View) -> dict[str, Any]:
        payload = self._payloads.interaction("view_submission", user)
        payload |= {"trigger_id": self._slack.tickets.issue_trigger(user.id, view.id)}
        payload |= {"view": view.wire(), "response_urls": []}
        ack = self._deliver(Outgoing("submit", user.id, "interactive", payload))
        errors: dict[str, str] = {}
        if ack.error is None:
            ack = self._followed(ack, "submit", lambda: errors.update(self._follow(view, ack.body)))
        return ack.shown() | {"errors": errors, "views": self._view_ids(user)}

    def _follow(self, view: View, body: Any) -> dict[str, str]:
        now = next((item for item in self._slack.views.stack(view.user) if item.id == view.id), view)
        errors = follow_submission(self._slack, now, body)
        if errors:
            self._slack.views.replace(replace(now, errors=errors))
        return errors

    def _followed(self, ack: Ack, kind: str, follow: Callable[[], object]) -> Ack:
        try:
            with self._slack.lock:
                follow()
        except SlackError as refused:
            self._slack.record.add_delivery(Delivered(f"{kind} answer", "", ack.status, ack.ms, str(refused)))
            return replace(ack, error=str(refused))
        return ack

    def _view_ids(self, user: User) -> list[str]:
        return [view.id for view in self._slack.views.stack(user.id)]

    def _deliver(self, outgoing: Outgoing) -> Ack:
        return self._slack.courier.deliver(outgoing)

    def _member(self, user_id: str, channel_id: str) -> tuple[User, Channel]:
        user = _person(user_id)
        channel = self._slack.directory.channels.get(channel_id)
        if channel is None:
            raise Impossible(f"There is no channel {channel_id}; {', '.join(self._slack.directory.channels)} exist.")
        if user.id not in channel.members:
            raise Impossible(f"{user.id} is not in {channel.id}.")
        return user, channel

    def _commands(self) -> str:
        return ", ".join(self._slack.installation.commands)

    def _escaped(self, text: str) -> str:
        if not self._slack.installation.should_escape:
            return text
        people = {user.name: f"<@{user.id}|{user.name}>" for user in USERS.values()}
        places = {c.name: f"<#{c.id}|{c.name}>" for c in self._slack.directory.channels.values() if c.user is None}
        text = re.sub(r"(?<![\w<])@([\w.-]+)", lambda m: people.get(m[1], m[0]), text)
        text = re.sub(r"(?<![\w<])#([\w.-]+)", lambda m: places.get(m[1], m[0]), text)
        return re.sub(r"(?<![<|])\bhttps?://[^\s<>|]+", lambda m: f"<{m[0]}>", text)

    def _message(self, user: User, channel_id: str | None, ts: str) -> Message:
        _, channel = self._member(user.id, channel_id or "")
        try:
            message = self._slack.messages.get(channel.id, ts)
        except SlackError:
            raise Impossible(f"There is no message {ts} in {channel.id}.") from None
        if message.ephemeral_for not in {None, user.id}:
            raise Impossible(f"{user.id} does not see message {ts}: only {message.ephemeral_for} does.")
        return message

    def _top(self, user: User, view_id: str) -> View:
        view = self._slack.views.top(user.id)
        if view is None or view.id != view_id:
            seen = f"sees {view.id}" if view else "has no modal open"
            raise Impossible(f"{user.id} cannot use modal {view_id}: {user.id} {seen}.")
        return view

    def _place(self, user: User, press: Press) -> Place:
        if press.view_id is None:
            return Place(message=self._message(user, press.channel, press.message_ts or ""))
        home = self._slack.views.home.get(user.id)
        if home is not None and home.id == press.view_id:
            return Place(view=home)
        return Place(view=self._top(user, press.view_id))

    def _with_state(self, place: Place, pressed: Pressed, entry: dict[str, Any] | None) -> Place:
        if entry is None:
            return place
        with self._slack.lock:
            if place.view is not None:
                view = replace(place.view, state=pressed.put(place.view.state, entry))
                return Place(view=self._slack.views.replace(view))
            if place.message is not None:
                state = pressed.put(place.message.state, entry)
                return Place(message=self._slack.messages.put_state(place.message, state))
        return place

    def _keep_view(self, view: View) -> View:
        with self._slack.lock:
            return self._slack.views.replace(view)

    def _on_message(self, user: User, message: Message) -> Payload:
        channel = self._slack.directory.channels[message.channel]
        return {
            "channel": wire_place(channel),
            "message_ts": message.ts,
            "message": message.wire(),
            "response_url": self._response_url(user, channel, message),
        }

    def _in_place(self, user: User, place: Place) -> Payload:
        if place.view is not None:
            return self._payloads.in_view(place.view)
        assert place.message is not None
        channel = self._slack.directory.channels[place.message.channel]
        url = self._response_url(user, channel, place.message)
        return self._payloads.in_message(place.message, channel) | {"response_url": url}

    def _response_url(self, user: User, channel: Channel, message: Message | None) -> str:
        ts, thread = (message.ts, message.thread_ts) if message else (None, None)
        key = self._slack.tickets.issue_response_url(user.id, channel.id, message_ts=ts, thread_ts=thread)
        return f"{self._slack.base_url}/respond/{key}"

    def _suggest(self, user: User, place: Place, pressed: Pressed, query: str) -> Ack:
        payload = self._payloads.interaction("block_suggestion", user) | self._in_place(user, place)
        payload |= {"action_id": pressed.element["action_id"], "block_id": pressed.block["block_id"], "value": query}
        payload.pop("response_url", None)
        ack = self._deliver(Outgoing("options", user.id, "interactive", payload))
        problems = option_list_problems(ack.body) if ack.error is None else []
        return replace(ack, error=f"invalid_options: {problems[0]}") if problems else ack

    def _loaded(self, user: User, place: Place, pressed: Pressed, query: str) -> list[dict[str, Any]]:
        ack = self._suggest(user, place, pressed, query)
        if ack.error is not None:
            raise Impossible(f"The options of {pressed.element['action_id']} did not load: {ack.error or FAILED}.")
        grouped = [option for group in ack.body.get("option_groups", []) for option in group["options"]]
        options: list[dict[str, Any]] = ack.body.get("options", []) + grouped
        return options

    def _given_options(self, user: User, view: View, pressed: Pressed, given: Any) -> list[dict[str, Any]] | None:
        if not pressed.element["type"].endswith("external_select") or given in (None, "", []):
            return None
        return self._loaded(user, Place(view=view), pressed, "")


def _person(user_id: str) -> User:
    user = USERS.get(user_id)
    if user is None or user.is_bot:
        people = ", ".join(user.id for user in USERS.values() if not user.is_bot)
        raise Impossible(f"There is no person {user_id}; this workspace has {people}.")
    return user
