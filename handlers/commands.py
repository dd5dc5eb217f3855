"""Listeners of ``/egress``: one function for each subcommand."""

from difflib import get_close_matches

from bot import allowances, auditing, capacity, checking, exporting, inventory
from bot.allowances import Decision
from bot.capacity import Wish
from bot.errors import InvalidInput, UnknownCommand
from bot.inventory import EgressReport
from bot.ports import Context
from handlers.blocks import fleet, lists, log, words
from handlers.blocks import scale as scaling
from handlers.blocks.verdict import check_card
from handlers.calls import Call, plain_words
from handlers.hosts import HostWords
from handlers.modals import count_from
from handlers.queries import AuditQuery
from handlers.replies import File, Open, Reply, Tell
from handlers.subjects import decide, unseen
from handlers.views import deny_view, form_from, open_form


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
    sought = plain_words(call.text)
    return Tell(fleet.fleet_list(inventory.fleet(ctx, call.caller, sought), sought, 1))


FORMS = ("", "ips", "json", "endpoints")
"""What may stand behind the name of a cluster that is shown."""


def show(ctx: Context, call: Call) -> Reply | tuple[Reply, ...]:
    """One cluster in full."""
    name, _, form = plain_words(call.text).partition(" ")
    if not name:
        raise InvalidInput("Name the cluster: `/egress show CLUSTER`. `/egress list` shows them.")
    form = form.strip().lower()
    if form not in FORMS:
        raise InvalidInput(
            f"“{form[:60]}” is nothing that can be shown: write `ips`, `json`, `endpoints` or nothing behind {name}."
        )
    if form == "endpoints":
        return Tell(fleet.endpoint_report(inventory.check_endpoints(ctx, call.caller, name)))
    report = inventory.show(ctx, call.caller, name)
    if form == "json":
        return _as_file(report, "egress.json", fleet.egress_json(report))
    if form == "ips" and not fleet.fits_message(report):
        return _as_file(report, "ips.txt", fleet.plain_ips(report))
    return Tell(fleet.egress_ips(report) if form == "ips" else fleet.egress_report(report))


def _as_file(report: EgressReport, ending: str, content: str) -> tuple[Reply, ...]:
    name = report.egress.ref.name
    about = f"Egress of {name}, read {report.read_at:%Y-%m-%d %H:%M} UTC."
    return File(f"{name}-{ending}", content, about), Tell(words.file_sent(), follows=True)


def whois(ctx: Context, call: Call) -> Reply:
    """Whose an IP is, or was."""
    typed = plain_words(call.text).split()
    if not typed:
        raise InvalidInput("Name the address: `/egress whois 20.61.4.7`, or `/egress whois 20.61.4.7 at 2026-11-01`.")
    address, *rest = typed
    date = rest[1:] if rest and rest[0].lower() in ("at", "on") else rest
    if len(date) > 2 or (rest and not date):
        raise InvalidInput("Write one address and perhaps a date: `/egress whois 20.61.4.7 at 2026-11-01`.")
    return Tell(fleet.owners(inventory.whois(ctx, call.caller, address, "T".join(date))))


def check(ctx: Context, call: Call) -> Reply:
    """What the firewall does with hosts now, and by which rule."""
    words = HostWords.parse(plain_words(call.text))
    if not words.cluster or not (words.hosts or words.bundle):
        raise InvalidInput("Name the cluster and the host: `/egress check CLUSTER example.com`, or `bundle:NAME`.")
    return Tell(check_card(checking.check(ctx, call.caller, words.query()), ctx.clock.now()))


def request(ctx: Context, call: Call) -> Reply:
    """Opens the form, filled with what was typed, or with what a pasted error names."""
    return open_form(ctx, call.caller, *form_from(ctx, call.caller, plain_words(call.text)))


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
    deciders = allowances.deciders(ctx, made.verdict, made.requester)
    return Tell(lists.filed(made, deciders, ctx.clock.now(), unseen=unseen(ctx)))


def scale(ctx: Context, call: Call) -> Reply:
    """What outbound IPs there are and could be; with a number, the plan is proposed."""
    name, _, rest = plain_words(call.text).partition(" ")
    typed, _, reason = rest.strip().partition(" ")
    if not name:
        raise InvalidInput("Name the cluster: `/egress scale CLUSTER`, or `/egress scale CLUSTER 3 REASON`.")
    if not typed:
        return Tell(scaling.scale_preview(capacity.look(ctx, call.caller, name)))
    made = capacity.propose(ctx, call.caller, Wish(name, count_from(typed, name), reason))
    deciders = allowances.deciders(ctx, made.verdict, made.requester)
    return Tell(lists.proposed(made, deciders, ctx.clock.now(), unseen=unseen(ctx)))


def export(ctx: Context, call: Call) -> tuple[Reply, ...]:
    """The wanted rules of a cluster's firewall as infrastructure as code."""
    name, _, form = plain_words(call.text).partition(" ")
    if not name:
        raise InvalidInput("Name cluster and form: `/egress export CLUSTER terraform` or `bicep`.")
    made = exporting.export(ctx, call.caller, name, form.strip().lower())
    return File(made.name, made.text, words.rules_exported(name, made.rules)), Tell(words.file_sent(), follows=True)


def audit(ctx: Context, call: Call) -> Reply | tuple[Reply, ...]:
    """Who did what: a page, a file, or the proof."""
    wanted = AuditQuery.parse(call.text)
    if wanted.form == "verify":
        return Tell(log.proof(auditing.prove(ctx, call.caller)))
    if wanted.form:
        text = auditing.export(ctx, call.caller, wanted.filter, wanted.form)
        file = File(log.file_name(wanted.form, ctx.clock.now()), text, log.exported(text, wanted.form))
        return file, Tell(words.file_sent(), follows=True)
    found = auditing.search(ctx, call.caller, wanted.filter, limit=log.PAGE + 1)
    return Tell(log.audit_page(found, call.text))


def _id_and_reason(call: Call, verb: str) -> tuple[str, str]:
    subject, _, reason = plain_words(call.text).partition(" ")
    if not subject:
        raise InvalidInput(f"Name the request: `/egress {verb} ID`. `/egress requests` shows the ids.")
    return subject, reason.strip()
