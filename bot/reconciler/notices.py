"""Says to Slack what we owe it: at least once, in order, never in the way of anything else."""

import logging
from datetime import timedelta

from bot.errors import SlackRefused, SlackThrottled, SlackUnreachable, StaleVersion
from bot.ports import Finish, Notice, Notifier
from bot.reconciler.run import Run

log = logging.getLogger(__name__)

BATCH = 20
"""Notices sent between two looks at the lease."""

MAX_ATTEMPTS = 12
"""Tries before a notice is given up: with doubling waits about a day."""


def deliver(run: Run, notifier: Notifier) -> Finish:
    """Send what is due; what fails waits by itself and does not hold up other subjects."""
    with run.ctx.store.read() as tx:
        due = tx.outbox.due(limit=BATCH)
    waiting: set[str] = set()
    for notice in due:
        if notice.subject in waiting:
            _postpone(run, notice, "waits for an earlier notice about the same", run.ctx.pace.backoff)
        elif not _send(run, notifier, notice):
            waiting.add(notice.subject)
    with run.ctx.store.read() as tx:
        following = tx.outbox.next_due_in()
    return Finish(following, memo=run.memo)


def _send(run: Run, notifier: Notifier, notice: Notice) -> bool:
    try:
        notifier.deliver(notice, run.now)
    except SlackThrottled as error:
        _postpone(run, notice, error.sentence, error.retry_after or run.ctx.pace.busy)
        return False
    except (SlackUnreachable, StaleVersion) as error:
        _postpone(run, notice, error.sentence, run.ctx.pace.backoff * 2 ** min(notice.attempts, 10))
        return False
    except SlackRefused as error:
        log.warning("a notice was refused by Slack: %s %s: %s", notice.kind, notice.subject, error)
        _postpone(run, notice, error.sentence, None)
        return True
    with run.write() as desk:
        desk.tx.outbox.mark_sent(notice)
    return True


def _postpone(run: Run, notice: Notice, why: str, wait: timedelta | None) -> None:
    is_over = notice.attempts + 1 >= MAX_ATTEMPTS
    with run.write() as desk:
        desk.tx.outbox.mark_failed(notice, why, retry_in=None if is_over else wait)
