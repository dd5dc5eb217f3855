"""One allowance that Azure will not take must not hold up the others.

Azure refuses a whole rule collection group and does not always say for which rule. Then the allowances that were never
live are halved until the one that is refused stands alone: a handful of refused writes, which cost no update.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from bot.allowances import record
from bot.domain.allowance import Allowance, mark_failed
from bot.domain.audit import Action
from bot.errors import ArmRejected, StaleVersion
from bot.reconciler.run import Run

ABOUT_THE_GROUP = ("priority", "limit", "exceed", "quota", "maximum", "size")
"""Words of refusals that are about the whole rule collection group or firewall: no allowance is to blame, an operator
has to act."""

SUSPECTS = "suspects"
"""Memo: ids that the next write leaves out, because one of them was refused."""


def set_aside(run: Run) -> frozenset[str]:
    """The allowances that are left out of this round's write."""
    return frozenset(run.memo.get(SUSPECTS, ()))


def forget_suspects(run: Run) -> None:
    """Let everybody take part again."""
    run.memo.pop(SUSPECTS, None)


@contextmanager
def hold_back(run: Run, written: Sequence[Allowance]) -> Iterator[None]:
    """Around a write: if Azure refuses it, find out which new allowance it is.

    Raises:
        StaleVersion: The write was refused and somebody was set aside: try again at once without them.
        ArmRejected: Nothing new is in the write, so that it is not an allowance that is refused.
    """
    try:
        yield
    except ArmRejected as error:
        fresh = [allowance for allowance in written if allowance.live_at is None]
        if not fresh or _is_about_the_group(error, fresh):
            raise
        _isolate(run, fresh, error)
        raise StaleVersion("Azure refused a write; the next one leaves out what may be the cause.") from error
    forget_suspects(run)


def _is_about_the_group(error: ArmRejected, fresh: Sequence[Allowance]) -> bool:
    words = f"{error.code} {error.sentence}".lower()
    return not any(allowance.id in words for allowance in fresh) and any(word in words for word in ABOUT_THE_GROUP)


def _isolate(run: Run, fresh: list[Allowance], error: ArmRejected) -> None:
    named = [allowance for allowance in fresh if allowance.id in error.sentence]
    suspects = named or fresh
    if len(suspects) == 1:
        _fail(run, suspects[0], error)
        return
    kept = suspects[: len(suspects) // 2]
    run.memo[SUSPECTS] = sorted(set_aside(run) | {allowance.id for allowance in suspects if allowance not in kept})
    with run.write() as desk:
        desk.audit(run.event(Action.FIREWALL_FAIL, run.claim.key, reason=error.sentence, code=error.code or ""))


def _fail(run: Run, allowance: Allowance, error: ArmRejected) -> None:
    why = f"Azure refuses it: {error.sentence}"
    run.memo[SUSPECTS] = []
    with run.write() as desk:
        current = desk.tx.allowances.get(allowance.id)
        saved = desk.tx.allowances.save(mark_failed(current, why), is_open=True)
        record(desk, saved, Action.ALLOWANCE_FAIL, reason=why)
        desk.tell(saved.id, saved.requester, "failed")
