"""The state of background work in its row: what earlier releases wrote, and what nobody can read."""

import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.writer_notes import ClusterRead, UnconfirmedWrite
from bot.domain.writer_state import (
    ONE_GROUP,
    VERSION,
    PendingOperation,
    WriteAttempt,
    WriterState,
)
from bot.errors import UnreadableState
from bot.store.rows import row_from_state, state_from_row

KEY = "rules:policy:/p/hub"
NINE = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
CLUSTER = "/subscriptions/s/resourcegroups/rg/providers/microsoft.containerservice/managedclusters/aks"
MEMO = f"""{{"looked": {{"{CLUSTER}": ["2026-11-02T09:00:00+00:00", true]}}, "handed": ["a0s560g077"],
 "left": [["allow-x-https", "a0s560gxpd"]], "rules": 3, "bytes": 1234, "verified": "4f53cda18c2baa0c", "priority": 301,
 "intended": "64a718897f0b2e5d", "attempt": {{"attempt": "7", "before": "4f53cda18c2baa0c",
 "after": "64a718897f0b2e5d", "foreign": "4f53"}}, "foreign": "4f53", "took_s": [240, 251], "unrest": true,
 "said": "Azure refuses it.", "trouble": "Azure is busy.", "busy_since": "2026-11-02T09:00:00+00:00",
 "suspects": ["a0s560gb4b", "a0s560gdwe"], "short_since": "2026-11-02T09:00:00.250000+00:00", "draft": "default",
 "moved": 64000, "lost": [["c6c46d5a52e70af1", "2026-11-02T09:00:00+00:00"]]}}"""
PARKED = (
    """{"url": "https://management.azure.com/o/1?t=1", "look_after_s": 10.5, "started": "2026-11-02T09:00:00+00:00"}"""
)
STATE = WriterState(
    operation=PendingOperation("https://management.azure.com/o/1?t=1", timedelta(seconds=10.5), NINE),
    attempt=WriteAttempt("7", "4f53cda18c2baa0c", "64a718897f0b2e5d", "4f53"),
    verified_digest="4f53cda18c2baa0c",
    desired_digest="64a718897f0b2e5d",
    unconfirmed=(UnconfirmedWrite("c6c46d5a52e70af1", NINE),),
    foreign_digest="4f53",
    group_priority=301,
    reported_priority=64000,
    ignored_drift=(("allow-x-https", "a0s560gxpd"),),
    quarantined=("a0s560gb4b", "a0s560gdwe"),
    handed_over=("a0s560g077",),
    cluster_reads={CLUSTER: ClusterRead(NINE, is_answered=True)},
    draft="default",
    busy_since=NINE,
    incomplete_since=NINE + timedelta(milliseconds=250),
    size_bytes=1234,
    update_durations=(timedelta(seconds=240), timedelta(seconds=251)),
    problem="Azure is busy.",
    last_message="Azure refuses it.",
    has_open_alert=True,
)


def read(memo: Any, parked: Any = None) -> WriterState | UnreadableState:
    """The content of a row, as the database gives it."""
    return state_from_row(SimpleNamespace(key=KEY, memo=memo, parked=parked))


def sentence(memo: Any, parked: Any = None) -> str:
    """Return why a row cannot be read."""
    found = read(memo, parked)
    assert isinstance(found, UnreadableState)
    return found.sentence


def with_times(value: Any) -> Any:
    """The same JSON, times as times: they may be spelt in two ways."""
    if isinstance(value, dict):
        return {key: with_times(each) for key, each in value.items()}
    if isinstance(value, list):
        return [with_times(each) for each in value]
    return datetime.fromisoformat(value) if isinstance(value, str) and value.startswith("2026-") else value


def test_every_key_of_the_release_before_is_read() -> None:
    """Nothing is lost."""
    assert read(json.loads(MEMO), json.loads(PARKED)) == STATE
    new = WriterState()
    assert [each.name for each in fields(STATE) if getattr(STATE, each.name) == getattr(new, each.name)] == [
        "version",
        "further_groups",
        "written_group",
        "refused_groups",
        "strange_groups",
        "foreign_groups",
        "is_dry",
    ]


def test_the_release_before_reads_what_is_written() -> None:
    """Its processes run beside ours while a release is rolled out, or back: they find the very keys that they wrote."""
    written = json.loads(json.dumps(row_from_state(STATE)))
    read_there = {key: value for key, value in json.loads(MEMO).items() if key != "rules"}  # which it only ever wrote
    assert with_times(written["memo"]) == {"version": ONE_GROUP, **with_times(read_there)}
    assert with_times(written["parked"]) == with_times(json.loads(PARKED))


def test_a_scale_operation_of_the_release_before_is_read() -> None:
    """It has no beginning on record."""
    found = read({}, {"url": "u", "look_after_s": 15})
    assert found == WriterState(operation=PendingOperation("u", timedelta(seconds=15)))
    assert row_from_state(found)["parked"] == {"url": "u", "look_after_s": 15.0}


def test_a_new_row_is_a_new_state() -> None:
    """Work that was never run; and a release before looks for absent keys, not for empty ones."""
    assert read({}) == WriterState()
    assert row_from_state(WriterState()) == {"memo": {"version": ONE_GROUP}, "parked": None}


def test_further_groups_are_read_as_they_were_written() -> None:
    """JSON knows no numbers as keys. They come with a version that the release before refuses."""
    state = replace(STATE.begin(WriteAttempt("8", "a", "b", "c"), group=2, priority=302), written_group=2)
    row = json.loads(json.dumps(row_from_state(state)))
    assert (row["memo"]["version"], read(row["memo"], row["parked"])) == (VERSION, state)


def test_a_key_that_nobody_uses_any_more_does_not_matter() -> None:
    """Fields go without a new version; one that must not be dropped comes with one."""
    assert read({"said": "x", "retired": {"a": 1}}) == WriterState(last_message="x")


def test_a_newer_version_is_refused_in_one_sentence() -> None:
    """Whatever else is in it."""
    said = sentence({"version": VERSION + 1, "said": {"text": "x"}})
    assert said == (
        f"The stored state of {KEY} was written by a newer version of the bot (state version {VERSION + 1}, this one "
        f"reads up to {VERSION}); it is left as it is, and the work waits for that version."
    )


@pytest.mark.parametrize(
    ("memo", "parked", "where"),
    [
        (None, None, "it is not a JSON object"),
        ([], None, "it is not a JSON object"),
        ({"version": "new"}, None, "version: "),
        ({"said": 5}, None, "last_message: "),
        ({"attempt": {"attempt": "7", "before": "x", "foreign": "y"}}, None, "attempt.after: "),
        ({"attempt": "7"}, None, "attempt: "),
        ({"busy_since": "yesterday"}, None, "busy_since: "),
        ({"lost": [["digest"]]}, None, "unconfirmed.0.1: "),
        ({"looked": {"/c": [None, True]}}, None, "cluster_reads./c.0: "),
        ({"left": [["only-a-collection"]]}, None, "ignored_drift.0.1: "),
        ({}, {"look_after_s": 1}, "operation.url: "),
        ({}, "https://management.azure.com/o/1", "operation: "),
    ],
)
def test_a_damaged_row_is_said_in_one_sentence(memo: Any, parked: Any, where: str) -> None:
    """With the place, and what becomes of it."""
    said = sentence(memo, parked)
    assert said.startswith(f"The stored state of {KEY} cannot be read ({where}")
    assert said.endswith("; it is left as it is, and the work is tried again later.")
    assert "\n" not in said


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=6,
)
KEYS = st.sampled_from([*json.loads(MEMO), *json.loads(PARKED), "version", "before", "after"])
BODIES = JSON | st.dictionaries(KEYS, JSON | st.dictionaries(KEYS, JSON, max_size=4), max_size=6)


@given(BODIES, BODIES)
def test_whatever_stands_there_never_stops_the_claiming(memo: Any, parked: Any) -> None:
    """A row that could not be claimed would hold up all the others; what can be read is written back alike."""
    found = read(memo, parked)
    if isinstance(found, WriterState):
        assert state_from_row(SimpleNamespace(key=KEY, **row_from_state(found))) == found
