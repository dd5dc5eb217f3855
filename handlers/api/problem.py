"""Errors as ``application/problem+json`` with the product's own sentence.

Source: https://www.rfc-editor.org/rfc/rfc9457, read 2026-11.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType

from bot.errors import (
    AlreadyAllowed,
    AlreadyDecided,
    AlreadyRequested,
    AmbiguousCluster,
    CannotTakeEffect,
    Conflict,
    Defect,
    EgressError,
    InvalidFqdn,
    InvalidInput,
    NotAuthenticated,
    NotPermitted,
    Refused,
    RequestRefused,
    TooManyCalls,
    Unavailable,
    UnknownAllowance,
    UnknownCluster,
    UserError,
)


class NotJson(InvalidInput):
    """The body is said to be something else."""


class BodyTooLong(InvalidInput):
    """The body has more bytes than any request needs."""


STATUSES: Mapping[type[EgressError], HTTPStatus] = MappingProxyType(
    {
        NotAuthenticated: HTTPStatus.UNAUTHORIZED,
        NotPermitted: HTTPStatus.FORBIDDEN,
        UnknownCluster: HTTPStatus.NOT_FOUND,
        UnknownAllowance: HTTPStatus.NOT_FOUND,
        AmbiguousCluster: HTTPStatus.CONFLICT,
        AlreadyAllowed: HTTPStatus.CONFLICT,
        AlreadyRequested: HTTPStatus.CONFLICT,
        AlreadyDecided: HTTPStatus.CONFLICT,
        CannotTakeEffect: HTTPStatus.UNPROCESSABLE_ENTITY,
        RequestRefused: HTTPStatus.UNPROCESSABLE_ENTITY,
        NotJson: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        BodyTooLong: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        UserError: HTTPStatus.BAD_REQUEST,
        Conflict: HTTPStatus.CONFLICT,
        TooManyCalls: HTTPStatus.TOO_MANY_REQUESTS,
        Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
        Refused: HTTPStatus.BAD_GATEWAY,
        Defect: HTTPStatus.INTERNAL_SERVER_ERROR,
    }
)
"""The status of each family or error; the first that fits counts."""

PATIENCE_S = 5
"""Seconds to wait where nobody said how long."""

_MENTION = re.compile(r"<@([A-Z0-9]+)>")


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiProblem:
    """Why a call was not answered.

    Args:
        type: Always `about:blank`; `code` tells problems apart.
        title: The status in words.
        status: The HTTP status.
        detail: What is wrong and what to do next, for people.
        code: The kind of problem, stable: `already-allowed`, `unknown-cluster`, `too-many-calls` and others.
        field: The input that is wrong, where one is.
        suggestion: What was probably meant, where that is known.
        allowances: Ids of the requests by which it is allowed already.
        reference: Where the bot's operator finds it in the log, where an operator or a developer must act.
    """

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    field: str | None = None
    suggestion: str | None = None
    allowances: tuple[str, ...] = ()
    reference: str | None = None


def problem(status: HTTPStatus, code: str, detail: str) -> ApiProblem:
    """A problem that is none of the product's errors."""
    return ApiProblem(title=status.phrase, status=status, detail=detail, code=code)


def problem_from(error: EgressError, reference: str) -> ApiProblem:
    """An error of the product.

    Args:
        error: Which.
        reference: Where it is found in the log.
    """
    status = next(status for kind, status in STATUSES.items() if isinstance(error, kind))
    is_ours = isinstance(error, Refused | Defect)
    return ApiProblem(
        title=status.phrase,
        status=status,
        detail=_detail(error, reference),
        code=_code(error),
        field=error.field if isinstance(error, InvalidInput) else None,
        suggestion=error.suggestion if isinstance(error, InvalidFqdn) else None,
        allowances=error.allowances if isinstance(error, AlreadyAllowed) else (),
        reference=reference if is_ours else None,
    )


def headers_of(error: EgressError) -> dict[str, str]:
    """The headers that go with an error: how to prove oneself, and how long to wait."""
    if isinstance(error, NotAuthenticated):
        return {"WWW-Authenticate": 'Bearer realm="egress"'}
    if isinstance(error, Unavailable):
        return {"Retry-After": str(math.ceil(error.retry_after.total_seconds()) if error.retry_after else PATIENCE_S)}
    return {}


def plain(sentence: str) -> str:
    """A sentence without Slack's markup; people stay named by their ids."""
    bare = _MENTION.sub(r"\1", sentence).replace("`", "")
    return bare.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _detail(error: EgressError, reference: str) -> str:
    if isinstance(error, Defect):
        return f"Something went wrong in the bot. Give its operator the reference {reference}."
    if isinstance(error, Refused):
        return f"{plain(error.sentence)} The bot's operator must fix this (reference {reference})."
    return plain(error.sentence)


def _code(error: EgressError) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", type(error).__name__).lower()
