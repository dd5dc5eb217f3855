"""``/egress stats``: a message and a file, of what the reader may read."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from bot import allowances, auditing
from bot.approvals import Decision
from bot.domain.audit import AuditFilter
from bot.errors import InvalidInput
from handlers import audit, views
from handlers.replies import File
from tests.build import APPROVER, AUDITOR, DEV, DEV2, World, make_world
from tests.flows.writer_stage import ask
from tests.listeners.calling import FORM, asked, submitted, text_of, typed


@pytest.fixture
def world(sqlite_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(sqlite_url)
    yield made
    made.store.close()


def test_numbers_of_a_period(world: World) -> None:
    """As text and as CSV; reading them is on record."""
    ask(world, "a.example.com"), ask(world, "b.example.com")
    world.settle()
    denied, _ = asked(world)
    allowances.decide(world.ctx, APPROVER, Decision(denied, is_approved=False, reason="=too wide"))
    shown = text_of(audit.stats(world.ctx, typed(AUDITOR, "since:7d")))
    assert "3, of which 0 renewals" in shown
    assert "2 approved, 1 denied" in shown
    assert "1 for 2 changes: 1 saved" in shown
    assert "too wide" in shown
    made = audit.stats(world.ctx, typed(AUDITOR, "csv since:7d"))
    assert isinstance(made, tuple)
    assert isinstance(made[0], File)
    assert "requests,,3,count" in made[0].content
    assert "denials by reason,'=too wide,1,count" in made[0].content
    (last, *_) = auditing.search(world.ctx, AUDITOR, AuditFilter(action="audit:read")).events
    assert ("about", "stats") in last.event.detail


def test_everybody_counts_their_own(world: World) -> None:
    """A developer's numbers are of their own requests."""
    asked(world)
    views.request(world.ctx, submitted(DEV2, FORM | {"destinations": "other.example.com"}))
    shown = text_of(audit.stats(world.ctx, typed(DEV)))
    assert "1, of which 0 renewals" in shown
    assert "You see your own" in shown
    assert "2, of which 0 renewals" in text_of(audit.stats(world.ctx, typed(APPROVER)))


def test_a_period_that_is_over_has_its_own_numbers(world: World) -> None:
    """What happened later is not in it."""
    asked(world)
    world.tick(timedelta(days=10))
    assert "0, of which 0 renewals" in text_of(audit.stats(world.ctx, typed(AUDITOR, "since:5d")))
    assert "1, of which 0 renewals" in text_of(audit.stats(world.ctx, typed(AUDITOR, "until:yesterday")))


@pytest.mark.parametrize("words", ["host:example.com", "jsonl", "verify", "risk:high"])
def test_other_filters_are_refused(world: World, words: str) -> None:
    """With what can be asked."""
    with pytest.raises(InvalidInput, match="egress stats since:90d"):
        audit.stats(world.ctx, typed(AUDITOR, words))
