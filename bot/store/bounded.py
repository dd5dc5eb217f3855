"""PostgreSQL connections that give up a server which accepts and never answers.

The server's own time-outs end a statement that waits for a lock; they do nothing against a server that is stopped, or a
network that swallows packets. So the client measures too, and closes a connection whose answer is overdue: what was not
committed by then never is.
"""

import select
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from time import monotonic
from typing import Any

import psycopg

from bot.ports.deadline import left_s
from bot.store.bounds import BOUND_S

GRACE_S = 0.5
"""Seconds by which the client waits longer than the server, so that the server's own answer comes first."""

LOOK_S = 0.05
"""The interval at which a wait checks its deadline."""

Connecting = Callable[[], Any]


class NoAnswer(psycopg.OperationalError):
    """The server did not answer in time; the connection is closed."""


class BoundedConnection(psycopg.Connection[Any]):
    """A connection whose every wait is bounded, by the act's deadline where there is one.

    Attributes:
        is_patient: Whether statements may take as long as they need: a migration waits for others.
    """

    is_patient = False

    @property
    def was_told(self) -> bool:
        """Whether the server has said something that nobody asked for: that it is ending, or has ended."""
        poll = select.poll()
        poll.register(self.pgconn.socket, select.POLLIN)
        return bool(poll.poll(0))

    def isolate(self, *, is_read: bool) -> None:
        """Say how the next transaction begins: a look sees one state, a change waits for the others."""
        level = psycopg.IsolationLevel.REPEATABLE_READ if is_read else None
        if self.isolation_level is not level:
            self.isolation_level = level

    def wait(self, gen: Generator[Any, Any, Any], interval: float = LOOK_S, *rest: Any, **options: Any) -> Any:
        """Wait for what the driver asked the server.

        Raises:
            NoAnswer: It was not answered in time.
        """
        if (bounded_s := options.get("timeout")) is not None:  # who listens asks for as long as it wants to, at once
            return super().wait(gen, bounded_s, *rest, **options)
        if self.is_patient:
            return super().wait(gen, interval, *rest, **options)
        within = left_s(BOUND_S + GRACE_S)
        return super().wait(self._bounded(gen, monotonic() + within), min(interval, LOOK_S), *rest, **options)

    def _bounded(self, gen: Generator[Any, Any, Any], ends: float) -> Generator[Any, Any, Any]:
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if not ready and monotonic() > ends:
                    self.pgconn.finish()
                    raise NoAnswer("The server did not respond in time.")
                wanted = gen.send(ready)
        except StopIteration as end:
            return end.value


def connected(connect: Connecting) -> Any:
    """Return what ``connect`` returns, or fail at the timeout: name servers and handshakes may not respond.

    Raises:
        NoAnswer: No connection in time.
    """
    made: Future[Any] = Future()

    def run() -> None:
        try:
            connection = connect()
        except (psycopg.Error, OSError, ValueError) as error:
            with suppress(InvalidStateError):
                made.set_exception(error)
            return
        try:
            made.set_result(connection)
        except InvalidStateError:  # the caller has given up
            connection.close()

    threading.Thread(target=run, name="connect", daemon=True).start()
    try:
        return made.result(left_s(BOUND_S + GRACE_S))
    except psycopg.ProgrammingError as error:  # an unknown option in the URL
        raise psycopg.OperationalError(str(error)) from error
    except TimeoutError as error:
        made.cancel()
        raise NoAnswer("The server did not respond in time.") from error
