"""Whose account decides: guests, deactivated people, bots, other organisations, and other workspaces of our own."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from bot import allowances, approvals
from bot.domain.people import AccountStatus, Identity
from bot.errors import RequestRefused
from bot.ports import Caller
from handlers.identity import KEEP, SlackDirectory
from tests.build import DEV, TEAM
from tests.listeners.test_membership import GROUPS, UNCHECKED, age, calls, file, refusals, state_of, whisper
from tests.listeners.test_workspace import CHANNEL, Town, settled
from tests.sandbox.slack_stage import until


@pytest.fixture
def town(sqlite_url: str) -> Iterator[Town]:
    """The bot is reached through signed HTTP."""
    with settled(sqlite_url) as made:
        made.stage.serve_http(made.app.bolt)
        yield made


@pytest.mark.parametrize("change", ["is_restricted", "is_ultra_restricted"])
def test_a_guest_does_not_decide(town: Town, change: str) -> None:
    """Whatever group they are in; and it is said why."""
    made = town.ask()
    age(town)
    town.stage.do("people", user="UAPP0001", **{change: True})
    town.press("UAPP0001", "approve")
    assert "guest" in whisper(town, "UAPP0001", "full members")["text"]
    assert (refusals(town), state_of(town, made)) == (1, "waiting")


@pytest.mark.parametrize("change", ["is_restricted", "is_bot"])
def test_what_only_others_than_members_could_approve_is_refused(town: Town, change: str) -> None:
    """It would wait for people who never may; with one member among them, or where Slack does not say, it is filed."""
    for user in ("UAPP0001", "UAPP0002"):
        town.stage.do("people", user=user, **{change: True})
    with pytest.raises(RequestRefused, match=r"nobody in platform\. Guests, bots .* Nothing was filed; tell the bot's"):
        file(town)
    town.stage.post("fault", method="users.info", times=9, status=503)
    age(town, KEEP)
    assert file(town)
    town.stage.workspace.faults.clear()
    town.stage.do("people", user="UAPP0002", **{change: False})
    age(town, KEEP)
    assert file(town, "other.example.com")


@pytest.mark.parametrize(
    ("change", "standing"),
    [
        ({"deleted": True}, AccountStatus.DEACTIVATED),
        ({"is_bot": True}, AccountStatus.BOT),
        ({"is_restricted": True}, AccountStatus.GUEST),
        ({}, AccountStatus.ACTIVE),
    ],
)
def test_accounts_is_known(town: Town, change: dict[str, bool], standing: AccountStatus) -> None:
    """Of an account alone, without any group; and not where Slack does not say."""
    town.stage.do("people", user="UAPP0001", **change)
    assert town.ctx.directory.person(Identity(TEAM, "UAPP0001"), among=()).standing is standing
    assert calls(town, GROUPS) == 0
    age(town, KEEP)
    town.stage.post("fault", method="users.info", times=1, status=503)
    assert town.ctx.directory.person(Identity(TEAM, "UAPP0001"), among=()).standing is AccountStatus.UNKNOWN


def test_who_is_listed_by_id_needs_no_group(town: Town) -> None:
    """The configuration itself says it: no user group is read, and Slack may be away."""
    platform = replace(town.ctx.config.groups["platform"], users=frozenset({"UDEV0002"}))
    book = replace(town.ctx.config, groups={**town.ctx.config.groups, "platform": platform})
    directory = SlackDirectory(town.stage.client, book, town.world.clock)
    town.stage.post("fault", method="users.info", times=1, status=503)
    ctx = replace(town.ctx, directory=directory, config=book)
    made = file(town)
    allowances.decide(ctx, Caller(Identity(TEAM, "UDEV0002"), "slack:button"), approvals.Decision(made, True))
    assert (state_of(town, made), calls(town, GROUPS)) == ("approved", 2)  # both for filing


def test_people_of_another_organisation_stay_nobody(town: Town) -> None:
    """Met in a shared channel: refused, and on record as what they are."""
    made = town.ask()
    town.stage.do("people", user="UOTHER001", team_id="TOTHER001", usergroups=["SAPPROVE1"])
    age(town)
    town.press("UOTHER001", "approve")
    whisper(town, "UOTHER001", "another Slack workspace")
    assert (refusals(town), state_of(town, made)) == (1, "waiting")


def test_an_approver_whose_home_is_another_workspace(town: Town) -> None:
    """Enterprise Grid: of the same organisation, so a member; what could not be asked is no refusal."""
    made = town.ask()
    at_home = {"team_id": "TOTHER001", "enterprise_id": "ESANDBOX1", "teams": ["TOTHER001"]}
    town.stage.do("people", user="UGRID0001", usergroups=["SAPPROVE1"], **at_home)
    age(town)
    town.stage.post("fault", method="users.info", times=1, status=503)
    town.press("UGRID0001", "approve")
    whisper(town, "UGRID0001", UNCHECKED)
    assert refusals(town) == 0
    town.press("UGRID0001", "approve")
    until(lambda: state_of(town, made) == "approved")
    (approval,) = allowances.get(town.ctx, DEV, made).approvals
    assert approval.by == Identity(TEAM, "UGRID0001")


def test_nobody_approves_their_own_from_another_home(town: Town) -> None:
    """A command carries the workspace it was typed in, a button the home of who pressed it: one person all the same."""
    at_home = {"team_id": "TOTHER001", "enterprise_id": "ESANDBOX1", "teams": ["TOTHER001", TEAM]}
    town.stage.do("people", user="UAPP0001", **at_home)
    made = file(town, who=Caller(Identity(TEAM, "UAPP0001"), "slack:command"))
    town.world.settle()
    town.press("UAPP0001", "approve")
    whisper(town, "UAPP0001", "You cannot decide your own request")
    assert state_of(town, made) == "waiting"


def test_the_channel_is_the_shared_one(town: Town) -> None:
    """The stage of these tests: whoever is added can act in the channel of the cards."""
    town.stage.do("people", user="UOTHER001", team_id="TOTHER001")
    (channel,) = [c for c in town.stage.state["channels"] if c["id"] == CHANNEL]
    assert "UOTHER001" in channel["members"]


def test_who_cannot_decide_is_not_said_to_be_asked(town: Town) -> None:
    """A guest in the approvers' group gets no card and is not named; whoever Slack says nothing about stays."""
    made = town.ask()
    verdict = allowances.get(town.ctx, DEV, made).verdict
    town.stage.do("people", user="UAPP0002", is_restricted=True)
    age(town, KEEP)
    assert approvals.deciders(town.ctx, verdict, DEV.identity) == (Identity(TEAM, "UAPP0001"),)
    age(town, KEEP)
    town.stage.post("fault", method="users.info", times=2, status=503)
    assert len(approvals.deciders(town.ctx, verdict, DEV.identity) or ()) == 2
