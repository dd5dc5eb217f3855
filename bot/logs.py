"""Log lines: one form for ours and the libraries', with the ids of what is being done, and without secrets.

Events are named in ``snake_case``; everything else is a field. ``reference`` is the id that a person was given with an
error, ``run`` one run of background work.
"""

import json
import logging
import re
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, Literal, ParamSpec, TypeVar

import structlog
from structlog.contextvars import bound_contextvars, get_contextvars
from structlog.typing import EventDict

LogFormat = Literal["json", "text"]
LogLevel = Literal["debug", "info", "warning", "error"]

QUIET = ("azure", "urllib3", "slack_bolt", "slack_sdk", "alembic", "waitress")
"""Libraries whose chatter is only of interest when it warns."""

P = ParamSpec("P")
R = TypeVar("R")


def log_as(form: LogFormat, level: LogLevel = "info", secrets: Iterable[str] = ()) -> None:
    """Write log lines to standard error.

    Args:
        form: One JSON object or one line of text for each.
        level: The least level that is written. Libraries are never more talkative than ``warning``.
        secrets: Values that are masked wherever they turn up, for example in a library's error message.
    """
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    # Traces never show local variables: they hold what nobody chose to log, tokens included.
    traces = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    _HIDDEN.clear()
    hide(secrets)
    renderers: dict[LogFormat, list[Any]] = {
        "json": [structlog.processors.ExceptionRenderer(traces), _mask, structlog.processors.JSONRenderer()],
        "text": [
            structlog.processors.format_exc_info,
            _mask,
            _on_one_line,
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ],
    }
    remove = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    written = [remove, *renderers[form]]
    handler = logging.StreamHandler()
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=written))
    least = getattr(logging, level.upper())
    logging.basicConfig(handlers=[handler], level=least, force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(least, logging.WARNING))
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a line for each request that waits for a thread
    logging.getLogger("azure.identity").setLevel(logging.ERROR)  # a line for each identity that is not there
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    sys.excepthook = _uncaught
    threading.excepthook = lambda args: _uncaught(args.exc_type, args.exc_value, args.exc_traceback)


_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""What ends a line, moves the cursor of a terminal or turns the direction of writing."""


def _on_one_line(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Text that somebody sent cannot look like a line of its own: it is escaped, and a trace is indented."""

    def escaped(value: Any) -> Any:
        return _CONTROL.sub(lambda found: repr(found[0])[1:-1], value) if isinstance(value, str) else value

    trace = event.pop("exception", None)
    shown = {str(escaped(key)): escaped(value) for key, value in event.items()}
    if trace is not None:
        shown["exception"] = "\n".join(f"    {escaped(line)}" for line in str(trace).split("\n"))
    return shown


def _uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    """Log what nobody caught, so that it is masked, too."""
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error or kind(), trace)
    elif error is not None:
        structlog.get_logger(__name__).critical("uncaught_exception", exc_info=(kind, error, trace))


def carried(act: Callable[P, R]) -> Callable[P, R]:
    """The same function for another thread, where it logs with the ids of the thread that hands it over."""
    bound = get_contextvars()

    def act_there(*args: P.args, **kwargs: P.kwargs) -> R:
        with bound_contextvars(**bound):
            return act(*args, **kwargs)

    return act_there


OURS = ("timestamp", "level", "logger")
"""Fields in which no secret can be; a secret as short as a digit must not mask parts of them."""


_HIDDEN: list[str] = []
"""What is masked, the longest first; replaced as a whole, because every thread reads it."""


def hide(secrets: Iterable[str]) -> None:
    """Mask these too from now on, wherever they turn up in log lines: what was read from a file."""
    plain = {secret for secret in secrets if secret}
    forms = {form for secret in plain for form in (secret, repr(secret)[1:-1])}
    escaped = {json.dumps(form)[1:-1] for form in forms}
    _HIDDEN[:] = sorted({*_HIDDEN, *forms, *escaped}, key=len, reverse=True)


def _mask(_logger: object, _method: str, event: EventDict) -> EventDict:
    return {key: value if key in OURS else _masked(value) for key, value in event.items()}


def _masked(value: Any) -> Any:
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            for secret in _HIDDEN:
                value = value.replace(secret, "[secret]")
            return value
        case Mapping():
            return {key: _masked(each) for key, each in value.items()}
        case list() | tuple():
            return [_masked(each) for each in value]
    return _masked(repr(value))
