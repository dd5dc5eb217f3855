"""The audit log: a page, a file's name and comment, the proof."""

from collections.abc import Mapping
from datetime import datetime

from bot.domain.audit import ChainedEvent, FoundEvents
from bot.domain.ids import is_id
from bot.domain.phrases import counted
from bot.domain.saved_search import MAX_QUERY, SavedSearch
from bot.domain.story import counts_more
from handlers.blocks.block_kit import (
    actions,
    button,
    code,
    context,
    escape,
    fold,
    header,
    message,
    person,
    rows_that_fit,
    section,
    small_plain,
    value,
    when,
)
from handlers.blocks.story import step_words, story_button
from handlers.blocks.words import AUDIT_FILTERS
from handlers.replies import Block, Message

SAVE = "audit_save"
"""The action id of the button, and the callback id of its form."""

PAGE = 10
"""Events on one page."""


def audit_page(
    found: FoundEvents, query: str, zone: str = "UTC", *, is_own: bool = False, asked_at: int = 0
) -> Message:
    """Events, newest first; one more than a page holds means that there are older ones.

    Args:
        found: At most ``PAGE + 1`` events.
        query: The filters as they were typed.
        zone: The time zone in which their dates were read.
        is_own: Whether the reader sees no more than what they did and asked for.
        asked_at: When the first page was asked for, in seconds since 1970: ``since:1h`` is the same hour on all pages.
    """
    whose = context(OWN) if is_own else None
    archived = [context(ARCHIVED.format(found.archived_to))] if found.archived_to else []
    if not found.events and found.searched_to is None:
        hints = [context(f"Filters: {code(AUDIT_FILTERS)}"), *archived, *([whose] if whose else [])]
        return message("No matching events.", [section("No matching events."), *hints])
    save = [button("Save…", SAVE, value(query=query))] if 0 < len(query.strip()) <= MAX_QUERY else []
    hint = (
        f"Reading the log is recorded too. Filters: {code(AUDIT_FILTERS)}, in the time zone {escape(zone)}; "
        f"{code('csv')} or {code('jsonl')} gives auditors a file."
    )
    below = [*archived, context(hint), *([whose] if whose else [])]
    events = [_event(one) for one in found.events[:PAGE]]

    def drawn(rows: int) -> list[Block]:
        shown = [block for blocks in events[:rows] for block in blocks]
        turn, so_far = _rest(found, {"query": query, "at": asked_at}, rows)
        return [header("Audit log"), *shown, *so_far, *below, *actions(*turn, *save)]

    rows = rows_that_fit(len(events), drawn)
    return message(counted(rows, "audit event"), drawn(rows))


SO_FAR = ":hourglass_flowing_sand: Searched back to event {} so far; there may be more. *Go on* searches older events."
"""Where one search read as much as it may: not to be taken for the end."""


ARCHIVED = (
    "Events up to {:,} are in sealed archives, which a search does not read; stories, `/egress stats` and "
    "`/egress evidence` do."
)
"""Where older events are, at the end of a search."""


def _rest(found: FoundEvents, asked: Mapping[str, object], rows: int) -> tuple[list[Block], list[Block]]:
    """The button for what comes after so many rows, and where the search is; nothing after the last of all."""
    if rows < len(found.events):
        return [button("Older", "audit_older", value(**asked, before=found.events[rows - 1].seq))], []
    if found.searched_to is None:
        return [], []
    on = button("Go on", "audit_older", value(**asked, before=found.searched_to))
    return [on], [section(SO_FAR.format(found.searched_to))]


OWN = "You see your own acts and requests. Auditors, approvers and operators see everything."


def _event(chained: ChainedEvent) -> list[Block]:
    event = chained.event
    about = [code(one) for one in (event.subject, event.cluster) if one and len(one) < 60]
    beyond = dict(event.detail).get("beyond_bundle", "").split()
    named = [code(one) for one in dict.fromkeys([*beyond, *event.destinations])]
    reached = fold(named, 500, joint=", ") if named else ""
    line = (
        f"*{chained.seq}*  {when(event.at)}  *{escape(event.action)}*  {person(event.actor.user)} "
        f"via {code(event.via)}  {' '.join(about)}  {reached}"
    )
    line = f"{line.rstrip()}{_written(chained)}"
    why = f"{event.reason}{f' (rule {event.policy_rule})' if event.policy_rule else ''}".strip()
    story = story_button(event.subject) if is_id(event.subject) and event.subject[:1] in STORIED else None
    return [section(line.rstrip(), accessory=story), *([small_plain(why)] if why else [])]


def _written(chained: ChainedEvent) -> str:
    """What was written where, for whom, and how it went; nothing for other events."""
    event, facts = chained.event, dict(chained.event.detail)
    if event.action.partition(":")[0] not in ("firewall", "scale"):
        return ""
    target = facts.get("target", "").rpartition("/")[2]
    named = facts.get("allowances", "").split()
    carried = fold([code(one) for one in named], 300, joint=", ")
    if counts_more(chained, named):
        carried += f" ({int(facts['carried']):,} in all)"
    return f"\n{step_words(event)}{f' in {code(target)}' if target else ''}{f': {carried}' if carried else ''}"


STORIED = ("a", "s")
"""The first letters of ids that have a story: allowances and scale proposals."""


def file_name(now: datetime) -> str:
    """The name of an export, without its ending."""
    return f"egress-audit-{now:%Y%m%dT%H%M%SZ}"


def exported(events: int) -> str:
    """Describe a file of an export in one sentence."""
    if not events:
        return "The export's manifest: its files, filter, and where the audit log stood."
    return f"Audit log, {counted(events, 'event')}, oldest first. This export is recorded too."


def saved(search: SavedSearch) -> Message:
    """It is kept."""
    return message(f"Saved as *{escape(search.name)}*: {code(search.query)}. Your Home tab lists your searches.")


def proof(count: int) -> Message:
    """The chain is whole."""
    return message(
        f":white_check_mark: The audit log is intact: {counted(count, 'event')}, none changed, removed or moved."
    )
