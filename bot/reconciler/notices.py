"""Says to Slack what we owe it: at least once, in order, never in the way of anything else.

A notice is given up by age, never by the number of tries. What Slack does not take pauses its lane: everything while
Slack does not answer, a method or a channel while it is throttled, and what somebody has to heal until it is healed.
"""

from collections.abc import Sequence
from datetime import timedelta

import structlog

from bot.errors import EgressError, LeaseLost, SlackRefused, SlackThrottled, SlackUnreachable, StoreBusy, UserError
from bot.ports import Finish, Notice, NoticeKind, Notifier, Outbox
from bot.ports.lanes import EVERYTHING, alone, refused_lane, throttled_lane
from bot.ports.notices import LONGEST
from bot.reconciler.fallback_cards import draw_fallback_cards
from bot.reconciler.guard import guarded
from bot.reconciler.run import Run

log = structlog.get_logger(__name__)

BATCH = 20
"""Notices sent in one run."""

OUTAGE = timedelta(minutes=2)
"""The longest wait between two looks at a Slack that does not answer."""

HEALING = timedelta(minutes=10)
"""The longest wait between two looks at what somebody has to heal."""


def deliver(run: Run, notifier: Notifier) -> Finish:
    """Send what is due, one by one; what fails holds up its own lane only."""
    for _ in range(BATCH):
        with run.ctx.store.read() as tx:
            due = tx.outbox.due(limit=1)
            lanes = tx.outbox.lanes(due[0]) if due else ()
        if not due:
            break
        _send(run, notifier, due[0], lanes)
    draw_fallback_cards(run)
    with run.ctx.store.read() as tx:
        following = tx.outbox.next_due_in()
    return Finish(following, state=run.kept)


def _send(run: Run, notifier: Notifier, notice: Notice, lanes: Sequence[str]) -> None:
    """Deliver one notice and record the result."""
    run.require_time()
    ended = guarded(alone(notice), lambda: notifier.deliver(notice, run.now))
    match ended:
        case None:
            _mark_sent(run, notice, lanes)
        case SlackThrottled():
            with run.write() as uow:
                for lane in (throttled_lane(ended.method, notice), alone(notice)):  # it may not be in the lane
                    uow.tx.outbox.pause(lane, ended.retry_after or run.ctx.pace.busy)
        case SlackUnreachable():
            _wait_for_slack(run, notice, ended)
        case SlackRefused():
            _wait_for_people(run, notice, ended)
        case StoreBusy() | LeaseLost():
            raise ended
        case UserError():  # its subject no longer exists
            _give_up(run, notice, ended)
        case _:
            log.error("notice_not_rendered", kind=notice.kind, subject=notice.subject, error=str(ended))
            _hold(run, notice, alone(notice), "defect", HEALING)


def _mark_sent(run: Run, notice: Notice, lanes: Sequence[str]) -> None:
    try:
        with run.write() as uow:
            uow.tx.outbox.mark_sent(notice, lanes)
    except LeaseLost:
        _draw_again(run, notice)
        raise


def _draw_again(run: Run, notice: Notice) -> None:
    """Somebody else may have drawn a newer state before ours reached Slack: the newest has to come last."""
    if notice.kind is NoticeKind.CARD:
        with run.ctx.store.write() as tx:
            tx.outbox.add(notice)


def _wait_for_slack(run: Run, notice: Notice, error: SlackUnreachable) -> None:
    """Nothing is sent for a while, and this notice last: one that Slack chokes on never stops the others."""
    log.warning("notice_not_accepted", kind=notice.kind, subject=notice.subject, error=str(error))
    with run.write() as uow:
        outbox = uow.tx.outbox
        outbox.mark_failed(notice)
        for lane, most in ((EVERYTHING, OUTAGE), (alone(notice), HEALING)):
            factor = 2 if lane != EVERYTHING else 1
            outbox.pause(lane, factor * _doubled(run, outbox.failures(lane), most))
        _give_up_old(outbox)


def _wait_for_people(run: Run, notice: Notice, error: SlackRefused) -> None:
    """Keep and retry whatever somebody can heal; give up the rest immediately."""
    lane = refused_lane(error, notice)
    if lane is None:
        _give_up(run, notice, error)
        return
    log.warning("notice_kept_for_later", kind=notice.kind, subject=notice.subject, error=str(error))
    _hold(run, notice, lane, error.code or "unknown", HEALING)


def _hold(run: Run, notice: Notice, lane: str, code: str, most: timedelta) -> None:
    with run.write() as uow:
        uow.tx.outbox.mark_failed(notice)
        uow.tx.outbox.pause(lane, _doubled(run, uow.tx.outbox.failures(lane), most), code=code)
        _give_up_old(uow.tx.outbox)


def _give_up(run: Run, notice: Notice, error: EgressError) -> None:
    log.error("notice_given_up", kind=notice.kind, subject=notice.subject, to=notice.recipient, error=str(error))
    with run.write() as uow:
        uow.tx.outbox.give_up(notice, error.sentence)


def _give_up_old(outbox: Outbox) -> None:
    lost = outbox.give_up_old(age=LONGEST)
    if lost:
        log.error("notices_given_up", count=lost, after_days=LONGEST.days)


def _doubled(run: Run, failures: int, most: timedelta) -> timedelta:
    """The next wait in a lane: twice as long each time."""
    doubled: timedelta = run.ctx.pace.backoff * 2 ** min(failures, 10)
    return min(doubled, most / run.ctx.pace.divisor)
