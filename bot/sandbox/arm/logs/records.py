"""The records that a query finds, counted from the spans of scripted traffic."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.sandbox.arm.traffic.outcome import APPLICATION
from bot.sandbox.arm.traffic.script import Span
from bot.sandbox.arm.world import World


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose records are asked for.

    Args:
        workspace: The workspace's id in lower case; None searches every workspace.
        resource: The only resource whose records are seen, in lower case; None for all.
    """

    workspace: str | None
    resource: str | None = None


@dataclass(frozen=True, slots=True)
class Records:
    """Records of one span in one table.

    Args:
        table: The table.
        span: Whose requests they are.
        hits: How many.
        first: The time of the first.
        last: The time of the last.
    """

    table: str
    span: Span
    hits: int
    first: datetime
    last: datetime

    @property
    def destination_ip(self) -> str:
        """The destination's address, which only network records have."""
        return "" if self.span.seen.outcome.kind == APPLICATION else self.span.flow.address

    @property
    def protocol(self) -> str:
        """As the log writes it."""
        is_web = self.span.seen.outcome.kind == APPLICATION
        name = self.span.flow.protocol.upper()
        return ("HTTPS" if name == "TCP" else name) if is_web else ("UDP" if name == "UDP" else "TCP")


def records(world: World, scope: Scope, since: datetime, until: datetime) -> Iterator[Records]:
    """The records of a time that can be queried by now."""
    for span in world.traffic.spans():
        if scope.resource not in (None, span.seen.outcome.firewall):
            continue
        visible = min(until, world.now - timedelta(seconds=span.flow.log_delay_s / world.speed))
        for table in tables_of(span, scope):
            found = span.asked(max(since, world.now - _retention(world, scope)), visible)
            if found:
                yield Records(table, span, *found)


def known_tables(world: World, scope: Scope) -> Collection[str]:
    """The tables that have ever had a record: a workspace knows no others."""
    began = datetime.min.replace(tzinfo=world.now.tzinfo)
    return {found.table for found in records(world, scope, began, world.now)}


def tables_of(span: Span, scope: Scope) -> Collection[str]:
    """The tables in scope that a span's records go to."""
    return {table for workspace, table in span.seen.sinks if scope.workspace in (None, workspace)}


def _retention(world: World, scope: Scope) -> timedelta:
    body = (world.view_key(scope.workspace) if scope.workspace else None) or {"properties": {}}
    return timedelta(days=body["properties"].get("retentionInDays") or 30)
