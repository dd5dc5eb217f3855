"""Only what is behind ``RuleTarget``, and a table or two in the domain, know which kinds of target there are."""

import ast
from collections.abc import Iterator

import pytest

from tests.rules.tree import ROOT, parsed, place, python_files

KINDS_OF_TARGET = {
    "bot/domain/target.py": "words",
    "bot/domain/egress/firewalls.py": "tells them apart",
    "bot/domain/rights.py": "permissions",
    "bot/domain/export.py": "languages",
}
"""The files that know the kinds of target, each with one table or one place where they are told apart."""


def test_only_the_targets_know_their_kind() -> None:
    """Whoever reads or writes rules does so through ``RuleTarget``, whatever is behind it."""
    telling = {
        place(path, line)
        for path in python_files("bot", "handlers")
        if "sandbox" not in path.parts and IMPLEMENTATIONS not in path.parents
        for line in kinds_told_apart(parsed(path))
    }
    assert {one for one in telling if one.rpartition(":")[0] not in KINDS_OF_TARGET} == set()


def test_each_place_that_may_know_the_kinds_does() -> None:
    """A file that no longer tells them apart leaves the list."""
    assert [path for path in KINDS_OF_TARGET if not any(kinds_told_apart(parsed(ROOT / path)))] == []


IMPLEMENTATIONS = ROOT / "bot" / "azure" / "targets"
"""What is behind ``RuleTarget``, and the one table that chooses."""

KIND_NAMES = {"TargetKind", "PolicyTarget", "ClassicTarget"}
KIND_WORDS = {"policy", "classic"}


def kinds_told_apart(tree: ast.AST) -> Iterator[int]:
    """The lines where code asks which kind of target it has, by an enum, a class, a table, a flag or a word."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) if name in KIND_NAMES:
                yield node.lineno
            case ast.Attribute(attr="classic" | "is_classic" | "is_policy"):
                yield node.lineno
            case ast.Subscript(slice=key) if is_kind_or_word(key) and not isinstance(key, ast.Constant):
                yield node.lineno
            case ast.Match(subject=subject) if is_kind_or_word(subject):
                yield node.lineno
            case ast.Compare() if any(is_kind_or_word(each) for each in (node.left, *node.comparators)):
                yield node.lineno
            case ast.MatchValue(value=ast.Constant(value=word)) if word in KIND_WORDS:
                yield node.value.lineno


def is_kind_or_word(node: ast.expr) -> bool:
    """Whether it is a target's kind, or the word that stands for one."""
    match node:
        case ast.Attribute(attr="kind", value=ast.Name(id="target") | ast.Attribute(attr="target")):
            return True
        case ast.Constant(value=word):
            return word in KIND_WORDS
    return False


@pytest.mark.parametrize(
    "code",
    [
        "a = 1 if target.kind is other else 2",
        "a = 1 if scope.target.kind == x else 2",
        "a = TABLE[one.target.kind]",
        "a = rules.classic",
        "a = isinstance(target, PolicyTarget)",
        "a = str(kind) == 'classic'",
        "match kind:\n    case 'policy':\n        pass",
        "match target.kind:\n    case other:\n        pass",
        "match kind:\n    case TargetKind.POLICY:\n        pass",
    ],
)
def test_ways_of_telling_the_kinds_apart_are_seen(code: str) -> None:
    """The rule above sees each of them."""
    assert list(kinds_told_apart(ast.parse(code)))
