"""What the database's owner can do to the audit log: anything, once the triggers are out of the way."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, text

from bot.domain.chain import ChainEnd, Frontier, Record, seal
from bot.store import SqlStore


@contextmanager
def without_triggers(connection: Connection) -> Iterator[None]:
    """As their owner can, switch them off for a while."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        yield
        connection.execute(text("SET LOCAL session_replication_role = origin"))
        return
    found = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")).all()
    for one in found:
        connection.execute(text(f"DROP TRIGGER {one.name}"))
    yield
    for one in found:
        connection.exec_driver_sql(one.sql)


def tamper(store: SqlStore, *statements: str, **values: object) -> None:
    """Do something to the database that the bot would never do."""
    with store._engine.begin() as connection, without_triggers(connection):
        for statement in statements:
            connection.execute(text(statement), values)


def rewrite(store: SqlStore, changes: Mapping[int, Mapping[str, Any]]) -> None:
    """Change some rows and compute the whole chain anew, its head and trees included."""
    with store.read() as tx:
        rows = tx.audit.records(after=0, limit=100_000)
    made, end = [], ChainEnd()
    for row in rows:
        tree = end.tree or Frontier()
        changed: Record = row._replace(**dict(changes.get(row.seq, {})))
        sealed = seal(changed._replace(previous=end.hash, root=tree.root()))
        tree.add(sealed.hash)
        end = ChainEnd(sealed.seq, sealed.hash, tree)
        made.append(sealed._asdict())
    with store._engine.begin() as connection, without_triggers(connection):
        put = "actor = :actor, reason = :reason, root = :root, previous = :previous, hash = :hash"
        connection.execute(text(f"UPDATE audit_event SET {put} WHERE seq = :seq"), made)
        head = {"seq": end.seq, "hash": end.hash, "tree": end.tree.heads if end.tree else ""}
        connection.execute(text("UPDATE audit_head SET hash = :hash, tree = :tree, tree_size = :seq"), head)
