"""Serves the two pages of step-up: out to the identity provider, and back with the approval.

Whoever opens the link gets a cookie with its ticket; only the browser that has it can come back. Each link ends with
its first answer, whatever that is, and what went wrong is said on the page, in Slack, and in the audit log.
"""

import hmac
import re
import secrets
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from hashlib import sha256
from html import escape
from http import HTTPStatus
from threading import BoundedSemaphore
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import structlog
from structlog.contextvars import bound_contextvars

from bot import allowances, scaling
from bot.approvals import NOTHING, Decision, confirm, confirming, find_challenge, give_up, read_back, take
from bot.domain.step_up import USED, VALID_FOR, Challenge, LinkKeys, require_open
from bot.domain.step_up.challenge import challenge_id
from bot.domain.step_up.settings import CALLBACK, PLACE
from bot.errors import (
    CommitUnknown,
    Conflict,
    EgressError,
    IdentityProviderUnreachable,
    LinkUsed,
    NotConfirmed,
    Unavailable,
    UserError,
)
from bot.ports import Caller, Context
from bot.ports.deadline import within
from handlers import batches
from handlers.api.responses import ApiResponse, respond
from handlers.blocks import lists
from handlers.blocks.words import error_text, without_markup
from handlers.subjects import decide
from handlers.unexpected import unexpected

if TYPE_CHECKING:
    from wsgiref.types import StartResponse

    from handlers.oidc import OidcProvider

log = structlog.get_logger(__name__)

GO = "go/"
"""The path of a link, before its ticket."""

AT_ONCE = 4
"""Sign-ins that are answered at the same time: each waits for the identity provider."""

WAIT = timedelta(seconds=20)
"""How long one answer may wait for the database and Slack."""

MOST_FIELDS = 20
"""Fields of the identity provider's answer."""

LONGEST_TEXT = 2000
"""Characters of what a page says."""

RECORDED = "Your approval is recorded; its card shows it. You can close this page."
"""What a page says where something failed, but not the approval."""

_TICKET = re.compile("[A-Za-z0-9_-]{43}")
_EMOJI = re.compile(r":[a-z_]+: ?")
_STYLE = "body{font:16px/1.5 system-ui,sans-serif;margin:10vh auto;max-width:34em;padding:0 1em}h1{font-size:1.4em}"
_POLICY = f"default-src 'none'; style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'"

HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Content-Security-Policy": f"{_POLICY}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        "Referrer-Policy": "no-referrer",
    }
)
"""What a page may do: nothing but be read. Source: https://www.w3.org/TR/CSP3/, read 2026-11."""


class StepUpFront:
    """The pages as a WSGI application.

    Args:
        ctx: What use cases get.
        provider: The identity provider.
    """

    def __init__(self, ctx: Context, provider: "OidcProvider") -> None:
        self._ctx = ctx
        self._provider = provider
        self._places = BoundedSemaphore(AT_ONCE)

    def __call__(self, asked: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request."""
        reference = secrets.token_hex(4)
        with bound_contextvars(reference=reference, entry="step-up", kind="browser", user="", team=""):
            given = self._in_turn(asked, reference)
        return respond(given, asked, start_response)

    def _in_turn(self, asked: Mapping[str, Any], reference: str) -> ApiResponse:
        if asked["REQUEST_METHOD"] != "GET":
            return page(HTTPStatus.METHOD_NOT_ALLOWED, "Not possible", "Open this page in a browser.", Allow="GET")
        if not self._places.acquire(blocking=False):
            return page(HTTPStatus.SERVICE_UNAVAILABLE, "Busy", "Reload this page in a moment.")
        try:
            return self._routed(asked, reference)
        finally:
            self._places.release()

    def _routed(self, asked: Mapping[str, Any], reference: str) -> ApiResponse:
        path = str(asked["PATH_INFO"]).removeprefix(PLACE)
        if path.startswith(GO) and _TICKET.fullmatch(path.removeprefix(GO)):
            keys = LinkKeys(path.removeprefix(GO))
            return self._answered(keys.id, partial(self._sent_out, keys), reference)
        if path != CALLBACK:
            return page(HTTPStatus.NOT_FOUND, "Not found", "There is nothing here. Use the link from Slack.")
        given = _query(asked)
        own = challenge_id(given.get("state", ""))
        keys_there = _keys(asked, own, given.get("state", ""))
        if keys_there is None:
            return self._answered(own, _elsewhere, reference)
        return self._answered(own, partial(self._come_back, keys_there, given, reference), reference, uses_up=True)

    def _answered(
        self, own: str, act: Callable[[Challenge], ApiResponse], reference: str, *, uses_up: bool = False
    ) -> ApiResponse:
        """The answer about one challenge; what goes wrong ends it. Nothing gets past this."""
        challenge, is_taken = None, False
        try:
            with unexpected(reference), within(WAIT):
                challenge = find_challenge(self._ctx, own)
                if challenge is None:
                    raise NotConfirmed("This link is unknown, or was made long ago.")
                require_open(challenge, self._ctx.clock.now())
                if uses_up and not (is_taken := take(self._ctx, challenge)):
                    raise LinkUsed(USED)
                return act(challenge)
        except LinkUsed as error:  # its end is on record, and was said
            return page(_status(error), "Used already", error.sentence)
        except EgressError as error:
            said = plain(error_text(error, reference))
            return self._failed(challenge, error, said, is_taken=is_taken)

    def _failed(self, challenge: Challenge | None, error: EgressError, said: str, *, is_taken: bool) -> ApiResponse:
        """What is on record, and where that is nothing, what went wrong.

        An error that came with the approval's commit or after it says that nobody knows: here it was read back.
        """
        try:
            if challenge is not None and not give_up(self._ctx, challenge, error, is_taken=is_taken):
                return page(HTTPStatus.OK, "Confirmed", RECORDED)
        except EgressError as second:
            log.warning("refusal_not_recorded", act="confirm", error=str(second))
            if is_taken:
                return page(
                    _status(error), "Not known", f"{said} Look at the card: it shows whether this was approved."
                )
        known = read_back(error) if isinstance(error, CommitUnknown) else said
        return page(_status(error), "Not approved", f"{known} {NOTHING}")

    def _sent_out(self, keys: LinkKeys, _challenge: Challenge) -> ApiResponse:
        url = self._provider.sign_in_url(keys)
        is_secure = self._ctx.config.step_up.redirect_uri.startswith("https:")
        name, kept = _cookie(keys.id, is_secure=is_secure), int(VALID_FOR.total_seconds())
        cookie = f"{name}={keys.ticket}; Path=/; Max-Age={kept}; HttpOnly; SameSite=Lax{'; Secure' * is_secure}"
        headers = {"Location": url, "Set-Cookie": cookie}
        return page(HTTPStatus.SEE_OTHER, "Sign in", "Go on to the identity provider.", **headers)

    def _come_back(self, keys: LinkKeys, given: Mapping[str, str], reference: str, challenge: Challenge) -> ApiResponse:
        found = self._provider.identify(keys, _code(given), given.get("iss"))
        decision = replace(challenge.decision, confirmed=confirm(self._ctx, challenge, found))
        done = carried_out(self._ctx, confirming(challenge, reference), decision)
        return page(HTTPStatus.OK, "Confirmed", f"{plain(done)} You can close this page.")


def _elsewhere(_challenge: Challenge) -> ApiResponse:
    """Whoever knows no more than the state, which the provider and its logs know too, ends nothing."""
    log.warning("sign_in_in_another_browser")
    said = "The sign-in began in another browser: open the link where you are signed in. Nothing was approved."
    return page(HTTPStatus.FORBIDDEN, "Not approved", said)


def carried_out(ctx: Context, caller: Caller, decision: Decision) -> str:
    """Decide what was kept, with every check that the click had; what was done, as Slack would say it.

    Raises:
        EgressError: It is not possible any more; nothing was decided.
    """
    if decision.is_together:
        return batches.told(ctx, caller, "approve", allowances.decide_together(ctx, caller, decision)).text
    made = scaling.approve_smaller(ctx, caller, decision) if decision.typed else decide(ctx, caller, decision)
    return lists.decided(made, ctx.clock.now(), ctx.config.dry_run).text


def plain(text: str) -> str:
    """Slack's text without its markup."""
    return _EMOJI.sub("", without_markup(text))[:LONGEST_TEXT]


def page(status: int, title: str, said: str, **headers: str) -> ApiResponse:
    """A page that says one thing."""
    body = f"<h1>{escape(title)}</h1>{''.join(f'<p>{escape(line)}</p>' for line in said.splitlines())}"
    text = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style><main>{body}</main></html>\n"
    )
    return ApiResponse(status, text, "text/html; charset=utf-8", {**HEADERS, **headers})


def _status(error: EgressError) -> HTTPStatus:
    if isinstance(error, UserError):
        return HTTPStatus.FORBIDDEN
    if isinstance(error, Conflict):
        return HTTPStatus.CONFLICT
    return HTTPStatus.SERVICE_UNAVAILABLE if isinstance(error, Unavailable) else HTTPStatus.INTERNAL_SERVER_ERROR


def _query(asked: Mapping[str, Any]) -> Mapping[str, str]:
    """The fields of the answer; nothing of one that gives a field twice, which no provider does."""
    try:
        pairs = parse_qsl(str(asked.get("QUERY_STRING", "")), errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError:
        return {}
    return dict(pairs) if len(dict(pairs)) == len(pairs) else {}


def _cookie(own: str, *, is_secure: bool) -> str:
    """The name of a link's cookie: with the prefix, no other host of the domain can set it.

    Source: https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Set-Cookie#cookie_prefixes, read 2026-11.
    """
    return f"{'__Host-' * is_secure}step-up-{own[:16]}"


def _keys(asked: Mapping[str, Any], own: str, state: str) -> LinkKeys | None:
    """The keys in the browser's cookie; None where it has none that belong to the state."""
    pairs = (part.strip().partition("=") for part in str(asked.get("HTTP_COOKIE", "")).split(";"))
    names = {_cookie(own, is_secure=True), _cookie(own, is_secure=False)}
    tickets = [ticket for name, _, ticket in pairs if name in names and _TICKET.fullmatch(ticket)]
    fitting = (LinkKeys(ticket) for ticket in tickets)
    return next((keys for keys in fitting if hmac.compare_digest(keys.state.encode(), state.encode())), None)


def _code(given: Mapping[str, str]) -> str:
    """The authorisation code.

    Source: RFC 6749, section 4.1.2, and OpenID Connect Core, section 3.1.2.6, read 2026-11.

    Raises:
        NotConfirmed: The person declined, or the provider refused.
        IdentityProviderUnreachable: It could not answer.
    """
    error = given.get("error", "")
    if error == "access_denied":
        raise NotConfirmed("You declined to sign in.")
    if error in ("server_error", "temporarily_unavailable"):
        raise IdentityProviderUnreachable("The identity provider cannot answer now.")
    if error or not given.get("code"):
        raise NotConfirmed(f"The identity provider refused the sign-in ({error[:80] or 'it sent no code'}).")
    return given["code"]
