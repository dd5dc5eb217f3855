"""The workers as threads: they find work, rest while there is none, and stop within seconds."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event, text

from bot import allowances, estimates, exporting
from bot.allowances import Draft
from bot.domain.allowance import Status
from bot.domain.fqdn import parse_destination
from bot.errors import CannotTakeEffect, InvalidInput
from bot.reconciler import Reconciler
from tests.build import DEV, EXAMPLE, World, make_world
from tests.flows.writer_stage import ask, state_of, until_writing


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(database_url)
    yield made
    made.store.close()


def wait_until(what: Callable[[], bool]) -> None:
    """Bounded; not a measurement."""
    end = time.monotonic() + 60
    while not what():
        assert time.monotonic() < end, "It never happened."
        time.sleep(0.02)


def is_held(world: World) -> bool:
    """Return whether any work is being done."""
    with world.store._engine.connect() as connection:
        return bool(connection.scalar(text("SELECT count(*) FROM work WHERE owner IS NOT NULL")))


def test_threads_carry_an_allowance_to_live_and_stop(world: World) -> None:
    """Nobody calls ``run_one``; after the stop nothing is held and no thread is left."""
    before = threading.active_count()
    reconciler = Reconciler(world.ctx, world.said, workers=4)
    reconciler.start()
    asked = ask(world)

    def is_live() -> bool:
        if not is_held(world):  # simulated time must not run away from a lease that is used in real time
            world.clock.advance(world.ctx.pace.batch_window)
            world.store.ring()
        return state_of(world, asked) is Status.LIVE

    def is_quiet() -> bool:
        if not is_held(world):
            world.clock.advance(timedelta(seconds=1))
            world.store.ring()
        return world.store.is_quiet()

    wait_until(is_live)
    wait_until(is_quiet)
    reconciler.stop()
    assert not any(thread.name.startswith("reconcile-") for thread in threading.enumerate())
    assert threading.active_count() <= before + 2, "The wake signal and the clients of Azure may go on."


def test_idle_workers_ask_once_together(world: World) -> None:
    """Four threads rest behind one look; on PostgreSQL there is one more when the wake signal has begun to listen."""
    reconciler = Reconciler(world.ctx, world.said, workers=4)
    asked: list[str] = []
    event.listen(world.store._engine, "before_cursor_execute", lambda *call: asked.append(call[2]))
    reconciler.start()
    wait_until(lambda: bool(asked))
    time.sleep(0.3)  # whoever else wanted to ask has had the time
    looks = [text for text in asked if text.startswith("SELECT min(")]
    reconciler.stop()
    assert 1 <= len(looks) <= 2


def test_the_outlook_of_who_waits(world: World) -> None:
    """Place and estimate before, during and after; the estimate comes from what was measured."""
    first = ask(world, "a.example.com")
    waiting = estimates.estimate(world.store, first, world.clock.now())
    assert waiting is not None
    assert (waiting.place, waiting.waiting, waiting.updates) == (1, 1, 1)
    until_writing(world)
    second = ask(world, "b.example.com")
    behind = estimates.estimate(world.store, second, world.clock.now())
    assert behind is not None
    assert (behind.place, behind.waiting, behind.updates) == (2, 2, 2)
    assert behind.estimate > waiting.estimate
    started = world.clock.now()
    world.settle()
    assert estimates.estimate(world.store, second, world.clock.now()) is None
    assert abs((world.clock.now() - started) - behind.estimate).total_seconds() < 60


def test_what_keeps_the_writer_is_on_the_card(world: World) -> None:
    """Azure's code, and the card is due again."""
    world.arm.add_fault({"method": "PUT", "path": "rcg-aks", "status": 403, "code": "AuthorizationFailed", "times": 3})
    asked = ask(world)
    for _ in range(10):
        world.work(world.ctx.pace.batch_window)
    found = estimates.estimate(world.store, asked, world.clock.now())
    assert found is not None
    assert "AuthorizationFailed" in (found.problem or "")
    cards = [notice for notice in world.said.notices if notice.kind == "card" and notice.subject == asked.id]
    assert len(cards) >= 2, "Asked; then applying and in difficulty, which are one card."
    world.settle()
    assert state_of(world, asked) is Status.LIVE


def test_the_gauge_before_an_approval(world: World) -> None:
    """The content as last read, and as it would be."""
    asked = ask(world)
    empty = estimates.gauge(world.store, world.ctx.config.firewall, asked.scope, asked.destinations)
    world.settle()
    found = estimates.gauge(
        world.store, world.ctx.config.firewall, asked.scope, (parse_destination("more.example.com"),)
    )
    assert found.fits
    assert 0 < empty.after < found.after < found.limit
    assert found.share < 0.01


@pytest.mark.parametrize(("form", "ending"), [("terraform", "tf"), ("bicep", "bicep")])
def test_export(world: World, form: str, ending: str) -> None:
    """The wanted allowances, live or not."""
    asked = ask(world)
    file = exporting.export(world.ctx, DEV, "aks-udr", form)
    assert (file.name, file.rules) == (f"egress-hub-policy.{ending}", 1)
    assert f"{asked.id}-https-443" in file.text


def test_export_needs_a_form_and_a_firewall(world: World) -> None:
    """With what would be right."""
    with pytest.raises(InvalidInput, match="terraform or bicep"):
        exporting.export(world.ctx, DEV, "aks-udr", "pulumi")
    with pytest.raises(CannotTakeEffect):
        exporting.export(world.ctx, DEV, "aks-lb", "bicep")


def test_what_does_not_fit_is_refused_at_once(world: World) -> None:
    """Instead of holding up everybody else's rules later."""
    book = replace(world.ctx.config, firewall=replace(world.ctx.config.firewall, max_bytes=300))
    with pytest.raises(CannotTakeEffect, match="limit is 300"):
        allowances.request(
            replace(world.ctx, config=book), DEV, Draft("aks-udr", (EXAMPLE,), "why", timedelta(hours=8))
        )
