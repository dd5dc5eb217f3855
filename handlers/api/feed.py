"""Serves the list of egress IPs: as JSON or plain text, with an entity tag, so that polling it costs little.

Sources, read 2026-11: https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2 (If-None-Match) and
https://www.rfc-editor.org/rfc/rfc9110#section-15.4.5 (304).
"""

import re
import secrets
from collections.abc import Iterable, Mapping
from datetime import timedelta
from http import HTTPStatus
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from structlog.contextvars import bound_contextvars

from bot import inventory
from bot.auditing import Attempt, observe
from bot.domain.api_token import TokenAct
from bot.domain.audit import Action
from bot.domain.egress.published import EgressIpList
from bot.errors import EgressError, InvalidInput, Unavailable
from bot.inventory.publishing import IpQuery, Reader, published_ips
from bot.ports import Caller, Context
from bot.ports.deadline import within
from handlers.api.problem import headers_of, problem, problem_from
from handlers.api.responses import BUSY, JSON, ApiResponse, not_allowed, refused, respond, secret_of, written_as
from handlers.attempts import record_refusal
from handlers.unexpected import unexpected

if TYPE_CHECKING:
    from wsgiref.types import StartResponse

PLACE = "/egress-ips."
"""How the paths begin."""

FORMS: Mapping[str, str] = {"json": JSON, "txt": "text/plain; charset=utf-8"}
"""Content types by the ending of the path."""

AT_ONCE = 4
"""Calls that are answered at the same time; anybody may poll, and Slack's requests come in by the same door."""

WAIT = timedelta(seconds=10)
"""How long a call may wait for the database."""

MOST_FIELDS = 50
"""Fields of a query."""

LONGEST = 400
"""Characters of a value in a query: an ARM id has 260."""

_TAG = re.compile(r'(?:W/)?("[^"]*")')


class EgressIpFront:
    """The list as a WSGI application.

    Args:
        ctx: What use cases get.
    """

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._places = BoundedSemaphore(AT_ONCE)

    def __call__(self, asked: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request."""
        with bound_contextvars(reference=secrets.token_hex(4), entry="egress-ips", kind="api", user="", team=""):
            return respond(self._in_turn(asked), asked, start_response)

    def _in_turn(self, asked: Mapping[str, Any]) -> ApiResponse:
        form = str(asked["PATH_INFO"]).removeprefix(PLACE)
        if form not in FORMS:
            return refused(problem(HTTPStatus.NOT_FOUND, "not-found", f"There are {PLACE}json and {PLACE}txt."))
        if asked["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return not_allowed(["GET", "HEAD"])
        if not self._places.acquire(blocking=False):
            return BUSY
        try:
            return self._answered(form, asked)
        finally:
            self._places.release()

    def _answered(self, form: str, asked: Mapping[str, Any]) -> ApiResponse:
        """The list, that it has not changed, or the problem."""
        reference, caller = secrets.token_hex(4), None
        try:
            with unexpected(reference, operation="egress-ips"), within(WAIT):
                reader = None if self._ctx.config.egress_ips.is_open else self._presented(asked)
                if reader is not None:
                    caller = reader.caller
                    inventory.require_admission(self._ctx, reader.token, TokenAct.READ)
                found = published_ips(self._ctx, reader, query_of(asked))
                return self._listed(form, found, asked, caller)
        except EgressError as error:
            if caller is not None:
                record_refusal(self._ctx, caller, TokenAct.READ, error, _attempt(asked))
            return refused(problem_from(error, reference), headers_of(error))

    def _presented(self, asked: Mapping[str, Any]) -> Reader:
        token = inventory.present(self._ctx, secret_of(asked))
        return Reader(Caller(token.owner, f"api:{token.name}"), token)

    def _listed(self, form: str, found: EgressIpList, asked: Mapping[str, Any], caller: Caller | None) -> ApiResponse:
        tag = found.tag(form)
        headers = {
            "ETag": tag,
            "Cache-Control": "no-cache" if caller is None else "private, no-cache",
            "Egress-Complete": str(found.is_complete).lower(),
            "Egress-Read-At": found.read_at.isoformat(),
        }
        if is_known(str(asked.get("HTTP_IF_NONE_MATCH", "")), tag):
            return ApiResponse(HTTPStatus.NOT_MODIFIED, "", headers=headers)
        text = written_as(EgressIpList)(found) if form == "json" else plain_list(found)
        if caller is not None:  # that nothing changed is no news, and pollers ask every few minutes
            observe(self._ctx, caller, Action.API_READ, _attempt(asked))
        return ApiResponse(HTTPStatus.OK, text, FORMS[form], headers)


def plain_list(found: EgressIpList) -> str:
    """One address or prefix a line, nothing else.

    Raises:
        Unavailable: Nothing is known of one of the clusters: a list that lacks it would be taken for whole.
    """
    if not found.is_usable:
        lacking = next(one.name for one in found.clusters if one.state == "unknown")
        raise Unavailable(f"The egress IPs of {lacking} are not known, so no complete list can be given.")
    return "".join(f"{ip}\n" for ip in found.addresses)


def is_known(header: str, tag: str) -> bool:
    """Whether ``If-None-Match`` names an entity tag, compared weakly."""
    return header.strip() == "*" or tag.removeprefix("W/") in _TAG.findall(header)


def query_of(asked: Mapping[str, Any]) -> IpQuery:
    """``?cluster=NAME&tag=KEY=VALUE``, each as often as wanted: any of the clusters, all of the tags.

    Raises:
        InvalidInput: Another name, or a value that cannot be meant.
    """
    try:
        text = str(asked.get("QUERY_STRING", ""))
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise InvalidInput("The query is not UTF-8, or too long.") from error
    for name, value in pairs:
        if name not in ("cluster", "tag"):
            raise InvalidInput(f"{name[:60]} is not a parameter. Use cluster=NAME or tag=KEY=VALUE.", field=name[:60])
        if not value.strip() or len(value) > LONGEST or not value.isprintable():
            raise InvalidInput(f"{name} has no value that can be meant.", field=name)
    tags = [value.partition("=") for name, value in pairs if name == "tag"]
    if any(not key or not mark for key, mark, _ in tags):
        raise InvalidInput("Write a tag as tag=KEY=VALUE.", field="tag")
    clusters = tuple(value for name, value in pairs if name == "cluster")
    return IpQuery(clusters, tuple((key, value) for key, _, value in tags))


def _attempt(asked: Mapping[str, Any]) -> Attempt:
    return Attempt(subject="egress-ips", detail=(("query", str(asked.get("QUERY_STRING", ""))),))
