"""Looks at the SNAT ports of all clusters again and again, and announces once whose are running out.

Each look covers the last day, so none is needed for the next. What was read last, and what people know of it, is kept
in the database: another replica, or this one after a restart, goes on from there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.audit import Action
from bot.domain.egress import ClusterEgress
from bot.domain.measured import (
    PortLevel,
    Reading,
    SnatUse,
    Source,
    TimeSpan,
    due_sources,
    longest_prefix,
    measured_sentence,
    next_level,
    plan_enough,
    sources_of,
    use_from,
    why,
)
from bot.domain.phrases import listed
from bot.inventory.measuring import DAY
from bot.ports import ChannelEvent, Finish, UnitOfWork
from bot.ports.metrics import KeptUse
from bot.reconciler.run import Run

EVERY = timedelta(hours=1)
"""How often what gives out ports is looked at, as far as the calls suffice."""

CALLS = 60
"""Requests of one look, so also of an hour: fifty resources share one, where the bot may read whole subscriptions."""

WITHIN = timedelta(seconds=60)
MOST_NAMED = 10

EVENTS = {
    PortLevel.CALM: ChannelEvent.PORTS_CALM,
    PortLevel.HIGH: ChannelEvent.PORTS_HIGH,
    PortLevel.EXHAUSTED: ChannelEvent.PORTS_EXHAUSTED,
}

Users = Mapping[Source, Sequence[ClusterEgress]]
"""Who draws from each source."""


def watch_ports(run: Run) -> Finish:
    """One look at what was not looked at for longest."""
    metrics = run.ctx.metrics
    if metrics is None or not run.ctx.config.metrics.watch:
        return Finish(None, state=run.kept)
    now = run.now
    with run.ctx.store.read() as tx:
        users, tried = _users(tx.snapshots.all()), tx.port_uses.tried()
    due = due_sources(users, tried, now - EVERY)
    chosen = longest_prefix(due, lambda several: metrics.calls_for(several) <= CALLS)
    found = metrics.read(chosen, TimeSpan(now - DAY, now), within=WITHIN, most_calls=CALLS)
    with run.write() as uow:
        uow.tx.port_uses.forget(set(tried) - {source.id for source in users})
        for reading in found.of:
            _keep(run, uow, reading, (users[reading.source], now))
    return Finish(EVERY, state=run.kept)


def _users(clusters: Sequence[ClusterEgress]) -> Users:
    found: dict[str, tuple[Source, list[ClusterEgress]]] = {}
    for egress in clusters:
        for source in sources_of(egress) if egress.is_running else ():
            found.setdefault(source.id, (source, []))[1].append(egress)
    return dict(found.values())


def _keep(run: Run, uow: UnitOfWork, reading: Reading, asked: tuple[Sequence[ClusterEgress], datetime]) -> None:
    """Keep what was read; what could not be read leaves what was known, and what was said."""
    use, source, (clusters, began) = use_from(reading), reading.source, asked
    old = uow.tx.port_uses.of([source.id]).get(source.id)
    announced = old.announced if old else PortLevel.CALM
    level = next_level(announced, use)
    kept = use if use.is_known or old is None else old.use
    uow.tx.port_uses.put(KeptUse(kept, level, began))
    if level != announced:
        _announce(run, uow, use, level, clusters)


def _announce(run: Run, uow: UnitOfWork, use: SnatUse, level: PortLevel, clusters: Sequence[ClusterEgress]) -> None:
    only = clusters[0].ref if len(clusters) == 1 else None
    subject = only.id if only else use.source.id
    text = _text(use, level, clusters)
    event = run.event(Action.PORTS_CHANGE, subject, reason=text, level=level.name.lower())
    uow.audit(replace(event, cluster=only.name.lower() if only else ""))
    run.say(uow.tx, subject, EVENTS[level], text)


def _text(use: SnatUse, level: PortLevel, clusters: Sequence[ClusterEgress]) -> str:
    """What was measured, whom it concerns, what would have been enough, and what plans it."""
    names = listed([one.ref.name for one in clusters], MOST_NAMED)
    shared = [f"Clusters that share it: {names}."] if len(clusters) > 1 else []
    if level is PortLevel.CALM:
        return " ".join([why(use), *shared])
    if use.worst is not None and len(clusters) == 1:
        found = plan_enough(clusters[0], use)
        plan = f" {found[0]} plans that." if found else ""
        return f"{measured_sentence(clusters[0], [use])}{plan}"
    return " ".join([why(use), *shared, "`/egress capacity` lists what to do."])
