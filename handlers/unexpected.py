"""Logs unexpected errors once, under the reference that the person is given."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from bot.errors import Conflict, Defect, EgressError, Unavailable, UserError

log = structlog.get_logger(__name__)


@contextmanager
def unexpected(reference: str, **about: str) -> Iterator[None]:
    """Log what the bot's operator or a developer must act on, and let it go on as an error of the product.

    Args:
        reference: What the person is told, so that it is found in the log.
        about: What was being done.

    Raises:
        EgressError: As it was raised; anything else as a ``Defect``.
    """
    try:
        yield
    except (UserError, Conflict, Unavailable):
        raise
    except Exception as error:
        log.exception("listener_failed", reference=reference, **about)
        if isinstance(error, EgressError):
            raise
        raise Defect(str(error)) from error
