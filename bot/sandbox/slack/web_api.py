"""Slack's Web API: one table of methods, checked for token, scope and arguments before they run.

Sources (read 2026-11): https://docs.slack.dev/reference/methods, https://docs.slack.dev/reference/scopes.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.sandbox.slack import web_chat, web_directory, web_files, web_history, web_views
from bot.sandbox.slack.directory import ENTERPRISE_ID
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.faults import Fault
from bot.sandbox.slack.installation import APP_ID, BOT_ID, BOT_USER_ID, TEAM_DOMAIN, TEAM_ID
from bot.sandbox.slack.method import Args, Body, Method
from bot.sandbox.slack.record import Call
from bot.sandbox.slack.workspace import SlackWorkspace


def _auth_test(workspace: SlackWorkspace, _args: Args) -> Body:
    return {
        "url": f"{workspace.base_url}/",
        "team": "Sandbox",
        "user": workspace.installation.bot_name,
        "team_id": TEAM_ID,
        "user_id": BOT_USER_ID,
        "bot_id": BOT_ID,
        "app_id": APP_ID,
        "team_domain": TEAM_DOMAIN,
        "is_enterprise_install": False,
    } | ({"enterprise_id": ENTERPRISE_ID} if workspace.directory.is_in_organisation else {})


def _api_test(_workspace: SlackWorkspace, args: Args) -> Body:
    if args.get("error"):
        raise SlackError(str(args["error"]))
    return {"args": dict(args)}


def _open_connection(workspace: SlackWorkspace, _args: Args) -> Body:
    if workspace.installation.delivery != "socket":
        raise SlackError("socket_mode_not_enabled")
    host = workspace.base_url.replace("http", "ws", 1)
    return {"url": f"{host}/link/?ticket={workspace.sockets.issue_ticket()}&app_id={APP_ID}"}


METHODS: Mapping[str, Method] = {
    "api.test": Method(_api_test, token="none"),
    "auth.test": Method(_auth_test),
    "apps.connections.open": Method(_open_connection, token="app"),
    **web_chat.METHODS,
    **web_directory.METHODS,
    **web_views.METHODS,
    **web_files.METHODS,
    **web_history.METHODS,
}
"""All methods that this workspace answers; others are ``unknown_method``."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer of the Web API.

    Args:
        headers: Further headers, such as ``Retry-After``.
        wait_s: How long to wait before answering, because of a fault.
    """

    body: Body
    status: int = 200
    headers: Mapping[str, str] | None = None
    wait_s: float = 0.0


class WebApi:
    """Answers the bot's calls and records them.

    Args:
        workspace: What the calls act on.
    """

    def __init__(self, workspace: SlackWorkspace) -> None:
        self._slack = workspace

    def call(self, name: str, args: Args, token: str | None, fault: Fault | None = None) -> Answer:
        """Answer one call, with the fault that hits it; never raises for what the bot did wrong."""
        throttled_s = self._slack.limits.retry_after_s(name, args)
        if throttled_s:
            fault = Fault(method=name, status=429, retry_after_s=throttled_s)
        if fault is not None and fault.is_refusal:
            status = fault.status or 200
            code = fault.error or ("ratelimited" if status == 429 else "internal_error")
            headers = {} if fault.retry_after_s is None else {"Retry-After": f"{fault.retry_after_s:g}"}
            answer = Answer({"ok": False, "error": code}, status, headers, fault.latency_s)
        else:
            wait_s = 0.0 if fault is None else fault.latency_s
            answer = Answer(self._carried_out(name, args, token), headers=self._scopes(), wait_s=wait_s)
        self._slack.record.add_call(Call(name, answer.body["ok"], answer.body.get("error")))
        return answer

    def _carried_out(self, name: str, args: Args, token: str | None) -> Body:
        try:
            method = self._method(name, token)
            method.check(args)
            with self._slack.lock:
                return {"ok": True} | method.run(self._slack, args)
        except SlackError as refused:
            return {"ok": False, "error": refused.code} | refused.fields

    def _method(self, name: str, token: str | None) -> Method:
        method = METHODS.get(name)
        if method is None:
            raise SlackError("unknown_method", req_method=name)
        self._check_token(method, token)
        granted = self._slack.installation.scopes
        if method.scopes and not set(method.scopes) & granted:
            raise SlackError("missing_scope", needed=",".join(method.scopes), provided=",".join(sorted(granted)))
        return method

    def _check_token(self, method: Method, token: str | None) -> None:
        if method.token == "none":
            return
        if not token:
            raise SlackError("not_authed")
        known = {"bot": self._slack.installation.bot_token, "app": self._slack.installation.app_token}
        if token not in known.values():
            raise SlackError("invalid_auth")
        if token != known[method.token]:
            raise SlackError("not_allowed_token_type")

    def _scopes(self) -> dict[str, str]:
        return {"X-OAuth-Scopes": ",".join(sorted(self._slack.installation.scopes))}
