"""The text that a member's client sends: names become mentions, URLs become links, ``&``, ``<`` and ``>`` are escaped.

Sources (read 2026-11): https://docs.slack.dev/messaging/formatting-message-text#escaping,
https://docs.slack.dev/interactivity/implementing-slash-commands ("Escape channels, users, and links").
"""

import re
from collections.abc import Callable

from bot.sandbox.slack.directory import Directory

_MARKUP = re.compile(r"(<(?:[@#!]|https?://|mailto:)[^<>\s][^<>]*>)")
"""What is markup already: a client's completion puts mentions in as a whole."""


def command_text(text: str, directory: Directory) -> str:
    """The text of a slash command whose manifest entry has ``should_escape``; mentions carry the name."""
    people = {user.name: f"<@{user.id}|{user.name}>" for user in directory.users.values()}
    return _sent(text, people, directory)


def message_text(text: str, directory: Directory) -> str:
    """The text of a message; mentions of people carry their id alone."""
    return _sent(text, {user.name: f"<@{user.id}>" for user in directory.users.values()}, directory)


def _sent(text: str, people: dict[str, str], directory: Directory) -> str:
    places = {c.name: f"<#{c.id}|{c.name}>" for c in directory.channels.values() if c.user is None}

    def plain(part: str) -> str:
        part = part.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        part = re.sub(r"(?<!\w)@([\w.-]+)", lambda m: people.get(m[1], m[0]), part)
        part = re.sub(r"(?<!\w)#([\w.-]+)", lambda m: places.get(m[1], m[0]), part)
        return re.sub(r"\bhttps?://[^\s<>|]+", lambda m: f"<{m[0]}>", part)

    return _outside_markup(plain, text)


def _outside_markup(change: Callable[[str], str], text: str) -> str:
    parts = _MARKUP.split(text)
    return "".join(part if index % 2 else change(part) for index, part in enumerate(parts))
