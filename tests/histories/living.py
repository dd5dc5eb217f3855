"""What must hold at the end of a life's history."""

from bot.domain.allowance import Allowance, Status, status
from bot.domain.audit import Action
from bot.domain.break_glass import ReviewOutcome
from bot.domain.chain import verify
from bot.domain.rule_rendering import rules_of
from tests.histories.checks import check_puts, check_writes, names_of
from tests.histories.heard import check_cards, check_told_once
from tests.histories.stage import Stage
from tests.histories.witness import Seen, Witness

YES = frozenset({Action.ALLOWANCE_GRANT, Action.ALLOWANCE_BREAK_GLASS, Action.ALLOWANCE_APPROVE})


def check_life(stage: Stage, witness: Witness) -> None:
    """Everything that must hold once all is well again.

    Raises:
        AssertionError: Something does not.
    """
    with stage.store.read() as tx:
        chain = tx.audit.chain(after=0, limit=100_000)
        end = verify(tx.audit.records(after=0, limit=100_000))
        assert (end.seq, end.hash) == tx.audit.head()
    story, rows = witness.seen, list(witness.rows.values())
    approved = {one.after.id for one in story if _is_yes(one)}
    revoked = {one.after.id for one in story if _is_no(one)}
    for row in rows:
        _check_row(row, stage, is_approved=row.id in approved, is_revoked=row.id in revoked)
    _check_open(rows, stage, approved - revoked)
    check_writes([one.event for one in chain], stage.arm.state()["operations"])
    check_puts(stage)
    check_cards(stage, rows)
    check_told_once(stage, story)


def _is_yes(seen: Seen) -> bool:
    return seen.event is not None and seen.event.action in YES and seen.after.approved_at is not None


def _is_no(seen: Seen) -> bool:
    if seen.event is None:
        return False
    outcome = dict(seen.event.detail).get("review")
    is_review = seen.event.action is Action.ALLOWANCE_REVIEW and outcome == ReviewOutcome.REVOKE
    return is_review or seen.event.action is Action.ALLOWANCE_REVOKE


def _check_row(row: Allowance, stage: Stage, *, is_approved: bool, is_revoked: bool) -> None:
    """The row is what people did, and what was approved came to be."""
    state = status(row, stage.clock.now())
    assert row.failure is None
    assert (row.approved_at is not None) is is_approved, row
    assert (row.revoked is not None) is is_revoked, row
    if is_approved and not is_revoked and row.closed is None:
        assert state in (Status.LIVE, Status.EXPIRING, Status.EXPIRED), state
    if row.applying_at is not None and state in (Status.EXPIRED, Status.REVOKED, Status.CLOSED):
        assert row.gone_at is not None, row


def _check_open(rows: list[Allowance], stage: Stage, approved: set[str]) -> None:
    """Open is exactly what was approved, was not ended, and has time left."""
    now = stage.clock.now()
    wanted = [row for row in rows if row.id in approved and row.closed is None]
    promised = [row for row in wanted if row.expires_at is None or now < row.expires_at]
    assert stage.our_rules() == {rule.name: names_of(rule) for row in promised for rule in rules_of(row)}
