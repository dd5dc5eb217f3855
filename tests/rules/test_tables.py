"""Each event has words and a producer; each kind of work has a runner and somebody who asks for it."""

import ast
import json
import re
from enum import StrEnum
from pathlib import Path

import pytest

from bot.domain.work import WorkKind
from bot.ports import ChannelEvent, NoticeEvent
from handlers import COMMANDS, HELP
from handlers.blocks.news import CHANNEL_NEWS, NEWS
from handlers.boundary import Entry
from tests.rules.tree import ROOT, parsed, place, python_files

DISPATCH = ROOT / "bot" / "reconciler" / "dispatch.py"
LISTS = {
    ROOT / "bot" / "ports" / "notices.py",
    DISPATCH,
    ROOT / "bot" / "reconciler" / "workers.py",
    ROOT / "bot" / "store" / "store.py",
}
"""Files that name members only to say how they are handled."""


def used(kind: type[StrEnum], node: ast.AST) -> set[str]:
    """The members of an enum that code names, comparisons aside: to ask whether it is one is not to produce it."""
    if isinstance(node, ast.Compare):
        return set()
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == kind.__name__:
        return {node.attr}
    return set().union(*(used(kind, child) for child in ast.iter_child_nodes(node)))


def produced(kind: type[StrEnum]) -> set[str]:
    """The members that the product names somewhere else than in a list."""
    files = (path for path in python_files("bot") if path not in LISTS and "sandbox" not in path.parts)
    if kind is WorkKind:
        return set().union(*(used(kind, call) for path in files for call in requests_of_work(path)))
    return set().union(*(used(kind, parsed(path)) for path in files))


def requests_of_work(path: Path) -> list[ast.AST]:
    """Return where work is asked for: ``wake``, ``schedule``, loops over keys, and the keys of targets and clusters."""
    return [
        node
        for node in ast.walk(parsed(path))
        if (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ASKING)
        or isinstance(node, ast.For | ast.JoinedStr)
    ]


ASKING = ("wake", "schedule")


@pytest.mark.parametrize("kind", [NoticeEvent, ChannelEvent, WorkKind])
def test_each_has_a_producer(kind: type[StrEnum]) -> None:
    """A member that nothing produces is dead, and so are its words."""
    assert set(kind.__members__) - produced(kind) == set()


def test_each_event_has_words() -> None:
    """An event without words would be told as “Something changed”."""
    assert (set(NEWS), set(CHANNEL_NEWS)) == (set(NoticeEvent), set(ChannelEvent))
    assert [event for event, words in NEWS.items() if not (words.allowance or words.scale)] == []


def test_each_kind_of_work_has_a_runner() -> None:
    """The dispatcher's table covers every kind."""
    (table,) = (
        node.value
        for node in ast.walk(parsed(DISPATCH))
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Attribute) and node.target.attr == "_runs"
    )
    assert isinstance(table, ast.Dict)
    assert {key.attr for key in table.keys if isinstance(key, ast.Attribute)} == set(WorkKind.__members__)


def row(command: Entry) -> str:
    """A command's row in the README."""
    who = ", ".join(f"{role}s" for role in sorted(command.roles)) or "everybody"
    usage = f"{command.name} {command.usage}".strip().replace("|", "\\|")
    return f"| `{usage}` | {command.help} | {who} |"


def test_the_readme_has_the_table_of_commands() -> None:
    """Usage, help and roles are those of ``handlers.COMMANDS``."""
    table = "\n".join(["| `/egress …` | what it does | for |", "|---|---|---|", *map(row, (*COMMANDS, HELP))])
    assert table in ROOT.joinpath("README.md").read_text(encoding="utf-8"), f"README.md needs this table:\n{table}"


def test_slack_hints_at_every_command() -> None:
    """``manifest.json`` has what Slack shows while somebody types the command."""
    (command,) = json.loads(ROOT.joinpath("manifest.json").read_text(encoding="utf-8"))["features"]["slash_commands"]
    assert command["usage_hint"] == " | ".join(one.name for one in (*COMMANDS, HELP))


def test_log_events_are_names() -> None:
    """``snake_case``, and what varies is a field: lines can be searched and counted."""
    wrong = []
    for path in python_files("bot", "handlers"):
        for node in ast.walk(parsed(path)):
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


KINDS_OF_TARGET = {
    "bot/domain/target.py": "words",
    "bot/domain/egress/firewalls.py": "tells them apart",
    "bot/domain/rights.py": "permissions",
    "bot/domain/export.py": "languages",
    "bot/azure/targets/__init__.py": "implementations",
}
"""The files that know the kinds of target, each with one table or one place where they are told apart."""


def test_only_the_targets_know_their_kind() -> None:
    """Whoever reads or writes rules does so through ``RuleTarget``, whatever is behind it."""
    naming = {
        str(path.relative_to(ROOT))
        for path in python_files("bot", "handlers")
        if "sandbox" not in path.parts and "TargetKind" in path.read_text(encoding="utf-8")
    }
    assert naming == set(KINDS_OF_TARGET)
