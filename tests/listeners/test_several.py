"""One request for several clusters, as people make it and decide it: the command, the form, the card, Home."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot import allowances, inventory
from bot.allowances import Draft
from bot.approvals import Inquiry
from bot.domain.allowance import Allowance
from bot.domain.approval import PolicyRule, VerdictKind
from bot.domain.audit import Action
from bot.domain.batch import MOST_TOGETHER, Batch
from bot.domain.fqdn import parse_destination
from bot.errors import AlreadyDecided, InvalidInput, NotPermitted, StaleView, UnknownAllowance, UnknownCluster
from handlers import actions, bulk, commands, home, questions, views
from handlers.blocks.batch_card import batch_card
from handlers.calls import Call
from handlers.replies import OpenModal, PublishHome
from handlers.subjects import ask
from tests.blockkit import assert_valid
from tests.build import APPROVER, APPROVER2, DEV, DEV2, OPERATOR, World, caller, config, make_world
from tests.flows.policy_stage import configured, started
from tests.flows.writer_stage import HOUR, events, stored
from tests.listeners.calling import FORM, all_text, pressed, submitted, text_of, typed
from tests.listeners.test_workspace import CHANNEL, Town, buttons, settled
from tests.sandbox.slack_stage import until

CLUSTERS = ("aks-udr", "aks-udr-agic", "aks-udr-classic")


RULES = (
    PolicyRule("agic", VerdictKind.ASK, "Operators.", clusters=("aks-udr-agic",), approvers=("operators",)),
    PolicyRule("rest", VerdictKind.ASK, "Us.", clusters=("aks-udr", "aks-udr-classic"), approvers=("platform",)),
)
"""Different people for one of the clusters."""


@pytest.fixture
def world(sqlite_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(sqlite_url)
    yield made
    made.store.close()


@pytest.fixture
def town(sqlite_url: str) -> Iterator[Town]:
    """The bot is reached through signed HTTP."""
    with settled(sqlite_url) as made:
        made.stage.serve_http(made.app.bolt)
        yield made


def opened_form(world: World, words: str) -> dict[str, Any]:
    """The form behind a command."""
    reply = commands.request(world.ctx, typed(DEV, words, "request"))
    assert isinstance(reply, OpenModal)
    assert_valid(reply.view, "modal")
    return reply.view


def field(view: dict[str, Any], name: str) -> dict[str, Any]:
    """One field of a form."""
    (found,) = (block["element"] for block in view["blocks"] if block.get("block_id") == name)
    element: dict[str, Any] = found
    return element


def file(world: World) -> tuple[Allowance, ...]:
    """A request for three clusters, filed."""
    asked = [Draft(name, (parse_destination("example.com"),), "why", 8 * HOUR) for name in CLUSTERS]
    return allowances.request_several(world.ctx, DEV, asked).allowances


def on_button(world: World, made: tuple[Allowance, ...], action: str = "approve") -> dict[str, str]:
    """What a button of the card carries."""
    with world.store.read() as tx:
        batch = allowances.batch_of(tx, tx.allowances.get(made[0].id))
    assert batch is not None
    card = batch_card(batch, world.ctx.config, world.clock.now(), {})
    assert_valid(card, "message")
    rows = [element for block in card.blocks if block["type"] == "actions" for element in block["elements"]]
    (value,) = (one["value"] for one in rows if one["action_id"] == action)
    carried: dict[str, str] = json.loads(value)
    return carried


def test_the_form_keeps_the_clusters_that_were_typed(world: World) -> None:
    """The first is the cluster, the others are chosen below it; each is previewed in a line."""
    view = opened_form(world, "aks-udr,aks-udr-agic,aks-lb api.example.com")
    assert field(view, "cluster")["initial_option"]["value"] == "aks-udr"
    also = field(view, "also")
    assert [one["value"] for one in also["initial_options"]] == ["aks-udr-agic", "aks-lb"]
    shown = str(view["blocks"])
    assert "`aks-udr-agic`: :busts_in_silhouette:" in shown
    assert "`aks-lb`: :warning:" in shown


def test_what_the_form_would_drop_is_refused(world: World) -> None:
    """An unknown cluster or pool among them, too many, break-glass, and several in ``check``."""
    many = ",".join(["aks-udr", *(f"aks-udr/p{number}" for number in range(MOST_TOGETHER))])
    for words, error in (
        ("aks-udr,aks-secret a.example.com", UnknownCluster),
        ("aks-udr,aks-usernat/none a.example.com", InvalidInput),
        (f"{many} a.example.com", InvalidInput),
    ):
        with pytest.raises(error):
            commands.request(world.ctx, typed(DEV, words, "request"))
    with pytest.raises(InvalidInput, match="one cluster at a time"):
        commands.request(world.ctx, typed(OPERATOR, "aks-udr,aks-udr-agic a.example.com --break-glass", "request"))
    with pytest.raises(InvalidInput, match="one cluster at a time"):
        commands.check(world.ctx, typed(DEV, "aks-udr,aks-udr-agic a.example.com", "check"))


def test_the_answer_says_what_was_filed_and_what_was_not(world: World) -> None:
    """A line for each, who decides, and why a cluster was left out."""
    said = text_of(views.request(world.ctx, submitted(DEV, {**FORM, "also": "aks-udr-agic\naks-lb"})))
    assert "Request filed for 2 clusters" in said
    assert "`aks-lb` was not filed" in said
    assert "can decide" in said
    made = allowances.own(world.ctx, DEV)
    assert {one.scope.cluster_name for one in made} == {"aks-udr", "aks-udr-agic"}


def test_buttons_decide_all_of_it(world: World) -> None:
    """Approve, deny with a reason, end; each act is refused when the card is out of date."""
    first = file(world)
    carried = on_button(world, first)
    assert "Approved" in text_of(actions.approve(world.ctx, pressed(APPROVER, **carried)))
    with pytest.raises(AlreadyDecided):
        actions.approve(world.ctx, pressed(APPROVER2, **carried))
    assert "Revoked" in text_of(actions.revoke(world.ctx, pressed(DEV, **on_button(world, first, "revoke"))))
    second = file(world)
    carried = on_button(world, second, "deny")
    form = actions.deny(world.ctx, pressed(APPROVER, **carried))
    assert isinstance(form, OpenModal)
    assert json.loads(form.view["private_metadata"]) == carried
    with pytest.raises(InvalidInput):
        views.deny(world.ctx, submitted(APPROVER, {"reason": " "}, **carried))
    allowances.end(world.ctx, DEV, second[2].id)
    for act in (actions.approve, actions.deny, actions.details):
        with pytest.raises(StaleView):
            act(world.ctx, pressed(APPROVER, **carried))
    views.deny(world.ctx, submitted(APPROVER, {"reason": "no"}, **on_button(world, second, "deny")))
    again = actions.request_again(world.ctx, pressed(DEV, **on_button(world, second, "request_again")))
    assert isinstance(again, OpenModal)
    assert_valid(again.view, "modal")
    assert [one["value"] for one in field(again.view, "also")["initial_options"]] == list(CLUSTERS[1:])
    assert [stored(world, one).denied is not None for one in second] == [True, True, False]


def test_a_click_that_counts_in_part_says_so(world: World) -> None:
    """What was refused is in the answer and on record, by its id."""
    world = configured(world, *RULES)
    made = file(world)
    said = text_of(actions.approve(world.ctx, pressed(APPROVER, **on_button(world, made))))
    assert f":no_entry_sign: `{made[1].id}`" in said
    assert len(events(world, made[1].id, Action.ACT_REFUSE)) == 1
    with pytest.raises(NotPermitted):
        actions.approve(world.ctx, pressed(DEV, **on_button(world, made)))


def test_all_of_it_is_read_before_a_decision(world: World) -> None:
    """Each cluster with its ranges; of one, by its id, what it was requested with."""
    made = file(world)
    reply = actions.details(world.ctx, pressed(APPROVER, **on_button(world, made, "details")))
    assert isinstance(reply, OpenModal)
    assert_valid(reply.view, "modal")
    assert all(one.id in str(reply.view) for one in made)
    alone = commands.requests(world.ctx, typed(DEV, made[1].id, "requests"))
    assert isinstance(alone, OpenModal)
    assert f"Requested together with `{made[0].id}`, `{made[2].id}`" in str(alone.view)
    with pytest.raises(UnknownAllowance):
        actions.details(world.ctx, pressed(APPROVER, id="a0s560gxpd", batch="0"))


def test_home_has_one_entry_for_one_decision(world: World) -> None:
    """With the buttons of the card; it is no choice among several others."""
    made = file(world)
    reply = home.opened(world.ctx, Call(APPROVER))
    assert isinstance(reply, PublishHome)
    assert_valid(reply.view, "home")
    drawn = [element for block in reply.view["blocks"] for element in block.get("elements", ()) if "value" in element]
    assert [json.loads(one["value"]) for one in drawn if one.get("action_id") == "approve"] == [on_button(world, made)]
    with pytest.raises(InvalidInput, match="decided together"):
        bulk.opened(world.ctx, Call(APPROVER))


def test_an_answer_in_the_thread_is_found(world: World) -> None:
    """A question about one of them is answered under the card that they share; under a review's card it is talk."""
    made = file(world)
    ask(world.ctx, APPROVER, Inquiry(made[1].id, "Why?"))
    with world.store.write() as tx:
        tx.outbox.put_card(made[0].id, CHANNEL, "1.0")
    value = {"channel": CHANNEL, "thread_ts": "1.0"}
    questions.answered_in_thread(world.ctx, Call(DEV, text="Because.", value=value))
    with world.store.write() as tx:
        tx.outbox.put_card("r0s560gxpd", CHANNEL, "2.0")
    assert questions.answered_in_thread(world.ctx, Call(DEV, text="Hm.", value={**value, "thread_ts": "2.0"})) == ()
    assert [bool(stored(world, one).questions and not stored(world, one).open_questions) for one in made] == [
        False,
        True,
        False,
    ]


def test_one_card_lives_for_all_of_it(town: Town) -> None:
    """Typed, chosen, decided and live in Slack: one card, one thread, and nobody is told the same thing twice."""
    drawn = town.redraws()
    town.command("UDEV0001", f"request {','.join(CLUSTERS)} api.example.com")
    until(lambda: town.redraws() > drawn)
    assert not town.submit("UDEV0001", reason="billing", duration="8h")["errors"]
    town.world.settle()
    (card,) = town.cards()
    assert card["text"].startswith("Waiting for a decision: 3 clusters to `api.example.com`")
    town.press("UAPP0001", "approve")
    until(lambda: any("Approved" in text for text in town.whispers("UAPP0001")))
    town.world.settle()
    (card,) = town.cards()
    assert card["text"].startswith("Live: 3 clusters")
    said = [text.partition(" ")[0] for text in town.thread()]
    assert said.count("Approved") == 1
    assert said.count("Live:") == 2  # each firewall has its own moment
    assert not [call for call in town.stage.state["calls"] if not call["ok"]]


def conversation(town: Town, user: str) -> list[dict[str, Any]]:
    """The messages in the bot's conversation with a person."""
    state = town.stage.state
    places = {one["id"] for one in state["channels"] if one.get("user") == user}
    return [one for one in state["messages"] if one["channel"] in places]


def test_what_was_left_out_calls_nobody(world: World) -> None:
    """A reason that names the owner of an open allowance is read in the channel without calling them."""
    lead, *others = file(world)
    named = replace(lead, left_out=(("aks-lb", "Already allowed by a rule owned by <@UDEV0002>. See `x`."),))
    card = all_text(batch_card(Batch((named, *others)), world.ctx.config, world.clock.now(), {}))
    assert "`aks-lb` was not filed: Already allowed by a rule owned by somebody." in card
    assert "UDEV0002" not in card


def test_everybody_who_decides_one_of_it_gets_the_hidden_card(sqlite_url: str) -> None:
    """The channel takes no messages: those asked about any of the clusters get the card, and no one else."""
    book = replace(config(), policy=replace(config().policy, rules=RULES))
    with settled(sqlite_url, book=book) as town:
        town.stage.do("fault", method="chat.postMessage", times=1, error="is_archived")
        made = file(town.world)
        for _ in range(3):
            town.world.work(timedelta(seconds=1))
        for user in ("UAPP0001", "UAPP0002", "UOPS0001"):
            (card,) = conversation(town, user)
            assert buttons(card) == ["details", "approve", "deny", "revoke"]
            assert all(one.id in str(card["blocks"]) for one in made)
        assert conversation(town, "UDEV0001") == []


def test_a_reminder_of_all_of_it_offers_one_decision(town: Town) -> None:
    """One message to each who has not decided, with the buttons of the card."""
    made = file(town.world)
    town.world.settle()
    town.world.work(5 * HOUR)
    town.world.settle()
    (reminder,) = conversation(town, "UAPP0001")
    assert reminder["text"].startswith("Waiting for a decision: it needs 1 from platform.")
    assert all(one.id in str(reminder["blocks"]) for one in made)
    assert buttons(reminder) == ["details", "approve", "deny"]
    assert '"batch"' in str(reminder["blocks"][-1])


def test_news_of_one_leave_the_progress_of_the_others(world: World) -> None:
    """Approved together, one revoked within the minute: the others' approval is still told."""
    made = file(world)
    actions.approve(world.ctx, pressed(APPROVER, **on_button(world, made)))
    allowances.end(world.ctx, APPROVER, made[1].id)
    world.work(timedelta(minutes=2))
    told = [n for n in world.said.notices if n.kind == "direct" and n.recipient == DEV.identity.user]
    by_event = {n.body["event"]: set(n.about) for n in told if n.body["event"] in ("approved", "seconded", "revoked")}
    assert by_event["revoked"] == {made[1].id}
    assert made[1].id not in by_event.get("approved", set()) | by_event.get("seconded", set())


def test_pools_of_a_cluster_are_places_too(world: World) -> None:
    """A cluster and a pool of another: each with its own ranges, and the title says what they are."""
    pool = inventory.find(world.ctx, inventory.person(world.ctx, DEV), "aks-udr-agic").pools[0].name
    view = opened_form(world, f"aks-udr,aks-udr-agic/{pool} api.example.com")
    assert [one["value"] for one in field(view, "also")["initial_options"]] == [f"aks-udr-agic/{pool}"]
    said = text_of(views.request(world.ctx, submitted(DEV, {**FORM, "also": f"aks-udr-agic/{pool}"})))
    assert "Request filed for 2 clusters and node pools" in said
    assert {one.scope.pool for one in allowances.own(world.ctx, DEV)} == {None, pool}


def test_pending_is_what_one_may_see_or_decide(world: World) -> None:
    """Also for somebody who is asked by name and may not see the cluster, as on the Home tab; not for others."""
    by_name = PolicyRule("named", VerdictKind.ASK, "Ask them.", people=("UDEV0002",))
    world = configured(world, by_name)
    made = file(world)
    shut = tuple(replace(one, developers=("auditors",)) for one in world.ctx.config.scopes)
    world = started(world, replace(world.ctx.config, scopes=shut))
    for who, is_listed in ((DEV2, True), (DEV, True), (APPROVER, True), (caller("UDEV0009"), False)):
        said = text_of(commands.requests(world.ctx, typed(who, "pending", "requests")))
        assert (made[0].id in said) is is_listed, who
