"""Optional traces over OTLP: from the request, through the click that decides, to the rule that is live.

What happens to one request happens in several processes, minutes or days apart. So its trace has an id that follows
from the request's own, every process adds to it what it knows, and nothing has to be carried along. Times come from the
facts that are stored anyway.

Nothing here runs before ``trace_to`` was called, and the SDK is imported there: it is an extra of the package
(``aks-egress-bot[tracing]``). Source: https://opentelemetry.io/docs/specs/otel/protocol/exporter/, read 2026-11.
"""

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from bot.errors import BadConfiguration

Emit = Callable[[str, str, tuple[datetime, datetime], Mapping[str, str]], None]
"""Takes a span: its name, its subject, when it began and ended, and its attributes."""

SERVICE = "aks-egress-bot"

_emitters: list[Emit] = []


def traced(name: str, subject: str, times: tuple[datetime, datetime], **attributes: str) -> None:
    """Add one span; nothing where traces are off.

    Args:
        name: What was done, in a few words of a fixed set.
        subject: Id of the request that it belongs to; empty for a trace of its own.
        times: When it began and ended, aware.
        attributes: What else is known; no names of people, no hosts.
    """
    for emit in _emitters:
        emit(name, subject, times, attributes)


def trace_to(endpoint: str, version: str) -> Callable[[], None]:
    """Send spans in batches to a collector, from now on.

    Args:
        endpoint: The address for traces, for example ``http://collector:4318/v1/traces``.
        version: Of this bot.

    Returns:
        What ends it, after sending what waits.

    Raises:
        BadConfiguration: The SDK is not installed.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise BadConfiguration(
            "EGRESS_OTLP_ENDPOINT needs OpenTelemetry: install aks-egress-bot[tracing], or build the image with "
            "REQUIREMENTS=requirements-tracing.lock."
        ) from error
    resource = Resource.create({"service.name": SERVICE, "service.version": version})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint, timeout=5)))
    emit = _emitter(provider.get_tracer(SERVICE))
    _emitters.append(emit)

    def end() -> None:
        _emitters.remove(emit)
        provider.shutdown()

    return end


def _emitter(tracer: Any) -> Emit:
    from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

    def emit(name: str, subject: str, times: tuple[datetime, datetime], attributes: Mapping[str, str]) -> None:
        trace, parent = ids_of(subject)
        root = SpanContext(trace, parent, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
        began, ended = (int(time.timestamp() * 1e9) for time in times)
        known = {**attributes, **({"egress.subject": subject} if subject else {})}
        context = set_span_in_context(NonRecordingSpan(root))
        tracer.start_span(name, context, attributes=known, start_time=began).end(ended)

    return emit


def ids_of(subject: str) -> tuple[int, int]:
    """The ids of a subject's trace and of its root; others each time where there is no subject."""
    digest = sha256(f"{SERVICE} {subject}".encode()).digest() if subject else secrets.token_bytes(24)
    return int.from_bytes(digest[:16], "big") or 1, int.from_bytes(digest[16:24], "big") or 1
