"""Sends approvers the card as a direct message when the channel cannot be reached."""

from collections.abc import Mapping, Sequence

import structlog

from bot.allowances import batch_of
from bot.approvals import deciders
from bot.domain.allowance import Allowance
from bot.domain.ids import is_scale_id
from bot.domain.scale_proposal import Scale
from bot.errors import UserError
from bot.ports import Notice, NoticeKind, Transaction
from bot.reconciler.run import Run

log = structlog.get_logger(__name__)


Hidden = Mapping[str, Sequence[Allowance | Scale]]
"""What is on each card that nobody can see, by the card's id."""


def hidden_cards(tx: Transaction) -> Hidden:
    """Find the cards that nobody can see."""
    return {notice.subject: _facts(tx, notice.subject) for notice in tx.outbox.unseen_cards()}


def draw_fallback_cards(run: Run, hidden: Hidden) -> None:
    """Send the card of every undecided request that nobody can see to each person who could decide it."""
    for card, facts in hidden.items():
        waiting = [one for one in facts if one.is_waiting(run.now)]
        if waiting:
            _draw_for_deciders(run, card, waiting)


def _draw_for_deciders(run: Run, card: str, waiting: Sequence[Allowance | Scale]) -> None:
    """Everybody who could decide one of those on the card."""
    asked = [deciders(run.ctx, one.verdict, *one.askers) for one in waiting]
    if None in asked:
        log.warning("deciders_unknown", subject=card)
    people = {person.user for known in asked if known for person in known}
    with run.write() as uow:
        for user in sorted(people - uow.tx.outbox.lost_cards(card)):
            uow.tx.outbox.add(Notice(NoticeKind.CARD, card, user))


def _facts(tx: Transaction, card: str) -> Sequence[Allowance | Scale]:
    """What a card is about."""
    try:
        if is_scale_id(card):
            return (tx.scales.get(card),)
        lead = tx.allowances.get(card)
    except UserError:
        return ()
    batch = batch_of(tx, lead)
    return batch.members if batch else (lead,)
