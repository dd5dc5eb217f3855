"""Answers to the bot's own fixed queries, by their marker; their parameters are read from the ``let`` lines.

This is no KQL engine: a query is known by a line ``// egress-bot:NAME``, which KQL takes for a comment.
"""

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from itertools import groupby
from typing import Any

from bot.sandbox.arm.logs.records import Records, Scope, records
from bot.sandbox.arm.logs.settings import DEDICATED
from bot.sandbox.arm.world import World

Rows = list[list[Any]]
Columns = tuple[tuple[str, str], ...]
"""Names and types."""
Values = Mapping[str, Any]
_MARKER = re.compile(r"^\s*//\s*egress-bot:(\w+)", re.MULTILINE)
_LET = re.compile(r"^\s*let\s+(\w+)\s*=\s*(.+?)\s*;\s*$", re.MULTILINE)
_DATETIME = re.compile(r"datetime\((.+)\)")
_DYNAMIC = re.compile(r"dynamic\((.+)\)")


@dataclass(frozen=True, slots=True)
class Query:
    """A query that was understood.

    Args:
        columns: Names and types of what it answers.
        answer: Computes the rows.
    """

    columns: Columns
    answer: Callable[[World, Scope, Values], Rows]


def name_of(text: str) -> str:
    """The marker of a query; empty without one."""
    found = _MARKER.search(text)
    return found[1] if found else ""


def values_of(text: str) -> Values:
    """The literals of its ``let`` lines: times, lists, texts, numbers, booleans; other expressions are left out.

    Raises:
        ValueError: If a literal is malformed.
    """
    pairs = ((name, _literal(expression)) for name, expression in _LET.findall(text))
    return {name: value for name, value in pairs if value is not None}


def _literal(expression: str) -> Any:
    if found := _DATETIME.fullmatch(expression):
        moment = datetime.fromisoformat(found[1])
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if found := _DYNAMIC.fullmatch(expression):
        return json.loads(found[1])
    return json.loads(expression) if re.fullmatch(r'".*"|-?\d+|true|false', expression) else None


RECORDED: Columns = (
    ("Kind", "string"),
    ("Table", "string"),
    ("Fqdn", "string"),
    ("DestinationIp", "string"),
    ("DestinationPort", "int"),
    ("Protocol", "string"),
    ("ActionReason", "string"),
    ("Policy", "string"),
    ("RuleCollectionGroup", "string"),
    ("RuleCollection", "string"),
    ("Rule", "string"),
    ("Hits", "long"),
    ("First", "datetime"),
    ("Last", "datetime"),
    ("Sources", "dynamic"),
    ("Groups", "long"),
)
"""What the bot asks for: groups of equal records, and for each table how far it reaches."""
_SOURCES_KEPT = 10


def _recorded(world: World, scope: Scope, values: Values) -> Rows:
    """Records of some actions from some sources, grouped; then the first and last record of anything in each table."""
    found = list(_of_firewalls(records(world, scope, values["since"], values["until"]), values["firewalls"]))
    fitting = [each for each in found if _fits(each, values)]
    alike = _by_rule if values["by_rule"] else _key
    groups = [_group(key, list(same)) for key, same in groupby(sorted(fitting, key=alike), key=alike)]
    shown = sorted(groups, key=lambda row: str(row[13]), reverse=True)[: values["most"]]
    reach = [_reach(table, list(same)) for table, same in groupby(sorted(found, key=_table), key=_table)]
    return [[*row, len(groups)] for row in shown] + [[*row, None] for row in reach]


def _of_firewalls(found: Iterable[Records], firewalls: Collection[str]) -> Iterator[Records]:
    wanted = {str(each).lower() for each in firewalls}
    return (each for each in found if each.span.seen.outcome.firewall in wanted)


def _fits(found: Records, values: Values) -> bool:
    """Whether a record is of these sources, with one of these actions, by one of these rules if any are named."""
    outcome, rules = found.span.seen.outcome, {str(each).lower() for each in values["rules"]}
    is_by_rule = not rules or outcome.rule.lower() in rules
    return outcome.action.lower() in values["actions"] and is_by_rule and _is_within(outcome.source, values["ranges"])


def _is_within(source: str, ranges: Iterable[str]) -> bool:
    return any(ip_address(source) in ip_network(block) for block in ranges)


def _table(found: Records) -> str:
    """The query names both kinds of table alike: what was in AzureDiagnostics is told apart by its category."""
    return DEDICATED[found.span.seen.outcome.kind]


def _key(found: Records) -> tuple[Any, ...]:
    asked = (found.span.seen.outcome.fqdn, found.destination_ip, found.span.flow.port, found.protocol)
    return _table(found), *asked, *_decided(found)


def _by_rule(found: Records) -> tuple[Any, ...]:
    return _table(found), "", "", None, "", *_decided(found)


def _decided(found: Records) -> tuple[str, ...]:
    outcome = found.span.seen.outcome
    return outcome.reason, outcome.policy, outcome.group, outcome.collection, outcome.rule


def _group(key: tuple[Any, ...], same: list[Records]) -> list[Any]:
    sources = sorted({each.span.seen.outcome.source for each in same})[:_SOURCES_KEPT]
    return ["record", *key, *_counted(same), sources]


def _reach(table: str, same: list[Records]) -> list[Any]:
    return ["reach", table, "", "", None, "", "", "", "", "", "", *_counted(same), []]


def _counted(same: list[Records]) -> list[Any]:
    first, last = min(each.first for each in same), max(each.last for each in same)
    return [sum(each.hits for each in same), _stamp(first), _stamp(last)]


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


QUERIES: Mapping[str, Query] = {"records": Query(RECORDED, _recorded)}
"""By marker."""


def within(values: Values, timespan: str | None, now: datetime) -> Values:
    """The values, with ``since`` no earlier than the body's ``timespan``, which the service applies beside the text."""
    found = re.fullmatch(r"PT([\d.]+)S", timespan or "")
    if not found or "since" not in values:
        return values
    return {**values, "since": max(values["since"], now - timedelta(seconds=float(found[1])))}
