"""The parts that cards and news of allowances and scale proposals share: people decide on both the same way."""

from collections.abc import Mapping

from bot.domain.approval import ApprovalRequest, VerdictKind
from bot.domain.configuration import Configuration
from bot.ports import NoticeEvent
from handlers.blocks.block_kit import (
    context,
    escape,
    fold,
    person,
    said,
    sentence,
    small_plain,
    value,
    when,
)
from handlers.blocks.deciders import approved_by, asked, called, decides, missing, needs
from handlers.replies import Block

_IN_WORDS = (NoticeEvent.DENIED, NoticeEvent.REVOKED, NoticeEvent.WITHDRAWN)
"""The events that a person gave a reason for."""


def approval_blocks(
    request: ApprovalRequest, config: Configuration, *, is_waiting: bool, taken_back: str
) -> list[Block]:
    """Show who decides and why, as long as that is open; who approved, and who ended it, in their own words.

    Args:
        request: The facts.
        config: Names people and user groups.
        is_waiting: Whether it is still to be decided.
        taken_back: The word for an ending other than a denial, for example ``Revoked``.
    """
    is_settled = request.verdict.kind is VerdictKind.ASK and not is_waiting
    return [
        *([] if is_settled else [context(fold(decides(request.verdict, config, is_open=is_waiting)))]),
        *approved_by(request.verdict, request.approvals),
        *_ending(request, taken_back),
    ]


def _ending(request: ApprovalRequest, taken_back: str) -> list[Block]:
    ending, word = request.ending, "Denied" if request.denied else taken_back
    if ending is None:
        return []
    why = [small_plain(f"Why: {ending.reason}")] if ending.reason else []
    return [context(f"{word} by {person(ending.by.user)} {when(ending.at)}."), *why]


def carried(request: ApprovalRequest) -> str:
    """The value of each button: the id, and the digest of the facts on its card."""
    return value(id=request.id, digest=request.digest)


def standing_facts(request: ApprovalRequest) -> dict[str, str]:
    """The facts that the sentence about the state may name."""
    return {
        "needs": sentence(needs(request.verdict, request.approvals)),
        "lapses": when(request.lapses_at),
        "failure": escape(request.failure or ""),
    }


def news_facts(request: ApprovalRequest, body: Mapping[str, str], config: Configuration) -> dict[str, str]:
    """The facts that the words of the news may name; ``body`` comes with the notice."""
    ending = request.ending
    return {
        "who": person(request.requester.user),
        "approver": person(request.approvals[-1].by.user if request.approvals else "-"),
        "missing": missing(request.verdict, request.approvals),
        "called": called(request.verdict, request.approvals, config),
        "asked": asked(request.verdict, request.approvals, config),
        "calls": f" {asked(request.verdict, request.approvals, config)}" if body.get("calls") else "",
        "ender": person(ending.by.user) if ending else "the bot",
        "failure": escape(request.failure or ""),
        "lapses": when(request.lapses_at),
        "what": escape(body.get("what", "")),
    }


def given_reason(request: ApprovalRequest, event: str) -> list[Block]:
    """The reason of whoever ended it, where the news is just that."""
    ending = request.ending
    return [said(ending.reason)] if ending and ending.reason and event in _IN_WORDS else []
