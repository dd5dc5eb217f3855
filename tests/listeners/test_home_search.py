"""The Home tab: pages, search, and what waits for people who are asked by name."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot import allowances, scaling
from bot.allowances import Draft
from bot.approvals import Decision
from bot.domain.allowance import Allowance, Status
from bot.domain.approval import PolicyRule, VerdictKind
from bot.domain.fqdn import parse_destination
from bot.domain.snat import CountGoal
from bot.errors import NotPermitted, StaleView, UnknownAllowance
from bot.ports import Caller
from bot.scaling import Wish
from handlers import HELP, actions, home
from handlers.blocks.home import ROWS
from handlers.calls import Call, Values
from handlers.home_search import LONGEST_TRAIL, HomeState
from handlers.replies import OpenModal, PublishHome, RefreshHome, Reply
from tests.blockkit import assert_valid
from tests.build import APPROVER, AUDITOR, DEV, DEV2, World, caller, make_world
from tests.listeners.calling import pressed, text_of, typed
from tests.listeners.test_workspace import Town, settled
from tests.sandbox.slack_stage import until

AT_HOME = caller("UDEV0001", "slack:home")


@pytest.fixture
def world(sqlite_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(sqlite_url)
    yield made
    made.store.close()


def ask(world: World, host: str, cluster: str = "aks-udr", who: Caller = DEV) -> Allowance:
    """A request that waits."""
    draft = Draft(cluster, (parse_destination(host),), "why", timedelta(hours=8))
    return allowances.request(world.ctx, who, draft)


def view_of(reply: Reply) -> dict[str, Any]:
    """The Home tab of an answer."""
    assert isinstance(reply, PublishHome)
    assert_valid(reply.view, "home")
    return reply.view


def shown(view: dict[str, Any], made: list[Allowance]) -> list[int]:
    """Which of some requests a Home tab shows, by their place in the list."""
    text = str(view["blocks"])
    return [at for at, one in enumerate(made) if one.id in text]


def on(view: dict[str, Any], who: Caller = AT_HOME) -> Call:
    """An act on a Home tab that shows this."""
    return Call(who, carried=Values(json.loads(view["private_metadata"])))


def onward(view: dict[str, Any], who: Caller = AT_HOME) -> Call:
    """A press of *Older*, or *Go on*, on a Home tab."""
    rows = [block["elements"] for block in view["blocks"] if block["type"] == "actions"]
    (pressed_,) = (one for row in rows for one in row if one["action_id"] == "home_older")
    return replace(on(view, who), value=Values(json.loads(pressed_["value"])))


def test_pages_are_turned_and_stay_where_something_is_done(world: World) -> None:
    """Older, Newer, Refresh, and an act on the second page; the state travels with the view."""
    made = [ask(world, f"host{n}.example.com") for n in range(ROWS + 2)]
    first = view_of(home.opened(world.ctx, Call(DEV)))
    assert len(shown(first, made)) == ROWS
    assert "home_newer" not in str(first)
    second = view_of(home.older(world.ctx, on(first)))
    assert sorted(shown(first, made) + shown(second, made)) == list(range(ROWS + 2))
    assert "home_older" not in str(second)
    assert view_of(home.opened(world.ctx, on(second)))["private_metadata"] == second["private_metadata"]
    assert shown(view_of(home.newer(world.ctx, on(second))), made) == shown(first, made)
    (redrawn,) = home.redrawn(world.ctx, on(second))
    assert isinstance(redrawn, RefreshHome)
    assert shown(redrawn.draw(), made) == shown(second, made)
    beyond = view_of(home.opened(world.ctx, Call(DEV, carried=Values(page="999"))))
    assert shown(beyond, made) == shown(second, made), "the last page"
    with pytest.raises(StaleView):
        home.older(world.ctx, Call(DEV, carried=Values(page="-1")))


def test_search_finds_by_host_person_state_and_id(world: World) -> None:
    """Everything that is set must hold; proposals are found too."""
    first, second = ask(world, "api.example.com"), ask(world, "db.example.org", who=DEV2)
    scale = scaling.propose(world.ctx, DEV, Wish("aks-lb", CountGoal(3), "more"))
    allowances.decide(world.ctx, APPROVER, Decision(second.id, is_approved=False, reason="No."))

    def found(**form: str) -> set[str]:
        view = view_of(home.searched(world.ctx, Call(DEV, form=form)))
        assert "home_clear" in str(view)
        return {one for one in (first.id, second.id, scale.id) if one in str(view["blocks"])}

    assert found(words="API.example") == {first.id}
    assert found(words=second.id.upper()) == {second.id}
    assert found(words="aks-lb") == {scale.id}
    assert found(words="example aks-udr") == {first.id, second.id}
    assert found(words="example", person="UDEV0002") == {second.id}
    assert found(person="UAPP0001") == {second.id}
    assert found(state="denied") == {second.id}
    assert found(state="waiting", words="") == {first.id, scale.id}
    assert found(words="nothing-like-it") == set()
    empty = view_of(home.searched(world.ctx, Call(DEV, form={"words": " ", "person": "x'y", "state": "odd"})))
    assert "Your allowances" in str(empty)


def test_a_search_offers_only_what_is_ones_own_to_do(world: World) -> None:
    """Decisions to who decides, an end to who asked, reading to everybody else; its form keeps what was sought."""
    made = ask(world, "api.example.com")
    offered = {}
    for who in (DEV, DEV2, APPROVER):
        view = view_of(home.searched(world.ctx, Call(who, form={"words": made.id})))
        acts = ("approve", "deny", "revoke", "details")
        offered[who.identity.user] = [act for act in acts if f"'action_id': '{act}'" in str(view["blocks"])]
    assert offered == {
        "UDEV0001": ["revoke", "details"],
        "UDEV0002": ["details"],
        "UAPP0001": ["approve", "deny", "details"],
    }
    form = home.search(
        world.ctx, on(view_of(home.searched(world.ctx, Call(DEV, form={"words": "api", "state": "live"}))))
    )
    assert isinstance(form, OpenModal)
    assert_valid(form.view, "modal")
    assert "'initial_value': 'api'" in str(form.view)
    assert "home_clear" not in str(view_of(home.clear(world.ctx, on(view_of(home.opened(world.ctx, Call(DEV)))))))


def test_search_turns_pages(world: World) -> None:
    """Each found once."""
    made = [ask(world, f"host{n}.example.com") for n in range(ROWS + 1)]
    first = view_of(home.searched(world.ctx, Call(DEV2, form={"words": "host"})))
    second = view_of(home.older(world.ctx, onward(first, replace(DEV2, via="slack:home"))))
    assert (len(shown(first, made)), len(shown(second, made))) == (ROWS, 1)
    back = view_of(home.newer(world.ctx, on(second, replace(DEV2, via="slack:home"))))
    assert shown(back, made) == shown(first, made)


def test_a_search_remembers_so_many_pages(world: World) -> None:
    """Then their number goes on, and *Newer* leads to the first one in the end, and says so."""
    made = [ask(world, f"host{n}.example.com") for n in range(ROWS + 1)]
    first = view_of(home.searched(world.ctx, Call(DEV2, form={"words": "host"})))
    after = onward(first).value["after"]
    state = HomeState.parse(on(first).carried)
    for _ in range(LONGEST_TRAIL + 2):
        state = state.older(after)
    assert state.number == LONGEST_TRAIL + 3
    view = view_of(home.opened(world.ctx, Call(AT_HOME, carried=Values(state.carried))))
    assert "First page" not in str(view["blocks"])
    for _ in range(LONGEST_TRAIL - 1):
        state = state.newer()
    view = view_of(home.opened(world.ctx, Call(AT_HOME, carried=Values(state.carried))))
    assert (state.number, "First page" in str(view["blocks"])) == (4, True)
    back = view_of(home.newer(world.ctx, on(view)))
    assert (HomeState.parse(on(back).carried).number, shown(back, made)) == (1, shown(first, made))


def test_a_search_that_counted_pages_is_out_of_date(world: World) -> None:
    """A tab that an older version drew: no other page than the one that the button names; *Refresh* begins anew."""
    made = [ask(world, f"host{n}.example.com") for n in range(ROWS + 1)]
    old = Call(AT_HOME, carried=Values(words="host", page="2"))
    for turn in (home.older, home.newer):
        with pytest.raises(StaleView):
            turn(world.ctx, old)
    first = view_of(home.opened(world.ctx, old))
    assert ("home_newer" in str(first), len(shown(first, made))) == (False, ROWS)


@pytest.mark.parametrize("listener", [home.older, home.newer, home.clear, home.search, home.searched, home.opened])
def test_strangers_see_nothing(world: World, listener: Any) -> None:
    """Another workspace."""
    stranger = Caller(replace(DEV.identity, team="TOTHER"), "slack:home")
    with pytest.raises(NotPermitted):
        listener(world.ctx, Call(stranger, form={"words": "x"}))


def asking(world: World, user: str) -> World:
    """The same world, where a person without a role is asked by name, and developers see only their group's cluster."""
    book = world.ctx.config
    rule = PolicyRule("named", VerdictKind.ASK, "Ask them.", people=(user,))
    scopes = tuple(replace(one, developers=("auditors",)) for one in book.scopes)
    ctx = replace(world.ctx, config=replace(book, scopes=scopes, policy=replace(book.policy, rules=(rule,))))
    return replace(world, ctx=ctx)


def test_who_is_asked_by_name_sees_reads_and_decides(world: World) -> None:
    """On the Home tab, in help and in full, although they may not see the cluster; others still see nothing."""
    world = asking(world, "UDEV0002")
    made = ask(world, "api.example.com", who=AUDITOR)
    view = view_of(home.opened(world.ctx, Call(DEV2)))
    assert made.id in str(view)
    assert "`/egress approve ID…" in text_of(HELP.listener(world.ctx, typed(DEV2)))
    assert "`/egress approve ID…" not in text_of(HELP.listener(world.ctx, typed(DEV)))
    opened = actions.details(world.ctx, pressed(DEV2, id=made.id, digest=made.digest))
    assert isinstance(opened, OpenModal)
    with pytest.raises(UnknownAllowance):
        actions.details(world.ctx, pressed(DEV, id=made.id, digest=made.digest))
    assert made.id not in str(view_of(home.opened(world.ctx, Call(DEV))))
    told = text_of(actions.approve(world.ctx, pressed(DEV2, id=made.id, digest=made.digest)))
    assert "Approved" in told
    assert Status.WAITING not in told


@pytest.fixture
def town(sqlite_url: str) -> Iterator[Town]:
    """The bot is reached through signed HTTP."""
    with settled(sqlite_url) as made:
        made.stage.serve_http(made.app.bolt)
        yield made


def test_in_slack_the_tab_keeps_its_search(town: Town) -> None:
    """The button, the form with a person, the results, an act on one of them, Clear."""
    world = replace(town.world, ctx=town.ctx)
    made, other = ask(world, "api.example.com"), ask(world, "db.example.org")
    town.stage.do("home", user="UDEV0001")
    until(lambda: other.id in str(town.stage.state["home"].get("UDEV0001")))

    def act(action: str, **more: str) -> None:
        view = town.stage.state["home"]["UDEV0001"]
        town.stage.do("action", user="UDEV0001", action_id=action, view_id=view["id"], **more)

    act("home_search")
    view = town.view("UDEV0001")
    values = {"words": {"words": "api"}, "person": {"person": "UDEV0001"}, "state": {"state": "waiting"}}
    assert not town.stage.do("submit", user="UDEV0001", view_id=view["id"], values=values)["errors"]
    until(lambda: "Search results" in str(town.stage.state["home"]["UDEV0001"]))
    assert other.id not in str(town.stage.state["home"]["UDEV0001"])
    act("revoke")
    until(lambda: "Nothing found." in str(town.stage.state["home"]["UDEV0001"]))
    act("home_clear")
    until(lambda: other.id in str(town.stage.state["home"]["UDEV0001"]))
    assert made.id not in str(town.stage.state["home"]["UDEV0001"])
    assert not [call for call in town.stage.state["calls"] if not call["ok"]]
