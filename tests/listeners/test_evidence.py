"""``/egress evidence``: one archive, made of the log, for auditors alone."""

import csv
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from zipfile import ZipFile

import pytest

from bot import auditing
from bot.domain.audit import AuditFilter
from bot.errors import InvalidInput, NotPermitted
from handlers import audit
from handlers.replies import Files
from tests.build import APPROVER, AUDITOR, DEV, DEV2, World, make_world
from tests.flows.writer_stage import HOUR, ask
from tests.listeners.calling import typed

Table = list[dict[str, str]]


@pytest.fixture
def world(sqlite_url: str) -> Iterator[World]:
    """A world at rest, on 2 November 2026."""
    made = make_world(sqlite_url)
    yield made
    made.store.close()


def archive(world: World, words: str) -> dict[str, str]:
    """The files of an archive."""
    made = audit.evidence(world.ctx, typed(AUDITOR, words))[0]
    assert isinstance(made, Files)
    found: dict[str, str] = {}
    for file in made.make():
        assert file.data is not None
        with ZipFile(file.data) as archive:
            found |= {name: archive.read(name).decode() for name in archive.namelist()}
    return found


def table(text: str) -> Table:
    """The lines of a table."""
    return list(csv.DictReader(StringIO(text)))


def test_a_quarter_holds_what_happened_in_it(world: World) -> None:
    """Changes with approvers and times, what was refused, what was open at its ends, and the proof."""
    ended, kept = ask(world, "ended.example.com", hours=8), ask(world, "kept.example.com", hours=24 * 60)
    auditing.refuse(world.ctx, DEV2, "approve", NotPermitted("=No."), auditing.Attempt(ended.id))
    world.settle()
    world.work(8 * HOUR)
    world.settle()
    files = archive(world, "2026-Q4")
    changes = {row["id"]: row for row in table(files["changes.csv"])}
    assert changes.keys() == {ended.id, kept.id}
    assert (changes[ended.id]["outcome"], changes[kept.id]["outcome"]) == ("expired", "live")
    assert changes[ended.id]["approvers"] == "UAPP0001 (Name of UAPP0001)"
    assert changes[ended.id]["requester"] == "UDEV0001 (Name of UDEV0001)"
    assert changes[ended.id]["asked_at"] < changes[ended.id]["live_at"] < changes[ended.id]["gone_at"]
    assert 0 <= int(changes[ended.id]["expiry_lag_s"]) < 900
    assert "approvers=" in changes[ended.id]["rule_text"]
    assert [row["reason"] for row in table(files["refused-acts.csv"])] == ["'=No."]
    assert table(files["open-at-start.csv"]) == []
    assert "verified up to event" in files["proof.txt"]
    assert "<svg" in files["index.html"]
    world.tick(timedelta(days=90))
    later = archive(world, "2026-Q4")
    assert [row["id"] for row in table(later["open-at-end.csv"])] == [kept.id]
    assert "not over" in files["index.html"]
    assert "not over" not in later["index.html"]
    world.settle()
    (gone,) = table(archive(world, "2027-Q1")["changes.csv"])
    assert (gone["id"], gone["outcome"], gone["requester"]) == (kept.id, "expired", "UDEV0001 (Name of UDEV0001)")
    assert [row["id"] for row in table(archive(world, "2027-Q1")["open-at-start.csv"])] == [kept.id]


def test_one_cluster_alone(world: World) -> None:
    """The others are left out."""
    ask(world)
    assert len(table(archive(world, "2026-Q4 cluster:aks-udr")["changes.csv"])) == 1
    assert table(archive(world, "2026-Q4 cluster:aks-lb")["changes.csv"]) == []


def test_only_auditors_get_it_and_that_is_on_record(world: World) -> None:
    """An approver decides; the evidence of it is for somebody else."""
    for other in (DEV, APPROVER):
        with pytest.raises(NotPermitted):
            audit.evidence(world.ctx, typed(other, "2026-Q4"))
    archive(world, "2026-Q4")
    (found,) = auditing.search(world.ctx, AUDITOR, AuditFilter(action="audit:export")).events
    assert found.event.detail == (("about", "evidence 2026-Q4"),)


@pytest.mark.parametrize("words", ["", "2026", "2026-Q4 aks-udr", "2026-Q4 cluster:"])
def test_wrong_words_are_answered_with_the_right_ones(world: World, words: str) -> None:
    """A quarter, and perhaps a cluster."""
    with pytest.raises(InvalidInput, match="2026-Q3"):
        audit.evidence(world.ctx, typed(AUDITOR, words))
