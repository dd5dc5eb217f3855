"""Listeners of buttons."""

from dataclasses import replace

from bot import allowances, checking, inventory, scaling
from bot.approvals import Decision
from bot.checking import Query
from bot.domain.allowance import Act, Allowance
from bot.domain.approval import require_same
from bot.domain.batch import place_text
from bot.domain.duration import duration_code
from bot.domain.fqdn import parse_destinations
from bot.domain.scale_proposal import Scale
from bot.domain.snat import TypeChange
from bot.errors import NotPermitted
from bot.ports import Context
from handlers import batches
from handlers.blocks import clusters, lists, notice_choice
from handlers.blocks.check import trace_loading, trace_view
from handlers.blocks.migration import migrate_again
from handlers.calls import Call, number_from, position_from
from handlers.home import redrawn
from handlers.hosts import written
from handlers.modals import DenyForm, NarrowForm, ScaleForm, SmallerStepForm
from handlers.renewals import RenewForm
from handlers.replies import Ephemeral, OpenModal, Reply, UpdateModal
from handlers.request_form import RequestForm
from handlers.subjects import decide, deciders, details_of, end, look_up, require_decidable
from handlers.views import form_from_error, open_form


def approve(ctx: Context, call: Call) -> tuple[Reply, ...]:
    """Say yes to exactly what the card shows."""
    if batches.is_batch(call):
        return Ephemeral(batches.approve(ctx, call)), *redrawn(ctx, call)
    made = decide(ctx, call.caller, Decision(call.value["id"], True, seen=call.value["digest"]))
    return Ephemeral(lists.decided(made, ctx.clock.now(), ctx.config.dry_run)), *redrawn(ctx, call)


def deny(ctx: Context, call: Call) -> Reply:
    """Ask why not."""
    if batches.is_batch(call):
        return batches.ask_why(ctx, call)
    found, seen = look_up(ctx, call.caller, call.value["id"]), call.value["digest"]
    require_decidable(found, seen, Act.DENY, ctx.clock.now())
    return OpenModal(DenyForm().build(found.id, seen, lists.about(found, ctx.config)))


def details(ctx: Context, call: Call) -> Reply:
    """Show everything about the button's subject, to read before a decision."""
    if batches.is_batch(call):
        return batches.details(ctx, call)
    found, seen = look_up(ctx, call.caller, call.value["id"]), call.value["digest"]
    require_same(found, seen)
    return OpenModal(details_of(ctx, found))


def narrow(ctx: Context, call: Call) -> Reply:
    """Ask how much less."""
    found = look_up(ctx, call.caller, call.value["id"])
    require_decidable(found, call.value["digest"], Act.APPROVE, ctx.clock.now())
    if isinstance(found, Scale):
        return OpenModal(SmallerStepForm.build(found))
    return OpenModal(NarrowForm.build(found, ctx.config))


def revoke(ctx: Context, call: Call) -> tuple[Reply, ...]:
    """End it now."""
    if batches.is_batch(call):
        return Ephemeral(batches.end(ctx, call)), *redrawn(ctx, call)
    ended = end(ctx, call.caller, call.value["id"])
    return Ephemeral(lists.decided(ended, ctx.clock.now(), ctx.config.dry_run)), *redrawn(ctx, call)


def renew(ctx: Context, call: Call) -> tuple[Reply, ...]:
    """Ask for the same again."""
    made = allowances.renew(ctx, call.caller, call.value["id"])
    told = lists.filed(made, deciders(ctx, made), now=ctx.clock.now(), config=ctx.config)
    return Ephemeral(told), *redrawn(ctx, call)


def notices(ctx: Context, call: Call) -> tuple[Reply, ...]:
    """Remember how much the person wants to be told."""
    level = allowances.choose_notices(ctx, call.caller, call.value["chosen"])
    return redrawn(ctx, call) or (Ephemeral(notice_choice.told(level), replaces=True),)


def renew_form(ctx: Context, call: Call) -> Reply:
    """Ask for how much more time; a form that found it open already makes room for this one."""
    found = allowances.get(ctx, call.caller, call.value["id"])
    view = RenewForm.build(found, ctx.config, lists.about(found, ctx.config))
    return UpdateModal(view) if call.caller.via == "slack:modal" else OpenModal(view)


def let_expire(ctx: Context, call: Call) -> tuple[Reply, ...]:
    """Say that it may end; nobody is warned again."""
    made = allowances.let_expire(ctx, call.caller, call.value["id"])
    return Ephemeral(lists.left_to_expire(made)), *redrawn(ctx, call)


def propose(_ctx: Context, call: Call) -> Reply:
    """Ask what should change about the outbound IPs, and why."""
    return OpenModal(ScaleForm().build(call.value["id"], call.value["name"]))


def propose_again(ctx: Context, call: Call) -> Reply:
    """The form, filled with a proposal that nothing came of; it is planned anew when it is submitted."""
    found = scaling.get(ctx, call.caller, call.value["id"])
    change = found.plan.change
    if isinstance(change, TypeChange):
        return Ephemeral(migrate_again(change, found.cluster_name))
    return OpenModal(ScaleForm.again(change.typed, found.reason).build(found.cluster_id, found.cluster_name))


def turn_list(ctx: Context, call: Call) -> Reply:
    """Another page of the fleet, in the place of this one."""
    sought, page = call.value.get("words", ""), number_from(call.value, "page", 1)
    found = inventory.fleet(ctx, call.caller, sought)
    return Ephemeral(clusters.fleet_list(found, sought, page), replaces=True)


def show_endpoints(ctx: Context, call: Call) -> Reply:
    """Show the required endpoints of the cluster that the button names."""
    return Ephemeral(
        clusters.endpoint_report(inventory.check_endpoints(ctx, call.caller, call.value.get("cluster", "")))
    )


def older_requests(ctx: Context, call: Call) -> Reply:
    """The next requests of a list, in the place of these."""
    which, place = call.value.get("which", ""), position_from(call.value.get("after", ""))
    found = allowances.browse(ctx, call.caller, which, rows=lists.ROWS, after=place)
    return Ephemeral(lists.request_list(found, which=which, now=ctx.clock.now(), config=ctx.config), replaces=True)


def open_request(ctx: Context, call: Call) -> Reply:
    """The request form, for the cluster and hosts that the button names."""
    given = call.value
    form = RequestForm(
        cluster=given.get("cluster", ""),
        pool=given.get("pool", ""),
        bundle=given.get("bundle", ""),
        destinations=checking.kept(ctx, given["draft"]) if given.get("draft") else "",
    )
    return open_form(ctx, call.caller, form)


def request_again(ctx: Context, call: Call) -> Reply:
    """The request form, filled with what an ended request asked for."""
    if batches.is_batch(call):
        return open_form(ctx, call.caller, _filled_for_several(ctx, call))
    return open_form(ctx, call.caller, _filled(ctx, call, allowances.get(ctx, call.caller, call.value["id"])))


def edit(ctx: Context, call: Call) -> Reply:
    """The request form, filled with what a waiting request asks for, to change it."""
    found, seen = allowances.get(ctx, call.caller, call.value["id"]), call.value["digest"]
    if call.caller.identity != found.requester:
        raise NotPermitted(f"Only the requester of {found.id} can change it; ask a question instead.")
    require_decidable(found, seen, Act.EDIT, ctx.clock.now())
    return open_form(ctx, call.caller, replace(_filled(ctx, call, found), edits=found.id, seen=seen))


def _filled(ctx: Context, call: Call, found: Allowance) -> RequestForm:
    scope, ask = found.scope, found.ask
    bundle = ask.bundle if ctx.config.bundle_of(ask.bundle) else None
    return RequestForm(
        cluster=scope.cluster_name,
        destinations=written(ctx.config.beyond(bundle, ask.destinations)),
        reason=ask.reason,
        duration=duration_code(ask.duration),
        ticket=ask.ticket,
        pool=scope.pool or "",
        bundle=bundle or "",
        owner=found.requester.user if found.filed_by == call.caller.identity else "",
    )


def _filled_for_several(ctx: Context, call: Call) -> RequestForm:
    """With all of its clusters, and every host that one of them asked for."""
    batch = allowances.get_batch(ctx, call.caller, call.value["id"])
    lead, others = batch.lead, [one.scope for one in batch.members[1:]]
    every = tuple(sorted({host for one in batch.members for host in one.destinations}))
    form = _filled(ctx, call, replace(lead, ask=replace(lead.ask, destinations=every)))
    return replace(form, also="\n".join(place_text(scope.cluster_name, scope.pool) for scope in others))


def request_from_message(ctx: Context, call: Call) -> Reply:
    """The request form, filled with the hosts that a pasted error or firewall log line names."""
    return open_form(ctx, call.caller, *form_from_error(ctx, call.caller, call.text))


def trace(ctx: Context, call: Call) -> Reply:
    """Every rule collection that a destination meets, in the firewall's order."""
    given = call.value
    egress = inventory.find(ctx, inventory.person(ctx, call.caller), given.get("cluster", ""))
    query = Query(egress.ref.id, parse_destinations(given.get("host", "")), given.get("pool") or None)
    return OpenModal(trace_loading(given["host"]), lambda: trace_view(checking.trace(ctx, call.caller, query)))
