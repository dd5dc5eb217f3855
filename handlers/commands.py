"""Listeners of ``/egress``: one function for each subcommand."""

from difflib import get_close_matches

from bot import allowances, auditing, capacity, inventory
from bot.allowances import Decision
from bot.capacity import Wish
from bot.errors import InvalidInput, UnknownCommand
from bot.ports import Context
from handlers.blocks import fleet, lists, log, words
from handlers.blocks import scale as scaling
from handlers.calls import Call, plain_words
from handlers.modals import RequestForm, count_from
from handlers.queries import AuditQuery
from handlers.replies import File, Open, Reply, Tell
from handlers.subjects import decide
from handlers.views import deny_view, request_view


def help_(ctx: Context, call: Call) -> Reply:
    """What you can do here."""
    return Tell(words.help_text(inventory.person(ctx, call.caller)))


def unknown(_ctx: Context, call: Call) -> Reply:
    """No such subcommand."""
    typed = call.value["word"]
    alike = get_close_matches(typed, [row.name for row in words.HELP], n=1)
    hint = f"Did you mean `/egress {alike[0]}`?" if alike else "`/egress help` lists what there is."
    raise UnknownCommand(f"There is no /egress {typed[:40]}. {hint}")


def whoami(ctx: Context, call: Call) -> Reply:
    """Who you are to the bot."""
    who = inventory.person(ctx, call.caller)
    return Tell(lists.who_you_are(who, [egress.ref.name for egress in inventory.visible(ctx, who)]))


def list_(ctx: Context, call: Call) -> Reply:
    """The fleet."""
    return Tell(fleet.fleet_list(inventory.fleet(ctx, call.caller, call.text), call.text, 1))


def show(ctx: Context, call: Call) -> Reply | tuple[Reply, ...]:
    """One cluster in full."""
    name, _, form = call.text.partition(" ")
    if not name:
        raise InvalidInput("Name the cluster: `/egress show CLUSTER`. `/egress list` shows them.")
    form = form.strip().lower()
    if form not in ("", "ips", "json"):
        raise InvalidInput(f"“{form}” is nothing that can be shown: write `ips`, `json` or nothing behind {name}.")
    report = inventory.show(ctx, call.caller, name)
    if form == "json":
        about = f"Egress of {report.egress.ref.name}, read {report.read_at:%Y-%m-%d %H:%M} UTC."
        return File(f"{report.egress.ref.name}-egress.json", fleet.egress_json(report), about), Tell(words.file_sent())
    return Tell(fleet.egress_ips(report) if form == "ips" else fleet.egress_report(report))


def whois(ctx: Context, call: Call) -> Reply:
    """Whose an IP is."""
    if not call.text:
        raise InvalidInput("Name the address: `/egress whois 20.61.4.7`.")
    return Tell(fleet.owners(call.text, inventory.whois(ctx, call.caller, call.text)))


def request(ctx: Context, call: Call) -> Reply:
    """Opens the form, filled with what was typed."""
    cluster, _, hosts = plain_words(call.text).partition(" ")
    return Open(request_view(ctx, call.caller, RequestForm(cluster=cluster, destinations=hosts.strip())))


def requests(ctx: Context, call: Call) -> Reply:
    """What was asked and proposed, and how it stands."""
    which = call.text.strip() or "pending"
    found = allowances.requests(ctx, call.caller, which)
    scales = capacity.proposals(ctx, call.caller, which)
    return Tell(lists.request_list(found, scales, which, ctx.clock.now()))


def approve(ctx: Context, call: Call) -> Reply:
    """Say yes."""
    subject, reason = _id_and_reason(call, "approve")
    return Tell(lists.decided(decide(ctx, call.caller, Decision(subject, True, reason=reason)), ctx.clock.now()))


def deny(ctx: Context, call: Call) -> Reply:
    """Say no; without a reason the form asks for it."""
    subject, reason = _id_and_reason(call, "deny")
    if not reason:
        return Open(deny_view(ctx, call.caller, subject))
    decision = Decision(subject, False, reason=reason)
    return Tell(lists.decided(decide(ctx, call.caller, decision), ctx.clock.now()))


def revoke(ctx: Context, call: Call) -> Reply:
    """End an allowance now."""
    subject, reason = _id_and_reason(call, "revoke")
    return Tell(lists.decided(allowances.end(ctx, call.caller, subject, reason=reason), ctx.clock.now()))


def renew(ctx: Context, call: Call) -> Reply:
    """Ask for the same again."""
    subject, reason = _id_and_reason(call, "renew")
    made = allowances.renew(ctx, call.caller, subject, reason=reason)
    return Tell(lists.filed(made, allowances.deciders(ctx, made.verdict, made.requester), ctx.clock.now()))


def scale(ctx: Context, call: Call) -> Reply:
    """What outbound IPs there are and could be; with a number, the plan is proposed."""
    name, _, rest = plain_words(call.text).partition(" ")
    typed, _, reason = rest.strip().partition(" ")
    if not name:
        raise InvalidInput("Name the cluster: `/egress scale CLUSTER`, or `/egress scale CLUSTER 3 REASON`.")
    if not typed:
        return Tell(scaling.scale_preview(capacity.look(ctx, call.caller, name)))
    made = capacity.propose(ctx, call.caller, Wish(name, count_from(typed, name), reason))
    return Tell(lists.proposed(made, allowances.deciders(ctx, made.verdict, made.requester), ctx.clock.now()))


def audit(ctx: Context, call: Call) -> Reply | tuple[Reply, ...]:
    """Who did what: a page, a file, or the proof."""
    wanted = AuditQuery.parse(call.text)
    if wanted.form == "verify":
        return Tell(log.proof(auditing.prove(ctx, call.caller)))
    if wanted.form:
        text = auditing.export(ctx, call.caller, wanted.filter, wanted.form)
        file = File(log.file_name(wanted.form, ctx.clock.now()), text, log.exported(text, wanted.form))
        return file, Tell(words.file_sent())
    found = auditing.search(ctx, call.caller, wanted.filter, limit=log.PAGE + 1)
    return Tell(log.audit_page(found, call.text))


def _id_and_reason(call: Call, verb: str) -> tuple[str, str]:
    subject, _, reason = plain_words(call.text).partition(" ")
    if not subject:
        raise InvalidInput(f"Name the request: `/egress {verb} ID`. `/egress requests` shows the ids.")
    return subject, reason.strip()
