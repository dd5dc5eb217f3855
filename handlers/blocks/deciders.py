"""Describes who decides, who approved, and who is missing; shared by allowances and scale proposals."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from bot.domain.approval import Approval, Quorum, Verdict, VerdictKind, quorums_text
from bot.domain.configuration import Configuration
from handlers.blocks.block_kit import code, context, escape, fold, person, small_plain, when
from handlers.replies import Block

MOST_PEOPLE = 10
"""People of a group who are called in one message."""


def decides(verdict: Verdict, config: Configuration, *, is_open: bool = True) -> list[str]:
    """Say who decides and why, one line for each quorum.

    Groups are mentioned, which calls them, only while something is to be decided.
    """
    if verdict.kind is VerdictKind.ASK:
        first = min((quorum.stage for quorum in verdict.asks), default=0)
        asked = [_asked(one, config, is_open=is_open, is_first=one.stage == first) for one in verdict.asks]
        return [*asked, *_confirmed(verdict)] or ["*Nobody can approve this.*"]
    if verdict.reviewers:
        return [f"*Opened at once, reviewed afterwards.* {_why(verdict.reason, verdict.rule)}"]
    said = "Auto-approved" if verdict.kind is VerdictKind.GRANT else "Refused"
    return [f"*{said}.* {_why(verdict.reason, verdict.rule)}"]


def _confirmed(verdict: Verdict) -> list[str]:
    if not verdict.step_up:
        return []
    return [f"Approving needs a sign-in at the identity provider (approval policy rule {code(verdict.step_up)})."]


def _asked(quorum: Quorum, config: Configuration, *, is_open: bool, is_first: bool) -> str:
    who = _who(quorum, config, is_open=is_open and is_first)
    text = f"{who} must approve." if is_first else f"then {who} must approve."
    return f"*{text[:1].upper()}{text[1:]}* {_why(quorum.reason, quorum.rule)}"


def _who(quorum: Quorum, config: Configuration, *, is_open: bool) -> str:
    """How many of whom; people who are asked alone, one or all of them, are only named."""
    named = _named(quorum, config, is_open=is_open)
    if quorum.people and not quorum.groups and quorum.needed in (1, len(quorum.people)):
        return named if quorum.needed == 1 else " and ".join(map(person, quorum.people))
    people = "one approver" if quorum.needed == 1 else f"{quorum.needed} approvers"
    return f"{people} from {named}"


def _named(quorum: Quorum, config: Configuration, *, is_open: bool) -> str:
    groups = [mention(config, name) if is_open else escape(name) for name in quorum.groups]
    return " or ".join([*groups, *map(person, quorum.people)]) or "nobody"


def called(verdict: Verdict, approvals: Sequence[Approval], config: Configuration) -> str:
    """Mention those whose stage begins with the last approval; empty if no stage begins."""
    before, now = verdict.current(approvals[:-1]), verdict.current(approvals)
    begins = now and approvals and before and now[0].stage > before[0].stage
    return f" Next to decide: {asked(verdict, approvals, config)}." if begins else ""


def asked(verdict: Verdict, approvals: Sequence[Approval], config: Configuration, *, is_open: bool = True) -> str:
    """Name those who are asked now; ``is_open`` mentions them, which calls them."""
    return ", ".join(_named(one, config, is_open=is_open) for one in verdict.current(approvals))


def _why(reason: str, rule: str) -> str:
    return f"{escape(reason)} (approval policy rule {code(rule)})"


def mention(config: Configuration, name: str) -> str:
    """Call the people of a configured group: its user group and those listed by id."""
    group = config.groups.get(name)
    if group is None:
        return escape(name)
    users = sorted(group.users)
    called = [f"<!subteam^{group.usergroup}>"] if group.usergroup else []
    more = [f"and {len(users) - MOST_PEOPLE} more of {escape(name)}"] if len(users) > MOST_PEOPLE else []
    return " ".join([*called, *map(person, users[:MOST_PEOPLE]), *more]) or escape(name)


def needs(verdict: Verdict, approvals: Sequence[Approval]) -> str:
    """``needs 1 from security and 2 from platform; still missing: 1 from platform``."""
    asked = f"needs {_counted(verdict.asks) or 'an approver, but none is configured'}"
    return f"{asked}; {missing(verdict, approvals)}" if approvals else asked


def missing(verdict: Verdict, approvals: Sequence[Approval]) -> str:
    """``still missing: 1 from platform``."""
    return f"still missing: {_counted(verdict.missing(approvals)) or 'nobody'}"


def _counted(quorums: Iterable[Quorum]) -> str:
    """How many of whom: group names escaped, while people who are asked by name stay mentions."""
    return quorums_text(replace(one, groups=tuple(map(escape, one.groups))) for one in quorums)


def approved_by(verdict: Verdict, approvals: Sequence[Approval]) -> list[Block]:
    """Say who approved and, if there are several quorums, for which groups."""
    if not approvals:
        return []
    is_plain = len(verdict.asks) < 2
    named = [f"{person(one.by.user)}{'' if is_plain else _for(one)}{_place(one)} {when(one.at)}" for one in approvals]
    return [context(f"Approved by {fold(named, 2900, joint=', ')}.")]


def _place(approval: Approval) -> str:
    return f" in place of {' and '.join(map(person, approval.stands_for))}" if approval.stands_for else ""


def _for(approval: Approval) -> str:
    return f" for {escape(', '.join(approval.groups))}" if approval.groups else ""


def ticket_blocks(ticket: str, config: Configuration) -> list[Block]:
    """The ticket, as a link where the configuration says where it is found."""
    if not ticket:
        return []
    link = config.tickets.link(ticket)
    return [context(f"Ticket: <{link}|{escape(ticket)}>")] if link else [small_plain(f"Ticket: {ticket}")]
