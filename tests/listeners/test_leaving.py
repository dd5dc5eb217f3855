"""A replica leaves while people click: what it was given before its socket is closed is answered."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.listeners.test_workspace import Town, settled
from tests.sandbox.slack_stage import until


def click(town: Town) -> Any:
    """An act: it is recorded before its ack."""
    return town.command("UAPP0001", "deny nothing because")


def test_envelopes_that_come_while_it_leaves_are_acked(sqlite_url: str) -> None:
    """One waits for the database when the end begins, others come after that; nobody sees an error."""
    with settled(sqlite_url, delivery="socket") as town, ThreadPoolExecutor() as people:
        socket = town.app.serve_socket()
        until(lambda: socket.problem() is None)
        leaving = threading.Thread(target=socket.stop)
        with town.ctx.store.write():
            clicks = [people.submit(click, town)]
            until(lambda: town.stage.workspace.deliveries_in_flight == 1)
            leaving.start()
            clicks += [people.submit(click, town) for _ in range(2)]
            until(lambda: town.stage.workspace.deliveries_in_flight == 3)
        assert [each.result()["status"] for each in clicks] == [200] * 3
        leaving.join()
        assert not town.stage.workspace.is_connected
