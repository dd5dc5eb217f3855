"""Lists of requests, and short answers to acts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.allowances import Preview, Request, RequestList
from bot.domain.allowance import Allowance, status
from bot.domain.approval import VerdictKind
from bot.domain.configuration import Configuration
from bot.domain.dry_run import NO_DRY_RUN, DryRun
from bot.domain.fqdn import Destination
from bot.domain.people import Identity, Person, Unread
from bot.domain.phrases import counted
from bot.domain.scale_proposal import Scale, scale_status
from handlers.blocks.block_kit import (
    actions,
    button,
    code,
    context,
    escape,
    fold,
    header,
    message,
    person,
    rows_that_fit,
    section,
    value,
    when,
)
from handlers.blocks.buttons import position_text
from handlers.blocks.clusters import allowance_line
from handlers.blocks.deciders import decides, missing
from handlers.blocks.dryrun import ENDS, SCALE_WAITS, WAITS, is_dry
from handlers.blocks.naming import names_of
from handlers.blocks.scale_card import scale_line
from handlers.blocks.words import unread_lines
from handlers.replies import Block, Message

ROWS = 20
"""Requests on one page."""


def who_you_are(who: Person, clusters: Sequence[str]) -> Message:
    """Identity, roles and clusters; and what could not be looked up."""
    roles = ", ".join(sorted(who.roles)) or "none"
    groups = fold([escape(group) for group in sorted(who.groups)], 700, joint=", ") or "none"
    names = fold([code(name) for name in clusters], 2000, joint=", ") if clusters else "none"
    return message(
        f"You are {person(who.identity.user)}",
        [
            section(f"You are {person(who.identity.user)} of team {code(who.identity.team)}."),
            section(f"*Roles* {roles}\n*Groups* {groups}\n*Clusters you can see and request access for* {names}"),
            *unread_lines(who.unread, "You may have more access than shown here."),
            context("Group membership is checked again at every decision."),
        ],
    )


def request_list(
    page: RequestList, *, which: str, now: datetime, config: Configuration, unread: Sequence[Unread] = ()
) -> Message:
    """Requests and proposals: open ones first, then the newest; and the groups because of which there may be more."""
    doubts = unread_lines(unread, "You may have access to more.")
    if not page.found:
        nothing = f"Nothing here ({escape(which)}). Use `/egress request` to file a request."
        return message(nothing, [section(nothing), *doubts])
    lines = [section(_line(one, now, config)) for one in page.found]
    hint = (
        "`/egress requests ID` shows full details; `approve ID`, `deny ID REASON`, `revoke ID` and `renew "
        "ID` act on it."
    )

    def drawn(rows: int) -> list[Block]:
        return [header(f"Requests: {which}"), *lines[:rows], *doubts, context(hint), *_older(page, which, rows)]

    shown = rows_that_fit(len(lines), drawn)
    older = ", and older ones" if _older(page, which, shown) else ""
    return message(f"{counted(shown, 'request')}{older}", drawn(shown))


def _older(page: RequestList, which: str, rows: int) -> list[Block]:
    """What begins after the last row that is shown; nothing after the last of all."""
    if rows == len(page.rows) and not page.is_more:
        return []
    place = page.rows[rows - 1].place
    return actions(button("Older", "requests_older", value(which=which, after=position_text(place))))


def _line(one: Request, now: datetime, config: Configuration) -> str:
    if isinstance(one, Scale):
        return scale_line(one, now)
    return f"{allowance_line(one, now, config)}\nRequested by {person(one.requester.user)}"


def about(subject: Allowance | Scale, config: Configuration) -> str:
    """Describe it in one line."""
    if isinstance(subject, Allowance):
        return f"{code(subject.id)}: {code(subject.scope.cluster_name)} to {names_of(subject, config)}"
    return _scale(subject)


def _scale(scale: Scale) -> str:
    return f"{code(scale.id)}: {code(scale.plan.cluster_name)} to {escape(scale.plan.change.goal)}"


@dataclass(frozen=True, slots=True)
class Deciders:
    """The people who are told that a decision is needed.

    Args:
        people: Who can decide; None if that could not be looked up.
        unseen: Why they do not see the card now, as a sentence; empty if they do.
    """

    people: tuple[Identity, ...] | None
    unseen: str = ""


def filed(
    allowance: Allowance,
    asked: Deciders,
    *,
    now: datetime,
    config: Configuration,
    left_out: Sequence[Destination] = (),
) -> Message:
    """Confirm what was filed and what happens next; ``left_out`` is what the firewall already allows."""
    named = about(allowance, config)
    if not allowance.is_waiting(now):
        then = WAITS if is_dry(config.dry_run, allowance) else "You'll be notified when it is live, in a few minutes."
        how = "Opened by break-glass" if allowance.needs_review else "Auto-approved by the approval policy"
        text = f"{how}. {named}. {then}"
    else:
        owner = f" for {person(allowance.requester.user)}" if allowance.filed_by else ""
        text = f"Request filed{owner}. {named}. {hearing(asked)}"
    names = fold([code(str(one)) for one in left_out], 1000, joint=", ")
    return message(f"{text} Left out because already allowed: {names}." if left_out else text)


def changed(allowance: Allowance, asked: Deciders, *, now: datetime, config: Configuration) -> Message:
    """Confirm that a waiting request was changed, and what happens next."""
    then = hearing(asked) if allowance.is_waiting(now) else "Auto-approved by the approval policy."
    return message(f"Changed. {about(allowance, config)}. {then}")


def left_to_expire(allowance: Allowance) -> Message:
    """Confirm that nobody renews it."""
    ends = f" on {when(allowance.expires_at)}" if allowance.expires_at else ""
    return message(f"It ends{ends}; you won't be reminded again. {code(allowance.id)}, {code(allowance.cluster_name)}.")


def handed_over(allowance: Allowance) -> Message:
    """Confirm who owns it now."""
    named = f"{code(allowance.id)}, {code(allowance.cluster_name)}"
    return message(f"{person(allowance.owner.user)} owns it now, and was told. {named}.")


def proposed(scale: Scale, asked: Deciders, now: datetime, dry_run: DryRun = NO_DRY_RUN) -> Message:
    """Say what was proposed, and what happens next."""
    named = _scale(scale)
    if not scale.is_waiting(now):
        then = SCALE_WAITS if is_dry(dry_run, scale) else "You'll be notified when Azure is done."
        return message(f"Auto-approved by the approval policy. {named}. {then}")
    return message(f"Proposed. {named}. {hearing(asked)}")


def hearing(asked: Deciders) -> str:
    """Say who can decide, and why they may not see it."""
    return f"{_people(asked.people)} can decide; you'll be notified when someone does. {asked.unseen}".strip()


def _people(asked: Sequence[Identity] | None) -> str:
    if asked is None:
        return "The approvers (Slack could not list them just now)"
    named = [person(one.user) for one in asked[:5]]
    rest = len(asked) - len(named)
    return ", ".join([*named, *([f"{rest} more"] if rest else [])]) or "Nobody yet"


def decided(subject: Allowance | Scale, now: datetime, dry_run: DryRun = NO_DRY_RUN) -> Message:
    """Say what a decision did, and what happens next."""
    name = subject.cluster_name
    state = str(scale_status(subject, now) if isinstance(subject, Scale) else status(subject, now))
    following = {
        "waiting": f"You approved; {missing(subject.verdict, subject.approvals)}.",
        "denied": "Denied. The requester gets your reason.",
        "withdrawn": "Withdrawn. Nothing was changed.",
        "revoked": "Revoked. If it was open, the bot is removing the rule from the firewall.",
    }
    approved = "Approved. The bot is sending the change to Azure; the card shows when it is done."
    if is_dry(dry_run, subject):
        approved = SCALE_WAITS if isinstance(subject, Scale) else WAITS
        following["revoked"] = f"Revoked. {ENDS}"
    text = following.get(state, approved)
    return message(f"{text} {code(subject.id)}, {code(name)}.")


def estimate_lines(preview: Preview, asked: Sequence[Identity] | None, config: Configuration) -> list[str]:
    """Before a request is filed: who will decide and why, and how risky it is."""
    lines = [f"{_sign(preview)} {line}" for line in decides(preview.verdict, config, is_open=False)]
    if preview.verdict.kind is VerdictKind.ASK:
        lines.append(f"{_people(asked)} can decide.")
    if preview.verdict.ticket_rule:
        lines.append(f"A ticket is required (approval policy rule {code(preview.verdict.ticket_rule)}).")
    if preview.names is not None:
        lines.append(
            f"The firewall's network rules would then name {preview.names.after:,} of {preview.names.limit:,} FQDNs."
        )
    lines.append(f"Risk: *{preview.risk.level}*. {' '.join(escape(r.sentence) for r in preview.risk.reasons)}".strip())
    return lines


def _sign(preview: Preview) -> str:
    signs = {VerdictKind.GRANT: ":white_check_mark:", VerdictKind.ASK: ":busts_in_silhouette:"}
    return signs.get(preview.verdict.kind, ":no_entry_sign:")
