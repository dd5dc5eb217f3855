"""Tables as CSV that no spreadsheet takes for formulas."""

import csv
import io
import json
from collections.abc import Iterable, Sequence

FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""How a text begins that a spreadsheet may evaluate, the signs in full width among them.

Source: https://owasp.org/www-community/attacks/CSV_Injection, read 2026-11.
"""


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table with its header, lines ended as RFC 4180 wants it.

    Args:
        columns: The names.
        rows: Values: numbers as they are, lists with spaces between, mappings as JSON, nothing for None.
    """
    return csv_rows([columns, *rows])


def csv_rows(rows: Iterable[Sequence[object]]) -> str:
    """Lines of a table: the next ones, where a table is written piece by piece."""
    out = io.StringIO()
    csv.writer(out).writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue()


def _cell(value: object) -> str:
    """A cell; text that a spreadsheet might evaluate begins with a quote mark, a negative number does not."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case dict():
            text = json.dumps(value, ensure_ascii=False)
        case list() | tuple():
            text = " ".join(str(part) for part in value)
        case _:
            text = str(value)
    return f"'{text}" if text.startswith(FORMULAS) else text
