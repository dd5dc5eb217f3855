"""Infrastructure as code for what is in Azure, with the priorities that it really has there."""

import re
from collections.abc import Iterator

import pytest

from bot import exporting, inventory
from tests.build import DEV, World, make_world
from tests.flows.writer_stage import ask


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A world at rest, its fleet read once."""
    made = make_world(database_url)
    yield made
    made.store.close()


def there(world: World, cluster: str) -> dict[str, int]:
    """Our rule collections in Azure, with their priorities."""
    target = inventory.show(world.ctx, DEV, cluster).egress.target()
    assert target is not None
    return {each.name: each.priority for each in world.ctx.targets.open(target).observe().collections}


@pytest.mark.parametrize("form", ["terraform", "bicep"])
@pytest.mark.parametrize("cluster", ["aks-udr-classic", "aks-udr"])
def test_priorities_are_those_of_azure(world: World, cluster: str, form: str) -> None:
    """A classic firewall has foreign collections at 100 and 200, so ours stand elsewhere; a file that said 100 lied."""
    ask(world, cluster=cluster)
    world.settle()
    (priority,) = there(world, cluster).values()

    written = exporting.export(world.ctx, DEV, cluster, form).text
    assert str(priority) in re.findall(r"priority\s*[=:]\s*(\d+)", written)


def test_a_priority_that_somebody_changed(world: World) -> None:
    """Azure's priorities count, not those that the bot would choose."""
    ask(world)
    world.settle()
    (group,) = [key for key in world.arm.state()["resources"] if key.endswith("/rulecollectiongroups/rcg-aks-egress")]
    body = world.arm.state()["resources"][group]
    body["properties"]["ruleCollections"][0]["priority"] = 777
    world.arm.put_resource(group, body)

    assert "priority = 777" in exporting.export(world.ctx, DEV, "aks-udr", "terraform").text
