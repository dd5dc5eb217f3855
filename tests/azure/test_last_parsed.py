"""A rule collection group that Azure sends letter for letter as before is not parsed again; any other is."""

from dataclasses import replace

from bot.azure.last_parsed import MOST, LastParsed
from bot.domain.firewall import RuleCollection, RuleCollectionGroup, RuleSet
from bot.domain.rule_diff import diff
from bot.domain.rule_rendering import render
from tests.azure.stage import HUB_POLICY, stage
from tests.domain.values import a_live_allowance


def test_a_group_is_parsed_anew_only_where_it_differs() -> None:
    """The same value for the same text; what somebody changed by hand is seen by the next look."""
    azure = stage()
    azure.finish(azure.write(HUB_POLICY, render([a_live_allowance("a.example.com")])))
    place = azure.arm.open(HUB_POLICY)
    first, again = place.observe().group(1), azure.arm.open(HUB_POLICY).observe().group(1)
    assert again is first

    other = render([a_live_allowance("b.example.com")])
    azure.finish(azure.write(HUB_POLICY, other))
    assert diff(place.observe().collections, other).is_empty
    assert not diff(first.collections, other).is_empty


def test_what_the_firewall_evaluates_is_parsed_anew_only_where_the_etag_differs() -> None:
    """What a group of ours holds was parsed when it was observed; after a write that nobody observed it is read."""
    azure = stage()
    azure.finish(azure.write(HUB_POLICY, render([a_live_allowance("a.example.com")])))
    place = azure.arm.open(HUB_POLICY)
    observed = place.observe().collections
    assert _ours(place.read()) == list(observed)
    assert all(one is other for one, other in zip(_ours(place.read()), observed, strict=True))

    other = render([a_live_allowance("b.example.com")])
    azure.finish(azure.write(HUB_POLICY, other))
    assert diff(_ours(place.read()), other).is_empty


def test_what_was_observed_is_not_read_again() -> None:
    """The rules are the same, those of others read anew; only a list would send all of ours once more."""
    azure = stage()
    azure.finish(azure.write(HUB_POLICY, render([a_live_allowance("a.example.com")])))
    place = azure.arm.open(HUB_POLICY)
    seen, before = place.observe(), len(azure.requests())
    around = place.read(seen)
    asked = [path for _, _, path in azure.requests()[before:] if HUB_POLICY.id in path.lower()]
    assert not [path for path in asked if path.lower().endswith(("rulecollectiongroups", "/rcg-aks-egress"))]
    assert _sorted(around) == _sorted(place.read())

    theirs = next(group for layer in around.layers for group in layer.groups if group.name != "rcg-aks-egress")
    body = azure.resource(theirs.id)
    body["properties"]["ruleCollections"][0]["rules"] = []
    azure.azure.put_resource(theirs.id, body)
    assert _sorted(place.read(seen)) == _sorted(place.read()) != _sorted(around)


def _sorted(rules: RuleSet) -> RuleSet:
    """In one order, which means nothing."""
    layers = tuple(replace(each, groups=tuple(sorted(map(_in_order, each.groups), key=repr))) for each in rules.layers)
    return replace(rules, layers=layers)


def _in_order(group: RuleCollectionGroup) -> RuleCollectionGroup:
    return replace(group, collections=tuple(sorted(group.collections, key=lambda each: each.priority)))


def _ours(rules: RuleSet) -> list[RuleCollection]:
    groups = (group for layer in rules.layers for group in layer.groups)
    return [each for group in groups for each in group.collections if each.name.startswith("egress-")]


def test_what_is_kept_is_bounded() -> None:
    """The last text of each resource, and never more than so many characters in all."""
    kept, parsed = LastParsed[int](), list[str]()

    def parse(text: str) -> int:
        parsed.append(text)
        return len(text)

    assert [kept.of("a", text, parse) for text in ("x", "x", "yy", "x")] == [1, 1, 2, 1]
    assert parsed == ["x", "yy", "x"]
    kept.of("b", "z" * MOST, parse)
    kept.of("a", "x", parse)
    assert len(parsed) == 5
