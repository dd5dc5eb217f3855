"""Listeners of the Home tab."""

from dataclasses import replace

from bot import allowances, approvals, auditing, inventory
from bot.allowances import campaigns
from bot.domain.allowance import Allowance, Status, status
from bot.domain.people import Role
from bot.domain.scale_proposal import Scale
from bot.ports import Caller, Context
from handlers.blocks.home import ROWS, Desktop, Found, home_view
from handlers.calls import Call
from handlers.home_search import HomeState, SearchForm
from handlers.replies import OpenModal, PublishHome, RefreshHome, Reply, View


def opened(ctx: Context, call: Call) -> Reply:
    """Waiting for me, my allowances, expiring soon, fleet health; *Refresh* stays on its page."""
    return PublishHome(drawn(ctx, call.caller, HomeState.parse(call.carried)))


def redrawn(ctx: Context, call: Call) -> tuple[Reply, ...]:
    """The same page of the Home tab once more, where something was done on it."""
    return (refreshed(ctx, call.caller, HomeState.parse(call.carried)),) if call.caller.via == "slack:home" else ()


def refreshed(ctx: Context, caller: Caller, state: HomeState) -> Reply:
    """The Home tab once more, as it is when the act before it was answered."""
    return RefreshHome(lambda: drawn(ctx, caller, state))


def older(ctx: Context, call: Call) -> Reply:
    """The page after the one that is shown."""
    return PublishHome(drawn(ctx, call.caller, HomeState.parse(call.carried).older(call.value.get("after", ""))))


def newer(ctx: Context, call: Call) -> Reply:
    """The page before the one that is shown."""
    return PublishHome(drawn(ctx, call.caller, HomeState.parse(call.carried).newer()))


def clear(ctx: Context, call: Call) -> Reply:
    """The Home tab without a search."""
    return PublishHome(drawn(ctx, call.caller, HomeState()))


def search(ctx: Context, call: Call) -> Reply:
    """Ask what to search for."""
    inventory.person(ctx, call.caller)
    return OpenModal(SearchForm.build(HomeState.parse(call.carried).search))


def searched(ctx: Context, call: Call) -> Reply:
    """The first page of what is found, on the Home tab behind the form."""
    return PublishHome(drawn(ctx, call.caller, SearchForm.parse(call.form)))


def drawn(ctx: Context, caller: Caller, state: HomeState) -> View:
    """One person's Home tab."""
    who, waiting = approvals.standing_in(ctx, inventory.person(ctx, caller)), allowances.awaiting(ctx, caller)
    asked = [one for one in waiting if isinstance(one, Allowance)]
    desktop = Desktop(
        waiting=tuple(one for one in asked if not one.batch),
        batches=allowances.batches_of(ctx, asked),
        scales=tuple(one for one in waiting if isinstance(one, Scale)),
        mine=tuple(one for one in allowances.own(ctx, caller) if status(one, ctx.clock.now()) not in ENDED),
        reviews=tuple(campaigns.mine(ctx, who)),
        unreviewed=tuple(allowances.unreviewed(ctx, who)),
        clusters=tuple(inventory.visible(ctx, who)),
        now=ctx.clock.now(),
        config=ctx.config,
        unread=who.unread,
        refusals=inventory.refusals(ctx) if who.has_role(Role.OPERATOR) else (),
        notices=allowances.notice_level(ctx, caller),
        searches=tuple(auditing.saved_searches(ctx, caller)),
        found=_found(ctx, caller, state),
    )
    there = state if desktop.found else replace(state, page=min(state.page, desktop.pages))
    return home_view(replace(desktop, page=there.number, is_far=there.is_far), there.carried)


def _found(ctx: Context, caller: Caller, state: HomeState) -> Found | None:
    if state.search.is_empty:
        return None
    after = state.trail[-1] if state.trail else None
    return Found(state.search, allowances.search(ctx, caller, state.search, rows=ROWS, after=after))


ENDED = frozenset({Status.EXPIRED, Status.REVOKED, Status.DENIED, Status.LAPSED, Status.CLOSED})
"""Statuses that the Home tab leaves out."""
