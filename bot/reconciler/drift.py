"""Detects changes that others made to a target, announces them, and heals, adopts or leaves them as configured."""

from collections.abc import Callable, Mapping

from bot.allowances import record
from bot.domain.allowance import Allowance, is_wanted, revoke
from bot.domain.approval import Ending
from bot.domain.audit import Action
from bot.domain.drift import Drift, drift_of, taken_away
from bot.domain.ids import is_id
from bot.domain.people import SYSTEM
from bot.domain.rule_diff import ChangeKind
from bot.domain.rule_groups import group_name
from bot.domain.rule_rendering import allowance_id_from_rule
from bot.domain.write_results import mark_missing
from bot.measures import DRIFTS
from bot.ports import ChannelEvent, NoticeEvent, UnitOfWork
from bot.reconciler.observation import Observation, moved
from bot.reconciler.run import MOST_CARRIED, Run

NAMED = 5
"""Changed rules that are named in the channel; the audit event names more."""


def report_drift(run: Run, observation: Observation) -> bool:
    """Say what somebody changed in our part, once. True if something new was said: the next round acts on it."""
    configured = run.ctx.config.firewall.drift
    found = drift_of(observation.natural, observation.by_id, run.state, configured=configured, now=run.now)
    if found is None:
        return _report_priority(run, observation)
    run.state = run.state.verify(observation.plan.before).ignore_drift(found.left)
    if found.changes:
        _tell(run, observation, found)
    return bool(found.changes)


def _tell(run: Run, observation: Observation, found: Drift) -> None:
    changes, mode = found.changes, found.mode
    DRIFTS.labels(mode).inc()
    named = ", ".join(f"{change.rule} ({_SEEN[change.kind]})" for change in changes[:NAMED])
    more = f" and {len(changes) - NAMED} more" if len(changes) > NAMED else ""
    text = f"{_WHAT[mode == 'unknown'].format(observation.target.name)}: {named}{more}. {_NEXT[mode]}"
    plan = observation.natural
    run.state = run.state.alert()
    with run.write() as uow:
        facts = {"before": plan.before, "after": plan.after, **_named(found)}
        uow.audit(run.event(Action.FIREWALL_DRIFT, run.subject, reason=text, **facts))
        run.say(uow.tx, run.subject, ChannelEvent.UNKNOWN if mode == "unknown" else ChannelEvent.DRIFT, text)
        for allowance in _missing(run, observation, found):
            _MARKS[mode](uow, allowance)


def _named(found: Drift) -> dict[str, str]:
    """The allowances whose rules were changed, and how many they are."""
    named = {allowance_id_from_rule(change.rule) for change in found.changes}
    ids = sorted(one for one in named if is_id(one))
    return {"allowances": " ".join(ids[:MOST_CARRIED]), "carried": str(len(ids)) if ids else ""}


_WHAT = {
    False: "Someone changed the bot's rules in {} by hand",
    True: "The bot's rule collections in {} contain rules that are not in its database",
}

_SEEN = {ChangeKind.ADD: "removed", ChangeKind.ALTER: "altered", ChangeKind.REMOVE: "added"}
"""The acts of others, named by what the bot would have to do about them."""

_NEXT = {
    "heal": "The bot will correct them in its next update.",
    "adopt": "The bot treats removed rules as revoked and corrects the rest.",
    "report": "The bot leaves them unchanged because firewall.drift is set to report.",
    "unknown": "The bot leaves them unchanged. Remove them by hand, or give the bot the database they came from.",
}


def _missing(run: Run, observation: Observation, found: Drift) -> list[Allowance]:
    return [row for row in observation.rows if row.id in taken_away(found) and is_wanted(row, run.now)]


def _put_back(uow: UnitOfWork, allowance: Allowance) -> None:
    uow.tx.allowances.save(mark_missing(allowance, uow.now), is_open=True)
    uow.tell(allowance, NoticeEvent.MISSING)


def _leave_out(uow: UnitOfWork, allowance: Allowance) -> None:
    uow.tx.allowances.save(mark_missing(allowance, uow.now), is_open=True)
    uow.tell(allowance, NoticeEvent.LEFT_OUT)


def _take_as_revoked(uow: UnitOfWork, allowance: Allowance) -> None:
    why = "Someone removed its rule by hand."
    saved = uow.tx.allowances.save(revoke(allowance, Ending(SYSTEM, uow.now, why)), is_open=True)
    record(uow, saved, Action.ALLOWANCE_REVOKE, reason=why)
    uow.tell(saved, NoticeEvent.REVOKED)


_MARKS: Mapping[str, Callable[[UnitOfWork, Allowance], None]] = {
    "heal": _put_back,
    "adopt": _take_as_revoked,
    "report": _leave_out,
}
"""The reaction to a rule that was removed by hand, by configured mode."""


def _report_priority(run: Run, observation: Observation) -> bool:
    """Our groups were moved to another place in the order: put back, unless drift is to be left alone."""
    found = moved(observation.seen, run.state)
    news = {n: (was, is_) for n, (was, is_) in found.items() if is_ != run.state.priorities_of(n).reported}
    if not news:
        return False
    is_healed = run.ctx.config.firewall.drift == "heal"
    for number, (_, is_) in news.items():
        run.state = run.state.report_priority(number, is_, is_kept=not is_healed)
    if is_healed:
        run.state = run.state.alert()
    text = f"{_moved(run, observation, news)} {'The bot moves it back.' if is_healed else 'The bot leaves it there.'}"
    with run.write() as uow:
        uow.audit(run.event(Action.FIREWALL_DRIFT, run.subject, reason=text))
        run.say(uow.tx, run.subject, ChannelEvent.DRIFT, text)
    return True


def _moved(run: Run, observation: Observation, news: Mapping[int, tuple[int, int | None]]) -> str:
    """The groups and their priorities, a sentence for each."""
    first, target = run.ctx.config.firewall.group, observation.target.name
    named = ((group_name(first, number), was, is_) for number, (was, is_) in sorted(news.items()))
    return " ".join(
        f"The priority of our rule collection group {name} in {target} was {was} and is {is_}."
        for name, was, is_ in named
    )


def report_foreign(run: Run, observation: Observation) -> None:
    """After a write: what is not ours must be what it was before. If it is not, somebody wrote beside us; say so."""
    before = run.state.foreign_digest
    run.state = run.state.compare_foreign()
    if before is None or before == observation.seen.group(run.state.written_group or 1).foreign:
        return
    text = f"Something outside the bot's rules changed in {observation.target.name} during its update. Check it."
    with run.write() as uow:
        uow.audit(run.event(Action.FIREWALL_DRIFT, run.subject, reason=text))
        run.say(uow.tx, run.subject, ChannelEvent.FOREIGN, text)


def report_strangers(run: Run, observation: Observation) -> None:
    """A group is named like ours, and somebody else's rules are in it, perhaps those of a second bot."""
    found = observation.seen.strangers
    news, run.state = set(found) - set(run.state.strange_groups), run.state.report_strangers(found)
    if not news:
        return
    first, target = run.ctx.config.firewall.group, observation.target.name
    names = ", ".join(group_name(first, number) for number in sorted(news))
    text = (
        f"{names} in {target} is named like a rule collection group of the bot but is not in its database. {_STRANGE}"
    )
    with run.write() as uow:
        uow.audit(run.event(Action.FIREWALL_DRIFT, run.subject, reason=text))
        run.say(uow.tx, run.subject, ChannelEvent.UNKNOWN, text)


_STRANGE = "The bot leaves it unchanged. If another bot writes it, give that bot a group with another name."


def report_draft(run: Run, observation: Observation) -> None:
    """Somebody has a draft of the policy: deploying it would drop what was written after it was begun."""
    draft = observation.seen.draft
    if draft == run.state.draft:
        return
    name = observation.target.name
    text = _DRAFT_SEEN.format(name) if draft else _DRAFT_GONE.format(name)
    run.state = run.state.report_draft(draft)
    with run.write() as uow:
        uow.audit(run.event(Action.FIREWALL_DRAFT, run.subject, reason=text, draft=draft or ""))
        run.say(uow.tx, run.subject, ChannelEvent.DRAFT if draft else ChannelEvent.DRAFT_GONE, text)


_DRAFT_SEEN = (
    "{0} has a draft. Deploying it drops every rule written since the draft was created; the bot would "
    "then write its own rules again."
)
_DRAFT_GONE = (
    "The draft of {0} is gone: deployed or discarded. The bot checks its rules and writes any that are missing."
)
