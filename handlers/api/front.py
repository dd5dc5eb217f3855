"""Serves the API: routes a call, lets it in, runs its use case, and turns what goes wrong into a problem."""

import secrets
from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import cache
from http import HTTPStatus
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import structlog
from pydantic import TypeAdapter, ValidationError
from structlog.contextvars import bound_contextvars

from bot import inventory
from bot.auditing import Attempt, observe
from bot.domain.api_token import Token
from bot.domain.phrases import counted
from bot.errors import EgressError, InvalidInput
from bot.ports import Caller, Context
from bot.ports.deadline import within
from handlers.api.openapi import BASE, DOCUMENT, written
from handlers.api.operations import OPERATIONS, ApiAnswer, ApiCall, ApiOperation, attempt_of
from handlers.api.problem import BodyTooLong, NotJson, headers_of, problem, problem_from
from handlers.api.responses import BUSY, JSON, ApiResponse, not_allowed, refused, respond, secret_of, written_as
from handlers.api.shapes import Name
from handlers.attempts import record_refusal
from handlers.unexpected import unexpected

if TYPE_CHECKING:
    from wsgiref.types import StartResponse

log = structlog.get_logger(__name__)

AT_ONCE = 6
"""Calls that are answered at the same time: they may wait for Azure, and Slack's requests come in by the same door."""

LONGEST_BODY = 64 * 1024
"""Bytes of a body: a hundred destinations with a reason need a third of it."""

WAIT = timedelta(seconds=20)
"""How long a call may wait for the database, all of it together."""

MOST_FIELDS = 200
"""Fields of a query."""

REPEATED = frozenset({"destination"})
"""Names of a query that may be given several times."""


class ApiFront:
    """The API as a WSGI application.

    Args:
        ctx: What use cases get.
    """

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._places = BoundedSemaphore(AT_ONCE)

    def __call__(self, asked: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request."""
        reference = secrets.token_hex(4)
        with bound_contextvars(reference=reference, entry="api", kind="api", user="", team=""):
            given = self._in_turn(asked, reference)
        return respond(given, asked, start_response)

    def _in_turn(self, asked: Mapping[str, Any], reference: str) -> ApiResponse:
        if not self._places.acquire(blocking=False):
            return BUSY
        try:
            return self._routed(asked, reference)
        finally:
            self._places.release()

    def _routed(self, asked: Mapping[str, Any], reference: str) -> ApiResponse:
        path, method = _path(asked), asked["REQUEST_METHOD"]
        fitting = {one.method: one for one in OPERATIONS if _fits(one.path, path)}
        if path == DOCUMENT:
            return ApiResponse(200, written()) if method == "GET" else not_allowed(["GET"])
        if not fitting:
            return refused(problem(HTTPStatus.NOT_FOUND, "not-found", f"There is nothing here; see {DOCUMENT}."))
        if method not in fitting:
            return not_allowed(sorted(fitting))
        return self._answered(fitting[method], (path, reference), asked)

    def _answered(self, operation: ApiOperation, at: tuple[str, str], asked: Mapping[str, Any]) -> ApiResponse:
        """The answer of an operation, by its path and reference, or the problem. Nothing gets past this."""
        (path, reference), call, caller = at, None, None
        try:
            with unexpected(reference, operation=operation.name), within(WAIT):
                token = inventory.present(self._ctx, secret_of(asked))
                caller = Caller(token.owner, f"api:{token.name}", reference)
                inventory.require_admission(self._ctx, token, operation.act)
                call = _call(operation, path, asked, (caller, token))
                answer = operation.answer(self._ctx, call)
                self._observe(operation, caller, answer)
        except EgressError as error:
            if caller is not None:  # otherwise nobody knows whose call it is
                record_refusal(self._ctx, caller, operation.act, error, _attempt(operation, path, call))
            return refused(problem_from(error, reference), headers_of(error))
        return ApiResponse(answer.status, written_as(operation.gives)(answer.value))

    def _observe(self, operation: ApiOperation, caller: Caller, answer: ApiAnswer) -> None:
        if operation.action is not None:
            observe(self._ctx, caller, operation.action, answer.seen)


def _attempt(operation: ApiOperation, path: str, call: ApiCall | None) -> Attempt:
    """What was tried; of a call that was not let in or not understood, its path."""
    return attempt_of(call) if call is not None else Attempt(detail=(("call", f"{operation.method} {path}"),))


def _fits(pattern: str, path: str) -> bool:
    fixed, parameter, _ = pattern.partition("{")
    wanted = f"{BASE}{fixed}"
    return path.startswith(wanted) and len(path) > len(wanted) if parameter else path == wanted


def _path(asked: Mapping[str, Any]) -> str:
    """The path as text; what is not UTF-8 fits nothing."""
    return str(asked["PATH_INFO"]).encode("latin-1").decode(errors="replace")


def _call(operation: ApiOperation, path: str, asked: Mapping[str, Any], who: tuple[Caller, Token]) -> ApiCall:
    fixed, parameter, _ = operation.path.partition("{")
    value = _validated(Name, path[len(BASE) + len(fixed) :]) if parameter else ""
    given = _body(asked) if operation.method == "POST" else _query(operation, asked)
    if isinstance(given, bytes):
        return ApiCall(*who, value, _read(operation.takes, given))
    return ApiCall(*who, value, _validated(operation.takes, given) if operation.takes else None)


def _body(asked: Mapping[str, Any]) -> bytes:
    if str(asked.get("CONTENT_TYPE", "")).partition(";")[0].strip().lower() != JSON:
        raise NotJson(f"Send the body as {JSON}.")
    length = int(asked.get("CONTENT_LENGTH") or 0)
    if length > LONGEST_BODY:
        raise BodyTooLong(f"The body has {length:,} bytes; the limit is {LONGEST_BODY:,}.")
    read: bytes = asked["wsgi.input"].read(length)
    return read


def _query(operation: ApiOperation, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The query by name; what may be repeated as a list."""
    try:
        text = str(asked.get("QUERY_STRING", ""))
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise InvalidInput("The query is not UTF-8, or too long.") from error
    given: dict[str, Any] = {}
    for name, text in pairs:
        if name in REPEATED:
            given.setdefault(name, []).append(text)
        elif name in given:
            raise InvalidInput(f"{name} is given twice.", field=name)
        else:
            given[name] = text
    if given and operation.takes is None:
        raise InvalidInput("This takes no query.")
    return given


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _read(kind: Any, body: bytes) -> Any:
    try:
        return _adapter(kind).validate_json(body)
    except ValidationError as error:
        raise _invalid(error) from error


def _validated(kind: Any, given: Any) -> Any:
    try:
        return _adapter(kind).validate_python(given)
    except ValidationError as error:
        raise _invalid(error) from error


def _invalid(error: ValidationError) -> InvalidInput:
    first, *others = error.errors(include_url=False, include_input=False, include_context=False)
    place = ".".join(str(part) for part in first["loc"])[:60]
    more = f" {counted(len(others), 'more input')} {'is' if len(others) == 1 else 'are'} wrong." if others else ""
    return InvalidInput(f"{place or 'The body'}: {first['msg']}.{more}", field=place or None)
