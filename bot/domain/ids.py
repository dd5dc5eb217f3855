"""Short, time-ordered, case-insensitive ids that survive being typed by hand."""

import re
from datetime import UTC, datetime

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: no letter that is mistaken for a digit (https://www.crockford.com/base32.html, read 2026-11)."""

ALLOWANCE = "a"
SCALE = "s"
CAMPAIGN = "r"
"""The first letters of ids: of allowances, scale proposals and review campaigns."""

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
TIME_DIGITS = 6
RANDOM_DIGITS = 3
ENTROPY = 32**RANDOM_DIGITS
"""``entropy`` must lie below this."""


def make_id(prefix: str, now: datetime, entropy: int) -> str:
    """A new id: one letter, six digits of seconds since 2026 (good until 2060), three random digits.

    Args:
        prefix: One lower-case letter that says what it names.
        now: The time of its creation, aware.
        entropy: 0 up to ``ENTROPY - 1``, from a random source of the caller.
    """
    seconds = int((now - EPOCH).total_seconds())
    return prefix + _digits(seconds, TIME_DIGITS) + _digits(entropy, RANDOM_DIGITS)


def canonical_id(text: str) -> str:
    """Normalise a typed id: ignore case, blanks and ``#``, and accept letters that look like digits."""
    typed = text.strip().strip("`#").lower()
    return typed[:1] + typed[1:].translate(str.maketrans("ilo", "110"))


_FORM = re.compile(rf"[{ALLOWANCE}{CAMPAIGN}{SCALE}][{ALPHABET}]{{{TIME_DIGITS + RANDOM_DIGITS}}}")


def is_id(text: str) -> bool:
    """Whether a word has the form of an id; each id holds a digit, so that no plain word is taken for one."""
    return _FORM.fullmatch(canonical_id(text)) is not None and any(letter.isdecimal() for letter in text)


def is_scale_id(text: str) -> bool:
    """Whether an id, also one that was typed, names a scale proposal; other ids of requests name allowances."""
    return canonical_id(text).startswith(SCALE)


def is_campaign_id(text: str) -> bool:
    """Whether an id names a review campaign."""
    return canonical_id(text).startswith(CAMPAIGN)


def _digits(number: int, count: int) -> str:
    text = ""
    for _ in range(count):
        number, digit = divmod(number, 32)
        text = ALPHABET[digit] + text
    return text
