"""What Log Analytics answers beside records, as sentences for people.

Codes, read 2026-11: https://learn.microsoft.com/azure/azure-monitor/logs/api/errors and
https://learn.microsoft.com/azure/azure-monitor/logs/basic-logs-query.
"""

from collections.abc import Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from azure.core.exceptions import AzureError, DecodeError, HttpResponseError

from bot.azure.faults import fault_from, retry_after
from bot.azure.logs.sources import FORBIDDEN, name_of
from bot.azure.translate.shapes import json_from_text
from bot.domain.duration import duration_text
from bot.domain.firewall_log import Gap
from bot.errors import ArmForbidden, ArmThrottled, ArmUnreachable, EgressError, UnknownShape

LONGEST = 300
"""Characters of Azure's own words that are shown."""


@contextmanager
def refusals_apart() -> Iterator[None]:
    """Refusals of the query API come as they are, because their inner codes count; everything else is translated.

    Raises:
        HttpResponseError: An answer with a status of 400 or more.
        EgressError: No answer, or one that cannot be read.
    """
    try:
        yield
    except DecodeError as error:
        raise UnknownShape("Log Analytics' answer could not be read.") from error
    except HttpResponseError as error:
        if error.status_code is None or error.status_code < 400:
            raise UnknownShape("Log Analytics' answer could not be read.") from error
        raise
    except AzureError as error:
        raise fault_from(error) from error
    except ValueError as error:  # an answer without content (204) is no JSON, which the SDK does not expect
        raise UnknownShape("Log Analytics' answer could not be read.") from error


@dataclass(frozen=True, slots=True)
class _Refusal:
    """A refusal of the query API: the first row that fits says what it means."""

    statuses: Container[int]
    words: str
    gap: Gap
    sentence: str


_ANY = range(400, 600)
_REFUSALS = (
    _Refusal({401, 403}, "", Gap.FORBIDDEN, "The bot may not query {firewall}'s logs in {place}. " + FORBIDDEN),
    _Refusal(
        _ANY,
        "Failed to resolve table",
        Gap.NEVER,
        "{place} never got a record of {firewall}, or the bot may not read its tables.",
    ),
    _Refusal(_ANY, "Basic", Gap.BASIC, "The tables in {place} are on the Basic plan, which the bot does not query."),
    _Refusal({404}, "", Gap.MISSING, "The workspace {place} does not exist."),
    _Refusal({429}, "", Gap.THROTTLED, "Log Analytics is throttling the bot. Try again in {wait}."),
    _Refusal(
        {408, *range(500, 600)},
        "",
        Gap.SILENT,
        "Log Analytics did not finish the query of {place}. Try again, or ask for less time.",
    ),
    _Refusal(_ANY, "", Gap.REJECTED, "Log Analytics rejected the query of {place}: {said}"),
)


def gap_of_refusal(error: HttpResponseError, workspace: str, firewall: str) -> tuple[Gap, str]:
    """What a refusal of the query API means."""
    response: Any = error.response
    words, status = response.text(), error.status_code
    found = next(one for one in _REFUSALS if status in one.statuses and one.words in words)
    wait = retry_after(response.headers) or timedelta(minutes=1)
    return found.gap, found.sentence.format(
        firewall=name_of(firewall), place=workspace, wait=duration_text(wait), said=_said(json_from_text(words))
    )


def gap_of_error(error: EgressError, within_s: int) -> tuple[Gap, str]:
    """What an error on the way means."""
    match error:
        case ArmThrottled():
            return Gap.THROTTLED, "Azure is throttling the bot, so the log could not be read. Try again in a minute."
        case ArmForbidden():
            return Gap.FORBIDDEN, f"{error.sentence} {FORBIDDEN}"
        case ArmUnreachable():
            return Gap.SILENT, f"Log Analytics did not answer within {within_s} s. Try again."
        case UnknownShape():
            return Gap.UNREADABLE, error.sentence
    return Gap.REJECTED, error.sentence


def partial_gap(answer: Any, workspace: str) -> tuple[tuple[Gap, str], ...]:
    """What is missing where an answer holds only a part."""
    error = getattr(answer, "partial_error", None)
    if error is None:
        return ()
    return ((Gap.PARTIAL, f"{workspace} answered with a part of the records only. Ask for less time to see all."),)


def _said(body: object) -> str:
    """The innermost message."""
    message, inner = "", body
    while isinstance(inner, dict):
        message = str(inner.get("message") or message)
        inner = inner.get("error") or inner.get("innererror")
    return f"{message[:LONGEST].rstrip('.')}."
