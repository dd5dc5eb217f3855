"""Counts that only go down, and the shape of functions and files."""

import ast
import re
import statistics
from pathlib import Path

import pytest

from tests.rules.tree import PRODUCT, PYTHON, ROOT, AnyFunction, functions, place, python_files

# What is searched, where, and exactly how often it may stand there. Smaller counts are entered here, larger ones never.
COUNTS = [
    (r"except Exception\b", PRODUCT, 2),
    (r"except BaseException\b", PRODUCT, 0),
    (r"except:", PRODUCT, 0),
    (r"# type: ignore", PYTHON, 1),
    (r"# noqa", PYTHON, 0),
    (r"# pragma: no cover", PYTHON, 0),
]

LONGEST_FILE_LINES = 330
MEDIAN_LINES = 8
PERCENTILE_95_LINES = 25
LONGEST_FUNCTION_LINES = 50
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "tools"}


def length(function: AnyFunction) -> int:
    """Lines from the first statement after the docstring to the last."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 1


def lines_of_functions() -> list[tuple[int, str]]:
    """The length of every function of the product and its location, shortest first."""
    return sorted(
        (length(function), f"{place(path, function.lineno)} {function.name}")
        for path in python_files(*PRODUCT)
        for function in functions(path)
    )


def occurrences(pattern: str, path: Path) -> list[str]:
    """Return where a pattern stands in a file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [place(path, number) for number, line in enumerate(lines, 1) if re.search(pattern, line)]


@pytest.mark.parametrize(("pattern", "folders", "expected"), COUNTS, ids=[row[0] for row in COUNTS])
def test_counts_only_go_down(pattern: str, folders: tuple[str, ...], expected: int) -> None:
    """Each exception to a rule is counted: a new one needs a reason, a removed one is locked in."""
    this_file = Path(__file__)
    found = [spot for path in python_files(*folders) if path != this_file for spot in occurrences(pattern, path)]
    assert len(found) == expected, found


def test_functions_are_short() -> None:
    """Half fit in eight lines, nineteen of twenty in twenty-five, all in fifty; docstrings are not counted."""
    lengths = lines_of_functions()
    median = statistics.median(lines for lines, _ in lengths)
    percentile_95 = lengths[int(len(lengths) * 0.95)][0]
    longest = "\n".join(f"{lines:4} {where}" for lines, where in lengths[-15:])
    report = f"{len(lengths)} functions, median {median}, 95th percentile {percentile_95}; the longest:\n{longest}"
    assert median <= MEDIAN_LINES, report
    assert percentile_95 <= PERCENTILE_95_LINES, report
    ours = [each for each in lengths if not each[1].startswith("migrations/")]  # a migration is not edited afterwards
    assert ours[-1][0] <= LONGEST_FUNCTION_LINES, report


def test_files_are_short_enough_to_read() -> None:
    """A file that outgrows about 300 lines becomes a package of the same name."""
    sizes = ((len(path.read_text(encoding="utf-8").splitlines()), path) for path in python_files(*PYTHON))
    assert [f"{path.relative_to(ROOT)}: {lines}" for lines, path in sizes if lines > LONGEST_FILE_LINES] == []


def test_modules_are_named_after_what_they_know() -> None:
    """Nobody looks for a behaviour in a drawer of odds and ends."""
    assert [str(path.relative_to(ROOT)) for path in python_files(*PYTHON) if path.stem in VAGUE] == []
