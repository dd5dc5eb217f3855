"""``/egress capacity`` as people type it."""

import csv
import io
from collections.abc import Iterator

import pytest

from bot import inventory, scaling
from bot.domain.snat import CountGoal
from bot.errors import InvalidInput
from bot.scaling import Wish
from handlers import capacity, commands
from handlers.replies import Ephemeral, File
from tests.build import DEV, World, make_world
from tests.listeners.calling import pressed, text_of, typed


@pytest.fixture
def world(sqlite_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(sqlite_url)
    yield made
    made.store.close()


def test_pages(world: World) -> None:
    """The nearest cliff first, what to do about each, and the next page in the place of the first."""
    first = text_of(capacity.capacity(world.ctx, typed(DEV)))
    assert first.index("aks-udr-classic") < first.index("*aks-lb*")
    assert "room for 39 more nodes" in first
    assert "From 51 nodes on, every node drops from 1,024 to 512 ports." in first
    assert "`/egress scale aks-lb for 50 nodes` proposes 1,248 SNAT ports per node." in first
    second = capacity.turn(world.ctx, pressed(DEV, words="", page="2"))
    assert isinstance(second, Ephemeral)
    assert second.replaces
    assert "Page 2 of 2" in text_of(second)
    assert "room not known" in text_of(second)


def test_filters_and_open_proposals(world: World) -> None:
    """The filters of the list; a proposal that is open is what there is to do."""
    made = scaling.propose(world.ctx, DEV, Wish("aks-lb", CountGoal(2), "more"))
    said = text_of(capacity.capacity(world.ctx, typed(DEV, "type:loadBalancer env:production")))
    assert "0 of 2 clusters near exhaustion" in said
    assert f"Proposal `{made.id}` is open." in said
    assert "None of the 13 clusters" in text_of(capacity.capacity(world.ctx, typed(DEV, "name:nothing")))
    with pytest.raises(InvalidInput):
        capacity.capacity(world.ctx, typed(DEV, "colour:red"))


def test_as_a_file(world: World) -> None:
    """Every cluster that fits, in the same order, with plain numbers."""
    answer = capacity.capacity(world.ctx, typed(DEV, "env:production csv"))
    assert isinstance(answer, tuple)
    file, told = answer
    assert isinstance(file, File)
    rows = list(csv.DictReader(io.StringIO(file.content)))
    assert len(rows) == 8
    assert (rows[0]["cluster"], rows[0]["room_for_nodes"], rows[0]["near_exhaustion"]) == (
        "aks-udr-classic",
        "0",
        "false",
    )
    assert file.name == f"egress-capacity-{world.clock.now():%Y-%m-%d}.csv"
    assert "8 clusters" in file.comment
    assert isinstance(told, Ephemeral)


def test_what_is_offered_can_be_done(world: World) -> None:
    """Each command is understood, and ends in a proposal."""
    rows = inventory.capacity_overview(world.ctx, DEV, "").rows
    offered = [row.todo.split("`")[1] for row in rows if row.todo.startswith("`/egress scale")]
    assert len(offered) == 4
    for command in offered:
        assert "Proposed" in text_of(commands.scale(world.ctx, typed(DEV, command.removeprefix("/egress scale "))))
