"""Who could decide a request, and whether enough of them exist."""

from collections.abc import Collection, Mapping

from bot.approvals.absences import present
from bot.domain.approval import Quorum, Verdict
from bot.domain.people import AccountStatus, Identity, Role
from bot.errors import RequestRefused
from bot.ports import Context

UNABLE = frozenset({AccountStatus.GUEST, AccountStatus.BOT, AccountStatus.DEACTIVATED})
"""Accounts that never approve, whatever group they are in."""

MOST_LOOKED_UP = 50
"""Accounts that Slack is asked for at once: half of what ``users.info`` gives an app in a minute (tier 4: 100).

Source: https://docs.slack.dev/apis/web-api/rate-limits, read 2026-11.
"""


def deciders(ctx: Context, verdict: Verdict, *askers: Identity | None) -> tuple[Identity, ...] | None:
    """The people who could decide: members of the asked groups and those asked by name, without those who asked.

    Who is away is represented by their delegate. Guests, bots and deactivated accounts decide nothing and are left out,
    as far as Slack says that they are such; of more than ``MOST_LOOKED_UP`` people the rest count without being looked
    up.

    None where a group could not be read: that is not the same as nobody.
    """
    people = {Identity(ctx.config.team, user) for user in verdict.people}
    for group in verdict.approvers:
        members = ctx.directory.members(group)
        if members is None:
            return None
        people.update(members)
    some = sorted(present(ctx, people) - set(askers))
    standings = ctx.directory.standings(some[:MOST_LOOKED_UP])
    return tuple(one for one in some if standings.get(one) not in UNABLE)


def require_deciders(ctx: Context, verdict: Verdict, *askers: Identity) -> None:
    """Refuse to file what could never be approved: too few people are asked, or too few of them may approve.

    Where a group or an account cannot be read, nobody knows that, and it is filed.

    Raises:
        RequestRefused: With the groups that have too few people, and whom to tell.
    """
    listed = {group: ctx.directory.members(group) for group in verdict.approvers}
    members = {group: frozenset(people) for group, people in listed.items() if people is not None}
    if len(members) < len(listed):
        return
    unable = _unable(ctx, verdict, members, askers)
    lacking = verdict.short_of(members, {*askers, *unable})
    short = [_shortage(quorum, size) for quorum, size in lacking]
    if unable and lacking:
        short.append("Guests, bots and deactivated accounts do not count.")
    if short:
        raise RequestRefused(f"{' '.join(short)} Nothing was filed; tell {_operators(ctx)}.")


def _unable(
    ctx: Context, verdict: Verdict, members: Mapping[str, frozenset[Identity]], askers: Collection[Identity]
) -> set[Identity]:
    """Those who never could, as far as it matters: nobody is looked up beyond as many others as are needed."""
    found = set[Identity]()
    for quorum in verdict.asks:
        able, asked = 0, [Identity(ctx.config.team, user) for user in sorted(quorum.users(members))]
        left = [one for one in asked if one not in askers]
        while left and able < quorum.needed:
            batch, left = left[: quorum.needed], left[quorum.needed :]
            unable = {one for one, standing in ctx.directory.standings(batch).items() if standing in UNABLE}
            able, found = able + len(batch) - len(unable), found | unable
    return found


def _shortage(quorum: Quorum, size: int) -> str:
    named = " or ".join((*quorum.groups, *(f"<@{user}>" for user in quorum.people)))
    is_are = "there are" if named and size > 1 else "there is"
    there_are = f"{size or 'nobody'} in {named}" if named else "nobody (no approver group is configured)"
    return f"{quorum.words} must approve this (rule {quorum.rule}), but apart from you {is_are} {there_are}."


def _operators(ctx: Context) -> str:
    groups = [group for group in ctx.config.groups.values() if Role.OPERATOR in group.roles]
    named = [f"<@{user}>" for group in groups for user in sorted(group.users)]
    return f"the bot's operator ({', '.join(named[:3])})" if named else "the bot's operator"
