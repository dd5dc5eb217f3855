"""The audit log: a page, a file's name and comment, the proof."""

from collections.abc import Sequence
from datetime import datetime

from bot.domain.audit import ChainedEvent
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
    section,
    small_plain,
    value,
    when,
)
from handlers.blocks.words import AUDIT_FILTERS
from handlers.replies import Block, Message

PAGE = 10
"""Events on one page."""


def audit_page(found: Sequence[ChainedEvent], query: str, zone: str = "UTC") -> Message:
    """Events, newest first; one more than a page holds means that there are older ones.

    Args:
        found: At most ``PAGE + 1``.
        query: The filters as they were typed.
        zone: The time zone in which their dates were read.
    """
    if not found:
        return message(
            "No matching events.", [section("No matching events."), context(f"Filters: {code(AUDIT_FILTERS)}")]
        )
    shown = found[:PAGE]
    older = value(query=query, before=shown[-1].seq) if len(found) > PAGE else ""
    turn = actions(button("Older", "audit_older", older)) if len(found) > PAGE else []
    hint = (
        f"Reading the log is recorded too. Filters: {code(AUDIT_FILTERS)}, in the time zone {escape(zone)}; "
        f"{code('csv')} or {code('jsonl')} gives you a file."
    )
    blocks = [block for one in shown for block in _event(one)]
    return message(f"{len(shown)} audit events", [header("Audit log"), *blocks, context(hint), *turn])


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
    why = f"{event.reason}{f' (rule {event.policy_rule})' if event.policy_rule else ''}".strip()
    return [section(line.rstrip()), *([small_plain(why)] if why else [])]


def file_name(now: datetime) -> str:
    """The name of an export, without its ending."""
    return f"egress-audit-{now:%Y%m%dT%H%M%SZ}"


def exported(events: int) -> str:
    """Describe a file of an export in one sentence."""
    if not events:
        return "The export's manifest: its files, filter, and where the audit log stood."
    return f"Audit log, {events:,} events, oldest first. This export is recorded too."


def proof(count: int) -> Message:
    """The chain is whole."""
    return message(f":white_check_mark: The audit log is intact: {count} events, none changed, removed or moved.")
