"""Applies the current approval policy to everything that is waiting for a decision."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from typing import TypeVar

import structlog

from bot import approvals
from bot.allowances import ALLOWANCES
from bot.approvals import Review, Workflow, circumstances
from bot.domain.allowance import Allowance, Status, status
from bot.domain.approval import escalate
from bot.domain.egress import ClusterEgress, ClusterRef
from bot.domain.grouping import grouped
from bot.domain.people import Identity
from bot.domain.scale_proposal import Scale, ScaleStatus, scale_status
from bot.errors import StaleVersion, Unavailable
from bot.ports import Context
from bot.reconciler.run import Run
from bot.scaling import SCALES

log = structlog.get_logger(__name__)
T = TypeVar("T")
One = TypeVar("One", Allowance, Scale)


Groups = Callable[[Identity], frozenset[str] | None]
"""The groups of a requester that the policy asks for; None where they could not be read."""


@dataclass(frozen=True, slots=True)
class Grounds:
    """What the verdict about a waiting request rests on, besides the configuration, which is read at start.

    Args:
        cluster: As it was last read, with its tags; None where it was not.
        groups: See ``Groups``.
        is_escalated: Whether further people are to be asked by now.
    """

    cluster: ClusterRef | None
    groups: frozenset[str] | None
    is_escalated: bool


class PolicyReview:
    """The reviews of one process: a request that came out as it was is weighed again once its grounds differ."""

    def __init__(self) -> None:
        self._unchanged: dict[str, tuple[Allowance, Grounds]] = {}

    def run(self, run: Run, rows: Iterable[Allowance]) -> bool:
        """Re-evaluate what waits and store the outcome; Slack is called before the transaction.

        Returns:
            Whether there was anything to store.
        """
        ctx, now = run.ctx, run.now
        waiting = [row for row in rows if status(row, now) is Status.WAITING]
        with ctx.store.read() as tx:
            scales = [scale for scale in tx.scales.find() if scale_status(scale, now) is ScaleStatus.WAITING]
            known = {egress.ref.id: egress for egress in tx.snapshots.all()} if waiting or scales else {}
        groups: Groups = cache(lambda who: circumstances(ctx, who, now, None).requester_groups)
        reviews = [_asked(partial(self._weigh, ctx, row, known.get(row.scope.cluster_id), groups)) for row in waiting]
        changes = [
            _asked(partial(approvals.review, ctx, one, known.get(one.plan.cluster_id), SCALES)) for one in scales
        ]
        self._unchanged = {row.id: self._unchanged[row.id] for row in waiting if row.id in self._unchanged}
        _keep(run, filter(None, reviews), ALLOWANCES)
        _keep(run, filter(None, changes), SCALES)
        return any(reviews)

    def _weigh(
        self, ctx: Context, row: Allowance, egress: ClusterEgress | None, groups: Groups
    ) -> Review[Allowance] | None:
        """One request; None where nothing about it has changed, or could."""
        is_escalated = escalate(row, ctx.config.reminders, ctx.clock.now()) is not row
        grounds = Grounds(egress.ref if egress else None, groups(row.requester), is_escalated)
        before = self._unchanged.get(row.id)
        if before is not None and before[0] is row and before[1] == grounds:
            return None
        found = approvals.review(ctx, row, egress, ALLOWANCES)
        if found is None:
            self._unchanged[row.id] = (row, grounds)
        return found


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
