"""Notices that are due are looked up together and sent one by one: each says what is owed at that moment."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.domain.work import WorkKind
from bot.ports import Notice, NoticeKind, Pace
from bot.reconciler import Reconciler
from bot.reconciler.notices import BATCH, BURST, Spacing, deliver
from bot.reconciler.run import Run
from bot.store.outbox import TURN
from tests.build import Said, World, make_world


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(database_url)
    made.settle()
    yield made
    made.store.close()


class Meanwhile(Said):
    """Records the outcome of the second request while the news of the first are sent."""

    world: World

    def deliver(self, notice: Notice, now: datetime) -> None:
        """Remember a notice; behind the first, owe the outcome."""
        super().deliver(notice, now)
        if len(self.notices) == 1:
            owe(self.world, "second", "revoked")


def owe(world: World, subject: str, event: str) -> None:
    """A message to one person."""
    with world.store.write() as tx:
        tx.outbox.add(Notice(NoticeKind.DIRECT, subject, "U1", {"event": event}))


def test_what_an_outcome_replaced_meanwhile_is_not_said(world: World) -> None:
    """Both messages were due at the same look; the second one's progress is over before its turn comes."""
    said = Meanwhile()
    said.world = world
    for subject in ("first", "second"):
        owe(world, subject, "seconded")
    reconciler = Reconciler(world.ctx, said, workers=0)
    for _ in range(3):
        world.clock.advance(timedelta(seconds=5))
        while reconciler.run_one():
            pass
    told = [(one.subject, one.body["event"]) for one in said.notices if one.kind is NoticeKind.DIRECT]
    assert told == [("first", "seconded"), ("second", "revoked")]


def test_after_a_burst_messages_are_sent_one_after_the_other(world: World) -> None:
    """The first ones begin at once, each other when its time has come, in the next run as well."""
    waits: list[float] = []
    spacing = Spacing(timedelta(hours=1), waits.append)
    for number in range(BURST + 3):
        owe(world, f"subject {number}", "seconded")
    world.clock.advance(timedelta(seconds=5))
    claim = world.store.claim("test", lease=timedelta(seconds=30), without=set(WorkKind) - {WorkKind.NOTICES})
    assert claim is not None
    for _ in range(2):
        deliver(Run(world.ctx, claim), world.said, spacing)
    assert len(world.said.notices) == BURST + 3
    hours = [round(wait / 3600) for wait in waits]
    assert hours == [1, 2, 3], "waiting takes no time here, so that each wait is an hour longer"


def test_the_end_of_the_process_waits_for_no_turn(world: World) -> None:
    """A run that is under way then sends the rest of its batch at once."""
    for number in range(BURST + 3):
        owe(world, f"subject {number}", "seconded")
    reconciler = Reconciler(replace(world.ctx, pace=Pace(message=timedelta(hours=1))), world.said, workers=0)
    reconciler.stop()

    def work() -> None:
        for _ in range(2):
            world.clock.advance(timedelta(seconds=5))
            while reconciler.run_one():
                pass

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    worker.join(timeout=30)
    assert not worker.is_alive()
    assert len(world.said.notices) == BURST + 3


def test_nobody_waits_behind_the_thousands_that_a_channel_is_owed(world: World) -> None:
    """Recipients take turns; what is few is told in the order of what happened."""
    with world.store.write() as tx:
        for number in range(2 * BATCH):
            tx.outbox.add(Notice(NoticeKind.CHANNEL, f"subject {number}", "C1", {"event": "drift"}))
    owe(world, "late", "live")
    world.clock.advance(timedelta(seconds=5))
    with world.store.read() as tx:
        told = [one.subject for one in tx.outbox.due(limit=BATCH)]
    news = [f"subject {number}" for number in range(BATCH - 1)]
    assert told == [*news[:TURN], "late", *news[TURN:]]
