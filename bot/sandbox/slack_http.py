"""The simulated workspace over HTTP: Web API, uploads, response URLs, Socket Mode and the control routes."""

import asyncio
import json
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from bot.sandbox.slack import Impossible, People, Press, SlackError, SlackWorkspace, WebApi, fault_from_json
from bot.sandbox.slack.answers import use_response_url
from bot.sandbox.slack.manifest import shown
from bot.sandbox.slack.multipart import parts_of
from bot.sandbox.slack.pictures import change

PEOPLE_AT_ONCE = 128
"""Control calls that may wait for their ack at the same time."""

GONE = frozenset({"used_url", "expired_url", "invalid_url"})
"""Errors of a response URL that come as 404."""


def slack_routes(workspace: SlackWorkspace) -> list[BaseRoute]:
    """Everything that Slack itself would serve."""
    served = _Vendor(workspace)
    return [
        Route("/api/{method:path}", served.api, methods=["GET", "POST"]),
        Route("/upload/{file_id}", served.upload, methods=["POST", "PUT"]),
        Route("/files/{file_id}/{name:path}", served.download),
        Route("/respond/{key}", served.respond, methods=["POST"]),
        WebSocketRoute("/link/", served.link),
    ]


class _Vendor:
    def __init__(self, workspace: SlackWorkspace) -> None:
        self._slack = workspace
        self._api = WebApi(workspace)

    async def api(self, request: Request) -> Response:
        args = await _arguments(request)
        token = _bearer(request) or args.get("token")
        method = request.path_params["method"]
        fault = self._slack.faults.for_method(method)
        await asyncio.sleep(fault.delay_s if fault else 0)
        answer = self._api.call(method, args, token, fault)
        if answer.wait_s:
            await asyncio.sleep(answer.wait_s)
        return JSONResponse(answer.body, answer.status, answer.headers)

    async def upload(self, request: Request) -> Response:
        content = await _uploaded(request)
        try:
            self._slack.files.upload(request.path_params["file_id"], content)
        except SlackError as refused:
            return Response(refused.code, 400)
        return Response(f"OK - {len(content)}")

    async def download(self, request: Request) -> Response:
        try:
            file = self._slack.files.get(request.path_params["file_id"])
        except SlackError as refused:
            return Response(refused.code, 404)
        if file.mimetype.startswith("image/"):
            return Response(file.content or b"", media_type=file.mimetype)
        headers = {"Content-Disposition": f'attachment; filename="{file.name}"'}
        return Response(file.content or b"", media_type="text/plain; charset=utf-8", headers=headers)

    async def respond(self, request: Request) -> Response:
        fault = self._slack.faults.for_method("response_url")
        await asyncio.sleep(fault.latency_s + fault.delay_s if fault else 0)
        if fault is not None and fault.is_refusal:
            headers = {} if fault.retry_after_s is None else {"Retry-After": f"{fault.retry_after_s:g}"}
            body = {"ok": False, "error": fault.error or "internal_error"}
            return JSONResponse(body, fault.status or 200, headers)
        try:
            with self._slack.lock:
                use_response_url(self._slack, request.path_params["key"], _json(await request.body()))
        except SlackError as refused:
            status = 404 if refused.code in GONE else 200
            return JSONResponse({"ok": False, "error": refused.code} | refused.fields, status)
        return JSONResponse({"ok": True})

    async def link(self, websocket: WebSocket) -> None:
        await websocket.accept()
        socket = _LoopSocket(websocket)
        if not self._slack.sockets.join(websocket.query_params.get("ticket", ""), socket):
            socket.close()
        try:
            while True:
                self._slack.sockets.receive(socket, await websocket.receive_text())
        except (WebSocketDisconnect, RuntimeError):
            self._slack.sockets.leave(socket)


class _LoopSocket:
    """Lets any thread send on a WebSocket that lives in an event loop."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket
        self._loop = asyncio.get_running_loop()

    def send(self, text: str) -> "Future[None]":
        return asyncio.run_coroutine_threadsafe(self._written(text), self._loop)

    async def _written(self, text: str) -> None:
        try:
            await self._websocket.send_text(text)
        except (WebSocketDisconnect, RuntimeError) as error:
            raise ConnectionError("The socket is closed.") from error

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._websocket.close(), self._loop)


def _bearer(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


async def _arguments(request: Request) -> dict[str, Any]:
    args: dict[str, Any] = dict(request.query_params)
    raw = await request.body()
    fields = parts_of(request.headers.get("content-type", ""), raw)
    if fields:
        return args | {field.name: field.content.decode("utf-8", "replace") for field in fields}
    if "json" in request.headers.get("content-type", ""):
        body = _json(raw)
        return args | (body if isinstance(body, dict) else {})
    return args | dict(parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True))


async def _uploaded(request: Request) -> bytes:
    """The file that was posted, by itself or as a field of a form."""
    raw = await request.body()
    parts = parts_of(request.headers.get("content-type", ""), raw)
    return next((part.content for part in parts if part.is_file), raw)


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw or b"{}")
    except ValueError:
        return None


Act = Callable[[People, Mapping[str, Any]], dict[str, Any]]


def _press(body: Mapping[str, Any]) -> Press:
    given = body["selected"] if body.get("selected") is not None else body.get("value")
    names = ("block_id", "channel", "message_ts", "view_id")
    where = {name: body.get(name) for name in names}
    if (where["view_id"] is None) == (where["message_ts"] is None):
        raise Impossible("An action happens on a message (channel and message_ts) or in a view (view_id).")
    return Press(body["action_id"], **where, given=given, query=str(body.get("query", body.get("value")) or ""))


def _values(body: Mapping[str, Any]) -> dict[str, Any]:
    values = body.get("values") or {}
    if not isinstance(values, dict) or not all(isinstance(actions, dict) for actions in values.values()):
        raise Impossible('values is {block_id: {action_id: value}}, such as {"reason": {"reason": "billing"}}.')
    return values


ACTS: Mapping[str, Act] = {
    "command": lambda people, b: people.command(b["user"], b["channel"], str(b.get("text", "")), b.get("command")),
    "message": lambda people, b: people.say(b["user"], b["channel"], str(b["text"]), b),
    "shortcut": lambda people, b: people.shortcut(b["user"], b["callback_id"], b.get("channel"), b.get("message_ts")),
    "action": lambda people, b: people.action(b["user"], _press(b)),
    "options": lambda people, b: people.options(b["user"], _press(b)),
    "submit": lambda people, b: people.submit(b["user"], b["view_id"], _values(b)),
    "close": lambda people, b: people.close(b["user"], b["view_id"], is_cleared=bool(b.get("is_cleared"))),
    "people": lambda people, b: people.change(b["user"], b),
    "home": lambda people, b: people.home(b["user"]),
}
"""The acts of a person, by the last part of the control route."""


def slack_control_routes(workspace: SlackWorkspace, *, is_open: bool = True) -> list[BaseRoute]:
    """The routes under ``/_sandbox/slack`` that tests and the page drive the workspace with.

    Args:
        workspace: What they drive.
        is_open: Whether another application may be put in the place of the installed one.
    """
    driven = _Control(workspace, is_open=is_open)
    return [
        Route("/_sandbox/slack", driven.snapshot),
        Route("/_sandbox/slack/fault", driven.fault, methods=["POST"]),
        Route("/_sandbox/slack/fault", driven.forget_faults, methods=["DELETE"]),
        Route("/_sandbox/slack/limits", driven.limits, methods=["POST"]),
        Route("/_sandbox/slack/app", driven.app, methods=["POST"]),
        Route("/_sandbox/slack/secrets", driven.secrets, methods=["POST"]),
        Route("/_sandbox/slack/pictures", driven.pictures, methods=["POST"]),
        Route("/_sandbox/slack/{act}", driven.act, methods=["POST"]),
    ]


class _Control:
    def __init__(self, workspace: SlackWorkspace, *, is_open: bool) -> None:
        self._slack = workspace
        self._is_open = is_open
        self._people = People(workspace)
        self._pool = ThreadPoolExecutor(PEOPLE_AT_ONCE, thread_name_prefix="slack-person")

    async def snapshot(self, _request: Request) -> Response:
        return JSONResponse(self._slack.snapshot())

    async def act(self, request: Request) -> Response:
        name = request.path_params["act"]
        if name not in ACTS:
            return refusal(f"Nobody can {name} here; people can {', '.join(ACTS)}.", 404)
        body = _json(await request.body())
        if not isinstance(body, dict):
            return refusal("The body must be a JSON object.")
        try:
            act = ACTS[name]
            answer = await asyncio.get_running_loop().run_in_executor(self._pool, act, self._people, body)
        except KeyError as missing:
            return refusal(f"{name} needs {missing.args[0]}.")
        except (Impossible, SlackError) as impossible:
            return refusal(str(impossible))
        return JSONResponse(answer)

    async def app(self, request: Request) -> Response:
        body = _json(await request.body())
        if not self._is_open:
            return refusal("The sandbox's own bot is installed here: start it with --no-bot to register another one.")
        if not isinstance(body, dict) or not isinstance(body.get("manifest"), dict):
            return refusal('Send {"manifest": {…}} and, for HTTP, "request_url" where the manifest has none.')
        try:
            return JSONResponse(shown(self._slack.install(body["manifest"], body.get("request_url"))))
        except SlackError as refused:
            return JSONResponse({"error": str(refused)} | refused.fields, 400)

    async def secrets(self, _request: Request) -> Response:
        return JSONResponse(shown(self._slack.renew_secrets()))

    async def pictures(self, request: Request) -> Response:
        try:
            return JSONResponse(change(self._slack, _json(await request.body())))
        except Impossible as impossible:
            return refusal(str(impossible))

    async def forget_faults(self, _request: Request) -> Response:
        self._slack.faults.clear()
        return JSONResponse({"ok": True})

    async def limits(self, request: Request) -> Response:
        body = _json(await request.body())
        if not isinstance(body, dict) or not isinstance(body.get("on"), bool):
            return refusal('Send {"on": true} or {"on": false}.')
        self._slack.limits.switch(is_on=body["on"])
        return JSONResponse({"ok": True})

    async def fault(self, request: Request) -> Response:
        body = _json(await request.body())
        try:
            fault = fault_from_json(body if isinstance(body, dict) else {})
        except Impossible as impossible:
            return refusal(str(impossible))
        if fault.disconnect and not fault.delivery:
            self._slack.courier.transport.disconnect(is_hard=fault.disconnect == "hard")
        else:
            self._slack.faults.add(fault)
        return JSONResponse({"ok": True})


def refusal(sentence: str, status: int = 400) -> Response:
    """A control route's refusal."""
    return JSONResponse({"error": sentence}, status)
