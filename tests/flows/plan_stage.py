"""Shared by tests of the plan: a look that is proven to change nothing, and the comparison with the outcome."""

from typing import Any

from sqlalchemy import select

from bot.domain.forecast import Forecast, TargetForecast
from bot.domain.forecast_text import rule_json
from bot.domain.rule_diff import content_digest
from bot.reconciler import foresee
from bot.store.schema import metadata
from tests.build import World

READS = {"GET", "POST"}
"""Methods of requests that change nothing: the only POST is a query of Resource Graph."""


def looked(world: World, name: str | None = None) -> Forecast:
    """The forecast; neither the database nor Azure is another one afterwards."""
    before, resources = rows(world), world.arm.state()["resources"]
    asked = len(world.arm.state()["requests"])
    found = foresee(world.ctx, name)
    assert rows(world) == before
    assert world.arm.state()["resources"] == resources
    assert {each["method"] for each in world.arm.state()["requests"][asked:]} <= READS
    return found


def rows(world: World) -> dict[str, list[Any]]:
    """Everything that the database holds."""
    with world.store._database.transaction(is_read=True) as connection:
        return {table.name: sorted(map(repr, connection.execute(select(table)))) for table in metadata.sorted_tables}


def only(forecast: Forecast) -> TargetForecast:
    """The one target of a forecast."""
    (target,) = forecast.targets
    return target


def fates(target: TargetForecast) -> dict[str, str]:
    """The act on each rule."""
    return {rule.name: str(rule.fate) for each in target.collections for rule in each.rules}


def promised(target: TargetForecast) -> dict[str, Any]:
    """The content that the forecast expects."""
    return {rule.name: rule_json(rule.after) for each in target.collections for rule in each.rules if rule.after}


def there(world: World, target: TargetForecast) -> dict[str, Any]:
    """The content that is there."""
    found = world.ctx.targets.open(target.target).observe().collections
    return {rule.name: rule_json(rule) for each in found for rule in each.rules}


def comes_true(world: World, name: str | None = None) -> Forecast:
    """Look, let the writers work, and compare: what was foreseen is what is there, and then nothing is left to do."""
    said = looked(world, name)
    world.settle()
    for target in said.targets:
        assert promised(target) == there(world, target), target.target.name
    after = looked(world, name)
    assert not after.has_changes, after
    return said


def digest(world: World, target: TargetForecast) -> str:
    """A digest of what is there."""
    return content_digest(world.ctx.targets.open(target.target).observe().collections)
