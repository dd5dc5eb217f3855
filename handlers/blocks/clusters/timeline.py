"""The timeline of a cluster's outbound IPs."""

from bot.domain.dates import time_text
from bot.domain.egress import IpChange, IpChangeKind
from bot.inventory import IpEvent, IpHistory
from handlers.blocks.block_kit import (
    actions,
    button,
    code,
    context,
    fold,
    header,
    message,
    person,
    section,
    value,
    when,
)
from handlers.replies import Block, Message

IPS_ROOM = 350
"""Characters of one event for its addresses."""


def ip_history(found: IpHistory) -> Message:
    """One page of what came and went, newest first."""
    name = found.ref.name
    title = f"Outbound IPs of {name} over time"
    if not found.events:
        none = f"No outbound IPs of {code(name)} were read yet."
        return message(none, [section(none), *_limits(found)])
    blocks = [header(title), *(section(event_text(one)) for one in found.events), *_limits(found)]
    return message(title, [*blocks, *actions(*_turns(found))])


def event_text(event: IpEvent) -> str:
    """When, what came and went, what there was then, and through whom."""
    change = event.change
    lines = [f"*{_span(change)}*  {by_whom(event)}"]
    lines += [f":heavy_plus_sign: {_ips(change.gained)}"] if change.gained else []
    lines += [f":heavy_minus_sign: {_ips(change.lost)}"] if change.lost else []
    if change.kind is IpChangeKind.CHANGED:
        lines.append(f"Then: {_ips(change.after) if change.after else 'no public IP'}")
    return "\n".join(lines)


def _span(change: IpChange) -> str:
    if time_text(change.seen_before) == time_text(change.at):
        return when(change.at)
    return f"Between {when(change.seen_before)} and {when(change.at)}"


def by_whom(event: IpEvent) -> str:
    """Who did it, as far as that is known."""
    scale, kind = event.scale, event.change.kind
    if kind is IpChangeKind.FIRST:
        return "first read"
    if kind is IpChangeKind.DELETED:
        return "the cluster was deleted in Azure"
    if scale is None:
        return "not through this bot"
    return f"through {code(scale.id)}, proposed by {person(scale.requester.user)}"


def _ips(ips: tuple[str, ...]) -> str:
    return fold([code(ip) for ip in ips], IPS_ROOM, joint=" ")


def _limits(found: IpHistory) -> list[Block]:
    notes = []
    if found.unread_since is not None:
        notes.append(f":warning: The outbound IPs could not be read since {when(found.unread_since)}.")
    notes.append(f"Last read {when(found.read_at)}." if found.read_at else "The cluster no longer exists.")
    notes.append(f"Page {found.number} of {found.pages}." if found.pages > 1 else "")
    return [context(" ".join(note for note in notes if note))]


def _turns(found: IpHistory) -> list[Block]:
    turns = (
        ("Newer", "history_newer", found.number - 1, found.number > 1),
        ("Older", "history_older", found.number + 1, found.number < found.pages),
    )
    return [button(text, name, value(id=found.ref.id, page=page)) for text, name, page, is_there in turns if is_there]
