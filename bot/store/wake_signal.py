"""The wake signal: shortens the wait for work, and is never needed for it to be done."""

import secrets
import threading
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, bindparam, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

log = structlog.get_logger(__name__)

CHANNEL = "egress_work"
"""The PostgreSQL notification channel: a hint that work may be due. It carries who gives it."""

NOTIFY = select(func.pg_notify(CHANNEL, bindparam("from")))

HEARTBEAT_S = 1.0
"""How often the listening thread looks whether it should end."""

RECONNECT_S = 5.0
"""How long it waits after it lost its connection."""


class WakeSignal:
    """Rings when this process moves work and, on PostgreSQL, when another one asks for some.

    Args:
        engine: On PostgreSQL one more connection is taken from it, at the first wait.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._own = secrets.token_hex(8)
        self._rung = threading.Condition()
        self._count = 0
        self._closed = threading.Event()
        self._listener: threading.Thread | None = None
        self._is_lost = False

    @property
    def mark(self) -> int:
        """The number of rings so far: read before looking for work, so that no ring is missed in between."""
        return self._count

    def ring(self) -> None:
        """Wake everybody who waits."""
        with self._rung:
            self._count += 1
            self._rung.notify_all()

    def announce(self, connection: Connection) -> None:
        """Ring in the other processes when this transaction commits."""
        if connection.dialect.name == "postgresql":
            connection.execute(NOTIFY, {"from": self._own})

    def wait(self, seconds: float, *, mark: int) -> None:
        """Wait until it rings after ``mark``, at most so long."""
        self._listen()
        with self._rung:
            self._rung.wait_for(lambda: self._count != mark, timeout=seconds)

    def close(self) -> None:
        """Stop listening."""
        self._closed.set()
        self.ring()
        if self._listener is not None:
            self._listener.join(timeout=2 * HEARTBEAT_S)

    def _listen(self) -> None:
        if self._engine.dialect.name != "postgresql" or self._listener is not None:
            return
        with self._rung:
            if self._listener is None:
                self._listener = threading.Thread(target=self._run, name="listen", daemon=True)
                self._listener.start()

    def _run(self) -> None:
        from psycopg import Error

        while not self._closed.is_set():
            try:
                self._follow()
            except (DBAPIError, PoolTimeout, Error, OSError) as error:
                if not self._is_lost:
                    log.warning("listening_ended", error=type(error).__name__)
                self._is_lost = True
            self._closed.wait(RECONNECT_S)

    def _follow(self) -> None:
        """Listen on a connection of our own until it breaks or we are closed."""
        raw = self._engine.raw_connection()
        driver: Any = raw.driver_connection
        raw.detach()
        try:
            driver.autocommit = True
            driver.execute(f"LISTEN {CHANNEL}")
            self._is_lost = False
            self.ring()  # catch up on notifications missed while not listening
            while not self._closed.is_set():
                for heard in driver.notifies(timeout=HEARTBEAT_S, stop_after=1):
                    if heard.payload != self._own:  # at our own commits we ring ourselves
                        self.ring()
        finally:
            driver.close()
