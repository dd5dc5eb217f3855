"""The audit log against the owner of its database: every attack is found, and the first bad event is named."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import delete, insert, select, text
from sqlalchemy.exc import DBAPIError

from bot import auditing, proofs, scaling
from bot.approvals import Decision
from bot.domain.audit import Action, AuditFilter
from bot.domain.chain import AuditKey, Record, checkpoints_in
from bot.domain.snat import CountGoal
from bot.domain.work import WorkKind
from bot.errors import ChainBroken
from bot.reconciler import Reconciler
from bot.scaling import Wish
from bot.store import schema
from handlers import actions, audit, views
from tests.build import APPROVER, AUDITOR, DEV, World, make_world
from tests.listeners.calling import FORM, pressed, submitted, text_of, typed
from tests.tampering import rewrite, tamper

PEM = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
KEY = AuditKey(PEM)


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A log of eight events: requests and their approvals."""
    made = make_world(database_url, speed=60)  # fewer looks at writes that are on their way
    made.ctx = replace(made.ctx, audit_key=lambda: KEY)
    made.reconciler = Reconciler(made.ctx, made.said, workers=0)
    for number in range(4):
        views.request(made.ctx, submitted(DEV, FORM | {"destinations": f"host{number}.example.com"}))
    for row in rows(made):
        actions.approve(made.ctx, pressed(APPROVER, id=row.id, digest=row.digest))
    yield made
    made.store.close()


def rows(world: World) -> list[Any]:
    """The allowances, oldest first."""
    from bot.ports import AllowanceFilter

    with world.store.read() as tx:
        return tx.allowances.find(AllowanceFilter())[::-1]


def events(world: World) -> list[Any]:
    """The whole log, oldest first."""
    with world.store.read() as tx:
        return tx.audit.chain(after=0, limit=1000)


MOVE = "UPDATE audit_event SET seq = -seq WHERE seq IN (3, 4)"
SWAP = "UPDATE audit_event SET seq = CASE seq WHEN -3 THEN 4 ELSE 3 END WHERE seq < 0"
COLUMNS = ", ".join(Record._fields[1:])
COPY = f"INSERT INTO audit_event (seq, {COLUMNS}) SELECT {{seq}}, {COLUMNS} FROM audit_event WHERE seq = 3"
ATTACKS: dict[str, tuple[tuple[str, ...], int]] = {
    "a changed actor": (("UPDATE audit_event SET actor = 'UAPP0002' WHERE seq = 5",), 5),
    "an emptied search column": (("UPDATE audit_event SET destination_text = '' WHERE seq = 2",), 2),
    "a time spelt otherwise": (("UPDATE audit_event SET at = replace(at, 'Z', '+00:00') WHERE seq = 2",), 2),
    "a nonsense time": (("UPDATE audit_event SET at = 'soon' WHERE seq = 4",), 4),
    "an unknown action": (("UPDATE audit_event SET action = 'allowance:steal' WHERE seq = 6",), 6),
    "an unknown version": (("UPDATE audit_event SET version = 99 WHERE seq = 6",), 6),
    "a deleted event": (("DELETE FROM audit_event WHERE seq = 4",), 4),
    "the first ones deleted": (("DELETE FROM audit_event WHERE seq < 3",), 1),
    "the last ones deleted": (("DELETE FROM audit_event WHERE seq > 6",), 7),
    "all rows deleted": (("DELETE FROM audit_event",), 1),
    "two swapped": ((MOVE, SWAP), 3),
    "forged with number 0": ((COPY.format(seq=0),), 0),
    "forged with number -1": ((COPY.format(seq=-1),), -1),
    "forged with number 1000000": ((COPY.format(seq=1_000_000),), 1_000_000),
    "forged right behind the head": ((COPY.format(seq=9),), 9),
    "the head set back": (("UPDATE audit_head SET seq = 6, hash = (SELECT hash FROM audit_event WHERE seq = 6)",), 7),
    "the head set forward": (("UPDATE audit_head SET seq = 12",), 9),
    "another hash in the head": (("UPDATE audit_head SET hash = repeat('0', 64)",), 8),
    "another tree in the head": (("UPDATE audit_head SET tree = repeat('0', 64)",), 8),
    "hidden from a search": (("DELETE FROM audit_host WHERE host LIKE 'host2%'",), 3),
    "the head deleted": (("DELETE FROM audit_head",), 9),
}
WITNESSED: dict[str, tuple[tuple[str, ...], int]] = {
    "the last ones deleted and the head set back": (
        (
            "DELETE FROM audit_event WHERE seq > 6",
            "UPDATE audit_head SET seq = 6, tree_size = 0, hash = (SELECT hash FROM audit_event WHERE seq = 6)",
            "DELETE FROM audit_checkpoint",
        ),
        7,
    ),
    "everything deleted": (
        (
            "DELETE FROM audit_event",
            "DELETE FROM audit_checkpoint",
            "UPDATE audit_head SET seq = 0, hash = repeat('0', 64), tree_size = 0, tree = ''",
        ),
        1,
    ),
}


def portable(world: World, statement: str) -> str:
    """SQLite spells some of it otherwise."""
    if world.store._engine.dialect.name == "postgresql":
        return statement
    return statement.replace("repeat('0', 64)", f"'{'0' * 64}'")


def attack(world: World, statements: tuple[str, ...]) -> None:
    """Do it, as the owner of the database can."""
    tamper(world.store, *(portable(world, one) for one in statements))


@pytest.mark.parametrize("name", ATTACKS)
def test_every_attack_is_found(world: World, name: str) -> None:
    """Without any witness; the bot goes on, says so once, and a page of the log still opens."""
    statements, first_bad = ATTACKS[name]
    attack(world, statements)
    with pytest.raises(ChainBroken) as found:
        proofs.check_log(world.ctx)
    assert found.value.seq == first_bad
    run_watch(world, 3)
    assert [n.body["event"] for n in world.said.notices if n.subject == "audit"].count("audit-damaged") == 1
    assert Action.AUDIT_DAMAGE in [one.event.action for one in events(world)]
    views.request(world.ctx, submitted(DEV, FORM | {"destinations": "later.example.com"}))
    assert "later.example.com" in text_of(audit.audit(world.ctx, typed(AUDITOR, "host:later.example.com")))


def run_watch(world: World, times: int) -> None:
    """Let the watch look."""
    for _ in range(times):
        with world.store.write() as tx:
            tx.work.wake(WorkKind.AUDIT, within=timedelta())
        world.settle()


@pytest.mark.parametrize("name", WITNESSED)
def test_what_looks_whole_is_found_by_a_checkpoint(world: World, name: str) -> None:
    """The log that is left fits together; only what was kept elsewhere says that there was more."""
    kept = proofs.make_checkpoint(world.ctx)
    assert kept is not None
    statements, first_bad = WITNESSED[name]
    attack(world, statements)
    proofs.check_log(world.ctx)
    with pytest.raises(ChainBroken) as found:
        auditing.prove(world.ctx, AUDITOR, checkpoints_in(kept.line))
    assert found.value.seq == first_bad
    assert kept.at in found.value.sentence


def test_a_stored_checkpoint_that_was_altered_is_named(world: World) -> None:
    """It says nothing, or is of another event: a sentence, never a trace."""
    made = proofs.make_checkpoint(world.ctx)
    assert made is not None
    for change in ("body = '{}'", "seq = seq - 1"):
        tamper(world.store, f"UPDATE audit_checkpoint SET {change}")
        with pytest.raises(ChainBroken, match=r"stored checkpoint of audit event \d was altered"):
            auditing.prove(world.ctx, AUDITOR)
        run_watch(world, 1)


def test_a_rewritten_log_is_found_by_a_checkpoint(world: World) -> None:
    """Another approver, all hashes, heads and trees computed anew: between which checkpoints it begins is said."""
    with world.store.read() as tx:
        early = KEY.sign(proofs.current(world.ctx, tx))
    views.request(world.ctx, submitted(DEV, FORM | {"destinations": "more.example.com"}))
    late = proofs.make_checkpoint(world.ctx)
    assert late is not None
    rewrite(world.store, {9: {"actor": "UAPP0002"}})
    tamper(world.store, "DELETE FROM audit_checkpoint")
    assert proofs.check_log(world.ctx).end.seq == late.seq
    with pytest.raises(ChainBroken, match="rewritten") as found:
        proofs.check_log(world.ctx, [early, late])
    assert found.value.seq == 9


FACTS = {
    "its hosts": (".example.com", ".example.org"),
    "its approver": ("UAPP0001", "UAPP0002"),
}


@pytest.mark.parametrize("name", FACTS)
def test_an_allowance_is_held_against_its_events(world: World, name: str) -> None:
    """The log stays; the row says something else."""
    proofs.check_facts(world.ctx)
    old, new = FACTS[name]
    is_sqlite = world.store._engine.dialect.name == "sqlite"
    body = "replace(body, :old, :new)" if is_sqlite else "CAST(replace(CAST(body AS text), :old, :new) AS jsonb)"
    row = rows(world)[0]
    tamper(world.store, f"UPDATE allowance SET body = {body} WHERE id = :id", old=old, new=new, id=row.id)
    with pytest.raises(ChainBroken, match=row.id) as found:
        auditing.prove(world.ctx, AUDITOR)
    assert found.value.seq == [one.seq for one in events(world) if one.event.subject == row.id][-1]
    run_watch(world, 2)
    assert row.id in next(n.body["text"] for n in world.said.notices if n.subject == "audit")


DELETED = {
    "an allowance that is closed": ("DELETE FROM allowance WHERE id = :id", "is no longer stored"),
    "its row marked as closed": ("UPDATE allowance SET is_open = 0 WHERE id = :id", "marked as closed"),
    "its target": ("UPDATE allowance SET target = 'other' WHERE id = :id", "target is not what it says itself"),
    "a body that says nothing": ("UPDATE allowance SET body = '{}' WHERE id = :id", "cannot be read"),
    "a scale proposal": ("DELETE FROM scale WHERE id = :scale", "is no longer stored"),
    "a proposal's approver": ("UPDATE scale SET body = {body} WHERE id = :scale", "has no event"),
    "a proposal's plan": ("UPDATE scale SET body = {body} WHERE id = :scale", "its plan was changed"),
    "a proposal's refusal": ("UPDATE scale SET body = {body} WHERE id = :scale", "no longer denied"),
}
TABLES = (schema.allowance, schema.scale)
CHANGED = {
    "a proposal's approver": ("UAPP0001", "UAPP0002"),
    "a proposal's plan": ("aks-lb", "aks-xx"),
    "a proposal's refusal": ('"denied":', '"denied": null, "was":'),
}


def test_rows_are_held_against_their_events(world: World) -> None:
    """What was deleted or changed is named; each is undone before the next."""
    is_sqlite = world.store._engine.dialect.name == "sqlite"
    body = "replace(body, :old, :new)" if is_sqlite else "CAST(replace(CAST(body AS text), :old, :new) AS jsonb)"
    approved = scaling.propose(world.ctx, DEV, Wish("aks-lb", CountGoal(2), "more ports"))
    scaling.decide(world.ctx, APPROVER, Decision(approved.id, is_approved=True))
    denied = scaling.propose(world.ctx, DEV, Wish("aks-natgateway", CountGoal(4), "more"))
    scaling.decide(world.ctx, APPROVER, Decision(denied.id, is_approved=False, reason="no"))
    proofs.check_facts(world.ctx)
    for name, (statement, said) in DELETED.items():
        old, new = CHANGED.get(name, ("", ""))
        scale = denied.id if "refusal" in name else approved.id
        values = {"id": rows(world)[0].id, "scale": scale, "old": old, "new": new}
        used = {key: text for key, text in values.items() if f":{key}" in statement.replace("{body}", body)}
        with world.store._engine.connect() as connection:
            kept = [(table, connection.execute(select(table)).mappings().all()) for table in TABLES]
        tamper(world.store, statement.replace("{body}", body), **used)
        with pytest.raises(ChainBroken, match=said) as found:
            auditing.prove(world.ctx, AUDITOR)
        assert (values["id"] in found.value.sentence) or (scale in found.value.sentence), name
        with world.store._engine.begin() as connection:
            for table, were in kept:
                connection.execute(delete(table))
                stored = [one.name for one in table.columns if one.computed is None]
                connection.execute(insert(table), [{name: row[name] for name in stored} for row in were])


REFUSED = (
    "UPDATE audit_event SET actor = 'U1' WHERE seq = 1",
    "DELETE FROM audit_event WHERE seq = 1",
    "DELETE FROM audit_event",
    "UPDATE audit_head SET seq = 1",
    "UPDATE audit_head SET hash = 'x'",
    "DELETE FROM audit_head",
    "UPDATE audit_checkpoint SET seq = 1",
    "DELETE FROM audit_checkpoint",
)
TRUNCATED = ("TRUNCATE audit_event", "TRUNCATE audit_head", "TRUNCATE audit_checkpoint")
REPLACED = (
    "INSERT OR REPLACE INTO audit_event SELECT * FROM audit_event WHERE seq = 1",
    "INSERT OR REPLACE INTO audit_head SELECT * FROM audit_head",
)


def test_the_database_refuses_changes_in_words(world: World) -> None:
    """Whoever has its password and not its schema; and whoever mistypes a statement."""
    proofs.make_checkpoint(world.ctx)
    is_sqlite = world.store._engine.dialect.name == "sqlite"
    for statement in (*REFUSED, *(REPLACED if is_sqlite else TRUNCATED)):
        said = answer_to(world, statement)
        assert re.search(r"The audit log is append-only: .* is refused", said), (statement, said)


def answer_to(world: World, statement: str) -> str:
    """What the database says to a statement."""
    try:
        with world.store._engine.begin() as connection:
            connection.execute(text(statement))
    except DBAPIError as error:
        return str(error)
    return "done"


def test_an_intact_log_makes_no_noise(world: World) -> None:
    """The watch looks at it, signs one checkpoint, and does it again only for new events."""
    run_watch(world, 3)
    said = [n.body for n in world.said.notices if n.subject == "audit"]
    assert [one["event"] for one in said] == ["audit-checkpoint"]
    [kept] = checkpoints_in(said[0]["text"])
    KEY.require_signed(kept)
    with pytest.raises(ChainBroken, match="not signed"):
        KEY.require_signed(replace(kept, root="0" * 64))
    world.tick(timedelta(days=2))
    run_watch(world, 1)
    assert auditing.search(world.ctx, AUDITOR, AuditFilter(action="audit:damage")).events == ()
