"""Runs and stops the parts of a process."""

import logging
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from time import monotonic
from typing import Any

import structlog

log = logging.getLogger(__name__)

QUIET = ("azure", "urllib3", "slack_bolt", "slack_sdk", "alembic", "waitress")
"""Libraries whose chatter is only of interest when it warns."""


def log_as(form: str) -> None:
    """Write log lines to standard error, as ``json`` or ``text``, ours and the libraries' alike."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    renderers: dict[str, list[Any]] = {
        "json": [structlog.processors.dict_tracebacks, structlog.processors.JSONRenderer()],
        "text": [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())],
    }
    remove = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[remove, *renderers[form]])
    )
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


STOP_WITHIN_S = 9.0
"""Seconds that the whole end of a process may take; orchestrators kill after ten or thirty."""

SHARE_S = 3.0
"""Seconds of it that one part may take: what hangs does not keep the others from giving back what they hold."""


class Running:
    """Everything that runs, in the order in which it has to be stopped."""

    def __init__(self) -> None:
        self._stops: list[tuple[Callable[[], object], float]] = []

    def then_stop(self, stop: Callable[[], object], *, within_s: float = SHARE_S) -> None:
        """Stop this too, before everything that was named earlier."""
        self._stops.append((stop, within_s))

    def stop(self) -> None:
        """Stop everything, last started first; what has not ended in time is left as it is."""
        ends = monotonic() + STOP_WITHIN_S
        while self._stops:
            stop, within_s = self._stops.pop()
            stopping = threading.Thread(target=stop, name="stop", daemon=True)
            stopping.start()
            stopping.join(max(0.0, min(within_s, ends - monotonic())))
            if stopping.is_alive():
                name = getattr(stop, "__qualname__", "something")
                log.warning("%s did not stop in time; its leases will expire on their own", name)


@contextmanager
def undone_on_failure(running: Running) -> Iterator[None]:
    """Stop what was started if the rest cannot be."""
    with ExitStack() as undo:
        undo.callback(running.stop)
        yield
        undo.pop_all()
