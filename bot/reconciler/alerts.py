"""Reports what blocks work: once in the channel, on the cards of waiting requests, and in the audit log."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from bot.domain.allowance import is_wanted
from bot.domain.audit import Action
from bot.domain.target import target_from_key
from bot.domain.work import WorkKind
from bot.errors import EgressError
from bot.ports import AllowanceFilter, ChannelEvent, UnitOfWork
from bot.reconciler.run import Run

FAILS: Mapping[WorkKind, Action] = {WorkKind.RULES: Action.FIREWALL_FAIL, WorkKind.SCALE: Action.SCALE_FAIL}
"""The audit action for stuck work; other work is not in the audit log."""

STUCK: Mapping[WorkKind, ChannelEvent] = {
    WorkKind.RULES: ChannelEvent.STUCK,
    WorkKind.SCALE: ChannelEvent.STUCK_SCALE,
    WorkKind.FLEET: ChannelEvent.UNREAD,
    WorkKind.ENDPOINTS: ChannelEvent.UNREAD,
}
"""The channel event for stuck work."""

LONG = timedelta(minutes=20)
"""How long an update may take before people hear that it is unusual: four times what Azure says it takes at the most.

Source: https://learn.microsoft.com/azure/firewall/firewall-faq, “three to five minutes on average”, read 2026-11.
"""


def alert(run: Run, error: EgressError) -> None:
    """An error that waiting alone does not end."""
    code = getattr(error, "code", None) or ""
    with run.write() as uow:
        if not _is_news(run, error):
            return
        run.say(uow.tx, run.subject, STUCK.get(run.claim.kind, ChannelEvent.BROKEN), error.sentence)
        action = FAILS.get(run.claim.kind)
        if action is not None:
            failures = str(run.failures)
            uow.audit(run.event(action, run.subject, reason=error.sentence, code=code, failures=failures))
        _redraw(run, uow)


def _is_news(run: Run, error: EgressError) -> bool:
    """Whether it has to be said; where it cannot be read what was said, whoever calls counts the failures."""
    if run.kept is None:
        return True
    is_known = run.state.last_message == error.sentence
    run.state = run.state.stall(error.sentence)
    if not is_known:
        run.state = run.state.say(error.sentence).alert()
    return not is_known


def warn_if_long(run: Run, since: datetime, what: str) -> None:
    """Report an update, the bot's or another party's, that takes longer than it should.

    Args:
        run: The run that looks.
        since: When it began, as far as is known.
        what: What Azure has been doing; how long is added.
    """
    text = f"{what} for more than {round(LONG.total_seconds() / 60)} minutes; the bot goes on waiting."
    if run.now - since < run.paced(LONG) or run.state.problem == text:
        return
    run.state = run.state.stall(text).alert()
    with run.write() as uow:
        run.say_once(uow.tx, run.subject, ChannelEvent.SLOW, text)
        _redraw(run, uow)


def _redraw(run: Run, uow: UnitOfWork) -> None:
    """The cards of everybody who waits for this target show what is wrong."""
    if run.claim.kind is not WorkKind.RULES:
        return
    target = target_from_key(run.claim.key)
    for row in uow.tx.allowances.find(AllowanceFilter(target=target, only_open=True)):
        if is_wanted(row, uow.now) and row.live_at is None:
            uow.draw(row)
