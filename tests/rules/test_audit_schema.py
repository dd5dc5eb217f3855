"""The schema of exported events is made of the code, and every kind of event has a producer."""

import ast
from collections.abc import Iterator
from pathlib import Path

from click.testing import CliRunner

from bot.command_line import main
from bot.domain.audit import Action
from bot.domain.audit_schema import FACTS, REQUIRED
from tests.rules.tree import ROOT, nodes, python_files

PAGE = ROOT / "docs" / "audit-event.schema.json"
DECLARED = (ROOT / "bot/domain/audit.py", ROOT / "bot/domain/audit_schema.py")


def test_the_schema_is_of_this_version() -> None:
    """``python -m bot audit schema > docs/audit-event.schema.json`` regenerates it."""
    assert CliRunner().invoke(main, ["audit", "schema"]).output == PAGE.read_text(encoding="utf-8")


def test_every_action_has_a_producer() -> None:
    """Each member is handed to something that records it: comparing with it or searching for it is not enough."""
    produced = {name for path in python_files("bot", "handlers") if path not in DECLARED for name in _produced(path)}
    assert {action.name for action in Action} - produced == set()


def _produced(path: Path) -> Iterator[str]:
    """The members that a file names outside comparisons and outside what selects events."""
    compared = {id(part) for node in nodes(path) if _selects(node) for part in ast.walk(node)}
    for node in nodes(path):
        is_member = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Action"
        if isinstance(node, ast.Attribute) and is_member and id(node) not in compared:
            yield node.attr


def _selects(node: ast.AST) -> bool:
    called = node.func if isinstance(node, ast.Call) else None
    is_filter = isinstance(called, ast.Name) and called.id in ("AuditFilter", "frozenset")
    return isinstance(node, ast.Compare | ast.Set) or is_filter


def test_required_facts_are_documented() -> None:
    """What an event must have is among what it may have."""
    assert {name for names in REQUIRED.values() for name in names} <= FACTS.keys()
