"""The words for every event that people hear of: one table for requests, one for the channel."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bot.domain.allowance import Allowance
from bot.domain.dry_run import DryRun
from bot.domain.scale_proposal import Scale
from bot.ports import ChannelEvent, NoticeEvent
from handlers.blocks.block_kit import context, escape, message, section
from handlers.blocks.dryrun import NOT_WRITTEN, SCALE_WAITS, is_dry
from handlers.blocks.partners import copyable
from handlers.replies import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The words for one event. Names in braces are filled in from the facts when the message is sent.

    Args:
        allowance: For an allowance; empty where the event cannot happen to one.
        scale: For a scale proposal; empty likewise.
        dry: For an allowance in a dry run, where the usual words would be untrue.
        scale_dry: For a scale proposal in a dry run, likewise.
    """

    allowance: str = ""
    scale: str = ""
    dry: str = ""
    scale_dry: str = ""


QUESTION = "{{inquirer}} has a question about this {what}. It waits for your answer, {{who}}, until {{lapses}}."
BROKE_GLASS = ":rotating_light: Break-glass: {who} opened this without an approval."
REVIEW = "{reviewers} must review it by {review_by}."

NEWS: Mapping[NoticeEvent, Words] = MappingProxyType(
    {
        NoticeEvent.REQUESTED: Words(allowance="Requested by {who}.", scale="Proposed by {who}."),
        NoticeEvent.RENEWED: Words(
            allowance="{filer} requested a renewal for {who}. It needs a decision like any other request."
        ),
        NoticeEvent.FILED: Words(
            allowance="{filer} requested this for {who}. {who} owns it, and can withdraw, renew or revoke it."
        ),
        NoticeEvent.GRANTED: Words(
            allowance="Auto-approved by the approval policy. The rule should be live in a few minutes.",
            scale="Auto-approved by the approval policy. The bot is sending the change to Azure.",
            dry=f"Auto-approved by the approval policy. {NOT_WRITTEN}",
            scale_dry=f"Auto-approved by the approval policy. {SCALE_WAITS}",
        ),
        NoticeEvent.BROKE_GLASS: Words(
            allowance=f"{BROKE_GLASS} The rule should be live in a few minutes. {REVIEW}",
            dry=f"{BROKE_GLASS} {NOT_WRITTEN} {REVIEW}",
        ),
        NoticeEvent.REVIEW_DUE: Words(
            allowance="Opened by break-glass and not reviewed yet. Confirm, shorten or revoke it by {review_by}.{calls}"
        ),
        NoticeEvent.REVIEWED: Words(allowance="Break-glass reviewed by {reviewer}: {outcome}."),
        NoticeEvent.SECONDED: Words(
            allowance="{approver} approved; {missing}.{called}", scale="{approver} approved; {missing}.{called}"
        ),
        NoticeEvent.APPROVED: Words(
            allowance="Approved by {approver}. The rule should be live in a few minutes.",
            scale="Approved by {approver}. The bot is sending the change to Azure.",
            dry=f"Approved by {{approver}}. {NOT_WRITTEN}",
            scale_dry=f"Approved by {{approver}}. {SCALE_WAITS}",
        ),
        NoticeEvent.UNCONFIRMED: Words(
            allowance="Not confirmed. {what}",
            scale="Not confirmed. {what}",
        ),
        NoticeEvent.DENIED: Words(allowance="Denied by {ender}.", scale="Denied by {ender}."),
        NoticeEvent.WITHDRAWN: Words(scale="Withdrawn by {ender}."),
        NoticeEvent.ASKED: Words(
            allowance=QUESTION.format(what="request"),
            scale=QUESTION.format(what="proposal"),
        ),
        NoticeEvent.ANSWERED: Words(
            allowance="{answerer} answered. It lapses {lapses}.", scale="{answerer} answered. It lapses {lapses}."
        ),
        NoticeEvent.EDITED: Words(
            allowance="{who} changed the request. Approvals given before no longer count.",
            scale="{what} Approvals given before no longer count. Please decide again: {asked}.",
        ),
        NoticeEvent.REMINDED: Words(
            allowance="Waiting for a decision: it {needs}. It lapses {lapses}.{calls}",
            scale="Waiting for a decision: it {needs}. It lapses {lapses}.{calls}",
        ),
        NoticeEvent.ESCALATED: Words(
            allowance="{what} More people can decide now: {asked}.",
            scale="{what} More people can decide now: {asked}.",
        ),
        NoticeEvent.UNANSWERED: Words(
            allowance="{who}, a question about your request is waiting for your answer. It lapses {lapses}.",
            scale="{who}, a question about your proposal is waiting for your answer. It lapses {lapses}.",
        ),
        NoticeEvent.LAPSED: Words(
            allowance="Lapsed: nobody decided in time. *Request again…* on the card asks once more.",
            scale="Lapsed: nobody decided in time. *Propose again…* on the card asks once more.",
        ),
        NoticeEvent.CHANGED: Words(allowance="The request changed after it was filed and needs a new decision. {what}"),
        NoticeEvent.REWEIGHED: Words(
            allowance="{what} The card shows who decides now.", scale="{what} The card shows who decides now."
        ),
        NoticeEvent.CLOSED: Words(allowance="Closed by the bot. {what} {removal}"),
        NoticeEvent.APPLYING: Words(
            allowance="Azure is applying the rule. This takes three to five minutes.",
            scale="Azure is changing it. This takes a few minutes.",
        ),
        NoticeEvent.PARTNERS: Words(scale="{what}"),
        NoticeEvent.LIVE: Words(allowance="Live: the rule was read back from Azure. {until}"),
        NoticeEvent.REACHED: Words(allowance="Reached from inside the cluster. {what}."),
        NoticeEvent.UNREACHED: Words(
            allowance=(
                "Live, but not reached from inside the cluster. {what}. The rule is in the firewall: look at the host "
                "itself, at network policies and at network security groups."
            )
        ),
        NoticeEvent.BLOCKED: Words(allowance="Live, and the firewall's log still has denials of it. {what}"),
        NoticeEvent.DONE: Words(scale="Done: {result}, as read back from Azure."),
        NoticeEvent.FAILED: Words(
            allowance="Failed: not live, and the bot will not retry. {failure}",
            scale="Failed: the change was not completed as planned. {failure}",
        ),
        NoticeEvent.MISSING: Words(
            allowance="The rule is missing from the firewall. The bot is restoring it.",
            dry=f"The rule is missing from the firewall. {NOT_WRITTEN}",
        ),
        NoticeEvent.UNRESOLVED: Words(
            allowance=(
                "The rule was removed because it needs the firewall's DNS proxy, which is off. The bot restores the "
                "rule when the proxy is back on."
            )
        ),
        NoticeEvent.LEFT_OUT: Words(
            allowance="Someone removed the rule from the firewall by hand. The bot is configured not to restore it."
        ),
        NoticeEvent.HELD: Words(
            allowance="The rule in the firewall is not as approved. Dry run: the bot does not correct it."
        ),
        NoticeEvent.MOVED: Words(
            allowance="{what} The bot is writing the rule there and will tell you when it is live again.",
            dry=f"{{what}} {NOT_WRITTEN}",
        ),
        NoticeEvent.RANGES: Words(
            allowance=(
                "{what} The bot is rewriting the rule for the new ranges only. Revoke it if they should not have "
                "access."
            ),
            dry=f"{{what}} {NOT_WRITTEN}",
        ),
        NoticeEvent.SUSPENDED: Words(
            allowance="Suspended: nothing is open for now. {what} The bot restores the rule when that changes."
        ),
        NoticeEvent.RESUMED: Words(
            allowance="Resumed: the cluster leaves through the firewall again, and the bot is restoring the rule.",
            dry=f"Its cluster leaves through the firewall again. {NOT_WRITTEN}",
        ),
        NoticeEvent.EXPIRING: Words(allowance="Expires soon. {until}{used} Renew it, or let it expire."),
        NoticeEvent.LET_EXPIRE: Words(allowance="Left to expire. {until}"),
        NoticeEvent.TRANSFERRED: Words(allowance="{owner} owns this now, and is told how it goes. {until}"),
        NoticeEvent.SHORTENED: Words(allowance="{by} shortened it in a review: “{what}” {until}"),
        NoticeEvent.EXPIRED: Words(allowance="Expired. {removal}"),
        NoticeEvent.REVOKED: Words(allowance="Revoked by {ender}. {removal}"),
        NoticeEvent.ORPHANED: Words(allowance="Ended by the bot. {what} {removal}"),
        NoticeEvent.GONE: Words(allowance="Ended. {removal}"),
    }
)
"""The words by event."""

CHANNEL_NEWS: Mapping[ChannelEvent, str] = MappingProxyType(
    {
        ChannelEvent.DRIFT: ":warning: Someone changed the bot's rules in *{target}* by hand.",
        ChannelEvent.UNKNOWN: (
            ":warning: *{target}* has rules in the bot's rule collections that are not in its database."
        ),
        ChannelEvent.FOREIGN: ":warning: Someone else changed *{target}* during the bot's update.",
        ChannelEvent.HEALED: ":white_check_mark: The bot's rules in *{target}* are correct again.",
        ChannelEvent.DRAFT: ":warning: *{target}* has an open draft. Deploying it would undo later changes.",
        ChannelEvent.DRAFT_GONE: ":information_source: The draft of *{target}* is gone.",
        ChannelEvent.MOVED: (
            ":information_source: Traffic no longer passes through *{target}*; the allowances move with it."
        ),
        ChannelEvent.CLUSTER_GONE: ":warning: The cluster *{target}* was deleted while it had allowances.",
        ChannelEvent.STUCK: (
            ":octagonal_sign: The bot cannot bring its rules in *{target}* up to date; approved allowances are waiting."
        ),
        ChannelEvent.SLOW: (
            ":hourglass: An update of *{target}* is taking unusually long; approved allowances are waiting."
        ),
        ChannelEvent.STUCK_SCALE: (
            ":octagonal_sign: Scale proposal *{target}* cannot be applied right now; it is waiting."
        ),
        ChannelEvent.UNREAD: ":octagonal_sign: The bot cannot read Azure; cluster data may be out of date.",
        ChannelEvent.BROKEN: (
            ":octagonal_sign: The bot's background work ({target}) is failing; its operator must investigate."
        ),
        ChannelEvent.PROBE_DISAGREES: (
            ":rotating_light: A probe from inside *{target}* saw something else than the bot expects."
        ),
        ChannelEvent.EGRESS_CHANGE: ":information_source: Outbound IPs of *{target}* changed.",
        ChannelEvent.PORTS_HIGH: ":warning: SNAT ports of *{target}* are nearly used up.",
        ChannelEvent.PORTS_EXHAUSTED: ":rotating_light: *{target}* is out of SNAT ports: new connections fail.",
        ChannelEvent.PORTS_CALM: ":white_check_mark: SNAT ports of *{target}* are well below their limit again.",
        ChannelEvent.IPS_PLANNED: ":calendar: Outbound IPs of *{target}* will change.",
        ChannelEvent.UNTOLD: ":warning: Partners of *{target}* could not be told about its outbound IPs.",
        ChannelEvent.IPS_KEPT: (
            ":information_source: The announced change of outbound IPs of *{target}* was not completed."
        ),
        ChannelEvent.AUDIT_DAMAGED: (
            ":rotating_light: The audit log was changed outside of the bot. The bot goes on; keep this message, and "
            "have whoever runs the database explain it."
        ),
        ChannelEvent.AUDIT_INTACT: ":white_check_mark: The audit log is intact again.",
        ChannelEvent.AUDIT_CHECKPOINT: (
            ":lock: Checkpoint of the audit log; `python -m bot audit verify --checkpoints FILE` compares it."
        ),
    }
)
"""Channel messages by event."""

_OF_A_NEWER_VERSION = Words(allowance="Something changed. See the card.", scale="Something changed. See the card.")


def news_words(subject: Allowance | Scale, event: str, dry_run: DryRun) -> str:
    """The words for an event, to be filled in; also for one that only a newer version of the bot knows.

    Args:
        subject: What it happened to.
        event: The stored value.
        dry_run: Where nothing is written.
    """
    words = NEWS[NoticeEvent(event)] if event in NEWS else _OF_A_NEWER_VERSION
    if isinstance(subject, Scale):
        return (is_dry(dry_run, subject) and words.scale_dry) or words.scale or _OF_A_NEWER_VERSION.scale
    return (is_dry(dry_run, subject) and words.dry) or words.allowance or _OF_A_NEWER_VERSION.allowance


def channel_news(subject: str, body: Mapping[str, str]) -> Message:
    """News of a target or a cluster; an event that only a newer version of the bot knows has no words but its text."""
    target, event = escape(subject.rstrip("/").rsplit("/", 1)[-1]), body.get("event", "")
    words = CHANNEL_NEWS[ChannelEvent(event)] if event in CHANNEL_NEWS else "News of *{target}*."
    said, detail, copied = words.format(target=target), body.get("text", ""), body.get("copy", "")
    parts = [section(said), *([context(escape(detail))] if detail else []), *([copyable(copied)] if copied else [])]
    return message(f"{said} {escape(detail or copied)}".strip(), parts)
