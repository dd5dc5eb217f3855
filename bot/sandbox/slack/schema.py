"""A small schema language: enough to say in tables what Block Kit allows.

A shape looks at a JSON value and reports what is wrong with it and where (RFC 6901 pointers).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Args:
        pointer: JSON pointer to the value, such as ``/blocks/0/text/text``.
        message: What is wrong, in Slack's own words where they are known.
    """

    pointer: str
    message: str

    def __str__(self) -> str:
        return f"[ERROR] {self.message} [json-pointer:{self.pointer}]"


class Shape(Protocol):
    """The shape of a value."""

    def problems(self, value: Any, pointer: str, /) -> Iterator[Problem]:
        """The errors in ``value``, at ``pointer``."""


@dataclass(frozen=True, slots=True)
class Text:
    """A string of ``least`` to ``most`` characters; ``most`` None means no upper bound."""

    most: int | None = None
    least: int = 1

    def problems(self, value: Any, pointer: str) -> Iterator[Problem]:
        """Wrong type or length."""
        if not isinstance(value, str):
            yield Problem(pointer, "must provide a string")
        elif len(value) < self.least:
            yield Problem(pointer, f"must be more than {self.least - 1} characters")
        elif self.most is not None and len(value) > self.most:
            yield Problem(pointer, f"must be less than {self.most + 1} characters")


@dataclass(frozen=True, slots=True)
class Flag:
    """A boolean."""

    def problems(self, value: Any, pointer: str) -> Iterator[Problem]:
        """Wrong type."""
        if not isinstance(value, bool):
            yield Problem(pointer, "must provide a boolean")


@dataclass(frozen=True, slots=True)
class Whole:
    """An integer from ``least`` to ``most``."""

    least: int | None = None
    most: int | None = None

    def problems(self, value: Any, pointer: str) -> Iterator[Problem]:
        """Wrong type or range."""
        if isinstance(value, bool) or not isinstance(value, int):
            yield Problem(pointer, "must provide an integer")
        elif self.least is not None and value < self.least:
            yield Problem(pointer, f"must be at least {self.least}")
        elif self.most is not None and value > self.most:
            yield Problem(pointer, f"must be at most {self.most}")


@dataclass(frozen=True, slots=True)
class Number:
    """Any JSON number."""

    def problems(self, value: Any, pointer: str) -> Iterator[Problem]:
        """Wrong type."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            yield Problem(pointer, "must provide a number")


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of a few fixed strings."""

    values: tuple[str, ...]

    def problems(self, value: Any, pointer: str) -> Iterator[Problem]:
        """Any other value."""
        if value not in self.values:
            yield Problem(pointer, f"must be one of {', '.join(self.values)}")


@dataclass(frozen=True, slots=True)
class Anything:
    """A value that is not looked into."""

    def problems(self, _value: Any, _pointer: str, /) -> Iterator[Problem]:
        """Nothing is ever wrong."""
        yield from ()


@dataclass(frozen=True, slots=True)
class Many:
    """A list of ``least`` to ``most`` items of one shape."""

    of: Shape
    most: int | None = None
    least: int = 1

    def problems(self, value: Any, pointer: str) -> Iterator[Problem]:
        """Wrong type or count, then whatever is wrong with the items."""
        if not isinstance(value, list):
            yield Problem(pointer, "must provide an array")
            return
        if len(value) < self.least:
            yield Problem(pointer, f"no fewer than {self.least} items allowed")
        if self.most is not None and len(value) > self.most:
            yield Problem(pointer, f"no more than {self.most} items allowed")
        for index, item in enumerate(value):
            yield from self.of.problems(item, f"{pointer}/{index}")


@dataclass(frozen=True, slots=True)
class Thing:
    """An object with required and optional keys, and no others.

    Args:
        required: Shapes of the keys that must be there.
        optional: Shapes of the keys that may be there.
        together: Groups of keys of which exactly one must be there.
        some: Groups of keys of which at least one must be there.
    """

    required: Mapping[str, Shape] = field(default_factory=dict)
    optional: Mapping[str, Shape] = field(default_factory=dict)
    together: tuple[tuple[str, ...], ...] = ()
    some: tuple[tuple[str, ...], ...] = ()

    def problems(self, value: Any, pointer: str) -> Iterator[Problem]:
        """Missing, unknown and exclusive keys, then whatever is wrong with the values."""
        if not isinstance(value, dict):
            yield Problem(pointer, "must provide an object")
            return
        for key in self.required:
            if value.get(key) is None:
                yield Problem(pointer, f"missing required field: {key}")
        yield from self._group_problems(value, pointer)
        for key, item in value.items():
            yield from self._key_problems(key, item, f"{pointer}/{key}")

    def _group_problems(self, value: dict[str, Any], pointer: str) -> Iterator[Problem]:
        for keys in self.together:
            if sum(value.get(key) is not None for key in keys) != 1:
                yield Problem(pointer, f"exactly one of {', '.join(keys)} must be provided")
        for keys in self.some:
            if all(value.get(key) is None for key in keys):
                yield Problem(pointer, f"missing required field: {' or '.join(keys)}")

    def _key_problems(self, key: str, item: Any, pointer: str) -> Iterator[Problem]:
        shape = self.required.get(key) or self.optional.get(key)
        if shape is None:
            yield Problem(pointer, f"unknown property: {key}")
        elif item is not None:
            yield from shape.problems(item, pointer)


@dataclass(frozen=True, slots=True)
class ByType:
    """An object whose ``type`` names its shape.

    Args:
        table: Shape by type.
        allowed: The types that may stand in this place; all of the table if None.
        place: What the place is called in messages.
    """

    table: Mapping[str, Shape]
    allowed: frozenset[str] | None = None
    place: str = "element"

    def problems(self, value: Any, pointer: str) -> Iterator[Problem]:
        """Unknown or misplaced types, then whatever is wrong with the object."""
        kind = value.get("type") if isinstance(value, dict) else None
        if not isinstance(kind, str):
            yield Problem(pointer, "missing required field: type")
        elif kind not in self.table:
            yield Problem(f"{pointer}/type", f"unsupported type: {kind}")
        elif self.allowed is not None and kind not in self.allowed:
            yield Problem(f"{pointer}/type", f"unsupported type here: {kind} is no {self.place}")
        else:
            yield from self.table[kind].problems(value, pointer)
