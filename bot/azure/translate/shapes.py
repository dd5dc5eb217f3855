"""Reading JSON that may lack anything."""

import json
from collections.abc import Iterable
from datetime import timedelta
from ipaddress import ip_address, ip_network
from typing import Any, Literal

from bot.errors import UnknownShape

Json = dict[str, Any]

MOST_MINUTES = 525_600
"""A year: no timeout of Azure is longer."""


def json_from_text(text: str) -> object:
    """The JSON of an answer, an empty object if it is empty; the text itself where it is no JSON."""
    try:
        return json.loads(text) if text.strip() else {}
    except ValueError:
        return text


def object_from_text(text: str, path: str) -> Json:
    """The JSON object that an answer is.

    Raises:
        UnknownShape: It is none.
    """
    body = json_from_text(text)
    if not isinstance(body, dict):
        raise UnknownShape(f"Azure's answer for {path} is not an object.")
    return body


def dig(body: object, *keys: str) -> Any:
    """A nested value; None where any step is missing."""
    for key in keys:
        body = body.get(key) if isinstance(body, dict) else None
    return body


def items(body: object, *keys: str) -> list[Json]:
    """A nested list of objects; empty if it is missing; items that are not objects are left out."""
    found = dig(body, *keys)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def texts(body: object, *keys: str) -> tuple[str, ...]:
    """A nested list of strings; empty where it is missing."""
    for key in keys:  # not through ``dig``: a round asks for eight lists of each of thousands of rules
        body = body.get(key) if isinstance(body, dict) else None
    return tuple(map(str, body)) if body and isinstance(body, list) else ()


def ids(references: Iterable[object]) -> tuple[str, ...]:
    """The lower-case ids of ``{"id": …}`` objects."""
    found = (dig(reference, "id") for reference in references)
    return tuple(str(id_).lower() for id_ in found if id_)


def references(body: object, *keys: str) -> tuple[str, ...]:
    """The lower-case ids of a nested list of references, which are strings or ``{"id": …}`` objects."""
    found = dig(body, *keys)
    if not isinstance(found, list):
        return ()
    given = (one if isinstance(one, str) else dig(one, "id") for one in found)
    return tuple(str(id_).lower() for id_ in given if id_)


def id_of(body: object, *keys: str) -> str | None:
    """The lower-case id of a nested ``{"id": …}``."""
    found = dig(body, *keys, "id")
    return str(found).lower() if found else None


def whole(value: object) -> int | None:
    """A whole number; None for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def minutes(value: object) -> timedelta | None:
    """Minutes as a duration; None if the number is not sensible."""
    number = whole(value)
    return timedelta(minutes=number) if number is not None and 0 <= number <= MOST_MINUTES else None


def address(value: object) -> str | None:
    """An IP address in its canonical form; None for anything else."""
    try:
        return str(ip_address(value)) if isinstance(value, str) else None
    except ValueError:
        return None


def cidr(value: object) -> str | None:
    """A range of addresses in its canonical form; None for anything else."""
    try:
        return str(ip_network(value, strict=False)) if isinstance(value, str) else None
    except ValueError:
        return None


def ip_version(text: object) -> Literal[4, 6]:
    """``IPv4`` or ``IPv6`` as a number."""
    return 6 if str(text).lower() == "ipv6" else 4
