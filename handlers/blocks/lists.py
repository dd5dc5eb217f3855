"""Lists of requests, and short answers to acts."""

from collections.abc import Sequence
from datetime import datetime

from bot.allowances import Preview
from bot.domain.allowance import Allowance, Status, status
from bot.domain.approval import VerdictKind
from bot.domain.fqdn import Destination
from bot.domain.people import Identity, Person
from bot.domain.scale import Scale, ScaleStatus, scale_status
from bot.domain.settings import Rulebook
from handlers.blocks.deciders import decides, missing
from handlers.blocks.fleet import allowance_line
from handlers.blocks.kit import code, context, escape, fold, header, message, person, section
from handlers.blocks.naming import names_of
from handlers.blocks.scale import scale_line
from handlers.replies import Message

ROWS = 20
"""Requests in one answer: the newest."""


def who_you_are(who: Person, clusters: Sequence[str]) -> Message:
    """Identity, roles and clusters."""
    roles = ", ".join(sorted(who.roles)) or "none"
    groups = ", ".join(escape(group) for group in sorted(who.groups)) or "none"
    names = fold([code(name) for name in clusters], 2000, joint=", ") if clusters else "none"
    return message(
        f"You are {person(who.identity.user)}",
        [
            section(f"You are {person(who.identity.user)} of team {code(who.identity.team)}."),
            section(f"*Roles* {roles}\n*Groups* {groups}\n*Clusters that you may see and ask for* {names}"),
            context("Groups are looked up again at every decision."),
        ],
    )


def request_list(
    allowances: Sequence[Allowance], scales: Sequence[Scale], *, which: str, now: datetime, rulebook: Rulebook
) -> Message:
    """Requests and proposals, newest first."""
    if not allowances and not scales:
        return message(f"Nothing here ({escape(which)}). `/egress request` asks for something.")
    lines = [f"{allowance_line(one, now, rulebook)}, asked by {person(one.requester.user)}" for one in allowances]
    lines = [*(scale_line(one, now) for one in scales), *lines]
    blocks = [header(f"Requests: {which}"), *(section(line) for line in lines[:ROWS])]
    rest = len(lines) - ROWS
    blocks += [context(f"and {rest} older ones")] if rest > 0 else []
    hint = (
        "`/egress requests ID` shows all of one; `approve ID`, `deny ID REASON`, `revoke ID` and `renew ID` act on it."
    )
    return message(f"{len(lines)} request{'' if len(lines) == 1 else 's'}", [*blocks, context(hint)])


def about(subject: Allowance | Scale, rulebook: Rulebook) -> str:
    """What it is, in one line."""
    if isinstance(subject, Allowance):
        return f"{code(subject.id)}: {code(subject.scope.cluster_name)} to {names_of(subject, rulebook)}"
    return _scale(subject)


def _scale(scale: Scale) -> str:
    return f"{code(scale.id)}: {code(scale.plan.cluster_name)} to {scale.plan.after} outbound IPs"


def filed(
    allowance: Allowance,
    asked: Sequence[Identity],
    *,
    now: datetime,
    rulebook: Rulebook,
    left_out: Sequence[Destination] = (),
) -> Message:
    """What was filed, and what happens next; ``left_out`` is what the firewall allows already."""
    named = about(allowance, rulebook)
    if status(allowance, now) is not Status.WAITING:
        text = f"Granted at once by the approval policy. {named}. You hear when it is live, in some minutes."
    else:
        text = f"Asked. {named}. {_people(asked)} can decide; you hear as soon as somebody does."
    names = fold([code(str(one)) for one in left_out], 1000, joint=", ")
    return message(f"{text} Left out, because allowed already: {names}." if left_out else text)


def proposed(scale: Scale, asked: Sequence[Identity], now: datetime) -> Message:
    """What was proposed, and what happens next."""
    named = _scale(scale)
    if scale_status(scale, now) is not ScaleStatus.WAITING:
        return message(f"Granted at once by the approval policy. {named}. You hear when Azure has done it.")
    return message(f"Proposed. {named}. {_people(asked)} can decide; you hear as soon as somebody does.")


def _people(asked: Sequence[Identity]) -> str:
    named = [person(one.user) for one in asked[:5]]
    rest = len(asked) - len(named)
    return ", ".join([*named, *([f"{rest} more"] if rest else [])]) or "Nobody yet"


def decided(subject: Allowance | Scale, now: datetime) -> Message:
    """What a decision did, and what happens next."""
    name = subject.scope.cluster_name if isinstance(subject, Allowance) else subject.plan.cluster_name
    state = str(scale_status(subject, now) if isinstance(subject, Scale) else status(subject, now))
    following = {
        "waiting": f"You approved; {missing(subject.verdict, subject.approvals)}.",
        "denied": "Denied. Whoever asked was told why.",
        "revoked": "Revoked. If it was open, the rule is being taken out of the firewall.",
    }
    text = following.get(state, "Approved. Azure is asked now; the card says when it is done.")
    return message(f"{text} {code(subject.id)}, {code(name)}.")


def outlook(preview: Preview, asked: Sequence[Identity], rulebook: Rulebook) -> list[str]:
    """Before a request is filed: who will decide and why, and how risky it is."""
    lines = [f"{_sign(preview)} {line}" for line in decides(preview.verdict, rulebook, is_open=False)]
    if preview.verdict.kind is VerdictKind.ASK:
        lines.append(f"{_people(asked)} can decide.")
    if preview.names is not None:
        lines.append(
            f"The firewall's network rules would then name {preview.names.after:,} of {preview.names.limit:,} FQDNs."
        )
    lines.append(f"Risk: *{preview.risk.level}*. {' '.join(escape(r.sentence) for r in preview.risk.reasons)}".strip())
    return lines


def _sign(preview: Preview) -> str:
    signs = {VerdictKind.GRANT: ":white_check_mark:", VerdictKind.ASK: ":busts_in_silhouette:"}
    return signs.get(preview.verdict.kind, ":no_entry_sign:")
