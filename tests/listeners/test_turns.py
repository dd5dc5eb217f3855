"""Nobody takes all of the lookups."""

from collections.abc import Iterator
from dataclasses import replace
from threading import BoundedSemaphore

import pytest

from handlers.sending import BUSY
from handlers.turns import EACH, REMEMBERED, Turns
from tests.build import config
from tests.listeners.test_workspace import Town, settled
from tests.sandbox.slack_stage import until


def test_one_person_takes_some_of_the_places_and_leaves_the_others() -> None:
    """Everybody gets some; with none left all are told the same."""
    turns = Turns(BoundedSemaphore(EACH + 1), 100, lambda: 0.0)
    assert [turns.begin("U1") for _ in range(EACH)] == [None] * EACH
    assert "still running" in (turns.begin("U1") or "")
    assert turns.begin("U2") is None
    assert turns.begin("U3") == BUSY
    turns.end("U1")
    assert turns.begin("U3") is None


def test_a_minutes_worth_may_come_at_once_and_comes_back_evenly() -> None:
    """The sentence says how long to wait; what was refused is not counted."""
    now = [1e9]
    turns = Turns(BoundedSemaphore(12), 30, lambda: now[0])

    def looked_up() -> str | None:
        refusal = turns.begin("U1")
        if refusal is None:
            turns.end("U1")
        return refusal

    assert [looked_up() for _ in range(30)] == [None] * 30
    assert (looked_up() or "").endswith("try again in 2 s.")
    now[0] += 2
    assert looked_up() is None
    assert looked_up() is not None


def test_people_who_came_once_are_forgotten() -> None:
    """Memory does not grow with everybody who ever looked something up."""
    now = [1e9]
    turns = Turns(BoundedSemaphore(12), 30, lambda: now[0])
    for number in range(3 * REMEMBERED):
        now[0] += 60
        assert turns.begin(f"U{number}") is None
        turns.end(f"U{number}")
    assert len(turns._budgets) <= REMEMBERED
    assert not turns._running


@pytest.fixture
def town(sqlite_url: str) -> Iterator[Town]:
    """A workspace where everybody has two lookups a minute."""
    book = config()
    with settled(sqlite_url, book=replace(book, slack=replace(book.slack, lookups_per_minute=2))) as made:
        made.stage.serve_http(made.app.bolt)
        yield made


def test_the_third_lookup_of_a_minute_is_refused_in_words(town: Town) -> None:
    """In the ack, at once; others are not concerned, and neither is what reads nothing."""
    for _ in range(2):
        town.command("UDEV0001", "show aks-udr")
    until(lambda: len(town.whispers("UDEV0001")) == 2)
    assert "You have used your 2 lookups a minute" in str(town.command("UDEV0001", "show aks-udr")["body"])
    assert "lookups a minute" not in str(town.command("UDEV0001", "whoami")["body"])
    assert "lookups a minute" not in str(town.command("UDEV0002", "show aks-udr")["body"])
