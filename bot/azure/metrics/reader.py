"""Reads metrics: many resources at once where the bot may, one by one where not, and never longer than it was given."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from time import monotonic

from azure.core.rest import HttpRequest

from bot.azure.clients import Clients, Json
from bot.azure.metrics.answers import MetricPart, part_from_json
from bot.azure.metrics.jobs import Job, jobs_for
from bot.azure.translate.shapes import items
from bot.domain.measured import Reading, Source, TimeSpan
from bot.domain.measured.questions import GRAINS
from bot.errors import ArmForbidden, ArmNotFound, ArmRejected, ArmUnreachable, EgressError
from bot.logs import carried
from bot.ports.metrics import MOST_CALLS, MetricReadings

METRICS_API = "2024-02-01"
"""API version of both forms (https://learn.microsoft.com/rest/api/monitor/metrics/list, read 2026-11)."""

ASK_AGAIN = timedelta(days=1)
"""How long a subscription whose batches are refused is read resource by resource before a batch is tried again."""

Outcome = Mapping[str, MetricPart] | EgressError


@dataclass(slots=True)
class _Answers:
    """What came of the requests so far: of each source, its parts, and why others failed."""

    calls: int = 0
    parts: dict[str, list[MetricPart]] = field(default_factory=lambda: defaultdict(list))
    failed: dict[str, list[tuple[Job, EgressError]]] = field(default_factory=lambda: defaultdict(list))
    grains: dict[str, timedelta] = field(default_factory=dict)

    def is_asked(self, source: Source) -> bool:
        """Whether any request about a source was sent."""
        return source.id in self.parts or source.id in self.failed

    def take(self, job: Job, outcome: Outcome) -> None:
        """Add the outcome of one request."""
        for source in job.sources:
            if isinstance(outcome, EgressError):
                self.failed[source.id].append((job, outcome))
                continue
            part = outcome.get(source.id, MetricPart(gaps=dict.fromkeys(job.question.metrics, "no answer for it.")))
            self.parts[source.id].append(_whole(part, job))
            self.grains[source.id] = max(self.grains.get(source.id, timedelta()), GRAINS[job.grain])


class AzureMetrics:
    """Implements ``bot.ports.metrics.Metrics``.

    Args:
        clients: Where to ask.
        now: The time, UTC.
    """

    def __init__(self, clients: Clients, now: Callable[[], datetime]) -> None:
        self._clients = clients
        self._now = now
        self._single_until: dict[str, datetime] = {}

    def calls_for(self, sources: Collection[Source]) -> int:
        """How many requests reading these takes, as far as is known."""
        now = self._now()
        return sum(1 for _ in jobs_for(sources, TimeSpan(now - timedelta(hours=1), now), may_batch=self._may_batch))

    def read(
        self, sources: Collection[Source], span: TimeSpan, *, within: timedelta, most_calls: int = MOST_CALLS
    ) -> MetricReadings:
        """The metrics of these sources; see the port."""
        ends, found = monotonic() + within.total_seconds(), _Answers()
        again: list[Job] = []
        jobs = jobs_for(sources, span, may_batch=self._may_batch)
        for job, outcome in self._run(islice(jobs, most_calls), ends, found):
            if job.is_batch and isinstance(outcome, ArmForbidden | ArmRejected | ArmNotFound):
                self._note_refusal(job, outcome)
                again += job.single()
            else:
                found.take(job, outcome)
        for job, outcome in self._run(again[: max(0, most_calls - found.calls)], ends, found):
            found.take(job, outcome)
        readings = (_reading(source, span, found) for source in sources if found.is_asked(source))
        return MetricReadings(tuple(readings), found.calls, tuple(self._notes(sources)))

    def _may_batch(self, subscription: str) -> bool:
        until = self._single_until.get(subscription)
        return until is None or self._now() >= until

    def _note_refusal(self, job: Job, error: EgressError) -> None:
        """A missing right holds for the whole subscription; anything else is about these resources."""
        if isinstance(error, ArmForbidden):
            self._single_until[job.sources[0].subscription] = self._now() + ASK_AGAIN

    def _notes(self, sources: Iterable[Source]) -> Iterable[str]:
        for subscription in sorted({source.subscription for source in sources}):
            if not self._may_batch(subscription):
                yield (
                    f"Metrics of subscription {subscription} are read resource by resource: the batch API needs "
                    "Microsoft.Insights/metrics/read on the whole subscription."
                )

    def _run(self, asked: Iterable[Job], ends: float, found: _Answers) -> Iterable[tuple[Job, Outcome]]:
        """Send requests at once, and give up what is not answered in time; the threads end by themselves."""
        jobs = list(asked)
        if not jobs:
            return []
        found.calls += len(jobs)
        pool = ThreadPoolExecutor(min(len(jobs), self._clients.settings.workers), thread_name_prefix="metrics")
        futures = {pool.submit(carried(self._attempt), job): job for job in jobs}
        done, _late = wait(futures, timeout=max(0.0, ends - monotonic()))
        pool.shutdown(wait=False, cancel_futures=True)
        late = ArmUnreachable("Azure Monitor did not answer in time.")
        return [(job, future.result() if future in done else late) for future, job in futures.items()]

    def _attempt(self, job: Job) -> Outcome:
        try:
            return self._batch(job) if job.is_batch else self._single(job)
        except EgressError as error:
            return error

    def _batch(self, job: Job) -> dict[str, MetricPart]:
        first = job.sources[0]
        asked = {
            "api-version": METRICS_API,
            "starttime": _stamp(job.span.since),
            "endtime": _stamp(job.span.until),
            "metricnamespace": str(first.kind),
            **_asked(job, "filter"),
        }
        ids = [source.id for source in job.sources]
        path = f"/subscriptions/{first.subscription}/metrics:getBatch"
        body = self._clients.post_metrics(
            first.region, HttpRequest("POST", path, params=asked, json={"resourceids": ids})
        )
        answers = {str(one.get("resourceid", "")).lower(): items(one, "value") for one in items(body, "values")}
        return {id_: part_from_json(value, job.question) for id_, value in answers.items()}

    def _single(self, job: Job) -> dict[str, MetricPart]:
        source = job.sources[0]
        asked = {"timespan": f"{_stamp(job.span.since)}/{_stamp(job.span.until)}", **_asked(job, "$filter")}
        body: Json = self._clients.get(f"{source.id}/providers/Microsoft.Insights/metrics", METRICS_API, asked)
        return {source.id: part_from_json(items(body, "value"), job.question)}


def _asked(job: Job, filter_name: str) -> dict[str, str]:
    """The parameters that both forms share."""
    question = job.question
    split = {filter_name: question.filter, "top": str(job.top)} if question.filter else {}
    return {
        "interval": job.grain,
        "metricnames": ",".join(question.metrics),
        "aggregation": ",".join(dict.fromkeys(question.metrics.values())),
        **split,
    }


def _stamp(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%S}Z"


def _said(error: EgressError) -> str:
    if isinstance(error, ArmForbidden):
        return "the bot's identity may not read them (deploy/roles/metrics-reader.json grants it)."
    return error.sentence


def _whole(part: MetricPart, job: Job) -> MetricPart:
    """A full list of series may have been cut: what is missing then is not known."""
    names = [name for name in job.question.metrics if sum(one.metric == name for one in part.series) >= job.top]
    cut = dict.fromkeys(names, f"more than {job.top} series, so that some are missing.")
    return MetricPart(part.series, {**(part.gaps or {}), **cut})


def _reading(source: Source, span: TimeSpan, found: _Answers) -> Reading:
    parts, failed = found.parts.get(source.id, []), found.failed.get(source.id, [])
    gaps = {name: why for part in parts for name, why in (part.gaps or {}).items()}
    gaps |= {name: _said(error) for job, error in failed for name in job.question.metrics}
    said = [f"Metrics of {source.name} could not be read: {why}" for why in dict.fromkeys(gaps.values())]
    series = tuple(one for part in parts for one in part.series)
    grain = found.grains.get(source.id, span.length)
    is_forbidden = any(isinstance(error, ArmForbidden) for _, error in failed)
    return Reading(source, span, grain, series, tuple(said), frozenset(gaps), is_forbidden)
