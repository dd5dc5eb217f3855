"""``/readyz`` names every part, and turns red for those without which nothing works."""

import pytest

from bot.errors import StoreBusy
from bot.readiness import Part, readiness


def _fails() -> str:
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
