"""The interface to Azure Monitor's metrics."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from bot.domain.measured import Reading, Source, TimeSpan


@dataclass(frozen=True, slots=True)
class MetricReadings:
    """What was read of several sources.

    Args:
        of: One for each source that was asked for, in the same order; what could not be read says why.
        calls: Requests that it took.
        notes: A sentence for each thing about how it was read that an operator should know.
    """

    of: tuple[Reading, ...] = ()
    calls: int = 0
    notes: tuple[str, ...] = ()


class Metrics(Protocol):
    """Azure Monitor. Nothing here raises an error of Azure: what could not be read says so in its reading."""

    def calls_for(self, sources: Collection[Source]) -> int:
        """How many requests reading these takes, as far as is known."""
        ...

    def read(self, sources: Collection[Source], span: TimeSpan, *, within: timedelta) -> MetricReadings:
        """The metrics of these sources in a span of time.

        Args:
            sources: Which.
            span: When.
            within: How long it may take; what has not been answered by then is left out, and says so.
        """
        ...
