"""Bodies of type ``multipart/form-data``: fields and files.

Source (read 2026-11): https://www.rfc-editor.org/rfc/rfc7578.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a form.

    Args:
        name: The field's name.
        is_file: Whether it has a file name.
    """

    name: str
    content: bytes
    is_file: bool


def parts_of(content_type: str, body: bytes) -> list[Part]:
    """The parts of a form, in order; none if the body is no form of this type."""
    boundary = re.search(r'^multipart/form-data;.*\bboundary="?([^";]+)"?', content_type, re.IGNORECASE)
    if boundary is None:
        return []
    delimiter = b"\r\n--" + boundary[1].encode()
    raw = (b"\r\n" + body).split(delimiter)[1:-1]
    return [_part(*each.removeprefix(b"\r\n").partition(b"\r\n\r\n")[::2]) for each in raw]


def _part(headers: bytes, content: bytes) -> Part:
    text = headers.decode("utf-8", "replace")
    name = re.search(r'\bname="([^"]*)"', text)
    return Part(name[1] if name else "", content, is_file="filename=" in text)
