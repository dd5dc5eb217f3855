"""Refused acts are on record with their subject, whatever way they came in and whatever they carried."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy.event import listen

from bot import auditing
from bot.auditing import Attempt
from bot.domain.audit import Action, AuditFilter, Event
from bot.errors import InvalidInput, NotPermitted
from handlers.attempts import attempt_of
from handlers.calls import CallKind
from tests.build import AUDITOR, DEV2, World, make_world
from tests.listeners.calling import typed
from tests.listeners.test_workspace import CHANNEL, FORM, Town, settled
from tests.sandbox.slack_stage import until


@pytest.fixture
def town(sqlite_url: str) -> Iterator[Town]:
    """The bot is reached through signed HTTP."""
    with settled(sqlite_url) as made:
        made.stage.serve_http(made.app.bolt)
        yield made


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(database_url)
    yield made
    made.store.close()


def refused(of: Town | World) -> list[Event]:
    """Refused acts, the newest first."""
    found = auditing.search(of.ctx, AUDITOR, AuditFilter(action=str(Action.ACT_REFUSE)), limit=100).events
    return [each.event for each in found]


def last_refused(town: Town, act: str, count: int) -> Event:
    """The newest refused act, once there are so many of this kind."""

    def found() -> list[Event]:
        return [event for event in refused(town) if dict(event.detail)["act"] == act]

    until(lambda: len(found()) == count)
    return found()[0]


@pytest.mark.parametrize("act", ["approve", "deny", "revoke", "renew"])
def test_a_refused_command_names_what_it_was_about(town: Town, act: str) -> None:
    """Subject, cluster and hosts of the request that was named."""
    subject = town.ask()
    town.command("UDEV0002", f"{act} {subject.upper()} because")
    event = last_refused(town, act, 1)
    assert (event.subject, event.cluster, event.destinations) == (subject, "aks-udr", ("api.example.com",))
    assert event.actor.user == "UDEV0002"


def test_a_refused_button_names_what_it_was_about(town: Town) -> None:
    """On a card, and in a form that the card opened."""
    subject = town.ask()
    about = (subject, "aks-udr", ("api.example.com",))
    town.press("UDEV0001", "approve")
    event = last_refused(town, "approve", 1)
    assert (event.subject, event.cluster, event.destinations) == about
    town.press("UDEV0002", "deny")
    town.submit("UDEV0002", reason="no")
    event = last_refused(town, "deny", 1)
    assert (event.subject, event.cluster, event.destinations) == about
    town.press("UDEV0002", "narrow")
    until(lambda: town.view("UDEV0002")["callback_id"] == "narrow")
    town.submit("UDEV0002", destinations="evil.example.net", duration="8h")
    event = last_refused(town, "narrow", 1)
    assert (event.subject, event.cluster, event.destinations) == (subject, "aks-udr", ("evil.example.net",))


def test_a_refused_press_at_home_names_what_it_was_about(town: Town) -> None:
    """The approver's Home is out of date: somebody decided meanwhile."""
    subject = town.ask()
    town.stage.do("home", user="UAPP0001")
    until(lambda: "UAPP0001" in town.stage.state["home"])
    view: dict[str, Any] = town.stage.state["home"]["UAPP0001"]
    town.command("UDEV0001", f"revoke {subject}")
    town.stage.do("action", user="UAPP0001", action_id="approve", view_id=view["id"])
    event = last_refused(town, "approve", 1)
    assert (event.subject, event.cluster, event.via) == (subject, "aks-udr", "slack:home")


def test_a_refused_form_names_what_was_asked(town: Town) -> None:
    """Cluster and hosts as they were typed, wrong ones included."""
    town.command("UDEV0001", "request aks-udr api.example.com")
    town.view("UDEV0001")
    town.submit("UDEV0001", **FORM | {"destinations": "good.example.com bad_host"})
    event = last_refused(town, "request", 1)
    assert (event.cluster, event.destinations) == ("aks-udr", ("good.example.com", "bad_host"))


@pytest.mark.parametrize(
    ("words", "act", "cluster"),
    [
        ("scale aks-udr 3 more", "scale", "aks-udr"),
        ("export aks-none terraform", "export", "aks-none"),
        ("audit cluster:aks-udr csv", "audit", ""),
    ],
)
def test_other_refused_commands_name_their_cluster(town: Town, words: str, act: str, cluster: str) -> None:
    """And what else was typed."""
    town.stage.do("command", user="UDEV0001", channel=CHANNEL, text=words)
    event = last_refused(town, act, 1)
    assert event.cluster == cluster
    assert words.rpartition(" ")[2] in str(event.detail)


def test_what_could_not_be_recorded_is_said(town: Town) -> None:
    """The person reads why it was refused, and that the audit log does not have it."""
    database = town.world.store._engine
    database.dispose()
    listen(database, "connect", lambda connection, _record: connection.execute("PRAGMA query_only=ON"))
    said = str(town.command("UAPP0001", "deny nothing because")["body"])
    assert "does not exist" in said
    assert "nothing was recorded" in said


def test_what_nobody_vouches_for_is_bounded(world: World) -> None:
    """Any length, any characters: it is recorded on one line within the columns, and the chain verifies."""
    long = "x\x00\n" * 5000
    attempt = Attempt(long, long, (long,) * 500, (("words", long),))
    auditing.refuse(world.ctx, DEV2, "approve", NotPermitted("No."), attempt)
    (event,) = refused(world)
    assert (len(event.subject), len(event.cluster), len(event.destinations)) == (80, 80, 100)
    assert max(map(len, event.destinations)) <= 300
    assert "\x00" not in str(event)
    assert "\n" not in event.cluster
    assert auditing.prove(world.ctx, AUDITOR).end.seq > 0


def test_a_button_that_carries_nothing_is_no_error(world: World) -> None:
    """Nothing is known of it, and nothing is made up."""
    for kind in CallKind:
        attempt = attempt_of(kind, "approve", typed(DEV2))
        auditing.refuse(world.ctx, DEV2, "approve", InvalidInput("No."), attempt)
    assert {(each.subject, each.cluster, each.destinations) for each in refused(world)} == {("", "", ())}


def test_a_form_that_somebody_may_not_open_is_a_refused_act(town: Town) -> None:
    """Nothing was changed, but somebody tried what they are not permitted."""
    subject = town.ask()
    town.press("UDEV0002", "edit")
    event = last_refused(town, "edit", 1)
    assert (event.subject, event.cluster, event.destinations) == (subject, "aks-udr", ("api.example.com",))
    assert dict(event.detail)["error"] == "NotPermitted"


def test_every_family_of_errors_is_recorded(town: Town) -> None:
    """Azure's refusals too: the act was not done. Only having to wait is none."""
    fault = {
        "method": "GET",
        "path": "managedClusters/aks-lb",
        "times": 20,
        "status": 403,
        "code": "AuthorizationFailed",
    }
    town.world.arm.add_fault(fault)
    town.command("UDEV0001", "scale aks-lb 2 more ports")
    event = last_refused(town, "scale", 1)
    assert (dict(event.detail)["error"], event.cluster, event.actor_name) == ("ArmForbidden", "aks-lb", "dana")
    assert len(event.correlation) == 8
