"""Use case of checking: whether a cluster may reach a destination now, which rule says so, and what that rests on."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.allowance import Allowance, Status, status
from bot.domain.bundles import Bundle
from bot.domain.configuration import Configuration
from bot.domain.egress import ClusterEgress, published_names
from bot.domain.egress_filter import EgressFilter, egress_filter
from bot.domain.firewall import ApplicationRule, Evaluation, Flow, Outcome, RuleKind, TraceStep, kind_of
from bot.domain.fqdn import Destination
from bot.domain.grants import is_for, is_open_to_all
from bot.domain.network_rules import by_address, refusal
from bot.domain.risk import narrower
from bot.domain.rule_position import position_of
from bot.domain.rule_rendering import owner_of
from bot.domain.target import Target
from bot.errors import InvalidInput, UnknownAllowance
from bot.inventory import find, live, person, visible
from bot.ports import AllowanceFilter, Caller, Context, KnownRules

MAX_DESTINATIONS = 100
"""Destinations in one request or check: more are a list that belongs into a bundle."""


@dataclass(frozen=True, slots=True)
class Query:
    """The question that a person asks.

    Args:
        cluster: Name or id.
        destinations: Parsed already, may be empty when a bundle is named.
        pool: One node pool only.
        bundle: A configured bundle, with values where it has parameters; its destinations are added.
    """

    cluster: str
    destinations: tuple[Destination, ...] = ()
    pool: str | None = None
    bundle: str | None = None


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The firewall's treatment of one destination.

    Args:
        destination: Which.
        evaluation: The answer with its whole trace.
        allowance: The allowance whose rule decides, if it is one of the bot's rules.
        in_the_way: A step that would decide before the bot's rules, so that no allowance could open it.
        addresses: What the name resolves to, where the bot looked.
        refusal: Why no allowance could open it, where that is the firewall's setting; empty otherwise.
        is_by_everything: Whether only a rule that allows any name allows it: no live allowance is for it.
    """

    destination: Destination
    evaluation: Evaluation
    allowance: Allowance | None = None
    in_the_way: TraceStep | None = None
    addresses: tuple[str, ...] = ()
    refusal: str = ""
    is_by_everything: bool = False

    def is_granted(self, now: datetime) -> bool:
        """Whether no request is needed: allowed, and by a rule that grants it.

        A bot rule that is about to be removed, or a rule that allows everything, does not.
        """
        if self.evaluation.outcome is not Outcome.ALLOWED:
            return False
        if self.allowance is not None:
            return status(self.allowance, now) is Status.LIVE
        return owner_of(self.evaluation.deciding) is None and not self.is_by_everything

    def can_be_asked_for(self, now: datetime) -> bool:
        """Whether an allowance would open it."""
        return not self.is_granted(now) and self.in_the_way is None and not self.refusal


@dataclass(frozen=True, slots=True)
class Check:
    """The answer to a query.

    Args:
        egress: The cluster, read from Azure just now.
        query: What was asked, its destinations complete: those of the bundle included.
        way: What filters its way out.
        findings: One for each destination, in order; empty where no firewall that can be read filters it.
        read_at: When the rules were read.
    """

    egress: ClusterEgress
    query: Query
    way: EgressFilter
    findings: tuple[CheckResult, ...]
    read_at: datetime


def check(ctx: Context, caller: Caller, query: Query) -> Check:
    """Read the cluster and its firewall's rules from Azure, and evaluate.

    Raises:
        UserError: No such cluster, node pool or bundle, or nothing to check.
    """
    egress, _ = live(ctx, person(ctx, caller), query.cluster)
    require_pool(egress, query.pool)
    way, whole = egress_filter(egress, query.pool), _whole(ctx.config, query, egress)
    if way.target is None:
        return Check(egress, whole, way, (), ctx.clock.now())
    known = learn(ctx, way.target)
    return Check(egress, whole, way, answers(ctx, known, whole, egress), known.read_at)


def missing(ctx: Context, found: Check) -> tuple[Destination, ...]:
    """The destinations of a check that are not allowed and could be requested beside its bundle."""
    bundle = ctx.config.bundle_of(found.query.bundle)
    own = bundle.destinations if bundle else ()
    asked = (one.destination for one in found.findings if one.can_be_asked_for(ctx.clock.now()))
    return tuple(one for one in asked if one not in own)


def keep(ctx: Context, hosts: str) -> str:
    """Keep what is too long for a button, such as a list of hosts to ask for; the id that the button carries."""
    with ctx.store.write() as tx:
        return tx.drafts.keep(hosts)


def kept(ctx: Context, draft_id: str) -> str:
    """The text that a button refers to.

    Raises:
        InvalidInput: It is no longer kept.
    """
    with ctx.store.read() as tx:
        hosts = tx.drafts.get(draft_id)
    if hosts is None:
        raise InvalidInput("This button is too old: run the command again.")
    return hosts


def trace(ctx: Context, caller: Caller, query: Query) -> Check:
    """The same from what was read lately, so that the trace is that of the answer; from Azure where that is too old.

    Raises:
        UserError: As ``check``.
    """
    egress = find(ctx, person(ctx, caller), query.cluster)
    require_pool(egress, query.pool)
    way = egress_filter(egress, query.pool)
    known = recall(ctx, way)
    if known is None:
        return check(ctx, caller, query)
    whole = _whole(ctx.config, query, egress)
    return Check(egress, whole, way, answers(ctx, known, whole, egress), known.read_at)


def _whole(config: Configuration, query: Query, egress: ClusterEgress) -> Query:
    """With the cluster's id, and the bundle's destinations."""
    bundle = config.fill_bundle(query.bundle, egress.ref.region) if query.bundle else None
    asked = destinations_of(query.destinations, bundle)
    return Query(egress.ref.id, asked, query.pool, bundle.name if bundle else None)


def prepare(ctx: Context, caller: Caller, cluster: str, pool: str | None = None) -> None:
    """Read the rules that a request for a cluster would be checked against, so that its submit need not ask Azure.

    Raises:
        UserError: No such cluster or node pool.
    """
    egress = find(ctx, person(ctx, caller), cluster)
    require_pool(egress, pool)
    target = egress_filter(egress, pool).target
    if target is not None:
        learn(ctx, target)


def learn(ctx: Context, target: Target) -> KnownRules:
    """Read the rules of a target from Azure, and remember them for the forms that are open."""
    return ctx.recent.put(target, ctx.targets.open(target).read(), ctx.clock.now())


def recall(ctx: Context, way: EgressFilter) -> KnownRules | None:
    """The rules on a way out as they were read lately, without asking Azure."""
    return ctx.recent.get(way.target, ctx.clock.now()) if way.target else None


def answers(ctx: Context, known: KnownRules, query: Query, egress: ClusterEgress) -> tuple[CheckResult, ...]:
    """A finding for each destination of a query, names looked up where the configuration says so."""
    way = egress_filter(egress, query.pool)
    resolved = ctx.resolver.addresses(each.fqdn for each in query.destinations if not each.is_wildcard)
    flows = [
        replace(flow, addresses=resolved.get(flow.destination.fqdn, ()))
        for flow in flows_of(ctx, egress, way, query.destinations)
    ]
    ends = dict(dead(ctx, known, way, flows))
    return tuple(
        replace(
            finding,
            in_the_way=ends.get(finding.destination),
            addresses=flow.addresses,
            refusal=_refusal(known, way, finding.destination),
        )
        for finding, flow in zip(findings(ctx, known, way, flows), flows, strict=True)
    )


def _refusal(known: KnownRules, way: EgressFilter, destination: Destination) -> str:
    return refusal(known.rules, way.target) if way.target and by_address([destination]) else ""


def flows_of(
    ctx: Context, egress: ClusterEgress, way: EgressFilter, destinations: Iterable[Destination]
) -> tuple[Flow, ...]:
    """The questions to the firewall, with what is known of the cluster: its region, and what AKS publishes for it."""
    with ctx.store.read() as tx:
        kept = tx.snapshots.endpoints(egress.ref.id).get(egress.ref.id)
    published = published_names(check.endpoint for check in kept[0].checks) if kept else frozenset()
    return tuple(
        Flow(sources=way.sources, destination=destination, region=egress.ref.region, published=published)
        for destination in destinations
    )


def findings(ctx: Context, known: KnownRules, way: EgressFilter, flows: Iterable[Flow]) -> tuple[CheckResult, ...]:
    """Evaluate each flow, and name the allowance where one of the bot's rules decides."""
    answers = [(flow, known.evaluator.evaluate(flow)) for flow in flows]
    owners = _owners(ctx, {owner for _, e in answers if (owner := owner_of(e.deciding))})
    open_to_all = _beyond_allowances(
        ctx, way, [flow for flow, e in answers if is_open_to_all(known.evaluator, flow, e)]
    )
    return tuple(
        CheckResult(one.destination, e, owners.get(owner_of(e.deciding)), is_by_everything=one in open_to_all)
        for one, e in answers
    )


def _beyond_allowances(ctx: Context, way: EgressFilter, flows: list[Flow]) -> list[Flow]:
    """Those flows that no live allowance on the way is for: a rule before the bot's may decide all the same."""
    if not flows:
        return []
    with ctx.store.read() as tx:
        rows = tx.allowances.find(AllowanceFilter(target=way.target, only_open=True))
    live = [one for one in rows if status(one, ctx.clock.now()) is Status.LIVE]
    return [flow for flow in flows if not any(is_for(one, flow) for one in live)]


def _owners(ctx: Context, ids: set[str]) -> dict[str | None, Allowance]:
    found: dict[str | None, Allowance] = {}
    if ids:
        with ctx.store.read() as tx:
            for each in sorted(ids):
                try:
                    found[each] = tx.allowances.get(each)
                except UnknownAllowance:
                    continue
    return found


def dead(
    ctx: Context, known: KnownRules, way: EgressFilter, flows: Iterable[Flow]
) -> list[tuple[Destination, TraceStep]]:
    """The destinations that would never reach the bot's rules, with the step that decides before."""
    if way.target is None:
        return []
    places = {kind: position_of(known.rules, way.target, ctx.config.home, kind) for kind in RuleKind}
    find = known.evaluator.stands_in_the_way
    steps = ((flow.destination, find(flow, places[kind_of(flow.destination)])) for flow in flows)
    return [(destination, step) for destination, step in steps if step is not None]


def suggestions(ctx: Context, known: KnownRules | None, destinations: Iterable[Destination]) -> tuple[str, ...]:
    """Names that the asked wildcards would open and that bundles or the firewall's own rules know."""
    wildcards = [destination for destination in destinations if destination.is_wildcard]
    if not wildcards:
        return ()
    names = {one.fqdn for bundle in ctx.config.bundles.values() for one in bundle.destinations}
    names |= set(_rule_names(known)) if known else set()
    return tuple(sorted({name for wildcard in wildcards for name in narrower(wildcard, names)}))


def _rule_names(known: KnownRules) -> Iterable[str]:
    groups = (group for layer in known.rules.layers for group in layer.groups)
    rules = (rule for group in groups for collection in group.collections for rule in collection.rules)
    return (name for rule in rules if isinstance(rule, ApplicationRule) for name in rule.target_fqdns)


def destinations_of(destinations: Iterable[Destination], bundle: Bundle | None) -> tuple[Destination, ...]:
    """All destinations that were named, the bundle's included; sorted, without repeats.

    Raises:
        InvalidInput: None at all, or too many.
    """
    every = {*destinations, *(bundle.destinations if bundle else ())}
    if not every:
        raise InvalidInput("Give at least one destination, for example example.com.", field="destinations")
    if len(every) > MAX_DESTINATIONS:
        raise InvalidInput(f"Too many destinations: {len(every)}; the limit is {MAX_DESTINATIONS}.")
    return tuple(sorted(every))


def require_pool(egress: ClusterEgress, pool: str | None) -> None:
    """Refuse a node pool that the cluster does not have.

    Raises:
        InvalidInput: With the names of those that it has.
    """
    if pool is not None and pool not in {each.name for each in egress.pools}:
        known = ", ".join(each.name for each in egress.pools)
        raise InvalidInput(f"{egress.ref.name} has no node pool {pool}. Its node pools: {known}.", field="pool")


def cluster_at(ctx: Context, caller: Caller, addresses: Iterable[str]) -> ClusterEgress | None:
    """The one visible cluster in whose ranges these source addresses lie; None where there is none, or several."""
    clusters, wanted = visible(ctx, person(ctx, caller)), tuple(addresses)
    found = [egress for egress in clusters if any(egress.holds(address) for address in wanted)]
    return found[0] if len(found) == 1 else None
