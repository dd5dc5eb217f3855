"""Notices as rows: owed in the transaction of the fact, sent afterwards, at least once."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import timedelta
from functools import lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Double,
    Insert,
    Integer,
    Select,
    Update,
    bindparam,
    delete,
    exists,
    func,
    insert,
    not_,
    select,
    update,
)

from bot.domain.work import WorkKind
from bot.ports import Notice, NoticeKind, Pause
from bot.ports.notices import ABOUT, CARD_ONLY, CHOICES, GATHER, GATHERED, PROGRESS
from bot.store import schema
from bot.store.lanes import holds, is_first, is_held, passes, unsent
from bot.store.leases import SqlWork
from bot.store.rows import notice_from_row

notice, card, paused = schema.notice.c, schema.card.c, schema.delivery_pause.c


TURN = 5
"""Notices of one recipient after which it is the others' turn: fewer than are looked up at once, and enough for what is
few to be sent in the order of what happened."""

MOST_REASONS = 20
"""Reasons for which notices were given up that are told apart; the others are counted together."""

OTHER = "other"
"""What all the reasons beyond those are called."""


class SqlOutbox:
    """``ports.Outbox`` in SQL.

    Args:
        connection: The caller's transaction.
        now: The database's clock, as an expression.
        work: Work in the same transaction: the notice sender is woken.
    """

    def __init__(self, connection: Connection, now: ColumnElement[float], work: SqlWork) -> None:
        self._connection = connection
        self._now = now
        self._work = work
        self._said: dict[tuple[str, ...], int] = {}

    def add(self, owed: Notice) -> None:
        """Owe a notice; see ``ports.Outbox``."""
        if owed.kind is NoticeKind.CARD:
            for place in {owed.recipient, *self._places(owed.subject)}:
                self._owe_card(owed.subject, place)
        elif owed.kind is NoticeKind.DIRECT:
            self._owe_direct(owed)
        else:
            self._owe_news(owed)

    def due(self, *, limit: int) -> list[Notice]:
        """The notices to send now, recipients in turn; see ``ports.Outbox``."""
        rows = self._connection.execute(_due(self._now, self._now), {"at_most": limit})
        return [notice_from_row(row) for row in rows]

    def as_owed(self, read: Notice) -> Notice | None:
        """A notice that was read before as it is owed now; None where it no longer is."""
        row = self._connection.execute(_owed(self._now), {"read_id": read.id}).one_or_none()
        return notice_from_row(row) if row is not None else None

    def next_due_in(self) -> timedelta | None:
        """The time until the next notice may be due; None if none is waiting."""
        # The clock is read once: what became due between two readings would be missed by both.
        now: float = self._connection.scalar(select(self._now)) or 0.0
        if self._connection.execute(_due(self._now, AT), {"at": now, "at_most": 1}).first() is not None:
            return timedelta()
        later = (self._connection.scalar(query, {"at": now}) for query in (NEXT_DUE, NEXT_FREED))
        waits = [at - now for at in later if at is not None]
        return timedelta(seconds=min(waits)) if waits else None

    def lanes(self, owed: Collection[Notice]) -> Mapping[int, Collection[str]]:
        """The lanes with a pause that each goes through before it is sent, by its id."""
        found: defaultdict[int, list[str]] = defaultdict(list)
        for id_, lane in self._connection.execute(LANES, {"ids": [one.id for one in owed]}):
            found[id_].append(lane)
        return found

    def mark_sent(self, sent: Notice, lanes: Collection[str]) -> None:
        """It was sent and these lanes work; a card that was owed again meanwhile stays owed."""
        if lanes:
            self._connection.execute(delete(schema.delivery_pause).where(paused.lane.in_(lanes)))
        self._connection.execute(_sent(self._now), {"sent_id": sent.id, "sent_version": sent.version})

    def mark_failed(self, failed: Notice) -> None:
        """Record a failed attempt."""
        row = update(schema.notice).filter_by(id=failed.id)
        self._connection.execute(row.values(attempts=notice.attempts + 1))

    def give_up(self, lost: Notice, why: str) -> None:
        """It is not tried again."""
        self._connection.execute(update(schema.notice).filter_by(id=lost.id).values(dead=why))

    def give_up_old(self, *, age: timedelta) -> int:
        """Give up what is older and waits in a lane that fails; how many those are."""
        is_old = notice.created < self._now - age.total_seconds()
        old = update(schema.notice).where(unsent(), is_old, is_held())
        return self._connection.execute(old.values(dead="It was not accepted in time.")).rowcount

    def pause(self, lane: str, delay: timedelta, *, code: str = "") -> None:
        """Send nothing in this lane for a while."""
        until, failures = self._now + delay.total_seconds(), self.failures(lane) + 1
        self._connection.execute(delete(schema.delivery_pause).filter_by(lane=lane))
        ended = paused.lane.like("notice %") & not_(holds(unsent()))  # sent, given up or dropped in the meantime
        self._connection.execute(delete(schema.delivery_pause).where(ended))
        row = {"lane": lane, "until": until, "code": code, "failures": failures}
        self._connection.execute(insert(schema.delivery_pause).values(row))

    def failures(self, lane: str) -> int:
        """The number of consecutive pauses of this lane."""
        return self._connection.scalar(select(paused.failures).filter_by(lane=lane)) or 0

    def refusals(self) -> list[Pause]:
        """The lanes that wait for somebody to act, and how many notices wait behind each."""
        query = select(paused.lane, paused.code, paused.failures, func.count().label("notices"))
        query = (
            query.select_from(schema.delivery_pause).join(schema.notice, passes()).where(paused.code != "", unsent())
        )
        rows = self._connection.execute(query.group_by(paused.lane, paused.code, paused.failures).order_by(paused.lane))
        return [Pause(row.lane, row.code, row.failures, row.notices) for row in rows]

    def unseen_cards(self) -> list[Notice]:
        """Cards that cannot be drawn until somebody acts, and that stand nowhere else."""
        return [notice_from_row(row) for row in self._connection.execute(_unseen_cards(self._now))]

    def lost_cards(self, subject: str) -> frozenset[str]:
        """The conversations for which a card was given up."""
        lost = select(notice.recipient).where(notice.dead.is_not(None)).filter_by(kind=NoticeKind.CARD, subject=subject)
        return frozenset(self._connection.scalars(lost))

    def card(self, subject: str, channel: str) -> str | None:
        """The Slack timestamp of a card."""
        ts: str | None = self._connection.scalar(CARD, {"of": subject, "place": channel})
        return ts

    def subject_of(self, channel: str, ts: str) -> str | None:
        """What a card is about, by where it is."""
        found: str | None = self._connection.scalar(select(card.subject).filter_by(channel=channel, ts=ts))
        return found

    def put_card(self, subject: str, channel: str, ts: str | None) -> None:
        """Remember where a card is; None forgets it."""
        self._connection.execute(delete(schema.card).filter_by(subject=subject, channel=channel))
        if ts is not None:
            self._connection.execute(insert(schema.card), {"subject": subject, "channel": channel, "ts": ts})

    def conversation(self, user: str) -> str | None:
        """The channel id of the bot's conversation with a person, as far as it is known."""
        known: str | None = self._connection.scalar(CONVERSATION, {"with": user})
        return known

    def put_conversation(self, user: str, channel: str | None) -> None:
        """Remember it; None forgets it."""
        self._connection.execute(delete(schema.conversation).filter_by(user=user))
        if channel is not None:
            self._connection.execute(insert(schema.conversation), {"user": user, "channel": channel})

    def backlog(self) -> tuple[int, dict[str, int]]:
        """Count the waiting notices, and those given up by why: the most frequent reasons, then all others."""
        waiting = select(func.count()).select_from(schema.notice).where(unsent())
        every = func.sum(func.count()).over()  # of all reasons: the limit comes afterwards
        dead = select(notice.dead, func.count(), every).where(notice.dead.is_not(None)).group_by(notice.dead)
        rows = self._connection.execute(dead.order_by(func.count().desc(), notice.dead).limit(MOST_REASONS)).all()
        counts = {str(why): int(count) for why, count, _ in rows}
        rest = int(rows[0][2]) - sum(counts.values()) if rows else 0
        return self._connection.scalar(waiting) or 0, counts | ({OTHER: rest} if rest else {})

    def is_quiet(self) -> bool:
        """Whether nothing waits to be sent, except for somebody who has to act."""
        return self._connection.execute(MOVING).first() is None

    def _owe_news(self, owed: Notice, *, within: timedelta = timedelta()) -> None:
        """One message for what the same transaction says of several requests with one card."""
        is_own = owed.kind is NoticeKind.DIRECT and owed.body.get("event") in CHOICES
        if ABOUT not in owed.body or is_own:
            self._insert(owed, within=within)
            return
        facts = sorted((name, value) for name, value in owed.body.items() if name != ABOUT)
        key = (owed.kind, owed.subject, owed.recipient, *chain.from_iterable(facts))
        said = self._said.get(key)
        body = None if said is None else self._connection.scalar(select(notice.body).where(unsent(), notice.id == said))
        if said is None or body is None:
            self._said[key] = self._insert(owed, within=within)
        else:
            self._reword(said, {**body, ABOUT: " ".join(dict.fromkeys((*body[ABOUT].split(" "), *owed.about)))})

    def _reword(self, notice_id: int, body: Mapping[str, str]) -> None:
        self._connection.execute(update(schema.notice).filter_by(id=notice_id).values(body=dict(body)))

    def _insert(self, owed: Notice, *, within: timedelta = timedelta()) -> int:
        row: dict[str, Any] = {
            "kind": owed.kind,
            "subject": owed.subject,
            "recipient": owed.recipient,
            "body": dict(owed.body),
            "attempts": 0,
            "within_s": within.total_seconds(),
        }
        made = self._connection.execute(_owing(self._now), row)
        self._work.wake(WorkKind.NOTICES, within=within)
        return int((made.inserted_primary_key or (0,))[0])

    def _places(self, subject: str) -> list[str]:
        return list(self._connection.scalars(PLACES, {"of": subject}))

    def _owe_card(self, subject: str, place: str) -> None:
        """One that waits is enough, and if it is under way it is drawn once more: its facts were read before."""
        if self._connection.execute(CARD_AGAIN, {"of": subject, "place": place}).rowcount == 0:
            self._insert(Notice(NoticeKind.CARD, subject, place))
        else:
            self._work.wake(WorkKind.NOTICES, within=timedelta())

    def _owe_direct(self, owed: Notice) -> None:
        event = owed.body.get("event", "")
        if event in CARD_ONLY:
            return
        self._drop_progress(owed)
        self._owe_news(owed, within=GATHER if event in GATHERED else timedelta())

    def _drop_progress(self, owed: Notice) -> None:
        """Of several requests with one card, the others' progress is still said."""
        rows = self._connection.execute(WAITING_WORDS, {"of": owed.subject, "place": owed.recipient}).all()
        for row in (one for one in rows if one.body.get("event") in PROGRESS):
            others = [one for one in row.body.get(ABOUT, owed.subject).split(" ") if one not in owed.about]
            if others:
                self._reword(row.id, {**row.body, ABOUT: " ".join(others)})
            else:
                self._connection.execute(delete(schema.notice).filter_by(id=row.id))


# The frequent statements are built once: building takes SQLAlchemy longer than SQLite needs to answer.

AT: BindParameter[float] = bindparam("at", type_=Double())
"""A moment, in seconds since 1970."""

NEXT_DUE = select(func.min(notice.due)).where(unsent(), notice.due > AT)
NEXT_FREED = select(func.min(paused.until)).where(paused.until > AT, holds(unsent()))
LANES = (
    select(notice.id, paused.lane)
    .join_from(schema.delivery_pause, schema.notice, passes())
    .where(notice.id.in_(bindparam("ids", expanding=True)))
)
MOVING = select(notice.id).where(unsent(), not_(is_held(paused.code != ""))).limit(1)

CARD = select(card.ts).where(card.subject == bindparam("of"), card.channel == bindparam("place"))
PLACES = select(card.channel).where(card.subject == bindparam("of"))
CONVERSATION = select(schema.conversation.c.channel).where(schema.conversation.c.user == bindparam("with"))

_THERE = (notice.subject == bindparam("of")) & (notice.recipient == bindparam("place"))
CARD_AGAIN = (
    update(schema.notice).where(unsent(), notice.kind == NoticeKind.CARD, _THERE).values(version=notice.version + 1)
)
WAITING_WORDS = select(notice.id, notice.body).where(unsent(), notice.kind == NoticeKind.DIRECT, _THERE)


@lru_cache
def _owing(now: ColumnElement[float]) -> Insert:
    return insert(schema.notice).values(created=now, due=now + bindparam("within_s", type_=Double()))


@lru_cache
def _sent(now: ColumnElement[float]) -> Update:
    mine = (notice.id == bindparam("sent_id")) & (notice.version == bindparam("sent_version"))
    return update(schema.notice).where(mine).values(sent=now)


def _notices(now: ColumnElement[float]) -> Select[Any]:
    return select(schema.notice, (now - notice.created).label("age_s")).where(unsent()).order_by(notice.id)


@lru_cache
def _owed(now: ColumnElement[float]) -> Select[Any]:
    return _notices(now).where(notice.id == bindparam("read_id"))


@lru_cache
def _due(now: ColumnElement[float], at: ColumnElement[float]) -> Select[Any]:
    told = is_first().label("is_first"), is_held(paused.until > at).label("is_held")
    waiting = _notices(now).add_columns(*told).order_by(None).subquery()
    at_most: BindParameter[int] = bindparam("at_most", type_=Integer())
    is_due = waiting.c.is_first & not_(waiting.c.is_held) & (waiting.c.due <= at)
    place = func.row_number().over(partition_by=waiting.c.recipient, order_by=waiting.c.id)
    return select(waiting).where(is_due).order_by((place - 1) // TURN, waiting.c.id).limit(at_most)


@lru_cache
def _unseen_cards(now: ColumnElement[float]) -> Select[Any]:
    channel = is_held((paused.lane == notice.recipient) & (paused.code != ""))
    other = schema.notice.alias()
    here = schema.notice
    stands = exists().where(card.subject == notice.subject, card.channel != notice.recipient).correlate(here)
    same = (other.c.kind == NoticeKind.CARD) & (other.c.subject == notice.subject)
    is_owed = other.c.sent.is_(None) & other.c.dead.is_(None) & (other.c.recipient != notice.recipient)
    is_hidden = (
        (notice.kind == NoticeKind.CARD) & channel & not_(stands) & not_(exists().where(same, is_owed).correlate(here))
    )
    return _notices(now).where(is_hidden)
