"""The last line of defence: whatever goes wrong in a piece of work, its thread continues."""

import secrets
from collections.abc import Callable
from typing import TypeVar

import structlog

from bot.errors import EgressError, InvariantBroken, LeaseLost

log = structlog.get_logger(__name__)
T = TypeVar("T")


def guarded(name: str, act: Callable[[], T]) -> T | EgressError:
    """Run an act, and turn whatever it raises into one of the product's errors.

    Raises:
        LeaseLost: There is nothing left to be done about it.
    """
    try:
        return act()
    except LeaseLost:
        raise
    except EgressError as error:
        return error
    except Exception as error:  # unexpected error
        reference = secrets.token_hex(4)
        log.exception("unexpected_error", doing=name, reference=reference)
        kind = type(error).__name__
        return InvariantBroken(f"An unexpected error stopped {name} ({kind}, reference {reference}).")
