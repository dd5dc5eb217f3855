"""What this process counts and times, for ``/metrics``; what the database knows is in ``bot.metrics``.

Anything may count here; nobody reads a measure back to decide something.
"""

from prometheus_client import Counter

REFUSED_REQUESTS = Counter(
    "egress_http_refused", "Requests to /slack/events that were refused before Bolt saw them.", ["reason"]
)
"""``reason``: ``timestamp`` (none), ``stale`` (or from the future), ``signature``, ``shape`` (signed, no payload)."""
