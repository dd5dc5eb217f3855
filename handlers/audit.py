"""Listeners of the audit log: pages, files, the proof, and the story of a request."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain
from tempfile import TemporaryFile

from bot import auditing, reporting
from bot.domain.audit import AuditFilter
from bot.domain.csv_text import csv_text
from bot.domain.evidence import Quarter, quarter_from_text
from bot.domain.statistics import COLUMNS, rows_of
from bot.errors import InvalidInput
from bot.ports import Context
from handlers.blocks import audit_log, words
from handlers.blocks.saved_searches import SaveForm, search_view
from handlers.blocks.stats import stats_message
from handlers.blocks.story import story_message, story_view
from handlers.calls import Call, number_from, plain_words
from handlers.home import redrawn
from handlers.queries import AuditQuery
from handlers.replies import Ephemeral, File, Files, Message, OpenModal, Reply, UpdateModal


def audit(ctx: Context, call: Call) -> Reply | tuple[Reply, ...]:
    """Show the audit log as a page or a file, the story of an id, or verify it."""
    wanted = AuditQuery.parse(call.text, ctx.clock.now(), ctx.directory.zone(call.caller.identity))
    if wanted.form == "story":
        return Ephemeral(story_message(reporting.read_story(ctx, call.caller, wanted.subject)))
    if wanted.form == "verify":
        return Ephemeral(audit_log.proof(auditing.prove(ctx, call.caller).end.seq))
    if wanted.form:
        made = auditing.export(ctx, call.caller, wanted.filter, wanted.form)
        parts = made.parts(audit_log.file_name(ctx.clock.now()), wanted.form)
        files = Files(lambda: (File(part.name, part.text, audit_log.exported(part.events)) for part in parts))
        return files, Ephemeral(words.file_sent(), follows=True)
    return _page(ctx, call, call.text, wanted.filter)


def older(ctx: Context, call: Call) -> Reply:
    """Older audit events, in the place of these."""
    query, zone = call.value.get("query", ""), ctx.directory.zone(call.caller.identity)
    found_by = AuditQuery.parse(query, _asked_at(ctx, call), zone).filter
    wanted = replace(found_by, before=number_from(call.value, "before"))
    found = _found(ctx, call, query, wanted)
    if call.caller.via == "slack:modal":
        return UpdateModal(search_view(found, call.carried.get("search", "")))
    return Ephemeral(found, replaces=True)


def _asked_at(ctx: Context, call: Call) -> datetime:
    """When the first page was asked for, where this is a later one: words such as ``since:1h`` go by that."""
    seconds = number_from(call.value, "at", 0)
    return datetime.fromtimestamp(min(seconds, LATEST_S), UTC) if seconds else ctx.clock.now()


LATEST_S = 4_102_444_800
"""The year 2100: later than any button."""


def save_form(_ctx: Context, call: Call) -> Reply:
    """Ask for a name for the search that the page shows."""
    return OpenModal(SaveForm.build(call.value["query"]))


def save(ctx: Context, call: Call) -> Reply:
    """Keep a search under a name."""
    search = SaveForm.parse(call.form, call.value)
    _read(ctx, call, search.query)
    auditing.save_search(ctx, call.caller, search)
    return Ephemeral(audit_log.saved(search))


def open_saved(ctx: Context, call: Call) -> Reply:
    """The newest events that a saved search finds now."""
    search = auditing.saved_search(ctx, call.caller, call.value["chosen"])
    try:
        wanted = _read(ctx, call, search.query)
    except InvalidInput as error:
        raise InvalidInput(
            f"The saved search “{search.name}” cannot be read any more: {error.sentence} Forget it and save a new one."
        ) from error
    return OpenModal(search_view(_found(ctx, call, search.query, wanted), search.name))


def forget_saved(ctx: Context, call: Call) -> tuple[Reply, ...]:
    """Delete a saved search."""
    auditing.forget_search(ctx, call.caller, call.value["chosen"])
    return redrawn(ctx, call)


def _read(ctx: Context, call: Call, query: str) -> AuditFilter:
    """The filter of a search that is shown as pages.

    Raises:
        InvalidInput: A word of it is not understood, or it asks for something else than pages.
    """
    asked = AuditQuery.parse(query, ctx.clock.now(), ctx.directory.zone(call.caller.identity))
    if asked.form:
        raise InvalidInput("Only searches with filters can be saved.")
    return asked.filter


def of_cluster(ctx: Context, call: Call) -> Reply:
    """The log of the cluster that the button names."""
    name = call.value["cluster"]
    return _page(ctx, call, f"cluster:{name}", AuditFilter(cluster=name))


def stats(ctx: Context, call: Call) -> Reply | tuple[Reply, ...]:
    """Count requests and what became of them, as a message or a file."""
    asked = AuditQuery.parse(call.text, ctx.clock.now(), ctx.directory.zone(call.caller.identity))
    period = asked.filter
    plain = AuditFilter(since=period.since, until=period.until, cluster=period.cluster)
    if asked.form not in ("", "csv") or period != plain:
        raise InvalidInput("Use `/egress stats since:90d until:yesterday cluster:NAME`, with csv for a file.")
    numbers, scope, missing = reporting.count_period(ctx, call.caller, period)
    if asked.form:
        name = f"egress-stats-{ctx.clock.now():%Y%m%dT%H%M%SZ}.csv"
        file = File(name, csv_text(COLUMNS, rows_of(numbers)), " ".join([NUMBERS, *missing]))
        return file, Ephemeral(words.file_sent(), follows=True)
    return Ephemeral(stats_message(numbers, scope, missing))


NUMBERS = "Requests and what became of them, in numbers."
"""The comment on the file."""


def evidence(ctx: Context, call: Call) -> tuple[Reply, ...]:
    """Hand over the evidence of a quarter as one archive."""
    name, _, rest = call.text.strip().partition(" ")
    label, _, cluster = plain_words(rest).strip().partition(":")
    if not name or (rest and (label.lower() != "cluster" or not cluster)):
        raise InvalidInput("Name a quarter: `/egress evidence 2026-Q3`, or `/egress evidence 2026-Q3 cluster:NAME`.")
    made = _evidence_file(ctx, call, quarter_from_text(name), cluster.strip().lower())
    first = next(made)  # what is refused is refused here
    return Files(lambda: chain([first], made)), Ephemeral(words.file_sent(), follows=True)


def _evidence_file(ctx: Context, call: Call, quarter: Quarter, cluster: str) -> Iterator[File]:
    """On disk until it was sent: a quarter may be large."""
    with TemporaryFile() as out:
        proof = reporting.write_evidence(ctx, call.caller, quarter, out, cluster=cluster)
        out.seek(0)
        yield File(f"egress-evidence-{quarter.name}.zip", "", f"Evidence of {quarter.name}. {proof}", out)


def _page(ctx: Context, call: Call, query: str, wanted: AuditFilter) -> Ephemeral:
    return Ephemeral(_found(ctx, call, query, wanted))


def _found(ctx: Context, call: Call, query: str, wanted: AuditFilter) -> Message:
    readable = auditing.readable(ctx, call.caller, wanted)
    found = auditing.search(ctx, call.caller, readable, limit=audit_log.PAGE + 1)
    zone = ctx.directory.zone(call.caller.identity)
    asked_at = int(_asked_at(ctx, call).timestamp())
    return audit_log.audit_page(found, query, zone, is_own=readable.own is not None, asked_at=asked_at)


def story(ctx: Context, call: Call) -> Reply:
    """Open the story of what the button names; in a modal, in its place."""
    view = story_view(reporting.read_story(ctx, call.caller, call.value["id"]))
    return UpdateModal(view) if call.caller.via == "slack:modal" else OpenModal(view)


def turn_story(ctx: Context, call: Call) -> Reply:
    """Another page of a story, where it is: in its modal, or in the place of the message."""
    found, first = reporting.read_story(ctx, call.caller, call.value["id"]), number_from(call.value, "first")
    first = min(first, max(0, len(found.steps) - 1))
    if call.caller.via == "slack:modal":
        return UpdateModal(story_view(found, first))
    return Ephemeral(story_message(found, first), replaces=True)
