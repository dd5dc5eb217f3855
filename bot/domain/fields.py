"""Types for the fields of the configuration: how a value is written, and what is read from it.

A setting is a field of a frozen dataclass. Its annotation says all that is needed to read, refuse and document it, and
``bot.config`` validates files and environments by these annotations alone (pydantic's ``TypeAdapter``).
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from types import MappingProxyType
from typing import Annotated, Any, TypeVar

from pydantic import Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from bot.domain.duration import duration_from_text
from bot.domain.fqdn import Destination, parse_destination, parse_fqdn
from bot.errors import UserError

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class ReadAs:
    """Metadata for ``Annotated``: the value is written in another type.

    Args:
        kind: The type as written.
        then: Makes the value; raises ``UserError`` or ``ValueError`` with a sentence, or ``ValueError`` without one
            where ``words`` say enough.
        words: What to write, as the end of "must be …"; empty for the words of ``kind``.
    """

    kind: Any
    then: Callable[[Any], Any]
    words: str = ""

    def __get_pydantic_core_schema__(self, _source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """How pydantic validates it: as ``kind``, then ``then``."""
        return core_schema.no_info_after_validator_function(self._read, handler.generate_schema(self.kind))

    def _read(self, value: Any) -> Any:
        try:
            return self.then(value)
        except UserError as error:
            raise ValueError(error.sentence) from error


@dataclass(frozen=True, slots=True)
class Unit:
    """Metadata for ``Annotated``: what a number counts."""

    name: str


def unknown(known: Collection[str]) -> PydanticCustomError:
    """The error for a key that means nothing, with those that would."""
    return PydanticCustomError("unknown_key", "unknown", {"known": sorted(known)})


def one_of(known: Collection[str]) -> ReadAs:
    """A key that must be one of some."""

    def check(key: str) -> str:
        if key not in known:
            raise unknown(known)
        return key

    return ReadAs(str, check)


def matching(pattern: str, words: str) -> ReadAs:
    """Text of a certain form."""

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError
        return text

    return ReadAs(str, check, words)


def _refuse(_value: object) -> object:
    raise unknown(())


class NotWritten:
    """Metadata for ``Annotated``: the field is of the value and not of the file, and is refused there.

    It is a constant, or made of other tables, or (without a default) the NAME of a table ``[groups.NAME]``.
    """

    def __get_pydantic_core_schema__(self, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        """How pydantic validates it: whatever is written is a key too many; the default stands in for a name."""
        return core_schema.with_default_schema(core_schema.no_info_plain_validator_function(_refuse), default="")


def named(tables: Mapping[str, Any]) -> Mapping[str, Any]:
    """Dataclasses that are named by their headings."""
    return MappingProxyType({heading: replace(table, name=heading) for heading, table in tables.items()})


def _number(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", text):
        raise ValueError
    return int(text)


def _span(text: str) -> timedelta:
    if (span := duration_from_text(text)) is None:
        raise ValueError
    return span


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"it is not a regular expression: {error}") from error
    return text


_EXAMPLES = "a duration such as 30m, 8h, 7d or 2w"
_LENGTH = Unit("minutes (m), hours (h), days (d) or weeks (w)")
Duration = Annotated[timedelta | None, ReadAs(str, duration_from_text, f"{_EXAMPLES}, or “no end”"), _LENGTH]
"""A length of time, None for no end."""
Span = Annotated[timedelta, ReadAs(str, _span, _EXAMPLES), _LENGTH]
"""A length of time that ends."""
Text = Annotated[str, Field(min_length=1)]
"""Text that says something."""
Lower = Annotated[str, ReadAs(Text, lambda text: text.strip().lower())]
"""Text whose case means nothing."""
Pattern = Annotated[str, ReadAs(str, _pattern, "a regular expression")]
"""A regular expression."""
Domain = Annotated[str, ReadAs(str, parse_fqdn, "a domain name")]
"""A canonical FQDN."""
Site = Annotated[Destination, ReadAs(str, parse_destination, "a destination: host, *.host, http:host, tcp:host:port")]
"""A destination as people type it."""
Points = Annotated[int, Field(ge=0, le=100), Unit("points")]
"""The weight of a reason."""
Days = Annotated[timedelta, ReadAs(str, lambda text: timedelta(days=_number(text)), "a whole number"), Unit("days")]
"""A key that counts days."""
Count = Annotated[int, ReadAs(str, _number, "a whole number")]
"""A key that counts."""


def frozen(mapping: Mapping[str, _T]) -> Mapping[str, _T]:
    """A mapping that cannot be changed."""
    return MappingProxyType(mapping)
