"""The wording of each allowance status on its card."""

from collections.abc import Mapping
from types import MappingProxyType

from bot.domain.allowance import Status

HEADLINES: Mapping[Status, str] = MappingProxyType(
    {
        Status.WAITING: "Waiting for a decision",
        Status.APPROVED: "Approved, not open yet",
        Status.APPLYING: "Being applied, not open yet",
        Status.LIVE: "Live",
        Status.EXPIRING: "Live, expires soon",
        Status.EXPIRED: "Expired",
        Status.REVOKED: "Revoked",
        Status.DENIED: "Denied",
        Status.LAPSED: "Lapsed: nobody decided in time",
        Status.CLOSED: "Closed by the bot",
        Status.SUSPENDED: "Suspended: not open",
        Status.FAILED: "Failed: not open",
    }
)
"""The state in words; “live” only for what was read back from Azure."""

MARKS: Mapping[Status, str] = MappingProxyType(
    {
        Status.WAITING: ":hourglass_flowing_sand:",
        Status.APPROVED: ":ballot_box_with_check:",
        Status.APPLYING: ":gear:",
        Status.LIVE: ":large_green_circle:",
        Status.EXPIRING: ":large_yellow_circle:",
        Status.EXPIRED: ":white_circle:",
        Status.REVOKED: ":no_entry:",
        Status.DENIED: ":no_entry_sign:",
        Status.LAPSED: ":white_circle:",
        Status.CLOSED: ":no_entry_sign:",
        Status.SUSPENDED: ":double_vertical_bar:",
        Status.FAILED: ":red_circle:",
    }
)
"""The emoji for each status."""

STANDING: Mapping[Status, str] = MappingProxyType(
    {
        Status.WAITING: "{needs} It lapses {lapses}.",
        Status.APPROVED: "{waiting}",
        Status.APPLYING: "{waiting} The card updates when it is live.",
        Status.LIVE: "Read back from Azure. {until}{probed}{used}",
        Status.EXPIRING: "Read back from Azure. {until}{probed}{used}",
        Status.EXPIRED: "Expired {expired}. {removal}",
        Status.REVOKED: "{removal}",
        Status.DENIED: "Nothing was opened.",
        Status.LAPSED: "Nothing was opened. You can request it again.",
        Status.CLOSED: "{closed} {removal}",
        Status.SUSPENDED: "{suspended} The bot restores the rule when that changes; the time limit keeps running.",
        Status.FAILED: "{failure} The bot will not retry: revoke it and file a new request.",
    }
)
"""The next step for each status; the names in braces are filled in by the card."""
