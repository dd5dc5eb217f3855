"""Reading all of a long request before it is approved, through Slack: from the card, from Home, by typing its id."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from bot import allowances
from bot.allowances import Draft
from bot.domain.allowance import Allowance
from bot.domain.fqdn import parse_destination
from tests.build import DEV
from tests.listeners.test_workspace import Town, settled
from tests.sandbox.slack_stage import until

NAMES = [f"n{number:03}{'b' * 50}.{'.'.join(['a' * 61] * 3)}.de" for number in range(40)]
"""253 characters each: five times what a section of a card holds."""


@pytest.fixture
def town(sqlite_url: str) -> Iterator[Town]:
    """The bot is reached through signed HTTP."""
    with settled(sqlite_url) as made:
        made.stage.serve_http(made.app.bolt)
        yield made


def test_all_of_it_is_read_and_then_approved(town: Town) -> None:
    """Every name is there each time; the modal's own button approves."""
    asked = tuple(sorted(parse_destination(name) for name in NAMES))
    made = allowances.request(town.ctx, DEV, Draft("aks-udr", asked, "A mirror", timedelta(hours=8)))
    town.world.settle()
    town.press("UAPP0001", "details")
    assert unread(town, "UAPP0001") == []
    town.stage.do("close", user="UAPP0001", view_id=town.view("UAPP0001")["id"])
    town.stage.do("home", user="UAPP0002")
    until(lambda: town.stage.state["home"].get("UAPP0002"))
    home = town.stage.state["home"]["UAPP0002"]
    row = next(block for block in home["blocks"] if "details" in str(block))
    button = {"user": "UAPP0002", "action_id": "details", "block_id": row["block_id"], "view_id": home["id"]}
    town.stage.do("action", **button)
    assert unread(town, "UAPP0002") == []
    town.command("UAPP0001", f"approve {made.id}")
    assert unread(town, "UAPP0001") == []
    town.submit("UAPP0001", reason="All of them are the mirror's.")
    assert [one.by.user for one in current(town, made).approvals] == ["UAPP0001"]
    assert not [call for call in town.stage.state["calls"] if not call["ok"]]


def unread(town: Town, user: str) -> list[str]:
    """The names that the person's modal does not show."""
    shown = str(town.view(user)["blocks"])
    return [name for name in NAMES if name not in shown]


def current(town: Town, allowance: Allowance) -> Allowance:
    """The request as it is stored."""
    return allowances.get(town.ctx, DEV, allowance.id)
