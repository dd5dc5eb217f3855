"""Checks of what people see and hear: no card lies; each outcome is told once to everybody whose outcome it is."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from bot.domain.allowance import Allowance
from bot.domain.approval import Quorum
from bot.domain.audit import Action
from bot.domain.people import SYSTEM, Identity
from bot.ports import NoticeEvent
from bot.ports.notice_levels import NoticeLevel
from bot.ports.notices import PROGRESS
from handlers.blocks.allowance_card import allowance_card
from handlers.blocks.estimate import Waiting
from handlers.replies import Block
from tests.histories.stage import Stage
from tests.histories.witness import Seen

Who = frozenset[Identity]


def check_cards(stage: Stage, rows: Iterable[Allowance]) -> None:
    """Every card says what the database says, and offers what is possible now."""
    for row in rows:
        _check_card(stage, row)


def _check_card(stage: Stage, row: Allowance) -> None:
    channel, now = stage.ctx.config.channel, stage.clock.now()
    with stage.store.read() as tx:
        ts = tx.outbox.card(row.id, channel)
    assert ts is not None, f"{row.id} has no card."
    shown = stage.slack.messages.get(channel, ts)
    meant = allowance_card(row, stage.ctx.config, now, Waiting())
    assert shown.text == meant.text, f"{row.id}: the card lies: {shown.text!r}, not {meant.text!r}"
    assert _buttons(shown.blocks) == _buttons(meant.blocks), f"{row.id}: the card offers what is not possible."


def _buttons(blocks: Iterable[Block]) -> list[tuple[str, str]]:
    rows = (block["elements"] for block in blocks if block["type"] == "actions")
    return [(each["action_id"], each["value"]) for row in rows for each in row]


# Who hears of what, from the audit log and the rows before and after; not from what the product says it tells.


def _concerned(row: Allowance) -> set[Identity]:
    """Whose it is, who filed it, and who asked for the same."""
    return {row.owner, *row.followers} | ({row.filed_by} if row.filed_by else set())


def _approved(row: Allowance | None) -> set[Identity]:
    return {given.by for given in row.approvals} if row else set()


def _everybody(seen: Seen, also: Iterable[Identity] = ()) -> Who:
    """All concerned, except whoever acts; the owner hears of every outcome."""
    actor = seen.event.actor if seen.event else SYSTEM
    return frozenset((_concerned(seen.after) | set(also)) - {actor} | {seen.after.owner})


def _on(*actions: Action) -> Callable[[Seen], Who]:
    """All concerned hear of these."""
    return lambda seen: _everybody(seen) if seen.event and seen.event.action in actions else frozenset()


def _by_bot(action: Action) -> Callable[[Seen], Who]:
    """All concerned hear of these, and whoever had approved it."""

    def told(seen: Seen) -> Who:
        if seen.event is None or seen.event.action is not action:
            return frozenset()
        return _everybody(seen, _approved(seen.before) if seen.event.actor == SYSTEM else ())

    return told


def _yes(seen: Seen, *, is_last: bool) -> Who:
    """Whoever approved more than what is approved now hears that it was cut; so does everybody else."""
    if seen.event is None or seen.event.action is not Action.ALLOWANCE_APPROVE:
        return frozenset()
    if (seen.after.approved_at is not None) is not is_last:
        return frozenset()
    is_narrowed = seen.before is not None and seen.before.ask != seen.after.ask
    return _everybody(seen, _approved(seen.before) if is_narrowed or seen.event.actor == SYSTEM else ())


def _filed(seen: Seen, action: Action) -> Who:
    """Of what somebody else files for them, people hear."""
    return _on(action)(seen) if seen.after.filed_by else frozenset()


def _reweighed(seen: Seen) -> Who:
    """That others are asked, or that approvals do not count any more; a reworded reason is not news."""
    if seen.before is None or _is_elsewhere(seen):
        return frozenset()
    is_news = seen.before.approvals != seen.after.approvals or _asked(seen.before) != _asked(seen.after)
    return _by_bot(Action.ALLOWANCE_CHANGE)(seen) if is_news else frozenset()


def _asked(row: Allowance) -> set[tuple[object, ...]]:
    return {_who(quorum) for quorum in row.verdict.asks}


def _who(quorum: Quorum) -> tuple[object, ...]:
    return quorum.groups, quorum.people, quorum.needed, quorum.stage, quorum.more


def _is_elsewhere(seen: Seen) -> bool:
    before, after = seen.before, seen.after
    return before is not None and (before.scope.target, before.scope.sources) != (
        after.scope.target,
        after.scope.sources,
    )


def _elsewhere(seen: Seen, *, is_approved: bool) -> Who:
    is_meant = _is_elsewhere(seen) and (seen.after.approved_at is not None) is is_approved
    return _by_bot(Action.ALLOWANCE_CHANGE)(seen) if is_meant else frozenset()


def _asked_back(seen: Seen) -> Who:
    is_question = seen.event is not None and seen.event.action is Action.ALLOWANCE_QUESTION
    return frozenset(who for who in seen.after.askers if who) if is_question else frozenset()


def _answered(seen: Seen) -> Who:
    if seen.event is None or seen.event.action is not Action.ALLOWANCE_ANSWER or seen.before is None:
        return frozenset()
    return frozenset(one.by for one in seen.before.open_questions) - {seen.event.actor}


def _overruled(seen: Seen) -> Who:
    """An edit is told to those whose approval is void, and to those who had asked something."""
    if seen.event is None or seen.event.action is not Action.ALLOWANCE_EDIT or seen.before is None:
        return frozenset()
    return frozenset(_approved(seen.before) | {one.by for one in seen.before.open_questions})


def _owners(seen: Seen, action: Action) -> Who:
    """An owner before or after hears what somebody else did about their ownership."""
    if seen.event is None or seen.event.action is not action or seen.before is None:
        return frozenset()
    return frozenset({seen.before.owner, seen.after.owner} - {seen.event.actor})


def _gone(seen: Seen) -> Who:
    """What never opened and failed was said to have failed."""
    is_known = seen.after.failure is not None and seen.after.live_at is None
    return frozenset() if is_known else _on(Action.ALLOWANCE_GONE)(seen)


def _expired(seen: Seen) -> Who:
    is_known = seen.after.failure is not None and seen.after.live_at is None
    return frozenset() if is_known else _on(Action.ALLOWANCE_EXPIRE)(seen)


def _warned(seen: Seen) -> Who:
    is_warning = seen.before is not None and seen.after.warned_at != seen.before.warned_at
    return _everybody(seen) if is_warning else frozenset()


TOLD: Mapping[NoticeEvent, Callable[[Seen], Who]] = MappingProxyType(
    {
        NoticeEvent.RENEWED: lambda seen: _filed(seen, Action.ALLOWANCE_RENEW),
        NoticeEvent.FILED: lambda seen: _filed(seen, Action.ALLOWANCE_REQUEST),
        NoticeEvent.GRANTED: _by_bot(Action.ALLOWANCE_GRANT),
        NoticeEvent.BROKE_GLASS: _by_bot(Action.ALLOWANCE_BREAK_GLASS),
        NoticeEvent.REVIEWED: _on(Action.ALLOWANCE_REVIEW),
        NoticeEvent.SECONDED: lambda seen: _yes(seen, is_last=False),
        NoticeEvent.APPROVED: lambda seen: _yes(seen, is_last=True),
        NoticeEvent.DENIED: _on(Action.ALLOWANCE_DENY),
        NoticeEvent.ASKED: _asked_back,
        NoticeEvent.ANSWERED: _answered,
        NoticeEvent.EDITED: _overruled,
        NoticeEvent.ESCALATED: _by_bot(Action.ALLOWANCE_ESCALATE),
        NoticeEvent.LAPSED: _on(Action.ALLOWANCE_LAPSE),
        NoticeEvent.CHANGED: lambda seen: _elsewhere(seen, is_approved=False),
        NoticeEvent.RANGES: lambda seen: _elsewhere(seen, is_approved=True),
        NoticeEvent.REWEIGHED: _reweighed,
        NoticeEvent.CLOSED: _by_bot(Action.ALLOWANCE_CLOSE),
        NoticeEvent.ORPHANED: _by_bot(Action.ALLOWANCE_ORPHAN),
        NoticeEvent.MOVED: _by_bot(Action.ALLOWANCE_MOVE),
        NoticeEvent.SUSPENDED: _by_bot(Action.ALLOWANCE_SUSPEND),
        NoticeEvent.RESUMED: _by_bot(Action.ALLOWANCE_RESUME),
        NoticeEvent.LIVE: _on(Action.ALLOWANCE_LIVE),
        NoticeEvent.FAILED: _on(Action.ALLOWANCE_FAIL),
        NoticeEvent.EXPIRING: _warned,
        NoticeEvent.LET_EXPIRE: lambda seen: _owners(seen, Action.ALLOWANCE_LET_EXPIRE),
        NoticeEvent.TRANSFERRED: lambda seen: _owners(seen, Action.ALLOWANCE_TRANSFER),
        NoticeEvent.SHORTENED: _on(Action.ALLOWANCE_SHORTEN),
        NoticeEvent.EXPIRED: _expired,
        NoticeEvent.REVOKED: _on(Action.ALLOWANCE_REVOKE),
        NoticeEvent.GONE: _gone,
    }
)
"""Who hears of each event in a direct message, once for each time it happened."""

REMINDED = frozenset({NoticeEvent.REMINDED, NoticeEvent.UNANSWERED, NoticeEvent.REVIEW_DUE})
"""Reminders go to whoever may still act, at most once for each that is on record, and never to the wrong side."""

UNTOLD: Mapping[NoticeEvent, str] = MappingProxyType(
    {
        NoticeEvent.REQUESTED: "Whoever asks sees the answer at once; others see the card.",
        NoticeEvent.APPLYING: "Only the card says so: the person has just been told that this comes next.",
        NoticeEvent.BLOCKED: "No firewall log is read here (tests/flows/test_watches.py).",
        NoticeEvent.REACHED: "Nothing is probed after it is live here (tests/flows/test_probe.py).",
        NoticeEvent.UNREACHED: "As reached (tests/flows/test_probe.py).",
        NoticeEvent.MISSING: "No event of its own; the writer's tests count it (tests/flows/test_writer_drift.py).",
        NoticeEvent.LEFT_OUT: "As missing, where drift is only reported (tests/flows/test_writer_drift.py).",
        NoticeEvent.UNRESOLVED: "The DNS proxy stays on here (tests/flows/test_network_rules.py).",
        NoticeEvent.HELD: "Nothing is a dry run here (tests/flows/test_dry_run.py).",
        NoticeEvent.WITHDRAWN: "Of scale proposals alone (tests/flows/test_writer_scale.py).",
        NoticeEvent.PARTNERS: "Of scale proposals alone (tests/flows/test_partners.py).",
        NoticeEvent.UNCONFIRMED: "There is no identity provider here (tests/flows/test_step_up.py).",
        NoticeEvent.DONE: "Of scale proposals alone (tests/flows/test_writer_scale.py).",
    }
)
"""The events that a history does not look for, each with why."""


def _wants(seen: Seen, event: NoticeEvent, who: Identity) -> bool:
    """Whether somebody wants to hear of it; what is meant for them alone is always said."""
    level, row = seen.levels.get(who.user, NoticeLevel.ALL), seen.after
    if event in PERSONAL or level is NoticeLevel.ALL:
        return True
    if level is NoticeLevel.MINE:
        return who in (row.owner, row.filed_by)
    is_cut = seen.before is not None and seen.before.ask != row.ask
    return event not in BETWEEN or is_cut


PERSONAL = frozenset({NoticeEvent.ASKED, NoticeEvent.ANSWERED, NoticeEvent.EDITED})
PERSONAL |= {NoticeEvent.LET_EXPIRE, NoticeEvent.TRANSFERRED}
BETWEEN = frozenset({NoticeEvent.SECONDED, NoticeEvent.REWEIGHED, NoticeEvent.MOVED, NoticeEvent.GONE})
"""Events between two outcomes, of which nobody hears who wants to hear of decisions only."""


def check_told_once(stage: Stage, seen: Iterable[Seen]) -> None:
    """Each outcome was told exactly once to everybody concerned, and to nobody else; progress at most once."""
    story = list(seen)
    owed = {(n.id, n.body["event"], n.subject, n.recipient) for n in stage.said.notices if n.kind == "direct"}
    said = Counter(one[1:] for one in owed)
    for event, who in TOLD.items():
        told = ((one, person) for one in story for person in who(one) if _wants(one, event, person))
        due = Counter((str(event), one.after.id, person.user) for one, person in told)
        heard = Counter({key: count for key, count in said.items() if key[0] == event and key[1][:1] == "a"})
        is_right = heard <= due if event in PROGRESS else heard == due
        assert is_right, f"“{event}”: not told {due - heard}, told too often {heard - due}."
    _check_reminded(said, story)


def _check_reminded(said: Counter[tuple[str, str, str]], story: Iterable[Seen]) -> None:
    reminders = [one for one in story if one.event and one.event.action is Action.ALLOWANCE_REMIND]
    counts, rows = Counter(one.after.id for one in reminders), {one.after.id: one.after for one in reminders}
    for (event, subject, user), count in said.items():
        if event in REMINDED and subject[:1] == "a":
            assert count <= counts[subject], f"{subject}: {user} was told “{event}” too often."
            askers = {who.user for who in rows[subject].askers if who}
            assert (user in askers) is (event == NoticeEvent.UNANSWERED), f"{subject}: “{event}” told to {user}."
