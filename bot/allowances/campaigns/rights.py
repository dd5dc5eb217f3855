"""Who may do what with a review campaign."""

from bot.domain.access import REVIEWERS, require_reviewer
from bot.domain.people import Person
from bot.inventory import member_of
from bot.ports import Caller, Context


def reviewer(ctx: Context, caller: Caller) -> Person:
    """The caller, if they may start and sign off reviews.

    Raises:
        NotPermitted: Neither auditor nor operator.
        MembershipUnknown: Slack could not be asked.
    """
    groups = [name for name, group in ctx.config.groups.items() if group.roles & REVIEWERS]
    who = member_of(ctx, caller, groups)
    require_reviewer(who)
    return who
