"""Going through the rule collections with what of the flow is still undecided.

Each rule collection ends a part of the flow's sources for certain and another perhaps. What it ends perhaps goes on,
with its action remembered as possible. The outcome is definite if every way to resolve what is unknown gives the same
one; sources are followed exactly, so two rules that each cover half of the nodes together cover all of them.
"""

from dataclasses import replace
from typing import NamedTuple

from bot.domain.firewall.matchers import RuleMatch
from bot.domain.firewall.names import Match
from bot.domain.firewall.order import Placed
from bot.domain.firewall.ranges import Spans, overlap, union, without
from bot.domain.firewall.rules import RuleAction, RuleKind
from bot.domain.firewall.verdict import Outcome, Result, Stage, TraceStep

ALLOW, DENY, DEFAULT_DENY = 1, 2, 4

_BITS: dict[RuleAction | None, int] = {RuleAction.ALLOW: ALLOW, RuleAction.DENY: DENY}
_STAGES = {RuleKind.NAT: Stage.DNAT, RuleKind.NETWORK: Stage.NETWORK, RuleKind.APPLICATION: Stage.APPLICATION}
_MISSES = {
    RuleKind.NAT: "NAT rules are for traffic to the firewall's own addresses.",
    RuleKind.NETWORK: "No rule in it matches this port and destination from these sources.",
    RuleKind.APPLICATION: "No rule in it names this destination.",
}

# Denied by a rule for one part and by default for the rest is denied either way, but only the default ends all of it.
_OUTCOMES = {
    ALLOW: Outcome.ALLOWED,
    DENY: Outcome.DENIED,
    DEFAULT_DENY: Outcome.DEFAULT_DENIED,
    DENY | DEFAULT_DENY: Outcome.DEFAULT_DENIED,
}


class Effect(NamedTuple):
    """The effect of one rule collection or built-in stage.

    Attributes:
        yes: The sources that it ends for certain.
        maybe: The sources that it perhaps ends.
        bit: The outcome of what it ends.
        soft: What to call ``maybe``: some names or addresses for certain (partial), or unknown.
        step: Its step in the trace, as if all of the flow reached it.
    """

    yes: Spans
    maybe: Spans
    bit: int
    soft: Result
    step: TraceStep


def miss_step(place: Placed) -> TraceStep:
    """The step of a rule collection of which no rule comes near the flow."""
    collection = place.collection
    return TraceStep(
        _STAGES[collection.kind],
        place.policy.name,
        place.group.name,
        collection.name,
        collection.priority,
        collection.action,
        Result.MISS,
        None,
        _MISSES[collection.kind],
    )


def effect_of(miss: TraceStep, matches: list[RuleMatch], asked: Spans) -> Effect:
    """Join the matches of the rules of one collection: they share an action, so their order does not matter.

    Args:
        miss: The step of the collection if nothing matched.
        matches: One or more, also of rules that came near but do not match.
        asked: The sources of the flow.
    """
    yes = union(span for found in matches for span in found.yes)
    yes = asked if yes == asked else yes
    maybe = without(union(span for found in matches for span in found.maybe), yes)
    maybe = asked if maybe == asked else maybe
    soft = Result.PARTIAL if any(found.match is Match.PART for found in matches) else Result.UNKNOWN
    result = _result(ends_some=bool(yes), ends_all=yes is asked, otherwise=soft if maybe else Result.MISS)
    return Effect(yes, maybe, _BITS[miss.action], soft, _step(miss, result, _telling(matches, asked)))


def builtin_effect(step: TraceStep, asked: Spans) -> Effect:
    """Derive a built-in stage's effect from its step: a hit ends everything, an unknown may end everything."""
    bit = ALLOW if step.action is RuleAction.ALLOW else DEFAULT_DENY
    yes, maybe = (asked if step.result is wanted else () for wanted in (Result.HIT, Result.UNKNOWN))
    return Effect(yes, maybe, bit, Result.UNKNOWN, step)


def _result(*, ends_some: bool, ends_all: bool, otherwise: Result) -> Result:
    if ends_all:
        return Result.HIT
    return Result.PARTIAL if ends_some else otherwise


def _telling(matches: list[RuleMatch], asked: Spans) -> list[RuleMatch]:
    """The rules that matter, the strongest first; one that ends everything alone needs no company."""
    alone = [found for found in matches if found.yes is asked]
    strongest_first = sorted(matches, key=lambda found: -found.match)
    return alone[:1] or [found for found in strongest_first if found.match is not Match.NO] or matches


def _step(miss: TraceStep, result: Result, told: list[RuleMatch]) -> TraceStep:
    """The step of a collection, in the words of the rules that matter: three of them at most."""
    more = f" And {len(told) - 3} more like these." if len(told) > 3 else ""
    why = " ".join(found.why for found in told[:3]) + more
    asks = () if result in (Result.HIT, Result.MISS) else (found for found in told if found.look)
    on, look = next(((found.on, found.look) for found in asks), ("", ""))
    place = (miss.stage, miss.policy, miss.group, miss.collection, miss.priority, miss.action)
    return TraceStep(*place, result, told[0].rule, why, told[0].by, on, look)


class Undecided:
    """The part of a flow that no rule collection has ended yet.

    Args:
        sources: All sources of the flow.

    Attributes:
        was_reduced: Whether the last ``meet`` ended something for certain.
    """

    def __init__(self, sources: Spans) -> None:
        self._parts: dict[int, Spans] = {0: sources}
        self._ended = 0
        self.was_reduced = False

    @property
    def is_over(self) -> bool:
        """Whether every part has been ended."""
        return not self._parts

    @property
    def outcome(self) -> Outcome:
        """Combine the outcomes of the parts that were ended."""
        return _OUTCOMES.get(self._ended, Outcome.DEPENDS)

    def meet(self, effect: Effect) -> TraceStep:
        """Let a rule collection end what it ends; returns its step for what was left when the flow reached it."""
        parts: dict[int, Spans] = {}
        some = touched = False
        for possible, sources in self._parts.items():
            hit = overlap(sources, effect.yes) if effect.yes else ()
            some = some or bool(hit)
            self._ended |= possible | effect.bit if hit else 0
            rest = without(sources, hit) if hit else sources
            perhaps = overlap(rest, effect.maybe) if effect.maybe else ()
            touched = touched or bool(perhaps)
            _add(parts, possible | effect.bit, perhaps)
            _add(parts, possible, without(rest, perhaps) if perhaps else rest)
        self._parts = parts
        self.was_reduced = some
        otherwise = effect.soft if touched else Result.MISS
        return _met(effect.step, _result(ends_some=some, ends_all=some and not parts, otherwise=otherwise))


def _add(parts: dict[int, Spans], possible: int, sources: Spans) -> None:
    if sources:
        known = parts.get(possible)
        parts[possible] = union((*known, *sources)) if known else sources


def _met(step: TraceStep, result: Result) -> TraceStep:
    if step.result is result:
        return step
    if result is Result.MISS:
        return replace(step, result=result, why="Everything it matches is decided before it.", on="", look="")
    return replace(step, result=result)
