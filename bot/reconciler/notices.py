"""Says to Slack and to webhooks what we owe them: at least once, in order, never in the way of anything else.

A notice is given up by age, never by the number of tries. What is not taken pauses its lane: everything for Slack while
Slack does not answer, a method or a channel while it is throttled, a webhook while its receiver does not answer, and
what somebody has to heal until it is healed.
"""

from collections.abc import Callable, Collection
from datetime import timedelta
from math import inf
from time import monotonic

import structlog

from bot.errors import (
    EgressError,
    HookRefused,
    HookUnreachable,
    LeaseLost,
    SlackRefused,
    SlackThrottled,
    SlackUnreachable,
    StoreBusy,
    Unavailable,
    UserError,
)
from bot.inventory.partner_news import report_untold
from bot.ports import Finish, Notice, NoticeKind, Notifier, Outbox
from bot.ports.lanes import EVERYTHING, alone, refused_lane, throttled_lane
from bot.ports.notices import LONGEST
from bot.reconciler.fallback_cards import draw_fallback_cards, hidden_cards
from bot.reconciler.guard import guarded
from bot.reconciler.run import Run

log = structlog.get_logger(__name__)

BATCH = 20
"""Notices sent in one run."""

BURST = 20
"""Messages that begin without waiting once nothing was sent for as many turns."""

OUTAGE = timedelta(minutes=2)
"""The longest wait between two looks at a Slack, or a webhook's receiver, that does not answer."""

HEALING = timedelta(minutes=10)
"""The longest wait between two looks at what somebody has to heal."""


class Spacing:
    """Keeps what one process sends apart once a burst has gone out, however much is owed.

    Args:
        apart: The time from the beginning of a message to that of the next.
        wait: Waits that many seconds.
    """

    def __init__(self, apart: timedelta, wait: Callable[[float], object]) -> None:
        self._apart_s = apart.total_seconds()
        self._wait = wait
        self._next = -inf

    def take_turn(self) -> None:
        """Wait until the next message may begin."""
        now = monotonic()
        if now < self._next:
            self._wait(self._next - now)
        self._next = max(now - (BURST - 1) * self._apart_s, self._next) + self._apart_s


def deliver(run: Run, notifier: Notifier, spacing: Spacing) -> Finish:
    """Send what is due, one by one; what fails holds up its own lane only."""
    left = BATCH
    while left:
        with run.ctx.store.read() as tx:
            due = tx.outbox.due(limit=left)
            lanes = tx.outbox.lanes(due)
        if not due:
            break
        for read in due:
            left -= 1
            spacing.take_turn()
            notice = _as_owed(run, read)
            if notice is not None and not _send(run, notifier, notice, lanes.get(notice.id, ())):
                break  # its lane is paused now: what else goes through it has to wait
    with run.ctx.store.read() as tx:
        hidden, following = hidden_cards(tx), tx.outbox.next_due_in() if left else timedelta()
    draw_fallback_cards(run, hidden)
    return Finish(following, state=run.kept)


def _as_owed(run: Run, read: Notice) -> Notice | None:
    """While others of the batch were sent, an outcome may have taken the place of its words."""
    with run.ctx.store.read() as tx:
        return tx.outbox.as_owed(read)


def _send(run: Run, notifier: Notifier, notice: Notice, lanes: Collection[str]) -> bool:
    """Deliver one notice and record the result; whether it was sent."""
    run.require_time()
    ended = guarded(alone(notice), lambda: notifier.deliver(notice, run.now))
    match ended:
        case None:
            _mark_sent(run, notice, lanes)
        case SlackThrottled() | SlackUnreachable() | HookUnreachable():
            _wait_for_answer(run, notice, ended)
        case SlackRefused() | HookRefused():
            _wait_for_people(run, notice, ended)
        case StoreBusy() | LeaseLost():
            raise ended
        case UserError():  # its subject no longer exists
            _give_up(run, notice, ended)
        case _:
            log.error("notice_not_rendered", kind=notice.kind, subject=notice.subject, error=str(ended))
            _hold(run, notice, alone(notice), "defect", HEALING)
    return ended is None


def _mark_sent(run: Run, notice: Notice, lanes: Collection[str]) -> None:
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


def _wait_for_answer(run: Run, notice: Notice, error: SlackThrottled | SlackUnreachable | HookUnreachable) -> None:
    if isinstance(error, SlackThrottled):
        with run.write() as uow:
            for lane in (throttled_lane(error.method, notice), alone(notice)):  # it may not be in the lane
                uow.tx.outbox.pause(lane, error.retry_after or run.ctx.pace.busy)
    else:
        _pause_reader(run, notice, error, EVERYTHING if isinstance(error, SlackUnreachable) else notice.recipient)


def _pause_reader(run: Run, notice: Notice, error: Unavailable, everything: str) -> None:
    """Nothing is sent there for a while, and this notice last: one that chokes its reader never stops the others.

    Args:
        run: The run.
        notice: What was not taken.
        error: The answer, or that there was none.
        everything: The lane of all that goes to the same reader.
    """
    log.warning("notice_not_accepted", kind=notice.kind, subject=notice.subject, error=str(error))
    with run.write() as uow:
        outbox = uow.tx.outbox
        outbox.mark_failed(notice)
        for lane, most in ((everything, OUTAGE), (alone(notice), HEALING)):
            factor = 2 if lane != everything else 1
            wait = factor * _doubled(run, outbox.failures(lane), most)
            outbox.pause(lane, max(wait, error.retry_after or timedelta()))
        _give_up_old(outbox)


def _wait_for_people(run: Run, notice: Notice, error: SlackRefused | HookRefused) -> None:
    """Keep and retry whatever somebody can heal; give up the rest immediately."""
    lane = notice.recipient if isinstance(error, HookRefused) else refused_lane(error, notice)
    if lane is None:
        _give_up(run, notice, error)
        return
    log.warning("notice_kept_for_later", kind=notice.kind, subject=notice.subject, error=str(error))
    if lane in (notice.recipient, alone(notice)):
        _report_once(run, notice, lane, f"{error.sentence} The bot goes on trying; until then, tell them yourself.")
    _hold(run, notice, lane, error.code or "unknown", HEALING)


def _report_once(run: Run, notice: Notice, lane: str, why: str) -> None:
    with run.write() as uow:
        if not uow.tx.outbox.failures(lane):
            report_untold(uow, notice, why)


def _hold(run: Run, notice: Notice, lane: str, code: str, most: timedelta) -> None:
    with run.write() as uow:
        uow.tx.outbox.mark_failed(notice)
        uow.tx.outbox.pause(lane, _doubled(run, uow.tx.outbox.failures(lane), most), code=code)
        _give_up_old(uow.tx.outbox)


def _give_up(run: Run, notice: Notice, error: EgressError) -> None:
    log.error("notice_given_up", kind=notice.kind, subject=notice.subject, to=notice.recipient, error=str(error))
    with run.write() as uow:
        report_untold(uow, notice, f"{error.sentence} Tell them yourself.")
        uow.tx.outbox.give_up(notice, error.sentence)


def _give_up_old(outbox: Outbox) -> None:
    lost = outbox.give_up_old(age=LONGEST)
    if lost:
        log.error("notices_given_up", count=lost, after_days=LONGEST.days)


def _doubled(run: Run, failures: int, most: timedelta) -> timedelta:
    """The next wait in a lane: twice as long each time."""
    doubled: timedelta = run.ctx.pace.backoff * 2 ** min(failures, 10)
    return min(doubled, most / run.ctx.pace.divisor)
