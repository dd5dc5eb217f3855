"""Whose a request is: who asks, or somebody else for whom they file it."""

import re

from bot.allowances.previews import Draft
from bot.domain.access import require_filer, require_owner
from bot.domain.people import Identity, Person
from bot.errors import InvalidInput, NotPermitted, UnknownCluster
from bot.inventory import find, member_of, person
from bot.ports import Caller, Context


def owner_of(ctx: Context, caller: Caller, draft: Draft) -> Person:
    """Whoever the request will belong to: their rights count, and they answer for it.

    Raises:
        NotPermitted: The caller may not file for others, or the owner has no access to the cluster.
        UnknownCluster: The caller may not see the cluster.
        InvalidInput: The owner is nobody who could have asked.
        MembershipUnknown: Slack could not be asked; nothing was filed.
    """
    if draft.owner in ("", caller.identity.user):
        return person(ctx, caller)
    require_permitted(ctx, caller, draft.owner)
    find(ctx, person(ctx, caller), draft.cluster)
    return able_owner(ctx, Identity(ctx.config.team, draft.owner), draft.cluster)


def require_permitted(ctx: Context, caller: Caller, owner: str) -> None:
    """Refuse who may not file for others, and what is no person.

    Raises:
        NotPermitted: The caller is in none of the groups of ``approval.on_behalf``.
        InvalidInput: It is no user id.
        MembershipUnknown: Slack could not be asked.
    """
    require_filer(ctx.config, member_of(ctx, caller, ctx.config.policy.on_behalf))
    if not re.fullmatch("[UW][A-Z0-9]+", owner):
        raise InvalidInput(
            f"“{owner[:60]}” is not a person whom Slack knows: pick somebody from its list behind `for:@`.",
            field="owner",
        )


def able_owner(ctx: Context, owner: Identity, cluster: str) -> Person:
    """Somebody who could have asked for a cluster themselves.

    Raises:
        NotPermitted: They have no access to the cluster.
        InvalidInput: A guest, a bot, or somebody whose account is deactivated.
        MembershipUnknown: Slack could not be asked.
    """
    who = ctx.directory.person(owner)
    require_owner(who)
    try:
        find(ctx, who, cluster)
    except UnknownCluster as error:
        raise NotPermitted(
            f"<@{owner.user}> does not have access to that cluster, so they cannot own an allowance for it."
        ) from error
    return who
