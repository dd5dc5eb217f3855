"""Records in the forms in which they are pasted: JSON, tables with a delimiter or with blanks, one field a line."""

import csv
import json
import re
from collections.abc import Iterator
from json import JSONDecodeError
from typing import Any

from bot.domain.error_parsing.lines import read_lines
from bot.domain.error_parsing.rows import COLUMNS, SUBJECTS, Row, column_key, read_row
from bot.domain.error_parsing.values import ErrorReading, blank, join

_MOST_ATTEMPTS = 1000
"""Openings of an object that are tried: each failed one costs time, and no log that a message holds has as many."""
_MOST_NODES = 20_000

_DECODER = json.JSONDecoder()


def read_records(text: str) -> ErrorReading:
    """Read the records in a text, in any format."""
    found = []
    for reader in (_json, _delimited, _aligned, _fields):
        reading = join(reader(text))
        text = blank(text, reading.spans)
        found.append(reading)
    return join(found)


def _row_read(row: Row, at: int) -> ErrorReading:
    """A record; the message of the older categories is text again."""
    message = row.get("msg", "")
    if message and not row.get("fqdn"):
        inner = read_lines(message)
        if inner.spans:
            return ErrorReading((), inner.mentions, inner.meanings, inner.sources, inner.allowed)
    return read_row(row, at)


def _is_record(row: Row) -> bool:
    known = row.keys() & COLUMNS
    return len(known) > 1 and bool(SUBJECTS & {key for key in known if row[key]} or {"action", "protocol"} <= known)


def _json(text: str) -> Iterator[ErrorReading]:
    """Objects of JSON, one or many, nested or a line each."""
    at, attempts = text.find("{"), 0
    while at >= 0 and attempts < _MOST_ATTEMPTS:
        try:
            value, end = _DECODER.raw_decode(text, at)
        except (JSONDecodeError, RecursionError):
            attempts += 1
            at = text.find("{", at + 1)
            continue
        rows = [row for row in _rows(value) if _is_record(row)]
        if rows:
            yield ErrorReading(((at, end),))
            yield from (_row_read(row, at + place) for place, row in enumerate(rows))
        at = text.find("{", end)


def _rows(value: Any) -> Iterator[Row]:
    """Every object within a value as a record, with the single values of the objects around it."""
    waiting: list[tuple[Any, dict[str, str]]] = [(value, {})]
    for _ in range(_MOST_NODES):
        if not waiting:
            return
        node, around = waiting.pop()
        if isinstance(node, list):
            waiting += [(one, around) for one in reversed(node)]
        elif isinstance(node, dict):
            yield from _tabled(node)
            within, inner = _object(node, around)
            waiting += [(one, within) for one in reversed(inner)]
            if not inner or SUBJECTS & {column_key(key) for key in node}:
                yield within


def _object(node: dict[str, Any], around: dict[str, str]) -> tuple[dict[str, str], list[Any]]:
    """The single values of an object, and the objects in it; text that is JSON again counts as such."""
    values, inner = dict(around), []
    for key, value in node.items():
        whole = _loaded(value) if isinstance(value, str) and value.lstrip()[:1] == "{" else value
        if isinstance(whole, dict | list):
            inner.append(whole)
        elif whole is not None:
            values[column_key(key)] = str(whole).strip()
    return values, inner


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except (JSONDecodeError, RecursionError):
        return text


def _tabled(node: dict[str, Any]) -> Iterator[Row]:
    """The answer of a query: columns and rows apart."""
    columns, rows = node.get("columns"), node.get("rows")
    if not isinstance(columns, list) or not isinstance(rows, list):
        return
    keys = [column_key(str(one.get("name", "") if isinstance(one, dict) else one)) for one in columns]
    for row in rows:
        if isinstance(row, list):
            yield {key: "" if cell is None else str(cell) for key, cell in zip(keys, row, strict=False)}


def _lines(text: str) -> list[tuple[int, str]]:
    """Each line with its place."""
    at, found = 0, []
    for line in text.split("\n"):
        found.append((at, line.rstrip("\r")))
        at += len(line) + 1
    return found


def _known(cells: list[str]) -> int:
    keys = {column_key(cell) for cell in cells}
    return len(keys & COLUMNS) if keys & SUBJECTS else 0


def _delimited(text: str) -> Iterator[ErrorReading]:
    """Tables with a delimiter, whichever it is, and quotes."""
    lines = _lines(text)
    number = 0
    while number < len(lines):
        delimiter = _delimiter(lines[number][1])
        if delimiter:
            read, number = _table(lines, number, delimiter)
            yield from read
        else:
            number += 1


def _delimiter(line: str) -> str | None:
    """Find the column delimiter of a heading; None if the line is not a heading."""
    if len(line) > 2000 or not any(subject in line.lower().replace("_", "") for subject in SUBJECTS):
        return None
    marks = {char for char in line if char == "\t" or not (char.isalnum() or char in " _\"'[]()\\{}.-+=")}
    known = {mark: _known(line.split(mark)) for mark in sorted(marks)}
    best = max(known, key=lambda mark: known[mark], default="")
    return best if best and known[best] > 1 else None


def _table(lines: list[tuple[int, str]], first: int, delimiter: str) -> tuple[list[ErrorReading], int]:
    """Read the rows below a heading, and return the line where the table ends."""
    heading = [column_key(cell) for cell in lines[first][1].split(delimiter)]
    reader = csv.reader((line for _, line in lines[first + 1 :]), delimiter=delimiter, skipinitialspace=True)
    read = [ErrorReading((_extent(lines, first, first),))]
    begin = first + 1
    try:
        for cells in reader:
            end = first + reader.line_num
            if len(cells) < 2 and any(char.isalnum() for char in "".join(cells)):
                return read, begin
            row = dict(zip(heading, (cell.strip() for cell in cells), strict=False))
            if any(row.get(key, "").strip(":-+= ") for key in (*SUBJECTS, "action")):
                read += [ErrorReading((_extent(lines, begin, end),)), *_expanded(row, lines[begin][0])]
            begin = end + 1
    except csv.Error:
        pass  # read it as plain text if the CSV reader cannot split it
    return read, max(begin, first + 1)


def _expanded(row: dict[str, str], at: int) -> Iterator[ErrorReading]:
    """A row of a table; where a cell holds an object of JSON, the records in it."""
    if not any(cell[:1] == "{" for cell in row.values()):
        yield _row_read(row, at)
        return
    yield from (_row_read(one, at + place) for place, one in enumerate(_rows(row)) if _is_record(one))


def _extent(lines: list[tuple[int, str]], first: int, last: int) -> tuple[int, int]:
    return lines[first][0], lines[last][0] + len(lines[last][1])


def _aligned(text: str) -> Iterator[ErrorReading]:
    """Tables whose columns are set off by blanks, with or without a line of dashes below the heading."""
    heading: list[tuple[int, str]] = []
    for at, line in _lines(text):
        cells = [(one.start(), one[0]) for one in re.finditer(r"\S+(?: \S+)*", line[:2000])]
        words = [(one.start(), one[0]) for one in re.finditer(r"\S+", line[:2000])]
        is_spaced = _known([cell for _, cell in cells]) > 1
        cells = cells if is_spaced else words
        if (is_spaced or _known([cell for _, cell in cells]) > 2) and ":" not in line:
            heading = cells
            yield ErrorReading(((at, at + len(line)),))
        elif heading and re.search(r"\w", line):
            row = _sliced(line, heading)
            if _is_record(row):
                yield from (ErrorReading(((at, at + len(line)),)), _row_read(row, at))
        elif not line.strip():
            heading = []


def _sliced(line: str, heading: list[tuple[int, str]]) -> dict[str, str]:
    """The cells below a heading: by their place, or by their number where the places do not fit."""
    starts = [start for start, _ in heading]
    keys = [column_key(name) for _, name in heading]
    if all(start == 0 or line[start - 1 : start] in ("", " ") for start in starts):
        ends = [*starts[1:], len(line)]
        return {key: line[start:end].strip() for key, start, end in zip(keys, starts, ends, strict=True)}
    for cells in (re.split(r"\s{2,}", line.strip()), line.split()):
        if len(cells) == len(keys):
            return dict(zip(keys, cells, strict=True))
    return {}


_NAMES = (
    r"(?:TimeGenerated(?: \[\w{1,8}\])?|Action ?Reason|Action|Destination ?IP|Destination ?Port|Fqdn|Target ?Url|"
    r"Protocol|Rule ?Collection ?Group|Rule ?Collection|Rule|Policy|Source ?IP|Source ?Port|Web ?Category|Category|"
    r"Threat ?Description|Signature ?Id|Query ?Name|Response ?Code|Error ?Message|Server ?IP|msg_s|Msg)"
)
_FIELD_LINE = re.compile(
    rf"^[ \t>*\u2022-]{{0,12}}[\"']?(?P<name>{_NAMES})[\"'*]{{0,3}}"
    r"(?:[ \t]{0,40}[:=][ \t]{0,40}|[ \t]{1,40}|\n[ \t]{0,8})"
    r"[\"']?(?P<value>[^\n]{0,1000})$",
    re.IGNORECASE | re.MULTILINE,
)
_PAIR = re.compile(
    rf"\b(?P<name>{_NAMES})[\"']?[ \t]{{0,8}}[:=][ \t]{{0,8}}"
    rf"(?:\"(?P<quoted>[^\"\n]{{0,500}})\"|(?P<value>[^\s\",;}}]{{0,300}}))",
    re.IGNORECASE,
)
_FARTHEST = 400
"""Characters between two fields of one record."""


def _fields(text: str) -> Iterator[ErrorReading]:
    """Read records with named fields, on separate lines or side by side."""
    for pattern in (_PAIR, _FIELD_LINE):
        groups = list(_grouped(list(pattern.finditer(text))))
        read = [(group, {column_key(one["name"]): _value(one) for one in group}) for group in groups]
        spans = []
        for group, row in read:
            if _is_record(row) and len(row) > 1:
                span = (group[0].start(), group[-1].end())
                spans.append(span)
                yield from (ErrorReading((span,)), _row_read(row, span[0]))
        text = blank(text, spans)


def _grouped(fields: list[re.Match[str]]) -> Iterator[list[re.Match[str]]]:
    """Fields that belong to one record: near each other, and each name once."""
    group: list[re.Match[str]] = []
    names: set[str] = set()
    for one in fields:
        name = column_key(one["name"])
        if group and (name in names or one.start() - group[-1].end() > _FARTHEST):
            yield group
            group, names = [], set()
        group.append(one)
        names.add(name)
    if group:
        yield group


def _value(field: re.Match[str]) -> str:
    found = field.groupdict()
    return (found.get("quoted") or found.get("value") or "").strip(" \t\"',;")
