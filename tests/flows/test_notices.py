"""In the end Slack shows the facts of the database, whatever Slack did in between."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import event

from bot import allowances
from bot.allowances import Draft
from bot.approvals import Decision
from bot.domain.allowance import Allowance, status
from bot.domain.fqdn import parse_destination
from bot.ports import Notice, NoticeKind
from bot.reconciler import Reconciler
from handlers.blocks.states import HEADLINES
from tests.build import APPROVER, DEV
from tests.flows.notice_stage import CHANNEL, Office, opened_office
from tests.flows.writer_stage import HOUR, stored


@pytest.fixture
def office(database_url: str) -> Iterator[Office]:
    """At rest."""
    with opened_office(database_url) as made:
        yield made


def file(office: Office, number: int = 0) -> Allowance:
    """A request that waits for a decision."""
    draft = Draft("aks-udr", (parse_destination(f"host{number}.example.com"),), "why", 8 * HOUR)
    return allowances.request(office.ctx, DEV, draft)


def approve(office: Office, one: Allowance) -> None:
    """Somebody says yes."""
    allowances.decide(office.ctx, APPROVER, Decision(one.id, is_approved=True))


def assert_true(office: Office, *asked: Allowance) -> None:
    """Each card says what the database says, with the buttons of that state."""
    for one in asked:
        state = status(stored(office.world, one), office.world.clock.now())
        (card,) = office.cards(one.id)
        assert card["text"].startswith(HEADLINES[state]), (card["text"], state)
    assert office.dead() == 0


def test_a_change_while_a_card_is_drawn_causes_another_drawing(office: Office) -> None:
    """Withdrawn while the card is posted, and again while it is drawn again: the facts had been read before."""
    for number in range(4):
        made = file(office, number)
        if number % 2:
            office.world.settle()
            with office.world.store.write() as tx:
                tx.outbox.add(Notice(NoticeKind.CARD, made.id, CHANNEL))
        office.fault("chat.update" if number % 2 else "chat.postMessage", delay_s=0.3)
        drawing = threading.Thread(target=lambda: office.world.work(timedelta(seconds=1)))
        drawing.start()
        office.struck()
        approve(office, made)
        allowances.end(office.ctx, DEV, made.id)
        drawing.join()
        office.world.settle()
        assert_true(office, made)


def test_a_notice_read_before_a_change_stays_owed(office: Office) -> None:
    """The race itself, step by step: read, changed, drawn, marked as sent."""
    made = file(office)
    office.world.tick(timedelta(seconds=1))
    with office.world.store.read() as tx:
        (due,) = tx.outbox.due(limit=10)
    allowances.end(office.ctx, DEV, made.id)
    with office.world.store.write() as tx:
        tx.outbox.mark_sent(due, ())
    office.world.tick(timedelta(seconds=1))
    with office.world.store.read() as tx:
        assert NoticeKind.CARD in {notice.kind for notice in tx.outbox.due(limit=10)}


def test_many_changes_of_a_card_are_one_drawing(office: Office) -> None:
    """Also after a try that failed."""
    made = file(office)
    office.fault("chat.postMessage", status=503)
    office.world.work(timedelta(seconds=1))
    for _ in range(5):
        with office.world.store.write() as tx:
            tx.outbox.add(Notice(NoticeKind.CARD, made.id, CHANNEL))
    before = len(office.calls("chat.postMessage"))
    office.world.settle()
    assert len(office.calls("chat.postMessage")) == before + 1
    assert office.calls("chat.update") == []


def test_what_is_due_is_looked_up_together(office: Office) -> None:
    """Each look goes through all that waits: one for what is sent, one for what waited behind it, one for the next."""
    made, asked = [file(office, number) for number in range(5)], list[str]()
    event.listen(office.world.store._engine, "before_cursor_execute", lambda *call: asked.append(call[2]))
    office.world.work(timedelta(seconds=1))
    assert sum("partition by" in statement.lower() for statement in asked) == 3
    assert_true(office, *made)


def test_three_hours_without_slack_lose_nothing(office: Office) -> None:
    """Everything that happened is told afterwards, and Slack was not asked once a second meanwhile."""
    office.fault("*", times=100_000, status=503)
    made = [file(office, number) for number in range(5)]
    for one in made:
        approve(office, one)
    for _ in range(180):
        office.world.work(timedelta(minutes=1))
    assert len(office.stage.state["calls"]) < 250
    office.heal()
    office.world.settle()
    assert_true(office, *made)
    live = [text for text in office.direct("UDEV0001") if text.startswith("Live")]
    assert len(live) == 5


def test_forty_approvals_under_slacks_limits_are_right_in_the_end(office: Office) -> None:
    """Each card and each message, and no notice is given up."""
    office.stage.do("limits", on=True)
    made = [file(office, number) for number in range(40)]
    for one in made:
        approve(office, one)
    office.world.settle(step=timedelta(seconds=1))
    assert_true(office, *made)
    said = office.direct("UDEV0001")
    for one in made:
        assert [text for text in said if one.id in text and text.startswith("Live")], one.id
    assert {call["error"] for call in office.stage.state["calls"]} <= {None, "ratelimited"}


def test_a_throttled_channel_does_not_hold_up_conversations(office: Office) -> None:
    """A 429 pauses one channel as long as Slack says, and does not count as an attempt."""
    made = file(office)
    office.world.settle()
    approve(office, made)
    allowances.end(office.ctx, APPROVER, made.id)
    office.fault("chat.postMessage", status=429, retry_after_s=30)
    office.world.work(timedelta(seconds=1))
    assert any(text.startswith("Revoked") for text in office.direct("UDEV0001"))
    calls = len(office.calls("chat.postMessage"))
    office.world.work(timedelta(seconds=20))
    assert len(office.calls("chat.postMessage")) == calls
    with office.world.store.read() as tx:
        assert tx.outbox.due(limit=10) == []
    office.world.settle()
    assert_true(office, made)


def test_a_decision_is_told_in_one_message(office: Office) -> None:
    """Approved and withdrawn within a minute: the outcome says everything; conversations are opened once."""
    for number in range(3):
        made = file(office, number)
        approve(office, made)
        office.world.work(timedelta(seconds=1))
        allowances.end(office.ctx, APPROVER, made.id)
        office.world.settle()
    told = office.direct("UDEV0001")
    assert [text.split()[0] for text in told if not text.startswith("Closed")] == ["Revoked"] * 3
    assert len(office.calls("conversations.open")) == 1


def test_an_approval_without_an_outcome_is_told_within_a_minute(office: Office) -> None:
    """Azure takes minutes: the person hears of the approval first, then that it is live."""
    made = file(office)
    approve(office, made)
    office.world.settle()
    assert [text.split()[0].strip(".:") for text in office.direct("UDEV0001")] == ["Approved", "Live"]


HEALABLE = ["not_in_channel", "channel_not_found", "is_archived", "invalid_auth", "missing_scope", "account_inactive"]


@pytest.mark.parametrize("code", HEALABLE)
def test_what_somebody_can_heal_waits_for_it(office: Office, code: str) -> None:
    """Kept, shown by reason, delivered once it is healed, days later too."""
    office.fault("*" if code == "invalid_auth" else "chat.postMessage", times=100_000, error=code)
    made = file(office)
    for _ in range(30):
        office.world.work(timedelta(minutes=5))
    with office.world.store.read() as tx:
        assert {pause.code for pause in tx.outbox.refusals()} == {code}
    office.world.settle()
    assert office.dead() == 0
    office.heal()
    for _ in range(4):
        office.world.work(timedelta(minutes=11))
    assert_true(office, made)
    with office.world.store.read() as tx:
        assert tx.outbox.refusals() == []


@pytest.mark.parametrize("code", ["invalid_blocks", "msg_too_long", "msg_blocks_too_long"])
def test_what_nobody_can_heal_is_given_up_at_once(office: Office, code: str) -> None:
    """And counted; what comes after it goes on."""
    file(office)
    office.fault("chat.postMessage", error=code)
    office.world.settle()
    assert office.dead() == 1
    other = file(office, 1)
    office.world.settle()
    assert len(office.cards(other.id)) == 1


def test_an_unknown_refusal_holds_up_its_own_notice_only(office: Office) -> None:
    """One message that Slack does not take never stops the others."""
    first, second = file(office, 1), file(office, 2)
    office.fault("chat.postMessage", error="some_new_error")
    office.world.work(timedelta(seconds=1))
    assert (office.cards(first.id), len(office.cards(second.id))) == ([], 1)
    office.world.work(timedelta(minutes=10))
    assert_true(office, first, second)


def test_what_is_refused_for_a_week_is_given_up(office: Office) -> None:
    """Bound by age."""
    office.fault("chat.postMessage", times=100_000, error="is_archived")
    file(office)
    for _ in range(8):
        office.world.work(timedelta(days=1))
    assert office.dead() > 0


def test_approvers_get_a_card_that_the_channel_does_not(office: Office) -> None:
    """With its buttons, and drawn again with every change."""
    real = office.ctx.config.channel
    office.stage.workspace.directory.channel(real)
    office.fault("chat.postMessage", error="is_archived")
    made = file(office)
    for _ in range(2):
        office.world.work(timedelta(seconds=1))
    (card,) = office.cards(made.id, office.conversation("UAPP0001"))
    assert "approve" in str(card["blocks"])
    assert office.cards(made.id) == []
    allowances.end(office.ctx, DEV, made.id)
    office.world.work(timedelta(minutes=10))
    (card,) = office.cards(made.id, office.conversation("UAPP0001"))
    assert card["text"].startswith("Revoked")
    assert_true(office, made)


def test_approvers_who_cannot_get_a_card_are_not_tried_for_ever(office: Office) -> None:
    """Neither the channel nor one of them: once for each of them, until the first reminder."""
    office.fault("chat.postMessage", times=100_000, error="is_archived")
    office.fault("conversations.open", times=100_000, error="user_disabled")
    file(office)
    for _ in range(20):
        office.world.work(timedelta(minutes=5))
    opened = len(office.calls("conversations.open"))
    for _ in range(20):
        office.world.work(timedelta(minutes=5))
    assert opened > 0
    assert len(office.calls("conversations.open")) == opened


def test_of_two_that_deliver_the_newest_drawing_is_last(office: Office) -> None:
    """One was stopped while it drew and lost its lease: it owes another drawing instead of leaving an old one."""
    made = file(office)
    office.world.settle()
    allowances.decide(office.ctx, APPROVER, Decision(made.id, is_approved=False, reason="no"))
    office.fault("chat.update", delay_s=1.0)
    slow = threading.Thread(target=lambda: office.world.work(timedelta(seconds=1)))
    slow.start()
    office.struck()
    with office.world.store.write() as tx:
        tx.work.release_all()
    fast = Reconciler(office.ctx, office.slack, workers=0)
    while fast.run_one():
        pass
    slow.join()
    office.world.settle()
    assert_true(office, made)
    assert len(office.calls("chat.update")) > 2


def test_a_card_that_cannot_be_drawn_does_not_stop_the_others(office: Office) -> None:
    """Its subject is not on record."""
    with office.world.store.write() as tx:
        tx.outbox.add(Notice(NoticeKind.CARD, "anothing", CHANNEL))
    made = file(office)
    office.world.settle()
    assert len(office.cards(made.id)) == 1
    assert office.dead() == 1


def test_a_lost_card_that_is_throttled_waits_as_long_as_slack_says(office: Office) -> None:
    """Its card was deleted, and reposting it gets a 429: nothing is asked again before the time is over."""
    asked = file(office)
    office.world.settle()
    office.fault("chat.update", error="message_not_found", times=50)
    office.fault("chat.postMessage", status=429, retry_after_s=60, times=50)
    before = len(office.calls("chat.postMessage"))
    allowances.decide(office.ctx, APPROVER, Decision(asked.id, is_approved=False, reason="no"))
    office.world.work(timedelta(seconds=30))
    assert len([call for call in office.calls("chat.postMessage")[before:] if call["error"] == "ratelimited"]) <= 3
    office.heal()
    office.world.settle()
    assert office.waiting() == 0
    assert "Denied" in office.cards(asked.id)[-1]["text"]


def test_a_refusal_that_was_healed_is_forgotten(office: Office) -> None:
    """Opening a conversation was refused for a missing scope; after it succeeds nothing is said of it any more."""
    office.fault("conversations.open", error="missing_scope", times=2)
    asked = file(office)
    allowances.decide(office.ctx, APPROVER, Decision(asked.id, is_approved=False, reason="no"))
    office.world.work(timedelta(minutes=2))
    with office.world.store.read() as tx:
        assert [pause.lane for pause in tx.outbox.refusals()] == ["conversations.open"]
    office.heal()
    office.world.work(timedelta(hours=1))
    with office.world.store.read() as tx:
        assert (tx.outbox.refusals(), tx.outbox.failures("conversations.open")) == ([], 0)
    assert office.direct(DEV.identity.user)
