"""The fields of the configuration in words: for errors about a wrong value, and for the reference."""

import inspect
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic.fields import FieldInfo

from bot.domain.fields import NotWritten, ReadAs, Unit

_WORDS = {int: "a whole number", float: "a number", bool: "true or false"}
_ENTRY = re.compile(r"^    (\w+): (.*(?:\n(?:        .*|))*)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Setting:
    """One field of a table as the file has it.

    Args:
        name: The key.
        field: The field's name in the dataclass.
        annotation: Its whole annotation.
        meaning: From the docstring of the dataclass.
    """

    name: str
    field: str
    annotation: Any
    meaning: str


def settings_of(table: type) -> tuple[Setting, ...]:
    """The settings of a table, in the order of its dataclass."""
    hints, said = get_type_hints(table, include_extras=True), meanings(table)
    written = ((one.name, hints[one.name], kind_of(hints[one.name])[1]) for one in fields(table))
    return tuple(
        Setting(_alias(metadata) or name, name, annotation, said.get(name, ""))
        for name, annotation, metadata in written
        if not any(isinstance(each, NotWritten) for each in metadata)
    )


def keys_of(annotation: Any) -> tuple[str, ...]:
    """The keys that a table may have; none where it is not a table of settings."""
    kind, _ = kind_of(annotation)
    return tuple(one.name for one in settings_of(kind)) if isinstance(kind, type) and is_dataclass(kind) else ()


def meanings(kind: type) -> dict[str, str]:
    """The description of each field from the ``Args`` or ``Attributes`` of a docstring, on one line each."""
    section = re.split(r"^(?:Args|Attributes):\n", inspect.getdoc(kind) or "", maxsplit=1, flags=re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in _ENTRY.findall(section[1])} if section[1:] else {}


def kind_of(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    """The type in which a value is written, and all metadata on the way to it."""
    metadata: list[Any] = []
    while True:
        if get_origin(annotation) is Annotated:
            annotation, *more = get_args(annotation)
            metadata += more
            annotation = next((each.kind for each in more if isinstance(each, ReadAs)), annotation)
        elif get_origin(annotation) in (Union, UnionType):
            annotation = next(each for each in get_args(annotation) if each is not NoneType)
        else:
            return annotation, tuple(metadata)


def annotation_at(root: type, loc: Iterable[int | str]) -> Any:
    """The annotation at a place, as pydantic gives places; ``[key]`` means the key before it."""
    around, found = root, root
    for part in loc:
        around, found = (around, _inside(around, part)) if part == "[key]" else (found, _inside(found, part))
    return found


def _inside(annotation: Any, part: int | str) -> Any:
    kind, _ = kind_of(annotation)
    if is_dataclass(kind) and isinstance(kind, type):
        return next((one.annotation for one in settings_of(kind) if one.name == part), Any)
    inner = get_args(kind)
    return (inner[0] if part == "[key]" else inner[-1]) if get_origin(kind) is Mapping else inner[0]


def words(annotation: Any) -> str:
    """The end of “must be …”."""
    kind, metadata = kind_of(annotation)
    if said := next((each.words for each in metadata if isinstance(each, ReadAs) and each.words), ""):
        return said
    if choices := _choices(kind):
        return " or ".join([", ".join(choices[:-1]), choices[-1]] if choices[1:] else choices)
    least, most = _bound(metadata, "ge"), _bound(metadata, "le")
    reach = f" from {least:,} to {most:,}" if least is not None and most is not None else ""
    return f"{_plain(kind, _size(metadata))}{reach}"


def unit(annotation: Any) -> str:
    """The unit of a number; empty where it has none. Of a mapping, the units of its keys and of its values."""
    kind, metadata = kind_of(annotation)
    own = next((each.name for each in metadata if isinstance(each, Unit)), "")
    if own or not get_args(kind) or get_origin(kind) is Literal:
        return own
    return " to ".join(filter(None, (unit(one) for one in get_args(kind) if one is not ...)))


def _plain(kind: Any, size: str) -> str:
    if get_origin(kind) is Mapping and not is_dataclass(get_args(kind)[1]):
        return f"a table, each value {words(get_args(kind)[1])}"
    if is_dataclass(kind) or get_origin(kind) is Mapping:
        return "a table"
    if get_origin(kind) not in (tuple, frozenset):
        return _WORDS.get(kind, "text") + size.format("characters")
    inner = get_args(kind)[0]
    return (
        "a list of tables"
        if is_dataclass(kind_of(inner)[0])
        else f"a list{size.format('entries')}, each {words(inner)}"
    )


def _choices(kind: Any) -> list[str]:
    if get_origin(kind) is Literal:
        return [str(choice) for choice in get_args(kind)]
    return [str(choice) for choice in kind] if isinstance(kind, type) and issubclass(kind, StrEnum) else []


def _size(metadata: tuple[Any, ...]) -> str:
    least, most = _bound(metadata, "min_length"), _bound(metadata, "max_length")
    if most:
        return f" of {least or 0} to {most} {{}}"
    return " that is not empty" if least else ""


def _bound(metadata: tuple[Any, ...], name: str) -> Any:
    bounds = (bound for each in metadata if isinstance(each, FieldInfo) for bound in each.metadata)
    return next((getattr(bound, name) for bound in bounds if hasattr(bound, name)), None)


def _alias(metadata: Iterable[Any]) -> str | None:
    return next((each.alias for each in metadata if isinstance(each, FieldInfo) and each.alias), None)


def table_in(setting: Setting, around: str) -> tuple[str, type] | None:
    """The heading of a setting's own table, and its dataclass; None where it is a value.

    Args:
        setting: Which.
        around: What the table that holds it is called, with a dot at its end; empty for the file.
    """
    kind, _ = kind_of(setting.annotation)
    forms = {Mapping: "[{}.NAME]", tuple: "[[{}]]"}
    inner = next((kind_of(one)[0] for one in get_args(kind) if is_dataclass(kind_of(one)[0])), kind)
    if not isinstance(inner, type) or not is_dataclass(inner):
        return None
    return forms.get(get_origin(kind), "[{}]").format(around + setting.name), inner
