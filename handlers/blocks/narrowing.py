"""Describes what an approver removed from a request."""

from collections.abc import Mapping

from handlers.blocks.block_kit import code, context, escape, fold, said
from handlers.replies import Block


def narrowing_blocks(body: Mapping[str, str]) -> list[Block]:
    """Say what was removed, what replaces it, and why; empty if nothing was.

    Args:
        body: Of the notice: ``cut`` and ``instead`` (destinations, separated by blanks), ``duration``, ``why``.
    """
    named = (("*Approved in part.* Not approved", "cut"), ("Replaced by", "instead"))
    lines = [f"{words}: {_hosts(body[name])}." for words, name in named if body.get(name)]
    lines += [f"For {escape(body['duration'])}, shorter than requested."] if body.get("duration") else []
    if not lines:
        return []
    lines.append("Earlier approvals do not count for the reduced request.")
    why = body.get("why", "")
    return [*(context(line) for line in lines), *([said(f"Why: {why}")] if why else [])]


def smaller_step_blocks(body: Mapping[str, str], goal: str) -> list[Block]:
    """Say that a smaller step was approved than was proposed, and why; empty if it was not.

    Args:
        body: Of the notice: ``proposed`` (what it would have become), ``why``.
        goal: What it becomes now.
    """
    if not body.get("proposed"):
        return []
    why = body.get("why", "")
    return [
        context(f"*Approved in part.* To {escape(goal)}; proposed: {escape(body['proposed'])}."),
        context("Earlier approvals do not count for the smaller step."),
        *([said(f"Why: {why}")] if why else []),
    ]


def _hosts(text: str) -> str:
    return fold([code(host) for host in text.split()], 2500, joint=", ", rest="its card shows what is left")
