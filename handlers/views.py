"""Listeners of modals: what is submitted, and what is asked while one fills them in."""

from bot import allowances, capacity, inventory
from bot.allowances import Decision
from bot.capacity import Wish
from bot.domain.allowance import Allowance, digest
from bot.domain.duration import duration_from_text
from bot.domain.fqdn import parse_destinations
from bot.errors import UnknownCluster, UserError
from bot.ports import Caller, Context
from handlers.blocks import lists
from handlers.blocks.words import NO_CLUSTER, trouble
from handlers.calls import Call
from handlers.modals import Choices, DenyForm, NarrowForm, RequestForm, ScaleForm, count_from
from handlers.replies import Options, Redraw, Reply, Tell, View
from handlers.subjects import decide, look_up


def request(ctx: Context, call: Call) -> Reply:
    """Files the request."""
    made = allowances.request(ctx, call.caller, RequestForm.parse(call.form).draft())
    return Tell(lists.filed(made, allowances.deciders(ctx, made.verdict, made.requester), ctx.clock.now()))


def preview(ctx: Context, call: Call) -> Reply:
    """Draws the request form again: the cluster was chosen, or somebody wants to know who decides."""
    return Redraw(request_view(ctx, call.caller, RequestForm.parse(call.form)))


def cluster_options(ctx: Context, call: Call) -> Reply:
    """Clusters that fit what is typed."""
    return Options(tuple(_choices(ctx, call.caller).options(call.text)))


def deny(ctx: Context, call: Call) -> Reply:
    """Denies, with the reason."""
    decision = Decision(
        call.value.get("id", ""), False, seen=call.value.get("digest"), reason=DenyForm.parse(call.form).reason
    )
    return Tell(lists.decided(decide(ctx, call.caller, decision), ctx.clock.now()))


def narrow(ctx: Context, call: Call) -> Reply:
    """Approves less than was asked."""
    form = NarrowForm.parse(call.form)
    decision = Decision(
        call.value.get("id", ""),
        True,
        seen=call.value.get("digest"),
        reason=form.reason,
        destinations=parse_destinations(form.destinations),
        duration=duration_from_text(form.duration),
    )
    return Tell(lists.decided(allowances.decide(ctx, call.caller, decision), ctx.clock.now()))


def scale(ctx: Context, call: Call) -> Reply:
    """Plans from the cluster as it is now, and proposes that."""
    form = ScaleForm.parse(call.form)
    wish = Wish(call.value.get("id", ""), count_from(form.count, call.value.get("name", "")), form.reason)
    made = capacity.propose(ctx, call.caller, wish)
    return Tell(lists.proposed(made, allowances.deciders(ctx, made.verdict, made.requester), ctx.clock.now()))


def request_view(ctx: Context, caller: Caller, form: RequestForm, notes: tuple[str, ...] = ()) -> View:
    """The request form, with what is wrong in it or who will decide."""
    return form.build(_choices(ctx, caller), (*notes, *_outlook(ctx, caller, form)))


def _choices(ctx: Context, caller: Caller) -> Choices:
    visible = inventory.visible(ctx, inventory.person(ctx, caller))
    if not visible:
        raise UnknownCluster(NO_CLUSTER)
    return Choices(ctx.rulebook, tuple(visible))


def _outlook(ctx: Context, caller: Caller, form: RequestForm) -> list[str]:
    if not form.cluster or not (form.destinations.strip() or form.bundle):
        return []
    try:
        made = allowances.preview(ctx, inventory.person(ctx, caller), form.with_duration(ctx.rulebook).draft())
    except UserError as error:
        return [f":warning: {trouble(error, '')}"]
    return lists.outlook(made, allowances.deciders(ctx, made.verdict, caller.identity), ctx.rulebook)


def deny_view(ctx: Context, caller: Caller, subject: str) -> View:
    """The form that asks why not."""
    found = look_up(ctx, caller, subject)
    seen = digest(found.scope, found.ask) if isinstance(found, Allowance) else found.plan.digest
    return DenyForm().build(found.id, seen, lists.about(found))
