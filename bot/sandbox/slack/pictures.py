"""What a message may show: charts only where the workspace has them, files only once Slack has checked them.

Sources (read 2026-11): https://docs.slack.dev/changelog/2026/06/16 (charts came to workspaces one after the other),
https://docs.slack.dev/reference/block-kit/composition-objects/slack-file-object.
"""

from collections.abc import Iterator
from typing import Any

from bot.sandbox.slack.errors import Impossible, SlackError, refuse_problems
from bot.sandbox.slack.messages import Content
from bot.sandbox.slack.schema import Problem
from bot.sandbox.slack.workspace import SlackWorkspace

IMAGES = ("image/png", "image/jpeg", "image/gif")


def checked(workspace: SlackWorkspace, content: Content) -> Content:
    """The same content, if the workspace can show its charts and files.

    Raises:
        SlackError: ``invalid_blocks``.
    """
    refuse_problems("invalid_blocks", list(_problems(workspace, content.blocks)))
    return content


def _problems(workspace: SlackWorkspace, blocks: list[dict[str, Any]]) -> Iterator[Problem]:
    for at, block in enumerate(blocks):
        if block["type"] == "data_visualization" and not workspace.takes_charts:
            yield Problem(f"/blocks/{at}/type", "unsupported type: data_visualization")
        if block["type"] == "image" and "slack_file" in block and not _is_usable(workspace, block["slack_file"]):
            yield Problem(f"/blocks/{at}/slack_file", "invalid slack file")


def _is_usable(workspace: SlackWorkspace, named: dict[str, str]) -> bool:
    url = named.get("url", "")
    try:
        file = workspace.files.get(named.get("id") or (url.split("/files/")[-1].split("/")[0]))
    except SlackError:
        return False
    return workspace.files.is_ready(file) and file.mimetype in IMAGES


def change(workspace: SlackWorkspace, body: Any) -> dict[str, Any]:
    """Switch charts on or off, or say how long a file is checked, as the control route does.

    Raises:
        Impossible: If something else is asked.
    """
    given = body if isinstance(body, dict) else {}
    charts, seconds = given.get("charts", workspace.takes_charts), given.get("files_ready_after_s", 0)
    is_known = given and given.keys() <= {"charts", "files_ready_after_s"}
    if not is_known or not isinstance(charts, bool) or not isinstance(seconds, int | float):
        raise Impossible('Send {"charts": true or false} or {"files_ready_after_s": seconds}, or both.')
    workspace.takes_charts = charts
    if "files_ready_after_s" in given:
        workspace.files.ready_after_s = float(seconds)
    return {"charts": workspace.takes_charts, "files_ready_after_s": workspace.files.ready_after_s}
