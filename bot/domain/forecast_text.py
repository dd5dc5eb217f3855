"""A forecast for people, and as JSON for scripts."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

from bot.domain.firewall import ApplicationRule, NatRule, NetworkRule, Rule
from bot.domain.forecast import (
    CollectionForecast,
    Fate,
    Forecast,
    ForecastResult,
    RuleForecast,
    ScaleForecast,
    TargetForecast,
)
from bot.domain.phrases import counted

SIGNS = {Fate.ADD: "+", Fate.ALTER: "~", Fate.REMOVE: "-", Fate.KEEP: " "}
"""The signs before rules, as in a diff."""

SHAPE = 1
"""The version of the JSON; it grows when a field changes its meaning or goes away."""

Json = dict[str, Any]


def text_of(forecast: Forecast) -> str:
    """The forecast for people: each target with what changes in it, then the scales, what is missing, and the sum."""
    parts = [
        *(_target(each) for each in forecast.targets),
        *(["\n".join(["Outbound settings", *map(_scale, forecast.scales)])] if forecast.scales else []),
        *(f"{each.what}: could not be read. {each.why}" for each in forecast.unreadable),
        _sum(forecast),
    ]
    return "\n\n".join(parts) + "\n"


def _target(one: TargetForecast) -> str:
    head = f"{one.target.name} ({one.target.kind}, {one.target.id})"
    if not one.has_changes:
        state = [f"  Nothing to change; {counted(one.count(Fate.KEEP), 'rule')} of the bot there."]
    else:
        state = [f"  {_counts(one)}", *_written(one)]
    lines = [
        *state,
        *(f"  Changed by hand: {each.rule} in {each.collection} was {each.did}. {each.next}" for each in one.foreign),
        *(f"  Left out: {each.allowance}. {each.why}" for each in one.left_out),
        *(f"  Not now: {each}" for each in one.obstacles),
        *(f"  Note: {each}" for each in one.remarks),
    ]
    return "\n".join([head, *lines])


def _counts(one: TargetForecast) -> str:
    add, alter, remove, keep = (one.count(fate) for fate in Fate)
    return f"{add} to add, {alter} to alter, {remove} to remove, {keep} kept."


def _written(one: TargetForecast) -> Iterator[str]:
    if one.repeats:
        yield f"  Written again: {one.repeats}"
    for each in one.collections:
        if each.fate is not Fate.KEEP:
            yield from _collection(each)


def _collection(one: CollectionForecast) -> Iterator[str]:
    yield f"  {SIGNS[one.fate]} {one.kind} rule collection {one.name} (priority {one.priority})"
    for rule in one.rules:
        if rule.fate is not Fate.KEEP:
            yield from _rule(rule)


def _rule(one: RuleForecast) -> Iterator[str]:
    owner = f" of {one.cluster}" if one.cluster else ""
    shown = one.after or one.before
    words = rule_words(shown) if shown else ""
    if one.fate is Fate.ALTER and one.before is not None:
        yield f"    ~ {one.name}{owner}: {words}"
        yield f"      was: {rule_words(one.before)}"
    else:
        yield f"    {SIGNS[one.fate]} {one.name}{owner}: {words}"


def rule_words(rule: Rule) -> str:
    """A rule in one line: from where, to where, by what."""
    face = rule_json(rule)
    sources, destinations = ", ".join(face["sources"]) or "nowhere", ", ".join(face["destinations"]) or "nowhere"
    return f"{sources} to {destinations} by {', '.join(face['protocols']) or 'no protocol'}"


def rule_json(rule: Rule) -> Json:
    """A rule as plain values: ``sources``, ``destinations`` and ``protocols``, each a sorted list of texts."""
    if isinstance(rule, ApplicationRule):
        sources: Iterable[str] = (
            *rule.source_addresses, *rule.source_ip_groups, *rule.source_kube_selector_groups
        )  # fmt: skip
        places: Iterable[str] = (
            *rule.target_fqdns, *rule.target_urls, *rule.fqdn_tags, *rule.web_categories, *rule.destination_addresses
        )  # fmt: skip
        protocols: Iterable[str] = (f"{name}:{port}" for name, port in rule.protocols)
    else:
        sources, places = _packet_ends(rule)
        protocols = (f"{name.lower()}:{port}" for name in rule.ip_protocols for port in rule.destination_ports)
    return {"sources": sorted(sources), "destinations": sorted(places), "protocols": sorted(protocols)}


def _packet_ends(rule: NetworkRule | NatRule) -> tuple[Iterable[str], Iterable[str]]:
    sources = (*rule.source_addresses, *rule.source_ip_groups)
    if isinstance(rule, NatRule):
        return sources, rule.destination_addresses
    places = (*rule.destination_fqdns, *rule.destination_addresses, *rule.destination_ip_groups)
    return (*sources, *rule.source_geo_locations), (*places, *rule.destination_geo_locations)


def _scale(one: ScaleForecast) -> str:
    change = f"{one.cluster}: {one.change.text} ({one.id})."
    return f"  {'~' if one.is_applied else ' '} {change}{f' {one.why}' if one.why else ''}"


def _sum(forecast: Forecast) -> str:
    if forecast.result is ForecastResult.ERROR:
        return "Not complete: something could not be read."
    if not forecast.has_changes:
        return "Nothing would change."
    targets = [one for one in forecast.targets if one.has_changes]
    rules = sum(one.count(fate) for one in targets for fate in (Fate.ADD, Fate.ALTER, Fate.REMOVE))
    scales = sum(one.is_applied for one in forecast.scales)
    return (
        f"Would change: {counted(rules, 'rule')} in {counted(len(targets), 'firewall')}, "
        f"outbound settings of {counted(scales, 'cluster')}. Nothing was written."
    )


def json_of(forecast: Forecast) -> str:
    """The forecast as one JSON object, for scripts.

    ``{"format": 1, "result": "unchanged" | "changes" | "error", "targets": […], "scales": […], "unreadable": […]}``;
    the fields in it are those of ``bot.domain.forecast``.
    """
    content = {
        "format": SHAPE,
        "result": forecast.result.name.lower(),
        "targets": [_target_json(one) for one in forecast.targets],
        "scales": [_scale_json(one) for one in forecast.scales],
        "unreadable": [asdict(one) for one in forecast.unreadable],
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _scale_json(one: ScaleForecast) -> Json:
    change = asdict(one.change)
    before = change.pop("there", change["before"])  # of IPs, those that are there
    return {"id": one.id, "cluster": one.cluster, **change, "before": before, "applied": one.is_applied, "why": one.why}


def _target_json(one: TargetForecast) -> Json:
    return {
        "id": one.target.id,
        "name": one.target.name,
        "kind": one.target.kind.value,
        **{fate.value: one.count(fate) for fate in Fate},
        "repeats": one.repeats,
        "collections": [_collection_json(each) for each in one.collections],
        "foreign": [asdict(each) for each in one.foreign],
        "left_out": [asdict(each) for each in one.left_out],
        "obstacles": list(one.obstacles),
        "remarks": list(one.remarks),
    }


def _collection_json(one: CollectionForecast) -> Json:
    return {
        "name": one.name,
        "kind": one.kind.value,
        "priority": one.priority,
        "change": one.fate.value,
        "rules": [_rule_json(each) for each in one.rules],
    }


def _rule_json(one: RuleForecast) -> Json:
    return {
        "name": one.name,
        "change": one.fate.value,
        "allowance": one.allowance,
        "cluster": one.cluster,
        "before": rule_json(one.before) if one.before else None,
        "after": rule_json(one.after) if one.after else None,
    }
