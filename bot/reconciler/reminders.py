"""Reminds people of what waits for them; Slack is asked who they are before each transaction."""

from collections.abc import Iterable
from contextlib import suppress
from typing import TypeVar

from bot.allowances import ALLOWANCES, due_review
from bot.approvals import Reminder, Workflow, due_reminder, remind
from bot.domain.allowance import Allowance
from bot.domain.grouping import grouped
from bot.domain.scale_proposal import Scale
from bot.errors import StaleVersion
from bot.reconciler.run import Run
from bot.scaling import SCALES

One = TypeVar("One", Allowance, Scale)


def remind_pending(run: Run, rows: Iterable[Allowance]) -> bool:
    """Owe every reminder that is due; whether there was any for an allowance."""
    with run.ctx.store.read() as tx:
        scales = tx.scales.find()
    found = [due for one in rows if (due := due_reminder(run.ctx, one) or due_review(run.ctx, one)) is not None]
    _remind(run, found, ALLOWANCES)
    _remind(run, (due_reminder(run.ctx, one) for one in scales), SCALES)
    return bool(found)


def _remind(run: Run, found: Iterable[Reminder[One] | None], flow: Workflow[One]) -> None:
    """What shares a card is said in one message."""
    by_card = grouped((due.request.card_id, due) for due in found if due is not None)
    for together in by_card.values():
        with suppress(StaleVersion), run.write() as uow:  # somebody took a step meanwhile: the wait begins again
            for due in together:
                remind(uow, due, flow)
