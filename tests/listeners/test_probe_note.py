"""What the card of an allowance says of the last probe of it."""

from dataclasses import replace

import pytest

from bot.domain.observed import ProbeNote
from handlers.blocks.probe import probed_text
from tests.domain.values import NOW, a_live_allowance


@pytest.mark.parametrize(
    ("hosts", "is_reached", "said"),
    [
        (("a.example.com",), True, (" Reached from inside the cluster (", " UTC>).")),
        (
            ("a.example.com", "*.example.org"),
            True,
            (" Reached from inside the cluster (", "; tried 1 of 2 destinations)."),
        ),
        (("a.example.com",), False, (" :warning: A probe from inside did not reach it (", " UTC>).")),
        (
            ("a.example.com", "b.example.com"),
            False,
            (" :warning: A probe from inside did not reach all that it tried (", " UTC>)."),
        ),
    ],
)
def test_a_part_is_not_said_of_all(hosts: tuple[str, ...], is_reached: bool, said: tuple[str, str]) -> None:
    """A probe tries exact names only, and one of several that was not reached says nothing of the others."""
    noted = replace(a_live_allowance(*hosts), probed=ProbeNote("p1", NOW, is_reached=is_reached))
    text = probed_text(noted)
    assert text.startswith(said[0])
    assert text.endswith(said[1])
