"""What somebody wants of a cluster's outbound settings, as they type it."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from bot.errors import InvalidInput

LONGEST_NUMBER = 6
"""Digits of a number that is worth reading."""


@dataclass(frozen=True, slots=True)
class CountGoal:
    """So many managed outbound IPs; typed ``3``, or ``ipv6 3``."""

    count: int
    ipv6: bool = False


@dataclass(frozen=True, slots=True)
class PortsGoal:
    """So many SNAT ports allocated to each node, 0 for Azure's table; typed ``ports 4096``."""

    ports: int


@dataclass(frozen=True, slots=True)
class IdleGoal:
    """An idle timeout in minutes; typed ``idle 10``."""

    minutes: int


@dataclass(frozen=True, slots=True)
class OwnIpsGoal:
    """Own public IPs and prefixes that come and go; typed ``ips +ID -ID``.

    Args:
        added: ARM ids as typed.
        removed: ARM ids, or the names of what the cluster has.
    """

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NodesGoal:
    """Room for so many nodes; typed ``for 300 nodes``."""

    nodes: int


@dataclass(frozen=True, slots=True)
class NodePortsGoal:
    """So many ports for each node, and the IPs that they need; typed ``for 4096 ports per node``."""

    ports: int


Goal = CountGoal | PortsGoal | IdleGoal | OwnIpsGoal | NodesGoal | NodePortsGoal

_FOR = re.compile(r"for\s+([\d,]+)\s+(nodes?|ports?)(?:\s+(?:per|each|a)(?:\s+node)?)?(?=\s|$)", re.IGNORECASE)
_SETTINGS: dict[str, Callable[[int], Goal]] = {"ports": PortsGoal, "idle": IdleGoal}

USAGE = (
    "Use `/egress scale {name} 3`, `ipv6 3`, `ports 4096`, `idle 10`, `ips +ID -ID`, `for 300 nodes` or "
    "`for 4096 ports per node`."
)


def goal_from_text(text: str, name: str) -> tuple[Goal, str]:
    """Read a goal, and the reason behind it.

    Args:
        text: What was typed behind the cluster.
        name: The cluster, for the sentence.

    Raises:
        InvalidInput: If it is none.
    """
    text = text.strip()
    wanted = _FOR.match(text)
    if wanted:
        number = number_from_text(wanted[1], name)
        goal: Goal = NodesGoal(number) if wanted[2].lower().startswith("node") else NodePortsGoal(number)
        return goal, text[wanted.end() :].strip()
    word, _, rest = text.partition(" ")
    if word.lower() == "ips":
        return _own_ips(rest, name)
    if word.lower() in (*_SETTINGS, "ipv6"):
        typed, _, reason = rest.strip().partition(" ")
        value = 0 if (word.lower(), typed.lower()) == ("ports", "auto") else number_from_text(typed, name)
        made: Goal = CountGoal(value, ipv6=True) if word.lower() == "ipv6" else _SETTINGS[word.lower()](value)
        return made, _without_unit(reason, word)
    return CountGoal(number_from_text(word, name)), rest.strip()


def _without_unit(reason: str, word: str) -> str:
    unit, _, rest = reason.strip().partition(" ")
    is_unit = word.lower() == "idle" and unit.lower() in ("min", "minute", "minutes")
    return rest.strip() if is_unit else reason.strip()


def number_from_text(typed: str, name: str) -> int:
    """A number as somebody typed it.

    Raises:
        InvalidInput: It is none, or longer than makes sense.
    """
    digits = typed.replace(",", "")
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > LONGEST_NUMBER:
        raise InvalidInput(f"“{typed[:40]}” is not a valid number. {USAGE.format(name=name)}", field="count")
    return int(digits)


def _own_ips(rest: str, name: str) -> tuple[OwnIpsGoal, str]:
    words = rest.split()
    signed = [word for word in words if word[0] in "+-" and len(word) > 1]
    acts = words[: len(signed)]
    if not signed or acts != signed:
        raise InvalidInput(
            f"Name what comes with + and what goes with -, before the reason: `/egress scale {name} ips +ID -ID`.",
            field="count",
        )
    added = tuple(dict.fromkeys(word[1:] for word in acts if word[0] == "+"))
    removed = tuple(dict.fromkeys(word[1:] for word in acts if word[0] != "+"))
    return OwnIpsGoal(added, removed), " ".join(words[len(acts) :])
