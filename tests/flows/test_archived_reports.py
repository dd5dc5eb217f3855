"""Stories, numbers and evidence of events that moved to sealed archives; where one cannot be read, what is missing."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot import proofs
from bot.allowances import campaigns
from bot.domain.allowance import Allowance
from bot.domain.campaign import AnswerKind
from bot.reconciler import Reconciler
from handlers import audit
from tests.build import APPROVER, AUDITOR, DEV, World, make_world
from tests.flows.writer_stage import HOUR, ask
from tests.listeners.calling import text_of, typed
from tests.listeners.test_evidence import archive as evidence
from tests.listeners.test_evidence import table

DAY = timedelta(days=1)


@pytest.fixture
def world(sqlite_url: str, tmp_path: Path) -> Iterator[World]:
    """On 2 November 2026."""
    made = make_world(sqlite_url)
    settings = replace(made.ctx.config.audit, archive_folder=str(tmp_path / "archives"), archive_after=DAY)
    (tmp_path / "archives").mkdir()
    made.ctx = replace(made.ctx, config=replace(made.ctx.config, audit=settings))
    made.reconciler = Reconciler(made.ctx, made.said, workers=0)
    yield made
    made.store.close()


def lived(world: World) -> tuple[Allowance, Allowance]:
    """One whose whole life is in an archive, and one that is still open."""
    short, long = ask(world, "short.example.com", hours=8), ask(world, "long.example.com", hours=24 * 70)
    world.settle()
    world.work(8 * HOUR)
    world.settle()
    world.tick(2 * DAY)
    made = proofs.archive_older(world.ctx, world.clock.now() - DAY)
    assert made is not None
    return short, long


def test_reports_span_archives(world: World, tmp_path: Path) -> None:
    """The same as if nothing had moved; and where an archive cannot be read, which events are missing is said."""
    short, long = lived(world)
    story = text_of(audit.audit(world.ctx, typed(AUDITOR, short.id)))
    for step in ("*Requested*", "*Approved*", "*Azure finished the write*", "*Live*", "*Expired*"):
        assert step in story, step
    shown = text_of(audit.stats(world.ctx, typed(AUDITOR, "since:30d")))
    assert "2, of which 0 renewals" in shown
    assert ":warning:" not in shown
    files = evidence(world, "2026-Q4")
    changes = {row["id"]: row for row in table(files["changes.csv"])}
    assert {one: row["outcome"] for one, row in changes.items()} == {short.id: "expired", long.id: "live"}
    assert all(row["approvers"].startswith("UAPP0001") for row in changes.values())
    assert len(table(files["writes.csv"])) == 2
    searched = text_of(audit.audit(world.ctx, typed(AUDITOR, "host:short")))
    assert "are in sealed archives" in searched
    _is_missing_without_it(world, tmp_path, short, long)
    world.work(70 * DAY)
    world.settle()
    (row,) = table(evidence(world, "2027-Q1")["changes.csv"])
    assert (row["id"], row["outcome"], row["requester"]) == (long.id, "expired", "UDEV0001 (Name of UDEV0001)")
    assert row["approvers"].startswith("UAPP0001")


def _is_missing_without_it(world: World, tmp_path: Path, short: Allowance, long: Allowance) -> None:
    (file,) = (tmp_path / "archives").glob("*.jsonl")
    with world.store.read() as tx:
        (made,) = tx.seals.archives()
    said = f"Events 1 to {made.last_seq} are missing: their archive {made.file} cannot be read"
    file.rename(tmp_path / "elsewhere")
    assert said in text_of(audit.audit(world.ctx, typed(AUDITOR, short.id)))
    assert said in text_of(audit.stats(world.ctx, typed(AUDITOR, "since:30d")))
    assert said not in text_of(audit.stats(world.ctx, typed(AUDITOR, "since:1h")))
    (tmp_path / "elsewhere").rename(file)
    content = file.read_text()
    file.write_text(content.replace("short", "evil"))
    assert "not the file that was sealed" in text_of(audit.audit(world.ctx, typed(AUDITOR, long.id)))
    file.write_text(content)


def test_evidence_of_one_cluster_has_its_writes_and_reviews(world: World) -> None:
    """A firewall and a review serve several: what concerns the cluster is there, the rest is not."""
    own = ask(world, "own.example.com")
    world.settle()
    ask(world, "other.example.com", cluster="aks-udr-classic")
    world.settle()
    for cluster in ("aks-udr", "aks-udr-classic"):
        sheet = campaigns.start(world.ctx, AUDITOR, cluster)
        (item,) = sheet.campaign.items
        given = campaigns.Wanted(sheet.campaign.id, item.allowance, AnswerKind.KEEP, "needed")
        campaigns.answer(world.ctx, DEV, given)
    files = evidence(world, "2026-Q4 cluster:aks-udr")
    (write,) = table(files["writes.csv"])
    assert own.id in write["detail"]
    assert [row["action"] for row in table(files["reviews.csv"])] == ["review:start", "review:keep"]
    assert APPROVER.identity.user in files["changes.csv"]
    every = evidence(world, "2026-Q4")
    assert (len(table(every["writes.csv"])), len(table(every["reviews.csv"]))) == (2, 4)
