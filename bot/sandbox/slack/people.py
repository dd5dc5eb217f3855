"""The acts of members: type, press, choose, submit, close. As strict as their own client."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from bot.sandbox.slack.answers import follow_submission, say_answer
from bot.sandbox.slack.blocks import all_options, option_list_problems
from bot.sandbox.slack.composing import command_text, message_text
from bot.sandbox.slack.delivery import Ack, Outgoing
from bot.sandbox.slack.directory import Channel, User, wire_user
from bot.sandbox.slack.errors import Impossible, SlackError
from bot.sandbox.slack.inputs import field_errors
from bot.sandbox.slack.installation import BOT_USER_ID
from bot.sandbox.slack.messages import Content, Message
from bot.sandbox.slack.payloads import Payload, Payloads, wire_place
from bot.sandbox.slack.places import Place, Places
from bot.sandbox.slack.pressing import Press, Pressed, element_in, values_put_in
from bot.sandbox.slack.record import Delivered
from bot.sandbox.slack.views import View
from bot.sandbox.slack.workspace import SlackWorkspace

CHANGEABLE = ("deleted", "is_restricted", "is_ultra_restricted", "is_bot", "team_id", "enterprise_id", "teams", "tz")
"""The properties of a person that an administrator, or another organisation, can change."""

KINDS: Mapping[str, str] = {"channels": "channel", "groups": "group"}
"""Channel type by the last part of the message event's name, where the two differ."""


class People:
    """The members' side of the workspace. All methods answer ``{"status", "ms", "body"}`` of the ack.

    Where the ack failed there is an ``error`` too, and ``status`` is 0 if there was no ack at all.

    Args:
        workspace: Where they are.
    """

    def __init__(self, workspace: SlackWorkspace) -> None:
        self._slack = workspace
        self._places = Places(workspace)
        self._payloads = Payloads(workspace.installation.verification_token)
        self._offered: dict[tuple[str, str, str], list[dict[str, Any]]] = {}

    def command(self, user_id: str, channel_id: str, text: str, command: str | None = None) -> dict[str, Any]:
        """Type a slash command; its ack may say something in the channel."""
        user = self._places.person(user_id)
        channel = self._places.member(user, channel_id)
        known = self._slack.installation.commands
        name = command or next(iter(known), "")
        if name not in known:
            raise Impossible(f"{name} is not a valid command; this workspace knows {', '.join(known)}.")
        sent = command_text(text, self._slack.directory) if known[name] else text
        payload = self._payloads.command(user, channel, name, sent)
        payload |= self._tickets(user, channel, None)
        ack = self._deliver(Outgoing("command", user.id, "slash_commands", payload))
        return self._followed(ack, user, lambda: say_answer(self._slack, user.id, channel.id, ack.body)).shown()

    def say(self, user_id: str, channel_id: str, text: str, more: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Post a message; the bot is notified where it is a member, of what its manifest subscribes to.

        Args:
            user_id: Who posts.
            channel_id: Where.
            text: As typed: names become mentions.
            more: ``thread_ts``, and the ``blocks`` and ``attachments`` that another application's message has.
        """
        user = self._places.person(user_id)
        channel = self._places.member(user, channel_id)
        extra = {key: (more or {}).get(key) for key in ("thread_ts", "blocks", "attachments")}
        content = Content(message_text(text, self._slack.directory), **{k: v for k, v in extra.items() if v})
        with self._slack.lock:
            message = self._slack.messages.post(channel.id, content, user=user.id)
        acks = [self._heard(user, message, event) for event in self._events_of(channel, message)]
        ack = next((ack for ack in acks if ack.error is not None), acks[0] if acks else Ack(200))
        return ack.shown() | {"channel": channel.id, "ts": message.ts}

    def _events_of(self, channel: Channel, message: Message) -> list[Payload]:
        """What the bot is told of a message, if it is in the channel."""
        kind = "im" if channel.user else "groups" if channel.is_private else "channels"
        heard: Payload = {"channel_type": KINDS.get(kind, kind)}
        wanted = {f"message.{kind}": heard}
        if f"<@{BOT_USER_ID}>" in message.text:
            wanted["app_mention"] = {"type": "app_mention"}
        subscribed = self._slack.installation.events if BOT_USER_ID in channel.members else ()
        return [
            message.wire() | {"channel": channel.id} | extra for name, extra in wanted.items() if name in subscribed
        ]

    def _heard(self, user: User, message: Message, event: Payload) -> Ack:
        event |= {"event_ts": message.ts, "team": user.team_id, "client_msg_id": self._slack.stamps.id("Cm")}
        payload = self._payloads.event(event, self._slack.stamps.id("Ev"), int(message.ts.split(".")[0]))
        return self._slack.events.deliver(Outgoing("event", user.id, "events_api", payload))

    def change(self, user_id: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Change or add somebody, and the user groups that they are in: what an administrator does."""
        given = {name: value for name, value in changes.items() if name in CHANGEABLE}
        unknown = sorted(set(changes) - {*CHANGEABLE, "user", "usergroups"})
        if unknown:
            raise Impossible(f"A person has no {', '.join(unknown)}; these can be changed: {', '.join(CHANGEABLE)}.")
        if not user_id or user_id == BOT_USER_ID:
            raise Impossible("Name a person; the bot's own user stays as it is.")
        directory = self._slack.directory
        with self._slack.lock:
            old = directory.users.get(user_id) or User(user_id, user_id.lower(), user_id)
            new = replace(old, **given | ({"teams": tuple(given["teams"])} if "teams" in given else {}))
            directory.put_user(new)
            if changes.get("usergroups") is not None:
                directory.put_in_groups(user_id, changes["usergroups"])
        return {"user": wire_user(new)}

    def shortcut(
        self, user_id: str, callback_id: str, channel_id: str | None = None, message_ts: str | None = None
    ) -> dict[str, Any]:
        """Use a global shortcut, or a message shortcut on a message."""
        user = self._places.person(user_id)
        kind = self._shortcut_kind(callback_id, is_on_message=message_ts is not None)
        payload = self._payloads.interaction(kind, user)
        payload |= {"callback_id": callback_id, "action_ts": self._slack.stamps.ts()}
        if message_ts is None:
            payload |= {"trigger_id": self._slack.tickets.issue_trigger(user.id)}
        else:
            payload |= self._on_message(user, self._places.message(user, channel_id, message_ts))
        return self._deliver(Outgoing("shortcut", user.id, "interactive", payload)).shown()

    def home(self, user_id: str) -> dict[str, Any]:
        """Open the Home tab; the bot hears of it if its manifest asks for it."""
        user = self._places.person(user_id)
        if not self._slack.installation.has_home:
            raise Impossible("The application has no Home tab: its manifest does not enable it.")
        with self._slack.lock:
            channel = self._slack.directory.direct(user.id)
            view = self._slack.views.home.get(user.id)
        ts = self._slack.stamps.ts()
        event: Payload = {"type": "app_home_opened", "user": user.id, "channel": channel.id, "tab": "home"}
        event |= {"event_ts": ts} | ({"view": view.wire()} if view else {})
        if event["type"] not in self._slack.installation.events:
            return Ack(200).shown()
        payload = self._payloads.event(event, self._slack.stamps.id("Ev"), int(ts.split(".")[0]))
        return self._slack.events.deliver(Outgoing("event", user.id, "events_api", payload)).shown()

    def action(self, user_id: str, press: Press) -> dict[str, Any]:
        """Press a button, choose an option, change an input that dispatches."""
        user = self._places.person(user_id)
        place = self._places.pressed_in(user, press)
        pressed = element_in(place.blocks, press)
        pressed = replace(pressed, options=self._options_for(user, place, pressed, press))
        held = pressed.entry(press)
        if held is not None:
            place = self._places.put_state(place, pressed.put(place.state, held))
        if not pressed.is_dispatched:
            return Ack(200).shown()
        payload = self._payloads.interaction("block_actions", user) | self._in_place(user, place)
        payload |= {"actions": [pressed.action(held, self._slack.stamps.ts())]}
        return self._deliver(Outgoing("action", user.id, "interactive", payload)).shown()

    def options(self, user_id: str, press: Press) -> dict[str, Any]:
        """Type into an external select; what the bot offers comes as ``options`` or ``option_groups``, too."""
        user = self._places.person(user_id)
        place = self._places.pressed_in(user, press)
        ack = self._suggested(user, place, element_in(place.blocks, replace(press, given=None)), press.query)
        return ack.shown() | (ack.body if ack.error is None else {})

    def submit(self, user_id: str, view_id: str, values: dict[str, dict[str, Any]]) -> dict[str, Any]:
        """Fill in and submit a modal; answers field errors and the ids of the modals then open, too."""
        user = self._places.person(user_id)
        view = self._places.modal(user, view_id)
        if view.body.get("submit") is None:
            raise Impossible("This modal has no submit button.")
        state = values_put_in(view, values, lambda pressed, press: self._options_for(user, Place(view), pressed, press))
        errors = field_errors(view.blocks, state)
        with self._slack.lock:
            view = self._slack.views.replace(replace(view, state=state, errors=errors))
        ack = Ack(0) if errors else self._submitted(user, view, errors)
        return ack.shown() | {"errors": errors, "views": [item.id for item in self._slack.views.stack(user.id)]}

    def close(self, user_id: str, view_id: str, *, is_cleared: bool = False) -> dict[str, Any]:
        """Close a modal; the bot hears of it if it asked to."""
        user = self._places.person(user_id)
        view = self._places.modal(user, view_id)
        clears = is_cleared or bool(view.body.get("clear_on_close"))
        with self._slack.lock:
            self._slack.views.clear(user.id) if clears else self._slack.views.pop(view)
        if not view.body.get("notify_on_close"):
            return Ack(200).shown()
        payload = self._payloads.interaction("view_closed", user)
        payload |= {"view": view.wire(), "is_cleared": clears}
        return self._deliver(Outgoing("close", user.id, "interactive", payload)).shown()

    def _submitted(self, user: User, view: View, errors: dict[str, str]) -> Ack:
        payload = self._payloads.interaction("view_submission", user)
        payload |= {"trigger_id": self._slack.tickets.issue_trigger(user.id, view.id)}
        payload |= {"view": view.wire(), "response_urls": []}
        ack = self._deliver(Outgoing("submit", user.id, "interactive", payload))
        return self._followed(ack, user, lambda: errors.update(self._follow(view, ack.body)))

    def _follow(self, view: View, body: Any) -> dict[str, str]:
        stack = self._slack.views.stack(view.user)
        now = next((item for item in stack if item.id == view.id), view)
        errors = follow_submission(self._slack, now, body)
        if errors:
            self._slack.views.replace(replace(now, errors=errors))
        return errors

    def _followed(self, ack: Ack, user: User, follow: Callable[[], object]) -> Ack:
        if ack.error is not None:
            return ack
        try:
            with self._slack.lock:
                follow()
        except SlackError as refused:
            self._slack.record.add_delivery(Delivered("ack", user.id, ack.status, ack.ms, str(refused)))
            return replace(ack, error=str(refused))
        return ack

    def _deliver(self, outgoing: Outgoing) -> Ack:
        return self._slack.courier.deliver(outgoing)

    def _shortcut_kind(self, callback_id: str, *, is_on_message: bool) -> str:
        shortcuts = self._slack.installation.shortcuts
        kind = shortcuts.get(callback_id)
        if kind is None:
            raise Impossible(f"There is no shortcut {callback_id}; this workspace has {', '.join(shortcuts)}.")
        if is_on_message != (kind == "message_action"):
            place = "without a message" if is_on_message else "on a message: give channel and message_ts"
            raise Impossible(f"{callback_id} is used {place}.")
        return kind

    def _tickets(self, user: User, channel: Channel, message: Message | None) -> Payload:
        ts, thread = (message.ts, message.thread_ts) if message else (None, None)
        key = self._slack.tickets.issue_response_url(user.id, channel.id, message_ts=ts, thread_ts=thread)
        trigger_id = self._slack.tickets.issue_trigger(user.id)
        return {"trigger_id": trigger_id, "response_url": f"{self._slack.base_url}/respond/{key}"}

    def _on_message(self, user: User, place: Place) -> Payload:
        if isinstance(place.where, View):
            return {}
        message, channel = place.where
        body = {"channel": wire_place(channel), "message_ts": message.ts, "message": message.wire()}
        return body | self._tickets(user, channel, message)

    def _in_place(self, user: User, place: Place) -> Payload:
        body = place.payload(self._payloads)
        if isinstance(place.where, View):
            return body | {"trigger_id": self._slack.tickets.issue_trigger(user.id, place.view_id)}
        message, channel = place.where
        return body | self._tickets(user, channel, message)

    def _options_for(self, user: User, place: Place, pressed: Pressed, press: Press) -> list[dict[str, Any]] | None:
        if not pressed.element["type"].endswith("external_select") or press.given in (None, "", []):
            return None
        wanted = set(press.given if isinstance(press.given, list) else [press.given])
        offered = self._offered.get(_offer_key(place, pressed), [])
        if wanted <= {option["value"] for option in offered}:
            return offered
        ack = self._suggested(user, place, pressed, press.query)
        if ack.error is not None:
            raise Impossible(f"The options of {press.action_id} did not load: {ack.error}.")
        return self._offered[_offer_key(place, pressed)]

    def _suggested(self, user: User, place: Place, pressed: Pressed, query: str) -> Ack:
        payload = self._payloads.interaction("block_suggestion", user) | place.payload(self._payloads)
        payload |= {"action_id": pressed.element["action_id"], "block_id": pressed.block["block_id"], "value": query}
        ack = self._deliver(Outgoing("options", user.id, "interactive", payload))
        problems = option_list_problems(ack.body) if ack.error is None else []
        if problems:
            return replace(ack, error=f"invalid_options: {problems[0]}")
        if ack.error is None:
            self._offered[_offer_key(place, pressed)] = all_options(ack.body)
        return ack


def _offer_key(place: Place, pressed: Pressed) -> tuple[str, str, str]:
    return place.key, pressed.block["block_id"], pressed.element["action_id"]
