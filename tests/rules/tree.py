"""The source tree as the rules see it."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("bot", "handlers", "migrations")
PYTHON = (*PRODUCT, "tests", "bench")
NOT_OURS = {".git", ".venv", ".venv-outside", ".hypothesis", "__pycache__", "node_modules"}

AnyFunction = ast.FunctionDef | ast.AsyncFunctionDef


def python_files(*folders: str) -> list[Path]:
    """Every Python file under these folders of the repository, sorted."""
    return sorted(path for folder in folders for path in ROOT.joinpath(folder).rglob("*.py"))


def text_files() -> Iterator[Path]:
    """Every file that somebody may read: what is UTF-8 text and not a cache."""
    for path in sorted(ROOT.rglob("*")):
        if path.is_file() and not _is_cache(path.relative_to(ROOT)):
            yield path


@cache
def parsed(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Every node of a file, as ``ast.walk`` has them: many rules look through all files."""
    return tuple(ast.walk(parsed(path)))


def module_name(path: Path) -> str:
    """The dotted name of a file: ``bot/store/__init__.py`` is ``bot.store``."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path) -> Iterator[tuple[str, int]]:
    """Every module that a file imports, absolutely named, with the line; ``from a import b`` yields ``a.b``."""
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _base(path, node)
            yield from ((f"{base}.{alias.name}", node.lineno) for alias in node.names)


def functions(path: Path) -> Iterator[AnyFunction]:
    """Every function and method of a file, nested ones too."""
    for node in nodes(path):
        if isinstance(node, AnyFunction):
            yield node


def place(path: Path, line: int) -> str:
    """``bot/errors.py:12``, as editors like it."""
    return f"{path.relative_to(ROOT)}:{line}"


def _base(path: Path, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = module_name(path).split(".")
    kept = package[: len(package) - node.level + (path.name == "__init__.py")]
    return ".".join([*kept, *([node.module] if node.module else [])])


def _is_cache(path: Path) -> bool:
    return any(part in NOT_OURS or part.endswith(("_cache", ".egg-info")) for part in path.parts)
