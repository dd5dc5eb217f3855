"""The place of a new bot rule among the rules of a firewall."""

from dataclasses import dataclass

from bot.domain.firewall import RuleCollection, RuleCollectionGroup, RuleKind, RulePosition, RuleSet
from bot.domain.rule_diff import MAX_GROUP_BYTES
from bot.domain.rule_groups import group_number
from bot.domain.rule_rendering import FIRST_PRIORITY, PREFIX
from bot.domain.rule_spread import FILL
from bot.domain.target import Target


@dataclass(frozen=True, slots=True)
class GroupSettings:
    """Our rule collection groups as the configuration wants them.

    Args:
        group: The name of the first.
        priority: The priority of one that has to be created; the next free one if that is taken.
        max_bytes: What one holds.
    """

    group: str
    priority: int
    max_bytes: int = MAX_GROUP_BYTES

    def has_room(self, group: RuleCollectionGroup) -> bool:
        """Whether one of our groups takes new rules."""
        return (group.size_bytes or 0) < self.max_bytes * FILL


def position_of(
    rules: RuleSet, target: Target, home: GroupSettings, kind: RuleKind = RuleKind.APPLICATION
) -> RulePosition:
    """The place where the reconciler would put a new rule collection.

    In a firewall policy that is the first of our own groups with room, or the next free priority where it does not
    exist yet; in a classic firewall the next free priority among the rule collections of its kind.
    """
    groups = [group for layer in rules.layers if layer.id == target.id for group in layer.groups]
    if not rules.has_groups:
        priority = groups[0].priority if groups else home.priority
        there = [each for group in groups for each in group.collections]
        return RulePosition(target.id, priority, _after(there, kind, first=home.priority))
    mine = ((group_number(group.name, home.group), group) for group in groups if home.has_room(group))
    ours = next((group for number, group in sorted(mine, key=_first) if number is not None), None)
    if ours is not None:
        return RulePosition(target.id, ours.priority, _after(list(ours.collections)))
    taken = {group.priority for group in groups}
    return RulePosition(target.id, _free(home.priority, taken), FIRST_PRIORITY)


def _first(found: tuple[int | None, RuleCollectionGroup]) -> int:
    return found[0] or 0


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
