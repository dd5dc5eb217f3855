"""Listeners of modals: what is submitted, and what is asked while one fills them in."""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from bot import allowances, approvals, checking, inventory, scaling
from bot.allowances import Draft, Edit
from bot.approvals import Decision
from bot.domain.access import may_file_for_others, membership_unknown
from bot.domain.batch import MOST_TOGETHER, place_from_text, place_text
from bot.domain.bundles import Bundle, suggest
from bot.domain.duration import duration_from_text
from bot.domain.error_parsing import find_destinations
from bot.domain.fqdn import parse_destinations, parse_many
from bot.domain.snat import smaller_goal
from bot.errors import AlreadyAllowed, InvalidInput, NotPermitted, Refused, Unavailable, UnknownCluster, UserError
from bot.ports import Caller, Context
from bot.scaling import Wish
from handlers import batches
from handlers.blocks import lists
from handlers.blocks.batch_answers import also_lines, filed_several
from handlers.blocks.block_kit import escape
from handlers.blocks.check import allowed_lines, narrower_lines
from handlers.blocks.naming import bundle_lines
from handlers.blocks.selects import fitting
from handlers.blocks.words import NO_CLUSTER, NOTHING_FOUND, UNCHECKED, error_text
from handlers.calls import Call
from handlers.choices import Choices
from handlers.hosts import HostWords, written
from handlers.modals import DenyForm, NarrowForm, ScaleForm, SmallerStepForm
from handlers.renewals import RenewForm
from handlers.replies import Ephemeral, OpenModal, Options, Reply, UpdateModal, View
from handlers.request_form import Offers, RequestForm
from handlers.subjects import decide, deciders, look_up


def request(ctx: Context, call: Call) -> Reply:
    """Files the request."""
    draft, *others = RequestForm.parse(call.form).drafts()
    if others:
        filed = allowances.request_several(ctx, call.caller, [draft, *others])
        asked_of = deciders(ctx, *filed.allowances)
        return Ephemeral(filed_several(filed, asked_of, ctx.clock.now(), ctx.config))
    made = allowances.request(ctx, call.caller, draft)
    asked = checking.destinations_of(draft.destinations, ctx.config.bundle_of(made.ask.bundle))
    left_out = [one for one in asked if one not in made.destinations]
    told = lists.filed(made, deciders(ctx, made), now=ctx.clock.now(), config=ctx.config, left_out=left_out)
    return Ephemeral(told)


def edit(ctx: Context, call: Call) -> Reply:
    """Changes a request that waits."""
    draft = RequestForm.parse(call.form).draft()
    made = allowances.edit(ctx, call.caller, Edit(call.value["id"], call.value["digest"], draft))
    return Ephemeral(lists.changed(made, deciders(ctx, made), now=ctx.clock.now(), config=ctx.config))


def renew(ctx: Context, call: Call) -> Reply:
    """Files the renewal."""
    form = RenewForm.parse(call.form)
    made = allowances.renew(ctx, call.caller, call.value.get("id", ""), reason=form.reason, duration=form.duration)
    return Ephemeral(lists.filed(made, deciders(ctx, made), now=ctx.clock.now(), config=ctx.config))


def preview(ctx: Context, call: Call) -> Reply:
    """Draws the request form again, with what is allowed already and who decides."""
    return UpdateModal(fresh_view(ctx, call.caller, RequestForm.parse(call.form, call.carried)))


def choose_bundle(ctx: Context, call: Call) -> Reply:
    """Draws the request form again, with the fields for the bundle's values.

    The form may just have been drawn with the firewall's rules; the fields would be missing if that were the last word.
    """
    return UpdateModal(request_view(ctx, call.caller, RequestForm.parse(call.form, call.carried)), overtakes=True)


def place_options(ctx: Context, call: Call) -> Reply:
    """Clusters and node pools that fit what is typed."""
    return Options(tuple(fitting(_choices(ctx, call.caller).places(), call.text)))


def cluster_options(ctx: Context, call: Call) -> Reply:
    """Clusters that fit what is typed."""
    return Options(tuple(fitting(_choices(ctx, call.caller).options(), call.text)))


def bundle_options(ctx: Context, call: Call) -> Reply:
    """Bundles that fit what is typed."""
    return Options(tuple(fitting(_choices(ctx, call.caller).bundles(), call.text)))


def deny(ctx: Context, call: Call) -> Reply:
    """Denies, with the reason."""
    if batches.is_batch(call):
        return Ephemeral(batches.deny(ctx, call))
    decision = Decision(
        call.value.get("id", ""), False, seen=call.value.get("digest"), reason=DenyForm.parse(call.form).reason
    )
    return Ephemeral(lists.decided(decide(ctx, call.caller, decision), ctx.clock.now(), ctx.config.dry_run))


def approve(ctx: Context, call: Call) -> Reply:
    """Approves exactly what the modal showed."""
    reason = call.form.get("reason", "")
    decision = Decision(call.value.get("id", ""), True, seen=call.value.get("digest"), reason=reason)
    return Ephemeral(lists.decided(decide(ctx, call.caller, decision), ctx.clock.now(), ctx.config.dry_run))


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
    return Ephemeral(lists.decided(allowances.decide(ctx, call.caller, decision), ctx.clock.now(), ctx.config.dry_run))


def check_smaller_step(ctx: Context, call: Call) -> tuple[Reply, ...]:
    """Refuses at its field what is no smaller step of what was proposed."""
    found = scaling.get(ctx, call.caller, call.value.get("id", ""))
    smaller_goal(found.plan.change, SmallerStepForm.parse(call.form).count, found.cluster_name)
    return ()


def narrow_scale(ctx: Context, call: Call) -> Reply:
    """Approves a smaller step, planned from the cluster as it is now."""
    form = SmallerStepForm.parse(call.form)
    seen = call.value.get("digest")
    decision = Decision(call.value.get("id", ""), True, seen=seen, reason=form.reason, typed=form.count)
    made = scaling.approve_smaller(ctx, call.caller, decision)
    return Ephemeral(lists.decided(made, ctx.clock.now(), ctx.config.dry_run))


def scale(ctx: Context, call: Call) -> Reply:
    """Plans from the cluster as it is now, and proposes that."""
    form = ScaleForm.parse(call.form)
    wish = Wish(call.value.get("id", ""), form.goal(call.value.get("name", "")), form.reason)
    made = scaling.propose(ctx, call.caller, wish)
    return Ephemeral(lists.proposed(made, deciders(ctx, made), ctx.clock.now(), ctx.config.dry_run))


SUGGESTIONS = 5
"""Bundles that are suggested at a time."""


def open_form(ctx: Context, caller: Caller, form: RequestForm, notes: tuple[str, ...] = ()) -> OpenModal:
    """The request form immediately, and again once the firewall's rules were read, where the cluster is known."""
    is_known = _choices(ctx, caller).find(form.cluster) is not None
    then = partial(fresh_view, ctx, caller, form, notes) if is_known else None
    return OpenModal(request_view(ctx, caller, form, notes), then)


def request_view(ctx: Context, caller: Caller, form: RequestForm, notes: tuple[str, ...] = ()) -> View:
    """The request form, with what is wrong in it, what is allowed already or who will decide."""
    form = form.fitting(ctx.config)
    known, renewable = _outlook(ctx, caller, form)
    choices = _choices(ctx, caller)
    bundles = () if form.bundle else _bundles_around(choices, form)
    lines = [*notes, *known, *_outlook_elsewhere(ctx, caller, form), *bundle_lines(bundles)]
    return form.build(choices, lines, Offers(renewable, bundles))


def _bundles_around(choices: Choices, form: RequestForm) -> tuple[Bundle, ...]:
    """The bundles to which hosts in the form belong."""
    egress = choices.find(form.cluster)
    typed = parse_many(form.destinations).destinations
    return suggest(choices.config.bundles.values(), typed, egress.ref.region if egress else "")[:SUGGESTIONS]


def fresh_view(ctx: Context, caller: Caller, form: RequestForm, notes: tuple[str, ...] = ()) -> View:
    """Redraw the form with the firewall's rules read live; without them if Azure cannot be read."""
    for cluster, pool in ((form.cluster, form.pool or None), *map(place_from_text, form.places)):
        try:
            checking.prepare(ctx, caller, cluster, pool)
        except UserError:
            pass  # the form itself shows the error
        except (Unavailable, Refused) as error:
            notes = (*notes, f":warning: {error.sentence} {UNCHECKED}")
    return request_view(ctx, caller, form, tuple(dict.fromkeys(notes)))


_FLAG = re.compile(r"(?<!\S)(?:--|\u2013|\u2014)break-?glass(?!\S)", re.IGNORECASE)
"""Two hyphens, or the dash that a keyboard makes of them."""


def form_from(ctx: Context, caller: Caller, text: str) -> tuple[RequestForm, tuple[str, ...]]:
    """The form for what was typed behind ``request``, perhaps with ``--break-glass``.

    Raises:
        NotPermitted: The approval policy does not let this person break glass.
    """
    bare, found = _FLAG.subn("", text)
    if found and not _choices(ctx, caller).may_break_glass:
        raise NotPermitted(
            "The approval policy does not let you break glass; nothing was opened. Without `--break-glass`, the same "
            "command asks the approvers."
        )
    form, notes = _form_from(ctx, caller, bare)
    if found and form.places:
        raise InvalidInput("Break-glass opens one cluster at a time. Name one cluster; nothing was opened.")
    return replace(form, break_glass="yes" if found else ""), notes


def _form_from(ctx: Context, caller: Caller, text: str) -> tuple[RequestForm, tuple[str, ...]]:
    """The form for a cluster with hosts, or for an error with or without a cluster."""
    words = HostWords.parse(text)
    found = find_destinations(text)
    name, in_place = place_from_text(words.places[0] if words.places else "")
    egress = _choices(ctx, caller).find(name)
    if egress is None and (found.destinations or found.explanations):
        return form_from_error(ctx, caller, text)
    pool = words.pool or in_place or ""
    if len(words.places) > MOST_TOGETHER:
        raise InvalidInput(f"One request can name {MOST_TOGETHER} clusters or pools. Nothing was filed.")
    _require_places(ctx, caller, [*([place_text(name, pool)] if pool else []), *words.places[1:]])
    words, filled = words.in_region(egress.ref.region) if egress else (words, ())
    hosts, notes = words.read()
    also = "\n".join(words.places[1:])
    form = RequestForm(cluster=name, destinations=hosts, pool=pool, bundle=words.bundle, also=also)
    return form, tuple(map(escape, (*filled, *notes)))


def _require_places(ctx: Context, caller: Caller, places: Sequence[str]) -> None:
    """Refuse what the form would drop: an unknown cluster, or a pool without which the whole cluster is requested.

    Raises:
        UnknownCluster, InvalidInput: With what is not there.
    """
    for name, pool in map(place_from_text, places):
        known = inventory.find(ctx, inventory.person(ctx, caller), name)
        checking.require_pool(known, pool)


def for_owner(ctx: Context, caller: Caller, form: RequestForm, owner: str) -> RequestForm:
    """The form for somebody else, if one is named.

    Raises:
        NotPermitted: The caller may not file for others.
        InvalidInput: Slack did not recognise the person.
    """
    if not owner or owner == caller.identity.user:
        return form
    allowances.require_permitted(ctx, caller, owner)
    return replace(form, owner=owner)


def form_from_error(ctx: Context, caller: Caller, text: str) -> tuple[RequestForm, tuple[str, ...]]:
    """The form for a pasted error: the hosts that it names, what it means, and the cluster that it came from."""
    found = find_destinations(text)
    egress = checking.cluster_at(ctx, caller, found.sources) if found.sources else None
    cluster = _choices(ctx, caller).key(egress) if egress else ""
    notes = tuple(map(escape, found.explanations)) or (() if found.destinations else (NOTHING_FOUND,))
    return RequestForm(cluster=cluster, destinations=written(found.destinations)), notes


def _choices(ctx: Context, caller: Caller) -> Choices:
    who = inventory.person(ctx, caller)
    visible, unread = inventory.visible(ctx, who), inventory.unread(ctx, who)
    if not visible and unread:
        raise membership_unknown(unread)
    if not visible:
        raise UnknownCluster(NO_CLUSTER)
    policy = ctx.config.policy
    return Choices(ctx.config, tuple(visible), policy.may_break_glass(who.groups), may_file_for_others(ctx.config, who))


def _outlook(ctx: Context, caller: Caller, form: RequestForm) -> tuple[list[str], tuple[str, ...]]:
    """Return the preview, and the allowances that already open all of it."""
    if not form.cluster or form.lacks_values(ctx.config):
        return [], ()
    try:
        if not (form.destinations.strip() or form.asked):
            who = inventory.person(ctx, caller)
            allowances.scope_of(ctx.config, inventory.find(ctx, who, form.cluster), form.pool or None)
            return [], ()
        draft = form.with_duration(ctx.config).draft()
        owner = allowances.owner_of(ctx, caller, draft)
        made = allowances.preview(ctx, owner, draft)
    except AlreadyAllowed as error:
        return [f":white_check_mark: {error_text(error, '')}"], error.allowances
    except UserError as error:
        return [f":warning: {error_text(error, '')}"], ()
    names = checking.suggestions(ctx, ctx.recent.get(made.scope.target, ctx.clock.now()), made.destinations)
    deciders = approvals.deciders(ctx, made.verdict, caller.identity, owner.identity)
    owners = (finding.allowance.id for finding in made.allowed if finding.allowance)
    lines = [*allowed_lines(made), *lists.estimate_lines(made, deciders, ctx.config), *narrower_lines(names)]
    return lines, tuple(dict.fromkeys(owners))


def _outlook_elsewhere(ctx: Context, caller: Caller, form: RequestForm) -> list[str]:
    """One line for each further cluster: who decides there, or why it would be left out."""
    if not form.places or form.lacks_values(ctx.config) or not (form.destinations.strip() or form.asked):
        return []
    try:
        _, *drafts = form.with_duration(ctx.config).drafts()
    except UserError:
        return []  # the lines about the first cluster say what is wrong
    return also_lines(form.places, [_in_short(ctx, caller, draft) for draft in drafts])


def _in_short(ctx: Context, caller: Caller, draft: Draft) -> str:
    try:
        made = allowances.preview(ctx, allowances.owner_of(ctx, caller, draft), draft)
    except UserError as error:
        return f":warning: {error_text(error, '')}"
    first, *_ = lists.estimate_lines(made, None, ctx.config)
    return first


def deny_view(ctx: Context, caller: Caller, subject: str) -> View:
    """The form that asks why not."""
    found = look_up(ctx, caller, subject)
    return DenyForm().build(found.id, found.digest, lists.about(found, ctx.config))
