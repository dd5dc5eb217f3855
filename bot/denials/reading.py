"""Use case: what was denied for a cluster's own sources, why, and what it would take."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_network

from bot.allowances import Draft, preview
from bot.checking import Query, answers, learn, recall
from bot.domain.approval import VerdictKind
from bot.domain.egress import ClusterEgress
from bot.domain.egress_filter import egress_filter
from bot.domain.firewall_log import Denied, LogQuestion, LogReading, NextStep, StepKind, denied_from
from bot.domain.firewall_log.limits import limits_of
from bot.domain.firewall_log.next_step import REQUEST, AskedBefore, from_allowances, without_rule
from bot.domain.fqdn import Destination
from bot.domain.people import Person
from bot.errors import Refused, Unavailable, UserError
from bot.inventory import find, person, visible
from bot.logs import carried
from bot.ports import AllowanceFilter, Caller, Context, KnownRules

MOST_GROUPS = 200
"""Groups of equal records that are read; how many more there are is said."""

MOST_ROWS = 500
"""Requests of a cluster, the newest first, among which ended ones are looked for: an older denial is asked again."""

MOST_WEIGHED = 40
"""Destinations that are weighed by the approval policy; the form weighs them again."""


@dataclass(frozen=True, slots=True)
class DeniedItem:
    """One denied destination, and what to do about it."""

    denied: Denied
    step: NextStep


@dataclass(frozen=True, slots=True)
class DeniedReport:
    """What was denied for a cluster.

    Args:
        egress: The cluster, as it was last read.
        since: From when on was looked.
        reading: What the log answered.
        items: Destinations, the newest and most frequent first.
        limits: Everything that limits the answer, in sentences.
        is_filtered: Whether an Azure Firewall is on its way out at all.
    """

    egress: ClusterEgress
    since: datetime
    reading: LogReading
    items: tuple[DeniedItem, ...] = ()
    limits: tuple[str, ...] = ()
    is_filtered: bool = True

    @property
    def is_known(self) -> bool:
        """Whether the log of a firewall on its way was read."""
        return self.is_filtered and self.reading.is_known

    @property
    def requestable(self) -> tuple[Destination, ...]:
        """What a request can name, in the order of the items."""
        named = (one.denied.destination for one in self.items if one.step.kind.may_be_requested)
        return tuple(dict.fromkeys(one for one in named if one is not None))


def denied(ctx: Context, caller: Caller, cluster: str, since: datetime) -> DeniedReport:
    """Look into the log of a cluster's firewalls; what cannot be read is said in the answer.

    The cluster is taken as it was last read: the answer is about the past, and reading it again takes seconds.

    Raises:
        UserError: No such cluster, or none that this person may see.
    """
    who = person(ctx, caller)
    return report_for(ctx, who, find(ctx, who, cluster), (since, ctx.clock.now()))


def report_for(ctx: Context, who: Person, egress: ClusterEgress, span: tuple[datetime, datetime]) -> DeniedReport:
    """What was denied for a cluster in a span of time, and what it would take this person."""
    since, until = span
    asked = question_for(egress, since, until)
    if asked is None:
        sentences = (egress_filter(egress).sentence,)
        return DeniedReport(egress, since, LogReading(until), (), sentences, is_filtered=False)
    with ThreadPoolExecutor(1, thread_name_prefix="firewall-log") as pool:
        reading = pool.submit(carried(ctx.logs.read), asked)
        known, unread = rules_of(ctx, egress)
        found = reading.result()
    items = weighed(ctx, who, egress, known, denied_from(found.groups))
    shared = _sharing(asked, egress, visible(ctx, who))
    limits = (*limits_of(found, asked, egress, shared), *unread) if found.is_known else found.sentences
    return DeniedReport(egress, since, found, items, limits)


def question_for(
    egress: ClusterEgress, since: datetime, until: datetime, *, through: tuple[str, ...] = (), most: int = MOST_GROUPS
) -> LogQuestion | None:
    """What to ask about a cluster's own sources; None if no Azure Firewall is on its way.

    Args:
        egress: The cluster.
        since: The first moment.
        until: The last moment.
        through: Names of rules, to ask what they let through; without any, what was denied.
        most: Groups of equal records that are wanted at the most.
    """
    paths = [path for path in egress.paths if path.firewall]
    firewalls = tuple(dict.fromkeys(path.firewall for path in paths if path.firewall))
    ranges = tuple(sorted({source for path in paths for source in path.sources}))
    if not firewalls or not ranges:
        return None
    return LogQuestion(firewalls, ranges, since, until, is_allowed=bool(through), rules=through, most=most)


def rules_of(ctx: Context, egress: ClusterEgress) -> tuple[KnownRules | None, tuple[str, ...]]:
    """The firewall's rules, and a sentence if they could not be read."""
    way = egress_filter(egress)
    if way.target is None:
        return None, (way.sentence,)
    try:
        return recall(ctx, way) or learn(ctx, way.target), ()
    except (Unavailable, Refused) as error:
        return None, (f"{error.sentence} So what an allowance would change was not checked.",)


def weighed(
    ctx: Context, who: Person, egress: ClusterEgress, known: KnownRules | None, found: Sequence[Denied]
) -> tuple[DeniedItem, ...]:
    """What to do about each: by what was asked already, by the firewall's rules, by the approval policy."""
    asked = _asked(ctx, egress)
    named = tuple(sorted({one.destination for one in found if one.destination is not None}))
    by_rules, left = _by_rules(ctx, egress, known, named), MOST_WEIGHED
    items = list[DeniedItem]()
    for one in found:
        step = without_rule(one) or from_allowances(one, asked, ctx.clock.now())
        if step is None and one.destination is not None:
            step = by_rules.get(one.destination)
        if step is None and one.destination is not None and left > 0:
            step, left = _by_policy(ctx, who, egress, one.destination), left - 1
        items.append(DeniedItem(one, step or REQUEST))
    return tuple(items)


def _asked(ctx: Context, egress: ClusterEgress) -> AskedBefore:
    """Everything open of the cluster, and the newest of what has ended."""
    with ctx.store.read() as tx:
        found = tx.allowances.find(AllowanceFilter(cluster=egress.ref.id, only_open=True))
        found += tx.allowances.find(AllowanceFilter(cluster=egress.ref.id, limit=MOST_ROWS))
    by_id = {one.id: one for one in found}
    return AskedBefore(by_id[each] for each in sorted(by_id, reverse=True))


def _by_rules(
    ctx: Context, egress: ClusterEgress, known: KnownRules | None, named: tuple[Destination, ...]
) -> dict[Destination, NextStep]:
    """What the rules say now, where they settle it: allowed meanwhile, or a rule before the bot's denies it."""
    if known is None or not named:
        return {}
    found: dict[Destination, NextStep] = {}
    for one in answers(ctx, known, Query(egress.ref.id, named), egress):
        step = one.evaluation.deciding
        where = step.where if step else "Azure Firewall itself"
        if one.is_granted(ctx.clock.now()):
            found[one.destination] = NextStep(StepKind.OPEN, f"Allowed now by {where}.")
        elif one.is_by_everything:
            text = f"Can be requested: allowed now only by {where}, which allows everything."
            found[one.destination] = NextStep(StepKind.REQUEST, text)
        elif one.in_the_way is not None:
            text = f"No allowance helps: {one.in_the_way.where} is evaluated before the bot's rules. Ask its owner."
            found[one.destination] = NextStep(StepKind.NO_ALLOWANCE, text)
        elif one.refusal:
            found[one.destination] = NextStep(StepKind.NO_ALLOWANCE, f"No allowance helps yet. {one.refusal}")
    return found


def _by_policy(ctx: Context, who: Person, egress: ClusterEgress, destination: Destination) -> NextStep:
    """Whether the approval policy takes such a request from this person."""
    offered = ctx.config.durations.offered[0]
    draft = Draft(egress.ref.id, (destination,), "Denied by the firewall", offered)
    try:
        made = preview(ctx, who, draft)
    except UserError as error:
        return NextStep(StepKind.NO_ALLOWANCE, error.sentence)
    if made.verdict.kind is VerdictKind.REFUSE:
        return NextStep(StepKind.NO_ALLOWANCE, f"The approval policy refuses it: {made.verdict.reason}")
    return REQUEST


def _sharing(asked: LogQuestion, egress: ClusterEgress, others: Iterable[ClusterEgress]) -> tuple[str, ...]:
    """The names of other clusters whose sources overlap at the same firewall."""
    own = [ip_network(block, strict=False) for block in asked.ranges]
    found = []
    for other in others:
        paths = [path for path in other.paths if path.firewall in asked.firewalls]
        theirs = [ip_network(block, strict=False) for path in paths for block in path.sources]
        if other.ref.id != egress.ref.id and any(a.version == b.version and a.overlaps(b) for a in own for b in theirs):
            found.append(other.ref.name)
    return tuple(sorted(found))


def denied_since(ctx: Context, cluster_id: str, since: datetime) -> tuple[Denied, ...]:
    """What was denied for a cluster since a time; nothing where that is not known."""
    with ctx.store.read() as tx:
        known = tx.snapshots.get(cluster_id)
    asked = question_for(known[0], since, ctx.clock.now()) if known else None
    return denied_from(ctx.logs.read(asked).groups) if asked else ()
