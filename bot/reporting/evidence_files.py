"""The files of evidence while they grow: on disk, so that a quarter of any size takes the memory of a page."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pydantic_core import from_json

from bot.domain.chain import Record
from bot.domain.chain.lines import line_of, record_of
from bot.domain.csv_text import csv_rows

PREFIX = 4
"""Characters of an id that its bucket has: the allowances of some nine hours, which are held in memory together."""


class TableFile:
    """A table that is written row by row.

    Args:
        path: Where.
        columns: Its header.
    """

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self.path = path
        self.rows = 0
        path.write_text(csv_rows([columns]), encoding="utf-8", newline="")

    def add(self, rows: Iterable[Sequence[object]]) -> None:
        """Write further rows."""
        some = list(rows)
        self.rows += len(some)
        with self.path.open("a", encoding="utf-8", newline="") as out:
            out.write(csv_rows(some))


class Buckets:
    """Events of allowances, those of one allowance in one file; the files in the order of requests.

    Args:
        folder: Where.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir()

    def add(self, records: Iterable[Record]) -> None:
        """Keep some events."""
        lines: defaultdict[str, list[str]] = defaultdict(list)
        for row in records:
            lines[row.subject[:PREFIX]].append(f"{line_of(row)}\n")
        for name, some in lines.items():
            with (self._folder / f"{name.encode().hex()}.jsonl").open("a", encoding="utf-8") as out:
                out.writelines(some)

    def __iter__(self) -> Iterator[list[Record]]:
        """The events of each bucket once, oldest first."""
        for path in sorted(self._folder.iterdir()):
            with path.open(encoding="utf-8") as lines:
                rows = {row.seq: row for row in map(_record, lines)}
            yield [rows[seq] for seq in sorted(rows)]


def _record(line: str) -> Record:
    return record_of(from_json(line))
