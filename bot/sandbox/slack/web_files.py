"""files.*: the upload in three steps.

Source (read 2026-11): https://docs.slack.dev/messaging/working-with-files.
"""

from collections.abc import Mapping
from typing import Any

from bot.sandbox.slack.content import decoded
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.files import File
from bot.sandbox.slack.messages import Content
from bot.sandbox.slack.method import Args, Body, Method
from bot.sandbox.slack.workspace import SlackWorkspace


def _upload_url(workspace: SlackWorkspace, args: Args) -> Body:
    if not str(args["length"]).isdigit() or int(args["length"]) == 0:
        raise SlackError("invalid_arguments")
    has_alt_txt = bool(args.get("alt_txt"))
    file = workspace.files.reserve(str(args["filename"]), int(args["length"]), loses_share=has_alt_txt)
    return {"upload_url": f"{workspace.base_url}/upload/{file.id}", "file_id": file.id}


def _complete(workspace: SlackWorkspace, args: Args) -> Body:
    items = _listed(decoded(args["files"], "invalid_arguments"))
    targets = [part for part in str(args.get("channel_id") or args.get("channels") or "").split(",") if part]
    channels = [workspace.directory.target(target).id for target in targets]
    first = channels[0] if channels else None
    shared = [workspace.files.complete(item["id"], title=item.get("title"), channel=first) for item in items]
    for channel in channels if not any(file.loses_share for file in shared) else ():
        _share(workspace, args, channel, shared)
    return {"files": [file.wire(workspace.base_url) for file in shared]}


def _listed(given: Any) -> list[dict[str, Any]]:
    if not (isinstance(given, list) and given and all(isinstance(each, dict) and each.get("id") for each in given)):
        raise SlackError("invalid_arguments")
    return given


def _share(workspace: SlackWorkspace, args: Args, channel: str, shared: list[File]) -> None:
    ids = tuple(file.id for file in shared)
    text = str(args.get("initial_comment") or "")
    workspace.messages.post(channel, Content(text, thread_ts=args.get("thread_ts") or None, files=ids))


def _info(workspace: SlackWorkspace, args: Args) -> Body:
    file = workspace.files.get(args["file"])
    shown = file.wire(workspace.base_url, is_ready=workspace.files.is_ready(file))
    return {"file": shown, "comments": [], "paging": {"count": 100, "total": 0, "page": 1, "pages": 0}}


def _list(workspace: SlackWorkspace, args: Args) -> Body:
    wanted = args.get("channel") or None
    shared = [file for file in workspace.files.shared() if wanted is None or file.channel == wanted]
    files = [file.wire(workspace.base_url) for file in shared]
    return {"files": files, "paging": {"count": 100, "total": len(files), "page": 1, "pages": 1}}


def _delete(workspace: SlackWorkspace, args: Args) -> Body:
    workspace.files.delete(args["file"])
    return {}


_WRITE = ("files:write",)
METHODS: Mapping[str, Method] = {
    "files.getUploadURLExternal": Method(_upload_url, _WRITE, ("filename", "length")),
    "files.completeUploadExternal": Method(_complete, _WRITE, ("files",)),
    "files.info": Method(_info, ("files:read",), ("file",)),
    "files.list": Method(_list, ("files:read",)),
    "files.delete": Method(_delete, _WRITE, ("file",)),
}
"""Methods about files."""
