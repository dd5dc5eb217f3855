"""``/egress away`` as people type it, and the reminder as a person reads it."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from bot.domain.approval import Quorum
from bot.errors import InvalidInput
from handlers import absences
from handlers.blocks.allowance_card import allowance_news
from handlers.blocks.offers import is_moot, offers
from tests.build import APPROVER, World, make_world
from tests.flows.notice_stage import Office, opened_office
from tests.flows.policy_stage import wait
from tests.flows.writer_stage import HOUR
from tests.listeners.calling import text_of, typed


@pytest.fixture
def world(sqlite_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(sqlite_url)
    yield made
    made.store.close()


@pytest.fixture
def office(sqlite_url: str) -> Iterator[Office]:
    """The notifier before a simulated workspace."""
    with opened_office(sqlite_url) as made:
        yield made


def test_away_and_back(world: World) -> None:
    """Recorded, shown to both, and ended."""
    said = text_of(absences.away(world.ctx, typed(APPROVER, "until friday to <@UAPP0002|amir>")))
    assert "away until" in said
    assert "<@UAPP0002>" in said
    assert said.split(". ")[0] in text_of(absences.away(world.ctx, typed(APPROVER)))
    assert "Welcome back" in text_of(absences.away(world.ctx, typed(APPROVER, "off")))
    assert "You are not away" in text_of(absences.away(world.ctx, typed(APPROVER)))


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("until friday", "Name one person"),
        ("until friday to <@UAPP0002> <@UOPS0001>", "Name one person"),
        ("to <@UAPP0002>", "not clear until when"),
        ("until to <@UAPP0002>", "not a day"),
        ("until fridya to <@UAPP0002>", "did you mean friday"),
        ("friday <@UAPP0002>", "not clear until when"),
    ],
)
def test_what_is_not_clear_is_asked_back(world: World, words: str, why: str) -> None:
    """With what would be right, and nothing recorded."""
    with pytest.raises(InvalidInput, match=why):
        absences.away(world.ctx, typed(APPROVER, words))
    assert "You are not away" in text_of(absences.away(world.ctx, typed(APPROVER)))


def test_a_reminder_can_be_decided_where_it_is_read(office: Office) -> None:
    """The direct message says what is missing and until when, and has the buttons of the card."""
    asked = wait(office.world)
    office.world.work(5 * HOUR)
    office.world.settle()
    shown = [m for m in office.stage.state["messages"] if m["channel"] == office.conversation("UAPP0001")]
    (reminder,) = shown
    assert "it needs 1 from platform" in reminder["text"]
    buttons = [
        one["action_id"] for block in reminder["blocks"] if block["type"] == "actions" for one in block["elements"]
    ]
    assert buttons == ["details", "approve", "deny"]
    in_thread = [m["text"] for m in office.stage.state["messages"] if m["thread_ts"] and asked.id in m["text"]]
    assert len(in_thread) == 1
    assert "subteam" not in in_thread[0], "those who were told directly are not called again"


def test_a_reminder_that_was_overtaken_is_not_said(world: World) -> None:
    """It waits in the outbox while somebody decides: what is said then would be untrue."""
    asked, now = wait(world), world.clock.now()
    assert not is_moot(asked, "reminded", "UAPP0001", now)
    assert is_moot(asked, "reminded", "UAPP0001", now + timedelta(days=4))
    assert is_moot(asked, "unanswered", "UDEV0001", now), "there is no open question"
    assert offers(asked, "live", world.ctx.config, now) == []


def test_a_group_is_called_where_nobody_could_be_told(world: World) -> None:
    """Slack did not list the members, or they are too many for direct messages."""
    asked = wait(world)
    assert asked.verdict.current(()) == (Quorum(("platform",), reason=asked.verdict.reason),)
    said = allowance_news(asked, {"event": "reminded", "calls": "1"}, world.ctx.config)
    assert "<!subteam^SAPPROVE1>" in said.text
