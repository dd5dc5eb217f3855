"""``/egress token`` as operators type it."""

from collections.abc import Iterator

import pytest

from bot.domain.api_token import TokenAct
from bot.errors import InvalidInput, NotPermitted
from bot.inventory import list_tokens, present
from handlers import tokens
from handlers.attempts import attempt_of
from handlers.calls import CallKind
from tests.build import DEV, OPERATOR, World, make_world
from tests.listeners.calling import text_of, typed


@pytest.fixture
def world(sqlite_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(sqlite_url)
    yield made
    made.store.close()


def test_made_shown_once_listed_and_revoked(world: World) -> None:
    """The secret is in the one answer to whoever made it."""
    assert "There is no API token" in text_of(tokens.token(world.ctx, typed(OPERATOR)))
    words = "create payments <@UDEV0002|dev> aks-* check read 30d"
    said = text_of(tokens.token(world.ctx, typed(OPERATOR, words)))
    secret = next(part for part in said.split("`") if part.startswith("egr_"))
    made = present(world.ctx, secret)
    assert (made.owner.user, made.clusters) == ("UDEV0002", ("aks-*",))
    assert (made.acts, (made.expires_at - made.created_at).days) == (frozenset({TokenAct.CHECK, TokenAct.READ}), 30)
    listed = text_of(tokens.token(world.ctx, typed(OPERATOR, "list")))
    assert "payments  valid  UDEV0002" in listed
    assert secret not in listed
    assert "is revoked" in text_of(tokens.token(world.ctx, typed(OPERATOR, "revoke payments")))
    assert "payments  revoked" in text_of(tokens.token(world.ctx, typed(OPERATOR)))


@pytest.mark.parametrize(
    "words", ["create", "create a", "create a aks-*", "create a <@U1> <@U2> x", "create a <@U1>", "?"]
)
def test_what_is_not_clear_is_asked_back(world: World, words: str) -> None:
    """And nothing is made."""
    with pytest.raises(InvalidInput):
        tokens.token(world.ctx, typed(OPERATOR, words))
    assert list_tokens(world.ctx, OPERATOR) == []


@pytest.mark.parametrize("words", ["", "create a <@U1> aks-*", "revoke a"])
def test_operators_only(world: World, words: str) -> None:
    """Others are refused, with what they typed on record."""
    with pytest.raises(NotPermitted):
        tokens.token(world.ctx, typed(DEV, words))
    assert dict(attempt_of(CallKind.COMMAND, "token", typed(DEV, "revoke a")).detail) == {"words": "revoke a"}
