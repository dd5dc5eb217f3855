"""The list of clusters, a page at a time."""

from bot.domain.egress import ClusterEgress
from bot.domain.phrases import counted
from bot.domain.snat import Capacity, capacity
from bot.inventory import FleetPage
from handlers.blocks.block_kit import (
    actions,
    button,
    code,
    context,
    cut,
    escape,
    fold,
    header,
    message,
    section,
    value,
    when,
)
from handlers.blocks.clusters.phrases import without_ips
from handlers.blocks.words import unread_lines
from handlers.replies import Block, Message

PAGE = 10
"""Clusters on one page: what fits a phone."""

GAPS_SHOWN = 5


def fleet_list(page: FleetPage, words: str, number: int) -> Message:
    """One page of the clusters.

    Args:
        page: All that fit the words.
        words: What was searched for.
        number: Which page, from 1.
    """
    last = max(1, -(-len(page.clusters) // PAGE))
    at = min(max(1, number), last)
    shown = page.clusters[(at - 1) * PAGE : at * PAGE]
    if not shown:
        return message(
            none_found(page, words), [section(none_found(page, words)), *fleet_gaps(page), context(age(page))]
        )
    title = f"{len(page.clusters):,} of {counted(page.total, 'cluster')}" if words else counted(page.total, "cluster")
    blocks = [header(title), *(section(_line(egress)) for egress in shown), *fleet_gaps(page)]
    blocks += [context(f"{page_text(at, last)}{age(page)} `/egress show CLUSTER` reads a cluster live.")]
    rest = "`/egress list WORDS` finds some of them."
    return message(title, [*blocks, *actions(*_turns(words, at, last))], rest=rest)


def none_found(page: FleetPage, words: str) -> str:
    """Why no cluster is shown."""
    if page.unread and not page.total:
        return "No clusters that you are confirmed to have access to."
    if page.total:
        return f"None of the {counted(page.total, 'cluster')} you can see match “{escape(cut(words, 500))}”."
    return "You don't have access to any cluster. The bot's operator grants access in the configuration."


def age(page: FleetPage) -> str:
    """How current it is."""
    return f"Read from Azure {when(page.read_at)}." if page.read_at else "Not read from Azure yet."


def page_text(at: int, last: int) -> str:
    """Which page it is, in front of other sentences; nothing where there is only one."""
    return f"Page {at} of {last}. " if last > 1 else ""


def fleet_gaps(page: FleetPage) -> list[Block]:
    """What could not be read."""
    lines = [f":warning: {escape(gap)} Its clusters are shown as last read." for gap in page.gaps]
    shown = [section(fold(lines, most=GAPS_SHOWN))] if lines else []
    return [*shown, *unread_lines(page.unread, "You may have access to more clusters.")]


def _turns(words: str, at: int, last: int) -> list[Block]:
    turns = (("Back", "list_back", at - 1, at > 1), ("Next", "list_next", at + 1, at < last))
    return [button(text, name, value(words=words, page=page)) for text, name, page, is_there in turns if is_there]


def _line(egress: ClusterEgress) -> str:
    ips = fold([code(ip.address) for ip in egress.ips], 400, most=4, joint=" ") if egress.ips else without_ips(egress)
    marks = " :warning:" if egress.warnings else ""
    marks += "" if egress.is_running else " :double_vertical_bar: stopped"
    declared = escape(egress.declared or "no outbound type")
    return f"*{escape(egress.ref.name)}*  {declared}{marks}{_doing(egress)}\n{ips}  {headroom(capacity(egress))}"


def _doing(egress: ClusterEgress) -> str:
    if egress.state.lower() == "deleting":
        return " :wastebasket: being deleted"
    return " :gear: converging" if egress.is_converging else ""


def headroom(ports: Capacity) -> str:
    """The SNAT state in a few words."""
    if ports.near_exhaustion:
        return "SNAT ports: :red_circle: near exhaustion"
    if ports.is_unbounded and ports.total_ports:
        return f"SNAT ports: {ports.total_ports:,} for unlimited nodes"
    if ports.cliff is not None:
        room = max(0, ports.cliff.at_nodes - 1 - ports.max_nodes)
        return f"SNAT ports: {ports.cliff.ports_before:,} per node, room for {counted(room, 'more node')} at that rate"
    if ports.headroom_nodes is not None:
        return f"SNAT ports: room for {counted(max(0, ports.headroom_nodes), 'more node')}"
    return f"SNAT ports: {ports.total_ports:,} on demand" if ports.total_ports else ""
