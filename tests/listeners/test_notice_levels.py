"""How much a person is told: what each level leaves out, and what none does."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from bot import allowances
from bot.allowances import Draft
from bot.approvals import Decision
from bot.domain.allowance import Allowance
from bot.errors import AlreadyRequested, InvalidInput, NotPermitted, StaleView
from bot.ports import Caller, NoticeEvent
from bot.ports.notice_levels import UNDER_WAY, NoticeLevel, is_said
from bot.ports.notices import PROGRESS
from handlers import actions, commands
from handlers.calls import Call
from handlers.replies import Ephemeral, RefreshHome
from tests.blockkit import assert_valid
from tests.build import APPROVER, APPROVER2, DEV, DEV2, EXAMPLE, World, caller, make_world
from tests.listeners.calling import pressed, text_of, typed
from tests.listeners.test_everybody_hears import needing_two, told
from tests.listeners.test_workspace import CHANNEL, Town, settled
from tests.sandbox.slack_stage import until


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(database_url)
    yield made
    made.store.close()


def events(world: World, user: str, made: Allowance) -> list[str]:
    """What a person was told of."""
    return [body["event"] for body in told(world, user, made.id)]


def live(world: World) -> Allowance:
    """A request of one that another asked for too, approved by two people and live."""
    made = allowances.request(world.ctx, DEV, Draft("aks-udr", (EXAMPLE,), "why", timedelta(hours=8)))
    with pytest.raises(AlreadyRequested):
        allowances.request(world.ctx, DEV2, Draft("aks-udr", (EXAMPLE,), "why", timedelta(hours=8)))
    allowances.decide(world.ctx, APPROVER, Decision(made.id, is_approved=True))
    world.work(timedelta(minutes=5))
    allowances.decide(world.ctx, APPROVER2, Decision(made.id, is_approved=True))
    world.settle()
    return made


@pytest.mark.parametrize(
    ("level", "own", "followed"),
    [
        ("all", ["seconded", "approved", "live"], ["seconded", "approved", "live"]),
        ("decisions", ["approved", "live"], ["approved", "live"]),
        ("mine", ["seconded", "approved", "live"], []),
    ],
)
def test_each_level_leaves_out_what_it_says(world: World, level: str, own: list[str], followed: list[str]) -> None:
    """For the requester and for who follows; the thread under the card has it all."""
    world = needing_two(world)
    for who in (DEV, DEV2):
        assert level_of(commands.notices(world.ctx, typed(who, level))) == level
    made = live(world)
    assert (events(world, "UDEV0001", made), events(world, "UDEV0002", made)) == (own, followed)
    assert world.said.events(made.id)[0] == "seconded"
    assert "live" in world.said.events(made.id)


def test_a_cut_request_is_always_told(world: World) -> None:
    """To its requester and to whoever's approval does not count any more, whatever they chose."""
    world = needing_two(world)
    for user in ("UDEV0001", "UAPP0001"):
        for level in (NoticeLevel.MINE, NoticeLevel.DECISIONS):
            allowances.choose_notices(world.ctx, caller(user), level)
    hosts = (EXAMPLE, type(EXAMPLE)("example.net"))
    made = allowances.request(world.ctx, DEV, Draft("aks-udr", hosts, "why", timedelta(hours=8)))
    allowances.decide(world.ctx, APPROVER, Decision(made.id, is_approved=True))
    less = Decision(made.id, True, reason="No need.", destinations=(EXAMPLE,), duration=timedelta(hours=8))
    allowances.decide(world.ctx, APPROVER2, less)
    world.settle()
    for user in ("UDEV0001", "UAPP0001"):
        assert [body["cut"] for body in told(world, user, made.id)] == ["example.net"]


def test_outcomes_and_duties_are_in_no_list() -> None:
    """Every event of somebody's own request but those under way is said at each level, new events included."""
    for event in [*NoticeEvent, "never-heard-of"]:
        body = {"event": event}
        assert is_said(NoticeLevel.ALL, body, is_followed=False)
        assert is_said(NoticeLevel.MINE, body, is_followed=False)
        assert is_said(NoticeLevel.DECISIONS, body, is_followed=False) == (event not in UNDER_WAY)
    duties = {
        NoticeEvent.EXPIRING,
        NoticeEvent.RANGES,
        NoticeEvent.CHANGED,
        NoticeEvent.REMINDED,
        NoticeEvent.UNANSWERED,
    }
    assert not UNDER_WAY & (duties | {NoticeEvent.LIVE, NoticeEvent.FAILED, NoticeEvent.DENIED, NoticeEvent.LAPSED})
    assert frozenset({NoticeEvent.SECONDED}) == UNDER_WAY & PROGRESS


def level_of(reply: object) -> str:
    """What the answer shows as chosen."""
    assert isinstance(reply, Ephemeral)
    assert_valid(reply.message, "message")
    (element,) = reply.message.blocks[-1]["elements"]
    return str(element["initial_option"]["value"])


def test_the_choice_is_shown_changed_and_kept(world: World) -> None:
    """By command and by select; another word, another workspace, another payload change nothing."""
    assert level_of(commands.notices(world.ctx, typed(DEV))) == "all"
    assert "act on" in text_of(commands.notices(world.ctx, typed(DEV, "DECISIONS")))
    for _ in range(2):
        (answer,) = actions.notices(world.ctx, pressed(Caller(DEV.identity, "slack:button"), chosen="mine"))
        assert level_of(answer) == "mine"
    with pytest.raises(InvalidInput, match="all, decisions, mine"):
        commands.notices(world.ctx, typed(DEV, "none"))
    with pytest.raises(InvalidInput):
        actions.notices(world.ctx, pressed(DEV, chosen="x"))
    with pytest.raises(StaleView):
        actions.notices(world.ctx, Call(DEV))
    stranger = Caller(type(DEV.identity)("TOTHER", "UDEV0001"), "slack:command")
    for listener in (commands.notices, actions.notices):
        with pytest.raises(NotPermitted):
            listener(world.ctx, Call(stranger, text="mine", value={"chosen": "all"}))
    assert level_of(commands.notices(world.ctx, typed(DEV))) == "mine"
    assert level_of(commands.notices(world.ctx, typed(DEV2))) == "all"
    (drawn,) = actions.notices(world.ctx, pressed(Caller(DEV.identity, "slack:home"), chosen="decisions"))
    assert isinstance(drawn, RefreshHome)
    assert "decisions and outcomes only" in str(drawn.draw())


@pytest.fixture
def town(sqlite_url: str) -> Iterator[Town]:
    """The bot is reached through signed HTTP."""
    with settled(sqlite_url) as made:
        made.stage.serve_http(made.app.bolt)
        yield made


def test_the_select_works_in_slack(town: Town) -> None:
    """On the answer to the command, which it replaces, and on the Home tab."""
    assert town.command("UDEV0001", "notices")["status"] == 200
    (said,) = [m for m in town.stage.state["messages"] if m["ephemeral_for"] == "UDEV0001"]
    where = {"channel": CHANNEL, "message_ts": said["ts"]}
    town.stage.do("action", user="UDEV0001", action_id="notices", selected="mine", **where)
    until(lambda: any("about your own requests" in text for text in town.whispers("UDEV0001")))
    town.stage.do("home", user="UDEV0001")
    until(lambda: town.stage.state["home"].get("UDEV0001"))
    view = town.stage.state["home"]["UDEV0001"]
    town.stage.do("action", user="UDEV0001", action_id="notices", selected="decisions", view_id=view["id"])
    until(lambda: allowances.notice_level(town.ctx, DEV) is NoticeLevel.DECISIONS)
    assert town.direct("UDEV0001") == []
