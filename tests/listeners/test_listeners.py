"""Listeners called as functions: what comes in, the facts in the database, what they answer."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event

from bot import allowances, inventory, scaling
from bot.domain.absence import Absence
from bot.domain.allowance import Status, digest, status
from bot.domain.approval import PolicyRule, VerdictKind
from bot.domain.scale_proposal import ScaleStatus, scale_status
from bot.errors import (
    AlreadyDecided,
    AlreadyRequested,
    InvalidFqdn,
    InvalidInput,
    NotPermitted,
    NotScalable,
    StaleView,
    UnknownCommand,
    UserError,
)
from bot.ports import Caller
from handlers import HELP, NO_COMMAND, TABLE, actions, commands, home, views
from handlers.blocks.scale_card import scale_card, scale_news
from handlers.calls import Call
from handlers.modals import DenyForm
from handlers.replies import Ephemeral, File, OpenModal, Options, PublishHome, RefreshHome, UpdateModal
from tests.blockkit import assert_valid
from tests.build import APPROVER, DEV, DEV2, World, caller, make_world
from tests.listeners.calling import FORM, asked, pressed, submitted, text_of, typed


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(database_url)
    yield made
    made.store.close()


def help_of(world: World, user: Caller) -> str:
    """The answer of ``/egress help``."""
    return text_of(HELP.listener(world.ctx, typed(user)))


def test_help_depends_on_the_role(world: World) -> None:
    """A developer reads nothing about approving or tokens; everybody has a part of the log."""
    assert "/egress approve" not in help_of(world, DEV)
    assert "/egress token" not in help_of(world, DEV)
    assert "/egress approve" in help_of(world, APPROVER)
    assert "/egress audit" in help_of(world, DEV)


def test_help_looks_up_absences_only_where_the_policy_names_people(world: World) -> None:
    """Otherwise nobody can decide in the place of one of them, and whoever asks would wait for nothing."""
    now, asked = world.clock.now(), list[str]()
    with world.store.write() as tx:
        tx.absences.put(Absence(APPROVER.identity, DEV.identity, now, now + timedelta(days=1)))
    event.listen(world.store._engine, "before_cursor_execute", lambda *call: asked.append(call[2]))
    assert "/egress approve" not in help_of(world, DEV)
    assert asked == []
    rule = PolicyRule("by name", VerdictKind.ASK, "They know it.", people=(APPROVER.identity.user,))
    policy = replace(world.ctx.config.policy, rules=(rule,))
    world.ctx = replace(world.ctx, config=replace(world.ctx.config, policy=policy))
    assert "/egress approve" in help_of(world, DEV)


def test_a_stranger_gets_nothing(world: World) -> None:
    """Another team, or no user: every entry point refuses, whatever it carries."""
    strangers = [
        Caller(type(DEV.identity)(team, user), "slack:command")
        for team, user in (("TOTHER", "UDEV0001"), ("TSANDBOX1", ""))
    ]
    value = {"id": "a0s560gxpd", "digest": "0", "count": "3", "name": "x", "before": "1", "word": "x", "query": ""}
    value |= {"draft": "x", "chosen": "mine", "cluster": "x", "hosts": "x", "after": "1a0s560gxpd"}
    for entry in TABLE:
        if entry.name in ("propose", "message", "audit_save"):
            continue  # it only opens a form with what the button carries; talk in a thread is nobody's act
        for stranger in strangers:
            with pytest.raises((NotPermitted, UserError)):
                entry.listener(world.ctx, Call(stranger, text="aks-lb 3 why", value=value, form=FORM))


def test_unknown_subcommands_get_a_hint(world: World) -> None:
    """A typing error is answered with what was probably meant."""
    with pytest.raises(UnknownCommand, match="Did you mean `/egress show`"):
        NO_COMMAND.listener(world.ctx, typed(DEV, "x", "shwo"))
    with pytest.raises(UnknownCommand, match="`/egress help`"):
        NO_COMMAND.listener(world.ctx, typed(DEV, "", "zzzz"))


def test_list_turns_its_pages(world: World) -> None:
    """Thirteen clusters are two pages; the button's answer takes the place of the first."""
    first = commands.list_(world.ctx, typed(DEV))
    assert "Page 1 of 2" in text_of(first)
    assert "list_next" in text_of(first)
    second = actions.turn_list(world.ctx, pressed(DEV, words="", page="2"))
    assert isinstance(second, Ephemeral)
    assert second.replaces
    assert "Page 2 of 2" in text_of(second)


def test_show_answers_first(world: World) -> None:
    """The outbound IP is in the headline; three forms, and a word for a wrong one."""
    report = text_of(commands.show(world.ctx, typed(DEV, "aks-lb")))
    (address,) = [ip.address for ip in inventory.show(world.ctx, DEV, "aks-lb").egress.ips]
    assert f"leaves through {address}" in report
    assert address in text_of(commands.show(world.ctx, typed(DEV, "aks-lb ips")))
    file, told = commands.show(world.ctx, typed(DEV, "aks-lb json")), "direct messages"
    assert isinstance(file, tuple)
    assert isinstance(file[0], File)
    assert told in text_of(file[1])
    with pytest.raises(InvalidInput, match="yaml"):
        commands.show(world.ctx, typed(DEV, "aks-lb yaml"))
    assert "aks-lb" in text_of(commands.whois(world.ctx, typed(DEV, address)))


def test_request_keeps_what_was_typed(world: World) -> None:
    """A wrong host opens the form with the text and the sentence; nothing is lost."""
    opened = commands.request(world.ctx, typed(DEV, "aks-udr bad_host example.com"))
    assert isinstance(opened, OpenModal)
    assert_valid(opened.view, "modal")
    assert "underscore" in str(opened.view["blocks"][0])
    assert "bad_host example.com" in str(opened.view["blocks"])


def test_the_form_says_who_decides(world: World) -> None:
    """Before anything is filed."""
    redrawn = views.preview(world.ctx, submitted(DEV, FORM))
    assert isinstance(redrawn, UpdateModal)
    assert_valid(redrawn.view, "modal")
    assert "must approve" in str(redrawn.view["blocks"][0])
    assert "<@UAPP0001>" in str(redrawn.view["blocks"][0])
    assert allowances.requests(world.ctx, DEV, "mine") == []


def test_a_pasted_error_becomes_a_request(world: World) -> None:
    """The message shortcut finds the host."""
    call = Call(DEV, text="curl: (6) Could not resolve host: api.stripe.com")
    opened = actions.request_from_message(world.ctx, call)
    assert isinstance(opened, OpenModal)
    assert "api.stripe.com" in str(opened.view["blocks"])
    nothing = actions.request_from_message(world.ctx, Call(DEV, text="hello"))
    assert isinstance(nothing, OpenModal)
    assert "No host found" in str(nothing.view["blocks"][0])


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"cluster": ""}, "cluster"),
        ({"destinations": "bad_host"}, "destinations"),
        ({"destinations": ""}, "destinations"),
        ({"reason": " "}, "reason"),
        ({"duration": "1000d"}, "duration"),
    ],
)
def test_field_errors_name_their_field(world: World, change: dict[str, str], field: str) -> None:
    """The boundary puts the sentence where the mistake is."""
    with pytest.raises(InvalidInput) as refused:
        views.request(world.ctx, submitted(DEV, FORM | change))
    assert refused.value.field == field


def test_a_request_is_confirmed_and_decided(world: World) -> None:
    """Filed, its id and deciders told; approved by exactly what the card shows."""
    told = text_of(views.request(world.ctx, submitted(DEV, FORM)))
    assert "<@UAPP0001>" in told
    (made,) = allowances.requests(world.ctx, DEV, "mine")
    assert made.id in told
    seen = digest(made.scope, made.ask)
    with pytest.raises(NotPermitted):
        actions.approve(world.ctx, pressed(DEV, id=made.id, digest=seen))
    with pytest.raises(StaleView):
        actions.approve(world.ctx, pressed(APPROVER, id=made.id, digest="0"))
    assert "Approved" in text_of(actions.approve(world.ctx, pressed(APPROVER, id=made.id, digest=seen)))
    with pytest.raises(AlreadyDecided, match="UAPP0001"):
        actions.deny(world.ctx, pressed(APPROVER, id=made.id, digest=seen))


def test_denying_needs_a_reason(world: World) -> None:
    """The button and the command without a reason open the form; the form's reason is recorded."""
    subject, seen = asked(world)
    for opened in (
        actions.deny(world.ctx, pressed(APPROVER, id=subject, digest=seen)),
        commands.deny(world.ctx, typed(APPROVER, subject)),
    ):
        assert isinstance(opened, OpenModal)
        assert_valid(opened.view, "modal")
        assert seen in opened.view["private_metadata"]
    with pytest.raises(InvalidInput):
        views.deny(world.ctx, submitted(APPROVER, {"reason": ""}, id=subject, digest=seen))
    views.deny(world.ctx, submitted(APPROVER, {"reason": "not this one"}, id=subject, digest=seen))
    made = allowances.get(world.ctx, DEV, subject)
    assert made.denied is not None
    assert made.denied.reason == "not this one"
    assert DenyForm.parse({}).reason == ""


def test_an_approver_may_narrow_never_widen(world: World) -> None:
    """Less is approved with the risk of less; more is refused at the field."""
    subject, seen = asked(world)
    opened = actions.narrow(world.ctx, pressed(APPROVER, id=subject, digest=seen))
    assert isinstance(opened, OpenModal)
    assert_valid(opened.view, "modal")
    with pytest.raises(InvalidInput, match="not widen"):
        views.narrow(
            world.ctx, submitted(APPROVER, {"destinations": "evil.net", "duration": "8h"}, id=subject, digest=seen)
        )
    with pytest.raises(InvalidFqdn):
        views.narrow(
            world.ctx, submitted(APPROVER, {"destinations": "bad_host", "duration": "8h"}, id=subject, digest=seen)
        )
    before = allowances.get(world.ctx, DEV, subject).risk.score
    form = {"destinations": "api.example.com", "duration": "8h"}
    views.narrow(world.ctx, submitted(APPROVER, form, id=subject, digest=seen))
    made = allowances.get(world.ctx, DEV, subject)
    assert [str(one) for one in made.destinations] == ["api.example.com"]
    assert made.risk.score < before
    assert status(made, world.clock.now()) is Status.APPROVED


def test_words_do_what_buttons_do(world: World) -> None:
    """approve, revoke, requests by typing, with ids in any case."""
    subject, _ = asked(world)
    assert subject in text_of(commands.requests(world.ctx, typed(APPROVER, "pending")))
    commands.approve(world.ctx, typed(APPROVER, subject.upper()))
    with pytest.raises(NotPermitted):
        commands.revoke(world.ctx, typed(DEV2, subject))
    assert "Revoked" in text_of(commands.revoke(world.ctx, typed(DEV, f"{subject} no longer needed")))
    made = allowances.get(world.ctx, DEV, subject)
    assert made.revoked is not None
    assert made.revoked.reason == "no longer needed"
    for listener in (commands.approve, commands.deny, commands.revoke, commands.renew):
        with pytest.raises(InvalidInput, match="ID"):
            listener(world.ctx, typed(DEV))


def test_a_scale_is_planned_proposed_and_decided(world: World) -> None:
    """By typing a number or through the form; the buttons are the same as a request's."""
    assert "1 to 100" in text_of(commands.scale(world.ctx, typed(DEV, "aks-lb")))
    with pytest.raises(NotScalable):
        commands.scale(world.ctx, typed(DEV, "aks-udr"))
    with pytest.raises(InvalidInput, match="three"):
        commands.scale(world.ctx, typed(DEV, "aks-lb three"))
    value = {"id": scaling.preview_scale(world.ctx, DEV, "aks-lb").egress.ref.id, "name": "aks-lb"}
    opened = actions.propose(world.ctx, pressed(DEV, **value))
    assert isinstance(opened, OpenModal)
    assert_valid(opened.view, "modal")
    views.scale(world.ctx, submitted(DEV, {"count": "3", "reason": "more"}, **value))
    with pytest.raises(AlreadyRequested):
        commands.scale(world.ctx, typed(DEV, "aks-lb 4"))
    (made,) = scaling.proposals(world.ctx, APPROVER, "pending")
    assert made.id in text_of(commands.requests(world.ctx, typed(APPROVER)))
    actions.approve(world.ctx, pressed(APPROVER, id=made.id, digest=made.plan.digest))
    assert scale_status(scaling.get(world.ctx, DEV, made.id), world.clock.now()) is ScaleStatus.APPROVED


def test_an_approver_may_approve_a_smaller_step(world: World) -> None:
    """Beside Approve where there is one; more, and the other direction, are refused at the field."""
    commands.scale(world.ctx, typed(DEV, "aks-lb 10"))
    (made,) = scaling.proposals(world.ctx, APPROVER, "pending")
    assert "Approve a smaller step…" in str(scale_card(made, world.ctx.config, world.clock.now()).blocks)
    value = {"id": made.id, "digest": made.digest}
    opened = actions.narrow(world.ctx, pressed(APPROVER, **value))
    assert isinstance(opened, OpenModal)
    assert_valid(opened.view, "modal")
    for count in ("10", "11", "1", "0", "six"):
        with pytest.raises(InvalidInput) as refused:
            views.narrow_scale(world.ctx, submitted(APPROVER, {"count": count}, **value))
        assert refused.value.field == "count"
    assert "pproved" in text_of(views.narrow_scale(world.ctx, submitted(APPROVER, {"count": "6"}, **value)))
    less = scaling.get(world.ctx, DEV, made.id)
    assert (less.plan.change.goal, scale_status(less, world.clock.now())) == ("6 outbound IPs", ScaleStatus.APPROVED)
    news = scale_news(less, {"event": "approved", "proposed": "10 outbound IPs", "why": "<enough>"}, world.ctx.config)
    assert_valid(news, "message")
    assert "To 6 outbound IPs; proposed: 10 outbound IPs." in str(news.blocks)


def test_home_shows_what_waits_and_is_redrawn(world: World) -> None:
    """The approver sees the request with its buttons; deciding there draws the tab again."""
    subject, seen = asked(world)
    drawn = home.opened(world.ctx, Call(APPROVER))
    assert isinstance(drawn, PublishHome)
    assert_valid(drawn.view, "home")
    assert subject in str(drawn.view)
    mine = home.opened(world.ctx, Call(DEV))
    assert isinstance(mine, PublishHome)
    assert "Nothing is waiting for your decision" in str(mine.view)
    at_home = caller("UAPP0001", "slack:home")
    replies = actions.approve(world.ctx, pressed(at_home, id=subject, digest=seen))
    assert isinstance(replies[1], RefreshHome)
    assert "Nothing is waiting for your decision" in str(replies[1].draw())


def test_options_are_those_that_one_may_see(world: World) -> None:
    """While typing, at most a hundred."""
    given = views.cluster_options(world.ctx, Call(DEV, text="udr"))
    assert isinstance(given, Options)
    assert [one["value"] for one in given.options] == ["aks-udr", "aks-udr-agic", "aks-udr-classic", "aks-udr-nva"]


def test_entries_are_unique() -> None:
    """Two listeners for one entry point would mean that one is never called."""
    names = [(entry.kind, entry.name) for entry in TABLE]
    assert len(names) == len(set(names))
