"""Reminds people of what waits for them; Slack is asked who they are before each transaction."""

from contextlib import suppress
from typing import TypeVar

from bot.allowances import ALLOWANCES, due_review
from bot.approvals import Reminder, Workflow, due_reminder, remind
from bot.domain.allowance import Allowance
from bot.domain.scale_proposal import Scale
from bot.errors import StaleVersion
from bot.ports import AllowanceFilter
from bot.reconciler.run import Run
from bot.scaling import SCALES

One = TypeVar("One", Allowance, Scale)


def remind_pending(run: Run) -> None:
    """Owe every reminder that is due."""
    with run.ctx.store.read() as tx:
        allowances, scales = tx.allowances.find(AllowanceFilter(only_open=True)), tx.scales.find()
    for allowance in allowances:
        _remind(run, due_reminder(run.ctx, allowance) or due_review(run.ctx, allowance), ALLOWANCES)
    for scale in scales:
        _remind(run, due_reminder(run.ctx, scale), SCALES)


def _remind(run: Run, due: Reminder[One] | None, flow: Workflow[One]) -> None:
    if due is not None:
        with suppress(StaleVersion), run.write() as uow:  # somebody took a step meanwhile: the wait begins again
            remind(uow, due, flow)
