"""What a comparison with somebody else's software found, and how that stands to what is known.

``known.json`` holds the differences that stay, each with its reason. A difference that is not in it fails, and so does
one that is in it and was not found: then it was mended, or the comparison no longer looks.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

KNOWN = Path(__file__).with_name("known.json")


class Missing(Exception):
    """Something that a comparison needs is not here; the message says what, and how to get it."""


@dataclass(frozen=True, order=True)
class Difference:
    """One thing that two programs do differently.

    Args:
        where: The call, type or command, such as ``chat.update: error``.
        what: Both sides, for people.
    """

    where: str
    what: str


@dataclass
class Found:
    """The result of one comparison; grows while it runs.

    Attributes:
        compared: How many things were compared.
        differences: What differs.
    """

    compared: int = 0
    differences: list[Difference] = field(default_factory=list)

    def compare(self, where: str, ours: object, theirs: object) -> None:
        """Count, and keep it if the two are not equal."""
        self.compared += 1
        if ours != theirs:
            self.differences.append(Difference(where, f"ours {ours!r}, theirs {theirs!r}"))

    def check(self, where: str, wrong: Iterable[str]) -> None:
        """Count, and keep whatever is wrong, each thing once."""
        self.compared += 1
        self.differences += [Difference(where, each) for each in dict.fromkeys(wrong)]


@dataclass(frozen=True)
class Comparison:
    """One comparison.

    Args:
        name: As ``make outside ONLY=…`` and ``known.json`` call it.
        what: What is compared with what.
        run: Compares; may raise Missing.
    """

    name: str
    what: str
    run: Callable[[Found], None]


@dataclass(frozen=True)
class Known:
    """A difference that stays.

    Args:
        where: Pattern (``*``) over the places.
        what: Pattern over both sides.
        reason: Why.
    """

    where: str
    what: str
    reason: str

    def covers(self, difference: Difference) -> bool:
        """Whether it is about this difference."""
        return fnmatchcase(difference.where, self.where) and fnmatchcase(difference.what, self.what)


def known_of(name: str) -> list[Known]:
    """The known differences of a comparison."""
    listed = json.loads(KNOWN.read_text()).get(name, [])
    return [Known(each["where"], each.get("what", "*"), each["reason"]) for each in listed]


@dataclass(frozen=True)
class Verdict:
    """A comparison's result against what is known.

    Args:
        missing: Why it could not run; None if it did.
    """

    comparison: Comparison
    found: Found
    known: Sequence[Known]
    missing: str | None = None

    @property
    def unknown(self) -> list[Difference]:
        """The differences that nobody has explained."""
        return sorted({d for d in self.found.differences if not any(k.covers(d) for k in self.known)})

    @property
    def gone(self) -> list[Known]:
        """The known differences that were not found."""
        if self.missing:
            return []
        return [k for k in self.known if not any(k.covers(d) for d in self.found.differences)]

    @property
    def is_good(self) -> bool:
        """Whether it ran, and found exactly what is known."""
        return not (self.missing or self.unknown or self.gone)


def table(verdicts: Sequence[Verdict]) -> str:
    """The table that the run ends with."""
    head = ("comparison", "compared", "differ", "known", "new", "gone", "result")
    rows = [head, *(_row(verdict) for verdict in verdicts)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def _row(verdict: Verdict) -> tuple[str, ...]:
    found = len(set(verdict.found.differences))
    counts = (verdict.found.compared, found, found - len(verdict.unknown), len(verdict.unknown), len(verdict.gone))
    result = "NOT RUN" if verdict.missing else "ok" if verdict.is_good else "FAILED"
    return (verdict.comparison.name, *(str(count) for count in counts), result)


def details(verdict: Verdict) -> str:
    """What stands above the table about one comparison."""
    lines = [f"{verdict.comparison.name}: {verdict.comparison.what}"]
    if verdict.missing:
        lines.append(f"  NOT RUN: {verdict.missing}")
    for known in verdict.known:
        count = len({d for d in verdict.found.differences if known.covers(d)})
        lines += [f"  known ({count}): {known.where}: {known.reason}"] if count else []
    lines += [f"  NEW: {difference.where}: {difference.what}" for difference in verdict.unknown]
    lines += [f"  GONE: {known.where}: take it out of {KNOWN.name}" for known in verdict.gone]
    return "\n".join(lines)
