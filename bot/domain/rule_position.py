"""The place of a new bot rule among the rules of a firewall."""

from dataclasses import dataclass

from bot.domain.firewall import RuleCollection, RuleKind, RulePosition, RuleSet
from bot.domain.rule_rendering import FIRST_PRIORITY, PREFIX
from bot.domain.target import Target


@dataclass(frozen=True, slots=True)
class GroupSettings:
    """Our rule collection group as the configuration wants it.

    Args:
        group: Its name.
        priority: Its priority where it has to be created; the next free one if that is taken.
    """

    group: str
    priority: int


def position_of(
    rules: RuleSet, target: Target, home: GroupSettings, kind: RuleKind = RuleKind.APPLICATION
) -> RulePosition:
    """The place where the reconciler would put a new rule collection.

    In a firewall policy that is our own group, or the next free priority where it does not exist yet; in a classic
    firewall the next free priority among the rule collections of its kind.
    """
    groups = [group for layer in rules.layers if layer.id == target.id for group in layer.groups]
    if not rules.has_groups:
        priority = groups[0].priority if groups else home.priority
        there = [each for group in groups for each in group.collections]
        return RulePosition(target.id, priority, _after(there, kind, first=home.priority))
    ours = next((group for group in groups if group.name.lower() == home.group.lower()), None)
    if ours is not None:
        return RulePosition(target.id, ours.priority, _after(list(ours.collections)))
    taken = {group.priority for group in groups}
    return RulePosition(target.id, _free(home.priority, taken), FIRST_PRIORITY)


def _after(collections: list[RuleCollection], kind: RuleKind | None = None, *, first: int = FIRST_PRIORITY) -> int:
    """The priority of one more of the bot's rule collections; a classic firewall counts each kind separately."""
    ours = [each for each in collections if each.name.startswith(PREFIX)]
    foreign = {each.priority for each in collections if each not in ours and kind in (None, each.kind)}
    priority = _free(first, foreign)
    for _ in ours:
        priority = _free(priority + 1, foreign)
    return priority


def _free(wanted: int, taken: set[int]) -> int:
    while wanted in taken:
        wanted += 1
    return wanted
