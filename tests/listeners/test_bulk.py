"""Several requests decided in one form: each checked, recorded and answered by itself; heavy ones never."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from bot import allowances, approvals, auditing
from bot.allowances import Draft
from bot.allowances.workflow import ALLOWANCES
from bot.approvals import Decision
from bot.domain.allowance import Allowance, Status, status
from bot.domain.approval import PolicyRule, VerdictKind
from bot.domain.approval.policy_rules import ApprovalStage
from bot.domain.audit import Action, AuditFilter
from bot.domain.duration import duration_from_text
from bot.domain.fqdn import parse_destinations
from bot.domain.risk import Level
from bot.errors import EgressError, InvalidInput, NotPermitted, StaleView
from bot.ports import Caller
from handlers import bulk, home
from handlers.calls import Call
from handlers.replies import OpenModal, PublishHome, RefreshHome, UpdateModal
from tests.blockkit import assert_valid
from tests.build import APPROVER, AUDITOR, DEV, World, make_world
from tests.listeners.calling import pressed, submitted
from tests.listeners.test_workspace import Town, settled
from tests.sandbox.slack_stage import until


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(database_url)
    yield made
    made.store.close()


def ask(world: World, hosts: str, who: Caller = DEV) -> Allowance:
    """A request that waits."""
    return allowances.request(
        world.ctx, who, Draft("aks-udr", parse_destinations(hosts), "why", duration_from_text("8h"))
    )


def form_of(world: World) -> dict[str, Any]:
    """The form that an approver opens."""
    reply = bulk.opened(world.ctx, Call(APPROVER))
    assert isinstance(reply, OpenModal)
    assert_valid(reply.view, "modal")
    return reply.view


def choices(view: dict[str, Any]) -> dict[str, str]:
    """What the form's checkboxes stand for, by block id."""
    inputs = [block for block in view["blocks"] if block["type"] == "input"]
    boxes = [block for block in inputs if block["element"]["type"] == "checkboxes"]
    return {block["block_id"]: block["element"]["options"][0]["value"] for block in boxes}


def sent(world: World, form: dict[str, str], who: Caller = APPROVER) -> str:
    """Everything that the answer to a submit says; the Home tab that follows can be drawn."""
    answer, home_tab = bulk.submitted(world.ctx, submitted(who, form))
    assert isinstance(answer, UpdateModal)
    assert isinstance(home_tab, RefreshHome)
    assert_valid(answer.view, "modal")
    assert_valid(home_tab.draw(), "home")
    return f"{answer.view['title']['text']} {answer.view['blocks']}"


def state(world: World, made: Allowance) -> Status:
    """As it is stored."""
    return status(allowances.get(world.ctx, DEV, made.id), world.clock.now())


def test_several_are_decided_and_each_is_on_record(world: World) -> None:
    """All of them with one reason; one that somebody decided meanwhile does not hold up the others."""
    made = [ask(world, host) for host in ("a.example.com", "b.example.com", "c.example.com")]
    view = form_of(world)
    for one in made:
        assert one.id in str(view)
    assert "why" in str(view)
    allowances.decide(world.ctx, APPROVER, Decision(made[0].id, is_approved=False, reason="No."))
    told = sent(world, {**choices(view), "decision": "approve", "reason": "routine"})
    assert told.startswith("2 of 3 decided")
    assert "already" in told
    assert [state(world, one) for one in made] == [Status.DENIED, Status.APPROVED, Status.APPROVED]
    for one in made[1:]:
        (given,) = allowances.get(world.ctx, DEV, one.id).approvals
        assert given.reason == "routine"
        found = auditing.search(world.ctx, AUDITOR, AuditFilter(subject=one.id, action=Action.ALLOWANCE_APPROVE)).events
        assert len(found) == 1
    refused = auditing.search(world.ctx, AUDITOR, AuditFilter(subject=made[0].id, action=Action.ACT_REFUSE)).events
    assert len(refused) == 1
    assert auditing.prove(world.ctx, AUDITOR).end.seq
    repeated = sent(world, {**choices(view), "decision": "approve", "reason": ""})
    assert repeated.startswith("0 of 3 decided")


def test_only_what_was_chosen_is_decided(world: World) -> None:
    """A denial needs a reason, nothing chosen is an error, and what was not ticked waits on."""
    first, second = ask(world, "a.example.com"), ask(world, "b.example.com")
    ticked = {name: value for name, value in choices(form_of(world)).items() if first.id in name}
    unticked = dict.fromkeys(choices(form_of(world)), "")
    for form, field in (
        ({**ticked, "decision": "", "reason": "x"}, "decision"),
        ({**unticked, "decision": "deny", "reason": "x"}, "decision"),
        ({**ticked, "decision": "deny", "reason": " "}, "reason"),
    ):
        with pytest.raises(InvalidInput) as refused:
            bulk.submitted(world.ctx, submitted(APPROVER, form))
        assert refused.value.field == field
    assert sent(world, {**unticked, **ticked, "decision": "deny", "reason": "No."}).startswith("1 of 1 decided")
    assert (state(world, first), state(world, second)) == (Status.DENIED, Status.WAITING)


def test_what_is_heavy_is_never_decided_with_others(world: World) -> None:
    """High risk, too long for a card, several groups: not offered, and refused where a form says it all the same."""
    routine, risky = (
        ask(world, "a.example.com"),
        ask(world, "*.example.org, http:paste.example.net:8081, *.s3.amazonaws.com"),
    )
    assert risky.risk.level.rank >= Level.HIGH.rank
    long = ask(world, " ".join(f"{'x' * 50}{n}.example.com" for n in range(60)))
    view = form_of(world)
    assert [routine.id] == [name.removeprefix(bulk.CHOICE) for name in choices(view)]
    assert risky.id in str(view)
    assert long.id in str(view)
    for heavy in (risky, long):
        for verdict in ("approve", "deny"):
            form = {f"{bulk.CHOICE}{heavy.id}": f"{heavy.id} {heavy.digest}", "decision": verdict, "reason": "x"}
            assert "must be decided by itself" in sent(world, form)
            assert state(world, heavy) is Status.WAITING
    with pytest.raises(InvalidInput, match="by itself"):
        approvals.decide(world.ctx, APPROVER, Decision(risky.id, True, is_bulk=True), ALLOWANCES)


def test_what_several_groups_decide_is_not_offered(world: World) -> None:
    """Each of them looks at it by itself."""
    book = world.ctx.config
    stages = (ApprovalStage(("platform",)), ApprovalStage(("operators",)))
    rule = PolicyRule("both", VerdictKind.ASK, "Both look.", stages=stages)
    world = replace(world, ctx=replace(world.ctx, config=replace(book, policy=replace(book.policy, rules=(rule,)))))
    ask(world, "a.example.com")
    with pytest.raises(InvalidInput, match="decided together"):
        bulk.opened(world.ctx, Call(APPROVER))


def test_a_form_that_is_not_ours_or_out_of_date_decides_nothing(world: World) -> None:
    """Not an approver, another digest, an unknown id, values that we never wrote."""
    made = ask(world, "a.example.com")
    form = {**choices(form_of(world)), "decision": "approve", "reason": ""}
    assert "You cannot decide your own request" in sent(world, form, DEV)
    assert "Only platform can decide this" in sent(world, form, AUDITOR)
    stale = {f"{bulk.CHOICE}{made.id}": f"{made.id} 0000000000000000", "decision": "approve", "reason": ""}
    assert sent(world, stale).startswith("0 of 1 decided")
    unknown = {f"{bulk.CHOICE}a0000000": "a0000000 00", "decision": "approve", "reason": ""}
    assert sent(world, unknown).startswith("0 of 1 decided")
    for value in ("x", "a b c"):
        with pytest.raises(StaleView):
            bulk.submitted(world.ctx, submitted(APPROVER, {f"{bulk.CHOICE}x": value, "decision": "approve"}))
    many = {f"{bulk.CHOICE}{n}": f"a{n} 0" for n in range(11)}
    with pytest.raises(StaleView):
        bulk.submitted(world.ctx, submitted(APPROVER, {**many, "decision": "approve"}))
    assert state(world, made) is Status.WAITING
    for nobody in (DEV, AUDITOR):
        with pytest.raises(EgressError):
            bulk.opened(world.ctx, pressed(nobody))
    stranger = Caller(replace(APPROVER.identity, team="TOTHER"), "slack:modal")
    with pytest.raises(NotPermitted):
        bulk.opened(world.ctx, Call(stranger))
    assert "another Slack workspace" in sent_by_a_stranger(world, form, stranger)


def sent_by_a_stranger(world: World, form: dict[str, str], who: Caller) -> str:
    """The answer, without drawing a Home tab that they do not have."""
    answer, _ = bulk.submitted(world.ctx, submitted(who, form))
    assert isinstance(answer, UpdateModal)
    return str(answer.view)


def test_the_button_is_there_when_two_wait(world: World) -> None:
    """For one request its own buttons are enough."""
    ask(world, "a.example.com")
    assert "decide_several" not in str(drawn(world))
    ask(world, "b.example.com")
    assert "decide_several" in str(drawn(world))


def drawn(world: World, who: Caller = APPROVER) -> dict[str, Any]:
    """A person's Home tab."""
    reply = home.opened(world.ctx, Call(who))
    assert isinstance(reply, PublishHome)
    assert_valid(reply.view, "home")
    return reply.view


@pytest.fixture
def town(sqlite_url: str) -> Iterator[Town]:
    """The bot is reached through signed HTTP."""
    with settled(sqlite_url) as made:
        made.stage.serve_http(made.app.bolt)
        yield made


def home_of(town: Town, user: str) -> dict[str, Any]:
    """The Home tab that a person sees."""
    found: dict[str, Any] = town.stage.state["home"][user]
    return found


def test_in_slack_the_answer_takes_the_place_of_the_form(town: Town) -> None:
    """Home, the button, two ticks, one submit: the outcomes in the modal, and the Home tab without them."""
    made = [ask(replace(town.world, ctx=town.ctx), host) for host in ("a.example.com", "b.example.com")]
    town.stage.do("home", user="UAPP0001")
    until(lambda: "decide_several" in str(town.stage.state["home"].get("UAPP0001")))
    town.stage.do("action", user="UAPP0001", action_id="decide_several", view_id=home_of(town, "UAPP0001")["id"])
    view = town.view("UAPP0001")
    ticks = {name: {name: [value]} for name, value in choices(view).items()}
    values = ticks | {"decision": {"decision": "approve"}, "reason": {"reason": "routine"}}
    assert not town.stage.do("submit", user="UAPP0001", view_id=view["id"], values=values)["errors"]
    assert town.view("UAPP0001")["title"]["text"] == "2 of 2 decided"
    until(lambda: "Nothing is waiting" in str(home_of(town, "UAPP0001")))
    assert [state(town.world, one) for one in made] == [Status.APPROVED, Status.APPROVED]
    assert not [call for call in town.stage.state["calls"] if not call["ok"]]
