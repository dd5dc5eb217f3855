"""Rows of the audit log as they are stored, and what exactly is hashed.

Version 2 hashes canonical JSON (RFC 8785) over every column but the hash itself. All of it is text, arrays of text and
two whole numbers below 2**53, with names in ASCII. For such values compact JSON in alphabetical order is RFC 8785 to
the byte: the RFC's escapes are those of ECMAScript (section 3.2.2.2), which are also those of ``pydantic_core``;
numbers without a fraction are written alike; names in ASCII sort alike by UTF-16 unit and by code point; and text that
is not Unicode (lone surrogates) is an error in both. A test holds it against the RFC's rules and examples.
Version 1 hashes a JSON array without the columns that it did not have. https://www.rfc-editor.org/rfc/rfc8785, read
2026-11.
"""

import hashlib
import re
from typing import NamedTuple

from pydantic_core import from_json, to_json

from bot.errors import ChainBroken

GENESIS = "0" * 64
"""The hash before the first event."""

VERSION = 2
"""The version of new rows."""

_TYPES = {int, str}
_sha256 = hashlib.sha256
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)


class Record(NamedTuple):
    """A row of the audit log, as it is stored; a tuple because a verification makes a million of them.

    Args:
        seq: Its number, from 1 without gaps.
        version: Of the row format: 1 or 2.
        at: When, in UTC: ``2026-11-02T09:00:00.000000Z``.
        action: ``subject:action``.
        team: Of the actor.
        actor: The actor's user id.
        actor_name: The actor's display name then.
        via: The channel of the act.
        correlation: The id that connects an act with its writes and notices.
        subject: Id of the allowance, scale proposal or target.
        cluster: Name of the cluster.
        destinations: A JSON array of texts.
        destination_text: The same, for the search.
        reason: Why.
        policy_rule: The approval policy rule that decided.
        detail: A JSON array of pairs of texts.
        root: The Merkle tree head over all rows before this one, in hexadecimal; empty in version 1.
        previous: The hash of the row before.
        hash: Of this row.
    """

    seq: int
    version: int
    at: str
    action: str
    team: str
    actor: str
    actor_name: str
    via: str
    correlation: str
    subject: str
    cluster: str
    destinations: str
    destination_text: str
    reason: str
    policy_rule: str
    detail: str
    root: str
    previous: str
    hash: str


COLUMNS = Record._fields
"""The columns of the table, in the order of ``Record``."""


def seal(record: Record) -> Record:
    """The record with its hash.

    Raises:
        ChainBroken: It cannot be hashed: a text is not Unicode, or the version is unknown.
    """
    try:
        return record._replace(hash=_sha256(content_of(record)).hexdigest())
    except (TypeError, ValueError, KeyError) as error:
        raise altered(record.seq) from error


def hash_of(record: Record) -> str:
    """The SHA-256 of a stored record in hexadecimal, by its own version.

    Raises:
        ChainBroken: It cannot be hashed: a value is not of its type, or the version is unknown.
    """
    try:
        if set(map(type, record)) != _TYPES:  # SQLite stores bytes where text belongs; they would be hashed like it
            raise altered(record.seq)
        return _sha256(_CONTENTS[record.version](record)).hexdigest()
    except (TypeError, ValueError, KeyError) as error:
        raise altered(record.seq) from error


def content_of(record: Record) -> bytes:
    """What is hashed of a record, by its own version.

    Raises:
        TypeError, ValueError, KeyError: It cannot be hashed.
    """
    return _CONTENTS[record.version](record)


def altered(seq: int) -> ChainBroken:
    """The error for a row that is not what was written."""
    return ChainBroken(f"Audit event {seq} was altered.", seq=seq)


def _second(record: Record) -> bytes:
    (
        seq, version, at, action, team, actor, actor_name, via, correlation, subject, cluster, destinations,
        destination_text, reason, policy_rule, detail, root, previous, _,
    ) = record  # fmt: skip
    return to_json(
        {
            "action": action,
            "actor": actor,
            "actor_name": actor_name,
            "at": at,
            "cluster": cluster,
            "correlation": correlation,
            "destination_text": destination_text,
            "destinations": from_json(destinations),
            "detail": from_json(detail),
            "policy_rule": policy_rule,
            "previous": previous,
            "reason": reason,
            "root": root,
            "seq": seq,
            "subject": subject,
            "team": team,
            "version": version,
            "via": via,
        }
    )


def _first(record: Record) -> bytes:
    destinations = from_json(record.destinations)
    is_own = not (record.actor_name or record.correlation or record.root)
    if not is_own or record.destination_text != " ".join(destinations) or not _TIME.fullmatch(record.at):
        raise ValueError
    content = [
        record.previous,
        record.seq,
        f"{record.at[:-1]}+00:00",
        record.action,
        record.team,
        record.actor,
        record.via,
        record.subject,
        record.cluster,
        destinations,
        record.reason,
        record.policy_rule,
        from_json(record.detail),
    ]
    return to_json(content)


_CONTENTS = {1: _first, VERSION: _second}
