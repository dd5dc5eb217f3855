"""The interface to Azure Monitor's metrics."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bot.domain.measured import PortLevel, Reading, SnatUse, Source, TimeSpan

MOST_CALLS = 200
"""Requests that one reading takes unless somebody says how many; a cluster takes two for each of its sources."""


@dataclass(frozen=True, slots=True)
class MetricReadings:
    """What was read of several sources.

    Args:
        of: One for each source that was asked for, in the same order; what could not be read says why. Only sources
            for which the calls did not suffice are left out.
        calls: Requests that it took.
        notes: A sentence for each thing about how it was read that an operator should know.
    """

    of: tuple[Reading, ...] = ()
    calls: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KeptUse:
    """How full the ports of a source were when Azure Monitor last said so.

    Args:
        use: What it said.
        announced: What people were told of it.
        tried_at: When it was last asked for, perhaps without an answer.
    """

    use: SnatUse
    announced: PortLevel
    tried_at: datetime


class PortUses(Protocol):
    """What the watch knows of each source, in the caller's transaction."""

    def of(self, source_ids: Collection[str]) -> Mapping[str, KeptUse]:
        """What was read of some sources at last, by their ids."""
        ...

    def tried(self) -> Mapping[str, datetime]:
        """When each source was last asked for, by its id."""
        ...

    def put(self, kept: KeptUse) -> None:
        """Keep it in the place of what was read before."""
        ...

    def forget(self, source_ids: Collection[str]) -> None:
        """These are no longer there."""
        ...


class Metrics(Protocol):
    """Azure Monitor. Nothing here raises an error of Azure: what could not be read says so in its reading."""

    def calls_for(self, sources: Collection[Source]) -> int:
        """How many requests reading these takes, as far as is known."""
        ...

    def read(
        self, sources: Collection[Source], span: TimeSpan, *, within: timedelta, most_calls: int = MOST_CALLS
    ) -> MetricReadings:
        """The metrics of these sources in a span of time.

        Args:
            sources: Which.
            span: When.
            within: How long it may take; what has not been answered by then is left out, and says so.
            most_calls: How many requests it may take.
        """
        ...
