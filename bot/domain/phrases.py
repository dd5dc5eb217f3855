"""Turns of phrase that sentences of several parts of the bot share."""

from collections.abc import Sequence


def listed(texts: Sequence[str], most: int) -> str:
    """The first ``most`` texts with commas, and how many are left: ``a, b and 3 more``; empty without any."""
    rest = len(texts) - most
    return ", ".join(texts[:most]) + (f" and {rest} more" if rest > 0 else "")


def within(texts: Sequence[str], room: int) -> str:
    """As many texts as fit in so many characters, whole and with blanks between them, and how many are left."""
    end = f" and {len(texts)} more"
    kept, left = list[str](), room - len(end)
    for text in texts:
        left -= len(text) + 1
        if left < 0:
            break
        kept.append(text)
    rest = len(texts) - len(kept)
    return " ".join([*kept, *([f"and {rest} more"] if rest else [])])


def counted(count: int, noun: str) -> str:
    """A number with its unit: ``1 rule``, ``2,000 rules``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
