"""Absences as rows."""

from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, insert, select

from bot.domain.absence import Absence
from bot.domain.people import Identity
from bot.store import schema
from bot.store.rows import Row
from bot.store.times import text_from_time, time_from_text


class SqlAbsences:
    """``ports.Absences`` in SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, who: Identity) -> Absence | None:
        """The last absence of somebody, over or not."""
        row = self._connection.execute(select(schema.absence).filter_by(person=str(who))).one_or_none()
        return _absence(row) if row else None

    def put(self, absence: Absence) -> None:
        """Record one, in the place of the last."""
        self._connection.execute(delete(schema.absence).filter_by(person=str(absence.who)))
        since, until = text_from_time(absence.since), text_from_time(absence.until)
        row = {"person": str(absence.who), "delegate": str(absence.delegate), "since": since, "until": until}
        self._connection.execute(insert(schema.absence).values(row))

    def delegated_to(self, delegate: Identity, now: datetime) -> list[Absence]:
        """The absences in which somebody decides for others now, by person."""
        values = {"whom": str(delegate), "at": text_from_time(now)}
        return [_absence(row) for row in self._connection.execute(DELEGATED, values)]


# Asked with almost every act, and built once: building takes SQLAlchemy longer than SQLite needs to answer.
DELEGATED = (
    select(schema.absence)
    .where(schema.absence.c.delegate == bindparam("whom"), schema.absence.c.until > bindparam("at"))
    .order_by(schema.absence.c.person)
)


def _absence(row: Row) -> Absence:
    who, delegate = (Identity(*text.split("/", 1)) for text in (row.person, row.delegate))
    return Absence(who, delegate, time_from_text(row.since), time_from_text(row.until))
