"""More people than can be answered in time are told so at once, and nothing is recorded for them."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from time import monotonic
from typing import Any
from urllib.request import urlopen

import pytest

from bot.domain.allowance import Status, status
from bot.errors import TooBusy
from bot.ports import AllowanceFilter
from handlers.answering import answered
from handlers.connections import came_at
from handlers.http import Front, HttpFront
from handlers.places import RUNNING, WAITING, Places
from tests.listeners.calling import FORM
from tests.listeners.test_workspace import Town, settled
from tests.sandbox.slack_stage import until


@pytest.fixture
def town(sqlite_url: str) -> Iterator[Town]:
    """A workspace, served by HTTP."""
    with settled(sqlite_url) as made:
        made.stage.serve_http(made.app.bolt)
        yield made


def test_the_queue_has_an_end() -> None:
    """As many as may run and wait have a place; the next has none, until one ends."""
    places = Places(running=1, waiting=0)
    with places.place(), pytest.raises(TooBusy, match="nothing was recorded"), places.place():
        pass
    with places.place():
        pass


def test_whoever_finds_the_queue_full_is_told_and_may_try_again(town: Town) -> None:
    """A command, a button and a form, each where its person looks; the button and the form work afterwards."""
    asked = town.ask()
    town.command("UDEV0002", "request aks-udr late.example.com")
    town.view("UDEV0002")
    with ExitStack() as taken:
        for _ in range(RUNNING + WAITING):
            assert town.app._boundary._places._all.acquire(blocking=False)
            taken.callback(town.app._boundary._places._all.release)
        assert "nothing was recorded. Try again" in str(town.command("UDEV0001", "whoami")["body"])
        errors = town.submit("UDEV0002", **FORM | {"destinations": "late.example.com"})["errors"]
        assert "nothing was recorded. Try again" in str(errors)
        town.press("UAPP0001", "approve")
        until(lambda: town.whispers("UAPP0001"))
    (said,) = town.whispers("UAPP0001")
    assert "nothing was recorded. Try again" in said
    assert states(town) == {asked: Status.WAITING}
    town.press("UAPP0001", "approve")
    assert not town.submit("UDEV0002", **FORM | {"destinations": "late.example.com"})["errors"]
    assert sorted(states(town).values()) == [Status.APPROVED, Status.WAITING]


def states(town: Town) -> dict[str, Status]:
    """The status of every allowance, by id."""
    with town.ctx.store.read() as tx:
        return {one.id: status(one, town.ctx.clock.now()) for one in tx.allowances.find(AllowanceFilter())}


def test_the_time_of_a_request_counts_from_when_it_came() -> None:
    """One that waited for a thread has that much less."""
    came, go_on = list[float](), threading.Event()

    def slow(_asked: dict[str, Any], start_response: Any) -> Any:
        came.append(came_at() or 0.0)
        go_on.wait(10)
        return answered(start_response, 200, "text/plain", "ok")

    front = HttpFront(Front({}, others={"/slow": slow}), "127.0.0.1:0", lambda: None, threads=1)
    asking = [threading.Thread(target=lambda: urlopen(f"http://127.0.0.1:{front.port}/slow").close()) for _ in range(2)]
    for one in asking:
        one.start()
    until(lambda: came and front._server.task_dispatcher.queue)
    freed = monotonic()
    go_on.set()
    for one in asking:
        one.join()
    front.stop()
    assert 0 < came[0] <= came[1] < freed
    assert came_at() is None
