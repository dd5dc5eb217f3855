"""Use cases of probes: asking what the inside of a cluster sees, and keeping the answer."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from bot import checking
from bot.domain.access import groups_of_probers, require_prober
from bot.domain.allowance import Allowance, Status, status
from bot.domain.audit import Action, Event
from bot.domain.egress import ClusterEgress, PathKind
from bot.domain.egress_filter import FilterKind, egress_filter
from bot.domain.fqdn import Destination
from bot.domain.ids import canonical_id
from bot.domain.people import SYSTEM
from bot.domain.probe import (
    MOST_HOSTS,
    Expectation,
    Probe,
    disagreement_text,
    expectation_of,
    is_probeable,
    lines_of,
    seen_text,
    unfiltered,
)
from bot.domain.work import WorkKind
from bot.domain.write_results import mark_probed
from bot.errors import AlreadyRequested, InvalidInput
from bot.inventory import find, member_of, person
from bot.ports import (
    Caller,
    ChannelEvent,
    Context,
    Notice,
    NoticeEvent,
    NoticeKind,
    ProbeEvent,
    UnitOfWork,
)


@dataclass(frozen=True, slots=True)
class ProbeWish:
    """What a person wants to know.

    Args:
        cluster: Name or ARM id; empty where an allowance names it.
        destinations: What to try; none for the outbound address alone.
        allowance: Id of an allowance whose destinations are meant; empty for none.
    """

    cluster: str = ""
    destinations: tuple[Destination, ...] = ()
    allowance: str = ""


def ask(ctx: Context, caller: Caller, wish: ProbeWish) -> Probe:
    """Ask for a probe; it runs in the background, and whoever asked is told what it saw.

    Raises:
        NotPermitted: The person is not among those who may.
        MembershipUnknown: Slack could not be asked.
        UnknownCluster: No such cluster, or none that this person may see.
        InvalidInput: Probes are switched off, or there is nothing that could be tried.
        AlreadyRequested: One runs in this cluster already.
    """
    if not ctx.config.probe.enabled:
        raise InvalidInput("Probes are switched off here. An operator can switch them on: probe.enabled = true.")
    require_prober(ctx.config, member_of(ctx, caller, groups_of_probers(ctx.config)))
    whole = _whole(ctx, wish)
    ref = find(ctx, person(ctx, caller), whole.cluster).ref
    _require_something(ctx, whole)
    with ctx.store.write() as tx:
        uow = UnitOfWork(ctx, tx, caller)
        running = tx.probes.open_of(ref.id)
        if running:
            raise AlreadyRequested(_busy(running[0]))
        return _file(uow, ref.name, replace(whole, cluster=ref.id))


def after_live(uow: UnitOfWork, allowance: Allowance) -> None:
    """Have the hosts of an allowance tried once its rules were read back, where the configuration says so.

    An allowance for one node pool is left out: which node runs the command cannot be chosen.
    """
    settings, scope = uow.ctx.config.probe, allowance.scope
    wanted = probeable(allowance.destinations)
    if not (settings.enabled and settings.after_live and wanted) or scope.pool is not None:
        return
    _file(uow, scope.cluster_name, ProbeWish(scope.cluster_id, wanted, allowance.id))


def probeable(destinations: Iterable[Destination]) -> tuple[Destination, ...]:
    """Those that a probe can try, as many as one takes."""
    return tuple(one for one in destinations if is_probeable(one))[:MOST_HOSTS]


def expectations_of(
    ctx: Context, egress: ClusterEgress, destinations: Sequence[Destination]
) -> tuple[Expectation, ...]:
    """The bot's own verdict on each destination, from the firewall's rules as they are now."""
    way = egress_filter(egress)
    if way.target is None:
        may_not = PathKind.DEFAULT_OUTBOUND in egress.effective  # Azure gives such an address, or none
        barrier = FilterKind.UNKNOWN if may_not else way.barrier
        return (unfiltered(barrier, way.sentence),) * len(destinations)
    known = checking.learn(ctx, way.target)
    query = checking.Query(egress.ref.id, tuple(destinations))
    return tuple(expectation_of(found.evaluation) for found in checking.answers(ctx, known, query, egress))


def conclude(uow: UnitOfWork, ended: Probe) -> None:
    """Keep the end of a probe, record it, and owe everybody concerned what it saw."""
    saved = uow.tx.probes.save(ended)
    said = " ".join(lines_of(saved))
    uow.audit(_event(uow, saved, Action.PROBE_RESULT, reason=said))
    if saved.disagrees:
        difference = disagreement_text(saved)
        uow.audit(_event(uow, saved, Action.PROBE_DISAGREE, reason=difference))
        if saved.asked_by != SYSTEM:  # else the card, its thread and the requester say so
            body = {"event": ChannelEvent.PROBE_DISAGREES, "text": difference}
            uow.tx.outbox.add(Notice(NoticeKind.CHANNEL, saved.cluster_name, uow.ctx.config.channel, body))
    if saved.asked_by != SYSTEM:
        uow.tx.outbox.add(Notice(NoticeKind.DIRECT, saved.id, saved.asked_by.user, {"event": ProbeEvent.ENDED}))
    if saved.allowance and (saved.is_reached or saved.is_unreached):
        _note(uow, saved)


def _note(uow: UnitOfWork, probe: Probe) -> None:
    """Put on an allowance what was reached; its people are told where nobody asked."""
    allowance = uow.tx.allowances.get(probe.allowance)
    if status(allowance, uow.now) not in (Status.LIVE, Status.EXPIRING):
        return
    saved = uow.tx.allowances.save(mark_probed(allowance, probe, uow.now), is_open=True)
    if probe.asked_by == SYSTEM:
        event = NoticeEvent.REACHED if probe.is_reached else NoticeEvent.UNREACHED
        uow.tell(saved, event, what=seen_text(probe))
    else:
        uow.draw(saved)


def _whole(ctx: Context, wish: ProbeWish) -> ProbeWish:
    """With the cluster and the destinations of the allowance that it names."""
    if not wish.allowance:
        return wish
    with ctx.store.read() as tx:
        allowance = tx.allowances.get(canonical_id(wish.allowance))
    wanted = probeable(allowance.destinations)
    if not wanted:
        raise InvalidInput(f"Nothing in {allowance.id} can be probed: a probe tries exact names, and no UDP.")
    return ProbeWish(allowance.scope.cluster_id, wanted, allowance.id)


def _require_something(ctx: Context, wish: ProbeWish) -> None:
    wrong = [str(one) for one in wish.destinations if not is_probeable(one)]
    if wrong:
        raise InvalidInput(
            f"{wrong[0]} cannot be tried from inside: give an exact name. Wildcards and UDP have no connection to try."
        )
    if len(wish.destinations) > MOST_HOSTS:
        raise InvalidInput(f"One probe tries at most {MOST_HOSTS} hosts, not {len(wish.destinations)}.")
    if not wish.destinations and not ctx.config.probe.echo:
        raise InvalidInput(
            "Give a host: `/egress probe CLUSTER example.com`. For the outbound address alone, an operator has to "
            "configure probe.echo."
        )


def _busy(running: Probe) -> str:
    who = "The bot itself" if running.asked_by == SYSTEM else f"<@{running.asked_by.user}>"
    return f"{who} probes {running.cluster_name} right now. One probe runs at a time: try again in a minute."


def _file(uow: UnitOfWork, name: str, wish: ProbeWish) -> Probe:
    """Store a question, whose cluster is given by its id, and wake who answers it."""
    made = Probe(
        id=uow.tx.probes.new_id(uow.now),
        cluster_id=wish.cluster,
        cluster_name=name,
        asked_by=uow.caller.identity,
        asked_at=uow.now,
        via=uow.caller.via,
        destinations=wish.destinations,
        echo="" if uow.caller.identity == SYSTEM else uow.ctx.config.probe.echo,
        allowance=wish.allowance,
        correlation=uow.caller.correlation,
    )
    uow.tx.probes.add(made)
    uow.audit(_event(uow, made, Action.PROBE_ASK))
    uow.tx.work.wake(f"{WorkKind.PROBE}:{wish.cluster}", within=timedelta())
    return made


def _event(uow: UnitOfWork, probe: Probe, action: Action, *, reason: str = "") -> Event:
    detail = (("probe", probe.id), ("echo", probe.echo), ("attempts", _attempts(probe)))
    return Event(
        at=uow.now,
        action=action,
        actor=uow.caller.identity,
        via=uow.caller.via,
        subject=probe.allowance or probe.id,
        cluster=probe.cluster_name.lower(),
        destinations=tuple(str(one) for one in probe.destinations),
        reason=reason,
        detail=tuple(pair for pair in detail if pair[1]),
        correlation=probe.correlation,
    )


def _attempts(probe: Probe) -> str:
    """How each attempt ended, for whoever searches the log."""
    attempts = probe.report.attempts if probe.report else ()
    return ", ".join(f"{one.destination} {one.reach}" for one in attempts)
