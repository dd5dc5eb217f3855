"""Times reach people in their own time zone: drawn by Slack in markup, read as theirs in filters."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from bot import allowances
from bot.errors import AlreadyRequested, InvalidInput
from handlers.blocks.block_kit import local_times, message, section
from handlers.blocks.words import error_text, without_markup
from handlers.identity import account_from_json
from handlers.queries import AuditQuery
from tests.blockkit import assert_valid
from tests.build import AUDITOR, DEV, DEV2, EXAMPLE
from tests.listeners.test_workspace import Town, settled
from tests.sandbox.slack_stage import until

TOKEN = "<!date^1796034600^{date_short_pretty} {time}|2026-11-30 10:30 UTC>"


@pytest.fixture
def town(sqlite_url: str) -> Iterator[Town]:
    """The bot is reached through signed HTTP."""
    with settled(sqlite_url) as made:
        made.stage.serve_http(made.app.bolt)
        yield made


@pytest.mark.parametrize(
    ("sentence", "drawn"),
    [
        ("Open until 2026-11-30 10:30 UTC.", f"Open until {TOKEN}."),
        (f"Open until {TOKEN}.", f"Open until {TOKEN}."),
        ("`2026-11-30 10:30 UTC` as typed", "`2026-11-30 10:30 UTC` as typed"),
        ("2026-13-30 10:30 UTC", "2026-13-30 10:30 UTC"),
        ("2026-11-30 10:30 UTCX", "2026-11-30 10:30 UTCX"),
        ("read 2026-11-30 10:30 UTC, `x`, 2026-11-30 10:30 UTC", f"read {TOKEN}, `x`, {TOKEN}"),
    ],
)
def test_times_in_sentences_become_the_readers(sentence: str, drawn: str) -> None:
    """Once, outside code, and only what is a time."""
    assert local_times(sentence) == drawn
    assert section(sentence)["text"]["text"] == drawn
    assert message(sentence).text == drawn
    assert_valid(message(f"{sentence} " * 110), "message")


def test_an_error_is_in_the_readers_time_and_a_fields_error_in_utc(town: Town) -> None:
    """A form's field shows plain text, in which Slack draws no times."""
    subject = town.ask()
    draft = allowances.Draft("aks-udr", (type(EXAMPLE)("api.example.com"),), "why", timedelta(hours=8))
    with pytest.raises(AlreadyRequested) as refused:
        allowances.request(town.ctx, DEV2, draft)
    plain = without_markup(error_text(refused.value, ""))
    assert " UTC" in plain
    assert "<!date" not in plain
    town.press("UAPP0001", "approve")
    until(lambda: any("Approved" in text for text in town.whispers("UAPP0001")))
    town.command("UAPP0002", f"approve {subject}")
    until(lambda: town.whispers("UAPP0002"))
    assert "<@UAPP0001> at <!date^" in town.whispers("UAPP0002")[-1]


def test_filters_are_read_in_the_time_zone_of_whoever_types(town: Town) -> None:
    """The page names it; a wrong date names the nearest that works."""
    town.stage.do("people", user="UAUD0001", tz="Asia/Tokyo")
    town.command("UAUD0001", "audit since:7d until:today")
    until(lambda: town.whispers("UAUD0001"))
    town.command("UAUD0001", "audit")
    until(lambda: len(town.whispers("UAUD0001")) > 1)
    said = [m for m in town.stage.state["messages"] if m["ephemeral_for"] == "UAUD0001"]
    assert "Asia/Tokyo" in str(said[-1]["blocks"])
    town.command("UAUD0001", "audit since:yestrday")
    until(lambda: any("did you mean yesterday?" in text for text in town.whispers("UAUD0001")))
    town.command("UDEV0001", "whois 20.61.4.7 at 1.11.2026")
    until(lambda: any("did you mean 2026-11-01?" in text for text in town.whispers("UDEV0001")))


def test_an_unknown_time_zone_is_utc(town: Town) -> None:
    """Slack names none, one that this machine does not know, or does not answer."""
    for tz in (None, "", "Mars/Olympus"):
        assert account_from_json({"tz": tz}).zone == "UTC"
    assert account_from_json({"tz": "Europe/Berlin"}).zone == "Europe/Berlin"
    town.stage.do("fault", method="users.info", times=9, error="internal_error")
    assert [town.ctx.directory.zone(one.identity) for one in (AUDITOR, DEV)] == ["UTC", "UTC"]


def test_a_whole_day_ends_where_the_next_begins(town: Town) -> None:
    """``until:`` a day takes it whole, ``until:`` a minute only what was before it."""
    now = town.world.clock.now()
    ends = [
        AuditQuery.parse(f"until:{at}", now, "Europe/Berlin").filter.until for at in ("2026-10-25", "2026-10-25T12:00")
    ]
    assert [f"{end:%dT%H:%M}" for end in ends if end] == ["25T23:00", "25T11:00"]
    with pytest.raises(InvalidInput, match="monday or 7d"):
        AuditQuery.parse("since:x", now, "UTC")
