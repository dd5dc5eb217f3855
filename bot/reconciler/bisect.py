"""One allowance that Azure will not take must not hold up the others.

Azure refuses a whole rule collection group and does not always say for which rule. Then the allowances that were never
live are halved until the refused one is isolated: a handful of refused writes, which cost no update. Who was approved
first is tried first, so that nobody is overtaken for ever by those who are approved meanwhile.
"""

from collections.abc import Sequence
from functools import partial

from bot.allowances import record
from bot.domain.allowance import Allowance
from bot.domain.audit import Action
from bot.domain.network_rules import proxy_is_off
from bot.domain.target import Target
from bot.domain.write_results import mark_failed
from bot.errors import ArmRejected, EgressError
from bot.ports import NoticeEvent, UnitOfWork
from bot.reconciler.pieces import write_in_pieces
from bot.reconciler.run import Run

ABOUT_THE_GROUP = ("priority", "limit", "exceed", "quota", "maximum", "size")
"""Words of refusals that are about the whole rule collection group or firewall: no allowance is to blame, an operator
has to act."""


def hold_back(run: Run, written: Sequence[Allowance], error: EgressError) -> bool:
    """After a refused write: find out which new allowance it is. True if the next write goes without somebody."""
    fresh = sorted((each for each in written if each.live_at is None), key=lambda each: (each.approved_at, each.id))
    if not isinstance(error, ArmRejected) or not fresh or _is_about_the_group(error, fresh):
        return False
    _isolate(run, fresh, error)
    return True


def _is_about_the_group(error: ArmRejected, fresh: Sequence[Allowance]) -> bool:
    words = f"{error.code} {error.sentence}".lower()
    return not any(allowance.id in words for allowance in fresh) and any(word in words for word in ABOUT_THE_GROUP)


def _isolate(run: Run, fresh: list[Allowance], error: ArmRejected) -> None:
    named = [allowance for allowance in fresh if allowance.id in error.sentence]
    suspects = named or fresh
    if len(suspects) > 1:
        run.state = run.state.quarantine([allowance.id for allowance in suspects[len(suspects) // 2 :]])
        return
    run.state = run.state.end_quarantine()
    fail(run, suspects, f"Azure refuses it: {error.sentence}")


def fail(run: Run, allowances: Sequence[Allowance], why: str) -> None:
    """Mark allowances as failed: they can never be live in the current state, and the bot does not retry."""
    write_in_pieces(run, ((row, partial(_fail, allowance_id=row.id, why=why)) for row in allowances))


def _fail(uow: UnitOfWork, allowance_id: str, why: str) -> None:
    saved = uow.tx.allowances.save(mark_failed(uow.tx.allowances.get(allowance_id), why), is_open=True)
    record(uow, saved, Action.ALLOWANCE_FAIL, reason=why)
    uow.tell(saved, NoticeEvent.FAILED)


def fail_unresolved(run: Run, target: Target, unresolved: Sequence[Allowance]) -> bool:
    """Fail what was never live and needs the DNS proxy, which is off. True if there was something."""
    fresh = [allowance for allowance in unresolved if allowance.live_at is None]
    if fresh:
        fail(run, fresh, proxy_is_off(target))
    return bool(fresh)
