"""The result of each check, as a table or as JSON, with what to do about it."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.errors import (
    ArmUnreachable,
    EgressError,
    IdentityProviderUnreachable,
    MembershipUnknown,
    SlackThrottled,
    SlackUnreachable,
)

Look = tuple[str, Callable[[], str]]
"""A check: its name, and a function that returns what was found, or raises what is wrong."""


@dataclass(frozen=True, slots=True)
class DoctorResult:
    """The result of one check.

    Args:
        what: The thing.
        is_ok: Whether the check passed.
        sentence: What was found.
        is_unasked: Nobody answered: it may be in place or not.
    """

    what: str
    is_ok: bool
    sentence: str
    is_unasked: bool = False

    @property
    def remedy(self) -> str:
        """What to do about it; empty where there is nothing to do."""
        if self.sentence.startswith(BEHIND):
            return "Correct that first: its own line says how."
        if self.is_unasked:
            return UNASKED
        return "" if self.is_ok else next(said for prefix, said in REMEDIES if self.what.startswith(prefix))


UNANSWERED = (SlackUnreachable, SlackThrottled, ArmUnreachable, MembershipUnknown, IdentityProviderUnreachable)
"""Errors that say that nobody answered."""

BEHIND = "not looked at: "
"""How the sentence of a check begins that needs another one to pass first."""

UNREAD = f"{BEHIND}the configuration cannot be read."
UNMIGRATED = f"{BEHIND}the database is not migrated."
"""Said of what stands in the configuration or the database, where the line of that says what is wrong."""

UNASKED = "It could not be asked: check the way there (DNS, proxy, firewall), then run this again."

REMEDIES = (
    ("configuration", "Correct the file; python -m bot config check FILE names every problem."),
    ("database clock", "Turn on time synchronisation (NTP) on this machine and on the database's."),
    ("audit triggers", "Find out who removed them, run python -m bot audit verify, and restore the database."),
    ("database", "Check EGRESS_DATABASE_URL and the way to the server, then run python -m bot migrate."),
    ("webhooks", "Set EGRESS_WEBHOOK_SECRET, or the secret_file of each webhook."),
    ("identity provider", "Correct [step_up], and register the redirect URI with the client at the identity provider."),
    ("clock", "Turn on time synchronisation (NTP) on this machine."),
    ("Slack secrets", "Correct the variable, or mount the file so that the bot can read it."),
    ("Slack token", "Install the app in the workspace and set EGRESS_SLACK_BOT_TOKEN to its bot token."),
    ("Slack scopes", "Bring the app up to manifest.json and install it again."),
    ("Slack socket", "Turn on Socket Mode and set EGRESS_SLACK_APP_TOKEN to a token with connections:write."),
    ("Slack signing secret", "Set EGRESS_SLACK_SIGNING_SECRET to the one under Basic Information."),
    ("Slack e-mail", "Add the scope users:read.email to the app and install it again, or use step_up.people."),
    ("Slack channel", "Invite the bot with /invite @egress, or correct slack.channel."),
    ("group", "Add people to the group, or correct its usergroup."),
    ("approval rule", "Add people to the groups of the rule, or ask for fewer approvals."),
    ("writer", "Correct writer.dry_run_targets."),
    ("If-Match", "Ask again when nothing is being written; if Azure takes it then, let nobody else write that group."),
    ("Azure subscription", "Assign deploy/roles/reader.json on it, or take it out of azure.subscriptions."),
    ("Azure rights on", "Assign the role that deploy/roles/README.md names for it; it counts after some minutes."),
    ("Azure probes", "Assign deploy/roles/prober.json on the clusters that may be probed, or take [probe] out."),
    ("firewall log", "Assign log-reader.json, and send both rule categories of the firewall to a workspace."),
    ("Azure calls left", "Find out who else calls Azure as this identity; the bot waits as long as Azure says."),
    ("Azure metrics", "Assign deploy/roles/metrics-reader.json on the subscriptions, or switch off metrics.enabled."),
    ("Azure", "Correct what the line names; deploy/README.md has the kinds of identity, and the hosts of each cloud."),
)
"""What to do, by how the name of a check begins; the first that fits."""

_RESULTS = {(True, False): "ok", (False, False): "MISSING", (False, True): "UNKNOWN"}


def table_of(results: Sequence[DoctorResult]) -> str:
    """The results as a table, what to do below each red line."""
    width = max(len("CHECK"), *(len(one.what) for one in results))
    rows = [
        ("RESULT", "CHECK", "FOUND"),
        *((_RESULTS[one.is_ok, one.is_unasked], one.what, one.sentence) for one in results),
    ]
    lines = [f"{result:8} {what:{width}}  {said}" for result, what, said in rows]
    for at, one in reversed(list(enumerate(results, 1))):
        if one.remedy:
            lines.insert(at + 1, f"{'':8} {'':{width}}  -> {one.remedy}")
    missing = sum(not one.is_ok for one in results)
    return "\n".join((*lines, f"{missing} of {len(results)} checks failed." if missing else "All is in place."))


def json_of(results: Sequence[DoctorResult]) -> str:
    """The results as JSON: ``ok``, and each check with what was found and what to do."""
    checks = [
        {
            "check": one.what,
            "ok": one.is_ok,
            "unknown": one.is_unasked,
            "found": one.sentence,
            "remedy": one.remedy,
        }
        for one in results
    ]
    return json.dumps({"ok": all(one.is_ok for one in results), "checks": checks}, indent=2, ensure_ascii=False)


def looked_at(what: str, look: Callable[[], str]) -> DoctorResult:
    """The result of a check."""
    try:
        return DoctorResult(what, is_ok=True, sentence=look())
    except EgressError as error:
        return red(what, error)


def red(what: str, error: EgressError) -> DoctorResult:
    """The result of a check that found this."""
    is_unasked = isinstance(error, UNANSWERED) or error.sentence.startswith(BEHIND)
    return DoctorResult(what, is_ok=False, sentence=error.sentence, is_unasked=is_unasked)
