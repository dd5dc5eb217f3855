"""All scripted flows, and what became of their requests over time."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from bot.sandbox.arm.traffic.flows import Flow
from bot.sandbox.arm.traffic.outcome import Outcome
from bot.sandbox.arm.wire import Json
from bot.sandbox.journal import Journal

_KIND = "arm.traffic"
Sink = tuple[str, str]
"""The id of a workspace in lower case, and the table there that a record goes to."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What happens to the requests of a flow at one moment.

    Args:
        outcome: What the firewall does.
        sinks: Where its record goes.
    """

    outcome: Outcome
    sinks: tuple[Sink, ...] = ()


@dataclass(frozen=True, slots=True)
class Span:
    """A time in which the same happened to all requests of a flow.

    Args:
        flow: The flow.
        start: Its beginning.
        end: Its end; None goes on.
        seen: What happened.
    """

    flow: Flow
    start: datetime
    end: datetime | None
    seen: Seen

    def asked(self, since: datetime, until: datetime) -> tuple[int, datetime, datetime] | None:
        """How many of its requests fall into a time, the first and the last; None if none."""
        return self.flow.asked(max(self.start, since), min(self.end or until, until))


class Traffic:
    """The script; every change is in the journal before it is answered.

    Args:
        journal: Where it is kept.

    Attributes:
        changes: Grows whenever a flow begins, ends or is treated otherwise.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._spans = {key: _spans_from(body) for key, body in journal.load(_KIND).items()}
        self._revision = -1
        self.changes = 0
        self._count = 1 + max((int(key.rpartition("-")[2]) for key in self._spans), default=0)

    def add(self, body: Mapping[str, Any], cluster: str, now: datetime) -> Flow:
        """Begin a flow; ``look`` then says what becomes of it.

        Raises:
            ValueError: With a sentence that says what is wrong.
        """
        flow = Flow.parse(body, cluster, now, self._count)
        self._count += 1
        unseen = Seen(Outcome("", "", ""))
        self._keep(flow.id, [Span(flow, flow.start, None, unseen)])
        self._revision = -1
        return flow

    def clear(self, flow: str | None, now: datetime) -> None:
        """Stop one flow, or all: no request after ``now``; what was logged stays.

        Raises:
            ValueError: If there is no such flow.
        """
        if flow is not None and flow not in self._spans:
            raise ValueError(f"There is no traffic {flow}.")
        for key in [flow] if flow else list(self._spans):
            self._keep(key, [_stopped(span, now) for span in self._spans[key]])

    def look(self, revision: int, now: datetime, judge: Callable[[Flow], Seen]) -> None:
        """Ask again what becomes of every flow, if anything has changed.

        Args:
            revision: Of everything that the answer depends on.
            now: Since when it is as it is.
            judge: What happens to a flow's requests.
        """
        if revision == self._revision:
            return
        self._revision = revision
        for key, spans in self._spans.items():
            last = spans[-1]
            is_over = last.flow.until is not None and last.flow.until <= now
            if is_over and last.seen.outcome.action:
                continue
            seen = judge(last.flow)
            if seen != last.seen:
                self._keep(key, _turned(spans, now, seen))

    def spans(self, cluster: str | None = None) -> Iterator[Span]:
        """What happened, flow by flow and in order; of one cluster, by its id in lower case, or of all."""
        for spans in self._spans.values():
            yield from (span for span in spans if cluster in (None, span.flow.cluster))

    def state(self, now: datetime) -> list[Json]:
        """Every flow with what becomes of it now, and how many requests it has made."""
        return [_state(spans, now) for spans in self._spans.values()]

    def _keep(self, key: str, spans: list[Span]) -> None:
        self._journal.put(_KIND, key, [_span_json(span) for span in spans])
        self._spans = {**self._spans, key: spans}
        self.changes += 1


def _turned(spans: list[Span], now: datetime, seen: Seen) -> list[Span]:
    """From now on something else happens; a flow that nobody has judged yet has always been as it is now."""
    last = spans[-1]
    if not last.seen.outcome.action or now <= last.start:
        return [*spans[:-1], replace(last, seen=seen)]
    return [*spans[:-1], replace(last, end=now), Span(last.flow, now, None, seen)]


def _stopped(span: Span, now: datetime) -> Span:
    until = now if span.flow.until is None else min(now, span.flow.until)
    return replace(span, flow=replace(span.flow, until=until))


def _state(spans: list[Span], now: datetime) -> Json:
    last = spans[-1]
    counts = [span.asked(span.start, now) for span in spans]
    return {
        **_flow_json(last.flow),
        "outcome": asdict(last.seen.outcome),
        "requests": sum(count[0] for count in counts if count),
    }


def _flow_json(flow: Flow) -> Json:
    return {**asdict(flow), "start": flow.start.isoformat(), "until": flow.until.isoformat() if flow.until else None}


def _span_json(span: Span) -> Json:
    return {
        "flow": _flow_json(span.flow),
        "start": span.start.isoformat(),
        "end": span.end.isoformat() if span.end else None,
        "outcome": asdict(span.seen.outcome),
        "sinks": [list(sink) for sink in span.seen.sinks],
    }


def _spans_from(bodies: list[Json]) -> list[Span]:
    return [_span_from(body) for body in bodies]


def _span_from(body: Json) -> Span:
    given = body["flow"]
    flow = Flow(**{**given, "start": datetime.fromisoformat(given["start"]), "until": _time(given["until"])})
    sinks = tuple((str(workspace), str(table)) for workspace, table in body["sinks"])
    seen = Seen(Outcome(**body["outcome"]), sinks)
    return Span(flow, datetime.fromisoformat(body["start"]), _time(body["end"]), seen)


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
