"""Numbers of a period as a message: figures, charts, lists."""

from collections.abc import Sequence
from datetime import timedelta

from bot.domain.audit import AuditFilter
from bot.domain.chart import Chart, Curve, distinct
from bot.domain.dates import time_text
from bot.domain.phrases import counted
from bot.domain.statistics import Spread, Statistics
from handlers.blocks.audit_log import OWN
from handlers.blocks.block_kit import code, context, escape, fields, fold, header, message, person, section
from handlers.blocks.story import relative
from handlers.pictures import chart_block
from handlers.replies import Block, Message

LIST_ROOM = 900
"""Characters of each list."""


def stats_message(numbers: Statistics, scope: AuditFilter, missing: Sequence[str] = ()) -> Message:
    """The numbers, for whoever asked.

    Args:
        numbers: What was counted.
        scope: The period, the cluster, and whether only their own was counted.
        missing: What could not be counted, a sentence each.
    """
    title = f"{counted(numbers.requests, 'request')}, {_share(numbers)} decided by the policy alone"
    charts = _charts(numbers)
    return message(
        title,
        [
            header("Statistics"),
            context(_period(scope)),
            *([section(fold([f":warning: {escape(one)}" for one in missing]))] if missing else []),
            *fields(_figures(numbers)),
            *map(chart_block, charts),
            *_list("Hosts asked for most", [f"{code(name)} {count}" for name, count in numbers.hosts]),
            *_list("Denied because, most often", [f"{times} × {code(_short(why))}" for why, times in numbers.denials]),
            *_list("Decided by, most often", [f"{person(user)} {count}" for user, count in numbers.deciders]),
            context(HINT),
        ],
        charts,
    )


HINT = "Times count from the request. `/egress stats since:90d csv` gives you a file."


def _figures(numbers: Statistics) -> list[tuple[str, str]]:
    ends = f"{numbers.approved} approved, {numbers.denied} denied, {numbers.lapsed} lapsed"
    saved = f"{numbers.updates} for {numbers.carried} changes: {numbers.saved} saved" if numbers.updates else ""
    return [
        ("Requests", f"{numbers.requests}, of which {counted(numbers.renewals, 'renewal')}"),
        ("Decided by people", ends),
        ("Granted by the policy", f"{numbers.granted} ({_share(numbers)})"),
        ("Break-glass", str(numbers.break_glass)),
        ("Time to decide", _taken(numbers.to_decide)),
        ("Time to live", _taken(numbers.to_live)),
        ("Expired, not renewed", str(numbers.expired)),
        ("Refused acts", str(numbers.refused)),
        ("Firewall updates", saved),
    ]


def _charts(numbers: Statistics) -> tuple[Chart, ...]:
    """Requests by week, and how long they took to be live; nothing before there are two weeks."""
    weeks = numbers.weeks
    if len(weeks) < 2:
        return ()
    labels = distinct([f"{week.begins:%d %b %Y}" if len(weeks) > 50 else f"{week.begins:%d %b}" for week in weeks])
    requests = tuple(float(week.requests) for week in weeks)
    busiest = max(weeks, key=lambda week: week.requests)
    said = f"Requests by week: {sum(requests):,.0f} in all, {busiest.requests} in the week of {busiest.begins:%d %B}."
    filed = Chart("chart_requests", "Requests by week", "bar", labels, (Curve("requests", requests),), said)
    live = [(at, week.to_live.median.total_seconds() / 60) for at, week in enumerate(weeks) if week.to_live.median]
    if len(live) < 2:
        return (filed,)
    minutes = tuple(value for _, value in live)
    said = f"Median minutes to live by week: from {min(minutes):,.0f} to {max(minutes):,.0f}, last {minutes[-1]:,.0f}."
    curve, shown = Curve("median", minutes), tuple(labels[at] for at, _ in live)
    return filed, Chart("chart_to_live", "Time to live by week", "line", shown, (curve,), said, unit="minutes")


def _share(numbers: Statistics) -> str:
    return "none" if numbers.auto_share is None else f"{numbers.auto_share:.0%}"


def _taken(spread: Spread) -> str:
    if spread.median is None or spread.p90 is None:
        return "none"
    return f"median {_time(spread.median)}, 90% within {_time(spread.p90)}"


def _time(time: timedelta) -> str:
    return relative(time).removeprefix("+")


def _period(scope: AuditFilter) -> str:
    since = f"since {time_text(scope.since)}" if scope.since else "since the beginning"
    until = f" until {time_text(scope.until)}" if scope.until else ""
    where = f", cluster {code(scope.cluster)}" if scope.cluster else ""
    return f"What is on record {since}{until}{where}. {OWN if scope.own else ''}".strip()


def _short(reason: str) -> str:
    return reason if len(reason) <= 80 else f"{reason[:79]}…"


def _list(title: str, lines: Sequence[str]) -> list[Block]:
    return [section(f"*{title}*\n{fold(lines, LIST_ROOM, joint=', ')}")] if lines else []
