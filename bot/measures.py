"""What this process counts and times, for ``/metrics``; what the database knows is in ``bot.metrics``.

Anything may count here; nobody reads a measure back to decide something.
"""

from prometheus_client import Counter, Gauge, Histogram

REFUSED_REQUESTS = Counter(
    "egress_http_refused", "Requests to /slack/events that were refused before Bolt saw them.", ["reason"]
)
"""``reason``: ``timestamp`` (none), ``stale`` (or from the future), ``signature``, ``shape`` (signed, no payload)."""

ARM_REQUESTS = Counter("egress_arm_requests", "Answers of Azure Resource Manager, each try.", ["method", "status"])
"""``status`` 429 is throttling, 409 another operation on the resource, 5xx trouble at Azure."""

ARM_SECONDS = Histogram("egress_arm_request_seconds", "How long Azure took to answer.", ["method"])

ARM_LEFT = Gauge("egress_arm_calls_left", "Calls that Azure had left for us at its last answer.", ["limit"])
"""``limit`` as Azure names it, for example ``subscription-global-reads``."""
