"""Calls to listeners as people would make them, and what they read of the answers."""

from collections.abc import Mapping

from bot import allowances
from bot.domain.allowance import digest
from bot.ports import Caller
from handlers import views
from handlers.calls import Call
from handlers.replies import Ephemeral, Message, Reply
from tests.blockkit import assert_valid
from tests.build import DEV, World

FORM = {"cluster": "aks-udr", "destinations": "api.example.com, *.example.org", "reason": "billing", "duration": "8h"}
"""A request that somebody filled in."""


def text_of(reply: Reply | tuple[Reply, ...]) -> str:
    """Everything that a person reads of an answer, as one string."""
    return all_text(said(reply))


def said(reply: Reply | tuple[Reply, ...]) -> Message:
    """The message that only the person reads."""
    given = reply if isinstance(reply, tuple) else (reply,)
    assert given
    answer = given[0]
    assert isinstance(answer, Ephemeral)
    assert_valid(answer.message, "message")
    return answer.message


def all_text(said: Message) -> str:
    """The text of a message and of its blocks."""
    return f"{said.text} {list(said.blocks)}"


def typed(who: Caller, words: str = "", word: str = "") -> Call:
    """A command."""
    return Call(who, text=words, value={"word": word})


def pressed(who: Caller, **value: str) -> Call:
    """A button."""
    return Call(who, value=value)


def submitted(who: Caller, form: Mapping[str, str], **value: str) -> Call:
    """A modal."""
    return Call(who, form=form, value=value)


def asked(world: World, who: Caller = DEV) -> tuple[str, str]:
    """A request that waits: its id and the digest on its card."""
    views.request(world.ctx, submitted(who, FORM))
    (made, *_) = allowances.requests(world.ctx, who, "mine")
    return made.id, digest(made.scope, made.ask)
