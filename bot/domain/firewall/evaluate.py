"""Is it allowed, and why: the evaluator of one firewall's rule set."""

from bisect import bisect_left
from collections.abc import Iterator
from functools import lru_cache

from bot.domain.firewall.builtin import DEFAULT, ThreatIntel, infrastructure_step
from bot.domain.firewall.compiled import Compiled, Scope, Service, Standing, also_at
from bot.domain.firewall.matchers import ApplicationTarget, RuleMatch, Target, application_target, decide, network_fqdn
from bot.domain.firewall.names import Match
from bot.domain.firewall.order import rank_of
from bot.domain.firewall.ranges import Spans, spans_from_text, union
from bot.domain.firewall.rules import Action, Kind, RuleSet
from bot.domain.firewall.verdict import Evaluation, Flow, Outcome, Result, Stage, TraceStep
from bot.domain.firewall.walk import Effect, Undecided, builtin_effect
from bot.errors import InvariantBroken

_SCOPES = 256


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
        scope, standing, addresses = self._frame(flow)
        name = flow.destination.fqdn
        undecided = Undecided(scope.asked)
        trace = [self._threat_intel.step(name, addresses), *self._compiled.misses]
        for slot, effect in self._effects(flow, scope, standing):
            trace[slot + 1] = undecided.meet(effect)
            if undecided.is_over:
                return _evaluation(undecided.outcome, trace[: slot + 2])
        builtin = (infrastructure_step(name, scope.service[0]), DEFAULT)
        trace.extend(undecided.meet(builtin_effect(step, scope.asked)) for step in builtin)
        return _evaluation(undecided.outcome, trace)

    def stands_in_the_way(
        self, flow: Flow, *, layer: str, group_priority: int, collection_priority: int
    ) -> TraceStep | None:
        """Find the rule collection that would make an allow application rule dead at a place.

        It is dead if all of the flow is ended before the place, by a network rule or a deny. What an earlier
        application rule already allows is not in the way: the access is there.

        Args:
            flow: What the rule would allow.
            layer: Resource id of the firewall policy (or classic firewall) that would hold it.
            group_priority: Of its rule collection group.
            collection_priority: Of its rule collection.

        Returns:
            The first step that ends a part of the flow, or None if the rule could take effect.

        Raises:
            InvariantBroken: If the layer is none of the rule set's, or as for ``evaluate``.
        """
        place = self._first_slot_at(layer, group_priority, collection_priority)
        scope, standing, _ = self._frame(flow)
        undecided, ending = Undecided(scope.asked), []
        for slot, effect in self._effects(flow, scope, standing):
            if slot >= place or undecided.is_over:
                break
            step = undecided.meet(effect)
            if undecided.was_reduced and _is_obstacle(step):
                ending.append(step)
        return ending[0] if undecided.is_over and ending else None

    def _frame(self, flow: Flow) -> tuple[Scope, Standing, Spans]:
        destination = flow.destination
        scope = self._scope(flow.sources, (destination.protocol.value, destination.port))
        addresses = _spans(flow.addresses) if flow.addresses else ()
        return scope, scope.standing(addresses), addresses

    def _new_scope(self, sources: tuple[str, ...], service: Service) -> Scope:
        if not sources:
            raise InvariantBroken("A flow needs at least one source range.")
        return Scope(self._compiled, union(_spans(sources)), service)

    def _effects(self, flow: Flow, scope: Scope, standing: Standing) -> Iterator[tuple[int, Effect]]:
        """Each slot where a rule comes near the flow, in order."""
        named: dict[int, list[RuleMatch]] = {}
        addresses = _spans(flow.addresses)
        for target, match in self._compiled.names.find(flow.destination.fqdn):
            found = self._named(scope, target, match, addresses)
            named.setdefault(target.matcher.slot, []).append(found)
        for slot in sorted({*standing.slots, *named}) if named else standing.slots:
            if slot in named:
                yield slot, scope.effect(slot, [*standing.matches.get(slot, ()), *named[slot]])
            else:
                yield slot, standing.effects[slot]

    def _named(self, scope: Scope, target: Target, match: Match, addresses: Spans) -> RuleMatch:
        if isinstance(target, ApplicationTarget):
            fit = application_target(self._rules, target, match, scope.service)
            match, why = also_at(target.matcher, fit, addresses)
        elif scope.fits(target.matcher):
            match, why = network_fqdn(self._rules, target, match)
        else:
            match, why = Match.NO, f"{target.matcher.rule.name} names {target.text}, but not port {scope.service[1]}."
        found = scope.cover(target.matcher.sources)
        return decide(target.matcher.rule.name, found, match, why=why, asked=scope.asked)

    def _first_slot_at(self, layer: str, group_priority: int, collection_priority: int) -> int:
        depths = [policy.id for policy in self._rules.layers]
        if layer.lower() not in depths:
            raise InvariantBroken(f"The firewall policy {layer} is not among those that the firewall obeys.")
        rank = rank_of(
            self._rules,
            Kind.APPLICATION,
            depth=depths.index(layer.lower()),
            group_priority=group_priority,
            priority=collection_priority,
        )
        return bisect_left(self._compiled.places, rank, key=lambda place: place.rank)


def _is_obstacle(step: TraceStep) -> bool:
    return step.stage is Stage.NETWORK or step.action is Action.DENY


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
            verb = "allows" if step.action is Action.ALLOW else "denies"
            yield f"{where[0].upper()}{where[1:]} {verb}: {step.why}"


def evaluate(rules: RuleSet, flow: Flow) -> Evaluation:
    """Answer one question; for several about the same rules, keep an ``Evaluator``."""
    return Evaluator(rules).evaluate(flow)


def stands_in_the_way(
    rules: RuleSet, flow: Flow, *, layer: str, group_priority: int, collection_priority: int
) -> TraceStep | None:
    """Find what would make an allow application rule dead; as ``Evaluator.stands_in_the_way``."""
    return Evaluator(rules).stands_in_the_way(
        flow, layer=layer, group_priority=group_priority, collection_priority=collection_priority
    )
