"""Sends approvers the card as a direct message when the channel cannot be reached."""

import structlog

from bot.approvals import deciders
from bot.domain.allowance import Allowance
from bot.domain.scale_proposal import Scale
from bot.errors import UserError
from bot.ports import Notice, NoticeKind, Transaction
from bot.reconciler.run import Run

log = structlog.get_logger(__name__)


def draw_fallback_cards(run: Run) -> None:
    """Send the card of every undecided request that nobody can see to each person who could decide it."""
    with run.ctx.store.read() as tx:
        hidden = [_facts(tx, notice.subject) for notice in tx.outbox.unseen_cards()]
    for facts in hidden:
        if facts is not None and facts.is_waiting(run.now):
            _draw_for_deciders(run, facts)


def _draw_for_deciders(run: Run, facts: Allowance | Scale) -> None:
    people = deciders(run.ctx, facts.verdict, *facts.askers)
    if people is None:
        log.warning("deciders_unknown", subject=facts.id)
        return
    with run.write() as uow:
        lost = uow.tx.outbox.lost_cards(facts.id)
        for person in (one for one in people if one.user not in lost):
            uow.tx.outbox.add(Notice(NoticeKind.CARD, facts.id, person.user))


def _facts(tx: Transaction, subject: str) -> Allowance | Scale | None:
    rows = tx.scales if subject.startswith("s") else tx.allowances
    try:
        return rows.get(subject)
    except UserError:
        return None
