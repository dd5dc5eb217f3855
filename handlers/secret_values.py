"""Secrets that may change while the process runs."""

from collections.abc import Callable

Secret = str | Callable[[], str]
"""A secret, or what reads it anew each time: mounted files are replaced without a restart."""


def reveal(secret: Secret) -> str:
    """Its value now."""
    return secret if isinstance(secret, str) else secret()
