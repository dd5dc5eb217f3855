"""Which requests read the metrics of many resources: fifty at once where the batch API may be used."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from itertools import groupby

from bot.domain.measured import QUESTIONS, MetricQuestion, Source, TimeSpan, grain_for

MOST_IDS = 50
"""Resources of one request, all of one subscription, region and type.

Source: https://learn.microsoft.com/azure/azure-monitor/metrics/migrate-to-batch-api, read 2026-11.
"""


@dataclass(frozen=True, slots=True)
class Job:
    """One request.

    Args:
        question: What is asked.
        sources: Of which resources, at least one.
        span: About which time.
        is_batch: Whether the batch API is asked.
    """

    question: MetricQuestion
    sources: tuple[Source, ...]
    span: TimeSpan
    is_batch: bool

    @property
    def grain(self) -> str:
        """The length of the intervals: one answer is never much larger than a megabyte or two."""
        return grain_for(sum(one.series for one in self.sources) * len(self.question.metrics), self.span.length)

    @property
    def top(self) -> int:
        """The most series of one resource: the usual ten would cut the rest silently."""
        return 2 * max(one.series for one in self.sources) + 10

    def single(self) -> "Iterator[Job]":
        """The same, resource by resource."""
        return (Job(self.question, (source,), self.span, is_batch=False) for source in self.sources)


def jobs_for(sources: Collection[Source], span: TimeSpan, *, may_batch: Callable[[str], bool]) -> Iterator[Job]:
    """The requests that read these sources.

    Args:
        sources: Which.
        span: When.
        may_batch: Whether the batch API may be asked about a subscription.
    """
    alike = sorted(set(sources), key=lambda one: (_alike(one), one.id))
    for (subscription, _region, _kind), members in groupby(alike, key=_alike):
        together = list(members)
        size = MOST_IDS if may_batch(subscription) else 1
        for at in range(0, len(together), size):
            for question in QUESTIONS[together[0].kind]:
                yield Job(question, tuple(together[at : at + size]), span, is_batch=size > 1)


def _alike(source: Source) -> tuple[str, str, str]:
    return source.subscription, source.region, source.kind
