"""What an approver took out of a request, as the news of it say."""

from collections.abc import Mapping

from handlers.blocks.kit import code, context, escape, fold, said
from handlers.replies import Block


def less_blocks(body: Mapping[str, str]) -> list[Block]:
    """What was cut, what stands in its place, and why; nothing where nothing was.

    Args:
        body: Of the notice: ``cut`` and ``instead`` (destinations, separated by blanks), ``duration``, ``why``.
    """
    named = (("*Less than was asked.* Not approved", "cut"), ("In its place", "instead"))
    lines = [f"{words}: {_hosts(body[name])}." for words, name in named if body.get(name)]
    lines += [f"For {escape(body['duration'])}, which is shorter than asked."] if body.get("duration") else []
    if not lines:
        return []
    lines.append("Approvals of what was asked before do not count for this.")
    why = body.get("why", "")
    return [*(context(line) for line in lines), *([said(f"Why: {why}")] if why else [])]


def _hosts(text: str) -> str:
    return fold([code(host) for host in text.split()], 2500, joint=", ")
