"""Parses Slack's payloads into one value for listeners and one for the boundary that answers them.

Shapes: https://docs.slack.dev/interactivity and https://docs.slack.dev/reference/interaction-payloads, read 2026-11.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from bot.domain.ids import is_id
from bot.domain.people import Identity
from bot.errors import InvalidInput, StaleView
from bot.ports import Caller, Place
from handlers.messages import text_of


class Values(dict[str, str]):
    """The ids and digests that we once wrote on a button or into a modal."""

    def __missing__(self, _key: str) -> str:
        """Refuse what was written by another version, or not by us."""
        raise StaleView("This is out of date. Open it again.")


NOTHING: Mapping[str, str] = MappingProxyType(Values())


def _nothing() -> Mapping[str, str]:
    return NOTHING


class CallKind(StrEnum):
    """Through what somebody comes in."""

    COMMAND = "command"
    ACTION = "action"
    VIEW = "view"
    OPTIONS = "options"
    HOME = "home"
    SHORTCUT = "shortcut"
    EVENT = "event"


@dataclass(frozen=True, slots=True)
class Call:
    """A person's act, as listeners see it.

    Args:
        caller: Who, and through what.
        text: The words behind the subcommand, what is typed into a select, or the message of a message shortcut.
        value: The ids and digests on the button that was pressed, or of the modal that was submitted; of a select what
            was ``chosen``, of a command its subcommand, as ``word``.
        form: The values of the modal's fields, by block id; choices by their value, several on a line each.
        carried: What the modal or Home tab in which it happened carries: ids and digests, or its page and search.
    """

    caller: Caller
    text: str = ""
    value: Mapping[str, str] = field(default_factory=_nothing)
    form: Mapping[str, str] = field(default_factory=_nothing)
    carried: Mapping[str, str] = field(default_factory=_nothing)


@dataclass(frozen=True, slots=True)
class Origin:
    """The place where a person acted, for the boundary.

    Args:
        user: Who, as Slack's user id.
        trigger_id: Opens one modal within three seconds; None where the payload has none.
        response_url: Answers five times within thirty minutes; None for acts in modals and the Home tab.
        channel: The conversation, or the one that the modal was opened from.
        view_id: The modal in which it happened.
        view_hash: Which state of it the person saw.
        inputs: The block ids of the modal's fields.
    """

    user: str
    trigger_id: str | None = None
    response_url: str | None = None
    channel: str | None = None
    view_id: str | None = None
    view_hash: str | None = None
    inputs: tuple[str, ...] = field(default=())


def words_of(body: Mapping[str, Any]) -> tuple[str, str]:
    """The subcommand of a slash command in lower case, and the rest as it was typed."""
    word, _, rest = str(body.get("text") or "").strip().partition(" ")
    return word.lower(), rest.strip()


_ESCAPED = re.compile(r"<(?:[@#]|![a-z]+\^)?([^<>|]*)(?:\|([^<>]*))?>")


_MENTION = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^<>]*)?>")


def mentioned_in(text: str) -> tuple[list[str], str]:
    """The user ids of everybody whom a command's text mentions, and the text without them."""
    return _MENTION.findall(text), _MENTION.sub("", text)


_FOR = re.compile(r"(?:^|(?<=\s))for:\s?(?:<@(?P<user>[A-Z0-9]+)(?:\|[^<>]*)?>|(?P<text>@\S+))", re.IGNORECASE)


def owner_from(text: str) -> tuple[str, str]:
    """The person in ``for:@person``, wherever it stands in a command's text, and the text without it.

    Slack writes their id where it knows whom somebody means; everything else comes back as it was typed.
    """
    found = _FOR.search(text)
    if found is None:
        return "", text
    return found["user"] or found["text"], f"{text[: found.start()]}{text[found.end() :]}".strip()


def plain_words(text: str) -> str:
    """Remove the markup that Slack adds to a command's text.

    Source: https://docs.slack.dev/messaging/formatting-message-text#escaping, read 2026-11.
    """
    bare = _ESCAPED.sub(lambda link: link[2] or link[1], text)
    return bare.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def call_from(kind: CallKind, body: Mapping[str, Any]) -> Call:
    """Read a payload for a listener.

    What people write to each other is not for the bot until it answers something: ``require_readable`` is for that.

    Raises:
        InvalidInput: If something in it is not valid text.
    """
    view = body.get("view") or {}
    call = Call(
        caller=Caller(identity_of(body), _via(kind, view)),
        text=_text(kind, body),
        value=_value(kind, body),
        form=_form(view),
        carried=_metadata(view),
    )
    who = call.caller.identity
    require_readable(who.team, who.user, *_values(call), *([call.text] if kind is not CallKind.EVENT else []))
    return call


def require_readable(*texts: str) -> None:
    """Refuse what databases do not store.

    Raises:
        InvalidInput: If something is not valid text.
    """
    if any(map(_UNREADABLE.search, texts)):
        raise InvalidInput("Your input contains characters that are not valid text. Remove them and try again.")


def is_reply(body: Mapping[str, Any]) -> bool:
    """Whether an event is what a person wrote in a thread: not an edit, a bot's message, or a message outside of one.

    Source: https://docs.slack.dev/reference/events/message, read 2026-11.
    """
    event = body.get("event") or {}
    is_new = not (event.get("subtype") or event.get("bot_id"))
    return bool(is_new and event.get("user") and event.get("thread_ts") and event["thread_ts"] != event.get("ts"))


def _values(call: Call) -> Iterator[str]:
    for values in (call.value, call.form, call.carried):
        yield from values.values()


_UNREADABLE = re.compile("[\x00\ud800-\udfff\ufffd]")
"""Characters that databases do not store (NUL, lone surrogates), and the replacement for undecodable bytes."""


def number_from(value: Mapping[str, str], name: str, default: int | None = None) -> int:
    """A number that we once wrote on a button.

    Raises:
        StaleView: It is none.
    """
    given = value.get(name, "") if default is not None else value[name]
    if not given and default is not None:
        return default
    if not given.isascii() or not given.isdecimal() or len(given) > MOST_DIGITS:
        raise StaleView("This is out of date. Open it again.")
    return int(given)


def position_from(text: str) -> Place:
    """Read the position of a row in a list, as ``position_text`` wrote it.

    Raises:
        StaleView: It is none.
    """
    if text[:1] not in ("0", "1") or not is_id(text[1:]):
        raise StaleView("This is out of date. Open it again.")
    return Place(text[:1] == "1", text[1:])


MOST_DIGITS = 18
"""A database's largest number has nineteen."""


def origin_from(body: Mapping[str, Any]) -> Origin:
    """Read where an answer can go."""
    view = body.get("view") or {}
    in_modal = view if view.get("type") == "modal" else {}
    channel = (body.get("channel") or {}).get("id") or body.get("channel_id")
    return Origin(
        user=identity_of(body).user,
        trigger_id=body.get("trigger_id"),
        response_url=body.get("response_url"),
        channel=channel or _metadata(in_modal).get("channel"),
        view_id=in_modal.get("id"),
        view_hash=in_modal.get("hash"),
        inputs=tuple(_inputs(in_modal)),
    )


def _inputs(modal: Mapping[str, Any]) -> Iterator[str]:
    for block in modal.get("blocks") or ():
        if block.get("type") == "input" and "block_id" in block:
            yield str(block["block_id"])


def identity_of(body: Mapping[str, Any]) -> Identity:
    """Read the actor's team and user, as signed by Slack; a missing one stays empty and is refused later.

    Somebody from another organisation in a shared channel carries a team of their own in ``user.team_id``.
    """
    user = body.get("user") or {}
    event = body.get("event") or {}
    author = event.get("user_team") or event.get("team")
    team = user.get("team_id") or author or (body.get("team") or {}).get("id") or body.get("team_id") or ""
    return Identity(str(team), str(user.get("id") or body.get("user_id") or event.get("user") or ""))


def pressed_value(body: Mapping[str, Any]) -> str:
    """The value of the pressed button, as it was written on it."""
    return str(body["actions"][0].get("value") or "{}")


def _via(kind: CallKind, view: Mapping[str, Any]) -> str:
    if kind in (CallKind.ACTION, CallKind.OPTIONS):
        return {"modal": "slack:modal", "home": "slack:home"}.get(str(view.get("type")), "slack:button")
    return "slack:modal" if kind is CallKind.VIEW else f"slack:{kind}"


def _text(kind: CallKind, body: Mapping[str, Any]) -> str:
    if kind is CallKind.COMMAND:
        return words_of(body)[1]
    if kind is CallKind.OPTIONS:
        return str(body.get("value") or "")
    if kind is CallKind.EVENT:
        return plain_words(str((body.get("event") or {}).get("text") or ""))
    return text_of(body.get("message") or {}) if kind is CallKind.SHORTCUT else ""


def _value(kind: CallKind, body: Mapping[str, Any]) -> Mapping[str, str]:
    if kind is CallKind.VIEW:
        return _metadata(body.get("view") or {})
    if kind is CallKind.COMMAND:
        return {"word": words_of(body)[0]}
    if kind is CallKind.EVENT:
        event = body.get("event") or {}
        return Values((name, str(event.get(name) or "")) for name in ("channel", "thread_ts"))
    pressed: Mapping[str, Any] = next(iter(body.get("actions") or ()), {})
    if pressed.get("selected_option"):
        return Values(chosen=str(pressed["selected_option"].get("value") or ""))
    return _json(pressed.get("value")) if kind is CallKind.ACTION else NOTHING


def _metadata(view: Mapping[str, Any]) -> Mapping[str, str]:
    return _json(view.get("private_metadata"))


def _json(text: str | None) -> Mapping[str, str]:
    """The object that we wrote; nothing for anything else, for example for what a text field holds."""
    try:
        found = json.loads(text or "{}")
    except (ValueError, TypeError, RecursionError):
        return NOTHING
    return Values((str(key), str(value)) for key, value in found.items()) if isinstance(found, dict) else NOTHING


def _form(view: Mapping[str, Any]) -> Mapping[str, str]:
    values = (view.get("state") or {}).get("values") or {}
    return {block: _typed(next(iter(elements.values()), {})) for block, elements in values.items()}


def _typed(element: Mapping[str, Any]) -> str:
    option = element.get("selected_option") or {}
    chosen = [str(one.get("value") or "") for one in element.get("selected_options") or ()]
    return str(element.get("value") or option.get("value") or element.get("selected_user") or "\n".join(chosen))
