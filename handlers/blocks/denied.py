"""Denied traffic: what, how often, why, since when, and what it would take."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from bot.checking import MAX_DESTINATIONS
from bot.denials import DeniedItem, DeniedReport
from bot.domain.firewall_log import StepKind
from bot.domain.phrases import counted, listed
from handlers.blocks.block_kit import (
    actions,
    button,
    code,
    context,
    escape,
    fold,
    header,
    message,
    rows_that_fit,
    section,
    value,
    when,
)
from handlers.replies import Block, Message

HOSTS_SHOWN = 15
MARKS = {
    StepKind.REQUEST: ":no_entry:",
    StepKind.WAITING: ":hourglass_flowing_sand:",
    StepKind.COMING: ":gear:",
    StepKind.OPEN: ":white_check_mark:",
    StepKind.HELD: ":double_vertical_bar:",
    StepKind.DECIDED: ":x:",
    StepKind.NO_ALLOWANCE: ":no_entry_sign:",
}
"""The mark of each next step."""


def denied_message(found: DeniedReport, draft: str = "") -> Message:
    """The answer to ``/egress denied``.

    Args:
        found: The answer.
        draft: The id under which what can be requested was kept; empty if nothing can.
    """
    title = _title(found)
    nothing = [] if found.items else [section(_nothing(found))]
    is_limited = found.limits and (found.items or found.reading.is_known)
    limits = [context(fold([escape(line) for line in found.limits], 1900))] if is_limited else []
    below = [*limits, *actions(*_offers(found, draft))]
    return message(title, host_blocks(found.items, [header(title), *nothing], below))


def too_many(count: int) -> list[str]:
    """A sentence where a request does not hold all that can be requested."""
    if count <= MAX_DESTINATIONS:
        return []
    return [f"One request holds {MAX_DESTINATIONS} of the {count} destinations: send it, then look again."]


def _title(found: DeniedReport) -> str:
    name, hosts = found.egress.ref.name, len({one.denied.name for one in found.items})
    if not found.is_filtered:
        return f"{name}: no Azure Firewall is on its way out"
    if not found.is_known:
        return f"{name}: denied traffic is not known"
    return f"{name}: {counted(hosts, 'destination')} denied" if hosts else f"{name}: nothing denied in the log"


def _nothing(found: DeniedReport) -> str:
    if not found.is_known:
        return fold([escape(line) for line in found.limits], 2900) or "No firewall log could be read."
    return f":white_check_mark: The log has no denial of this cluster since {when(found.since)}."


def host_blocks(items: Sequence[DeniedItem], above: Sequence[Block], below: Sequence[Block]) -> list[Block]:
    """A row for each host, in the order of the items, as many as one message takes between other blocks."""
    names = list(dict.fromkeys(one.denied.name for one in items))
    by_name = {
        name: list(same) for name, same in groupby(sorted(items, key=lambda one: names.index(one.denied.name)), _name)
    }
    rows = [section(_host(name, by_name[name])) for name in names[:HOSTS_SHOWN]]

    def drawn(shown: int) -> list[Block]:
        rest = len(names) - shown
        more = [context(f"and {rest:,} more: ask for less time, or request these first.")] if rest else []
        return [*above, *rows[:shown], *more, *below]

    return drawn(rows_that_fit(len(rows), drawn))


def _name(item: DeniedItem) -> str:
    return item.denied.name


def _host(name: str, items: Sequence[DeniedItem]) -> str:
    hits, last = sum(one.denied.hits for one in items), max(one.denied.last for one in items)
    first = min(one.denied.first for one in items)
    mark = MARKS[items[0].step.kind]
    ports = listed([_port(one) for one in items], 4)
    head = f"{mark} *{code(name) if '.' in name or ':' in name else name}* {ports}: {_times(hits, first, last)}"
    lines = dict.fromkeys(_why_and_step(one) for one in items)
    return fold([head, *lines], 2900)


def _port(item: DeniedItem) -> str:
    port = f" {item.denied.port}" if item.denied.port else ""
    return f"{item.denied.protocol.upper()}{port}"


def _times(hits: int, first: datetime, last: datetime) -> str:
    if hits == 1:
        return f"once, {when(last)}"
    return f"{hits:,} times since {when(first)}, last {when(last)}"


def _why_and_step(item: DeniedItem) -> str:
    if item.step.kind is StepKind.OPEN:
        return escape(item.step.sentence)
    why = escape(item.denied.why)
    return f"{why[:1].upper()}{why[1:]}. {escape(item.step.sentence)}"


def _offers(found: DeniedReport, draft: str) -> list[Block]:
    cluster = found.egress.ref.id
    if not found.is_filtered:
        return []
    ask = button("Request…", "open_request", value(cluster=cluster, draft=draft), style="primary")
    again = button("Refresh", "denied_again", value(cluster=cluster, since=found.since.isoformat()))
    watch = button("Watch for 15 minutes", "denied_watch", value(cluster=cluster))
    return [*([ask] if draft else []), again, *([watch] if found.is_known else [])]
