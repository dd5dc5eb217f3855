"""Saved searches of the audit log as rows."""

from sqlalchemy import Connection, delete, insert, select

from bot.domain.people import Identity
from bot.domain.saved_search import SavedSearch
from bot.store import schema


class SqlSavedSearches:
    """``ports.SavedSearches`` in SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, who: Identity) -> list[SavedSearch]:
        """Those of one person, by name."""
        column = schema.saved_search.c
        query = select(column.name, column.query).where(column.person == str(who)).order_by(column.name)
        return [SavedSearch(row.name, row.query) for row in self._connection.execute(query)]

    def put(self, who: Identity, search: SavedSearch) -> None:
        """Keep one, in the place of the last of that name."""
        self.remove(who, search.name)
        values = {"person": str(who), "name": search.name, "query": search.query}
        self._connection.execute(insert(schema.saved_search).values(values))

    def remove(self, who: Identity, name: str) -> None:
        """Keep it no longer."""
        self._connection.execute(delete(schema.saved_search).filter_by(person=str(who), name=name))
