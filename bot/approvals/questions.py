"""Talking before a decision: an approver asks, whoever requested answers, and both are on record."""

from dataclasses import dataclass

from bot.approvals.absences import holder_among
from bot.approvals.reasons import require_reason
from bot.approvals.reminders import plan_wait
from bot.approvals.workflow import One, Workflow
from bot.domain.access import require_approver, require_member
from bot.domain.allowance import Act
from bot.domain.approval import Ending, Question, inquire, require_not_filer, require_same, respond
from bot.domain.ids import canonical_id
from bot.errors import NotPermitted
from bot.ports import Caller, Context, NoticeEvent, UnitOfWork


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A question, or the answer to those that are open.

    Args:
        subject: Id of the allowance or scale proposal.
        text: In somebody's own words.
        seen: The digest on the card that was clicked; None where there was none.
    """

    subject: str
    text: str
    seen: str | None = None


def ask_question(ctx: Context, caller: Caller, inquiry: Inquiry, flow: Workflow[One]) -> One:
    """Ask whoever requested something before deciding; only those who may decide it do.

    Raises:
        NotPermitted: Somebody who may not decide it.
        MembershipUnknown: Slack could not be asked; nothing was changed.
        AlreadyDecided, StaleView: It is not waiting any more, is another one, or they asked the very same already.
        InvalidInput: No question, or one that is too long.
    """
    asked, subject = require_reason(inquiry.text, "Write your question"), canonical_id(inquiry.subject)
    with ctx.store.read() as tx:
        verdict = flow.rows(tx).get(subject).verdict
    who = holder_among(ctx, caller, verdict)
    with ctx.store.write() as tx:
        uow, one = UnitOfWork(ctx, tx, caller), flow.rows(tx).get(subject)
        flow.require_waiting(one, Act.ASK, uow.now)
        require_approver(one.verdict, who, one.requester)
        require_not_filer(one, who.identity)
        if inquiry.seen is not None:
            require_same(one, inquiry.seen)
        question = Question(caller.identity, uow.now, asked, held=ctx.config.durations.lapse_after)
        saved = flow.rows(tx).save(inquire(one, question), is_open=True)
        flow.record(uow, saved, flow.actions.ask, reason=asked)
        plan_wait(uow, saved)
        uow.notify(saved, NoticeEvent.ASKED, filter(None, saved.askers))
    return saved


def answer_question(ctx: Context, caller: Caller, inquiry: Inquiry, flow: Workflow[One]) -> One:
    """Answer every open question about one's own request.

    Raises:
        NotPermitted: Somebody else's request.
        AlreadyDecided: It is not waiting any more, or no question is open.
        InvalidInput: No answer, or one that is too long.
    """
    require_member(ctx.config, caller.identity)
    said = require_reason(inquiry.text, "Write your answer")
    with ctx.store.write() as tx:
        uow, one = UnitOfWork(ctx, tx, caller), flow.rows(tx).get(canonical_id(inquiry.subject))
        if caller.identity not in one.askers:
            raise NotPermitted(f"Only the requester of {one.id} answers questions about it.")
        flow.require_waiting(one, Act.ASK, uow.now)
        saved = flow.rows(tx).save(respond(one, Ending(caller.identity, uow.now, said)), is_open=True)
        flow.record(uow, saved, flow.actions.answer, reason=said)
        plan_wait(uow, saved)
        curious = {question.by for question in one.open_questions}
        uow.notify(saved, NoticeEvent.ANSWERED, curious - {caller.identity})
    return saved
