"""Reminds whoever has not decided, or not answered; from what is stored, so that no restart loses it."""

from dataclasses import dataclass, replace
from typing import Generic

from bot.approvals.deciders import deciders
from bot.approvals.workflow import One, Workflow
from bot.domain.approval import ApprovalRequest, Verdict, next_reminder, next_wait
from bot.domain.people import Identity
from bot.domain.work import WorkKind
from bot.ports import Context, NoticeEvent, UnitOfWork

MOST_REMINDED = 10
"""People who get a direct message; where more could decide, their groups are mentioned in the thread instead."""


@dataclass(frozen=True, slots=True)
class Reminder(Generic[One]):
    """A reminder that is due.

    Args:
        request: What waits.
        event: What people are reminded of.
        people: Who gets a direct message; empty where they are too many or could not be looked up.
    """

    request: One
    event: NoticeEvent
    people: tuple[Identity, ...]


def plan_wait(uow: UnitOfWork, one: ApprovalRequest) -> None:
    """Have the timers look when something happens next to a request that waits: after each step that somebody took."""
    if one.is_waiting(uow.now):
        following = next_wait(one, uow.ctx.config.reminders, uow.now)
        uow.tx.work.schedule(WorkKind.TIMERS, within=following - uow.now)


def to_remind(ctx: Context, verdict: Verdict, *others: Identity | None) -> tuple[Identity, ...]:
    """Who gets a direct message, without ``others``; nobody where they are too many or could not be looked up."""
    people = deciders(ctx, verdict, *others)
    return people if people and len(people) <= MOST_REMINDED else ()


def due_reminder(ctx: Context, one: One) -> Reminder[One] | None:
    """The reminder of a waiting request that is due, if any. Asks Slack, so it runs in no transaction."""
    now = ctx.clock.now()
    at = next_reminder(one, ctx.config.reminders, now) if one.is_waiting(now) else None
    if at is None or at > now:
        return None
    if one.open_questions:
        return Reminder(one, NoticeEvent.UNANSWERED, tuple(asker for asker in one.askers if asker))
    spoken = (given.by for given in one.approvals)
    asked = replace(one.verdict, asks=one.verdict.current(one.approvals))
    return Reminder(one, NoticeEvent.REMINDED, to_remind(ctx, asked, *one.askers, *spoken))


def remind(uow: UnitOfWork, due: Reminder[One], flow: Workflow[One]) -> None:
    """Owe the reminder.

    Raises:
        StaleVersion: Somebody took a step meanwhile.
    """
    saved = flow.rows(uow.tx).save(replace(due.request, reminded_at=uow.now), is_open=True)
    flow.record(uow, saved, flow.actions.remind, reason="")
    calls = {} if due.people else {"calls": "1"}  # where nobody is told directly, the thread calls their groups
    uow.notify(saved, due.event, due.people, **calls)
