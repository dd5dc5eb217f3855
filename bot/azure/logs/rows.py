"""Rows of an answer as values; what does not fit is refused whole, because a part of it would look like all of it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bot.azure.translate.shapes import json_from_text
from bot.domain.firewall_log import LogGroup, LogKind, LogReach
from bot.errors import UnknownShape

_KINDS = {"AZFWApplicationRule": LogKind.APPLICATION, "AZFWNetworkRule": LogKind.NETWORK}
Row = Mapping[str, Any]


def rows_of(columns: Sequence[str], rows: Iterable[Iterable[Any]]) -> list[Row]:
    """Rows by the names of their columns."""
    return [dict(zip(columns, row, strict=True)) for row in rows]


def groups_from(rows: Iterable[Row]) -> tuple[LogGroup, ...]:
    """The groups of equal records.

    Raises:
        UnknownShape: A row is not what was asked for.
    """
    return tuple(_read(_group, row) for row in rows if row.get("Kind") == "record")


def reaches_from(rows: Iterable[Row]) -> tuple[LogReach, ...]:
    """How far each table reaches.

    Raises:
        UnknownShape: A row is not what was asked for.
    """
    return tuple(_read(_reach, row) for row in rows if row.get("Kind") == "reach")


def total_from(rows: Iterable[Row]) -> int:
    """How many groups there are beside those that were sent."""
    return max((int(row["Groups"]) for row in rows if row.get("Groups") is not None), default=0)


def _read(make: Any, row: Row) -> Any:
    try:
        return make(row)
    except (KeyError, TypeError, ValueError) as error:
        raise UnknownShape("A row of the firewall's log is not what was asked for.") from error


def _group(row: Row) -> LogGroup:
    protocol = str(row["Protocol"] or "").strip().lower().partition("/")[0]
    return LogGroup(
        _KINDS[row["Table"]],
        str(row["Fqdn"] or "").rstrip(".").lower(),
        str(row["DestinationIp"] or ""),
        int(row["DestinationPort"] or 0),
        protocol,
        str(row["ActionReason"] or ""),
        str(row["Policy"] or ""),
        str(row["RuleCollectionGroup"] or ""),
        str(row["RuleCollection"] or ""),
        str(row["Rule"] or ""),
        int(row["Hits"]),
        _moment(row["First"]),
        _moment(row["Last"]),
        tuple(sorted(_texts(row["Sources"]))),
    )


def _reach(row: Row) -> LogReach:
    return LogReach(_KINDS[row["Table"]], _moment(row["First"]), _moment(row["Last"]))


def _moment(value: Any) -> datetime:
    found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _texts(value: Any) -> list[str]:
    """A dynamic column: JSON in a text, or already read."""
    read = json_from_text(value) if isinstance(value, str) else value
    return [str(each) for each in read] if isinstance(read, list) else []
