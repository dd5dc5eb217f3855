"""Break-glass as people type, tick and review it."""

from collections.abc import Iterator

import pytest

from bot import allowances
from bot.domain.allowance import Allowance
from bot.domain.audit import Action
from bot.domain.break_glass import ReviewOutcome
from bot.errors import InvalidInput, NotPermitted, RequestRefused, StaleView, UserError
from handlers import break_glass, commands, home, views
from handlers.blocks.allowance_card import allowance_card
from handlers.blocks.estimate import Waiting
from handlers.replies import Block, OpenModal, PublishHome, Reply, View
from tests.blockkit import assert_valid
from tests.build import APPROVER, AUDITOR, DEV, OPERATOR, World, make_world
from tests.flows.writer_stage import events
from tests.listeners.calling import FORM, pressed, submitted, text_of, typed

EMERGENCY = FORM | {"duration": "4h", "break_glass": "yes", "destinations": "api.example.com"}


@pytest.fixture
def world(sqlite_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(sqlite_url)
    yield made
    made.store.close()


def view_of(reply: Reply | tuple[Reply, ...]) -> View:
    """The modal that is opened."""
    given = reply[0] if isinstance(reply, tuple) else reply
    assert isinstance(given, OpenModal)
    assert_valid(given.view, "modal")
    return given.view


def field(view: View, name: str) -> Block | None:
    """The element of a field."""
    found = [block for block in view["blocks"] if block.get("block_id") == name]
    return found[0]["element"] if found else None


def broken(world: World) -> Allowance:
    """The operator has submitted the form with its box ticked."""
    assert "Opened by break-glass" in text_of(views.request(world.ctx, submitted(OPERATOR, EMERGENCY)))
    (made,) = allowances.requests(world.ctx, OPERATOR, "mine")
    return made


@pytest.mark.parametrize("flag", ["--break-glass", "—break-glass", "--breakglass", "--BREAK-GLASS"])
def test_an_operator_gets_the_form_with_its_box_ticked(world: World, flag: str) -> None:
    """Wherever the flag stands, and also where a keyboard made a dash of its hyphens."""
    for words in (f"aks-udr api.example.com {flag}", f"aks-udr {flag} api.example.com"):
        view = view_of(commands.request(world.ctx, typed(OPERATOR, words)))
        boxes, hosts = field(view, "break_glass"), field(view, "destinations")
        assert boxes is not None
        assert hosts is not None
        assert (len(boxes["initial_options"]), hosts["initial_value"]) == (1, "api.example.com")


def test_nobody_else_is_offered_it(world: World) -> None:
    """The flag is refused and on record; the form has no box; a forged form is refused as well."""
    with pytest.raises(NotPermitted, match="does not let you break glass; nothing was opened"):
        commands.request(world.ctx, typed(DEV, "aks-udr api.example.com --break-glass"))
    (event,) = events(world, "", Action.ACT_REFUSE)
    assert (event.actor, dict(event.detail)["act"]) == (DEV.identity, "break-glass")
    assert field(view_of(commands.request(world.ctx, typed(DEV, "aks-udr api.example.com"))), "break_glass") is None
    with pytest.raises(RequestRefused):
        views.request(world.ctx, submitted(DEV, EMERGENCY))


def test_the_card_is_loud(world: World) -> None:
    """It says break-glass first, calls the reviewers, and says by when; then how the review ended."""
    made = broken(world)
    waiting = Waiting(None)
    said = allowance_card(made, world.ctx.config, world.clock.now(), waiting)
    assert_valid(said, "message")
    assert said.text.startswith("Break-glass: ")
    assert "<!subteam^SAPPROVE1>" in str(said.blocks)
    assert "review_break_glass" in str(said.blocks)
    submit = submitted(APPROVER, {"outcome": "confirm", "reason": "fine"}, id=made.id, digest=made.digest)
    assert "Reviewed: confirmed" in text_of(break_glass.submit_review(world.ctx, submit))
    (after,) = allowances.requests(world.ctx, OPERATOR, "mine")
    said = allowance_card(after, world.ctx.config, world.clock.now(), waiting)
    assert "Reviewed by <@UAPP0001>" in str(said.blocks)
    assert "review_break_glass" not in str(said.blocks)


def test_reviewers_find_it_on_their_home(world: World) -> None:
    """And nobody else does; once it is reviewed it is gone."""
    made = broken(world)

    def shown(who: str) -> str:
        caller = {"approver": APPROVER, "operator": OPERATOR, "auditor": AUDITOR}[who]
        reply = home.opened(world.ctx, pressed(caller))
        assert isinstance(reply, PublishHome)
        return str(reply.view)

    assert [who for who in ("approver", "operator", "auditor") if "review_break_glass" in shown(who)] == ["approver"]
    view = view_of(break_glass.open_review(world.ctx, pressed(APPROVER, id=made.id, digest=made.digest)))
    assert made.id in str(view)
    answer = {"outcome": "revoke", "reason": "not needed"}
    break_glass.submit_review(world.ctx, submitted(APPROVER, answer, id=made.id, digest=made.digest))
    assert "review_break_glass" not in shown("approver")


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"outcome": "keep", "reason": "x"}, InvalidInput),
        ({"reason": "x"}, InvalidInput),
        ({"outcome": "shorten", "reason": "x"}, InvalidInput),
        ({"outcome": "shorten", "duration": "soon", "reason": "x"}, InvalidInput),
        ({"outcome": "confirm"}, InvalidInput),
    ],
)
def test_a_malformed_review_changes_nothing(world: World, form: dict[str, str], error: type[UserError]) -> None:
    """Each with the field that is wrong; stale and strange cards likewise."""
    made = broken(world)
    with pytest.raises(error):
        break_glass.submit_review(world.ctx, submitted(APPROVER, form, id=made.id, digest=made.digest))
    whole = {"outcome": ReviewOutcome.CONFIRM, "reason": "x"}
    with pytest.raises(StaleView):
        break_glass.submit_review(world.ctx, submitted(APPROVER, whole, id=made.id, digest="0"))
    with pytest.raises(NotPermitted):
        break_glass.submit_review(world.ctx, submitted(DEV, whole, id=made.id, digest=made.digest))
    assert events(world, made.id, Action.ALLOWANCE_REVIEW) == []
