"""Estimates for whoever waits."""

from dataclasses import replace
from datetime import timedelta

from bot.domain.allowance import Allowance
from bot.domain.estimate import LOOKS, Estimate, Pending, estimate
from tests.domain.values import NOW, an_allowance

MINUTE = timedelta(minutes=1)


def approved(number: int, *, minutes_ago: int, is_applying: bool = False) -> Allowance:
    """One that was approved some minutes ago."""
    at = NOW - minutes_ago * MINUTE
    return replace(an_allowance(number=number), approved_at=at, applying_at=at if is_applying else None)


def test_the_first_waits_for_one_update() -> None:
    """Nothing measured yet: four minutes, after what is left of the batch window."""
    mine = approved(1, minutes_ago=0)
    expected = Estimate(1, 1, 1, timedelta(seconds=3) + 4 * MINUTE + LOOKS)
    assert estimate(mine, [mine], Pending(due_in=timedelta(seconds=3)), NOW) == expected


def test_carried_by_the_running_update() -> None:
    """The remaining time, by the median of measured updates."""
    mine = approved(1, minutes_ago=3, is_applying=True)
    pending = Pending(running_since=NOW - 2 * MINUTE, took=(MINUTE, 5 * MINUTE, 9 * MINUTE))
    found = estimate(mine, [mine], pending, NOW)
    assert found == Estimate(1, 1, 1, 3 * MINUTE + LOOKS)


def test_behind_the_running_update() -> None:
    """The rest of it and one more, however many wait: an update carries all of them."""
    line = [approved(n, minutes_ago=9 - n, is_applying=n < 3) for n in range(6)]
    pending = Pending(running_since=NOW - MINUTE - 5 * MINUTE, took=(8 * MINUTE,))
    found = estimate(line[5], line, pending, NOW)
    assert found == Estimate(6, 6, 2, 2 * MINUTE + 8 * MINUTE + LOOKS)


def test_an_update_that_takes_longer_is_about_to_end() -> None:
    """Never a negative estimate; what stands in the way is said."""
    mine = approved(1, minutes_ago=30, is_applying=True)
    found = estimate(mine, [], Pending(running_since=NOW - 20 * MINUTE, problem="Azure is busy."), NOW)
    assert found == Estimate(1, 1, 1, LOOKS, "Azure is busy.")


def test_who_does_not_wait_for_the_writer_has_no_outlook() -> None:
    """Undecided, or live already."""
    live = replace(approved(1, minutes_ago=9, is_applying=True), live_at=NOW)
    assert estimate(an_allowance(), [], Pending(), NOW) is None
    assert estimate(live, [live], Pending(), NOW) is None
