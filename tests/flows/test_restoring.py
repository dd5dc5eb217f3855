"""A database from a backup: what it lacks is said, and nobody is cut off by what it does not know."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.audit import Action
from bot.errors import BadConfiguration, InvalidInput
from bot.proofs.checkpoints import current
from bot.reporting.restoring import restored
from bot.store import SqlStore
from tests.build import OPERATOR, World, make_world
from tests.flows.writer_stage import ask, events, opened, told_text


@pytest.fixture
def world(sqlite_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(sqlite_url)
    yield made
    made.store.close()


def put_back(sqlite_url: str, copy: Path) -> None:
    """Restore: the content of the copy takes the place of the database's."""
    with closing(sqlite3.connect(copy)) as source, closing(sqlite3.connect(sqlite_url[10:])) as target:
        source.backup(target)


def test_rules_from_after_the_backup_are_named_and_left(world: World, sqlite_url: str, tmp_path: Path) -> None:
    """What ran out meanwhile is removed, what is on no record stays, a checkpoint tells how much is missing."""
    kept, ended = ask(world, "kept.example.com", hours=24), ask(world, "ended.example.com", hours=2)
    world.settle()
    world.store.back_up(tmp_path / "copy.sqlite3")
    ask(world, "lost.example.com", hours=24)
    world.settle()
    with world.store.read() as tx:
        checkpoint = current(world.ctx, tx)
    world.tick(timedelta(hours=3))
    put_back(sqlite_url, tmp_path / "copy.sqlite3")

    said = "\n".join(restored(world.ctx, OPERATOR, [checkpoint]))
    assert f"is of event {checkpoint.seq}: at least" in said
    assert "events lost" in said
    assert f"1 allowance ran out meanwhile, and the next write removes the rules: {ended.id}." in said
    assert [one.reason in said.replace("\n", " ") for one in events(world, "", Action.DATABASE_RESTORE)] == [True]
    world.settle()
    assert sorted(names[0] for names in opened(world).values()) == ["kept.example.com", "lost.example.com"]
    assert f"{kept.id}-https-443" in opened(world)
    assert "rules that are not in its database" in told_text(world, "unknown")


def test_a_backup_is_whole_or_not_there(world: World, tmp_path: Path) -> None:
    """It replaces nothing, and nobody else may read it."""
    copy = tmp_path / "copy.sqlite3"
    world.store.back_up(copy)
    assert (copy.stat().st_mode & 0o777, sorted(tmp_path.glob("copy*"))) == (0o600, [copy])
    restored_store = SqlStore(f"sqlite:///{copy}")
    restored_store.require_migrated()
    restored_store.close()
    with pytest.raises(InvalidInput, match=r"exists\. A backup replaces nothing"):
        world.store.back_up(copy)
    with pytest.raises(InvalidInput, match="Cannot write"):
        world.store.back_up(tmp_path / "nowhere" / "copy.sqlite3")


def test_postgresql_has_its_own(postgres_url: str) -> None:
    """The command is said."""
    store = SqlStore(postgres_url)
    with pytest.raises(BadConfiguration, match="pg_dump --format=custom"):
        store.back_up(Path("copy"))
    store.close()
