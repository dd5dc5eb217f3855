"""What a firewall's log says of a cluster: values as Azure Monitor gives them, and what people make of them."""

from bot.domain.firewall_log.denied import Denied, denied_from
from bot.domain.firewall_log.next_step import NextStep, StepKind
from bot.domain.firewall_log.values import (
    Gap,
    LogGroup,
    LogKind,
    LogQuestion,
    LogReach,
    LogReading,
    joined,
    overlaid,
)

__all__ = [
    "Denied",
    "Gap",
    "LogGroup",
    "LogKind",
    "LogQuestion",
    "LogReach",
    "LogReading",
    "NextStep",
    "StepKind",
    "denied_from",
    "joined",
    "overlaid",
]
