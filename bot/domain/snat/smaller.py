"""Smaller steps than the one that was proposed: which there are, and what plans one."""

from bot.domain.snat.changes import Change, CountChange, IdleChange, PortsChange
from bot.domain.snat.goals import CountGoal, Goal, IdleGoal, NodePortsGoal, PortsGoal, number_from_text
from bot.domain.snat.settings_plans import PORT_STEP, refused

_NOTHING = range(0)


def smaller_steps(change: Change) -> range:
    """The numbers between what is there and what was proposed: outbound IPs, ports per node, or minutes.

    Empty where the change is the least one, and for own IPs and another outbound type, which are no numbers.
    """
    match change:
        case CountChange():
            return _between({change.before, change.there}, change.after)
        case PortsChange():
            return _between({change.node_before}, change.node_after, PORT_STEP)
        case IdleChange():
            return _between({change.before}, change.after)
        case _:
            return _NOTHING


def _between(now: set[int], goal: int, step: int = 1) -> range:
    if goal > max(now):
        return range(max(now) + step, goal, step)
    return range(goal + step, min(now), step) if goal < min(now) else _NOTHING


def steps_text(steps: range) -> str:
    """``3 to 9``, or ``1,032 to 4,088, a multiple of 8``."""
    span = f"{steps[0]:,}" if len(steps) == 1 else f"{steps[0]:,} to {steps[-1]:,}"
    return f"{span}, a multiple of {steps.step}" if steps.step > 1 else span


def smaller_goal(change: Change, typed: str, name: str) -> Goal:
    """The goal of a smaller step in the same direction.

    Args:
        change: What was proposed.
        typed: The number that an approver wants instead.
        name: The cluster, for the sentence.

    Raises:
        InvalidInput: No number, not smaller, the other direction, or a change that has no smaller step.
    """
    steps = smaller_steps(change)
    if not steps:
        raise refused(f"There is no smaller step than to {change.goal}. Approve it as it is, or deny it and say why.")
    number = number_from_text(typed.strip(), name)
    if number not in steps:
        raise refused(
            f"{number:,} is not a smaller step of the same change. It was proposed {change.text}: choose "
            f"{steps_text(steps)}."
        )
    match change:
        case PortsChange():
            return NodePortsGoal(number) if change.ips else PortsGoal(number)
        case IdleChange():
            return IdleGoal(number)
        case _:
            return CountGoal(number, ipv6=isinstance(change, CountChange) and change.ipv6)


def require_smaller(made: Change, asked: Change) -> None:
    """Refuse a planned change that is not a smaller step of the one that was proposed.

    Raises:
        InvalidInput: It changes something else, goes further or elsewhere, or brings more addresses.
    """
    if not _is_smaller(made, asked):
        raise refused(f"{made.goal} is not a smaller step than {asked.goal}. You can approve less, not more.")


def _is_smaller(made: Change, asked: Change) -> bool:
    match made, asked:
        case (CountChange(), CountChange()):
            return made.ipv6 == asked.ipv6 and made.after in smaller_steps(asked)
        case (PortsChange(), PortsChange()):
            return made.node_after in smaller_steps(asked) and 0 <= made.chosen_by_azure <= asked.chosen_by_azure
        case (IdleChange(), IdleChange()):
            return made.after in smaller_steps(asked)
        case _:
            return False
