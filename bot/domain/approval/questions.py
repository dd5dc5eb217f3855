"""Questions before a decision: while one is open, the request waits for its answer and does not lapse for it."""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.approval.request import Ending, One, Question
from bot.domain.people import Identity
from bot.errors import AlreadyDecided


def inquire(request: One, question: Question) -> One:
    """Add a question; the first one that is open puts the lapse off by what it says in ``held``.

    A requester who never answers is a request that lapses, later.

    Raises:
        AlreadyDecided: The same person has asked the very same, and it is open: a form that was sent twice asks once.
    """
    if any((one.by, one.text) == (question.by, question.text) for one in request.open_questions):
        raise AlreadyDecided(f"You already asked this about {request.id}, and it is not answered yet.")
    asked = replace(question, held=timedelta()) if request.open_questions else question
    return replace(request, questions=(*request.questions, asked), lapses_at=request.lapses_at + asked.held)


def respond(request: One, answer: Ending) -> One:
    """Answer every open question; what is left of the time for a decision is what was left at the question.

    Raises:
        AlreadyDecided: There is none.
    """
    if not request.open_questions:
        raise AlreadyDecided(f"No question about {request.id} is open; nothing was changed.")
    first = request.open_questions[0]
    waited = answer.at - first.at
    answered = (replace(one, answer=one.answer or answer) for one in request.questions)
    lapses_at = request.lapses_at - first.held + waited
    return replace(request, questions=tuple(answered), paused=request.paused + waited, lapses_at=lapses_at)


def restart(request: One, who: Identity, now: datetime, lapse_after: timedelta) -> One:
    """A changed request as it begins anew: nobody has approved it, and an edit answers what was asked."""
    answer = Ending(who, now, "Changed the request.")
    return replace(
        request,
        questions=tuple(replace(one, answer=one.answer or answer) for one in request.questions),
        approvals=(),
        edited_at=now,
        lapses_at=now + lapse_after,
        reminded_at=None,
        escalated_at=None,
        paused=timedelta(),
    )
