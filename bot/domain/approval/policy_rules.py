"""The rules of the approval policy, and what they are asked."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from difflib import get_close_matches
from types import MappingProxyType
from typing import Annotated, Literal, get_args

from pydantic import Field

from bot.domain.approval.verdict import Quorum, VerdictKind
from bot.domain.approval.windows import TimeWindow
from bot.domain.bundles import Bundle
from bot.domain.fields import Lower, NotWritten, ReadAs, Span, Text, Unit, matching
from bot.domain.fqdn import Destination, Protocol
from bot.domain.risk import REASON_CODES, Level, Risk

Direction = Literal["up", "down"]
ScaleChange = Literal["count", "ports", "idle", "ips"]
SCALE_CHANGES: tuple[ScaleChange, ...] = get_args(ScaleChange)


def _reason(code: str) -> str:
    if code not in REASON_CODES:
        near = get_close_matches(code, REASON_CODES, 1)
        hint = f"the nearest is {near[0]}" if near else f"known are {', '.join(sorted(REASON_CODES))}"
        raise ValueError(f"no risk has the reason “{code[:40]}”; {hint}")
    return code


@dataclass(frozen=True, slots=True)
class PolicyQuery:
    """The input to the policy. None means unknown.

    Args:
        subject: ``allowance``, ``scale`` or ``migrate``.
        cluster: Name of the cluster.
        environment: Its environment.
        risk: The assessed risk; None where assessing failed.
        destinations: What would be opened; none for a scale.
        duration: How long, None for no end; ignored for a scale.
        tags: The cluster's tags.
        requester_groups: The configured groups of whoever asks.
        at: When it was asked, with a time zone.
        counts: For a scale, the outbound IPs before and after.
        change: For a scale, what it changes.
        takes_away: For a scale, whether addresses, ports or flows are taken away; None where the counts tell.
        is_break_glass: Whether it is to be opened at once, without an approval.
        filled: Of a bundle with parameters that is asked for, what it contains with the values that are asked for.
    """

    subject: str
    cluster: str
    environment: str
    risk: Risk | None
    destinations: tuple[Destination, ...] = ()
    duration: timedelta | None = None
    tags: tuple[tuple[str, str], ...] | None = None
    requester_groups: frozenset[str] | None = None
    at: datetime | None = None
    counts: tuple[int, int] | None = None
    change: ScaleChange = "count"
    takes_away: bool | None = None
    is_break_glass: bool = False
    filled: Mapping[str, frozenset[Destination]] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def is_down(self) -> bool | None:
        """Whether a scale takes something away; None where that is not known."""
        if self.takes_away is not None or self.counts is None:
            return self.takes_away
        return self.counts[1] < self.counts[0]


UserId = Annotated[str, matching("[UW][A-Z0-9]+", "a user id such as U0123ABCD")]
Needed = Annotated[int, Field(ge=1, le=10), Unit("people")]


@dataclass(frozen=True, slots=True)
class ApprovalStage:
    """One stage of a rule that asks.

    Args:
        approvers: Groups that may approve; ``default_approvers`` if neither they nor people are named.
        people: Further people who may.
        needed: How many different people must approve.
        escalate_to: Groups that are asked as well after ``reminders.escalate_after``.
    """

    approvers: tuple[str, ...] = ()
    people: tuple[UserId, ...] = ()
    needed: Needed = 1
    escalate_to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PolicyRule:
    """One rule of the approval policy; every condition that is set must hold.

    Args:
        name: Shown on cards and in the audit log; each rule has its own.
        then: What follows. Refuse wins over ask, ask wins over grant, and every rule that asks counts.
        reason: A sentence for people.
        subjects: What it is about: requests (``allowance``), ``scale``, and changes of the outbound type (``migrate``),
            which a person always decides.
        environments: Environments by name, in any case; empty means any.
        clusters: Cluster names, ``*`` and ``?`` allowed; empty means any.
        tags: Tags that the cluster must have, all of them, in any case; ``*`` and ``?`` allowed in the value.
        risks: Risk levels; empty means any.
        risk_reasons: Codes of reasons of the risk, one of which must be given; empty means any.
        bundles: Bundle names: holds for what these bundles contain now, named or not; empty means any destination. Of a
            bundle with parameters, asking and refusing is about whatever it could contain with any values, and granting
            about no more than it contains with the values that it is asked for with.
        protocols: Protocols of destinations; empty means any.
        wildcard: Whether it is about wildcards only (true) or exact names only (false).
        longer_than: Holds for durations above this, and for no end; without it, for any.
        break_glass: Whether it is about break-glass requests only (true) or others only (false). Such a request is
            opened at once where a rule with true grants it, and is refused where none does; of the other rules, only
            those that refuse are about it. The approvers of the rule that grants review it afterwards.
        requesters: Groups, to one of which the requester must belong; empty means anybody.
        during: Names of windows, one of which must contain the time of the request; empty means any time.
        outside: Names of windows, none of which may contain it.
        changes: For scales: the number of outbound IPs (``count``), allocated SNAT ports (``ports``), the idle timeout
            (``idle``), own IPs and prefixes (``ips``); empty means any, but a rule that grants is then about ``count``.
        direction: For scales: only those that give more, or only those that take addresses, ports or flows away. What
            takes something away is never granted without a person.
        larger_than: For scales: only changes by more outbound IPs than this.
        approvers: Groups that may approve, when asking; ``default_approvers`` if neither they nor people are named.
        people: Further people who may.
        needed: How many different people must approve.
        escalate_to: Groups that are asked as well after ``reminders.escalate_after``.
        stages: Several sets of approvers in place of ``approvers``, ``people``, ``needed`` and ``escalate_to``.
        in_order: Whether each stage is asked after the one before; otherwise all are asked together.
        ticket: Whether a request that it is about must name a ticket.
        step_up: For rules that ask: each approval of what it is about is confirmed by signing in at the identity
            provider of ``[step_up]``.
    """

    name: Text
    then: VerdictKind
    reason: Text
    subjects: Annotated[
        frozenset[str],
        ReadAs(Annotated[frozenset[Literal["allowance", "scale", "migrate"]], Field(min_length=1)], frozenset),
    ] = frozenset({"allowance", "scale", "migrate"})
    environments: frozenset[Lower] = frozenset()
    clusters: tuple[str, ...] = ()
    tags: tuple[Annotated[str, matching("[^=]+=.*", "KEY=VALUE")], ...] = ()
    risks: Annotated[frozenset[str], ReadAs(frozenset[Level], frozenset)] = frozenset()
    risk_reasons: frozenset[Annotated[str, ReadAs(str, _reason)]] = frozenset()
    bundles: frozenset[str] = frozenset()
    protocols: frozenset[Protocol] = frozenset()
    wildcard: bool | None = None
    longer_than: Annotated[timedelta | None, ReadAs(Span, lambda span: span)] = None
    break_glass: bool | None = None
    requesters: tuple[str, ...] = ()
    during: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    changes: Annotated[frozenset[str], ReadAs(frozenset[ScaleChange], frozenset)] = frozenset()
    direction: Direction | None = None
    larger_than: Annotated[int, Field(ge=0, le=100), Unit("outbound IPs")] | None = None
    approvers: tuple[str, ...] = ()
    people: tuple[UserId, ...] = ()
    needed: Needed = 1
    escalate_to: tuple[str, ...] = ()
    stages: tuple[ApprovalStage, ...] = ()
    in_order: bool = False
    ticket: bool = False
    step_up: bool = False

    @property
    def changed(self) -> frozenset[str]:
        """What scales that it is about change."""
        return self.changes or frozenset({"count"} if self.then is VerdictKind.GRANT else SCALE_CHANGES)

    @property
    def opens_at_once(self) -> bool:
        """Whether it lets people break glass."""
        return self.break_glass is True and self.then is VerdictKind.GRANT


@dataclass(frozen=True, slots=True)
class ApprovalPolicy:
    """Who must say yes to what: the rules, and who is asked where no rule says anything.

    Args:
        rules: In the order of the file, which means nothing.
        default_approvers: Groups that are asked when no rule matches.
        on_behalf: Groups whose members may file for somebody else, who then is the owner and whose rights count.
        bundles: What each configured bundle contains.
        templates: The configured bundles with parameters.
        windows: The configured time windows by name.
        escalate_to: Groups that are asked as well where the default approvers have not decided after
            ``reminders.escalate_after``.
    """

    rules: tuple[PolicyRule, ...] = ()
    default_approvers: tuple[str, ...] = field(default=())
    bundles: Annotated[Mapping[str, frozenset[Destination]], NotWritten()] = field(
        default_factory=lambda: MappingProxyType({})
    )
    templates: Annotated[Mapping[str, Bundle], NotWritten()] = field(default_factory=lambda: MappingProxyType({}))
    windows: Annotated[Mapping[str, TimeWindow], NotWritten()] = field(default_factory=lambda: MappingProxyType({}))
    on_behalf: tuple[str, ...] = ()
    escalate_to: tuple[str, ...] = ()

    def quorums(self, rule: PolicyRule) -> tuple[Quorum, ...]:
        """Whom a rule asks, stage by stage: its own groups and people, or the default groups."""
        stages = rule.stages or (ApprovalStage(rule.approvers, rule.people, rule.needed, rule.escalate_to),)
        return tuple(self._quorum(rule, stage, place) for place, stage in enumerate(stages))

    def _quorum(self, rule: PolicyRule, stage: ApprovalStage, place: int) -> Quorum:
        is_default = not (stage.approvers or stage.people)
        groups = tuple(sorted(set(self.default_approvers if is_default else stage.approvers)))
        more = self.escalate_to if is_default and not stage.escalate_to else stage.escalate_to
        people, order = tuple(sorted(set(stage.people))), place if rule.in_order else 0
        return Quorum(groups, stage.needed, rule.name, rule.reason, people, order, _beyond(groups, more))

    @property
    def people(self) -> frozenset[str]:
        """The user ids of everybody who is asked by name."""
        return frozenset(user for rule in self.rules for quorum in self.quorums(rule) for user in quorum.people)

    def default(self, reason: str) -> Quorum:
        """The quorum that applies where no rule matches."""
        groups = tuple(sorted(set(self.default_approvers)))
        return Quorum(groups, reason=reason, more=_beyond(groups, self.escalate_to))

    def may_break_glass(self, groups: Collection[str]) -> bool:
        """Whether a rule lets members of these groups open something at once."""
        return any(rule.opens_at_once and not set(rule.requesters).isdisjoint(groups) for rule in self.rules)

    @property
    def requesters(self) -> frozenset[str]:
        """Every group of requesters that a rule is about."""
        return frozenset(group for rule in self.rules for group in rule.requesters)


def _beyond(groups: Iterable[str], more: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(more) - set(groups)))
