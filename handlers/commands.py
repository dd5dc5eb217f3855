"""Listeners of ``/egress``: one function for each subcommand."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from difflib import get_close_matches

from bot import allowances, approvals, checking, exporting, inventory, scaling
from bot.approvals import Decision, require_reason
from bot.domain.allowance import Act, Allowance, require
from bot.domain.dates import time_text
from bot.domain.ids import canonical_id, is_id
from bot.domain.people import Identity
from bot.domain.snat import goal_from_text
from bot.errors import InvalidInput, NotPermitted, UnknownAllowance, UnknownCommand, UnknownScale
from bot.inventory import EgressReport
from bot.ports import Context
from bot.scaling import Wish
from handlers.attempts import attempt_of, record_refusal
from handlers.blocks import clusters, lists, notice_choice, words
from handlers.blocks import scale_card as scale_blocks
from handlers.blocks.check import check_card
from handlers.blocks.details import approval_view, is_whole
from handlers.blocks.help import help_text
from handlers.blocks.probe import probe_button
from handlers.calls import Call, CallKind, mentioned_in, owner_from, plain_words
from handlers.entries import Entry, Listener
from handlers.hosts import HostWords, written
from handlers.replies import Ephemeral, File, Message, OpenModal, Reply
from handlers.several import IdWords, answer_each
from handlers.subjects import decide, deciders, details_of, end, look_up
from handlers.views import deny_view, for_owner, form_from, open_form


def help_for(commands: Sequence[Entry]) -> Listener:
    """The listener that lists these commands."""

    def help_(ctx: Context, call: Call) -> Reply:
        who, named = inventory.person(ctx, call.caller), ctx.config.policy.people
        if named:  # otherwise nobody can stand in for them
            who = approvals.standing_in(ctx, who)
        is_asked = not named.isdisjoint({who.identity.user, *who.stands_for})
        return Ephemeral(help_text(who, commands, is_asked=is_asked))

    return help_


def unknown_among(commands: Sequence[Entry]) -> Listener:
    """The listener for a subcommand that is none of these."""

    def unknown(_ctx: Context, call: Call) -> Reply:
        typed = call.value["word"]
        alike = get_close_matches(typed, [row.name for row in commands], n=1)
        hint = f"Did you mean `/egress {alike[0]}`?" if alike else "`/egress help` lists all commands."
        raise UnknownCommand(f"Unknown command: /egress {typed[:40]}. {hint}")

    return unknown


def whoami(ctx: Context, call: Call) -> Reply:
    """Show your roles, groups and clusters."""
    who = inventory.person(ctx, call.caller)
    return Ephemeral(lists.who_you_are(who, [egress.ref.name for egress in inventory.visible(ctx, who)]))


def notices(ctx: Context, call: Call) -> Reply:
    """Show or choose how much one is told in direct messages."""
    wanted = plain_words(call.text).strip().lower()
    if not wanted:
        return Ephemeral(notice_choice.told(allowances.notice_level(ctx, call.caller)))
    return Ephemeral(notice_choice.told(allowances.choose_notices(ctx, call.caller, wanted)))


def list_(ctx: Context, call: Call) -> Reply:
    """The fleet."""
    sought = plain_words(call.text)
    return Ephemeral(clusters.fleet_list(inventory.fleet(ctx, call.caller, sought), sought, 1))


FORMS = ("", "ips", "json", "endpoints")
"""The views that may follow the cluster's name."""


def show(ctx: Context, call: Call) -> Reply | tuple[Reply, ...]:
    """One cluster in full."""
    name, _, form = plain_words(call.text).partition(" ")
    if not name:
        raise InvalidInput("Give a cluster: `/egress show CLUSTER`. `/egress list` shows them.")
    form = form.strip().lower()
    if form not in FORMS:
        raise InvalidInput(
            f"“{form[:60]}” is not a valid view: add `ips`, `json`, `endpoints` or nothing after {name}."
        )
    if form == "endpoints":
        return Ephemeral(clusters.endpoint_report(inventory.check_endpoints(ctx, call.caller, name)))
    report = inventory.show(ctx, call.caller, name, is_measured=form != "ips")
    if form == "json":
        return _as_file(report, "egress.json", clusters.egress_json(report))
    if form == "ips" and not clusters.fits_message(report):
        return _as_file(report, "ips.txt", clusters.plain_ips(report))
    return Ephemeral(clusters.egress_ips(report) if form == "ips" else clusters.egress_report(report, ctx.config))


def _as_file(report: EgressReport, ending: str, content: str) -> tuple[Reply, ...]:
    name = report.egress.ref.name
    about = f"Egress of {name}, read {time_text(report.read_at)}."
    return File(f"{name}-{ending}", content, about), Ephemeral(words.file_sent(), follows=True)


def whois(ctx: Context, call: Call) -> Reply:
    """Find the clusters that use, or used, an IP."""
    typed = plain_words(call.text).split()
    if not typed:
        raise InvalidInput("Give an IP address: `/egress whois 20.61.4.7`, or `/egress whois 20.61.4.7 at 2026-11-01`.")
    address, *rest = typed
    date = rest[1:] if rest and rest[0].lower() in ("at", "on") else rest
    if len(date) > 2 or (rest and not date):
        raise InvalidInput("Give one address and, optionally, a date: `/egress whois 20.61.4.7 at 2026-11-01`.")
    return Ephemeral(clusters.owners(inventory.whois(ctx, call.caller, address, "T".join(date))))


def check(ctx: Context, call: Call) -> Reply:
    """Show what the firewall does with hosts now, and by which rule."""
    words = HostWords.parse(plain_words(call.text))
    if not words.cluster or not (words.hosts or words.bundle):
        raise InvalidInput("Give a cluster and a host: `/egress check CLUSTER example.com`, or `bundle:NAME`.")
    found = checking.check(ctx, call.caller, words.query())
    hosts = written(checking.missing(ctx, found))
    probe = [] if found.query.pool else probe_button(ctx.config, found.egress.ref.id, found.query.destinations)
    draft = checking.keep(ctx, hosts) if hosts else ""
    return Ephemeral(check_card(found, ctx.clock.now(), draft, also=probe))


def request(ctx: Context, call: Call) -> Reply:
    """Opens the form, filled with what was typed, or with what a pasted error names."""
    owner, text = owner_from(call.text)
    try:
        form, notes = form_from(ctx, call.caller, plain_words(text))
    except NotPermitted as error:  # looking at the form is no act, but this asked for more
        record_refusal(ctx, call.caller, "break-glass", error, attempt_of(CallKind.COMMAND, "request", call))
        raise
    return open_form(ctx, call.caller, for_owner(ctx, call.caller, form, owner), notes)


def requests(ctx: Context, call: Call) -> Reply:
    """List requests and proposals with their status, or show one in full by its id."""
    which = call.text.strip() or "pending"
    if is_id(which):
        with suppress(UnknownAllowance, UnknownScale):  # not an id, so treat it as a cluster name
            return OpenModal(details_of(ctx, look_up(ctx, call.caller, which)))
    found = allowances.browse(ctx, call.caller, which, rows=lists.ROWS)
    unread = inventory.unread(ctx, inventory.person(ctx, call.caller))
    drawn = lists.request_list(found, which=which, now=ctx.clock.now(), config=ctx.config, unread=unread)
    return Ephemeral(drawn)


def approve(ctx: Context, call: Call) -> Reply:
    """Say yes, to one or several; what is too long for its card is shown first, and approved from there."""
    words = IdWords.parse(call, "approve")
    long = [found for subject in words.ids if (found := _too_long(ctx, call, subject))]
    if long and len(words.ids) == 1:
        require(long[0], Act.APPROVE, ctx.clock.now())
        return OpenModal(approval_view(long[0], ctx.config, words.reason))

    def act(subject: str) -> Message:
        if any(found.id == canonical_id(subject) for found in long):
            raise InvalidInput(
                f"The card of {subject} does not show everything. Run `/egress approve {subject}` alone to see it all."
            )
        made = decide(ctx, call.caller, Decision(subject, True, reason=words.reason))
        return lists.decided(made, ctx.clock.now(), ctx.config.dry_run)

    return answer_each(ctx, call, words, act)


def _too_long(ctx: Context, call: Call, subject: str) -> Allowance | None:
    """An allowance that its card does not show as a whole; what cannot be found is said when its turn comes."""
    with suppress(UnknownAllowance, UnknownScale):
        found = look_up(ctx, call.caller, subject)
        return found if isinstance(found, Allowance) and not is_whole(found, ctx.config) else None
    return None


def deny(ctx: Context, call: Call) -> Reply:
    """Say no, to one or several; without a reason the form asks for it."""
    words = IdWords.parse(call, "deny")
    if not words.reason and len(words.ids) == 1:
        return OpenModal(deny_view(ctx, call.caller, words.ids[0]))
    require_reason(words.reason, "Say why you deny them")

    def act(subject: str) -> Message:
        made = decide(ctx, call.caller, Decision(subject, False, reason=words.reason))
        return lists.decided(made, ctx.clock.now(), ctx.config.dry_run)

    return answer_each(ctx, call, words, act)


def revoke(ctx: Context, call: Call) -> Reply:
    """End allowances now, withdraw requests and proposals."""
    words = IdWords.parse(call, "revoke")

    def act(subject: str) -> Message:
        return lists.decided(end(ctx, call.caller, subject, reason=words.reason), ctx.clock.now(), ctx.config.dry_run)

    return answer_each(ctx, call, words, act)


def renew(ctx: Context, call: Call) -> Reply:
    """Ask for the same again, for as long as before or another time."""
    words = IdWords.parse(call, "renew")
    duration, reason = words.duration_first()

    def act(subject: str) -> Message:
        made = allowances.renew(ctx, call.caller, subject, reason=reason, duration=duration)
        return lists.filed(made, deciders(ctx, made), now=ctx.clock.now(), config=ctx.config)

    return answer_each(ctx, call, words, act)


def transfer(ctx: Context, call: Call) -> Reply:
    """Hand allowances over to another owner."""
    found, rest = mentioned_in(call.text)
    if len(found) != 1:
        raise InvalidInput("Name the ids and one new owner: `/egress transfer ID to @x`.")
    rest = rest.strip().removesuffix("to")
    words = IdWords.parse(replace(call, text=rest), "transfer")
    if words.reason:
        raise InvalidInput(f"“{words.reason[:60]}” is not an id. Use `/egress transfer ID to @x`.")
    owner = Identity(ctx.config.team, found[0])

    def act(subject: str) -> Message:
        return lists.handed_over(allowances.transfer(ctx, call.caller, subject, owner))

    return answer_each(ctx, call, words, act)


def scale(ctx: Context, call: Call) -> Reply:
    """Show what can be changed about the outbound IPs; with a goal, propose the plan."""
    name, _, rest = plain_words(call.text).partition(" ")
    if not name:
        raise InvalidInput("Give a cluster: `/egress scale CLUSTER`, or `/egress scale CLUSTER 3 REASON`.")
    if not rest.strip():
        return Ephemeral(scale_blocks.scale_preview(scaling.preview_scale(ctx, call.caller, name)))
    goal, reason = goal_from_text(rest, name)
    made = scaling.propose(ctx, call.caller, Wish(name, goal, reason))
    return Ephemeral(lists.proposed(made, deciders(ctx, made), ctx.clock.now(), ctx.config.dry_run))


def export(ctx: Context, call: Call) -> tuple[Reply, ...]:
    """The wanted rules of a cluster's firewall as infrastructure as code."""
    name, _, form = plain_words(call.text).partition(" ")
    if not name:
        raise InvalidInput("Give a cluster and a format: `/egress export CLUSTER terraform` or `bicep`.")
    made = exporting.export(ctx, call.caller, name, form.strip().lower())
    return File(made.name, made.text, words.rules_exported(name, made.rules)), Ephemeral(
        words.file_sent(), follows=True
    )
