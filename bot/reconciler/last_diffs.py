"""What was compared last in each target: a round that finds the same and wants the same need not compare it again."""

from dataclasses import dataclass

from bot.domain.allowance import Allowance
from bot.domain.firewall import RuleCollection
from bot.domain.rule_diff import Meanings, RuleDiff, diff
from bot.domain.rule_rendering import Rendered, render, rendered
from bot.domain.target import Target

Collections = tuple[RuleCollection, ...]
Allowances = tuple[Allowance, ...]


@dataclass(frozen=True, slots=True)
class _Last:
    observed: Collections
    wanted: Allowances
    rules: dict[str, tuple[Allowance, Rendered]]
    meanings: Meanings
    found: RuleDiff


class LastDiffs:
    """The last comparison of each target, of one process; safe to use for several targets at once.

    Every round reads Azure and the database. Only what follows from equal values is taken from here.
    """

    def __init__(self) -> None:
        self._known: dict[Target, _Last] = {}

    def of(self, target: Target, observed: Collections, wanted: Allowances) -> RuleDiff:
        """The gap between what is there and what is wanted, both as they were read just now.

        Args:
            target: The firewall policy or classic firewall.
            observed: Our rule collections in it.
            wanted: The allowances whose rules must be there.
        """
        last = self._known.get(target)
        if last is not None and last.observed == observed and last.wanted == wanted:
            return last.found
        before = last.rules if last is not None else {}
        rules = {row.id: _same(before.get(row.id), row) or (row, rendered(row)) for row in wanted}
        meanings = last.meanings if last is not None else Meanings()
        found = diff(observed, render(wanted, lambda row: rules[row.id][1]), meanings)
        meanings.turn()
        self._known[target] = _Last(observed, wanted, rules, meanings, found)
        return found

    def forget(self, target: Target) -> None:
        """It is gone from Azure."""
        self._known.pop(target, None)


def _same(kept: tuple[Allowance, Rendered] | None, row: Allowance) -> tuple[Allowance, Rendered] | None:
    """The rules of just this version of an allowance."""
    return kept if kept is not None and kept[0] is row else None
