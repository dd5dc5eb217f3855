"""Retention: older events move to sealed files; nothing is lost wherever it stops, and verification spans them."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import from_json, to_json
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from bot import auditing, proofs
from bot.domain.audit import Action, AuditFilter
from bot.domain.chain import checkpoints_in
from bot.domain.chain.lines import check_lines, check_proof
from bot.errors import BadConfiguration, ChainBroken
from bot.reconciler import Reconciler
from handlers import views
from tests.build import AUDITOR, DEV, World, make_world
from tests.flows.test_tampering import KEY, run_watch
from tests.listeners.calling import FORM, submitted
from tests.tampering import tamper


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    """Requests on ten days; events move after five."""
    made = make_world(database_url)
    audit = replace(made.ctx.config.audit, archive_folder=str(tmp_path), archive_after=timedelta(days=5))
    made.ctx = replace(made.ctx, audit_key=lambda: KEY, config=replace(made.ctx.config, audit=audit))
    made.reconciler = Reconciler(made.ctx, made.said, workers=0)
    for number in range(10):
        views.request(made.ctx, submitted(DEV, FORM | {"destinations": f"host{number}.example.com"}))
        made.tick(timedelta(days=1))
    yield made
    made.store.close()


def stored(world: World) -> list[int]:
    """The numbers of the events in the database."""
    with world.store.read() as tx:
        return [one.seq for one in tx.audit.chain(after=0, limit=1000)]


def archive(world: World) -> Any:
    """Move what is older than five days."""
    return proofs.archive_older(world.ctx, world.clock.now() - timedelta(days=5))


def test_older_events_move_and_verification_spans_them(world: World, tmp_path: Path) -> None:
    """Twice in a row, with their own checkpoints; one event in an archive's time can still be proven."""
    first = archive(world)
    assert (first.first_seq, first.last_seq) == (1, 5)
    assert stored(world) == [6, 7, 8, 9, 10, 11]
    world.tick(timedelta(days=2))
    second = archive(world)
    assert (second.first_seq, second.last_seq) == (6, 7)
    assert archive(world) is None
    for made in (first, second):
        [kept] = checkpoints_in((tmp_path / f"{made.file}.checkpoint").read_text())
        KEY.require_signed(kept)
        with (tmp_path / made.file).open() as lines:
            assert check_lines(lines, [kept]).is_whole
    assert auditing.prove(world.ctx, AUDITOR).end.seq == 12
    views.request(world.ctx, submitted(DEV, FORM | {"destinations": "later.example.com"}))
    run_watch(world, 2)
    assert auditing.search(world.ctx, AUDITOR, AuditFilter(action="audit:damage")).events == ()
    checkpoint = proofs.make_checkpoint(world.ctx, is_forced=True)
    assert checkpoint is not None
    for seq in (2, 9):  # one in an archive, one in the database
        record, _ = check_proof(to_json(proofs.prove_event(world.ctx, seq)).decode())
        assert record.seq == seq
    exported = [row.seq for page in auditing.export(world.ctx, AUDITOR, AuditFilter(), "jsonl").pages() for row in page]
    assert exported == list(range(1, exported[-1] + 1))
    hosts = auditing.export(world.ctx, AUDITOR, AuditFilter(destination="host2"), "csv").pages()
    assert next(row.seq for page in hosts for row in page) == 3
    lines = [line for text, _ in auditing.follow(world.ctx, AUDITOR, after=2, wait=None) for line in text.splitlines()]
    assert [from_json(line)["seq"] for line in lines] == list(range(3, exported[-1] + 3))
    (tmp_path / first.file).unlink()
    with pytest.raises(BadConfiguration, match="Events 1 to 5 are missing"):
        next(auditing.follow(world.ctx, AUDITOR, after=2, wait=None))
    assert "Events 1 to 5 are missing" in str(
        auditing.export(world.ctx, AUDITOR, AuditFilter(), "csv").archived.problems
    )


def test_a_follower_misses_nothing_that_moves_before_it_looks_again(world: World) -> None:
    """What was written and archived meanwhile comes from the archive, then the rest of the log."""

    def pause() -> None:
        for host in ("one.example.com", "two.example.com"):  # the last event always stays
            views.request(world.ctx, submitted(DEV, FORM | {"destinations": host}))
        world.tick(timedelta(days=20))
        assert archive(world).last_seq > last
        assert stored(world)[0] > last + 1

    follower = auditing.follow(world.ctx, AUDITOR, after=0, wait=pause)
    _, last = next(follower)
    pages = [next(follower)[0] for _ in range(2)]
    seen = [from_json(line)["seq"] for page in pages for line in page.splitlines()]
    assert seen == list(range(last + 1, stored(world)[-1] + 1))


def test_what_moves_while_it_is_read_is_read_once(world: World) -> None:
    """An export goes on in the archives that were made since it began, and a verification begins again."""
    assert archive(world).last_seq == 5
    export = auditing.export(world.ctx, AUDITOR, AuditFilter(), "jsonl")
    pages = export.pages()
    seen = [row.seq for row in next(pages)]
    world.tick(timedelta(days=2))
    assert archive(world).last_seq == 7
    assert [*seen, *(row.seq for page in pages for row in page)] == list(range(1, export.head.seq + 1))
    times = iter(range(3))

    def check() -> str:
        if next(times) == 0:
            world.tick(timedelta(days=2))
            assert archive(world) is not None
            raise ChainBroken("Audit event 8 is missing.", seq=8)
        return "whole"

    assert proofs.unmoved(world.ctx, check) == "whole"
    with pytest.raises(ChainBroken):
        proofs.unmoved(world.ctx, broken)


def test_an_archive_that_goes_away_while_it_is_read(world: World, tmp_path: Path) -> None:
    """It is named, also where a file is being written from it."""
    made = archive(world)
    pages = auditing.export(world.ctx, AUDITOR, AuditFilter(), "jsonl").pages()
    (tmp_path / made.file).unlink()
    with pytest.raises(BadConfiguration, match=f"The archive {made.file} of the audit log cannot be read"):
        next(pages)


def broken() -> None:
    """A log that is damaged, and from which nothing moves."""
    raise ChainBroken("Audit event 8 is missing.", seq=8)


def test_a_row_is_missed_also_where_its_event_is_archived(world: World) -> None:
    """Whoever deletes an old allowance cannot wait until its beginning has left the database."""
    with world.store.read() as tx:
        first = tx.audit.chain(after=0, limit=1)[0].event.subject
    archive(world)
    tamper(world.store, f"DELETE FROM allowance WHERE id = '{first}'")
    with pytest.raises(ChainBroken, match=f"Allowance {first} was filed in audit event 1, but it is no longer stored"):
        auditing.prove(world.ctx, AUDITOR)


@pytest.mark.parametrize("where", ["before the record", "before deleting", "while deleting"])
def test_nothing_is_lost_where_it_stops(world: World, tmp_path: Path, where: str) -> None:
    """The rows stay until the archive is recorded; what is left of them then is deleted by the next run."""
    if where == "before the record":
        (tmp_path / "audit-from-000000000001.jsonl.new").write_text("half a line")
    else:
        made = archive(world)
        with (tmp_path / made.file).open() as lines:
            left = list(lines)[3 if where == "while deleting" else 0 :]
        put_back(world, left)
        assert auditing.prove(world.ctx, AUDITOR).end.seq == 11
    assert stored(world)[-1] == (10 if where == "before the record" else 12)
    archive(world)
    assert stored(world)[0] == 6
    assert auditing.prove(world.ctx, AUDITOR).end.seq == stored(world)[-2]


def put_back(world: World, lines: list[str]) -> None:
    """Rows that were not yet deleted when the process ended."""
    import json

    from bot.domain.chain.lines import record_of
    from bot.store import schema
    from bot.store.rows import row_from_record

    with world.store._engine.begin() as connection:
        for line in lines:
            connection.execute(schema.audit_event.insert().values(row_from_record(record_of(json.loads(line)))))


@pytest.mark.parametrize("attack", ["file changed", "file removed", "record removed", "leftover changed"])
def test_a_changed_archive_is_found(world: World, tmp_path: Path, attack: str) -> None:
    """With the first event that is in doubt."""
    made = archive(world)
    path = tmp_path / made.file
    lines = path.read_text().splitlines(keepends=True)
    if attack == "file changed":
        path.write_text("".join(lines).replace("host2", "evil"))
    elif attack == "file removed":
        path.unlink()
    elif attack == "record removed":
        tamper(world.store, "DELETE FROM audit_archive")
    else:
        put_back(world, [lines[4]])
        tamper(world.store, "UPDATE audit_event SET actor = 'U1' WHERE seq = 5")
    with pytest.raises(ChainBroken) as found:
        auditing.prove(world.ctx, AUDITOR)
    assert found.value.seq == (5 if attack == "leftover changed" else 1)


def test_only_archived_rows_may_be_deleted(world: World) -> None:
    """By the database's own triggers; and the watch moves events by itself once a week's worth is too old."""
    archive(world)
    with pytest.raises(DBAPIError, match="append-only"), world.store._engine.begin() as connection:
        connection.execute(text("DELETE FROM audit_event WHERE seq = 6"))
    world.tick(timedelta(days=14))
    run_watch(world, 1)
    assert stored(world)[0] > 10
    assert [
        one.event.action for one in auditing.search(world.ctx, AUDITOR, AuditFilter(action="audit:archive")).events
    ] == [Action.AUDIT_ARCHIVE]
