"""Which smaller steps of a scale there are, and what is none."""

import pytest

from bot.domain.egress import OutboundType
from bot.domain.snat import (
    Change,
    CountChange,
    CountGoal,
    Goal,
    IdleChange,
    OwnIpsChange,
    PortsChange,
    TypeChange,
    require_smaller,
    smaller_goal,
    smaller_steps,
)
from bot.domain.snat.goals import IdleGoal, NodePortsGoal, PortsGoal
from bot.errors import InvalidInput

MORE_IPS = CountChange(1, 3, 1)


@pytest.mark.parametrize(
    ("asked", "typed", "goal", "made"),
    [
        (CountChange(2, 10, 2), "6", CountGoal(6), CountChange(2, 6, 2)),
        (CountChange(10, 2, 10), "9", CountGoal(9), CountChange(10, 9, 10)),
        (CountChange(1, 4, 1, ipv6=True), "2", CountGoal(2, ipv6=True), CountChange(1, 2, 1, ipv6=True)),
        (PortsChange(1024, 4096, 1024, 4096), "2,048", PortsGoal(2048), PortsChange(1024, 2048, 1024, 2048)),
        (PortsChange(0, 4096, 1024, 4096), "1032", PortsGoal(1032), PortsChange(0, 1032, 1024, 1032)),
        (PortsChange(4096, 0, 4096, 1024), "2048", PortsGoal(2048), PortsChange(4096, 2048, 4096, 2048)),
        (PortsChange(0, 8192, 1024, 8192, MORE_IPS), "4096", NodePortsGoal(4096), PortsChange(0, 4096, 1024, 4096)),
        (IdleChange(30, 4), " 10 ", IdleGoal(10), IdleChange(30, 10)),
        (IdleChange(4, 30), "29", IdleGoal(29), IdleChange(4, 29)),
    ],
)
def test_a_smaller_step_is_between_what_is_there_and_what_was_proposed(
    asked: Change, typed: str, goal: Goal, made: Change
) -> None:
    """In the same direction; its goal is of the same kind."""
    assert smaller_goal(asked, typed, "aks-lb") == goal
    require_smaller(made, asked)


@pytest.mark.parametrize(
    ("asked", "typed"),
    [
        (CountChange(2, 10, 2), "10"),
        (CountChange(2, 10, 2), "11"),
        (CountChange(2, 10, 2), "2"),
        (CountChange(2, 10, 2), "1"),
        (CountChange(10, 2, 10), "1"),
        (CountChange(2, 10, 4), "3"),
        (CountChange(2, 10, 2), "some"),
        (PortsChange(1024, 4096, 1024, 4096), "4092"),
        (PortsChange(1024, 4096, 1024, 4096), "512"),
        (PortsChange(0, 4096, 1024, 4096), "0"),
        (IdleChange(30, 4), "31"),
        (CountChange(1, 2, 1), "1"),
        (CountChange(5, 3, 1), "2"),
        (OwnIpsChange(("/a",), ("/a", "/b", "/c")), "1"),
        (TypeChange(OutboundType.LOAD_BALANCER, OutboundType.MANAGED_NAT_GATEWAY, 4), "2"),
    ],
)
def test_nothing_else_is_a_smaller_step(asked: Change, typed: str) -> None:
    """The same, more, the other direction, no number, or a change that has none; said at the field."""
    with pytest.raises(InvalidInput) as refused:
        smaller_goal(asked, typed, "aks-lb")
    assert refused.value.field == "count"


@pytest.mark.parametrize(
    ("made", "asked"),
    [
        (CountChange(2, 10, 2), CountChange(2, 10, 2)),
        (CountChange(1, 2, 1, ipv6=True), CountChange(1, 4, 1)),
        (IdleChange(4, 6), CountChange(1, 10, 1)),
        (PortsChange(0, 4096, 1024, 4096, CountChange(1, 2, 1)), PortsChange(0, 8192, 1024, 8192)),
        (OwnIpsChange(("/a",), ("/a", "/b")), OwnIpsChange(("/a",), ("/a", "/b", "/c"))),
    ],
)
def test_a_plan_that_is_no_smaller_step_is_refused(made: Change, asked: Change) -> None:
    """Whatever the goal was: another setting, more addresses, or as much as was proposed."""
    with pytest.raises(InvalidInput):
        require_smaller(made, asked)


def test_the_least_change_has_no_smaller_step() -> None:
    """One more, one minute, the next multiple of 8."""
    least: list[Change] = [CountChange(1, 2, 1), IdleChange(5, 4), PortsChange(1024, 1032, 1024, 1032)]
    assert not any(smaller_steps(change) for change in least)
