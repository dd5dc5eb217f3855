"""``ports.FirewallLogs`` with Azure Monitor's own SDK: whatever Azure does becomes a part of the answer."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Lock
from time import monotonic
from typing import Any

from azure.core.exceptions import HttpResponseError

from bot.azure.clients import Clients
from bot.azure.logs.answers import gap_of_error, gap_of_refusal, partial_gap, refusals_apart
from bot.azure.logs.kql import records_query
from bot.azure.logs.rows import groups_from, reaches_from, rows_of, total_from
from bot.azure.logs.sources import LogSource, LogWorkspace, find_source
from bot.domain.dates import time_text
from bot.domain.duration import duration_text
from bot.domain.feature_settings import Logs
from bot.domain.firewall_log import Gap, LogQuestion, LogReading, joined, overlaid
from bot.errors import EgressError

KEEP = timedelta(minutes=10)
"""How long the place of a firewall's logs counts as known: people rarely move it."""

ROUNDED = timedelta(days=1)
"""Somebody who asks for as many days as are kept asks for all of them."""

_Gaps = tuple[tuple[Gap, str], ...]


class AzureLogs:
    """Implements ``ports.FirewallLogs``.

    Args:
        clients: Azure.
        settings: Whether and how logs are read.
        now: The time, UTC.
    """

    def __init__(self, clients: Clients, settings: Logs, now: Callable[[], datetime]) -> None:
        self._clients = clients
        self._settings = settings
        self._now = now
        self._known: dict[str, tuple[LogSource, datetime]] = {}
        self._lock = Lock()

    def read(self, question: LogQuestion) -> LogReading:
        """The records that a question asks for; every request has only what is left of the configured time."""
        ends = monotonic() + self._settings.within_s
        return joined([self._read(firewall, question, ends) for firewall in question.firewalls])

    def source(self, firewall: str) -> LogSource:
        """Where a firewall's logs are, asked again.

        Raises:
            EgressError: One of the ``Arm…`` errors.
        """
        return find_source(self._clients, firewall, self._settings.workspace or "")

    def _read(self, firewall: str, question: LogQuestion, ends: float) -> LogReading:
        asked_at = self._now()
        try:
            with self._clients.hurried(ends):
                source = self._source(firewall)
        except EgressError as error:
            return LogReading(asked_at, gaps=(gap_of_error(error, self._settings.within_s),))
        alone = replace(question, firewalls=(firewall,))
        read = [self._ask(source, one, alone, ends) for one in source.workspaces]
        return overlaid([LogReading(asked_at, gaps=source.gaps), *read])

    def _source(self, firewall: str) -> LogSource:
        now = self._now()
        with self._lock:
            known = self._known.get(firewall)
        if known is not None and now - known[1] < KEEP:
            return known[0]
        found = self.source(firewall)
        if found.workspaces and not found.gaps:  # what somebody may be mending is looked at again
            with self._lock:
                self._known[firewall] = found, now
        return found

    def _ask(self, source: LogSource, place: LogWorkspace, question: LogQuestion, ends: float) -> LogReading:
        """Ask a workspace; one that may not be asked is asked about the firewall alone, which needs less."""
        try:
            found, gaps = self._sent(source, place, question, ends)
        except HttpResponseError as error:
            if error.status_code == 403 and place.customer:
                return self._ask(source, LogWorkspace(place.name), question, ends)
            return LogReading(self._now(), gaps=(gap_of_refusal(error, place.name, source.firewall),))
        except EgressError as error:
            return LogReading(self._now(), gaps=(gap_of_error(error, self._settings.within_s),))
        kept = _kept(place, question, self._now())
        return replace(found, gaps=(*gaps, *kept), workspaces=(place.name,))

    def _sent(
        self, source: LogSource, place: LogWorkspace, question: LogQuestion, ends: float
    ) -> tuple[LogReading, _Gaps]:
        client, text, asked_at = self._clients.logs(), records_query(question), self._now()
        options: dict[str, Any] = {"timespan": None, "server_timeout": max(1, int(ends - monotonic()))}
        with refusals_apart(), self._clients.hurried(ends):
            options |= self._clients.hurry()
            if place.customer:
                answer: Any = client.query_workspace(place.customer, text, **options)
            else:
                answer = client.query_resource(source.firewall, text, **options)
        tables = getattr(answer, "tables", None) or getattr(answer, "partial_data", None) or []
        rows = [row for table in tables for row in rows_of(table.columns, table.rows)]
        found = LogReading(asked_at, groups_from(rows), total_from(rows), reaches_from(rows))
        return found, partial_gap(answer, place.name)


def _kept(place: LogWorkspace, question: LogQuestion, now: datetime) -> _Gaps:
    if place.kept is None or question.since > now - place.kept - ROUNDED:
        return ()
    oldest = now - place.kept
    text = f"{place.name} keeps {duration_text(place.kept)}, so nothing before {time_text(oldest)} is known."
    return ((Gap.SHORT, text),)
