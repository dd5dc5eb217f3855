"""The chain shows every change, removal and move; what is hashed is RFC 8785; the tree is that of RFC 9162."""

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.chain import (
    COLUMNS,
    GENESIS,
    ChainEnd,
    Frontier,
    Record,
    is_included,
    proof_of,
    root_of,
    seal,
    verify,
)
from bot.domain.chain.records import content_of
from bot.errors import ChainBroken

FIRST = Record(
    seq=1, version=2, at="2026-11-02T09:00:00.000000Z", action="allowance:request", team="T1", actor="UDEV",
    actor_name="Dana", via="cli", correlation="c1", subject="a1", cluster="aks", destinations='["a.example.com"]',
    destination_text="a.example.com", reason="why", policy_rule="rule", detail='[["n", "1"]]', root="",
    previous=GENESIS, hash="",
)  # fmt: skip
OLD = FIRST._replace(version=1, actor_name="", correlation="")


def a_chain(length: int = 6, *, old: int = 0) -> list[Record]:
    """Some rows in a chain; the first ``old`` of them in version 1."""
    made: list[Record] = []
    for number in range(1, length + 1):
        previous = made[-1].hash if made else GENESIS
        row = (OLD if number <= old else FIRST)._replace(seq=number, previous=previous)
        made.append(seal(row if number <= old else row._replace(root=root_of(one.hash for one in made))))
    return made


@pytest.mark.parametrize("old", [0, 3, 6])
def test_an_untouched_chain_verifies(old: int) -> None:
    """As a whole and in parts, with rows of both versions."""
    rows = a_chain(old=old)
    end = verify(rows)
    assert (end.seq, end.hash) == (6, rows[-1].hash)
    assert end.tree is not None
    assert end.tree.root() == root_of(one.hash for one in rows)
    assert verify(rows[3:], verify(rows[:3])).hash == end.hash
    assert verify(rows[3:], ChainEnd(3, rows[2].hash, tree=None)).hash == end.hash


def test_a_run_can_be_made_again_from_where_it_began() -> None:
    """As after a database that went away in the middle, or beside another thread."""
    rows = a_chain()
    middle = verify(rows[:3])
    assert verify(rows[3:], middle).hash == verify(rows[3:], middle).hash
    assert middle.tree is not None
    assert middle.tree.size == 3


def test_a_row_of_version_1_has_the_hash_that_it_had() -> None:
    """What earlier releases hashed, spelt out once more."""
    content = [GENESIS, 1, "2026-11-02T09:00:00.000000+00:00", "allowance:request", "T1", "UDEV", "cli", "a1", "aks",
               ["a.example.com"], "why", "rule", [["n", "1"]]]  # fmt: skip
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    assert seal(OLD).hash == hashlib.sha256(text.encode()).hexdigest()


RESPELT: dict[str, Any] = {
    "seq": 7, "version": 1, "at": "2026-11-02T10:00:00.000000+01:00", "destinations": "[]", "detail": '[["n", 1]]',
}  # fmt: skip


@pytest.mark.parametrize("old", [0, 6])
@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("place", [0, 5])
def test_a_change_to_any_column_is_found(old: int, column: str, place: int) -> None:
    """In both versions, wherever it stands; the first bad row is named."""
    rows = a_chain(old=old)
    value: Any = 2 if (column, old) == ("version", 6) else RESPELT.get(column, "x")
    rows[place] = rows[place]._replace(**{column: value})
    with pytest.raises(ChainBroken) as found:
        verify(rows)
    assert found.value.seq == place + 1


@pytest.mark.parametrize("value", ["{", "null", '"\\ud800"', "[" * 100_000, b"\xff", None, "NaN", "[NaN]"])
def test_nonsense_is_found_too(value: Any) -> None:
    """Whatever a database lets somebody write."""
    rows = a_chain()
    rows[2] = rows[2]._replace(detail=value)
    with pytest.raises(ChainBroken, match="3 was altered"):
        verify(rows)


@given(st.integers(0, 4), st.sampled_from(COLUMNS[2:-2]))
def test_a_row_that_was_sealed_anew_is_found_at_the_next(place: int, column: str) -> None:
    """Its own hash fits again; the next row does not continue it."""
    rows = a_chain()
    value = RESPELT.get(column, "x")
    rows[place] = seal(rows[place]._replace(**{column: value}))
    with pytest.raises(ChainBroken) as found:
        verify(rows)
    assert found.value.seq == place + 2


@given(st.integers(0, 4))
def test_a_removed_or_moved_row_is_found(place: int) -> None:
    """The number says where."""
    removed, moved = a_chain(), a_chain()
    del removed[place]
    moved[place], moved[place + 1] = moved[place + 1], moved[place]
    for rows in (removed, moved):
        with pytest.raises(ChainBroken) as found:
            verify(rows)
        assert found.value.seq == place + 1


def test_a_wrong_tree_head_is_found() -> None:
    """Even where the row's own hash covers it."""
    rows = a_chain(63)
    wrong = seal(FIRST._replace(seq=64, previous=rows[-1].hash, root="0" * 64))
    with pytest.raises(ChainBroken, match="64 was altered"):
        verify([*rows, wrong])


def test_texts_cannot_run_into_each_other() -> None:
    """Two rows whose fields would join to the same text have different hashes."""
    assert seal(FIRST._replace(subject="ab", cluster="c")).hash != seal(FIRST._replace(subject="a", cluster="bc")).hash


def canonical(value: Any) -> str:
    """RFC 8785, written from its text: section 3.2.2.2 for texts, 3.2.2.3 for whole numbers, 3.2.3 for the order."""
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return "{" + ",".join(f"{canonical(name)}:{canonical(value[name])}" for name in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, int):
        return str(value)
    short = {8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r", 0x22: '\\"', 0x5C: "\\\\"}
    return '"' + "".join(short.get(ord(c), c if ord(c) >= 0x20 else f"\\u{ord(c):04x}") for c in value) + '"'


def test_the_reference_gives_the_example_of_the_rfc() -> None:
    """RFC 8785, section 3.2.3: names in the order of their UTF-16 units."""
    names = {"\u20ac": "E", "\r": "C", "\ufb33": "H", "1": "O", "\U0001f600": "S", "\x80": "K", "\u00f6": "L"}
    assert canonical(names) == '{"\\r":"C","1":"O","\x80":"K","ö":"L","€":"E","\U0001f600":"S","\ufb33":"H"}'


@given(st.lists(st.text(), min_size=13, max_size=13), st.integers(1, 2**53 - 1), st.lists(st.text()))
def test_what_is_hashed_is_rfc_8785(texts: list[str], seq: int, several: list[str]) -> None:
    """Over every column but the hash, whatever the texts are."""
    names = [name for name in COLUMNS if name not in ("seq", "version", "destinations", "detail", "previous", "hash")]
    values: dict[str, Any] = dict(zip(names, texts, strict=True)) | {"seq": seq}
    lists = {"destinations": several, "detail": [[one, one] for one in several]}
    row = FIRST._replace(**values | {name: json.dumps(value) for name, value in lists.items()})
    assert content_of(row).decode() == canonical({k: v for k, v in row._asdict().items() if k != "hash"} | lists)


def test_the_tree_is_that_of_the_rfc() -> None:
    """Its definition by halves (RFC 9162, section 2.1.1) gives the same head for every size, grown or loaded anew."""

    def head(leaves: list[bytes]) -> bytes:
        if len(leaves) == 1:
            return hashlib.sha256(b"\x00" + leaves[0]).digest()
        half = 1 << (len(leaves) - 1).bit_length() - 1
        return hashlib.sha256(b"\x01" + head(leaves[:half]) + head(leaves[half:])).digest()

    hashes = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(70)]
    tree = Frontier()
    for size, one in enumerate(hashes, 1):
        tree = Frontier(tree.size, tree.heads)
        tree.add(one)
        assert tree.root() == head([each.encode() for each in hashes[:size]]).hex() == root_of(hashes[:size])


def test_each_event_can_be_proven_without_the_others() -> None:
    """In a tree of any size; with another event, place, size, head or a changed proof it cannot."""
    hashes = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(19)]
    for size in range(1, len(hashes) + 1):
        some, root = hashes[:size], root_of(hashes[:size])
        for index in range(size):
            proof = proof_of(index, some)
            assert is_included(some[index], index, size, proof, root)
            assert not is_included("f" * 64, index, size, proof, root)
            assert not is_included(some[index], index, size, proof, GENESIS)
            assert not is_included(some[index], index, size, [*proof, GENESIS], root)
            assert not is_included(some[index], size, size, proof, root)
            assert not proof or not is_included(some[index], index, size, proof[1:], root)
