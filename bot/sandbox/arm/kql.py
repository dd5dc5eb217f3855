"""A small piece of the Kusto query language: what inventory queries of Azure Resource Graph use.

Operators: ``where`` (the comparisons below, joined by ``and`` and ``or``), ``project``, ``extend``, ``mv-expand``,
``order by``, ``limit``, ``take``, ``count``; functions as in the table at the end. Language:
https://learn.microsoft.com/en-us/azure/governance/resource-graph/concepts/query-language (read 2026-11).
"""

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

Row = dict[str, Any]
Expression = Callable[[Row], Any]

_TOKEN = re.compile(r"\s*('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|=~|!~|==|!=|in~|[\w$-]+~?|[().,\[\]=])")


class KqlError(ValueError):
    """The query uses something that is not understood; the message says what."""


def run(query: str, tables: Callable[[str], Iterable[Row]]) -> list[Row]:
    """Run a query.

    Args:
        query: Table, then operators between bars.
        tables: Rows of a table by its name in lower case.

    Raises:
        KqlError: For anything that is not understood.
    """
    table, *steps = [part.strip() for part in _split(query, "|")]
    rows = list(tables(table.lower()))
    for step in steps:
        name, _, rest = step.partition(" ")
        operator = _OPERATORS.get(name.lower())
        if operator is None:
            raise KqlError(f"The operator '{name}' is not known.")
        rows = operator(rows, rest.strip())
    return rows


def _where(rows: list[Row], text: str) -> list[Row]:
    keep = _Parser(text).whole()
    return [row for row in rows if keep(row)]


def _project(rows: list[Row], text: str) -> list[Row]:
    columns = _columns(text)
    return [{name: expression(row) for name, expression in columns} for row in rows]


def _extend(rows: list[Row], text: str) -> list[Row]:
    columns = _columns(text)
    return [{**row, **{name: expression(row) for name, expression in columns}} for row in rows]


def _expand(rows: list[Row], text: str) -> list[Row]:
    [(name, expression)] = _columns(re.sub(r"\s+limit\s+\d+$", "", text))
    expanded: list[Row] = []
    for row in rows:
        found = expression(row)
        values = found if isinstance(found, list) and found else [None]
        expanded += [{**row, name: value} for value in values]
    return expanded


def _order(rows: list[Row], text: str) -> list[Row]:
    field, _, direction = text.removeprefix("by").strip().partition(" ")
    value = _Parser(field).whole()
    return sorted(rows, key=lambda row: str(value(row)), reverse=direction.strip() == "desc")


def _limit(rows: list[Row], text: str) -> list[Row]:
    return rows[: int(text)]


def _count(rows: list[Row], _text: str) -> list[Row]:
    return [{"Count": len(rows)}]


_OPERATORS = {
    "where": _where,
    "project": _project,
    "extend": _extend,
    "mv-expand": _expand,
    "mvexpand": _expand,
    "order": _order,
    "sort": _order,
    "limit": _limit,
    "take": _limit,
    "count": _count,
}


def _columns(text: str) -> list[tuple[str, Expression]]:
    return [_column(part.strip()) for part in _split(text, ",")]


def _column(text: str) -> tuple[str, Expression]:
    match = re.match(r"^(\w+)\s*=(?![=~])\s*(.*)$", text, re.DOTALL)
    name, source = (match[1], match[2]) if match else (text.rsplit(".", 1)[-1], text)
    return name, _Parser(source).whole()


def _split(text: str, mark: str) -> list[str]:
    """Split at a mark that is neither quoted nor in brackets."""
    parts, depth, quote, start = [], 0, "", 0
    for index, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char in "([":
            depth += 1
        elif char in ")]":
            depth -= 1
        elif char == mark and depth == 0:
            parts.append(text[start:index])
            start = index + 1
    return [*parts, text[start:]]


class _Parser:
    """Recursive descent over one expression."""

    def __init__(self, text: str) -> None:
        self._tokens: list[str] = []
        position = 0
        while position < len(text.rstrip()):
            match = _TOKEN.match(text, position)
            if match is None:
                raise KqlError(f"Not understood: '{text[position:].strip()}'.")
            self._tokens.append(match[1])
            position = match.end()
        self._next = 0

    def whole(self) -> Expression:
        """The expression, which must be all there is."""
        expression = self._either()
        if self._next < len(self._tokens):
            raise KqlError(f"Not understood: '{self._tokens[self._next]}'.")
        return expression

    def _peek(self) -> str:
        return self._tokens[self._next].lower() if self._next < len(self._tokens) else ""

    def _take(self, wanted: str = "") -> str:
        if self._next >= len(self._tokens) or (wanted and self._peek() != wanted):
            raise KqlError(f"Expected '{wanted or 'more'}' instead of '{self._peek() or 'the end'}'.")
        self._next += 1
        return self._tokens[self._next - 1]

    def _either(self) -> Expression:
        left = self._both()
        while self._peek() == "or":
            self._take()
            left = _or(left, self._both())
        return left

    def _both(self) -> Expression:
        left = self._comparison()
        while self._peek() == "and":
            self._take()
            left = _and(left, self._comparison())
        return left

    def _comparison(self) -> Expression:
        left = self._value()
        operator = self._peek()
        if operator not in _COMPARE:
            return left
        self._take()
        right = self._list() if operator.startswith("in") else self._value()
        compare = _COMPARE[operator]
        return lambda row: compare(left(row), right(row))

    def _list(self) -> Expression:
        self._take("(")
        values = self._arguments()
        return lambda row: [value(row) for value in values]

    def _arguments(self) -> list[Expression]:
        values = []
        while self._peek() != ")":
            values.append(self._either())
            if self._peek() == ",":
                self._take()
        self._take(")")
        return values

    def _value(self) -> Expression:
        word = self._take()
        if word == "(":
            inner = self._either()
            self._take(")")
            return inner
        if word[0] in "'\"":
            return _constant(word[1:-1])
        if self._peek() == "(":
            return self._call(word.lower())
        return self._path(word)

    def _call(self, name: str) -> Expression:
        self._take("(")
        values = self._arguments()
        function = _FUNCTIONS.get(name)
        if function is None:
            raise KqlError(f"The function '{name}' is not known.")
        return lambda row: function(*[value(row) for value in values])

    def _path(self, token: str) -> Expression:
        if token.lstrip("-").isdigit():
            return _constant(int(token))
        steps: list[str | int] = [token]
        while self._peek() in (".", "["):
            if self._take() == ".":
                steps.append(self._take())
            else:
                inner = self._take().strip("'\"")
                steps.append(int(inner) if inner.isdigit() else inner)
                self._take("]")
        return lambda row: _walk(row, steps)


def _walk(row: Any, steps: list[str | int]) -> Any:
    for step in steps:
        if isinstance(row, dict):
            row = row.get(step)
        elif isinstance(row, list) and isinstance(step, int) and step < len(row):
            row = row[step]
        else:
            return None
    return row


def _constant(value: Any) -> Expression:
    return lambda _row: value


def _and(left: Expression, right: Expression) -> Expression:
    return lambda row: bool(left(row)) and bool(right(row))


def _or(left: Expression, right: Expression) -> Expression:
    return lambda row: bool(left(row)) or bool(right(row))


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return (
        value
        if isinstance(value, str)
        else json.dumps(value, separators=(",", ":"))
        if isinstance(value, dict | list)
        else str(value)
    )


def _lower(value: Any) -> str:
    return _text(value).lower()


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda left, right: _text(left) == _text(right),
    "!=": lambda left, right: _text(left) != _text(right),
    "=~": lambda left, right: _lower(left) == _lower(right),
    "!~": lambda left, right: _lower(left) != _lower(right),
    "in": lambda left, right: _text(left) in map(_text, right),
    "in~": lambda left, right: _lower(left) in map(_lower, right),
    "contains": lambda left, right: _lower(right) in _lower(left),
    "has": lambda left, right: _lower(right) in _lower(left),
    "startswith": lambda left, right: _lower(left).startswith(_lower(right)),
    "endswith": lambda left, right: _lower(left).endswith(_lower(right)),
}

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "tolower": _lower,
    "toupper": lambda value: _text(value).upper(),
    "tostring": _text,
    "toint": lambda value: int(value) if str(value or "").lstrip("-").isdigit() else None,
    "coalesce": lambda *values: next((value for value in values if value not in (None, "")), None),
    "array_length": lambda value: len(value) if isinstance(value, list) else None,
    "isnotempty": lambda value: value not in (None, ""),
    "isempty": lambda value: value in (None, ""),
    "isnotnull": lambda value: value is not None,
    "isnull": lambda value: value is None,
    "not": lambda value: not value,
}
