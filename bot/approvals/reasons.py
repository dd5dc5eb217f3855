"""Reasons as people give them."""

from bot.errors import InvalidInput

MAX_REASON = 1000
"""Characters of a reason."""


def require_reason(text: str, wanted: str) -> str:
    """A reason, without blanks around it.

    Raises:
        InvalidInput: If there is none, or it is longer than ``MAX_REASON``.
    """
    if not text.strip():
        raise InvalidInput(f"{wanted}. A reason is required, and auditors can read it.", field="reason")
    return brief(text)


def brief(text: str) -> str:
    """A reason where none is needed, without blanks around it.

    Raises:
        InvalidInput: If it is longer than ``MAX_REASON``.
    """
    if len(text) > MAX_REASON:
        raise InvalidInput(f"The reason has {len(text)} characters; {MAX_REASON} are enough.", field="reason")
    return text.strip()
