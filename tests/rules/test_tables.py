"""Each event has words, a producer and hearers; each kind of work has a runner; each entry is tested."""

import ast
import json
import re
from enum import StrEnum
from functools import cache
from pathlib import Path

import pytest

from bot.domain.work import WorkKind
from bot.ports import ChannelEvent, NoticeEvent, ReviewEvent
from bot.sandbox.info import COMMANDS as SUGGESTED
from bot.wiring.command_reference import slack_table
from handlers import COMMANDS, HELP, TABLE
from handlers.blocks.news import CHANNEL_NEWS, NEWS
from handlers.blocks.review_card import REVIEW_NEWS
from tests.histories.heard import REMINDED, TOLD, UNTOLD
from tests.listeners.acts import ACTS
from tests.listeners.entries import ELSEWHERE, FORMS, READS, key
from tests.rules.tree import ROOT, functions, nodes, parsed, place, python_files

DISPATCH = ROOT / "bot" / "reconciler" / "dispatch.py"
LISTS = {ROOT / "bot" / "ports" / "notices.py", DISPATCH}
"""Files that name members only to say how they are handled, or that ask again for what is running."""

ASKING = ("wake", "schedule")


def used(kind: type[StrEnum], node: ast.AST) -> set[str]:
    """The members of an enum that code names, comparisons aside: to ask whether it is one is not to produce it."""
    if isinstance(node, ast.Compare):
        return set()
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == kind.__name__:
        return {node.attr}
    return set().union(*(used(kind, child) for child in ast.iter_child_nodes(node)))


def product_files(*folders: str) -> list[Path]:
    """The files of the product, the sandbox aside."""
    return [path for path in python_files(*folders) if "sandbox" not in path.parts]


def produced(kind: type[StrEnum]) -> set[str]:
    """The members that the product names somewhere else than in a list."""
    files = (path for path in product_files("bot") if path not in LISTS)
    if kind is WorkKind:
        return set().union(*(kinds_asked_for(key) for path in files for key in keys_asked_for(path)))
    return set().union(*(used(kind, parsed(path)) for path in files))


def asks(node: ast.AST) -> bool:
    """Whether it is a call of ``wake`` or ``schedule``."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ASKING


def keys_asked_for(path: Path) -> list[ast.AST]:
    """The keys that ``wake`` and ``schedule`` get, and what is looped over where they are called in a loop."""
    calls = [node.args[0] for node in nodes(path) if isinstance(node, ast.Call) and asks(node)]
    loops = [node.iter for node in nodes(path) if isinstance(node, ast.For) and any(map(asks, ast.walk(node)))]
    return [*calls, *loops]


def kinds_asked_for(key: ast.AST) -> set[str]:
    """The kinds that an expression names, or makes keys of: ``scale_key(…)``, ``target.key``."""
    called = {one.func.id for one in ast.walk(key) if isinstance(one, ast.Call) and isinstance(one.func, ast.Name)}
    names = called | {one.attr for one in ast.walk(key) if isinstance(one, ast.Attribute)}
    return used(WorkKind, key).union(*(kinds for name, kinds in makers_of_keys().items() if name in names))


@cache
def makers_of_keys() -> dict[str, set[str]]:
    """The functions and properties of the domain that make keys, by name, with the kinds of those."""
    made = ((one.name, used(WorkKind, one)) for path in python_files("bot/domain") for one in functions(path))
    return {name: kinds for name, kinds in made if kinds}


def is_text(node: ast.AST) -> bool:
    """Whether it is a string in the source, or begins with one."""
    return isinstance(node.values[0] if isinstance(node, ast.JoinedStr) else node, ast.Constant)


def bare_strings(path: Path) -> list[int]:
    """The lines that write an event or a kind of work as text: keys, ``{"event": …}``, comparisons with ``event``."""
    lines = []
    for node in nodes(path):
        places: list[ast.expr] = []
        if isinstance(node, ast.Call) and asks(node):
            places = [node.args[0]]
        elif isinstance(node, ast.Dict):
            named = zip(node.keys, node.values, strict=True)
            places = [value for key, value in named if isinstance(key, ast.Constant) and key.value == "event"]
        elif isinstance(node, ast.Compare) and isinstance(node.left, ast.Name) and node.left.id == "event":
            places = [inner for one in node.comparators for inner in (one, *getattr(one, "elts", ()))]
        lines += [one.lineno for one in places if is_text(one)]
    return lines


def test_no_event_or_kind_is_a_bare_string() -> None:
    """A misspelt member is an error of the type checker; a misspelt string is a message that nobody gets."""
    files = product_files("bot", "handlers")
    assert [place(path, line) for path in files for line in bare_strings(path)] == []


@pytest.mark.parametrize("kind", [NoticeEvent, ChannelEvent, ReviewEvent, WorkKind])
def test_each_has_a_producer(kind: type[StrEnum]) -> None:
    """A member that nothing produces is dead, and so are its words."""
    assert set(kind.__members__) - produced(kind) == set()


def test_each_event_has_words() -> None:
    """An event without words would be told as “Something changed”."""
    assert (set(NEWS), set(CHANNEL_NEWS)) == (set(NoticeEvent), set(ChannelEvent))
    assert set(REVIEW_NEWS) == set(ReviewEvent)
    assert [event for event, words in NEWS.items() if not (words.allowance or words.scale)] == []


def test_each_kind_of_work_has_a_runner() -> None:
    """The dispatcher's table covers every kind."""
    (table,) = (
        node.value
        for node in nodes(DISPATCH)
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Attribute) and node.target.attr == "_runs"
    )
    assert isinstance(table, ast.Dict)
    assert {key.attr for key in table.keys if isinstance(key, ast.Attribute)} == set(WorkKind.__members__)


def test_the_readme_has_the_table_of_commands() -> None:
    """Usage, help and roles are those of ``handlers.COMMANDS``."""
    table = slack_table()
    assert table in ROOT.joinpath("README.md").read_text(encoding="utf-8"), f"README.md needs this table:\n{table}"


def test_slack_hints_at_every_command() -> None:
    """``manifest.json`` has what Slack shows while somebody types the command."""
    (command,) = json.loads(ROOT.joinpath("manifest.json").read_text(encoding="utf-8"))["features"]["slash_commands"]
    assert command["usage_hint"] == " | ".join(one.name for one in (*COMMANDS, HELP))


def test_each_command_says_what_it_does() -> None:
    """Help and the README would have a line without words."""
    assert [one.name for one in (*COMMANDS, HELP) if not one.help] == []


def test_the_sandbox_suggests_commands_that_exist() -> None:
    """What its page completes, the bot answers; it imports nothing of ours, so this is where both meet."""
    assert {text.split()[0] for text, _ in SUGGESTED} == {one.name for one in (*COMMANDS, HELP)}


def test_log_events_are_names() -> None:
    """``snake_case``, and what varies is a field: lines can be searched and counted."""
    wrong = []
    for path in python_files("bot", "handlers"):
        for node in nodes(path):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            owner = node.func.value.id if isinstance(node.func.value, ast.Name) else ""
            if owner == "log" and not is_name(node.args[0]):
                wrong.append(place(path, node.lineno))
            if (owner, node.func.attr) == ("logging", "getLogger") and path not in LOGGING:
                wrong.append(place(path, node.lineno))
    assert wrong == []


LOGGING = {ROOT / "bot" / "logs.py", ROOT / "handlers" / "sockets.py"}
"""The one that configures it, and the one that silences Slack's own client."""


def is_name(event: ast.expr) -> bool:
    """Return whether it is one, or a choice of two."""
    if isinstance(event, ast.IfExp):
        return is_name(event.body) and is_name(event.orelse)
    return isinstance(event, ast.Constant) and re.fullmatch(r"[a-z0-9_]+", str(event.value)) is not None


def test_the_page_shows_every_emoji_of_the_product() -> None:
    """Otherwise the sandbox shows its shortcode, which Slack would not."""
    known = set(re.findall(r'^  "?([a-z0-9_+-]+)"?: ', EMOJI.read_text(encoding="utf-8"), re.MULTILINE))
    texts = (
        path.read_text(encoding="utf-8") for path in python_files("bot", "handlers") if "sandbox" not in path.parts
    )
    said = {name for text in texts for name in re.findall(r":([a-z]+(?:_[a-z0-9]+)*):(?=[ \"*{])", text)}
    assert "warning" in said
    assert said - known - {"memory"} == set()  # SQLite’s name for a database without a file


EMOJI = ROOT / "bot" / "sandbox" / "page" / "emoji.js"


def test_one_name_means_one_thing() -> None:
    """No two public classes of the product share a name; the simulators have their own world."""
    places: dict[str, list[str]] = {}
    for path in (each for each in python_files("bot", "handlers") if "sandbox" not in each.parts):
        for node in parsed(path).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(place(path, node.lineno))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_every_entry_is_tested() -> None:
    """Whoever adds an entry says in ``tests/listeners/acts.py`` or ``entries.py`` what it does when all is well."""
    assert sorted([*ACTS, *ELSEWHERE, *FORMS, *READS]) == sorted(map(key, TABLE))


def test_every_event_has_its_hearers() -> None:
    """Whoever adds an event says in ``tests/histories/heard.py`` who hears of it, or why no history looks for it."""
    assert sorted([*TOLD, *REMINDED, *UNTOLD]) == sorted(NoticeEvent)
