"""Is it allowed, and why: the evaluator of one firewall's rule set."""

from bisect import bisect_left
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from bot.domain.firewall.builtin import DEFAULT, ThreatIntel, infrastructure_step
from bot.domain.firewall.compiled import Compiled, CompiledScope, Service, SharedMatches, also_at
from bot.domain.firewall.fit import Fit
from bot.domain.firewall.matchers import ApplicationTarget, RuleMatch, Target, application_target, decide, network_fqdn
from bot.domain.firewall.names import Match
from bot.domain.firewall.order import RulePosition, kind_of, rank_of
from bot.domain.firewall.owners import Whereabouts, whereabouts
from bot.domain.firewall.ranges import Spans, spans_from_text, union
from bot.domain.firewall.rules import RuleAction, RuleKind, RuleSet
from bot.domain.firewall.tags import Asked
from bot.domain.firewall.verdict import Evaluation, Flow, Outcome, Result, Stage, TraceStep
from bot.domain.firewall.walk import Effect, Undecided, builtin_effect
from bot.domain.fqdn import Protocol
from bot.errors import InvariantBroken

_SCOPES = 256


class _Question(NamedTuple):
    asked: Asked
    addresses: Spans
    where: Whereabouts
    scope: CompiledScope
    standing: SharedMatches


class Evaluator:
    """Answers for one rule set, many times: it indexes names once and remembers what questions share.

    The order is threat intelligence, NAT, network, application, infrastructure, default deny; ``order`` and ``builtin``
    hold its sources. The outcome is definite only if nothing that is unknown could change it.

    Args:
        rules: The rules as they are in Azure.
    """

    def __init__(self, rules: RuleSet) -> None:
        self._rules = rules
        self._compiled = Compiled(rules)
        self._threat_intel = ThreatIntel(rules)
        self._scope = lru_cache(maxsize=_SCOPES)(self._new_scope)

    def evaluate(self, flow: Flow) -> Evaluation:
        """Say what the firewall does with a flow, with the trace of every rule collection that it reaches.

        Raises:
            InvariantBroken: If the sources or addresses of the flow are missing or are not IP addresses or ranges.
        """
        question = self._question(flow)
        name, scope = question.asked.name, question.scope
        undecided = Undecided(scope.asked)
        trace = [self._threat_intel.step(name, question.addresses), *self._compiled.misses]
        for slot, effect in self._effects(question):
            trace[slot + 1] = undecided.meet(effect)
            if undecided.is_over:
                return _evaluation(undecided.outcome, trace[: slot + 2])
        builtin = (infrastructure_step(name, scope.service[0]), DEFAULT)
        trace.extend(undecided.meet(builtin_effect(step, scope.asked)) for step in builtin)
        return _evaluation(undecided.outcome, trace)

    def stands_in_the_way(self, flow: Flow, place: RulePosition) -> TraceStep | None:
        """Find the rule collection that would make an allow rule of the flow's kind dead at a place.

        An application rule is dead if all of the flow is ended before the place, by a network rule or a deny; a network
        rule (for tcp and udp), by a deny. What an earlier rule of its own kind already allows is not in the way: the
        access is there.

        Args:
            flow: What the rule would allow.
            place: Where the rule would be.

        Returns:
            The first step that ends a part of the flow, or None if the rule could take effect.

        Raises:
            InvariantBroken: If the layer is none of the rule set's, or as for ``evaluate``.
        """
        kind = kind_of(flow.destination)
        first = self._first_slot_at(kind, place)
        question = self._question(flow)
        undecided, ending = Undecided(question.scope.asked), []
        for slot, effect in self._effects(question):
            if slot >= first or undecided.is_over:
                break
            step = undecided.meet(effect)
            if undecided.was_reduced and _is_obstacle(kind, step):
                ending.append(step)
        return ending[0] if undecided.is_over and ending else None

    def _question(self, flow: Flow) -> _Question:
        destination, addresses = flow.destination, _spans(flow.addresses)
        service = (destination.protocol.value, destination.port)
        asked = Asked(destination.fqdn, service, flow.region, flow.published)
        scope, where = self._scope(flow.sources, service), whereabouts(destination.fqdn)
        return _Question(asked, addresses, where, scope, scope.standing(addresses, where))

    def _new_scope(self, sources: tuple[str, ...], service: Service) -> CompiledScope:
        if not sources:
            raise InvariantBroken("A flow needs at least one source range.")
        return CompiledScope(self._compiled, union(_spans(sources)), service)

    def _effects(self, question: _Question) -> Iterator[tuple[int, Effect]]:
        """Each slot where a rule comes near the flow, in order."""
        scope, standing = question.scope, question.standing
        named: dict[int, list[RuleMatch]] = {}
        for target, match in self._compiled.names.find(question.asked.name):
            named.setdefault(target.matcher.slot, []).append(self._named(question, target, match))
        for slot, found in scope.tagged(question.asked, question.addresses, question.where):
            named.setdefault(slot, []).append(found)
        for slot in sorted({*standing.slots, *named}) if named else standing.slots:
            if slot in named:
                yield slot, scope.effect(slot, [*standing.matches.get(slot, ()), *named[slot]])
            else:
                yield slot, standing.effects[slot]

    def _named(self, question: _Question, target: Target, match: Match) -> RuleMatch:
        scope, rule = question.scope, target.matcher.rule
        if isinstance(target, ApplicationTarget):
            fit = application_target(self._rules, target, match, service=scope.service)
            fit = also_at(target.matcher, fit, question.addresses, question.where)
        elif scope.fits(target.matcher):
            fit = network_fqdn(self._rules, target, match)
        else:
            transport = Protocol(scope.service[0]).transport.upper()
            fit = Fit(Match.NO, f"{rule.name} names {target.text}, but not {transport} port {scope.service[1]}.")
        return decide(rule.name, scope.cover(target.matcher.sources), fit, asked=scope.asked)

    def _first_slot_at(self, kind: RuleKind, place: RulePosition) -> int:
        depths = [policy.id for policy in self._rules.layers]
        if place.layer.lower() not in depths:
            raise InvariantBroken(f"The firewall does not use the firewall policy {place.layer}.")
        rank = rank_of(self._rules, kind, depths.index(place.layer.lower()), place)
        return bisect_left(self._compiled.places, rank, key=lambda placed: placed.rank)


def _is_obstacle(kind: RuleKind, step: TraceStep) -> bool:
    return step.action is RuleAction.DENY or (step.stage is Stage.NETWORK and kind is RuleKind.APPLICATION)


def _spans(texts: tuple[str, ...]) -> Spans:
    found = [spans_from_text(text) for text in texts]
    if not all(found):
        raise InvariantBroken(f"One of {', '.join(texts)} is not an IP address or range.")
    return tuple(span for spans in found if spans for span in spans)


def _evaluation(outcome: Outcome, trace: list[TraceStep]) -> Evaluation:
    if outcome is Outcome.DEPENDS:
        return Evaluation(outcome, None, tuple(trace), tuple(_open_questions(trace)))
    return Evaluation(outcome, trace[-1], tuple(trace))


def _open_questions(trace: list[TraceStep]) -> Iterator[str]:
    for step in trace[1:]:
        if step.result in (Result.UNKNOWN, Result.PARTIAL) and step.action is not None:
            where = f"rule collection {step.collection} of {step.policy}" if step.collection else "Azure itself"
            verb = "allows" if step.action is RuleAction.ALLOW else "denies"
            yield f"{where[0].upper()}{where[1:]} {verb}: {step.why}"
