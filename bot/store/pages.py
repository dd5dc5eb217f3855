"""One page of a list.

Its few statements are built once: building takes SQLAlchemy longer than SQLite needs to answer.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Integer,
    Row,
    Select,
    String,
    Table,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
)

from bot.domain.ids import ALLOWANCE, SCALE
from bot.ports import ListFilter, Place
from bot.store import schema
from bot.store.computed import undecided

allowance, scale = schema.allowance.c, schema.scale.c

AT_MOST: BindParameter[int] = bindparam("at_most", type_=Integer())
OPEN: BindParameter[int] = bindparam("open", type_=Integer())
OWNER = scale.body["requester"]


class _Shape(NamedTuple):
    """The conditions of a page without their values.

    Args:
        by_cluster: Only of some clusters, or by the person.
        by_owner: Only by one person, or of the clusters.
        is_waiting: Only what nobody has decided finally.
        first: None for the first page, else whether it may begin with the id of the last row's time.
    """

    by_cluster: bool
    by_owner: bool
    is_waiting: bool
    first: bool | None


class _List(NamedTuple):
    """What is listed of one table.

    Args:
        letter: The first of its ids.
        columns: What is read.
        asked_by: Whether a row is somebody's.
    """

    letter: str
    columns: tuple[Any, ...]
    asked_by: ColumnElement[bool]


LISTS = {
    schema.allowance: _List(
        ALLOWANCE, (allowance.id, allowance.version, allowance.is_open), allowance.requester == bindparam("who")
    ),
    schema.scale: _List(
        SCALE,
        tuple(scale),
        and_(OWNER["team"].as_string() == bindparam("team"), OWNER["user"].as_string() == bindparam("user")),
    ),
}


def rows_of_page(connection: Connection, table: Table, wanted: ListFilter) -> Sequence[Row[Any]]:
    """The rows of one page: of allowances the ids and versions, of proposals everything."""
    who, after, first = wanted.requester, wanted.after, None
    values: dict[str, Any] = {"at_most": wanted.limit}
    if wanted.clusters is not None:
        values["clusters"] = wanted.clusters
    if who is not None:
        values |= {"who": str(who), "team": who.team, "user": who.user}
    if after is not None:
        letter = LISTS[table].letter
        values |= _values(letter, after)
        first = letter < after.id[:1]
    shape = _Shape(wanted.clusters is not None, who is not None, wanted.is_waiting, first)
    return connection.execute(_page(table, shape), values).all()


def place_of(row: Any) -> Place:
    """The position of a row in the lists."""
    return Place(bool(row.is_open), row.id)


def follows(table: Table, letter: str, after: Place) -> ColumnElement[bool]:
    """Whether a row of a table whose ids begin with this letter comes behind a place in the lists."""
    return _follows(table, is_same_time=letter < after.id[:1]).params(_values(letter, after))


def _values(letter: str, after: Place) -> dict[str, int | str]:
    return {"open": int(after.is_open), "same_time": letter + after.id[1:]}


@lru_cache
def _page(table: Table, shape: _Shape) -> Select[Any]:
    column, listed = table.c, LISTS[table]
    query = select(*listed.columns).order_by(column.is_open.desc(), column.id.desc()).limit(AT_MOST)
    whose: list[ColumnElement[bool]] = []
    if shape.by_cluster:
        # By both, it is read in the order of the list: two indexes together would have all rows sorted for each page.
        of = func.coalesce(column.cluster_id, literal_column("''")) if shape.by_owner else column.cluster_id
        whose.append(of.in_(bindparam("clusters", expanding=True)))
    if shape.by_owner:
        whose.append(listed.asked_by)
    if whose:
        query = query.where(or_(*whose))
    if shape.is_waiting:
        query = query.where(column.is_open == 1, undecided())
    return query if shape.first is None else query.where(_follows(table, is_same_time=shape.first))


def _follows(table: Table, *, is_same_time: bool) -> ColumnElement[bool]:
    """Compare positions across both tables: ids are compared without their first letters."""
    column, same_time = table.c, bindparam("same_time", type_=String())
    older = column.id <= same_time if is_same_time else column.id < same_time
    return or_(column.is_open < OPEN, and_(column.is_open == OPEN, older))
