"""Quarters, and the page of evidence with hostile text in it."""

from datetime import UTC, datetime

import pytest

from bot.domain.audit import Action, Event
from bot.domain.evidence import BY_POLICY, ChangeBook, Summary, quarter_from_text
from bot.domain.evidence_page import chart, page_of
from bot.domain.people import Identity
from bot.errors import InvalidInput


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [("2026-Q1", (2026, 1), (2026, 4)), ("2026-q3", (2026, 7), (2026, 10)), ("2026-Q4", (2026, 10), (2027, 1))],
)
def test_a_quarter_has_three_months(text: str, start: tuple[int, int], end: tuple[int, int]) -> None:
    """In UTC, the end excluded."""
    found = quarter_from_text(text)
    assert (found.start, found.end) == (datetime(*start, 1, tzinfo=UTC), datetime(*end, 1, tzinfo=UTC))


@pytest.mark.parametrize("text", ["2026", "2026-Q5", "Q3", "2026-Q3x", "0001-Q1", "9999-Q4", ""])
def test_anything_else_is_no_quarter(text: str) -> None:
    """The sentence says how to write one."""
    with pytest.raises(InvalidInput, match="2026-Q3"):
        quarter_from_text(text)


def test_hostile_text_stays_text() -> None:
    """Nothing that somebody typed becomes markup, in the page or in its charts."""
    row = {"id": "a1", "reason": "<script>alert(1)</script>", "outcome": '"><img src=x>'}
    summary = Summary()
    summary.add([row])
    drawn = page_of(quarter_from_text("2026-Q3"), summary, {"changes.csv": 1}, "Verified.")
    assert "<script>" not in drawn
    assert "<img" not in drawn
    assert chart({}).count("<rect") == 0


DEV, ADA = Identity("T1", "UDEV"), Identity("T1", "UADA")


@pytest.mark.parametrize(
    ("decision", "by", "approvers", "denied_by"),
    [
        (Action.ALLOWANCE_APPROVE, ADA, "UADA", None),
        (Action.ALLOWANCE_DENY, ADA, None, "UADA"),
        (Action.ALLOWANCE_GRANT, DEV, BY_POLICY, None),
    ],
)
def test_only_who_approved_is_an_approver(
    decision: Action, by: Identity, approvers: str | None, denied_by: str | None
) -> None:
    """Neither whoever denied it, nor the requester of what the policy granted."""
    at, book = datetime(2026, 7, 1, tzinfo=UTC), ChangeBook()
    asked = Event(at, Action.ALLOWANCE_REQUEST, DEV, "slack:modal", subject="a1", reason="billing")
    book.add([asked, Event(at, decision, by, "slack:button", subject="a1")])
    row = book.rows["a1"]
    assert (row["requester"], row.get("approvers"), row.get("denied_by")) == ("UDEV", approvers, denied_by)


def test_approved_is_not_waiting() -> None:
    """Only the last approval that was needed approves; an edit makes it wait again."""
    book, moment = ChangeBook(), datetime(2026, 7, 1, tzinfo=UTC)

    def after(action: Action, *detail: tuple[str, str]) -> object:
        book.add([Event(moment, action, ADA, "cli", subject="a1", detail=detail)])
        return book.rows["a1"].get("outcome", "waiting")

    assert after(Action.ALLOWANCE_REQUEST) == "waiting"
    assert after(Action.ALLOWANCE_APPROVE, ("still_asked", "1 from platform")) == "waiting"
    assert after(Action.ALLOWANCE_APPROVE) == "approved"
    assert after(Action.ALLOWANCE_EDIT) == "waiting"
    assert after(Action.ALLOWANCE_GRANT) == "approved"
    assert after(Action.ALLOWANCE_LIVE) == "live"
