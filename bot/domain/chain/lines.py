"""Exported events: a line of JSON for each, with every column, so that a file can be verified without the database."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json, to_json

from bot.domain.chain.checkpoints import Checkpoint, checkpoints_in
from bot.domain.chain.merkle import Frontier, is_included
from bot.domain.chain.records import COLUMNS, Record, altered, hash_of
from bot.domain.chain.verification import ChainEnd
from bot.errors import ChainBroken, InvalidInput


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """What a file was found to be.

    Args:
        events: How many events are in it.
        first: The number of the first.
        last: The number of the last.
        is_whole: Whether it has every event from the first to the last.
        checkpoints: The checkpoints that were compared with it.
        hash: Of the last event.
    """

    events: int
    first: int
    last: int
    is_whole: bool
    checkpoints: tuple[Checkpoint, ...] = ()
    hash: str = ""


def fields_of(record: Record) -> dict[str, object]:
    """The columns of a row for a file; damaged JSON stays text."""
    fields: dict[str, object] = record._asdict()
    try:
        fields |= {"destinations": from_json(record.destinations), "detail": dict(from_json(record.detail))}
    except (ValueError, TypeError):
        return fields
    return fields


def line_of(record: Record) -> str:
    """One line of JSON, without its end."""
    return to_json(fields_of(record)).decode()


def record_of(fields: Any) -> Record:
    """The row in a line that was read as JSON.

    Raises:
        InvalidInput: It is no event of this format.
    """
    if not isinstance(fields, dict) or set(fields) != set(COLUMNS):
        raise InvalidInput("A line of the file is not an event with all of its columns; export it as jsonl.")
    detail = fields["detail"]
    pairs = [[name, value] for name, value in detail.items()] if isinstance(detail, dict) else detail
    texts = {"destinations": to_json(fields["destinations"]).decode(), "detail": to_json(pairs).decode()}
    return Record(**fields | texts)


def check_lines(
    lines: Iterable[str], known: Sequence[Checkpoint] = (), *, after: ChainEnd | None = None
) -> CheckedFile:
    """Verify exported events, oldest first: each hash, the chain wherever two follow each other, and checkpoints.

    Args:
        lines: Of the file.
        known: Checkpoints that were kept.
        after: What the first event must continue, where that is known.

    Raises:
        ChainBroken: At the first event that is not what was written.
        InvalidInput: It is another kind of file.
    """
    check = _Check(known, after)
    for line in lines:
        if line.strip():
            check.add(record_of(_parsed(line)))
    return check.result()


def check_proof(text: str) -> tuple[Record, Checkpoint]:
    """Verify that an event belongs to the log of the checkpoint beside it.

    Raises:
        ChainBroken: It does not, or the event was changed.
        InvalidInput: It is another kind of file.
    """
    document = _parsed(text)
    is_proof = isinstance(document, dict) and set(document) == {"event", "proof", "checkpoint"}
    if not is_proof or not isinstance(document["checkpoint"], dict):
        raise InvalidInput("This is not a proof; make one with python -m bot audit prove SEQ.")
    record = record_of(document["event"])
    [checkpoint] = checkpoints_in(to_json(dict(sorted(document["checkpoint"].items()))).decode())
    _require_own_hash(record)
    try:
        is_in = is_included(record.hash, record.seq - 1, checkpoint.seq, document["proof"], checkpoint.root)
    except (ValueError, TypeError):
        is_in = False
    if not is_in:
        raise ChainBroken(
            f"Audit event {record.seq} is not in the log of the checkpoint of {checkpoint.at}.", seq=record.seq
        )
    return record, checkpoint


class _Check:
    """A verification of exported events on its way."""

    def __init__(self, known: Sequence[Checkpoint], after: ChainEnd | None) -> None:
        self._known = {one.seq: one for one in known}
        self._after = after or ChainEnd()
        grown = self._after.tree
        self._tree = Frontier(grown.size, grown.heads) if grown else None
        self._last: Record | None = None
        self._first = self._count = 0
        self._is_whole = True
        self._compared: list[Checkpoint] = []

    def add(self, record: Record) -> None:
        _require_own_hash(record)
        if self._last is None:
            self._first = record.seq
        expected = self._last.seq + 1 if self._last else record.seq
        if record.seq < expected:
            raise ChainBroken(f"Audit event {record.seq} is not in its place.", seq=record.seq)
        if record.seq == expected:
            self._require_chained(record)
        else:
            self._is_whole = False
        self._grow(record)
        self._compare(record)
        self._last = record
        self._count += 1

    def _require_chained(self, record: Record) -> None:
        before = self._last.hash if self._last else self._after.hash
        if (self._last or record.seq == self._after.seq + 1) and record.previous != before:
            raise altered(record.seq)

    def _grow(self, record: Record) -> None:
        if self._tree is not None and self._tree.size == record.seq - 1:
            self._tree.add(record.hash)
        else:
            self._tree = None

    def _compare(self, record: Record) -> None:
        kept = self._known.get(record.seq)
        if kept is None:
            return
        if kept.hash != record.hash or (self._tree is not None and kept.root != self._tree.root()):
            raise ChainBroken(
                f"The file is of another log: at {kept.at} a checkpoint recorded another event {record.seq}.",
                seq=self._compared[-1].seq + 1 if self._compared else self._first,
            )
        self._compared.append(kept)

    def result(self) -> CheckedFile:
        last, last_hash = (self._last.seq, self._last.hash) if self._last else (0, "")
        return CheckedFile(self._count, self._first, last, self._is_whole, tuple(self._compared), last_hash)


def _parsed(text: str) -> Any:
    try:
        return from_json(text)
    except ValueError as error:
        raise InvalidInput("The file is not an export in JSON Lines (jsonl).") from error


def _require_own_hash(record: Record) -> None:
    if record.hash != hash_of(record):
        raise altered(record.seq)
