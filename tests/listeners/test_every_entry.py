"""Every entry of the table against everything that is not as it should be: it is answered, and nothing is changed."""

import json
import shutil
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path

import pytest

from handlers import TABLE
from handlers.calls import CallKind
from handlers.entries import Entry
from tests.build import APPROVER2, AUDITOR, DEV, DEV2, OPERATOR
from tests.histories.test_histories import is_gate
from tests.histories.town import GUEST, LEFT, NOBODY, SECURITY, STRANGER
from tests.listeners.acts import ACTS, DIGESTED, inquired, stale
from tests.listeners.entries import FORMS, READS, key
from tests.listeners.front_desk import LOOKS, Desk, opened_desk
from tests.listeners.payloads import Act

ROLES = (DEV, DEV2, APPROVER2, SECURITY, AUDITOR, OPERATOR, GUEST, LEFT, NOBODY, STRANGER)
"""Everybody: requesters, deciders, readers, and those who may nothing."""

KEYS = (
    *("id", "digest", "of", "campaign", "list", "which", "after", "page", "before", "query", "draft", "cluster"),
    *("host", "pool", "name", "count", "open", "words", "bundle", "state", "person"),
)
"""Everything that our buttons and modals carry."""

FIELDS = (
    *("cluster", "destinations", "reason", "duration", "pool", "bundle", "ticket", "owner", "count", "outcome"),
    *("decision", "until", "words", "person", "state", "break_glass", "choose-a0s560gxpd", "destinations2"),
)
"""Everything that our modals ask for."""

UNKNOWN, CAMPAIGN, SCALE = "a0s5zzzzz1", "r0s5zzzzz1", "s0s5zzzzz1"
WRONG = ("", " ", "0", "-1", "9" * 400, "x" * 1900, UNKNOWN, CAMPAIGN, SCALE, "a", "\u202e🙂<@U1>`*_", "null", "a\x00b")
"""Texts that are not what was meant: empty, not a number, huge, ids of nothing and of other kinds, markup, a NUL."""

BROKEN = (None, "", "{", "null", "[]", "[[[" * 600, "5", '"text"', '{"id": null, "digest": {"a": []}}', '{"id": ["x"]}')
"""Values that are no object of texts."""

TYPED = (*WRONG, f"{UNKNOWN} why", f"{SCALE} {CAMPAIGN} {UNKNOWN}", " ".join(f"a0s5zzzz{n}" for n in range(10, 40)))
UNTYPED: tuple[object, ...] = (None, {"selected_option": None}, {"selected_options": []}, {"selected_user": None})


@pytest.fixture(scope="module")
def desk(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Everybody before the entries; the database cannot matter for what is refused before it."""
    path = tmp_path_factory.mktemp("desk") / "bot.sqlite3"
    shutil.copyfile(sqlite_template, path)
    with opened_desk(f"sqlite:///{path}") as made:
        yield made


def malformed(entry: Entry) -> Iterator[Act]:
    """Everything wrong that this entry may be sent."""
    if entry.kind not in (CallKind.ACTION, CallKind.VIEW):
        yield from (Act(None, {}, text) for text in TYPED)
        return
    yield from (Act(value) for value in BROKEN)
    for one in WRONG:
        yield Act(json.dumps(dict.fromkeys(KEYS, one)), dict.fromkeys(FIELDS, one))
    yield from (Act(json.dumps({"id": UNKNOWN, "digest": "0"}), dict.fromkeys(FIELDS, one)) for one in UNTYPED)


def test_what_is_malformed_is_answered_and_changes_nothing(desk: Desk) -> None:
    """Missing, of another type, huge, unknown, of another kind, broken: one clear answer; at most a refusal is kept."""
    people, before = cycle(ROLES), desk.state()
    share = 4 if is_gate() else 1  # the gate sends each entry every fourth, each time from another one on
    for number, entry in enumerate(TABLE):
        head = desk.head()
        for act in islice(malformed(entry), number % share, None, share):
            desk.serve(entry, next(people), act)
        assert desk.state() == before, f"{entry.kind} {entry.name}"
        assert set(desk.recorded(head)) <= LOOKS, f"{entry.kind} {entry.name}"


@pytest.mark.parametrize("name", ACTS)
def test_an_act_counts_once_for_who_may(desk: Desk, name: str) -> None:
    """Nobody else changes anything; whoever may does; the same again, or about something else, changes nothing more."""
    entry, scenario = next(one for one in TABLE if key(one) == name), ACTS[name]
    act = scenario.make(desk)
    before, head = desk.state(), desk.head()
    for who in scenario.wrong:
        answer = desk.serve(entry, who, act)
        assert desk.state() == before, f"{who.identity}: {answer.text}"
    if entry.kind is not CallKind.ACTION and entry.kind is not CallKind.COMMAND and entry.name in DIGESTED:
        desk.serve(entry, scenario.right, stale(act))
        assert desk.state() == before
    assert set(desk.recorded(head)) <= LOOKS
    answer = desk.serve(entry, scenario.right, act)
    done = desk.state()
    assert done != before, answer.text
    head = desk.head()
    again = desk.serve(entry, scenario.right, act)
    assert desk.state() == done, again.text
    assert set(desk.recorded(head)) <= LOOKS, again.text


def test_what_opens_or_shows_changes_nothing(desk: Desk) -> None:
    """For whoever asked, whoever decides and a stranger, about what there is."""
    row = inquired(desk)
    value = {"id": row.id, "digest": row.digest, "cluster": "aks-udr", "host": "x.example.com", "name": "aks-lb"}
    before, head = desk.state(), desk.head()
    for entry in (one for one in TABLE if key(one) in (*FORMS, *READS)):
        for who in (DEV2, APPROVER2, STRANGER):
            desk.serve(entry, who, Act(json.dumps(value), {"words": "host"}, "aks-udr host.example.com"))
        assert desk.state() == before, key(entry)
    assert set(desk.recorded(head)) <= LOOKS


def test_talk_is_not_answered(desk: Desk) -> None:
    """Whatever people write to each other in a thread that is none of the bot's, and whatever is in it."""
    entry = next(one for one in TABLE if one.kind is CallKind.EVENT)
    for text in WRONG:
        assert desk.serve(entry, DEV, Act("1700000000.000100", {}, f"{text} \ufffd")).said == []
