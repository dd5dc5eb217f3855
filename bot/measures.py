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

CLOCK_SKEW = Gauge(
    "egress_clock_skew_seconds", "How far this machine's clock was ahead of Azure's at its last answer; to a second."
)

ACK_SECONDS = Histogram(
    "egress_ack_seconds",
    "From Bolt's call to the ack; Slack gives up after three seconds.",
    ["kind"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 2.5, 3),
)
"""``kind``: command, action, view, options, home, shortcut, event."""

ANSWERS = Counter("egress_answers", "What became of what people did in Slack.", ["entry", "kind", "outcome"])
"""``outcome``: ``ok``, or the family of the error: UserError, Conflict, Unavailable, Refused, Defect."""

SLACK_ERRORS = Counter("egress_slack_errors", "Calls of Slack's Web API that failed.", ["kind"])
"""``kind``: SlackThrottled, SlackUnreachable, SlackRefused."""

SOCKET_OPENED = Gauge("egress_socket_opened_timestamp_seconds", "When the socket to Slack was opened; 0 without one.")

OPERATION_SECONDS = Histogram(
    "egress_operation_seconds",
    "How long updates of Azure took, from when Azure accepted them.",
    ["kind", "result"],
    buckets=(15, 30, 60, 120, 180, 240, 300, 450, 600, 900, 1800, 3600),
)
"""``kind``: rules or scale; ``result`` as Azure says it: Succeeded, Failed, Canceled."""

UPDATES_SAVED = Counter("egress_updates_saved", "Updates of a firewall that others carried along.")

DRIFTS = Counter("egress_drifts", "Times that somebody had changed our rules by hand.", ["mode"])
"""``mode``: what followed: heal, adopt, report, or unknown for rules that are on no record."""

DATABASE_SECONDS = Histogram(
    "egress_database_seconds",
    "How long transactions took, their work inside included.",
    ["kind"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5),
)
"""``kind``: read or write."""

DATABASE_ERRORS = Counter("egress_database_errors", "Transactions that the database did not answer or did not take.")

ANSWERS_LOST = Counter("egress_answers_lost", "Late answers that Slack did not accept by any route.")
