"""The SNAT capacity of the fleet, a page at a time."""

from datetime import datetime

from bot.domain.measured import level_of, why
from bot.domain.phrases import counted
from bot.domain.snat import Headroom
from bot.inventory import CapacityOverview
from handlers.blocks.block_kit import actions, button, code, context, escape, header, message, section, value, when
from handlers.blocks.clusters.charts import fleet_charts
from handlers.blocks.clusters.listing import age, fleet_gaps, none_found, page_text
from handlers.blocks.clusters.measured import MARKS
from handlers.blocks.clusters.phrases import WAYS
from handlers.pictures import chart_block
from handlers.replies import Block, Message

PAGE = 8
"""Clusters on one page: each has three lines."""

AS_FILE = "`/egress capacity csv` gives all of it as a file."


def capacity_page(found: CapacityOverview, words: str, number: int) -> Message:
    """One page, the nearest cliff first.

    Args:
        found: All that fit the words.
        words: What was searched for.
        number: Which page, from 1.
    """
    fleet = found.fleet
    last = max(1, -(-len(found.rows) // PAGE))
    at = min(max(1, number), last)
    shown = found.rows[(at - 1) * PAGE : at * PAGE]
    if not shown:
        none = none_found(fleet, words)
        return message(none, [section(none), *fleet_gaps(fleet), context(age(fleet))])
    near = sum(row.is_near for row in found.rows)
    title = f"SNAT capacity: {near} of {counted(len(found.rows), 'cluster')} near exhaustion"
    charts = fleet_charts(found) if at == 1 else ()
    blocks = [
        header(title),
        *map(chart_block, charts),
        *(section(_row(found, row)) for row in shown),
        *fleet_gaps(fleet),
    ]
    hint = f"{page_text(at, last)}{age(fleet)} {AS_FILE}"
    shown_below = [context(hint), *actions(*_turns(words, at, last))]
    return message(title, [*blocks, *shown_below], charts, rest=AS_FILE)


def _measured(found: CapacityOverview, row: Headroom) -> list[str]:
    uses = found.uses.get(row.egress.ref.id, ())
    if not uses:
        return []
    said, oldest = " ".join(why(use) for use in uses), min(use.span.until for use in uses)
    return [f"{MARKS[max(map(level_of, uses))]} {escape(said)} Measured {when(oldest)}."]


def _row(found: CapacityOverview, row: Headroom) -> str:
    ref, ports = row.egress.ref, row.capacity
    way = WAYS[ports.kind]
    lines = [f"*{escape(ref.name)}*  {escape(found.environments[ref.id])}, {way}{_nodes(row)}  {_room(row)}"]
    lines += [escape(row.cliff or ports.advice)]
    lines += _measured(found, row)
    if row.todo:
        lines.append(f"{'*To do:*' if row.is_near else 'To grow beyond:'} {_todo(found, row)}")
    return "\n".join(line for line in lines if line)


def _nodes(row: Headroom) -> str:
    ports = row.capacity
    most = "without a limit" if ports.is_unbounded else f"at most {ports.max_nodes:,}"
    return f", {counted(ports.nodes_now, 'node')}, {most}"


def _room(row: Headroom) -> str:
    mark = ":red_circle: " if row.is_near else ""
    if row.room is None:
        return f"{mark}room not known"
    if row.room < 0:
        return f"{mark}*{counted(-row.room, 'node')} too many*"
    return f"{mark}*room for {counted(row.room, 'more node') if row.room else 'no more nodes'}*"


def _todo(found: CapacityOverview, row: Headroom) -> str:
    proposal = found.proposals.get(row.egress.ref.id)
    return f"Proposal {code(proposal)} is open." if proposal else escape(row.todo)


def _turns(words: str, at: int, last: int) -> list[Block]:
    turns = (("Back", "capacity_back", at - 1, at > 1), ("Next", "capacity_next", at + 1, at < last))
    return [button(text, name, value(words=words, page=page)) for text, name, page, is_there in turns if is_there]


def capacity_file_name(now: datetime) -> str:
    """The name of an export."""
    return f"egress-capacity-{now:%Y-%m-%d}.csv"


def capacity_exported(found: CapacityOverview) -> str:
    """Describe an export in one sentence."""
    return f"SNAT capacity of {counted(len(found.rows), 'cluster')}, the nearest cliff first. {age(found.fleet)}"
