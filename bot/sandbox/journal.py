"""Keeps the simulators' state through kill -9: every change is on disk before it is answered."""

import json
import sqlite3
import threading
from dataclasses import fields
from pathlib import Path
from typing import Any


def fields_of(item: Any) -> dict[str, Any]:
    """The fields of a dataclass by name, as they are: ``asdict`` would copy a firewall's thousands of rules."""
    return {field.name: getattr(item, field.name) for field in fields(item)}


class Journal:
    """JSON documents by kind and key, written through to one SQLite file.

    Args:
        path: The file, or None to keep everything in memory.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path or ":memory:", check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS document (kind TEXT, key TEXT, body TEXT, PRIMARY KEY (kind, key))"
        )

    def put(self, kind: str, key: str, body: Any) -> None:
        """Store JSON, in which a dataclass stands for its fields, in the place of what was there."""
        with self._lock:
            self._db.execute("REPLACE INTO document VALUES (?, ?, ?)", (kind, key, json.dumps(body, default=fields_of)))

    def delete(self, kind: str, key: str) -> None:
        """Forget a document; one that does not exist is fine."""
        with self._lock:
            self._db.execute("DELETE FROM document WHERE kind = ? AND key = ?", (kind, key))

    def load(self, kind: str) -> dict[str, Any]:
        """All documents of a kind, by key, oldest row first."""
        with self._lock:
            rows = self._db.execute("SELECT key, body FROM document WHERE kind = ? ORDER BY rowid", (kind,)).fetchall()
        return {key: json.loads(body) for key, body in rows}

    def close(self) -> None:
        """Close the file."""
        self._db.close()
