"""``/readyz`` names every part, and turns red for those without which nothing works."""

from typing import Never

import pytest

from bot.errors import StoreBusy
from bot.readiness import Part, readiness
from bot.store import SqlStore
from bot.wiring.opening import Opening


def _fails() -> Never:
    raise StoreBusy("The database is busy.")


@pytest.mark.parametrize(
    ("parts", "status", "text"),
    [
        ((Part("database", lambda: None),), 200, "ready\ndatabase: ok\n"),
        ((Part("database", _fails),), 503, "not ready\ndatabase: The database is busy.\n"),
        (
            (Part("slack", lambda: "It is away."), Part("database", lambda: None)),
            503,
            "not ready\nslack: It is away.\ndatabase: ok\n",
        ),
        ((Part("azure", lambda: "It is away.", is_vital=False),), 200, "ready\nazure: It is away.\n"),
    ],
)
def test_each_part_is_named(parts: tuple[Part, ...], status: int, text: str) -> None:
    """The status, then one line for each."""
    assert readiness(parts) == (status, "text/plain; charset=utf-8", text)


def test_work_that_has_not_begun_is_a_problem(sqlite_url: str) -> None:
    """A database that answers again is not enough: who is ready has writers."""
    store = SqlStore(sqlite_url)
    opening = Opening(store, _fails)
    opening.start()
    assert "The writers have not begun" in str(opening.problem())
    opening.stop()
    store.close()
