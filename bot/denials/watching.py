"""Use cases of watching a firewall's log: begin, stop, look once more."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.denials.reading import question_for, report_for
from bot.denials.used import used_items
from bot.domain.approval import Ending
from bot.domain.audit import Action, Event
from bot.domain.dates import end_from_text
from bot.domain.duration import duration_text
from bot.domain.egress import ClusterRef
from bot.domain.egress_filter import egress_filter
from bot.domain.firewall_log.values import DELAY
from bot.domain.firewall_log.watch import LEARN_AT_MOST, TEST_FOR, Watch, WatchItem, WatchKind
from bot.errors import CannotTakeEffect, InvalidInput, NotPermitted
from bot.inventory import find, person
from bot.ports import Caller, Context, Notice, NoticeKind, UnitOfWork

MOST_OPEN = 5
"""Watches that one person may have at a time: each asks Log Analytics again and again."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What for, until when, and from when on if not from now."""

    kind: WatchKind
    until: datetime
    since: datetime | None = None


def watch(ctx: Context, caller: Caller, cluster: str, since: datetime | None = None) -> Watch:
    """Go on looking for fifteen minutes; one that goes on already is prolonged.

    Args:
        ctx: The context.
        caller: Who tests.
        cluster: Name or id.
        since: From when on; None for shortly before now.

    Raises:
        UserError: No such cluster, no firewall on its way, or too many watches.
    """
    return _begun(ctx, caller, cluster, _Plan(WatchKind.TEST, ctx.clock.now() + TEST_FOR, since))


def learn(ctx: Context, caller: Caller, cluster: str, until: str) -> Watch:
    """Collect what a cluster needs until a day.

    Args:
        ctx: The context.
        caller: Who wants to know.
        cluster: Name or id.
        until: ``friday``, ``5d`` or ``2026-12-05``, as it was typed.

    Raises:
        UserError: As ``watch``; the day is none, is over, or too far away.
    """
    now = ctx.clock.now()
    end = end_from_text(until, now, ctx.directory.zone(caller.identity))
    if end is None or end <= now:
        raise InvalidInput("Say until when: `/egress learn CLUSTER until:friday`, 5d or 2026-12-05.")
    if end > now + LEARN_AT_MOST + timedelta(days=1):
        raise InvalidInput(f"Learning takes at most {duration_text(LEARN_AT_MOST)}: until:30d.")
    return _begun(ctx, caller, cluster, _Plan(WatchKind.LEARN, end))


def _begun(ctx: Context, caller: Caller, cluster: str, plan: _Plan) -> Watch:
    egress, now = find(ctx, person(ctx, caller), cluster), ctx.clock.now()
    asked = question_for(egress, now, now)
    if asked is None:
        raise CannotTakeEffect(egress_filter(egress).sentence)
    if not ctx.config.logs.enabled:
        raise InvalidInput(next(iter(ctx.logs.read(asked).sentences)))
    with ctx.store.write() as tx:
        uow = UnitOfWork(ctx, tx, caller)
        mine = [one for one in tx.watches.open() if one.starter == caller.identity]
        same = next((one for one in mine if (one.cluster_id, one.kind) == (egress.ref.id, plan.kind)), None)
        if same is None and len(mine) >= MOST_OPEN:
            raise InvalidInput(f"You have {MOST_OPEN} watches already. Stop one on its card first.")
        made = tx.watches.save(_prolonged(same, plan)) if same else _new(uow, egress.ref, plan)
        uow.audit(_event(uow, made, Action.WATCH_START))
        tx.outbox.add(Notice(NoticeKind.CARD, made.id, made.starter.user))
        tx.work.wake(made.work_key, within=timedelta())
    return made


def _prolonged(same: Watch, plan: _Plan) -> Watch:
    return replace(same, until=plan.until, looks_from=min(plan.since, same.since) if plan.since else same.looks_from)


def _new(uow: UnitOfWork, cluster: ClusterRef, plan: _Plan) -> Watch:
    made = Watch(
        id=uow.tx.watches.new_id(uow.now),
        version=1,
        kind=plan.kind,
        cluster_id=cluster.id,
        cluster_name=cluster.name,
        starter=uow.caller.identity,
        started_at=uow.now,
        until=plan.until,
        looks_from=plan.since,
    )
    uow.tx.watches.add(made)
    return made


def stop(ctx: Context, caller: Caller, watch_id: str) -> Watch:
    """End a watch before its time; one that has ended stays as it is.

    Raises:
        NotPermitted: It is somebody else's.
    """
    person(ctx, caller)
    with ctx.store.write() as tx:
        uow, found = UnitOfWork(ctx, tx, caller), tx.watches.get(watch_id)
        if found.starter != caller.identity:
            raise NotPermitted("Only whoever began a watch can stop it. Nothing was changed.")
        if not found.is_open:
            return found
        return end_within(uow, replace(found, stopped=Ending(caller.identity, uow.now, "")))


def stop_learning(ctx: Context, caller: Caller, cluster: str) -> Watch:
    """End what one began to learn about a cluster.

    Raises:
        UserError: No such cluster, or one learns nothing about it.
    """
    egress = find(ctx, person(ctx, caller), cluster)
    with ctx.store.read() as tx:
        mine = [one for one in tx.watches.open() if (one.starter, one.cluster_id) == (caller.identity, egress.ref.id)]
    found = next((one for one in mine if one.kind is WatchKind.LEARN), None)
    if found is None:
        raise InvalidInput(f"You are not learning what {egress.ref.name} needs. Nothing was changed.")
    return stop(ctx, caller, found.id)


def end_within(uow: UnitOfWork, found: Watch) -> Watch:
    """Record that a watch has ended, and draw its card once more."""
    saved = uow.tx.watches.save(replace(found, ended_at=uow.now))
    uow.audit(_event(uow, saved, Action.WATCH_END))
    uow.tx.outbox.add(Notice(NoticeKind.CARD, saved.id, saved.starter.user))
    return saved


def ends_at(found: Watch) -> datetime:
    """When the last look is due: records take a while, and those of the last minutes count, too."""
    return found.until + DELAY


def look(ctx: Context, found: Watch) -> Watch:
    """A watch with what the log says now, of all the time since it began; nothing is stored.

    Raises:
        UserError: The cluster is gone, or whoever began it may not see it any more.
    """
    now = ctx.clock.now()
    who = ctx.directory.person(found.starter)
    egress = find(ctx, who, found.cluster_id)
    report = report_for(ctx, who, egress, (found.since, min(now, found.until)))
    items = [WatchItem(one.denied, one.step.kind, one.step.sentence) for one in report.items]
    if not report.is_known:
        return replace(found, limits=report.limits)
    limits = report.limits
    if found.kind is WatchKind.LEARN:
        used, unread = used_items(ctx, egress, (found.since, min(now, found.until)))
        items, limits = [*items, *used], tuple(dict.fromkeys((*limits, *unread)))
    return found.seen(items, limits, now)


def _event(uow: UnitOfWork, found: Watch, action: Action) -> Event:
    detail = {"kind": str(found.kind), "until": found.until.isoformat(), "count": str(len(found.items))}
    destinations = tuple(sorted({str(one.denied.destination) for one in found.items if one.denied.destination}))
    return Event(
        uow.now,
        action,
        uow.caller.identity,
        uow.caller.via,
        subject=found.id,
        cluster=found.cluster_name,
        destinations=destinations[:MOST_NAMED] if action is Action.WATCH_END else (),
        reason=found.why,
        detail=tuple(detail.items()),
    )


MOST_NAMED = 100
"""Destinations that an event names; ``count`` says how many there are."""
