"""The parts that cards and news of allowances and scale proposals share: people decide on both the same way."""

from collections.abc import Mapping

from bot.domain.approval import ApprovalRequest, Verdict, VerdictKind
from bot.domain.configuration import Configuration
from bot.domain.phrases import counted
from bot.ports import NoticeEvent
from handlers.blocks.block_kit import (
    code,
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
        *_questions(request),
        *_ending(request, taken_back),
    ]


MOST_QUESTIONS = 3
"""Questions on a card; the thread has them all."""


def _questions(request: ApprovalRequest) -> list[Block]:
    earlier = len(request.questions) - MOST_QUESTIONS
    blocks = [context(f"{counted(earlier, 'earlier question')} in the thread.")] if earlier > 0 else []
    for one in request.questions[-MOST_QUESTIONS:]:
        blocks += [context(f"{person(one.by.user)} asked {when(one.at)}:"), small_plain(one.text)]
        if one.answer is not None:
            answered = f"{person(one.answer.by.user)} answered {when(one.answer.at)}:"
            blocks += [context(answered), small_plain(one.answer.reason)]
        else:
            blocks.append(context("Waiting for the answer: reply in the thread, or use *Answer…*."))
    return blocks


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
        "needs": needs(request.verdict, request.approvals),
        "called": called(request.verdict, request.approvals, config),
        "asked": asked(request.verdict, request.approvals, config),
        "calls": f" {asked(_open_verdict(request), request.approvals, config)}" if body.get("calls") else "",
        "ender": person(ending.by.user) if ending else "the bot",
        "failure": escape(request.failure or ""),
        "lapses": when(request.lapses_at),
        "owner": person(request.owner.user),
        "answerer": _answerer(request),
        "inquirer": person(request.questions[-1].by.user) if request.questions else "An approver",
        "what": escape(body.get("what", "")),
    }


def _open_verdict(request: ApprovalRequest) -> Verdict:
    return request.verdict.review if request.verdict.reviewers else request.verdict


def _answerer(request: ApprovalRequest) -> str:
    """Whoever answered the last question: the requester, or who filed it for them."""
    answer = request.questions[-1].answer if request.questions else None
    return person((answer.by if answer else request.requester).user)


def given_reason(request: ApprovalRequest, event: str) -> list[Block]:
    """What somebody said, where the news is just that: a reason, a question or an answer."""
    ending, last = request.ending, request.questions[-1] if request.questions else None
    if last and event == NoticeEvent.ASKED:
        return [said(last.text)]
    if last and last.answer and event == NoticeEvent.ANSWERED:
        return [said(last.answer.reason)]
    return [said(ending.reason)] if ending and ending.reason and event in _IN_WORDS else []


def in_full(subject: str) -> str:
    """Where the rest of a card, or of news, is."""
    return f"{code(f'/egress requests {subject}')} shows it in full, {code(f'/egress audit {subject}')} its story."
