"""Describes an allowance's place in the queue and the room in the firewall."""

from dataclasses import dataclass

from bot.domain.estimate import Estimate
from bot.domain.phrases import counted
from bot.domain.rule_diff import Gauge
from handlers.blocks.block_kit import escape


@dataclass(frozen=True, slots=True)
class Waiting:
    """An allowance's place in the queue and the room in the firewall.

    Args:
        estimate: Its place among those that wait for the writer, and how long; None where it does not wait.
        gauge: How full the bot's part of the firewall would be with it; None where that is not known.
    """

    estimate: Estimate | None = None
    gauge: Gauge | None = None

    @property
    def wait(self) -> str:
        """A place in the line, an estimate, and what is in the way."""
        return _waiting(self.estimate) if self.estimate else "Live in a few minutes."

    @property
    def room(self) -> str:
        """Say how full the bot's part of the firewall would be, as a sentence to append."""
        if self.gauge is None:
            return ""
        filled = f"{_size(self.gauge.after)} of {_size(self.gauge.limit)}"
        return (
            f" The bot's rules would then take {filled}." if self.gauge.fits else f" :warning: Does not fit: {filled}."
        )


def _waiting(estimate: Estimate) -> str:
    many = f"{estimate.place} of {estimate.waiting} in line, all applied in one update"
    place = many if estimate.waiting > 1 else "Next in line"
    behind = "" if estimate.updates == 1 else ", after the current update"
    about = counted(max(1, round(estimate.estimate.total_seconds() / 60)), "minute")
    problem = f" Held up: {escape(estimate.problem)}" if estimate.problem else ""
    return f"{place}{behind}; live in about {about}.{problem}"


def _size(count: int) -> str:
    kilobytes = max(1, round(count / 1024))
    return f"{kilobytes:,} kB" if kilobytes < 10_000 else f"{round(kilobytes / 1024):,} MB"
