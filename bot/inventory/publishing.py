"""The list of egress IPs for partners and pipelines, from what was last read."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.access import may_see, membership_unknown
from bot.domain.api_token import Token
from bot.domain.egress import ClusterRef
from bot.domain.egress.published import EgressIpList, ListLimits, PlannedChange, Readings, egress_ip_list
from bot.domain.partner_text import coming_text
from bot.domain.people import Person
from bot.domain.scale_proposal import Scale, ScaleStatus, scale_status
from bot.errors import Unavailable, UnknownCluster
from bot.inventory.find import person, unread
from bot.ports import Caller, Context, Transaction


@dataclass(frozen=True, slots=True)
class IpQuery:
    """Which clusters somebody asks for.

    Args:
        clusters: Names or ARM ids; none for all.
        tags: Names and values of tags, all of which a cluster has, without case in names.
    """

    clusters: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()

    def fits(self, ref: ClusterRef) -> bool:
        """Whether a cluster is asked for."""
        names = (ref.name.lower(), ref.id)
        is_named = not self.clusters or any(one.strip().rstrip("/").lower() in names for one in self.clusters)
        return is_named and all(ref.tag(name) == value for name, value in self.tags)


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads the list.

    Args:
        caller: The owner of a token, through the token.
        token: The token.
    """

    caller: Caller
    token: Token


def published_ips(ctx: Context, reader: Reader | None, wanted: IpQuery) -> EgressIpList:
    """The egress IPs of the clusters that are asked for.

    Args:
        ctx: The context.
        reader: Who reads it; None for everyone, where the list is open.
        wanted: Which clusters.

    Raises:
        UnknownCluster: One that is asked for by name, or any with the tags, is not on the list or not for this reader.
        Unavailable: No cluster was read yet.
        MembershipUnknown: Slack did not say what the owner may see, so the list could lack something.
    """
    may_read = _filter(ctx, reader)
    now, rules = ctx.clock.now(), ctx.config.egress_ips
    with ctx.store.read() as tx:
        seen, plans = _readings(tx, lambda ref: may_read(ref) and wanted.fits(ref), now - rules.history)
    _require_found(seen, wanted)
    dry = ctx.config.dry_run.is_everywhere
    planned = [] if dry else [_planned(scale) for scale in plans if _is_planned(scale, now)]
    return egress_ip_list(seen, planned, ListLimits(now, rules.stale_after, has_ids=reader is not None))


def _filter(ctx: Context, reader: Reader | None) -> Callable[[ClusterRef], bool]:
    who = _owner(ctx, reader) if reader is not None else None

    def may_read(ref: ClusterRef) -> bool:
        if not ctx.config.egress_ips.lists(ref.name, ref.id) or ctx.config.scope_of(ref.name, ref.id) is None:
            return False
        if reader is None or who is None:
            return True
        return may_see(ctx.config, who, ref) and reader.token.covers(ref.name, ref.id)

    return may_read


def _owner(ctx: Context, reader: Reader) -> Person:
    """The owner, as far as they are known: whoever is not would read a list that lacks something."""
    who = person(ctx, reader.caller)
    doubts = unread(ctx, who)
    if doubts:
        raise membership_unknown(doubts)
    return who


def _readings(
    tx: Transaction, is_listed: Callable[[ClusterRef], bool], since: datetime
) -> tuple[Readings, list[Scale]]:
    """What is known of the listed clusters, and their open proposals."""
    reading = tx.snapshots.reading()
    if reading is None:
        raise Unavailable("No cluster has been read from Azure yet.", retry_after=timedelta(seconds=30))
    there = {ref.id: (ref, at) for ref, at in tx.snapshots.refs() if is_listed(ref)}
    periods = [one for one in tx.snapshots.periods(since) if is_listed(one.ref)]
    gone = {one.ref.id: one.ref for one in periods if one.ref.id not in there}
    refs = [*(ref for ref, _ in there.values()), *gone.values()]
    read = {id_: at for id_, (_, at) in there.items()}
    seen = Readings(refs, read, periods, reading.read_at, has_gaps=bool(reading.gaps))
    return seen, [scale for scale in tx.scales.find() if scale.cluster_id in there]


def _require_found(seen: Readings, wanted: IpQuery) -> None:
    """Refuse to answer a wrong name with an empty list, which would close what is open."""
    names = {text for ref in seen.refs for text in (ref.name.lower(), ref.id)}
    lacking = [one for one in wanted.clusters if one.strip().rstrip("/").lower() not in names]
    if lacking:
        raise UnknownCluster(f"There is no cluster {lacking[0][:80]} on this list.")
    if not seen.refs:
        raise UnknownCluster("There is no such cluster on this list.")


def _is_planned(scale: Scale, now: datetime) -> bool:
    is_under_way = scale_status(scale, now) in (ScaleStatus.APPROVED, ScaleStatus.APPLYING)
    return is_under_way and scale.plan.changes_ips


def _planned(scale: Scale) -> PlannedChange:
    at = scale.approved_at or scale.requested_at
    return PlannedChange(
        cluster=scale.cluster_name,
        approved_at=at,
        text=coming_text(scale.plan, at),
        may_be_removed=scale.plan.at_risk,
    )
