"""The firewall rules that were read lately, ready for questions."""

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from bot.domain.firewall import Evaluator, RuleSet
from bot.domain.target import Target

KEEP = timedelta(minutes=10)
"""How old rules may be that a submitted form is checked against: about as long as people take to fill it in.

It is a person's time, not Azure's, so the sandbox's speed does not shorten it. Older rules count as not known: then the
request is filed unchecked, because a needless allowance is seen and ends by itself, and a wrong refusal helps nobody.
Only for what needs a network rule they are read again: whether it can work at all depends on them.
"""

MOST = 16
"""Targets whose rules are kept; an evaluator of 20,000 names takes some 30 MB."""


@dataclass(frozen=True, slots=True)
class KnownRules:
    """The rules of one target as they were read.

    Args:
        rules: The rules.
        evaluator: The same, indexed.
        read_at: When.
    """

    rules: RuleSet
    evaluator: Evaluator
    read_at: datetime


@dataclass(slots=True)
class RecentRules:
    """Recently read rules by target; one instance per process, used by several threads.

    Args:
        keep: How long it counts as known.
        most: For how many targets; the ones used least go first.
    """

    keep: timedelta = KEEP
    most: int = MOST
    _known: "OrderedDict[Target, KnownRules]" = field(default_factory=OrderedDict, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def put(self, target: Target, rules: RuleSet, read_at: datetime) -> KnownRules:
        """Index what was read, and remember it; rules that did not change are not indexed again."""
        with self._lock:
            old = self._known.get(target)
        evaluator = old.evaluator if old is not None and old.rules == rules else Evaluator(rules)
        known = KnownRules(rules, evaluator, read_at)
        with self._lock:
            self._known[target] = known
            self._known.move_to_end(target)
            while len(self._known) > self.most:
                self._known.popitem(last=False)
        return known

    def get(self, target: Target, now: datetime) -> KnownRules | None:
        """The known rules of a target, unless they are too old."""
        with self._lock:
            known = self._known.get(target)
            if known is None or now - known.read_at > self.keep:
                return None
            self._known.move_to_end(target)
            return known
