"""Applies the current approval policy to everything that is waiting for a decision."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import TypeVar

import structlog

from bot import approvals
from bot.allowances import ALLOWANCES
from bot.approvals import Review, Workflow
from bot.domain.allowance import Allowance, Status, status
from bot.domain.grouping import grouped
from bot.domain.scale_proposal import Scale, ScaleStatus, scale_status
from bot.errors import StaleVersion, Unavailable
from bot.ports import AllowanceFilter
from bot.reconciler.run import Run
from bot.scaling import SCALES

log = structlog.get_logger(__name__)
T = TypeVar("T")
One = TypeVar("One", Allowance, Scale)


def review_pending(run: Run) -> None:
    """Re-evaluate every waiting request and proposal and store the outcome; Slack is called before the transaction."""
    now = run.now
    with run.ctx.store.read() as tx:
        rows = tx.allowances.find(AllowanceFilter(only_open=True))
        waiting = [row for row in rows if status(row, now) is Status.WAITING]
        scales = [scale for scale in tx.scales.find() if scale_status(scale, now) is ScaleStatus.WAITING]
        known = {egress.ref.id: egress for egress in tx.snapshots.all()} if waiting or scales else {}
    reviews = [
        _asked(partial(approvals.review, run.ctx, row, known.get(row.scope.cluster_id), ALLOWANCES)) for row in waiting
    ]
    changes = [
        _asked(partial(approvals.review, run.ctx, one, known.get(one.plan.cluster_id), SCALES)) for one in scales
    ]
    _keep(run, filter(None, reviews), ALLOWANCES)
    _keep(run, filter(None, changes), SCALES)


def _keep(run: Run, found: Iterable[Review[One]], flow: Workflow[One]) -> None:
    """What shares a card is said in one message."""
    for together in grouped((each.changed.card_id, each) for each in found).values():
        with suppress(StaleVersion), run.write() as uow:  # whoever was faster had it weighed at their click
            for each in together:
                approvals.keep(uow, each, flow)


def _asked(weigh: Callable[[], T | None]) -> T | None:
    """The outcome; none for now where Slack could not be asked: the click asks again."""
    try:
        return weigh()
    except Unavailable as error:
        log.warning("requests_not_reviewed", error=str(error))
        return None
