"""The import rules that the contracts in ``pyproject.toml`` cannot express."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.rules.tree import PRODUCT, PYTHON, imported, module_name, nodes, parsed, place, python_files

IMPURE_CALLS = {"now", "utcnow", "today", "uuid1", "uuid4", "open", "print", "input"}
READS_ENVIRONMENT = {"environ", "getenv", "argv"}
MAY_READ_ENVIRONMENT = {"bot.command_line", "bot.wiring.footprint"}
MAY_HAVE_THREADS = {
    "handlers.api.feed",
    "handlers.api.front",
    "handlers.boundary",
    "handlers.http",
    "handlers.identity",
    "handlers.lookups",
    "handlers.pictures.showing",
    "handlers.sending",
    "handlers.socket_client",
    "handlers.sockets",
    "handlers.step_up",
    "handlers.admission",
    "handlers.connections",
    "handlers.places",
    "handlers.turns",
}


def is_within(name: str, package: str) -> bool:
    """Return whether a dotted name is a package or lies in it."""
    return name == package or name.startswith(f"{package}.")


def used_names(path: Path) -> Iterator[tuple[str, int]]:
    """Every attribute and plain name that a file uses, with its line."""
    for node in nodes(path):
        if isinstance(node, ast.Attribute):
            yield node.attr, node.lineno
        elif isinstance(node, ast.Name):
            yield node.id, node.lineno


def called_names(path: Path) -> Iterator[tuple[str, int]]:
    """The last part of the name of everything that a file calls, with its line."""
    for node in nodes(path):
        if isinstance(node, ast.Call):
            yield getattr(node.func, "attr", getattr(node.func, "id", "")), node.lineno


def test_the_sandbox_shares_no_code_with_the_product() -> None:
    """The simulators imitate the vendors' wire, so that a mistake cannot hide in both."""
    assert [
        place(path, line)
        for path in python_files("bot/sandbox")
        for name, line in imported(path)
        if any(is_within(name, package) for package in PRODUCT) and not is_within(name, "bot.sandbox")
    ] == []


def test_decisions_are_pure() -> None:
    """The domain asks nobody for the time, for randomness or for a file."""
    assert [
        f"{place(path, line)} {name}()"
        for path in python_files("bot/domain")
        for name, line in called_names(path)
        if name in IMPURE_CALLS
    ] == []


def test_the_environment_is_read_once() -> None:
    """The command line hands everything on as values."""
    assert [
        place(path, line)
        for path in python_files(*PRODUCT)
        if module_name(path) not in MAY_READ_ENVIRONMENT
        for name, line in used_names(path)
        if name in READS_ENVIRONMENT
    ] == []


def test_listeners_start_no_threads_and_do_not_sleep() -> None:
    """The boundary owns the pool for what follows acks, the directory the one for what acks wait for only so long."""
    assert [
        f"{place(path, line)} {name}"
        for path in python_files("handlers")
        if module_name(path) not in MAY_HAVE_THREADS
        for name, line in imported(path)
        if name.split(".")[0] in {"threading", "concurrent", "multiprocessing", "asyncio", "time"}
    ] == []


def test_doubles_are_the_simulators() -> None:
    """No mocks: a test that replaces our own code proves nothing about it."""
    assert [
        place(path, line)
        for path in python_files(*PYTHON)
        for name, line in imported(path)
        if is_within(name, "unittest") or is_within(name, "mock")
    ] == []


def test_no_test_is_skipped_and_none_patches_the_code() -> None:
    """A skipped test is a test that nobody has; monkeypatch is a mock by another name."""
    forbidden = {"monkeypatch", "skip", "skipif", "importorskip", "xfail", "MonkeyPatch"}
    arguments = (
        (argument.arg, argument.lineno, path)
        for path in python_files("tests")
        for argument in nodes(path)
        if isinstance(argument, ast.arg)
    )
    used = ((name, line, path) for path in python_files("tests") for name, line in used_names(path))
    assert [place(path, line) for name, line, path in (*arguments, *used) if name in forbidden] == []


def names_used(path: Path) -> Iterator[str]:
    """The full name of everything that a file imports, and of what it reads from a module that it imports."""
    modules: dict[str, str] = {}
    for node in nodes(path):
        if isinstance(node, ast.ImportFrom):
            modules |= {each.asname or each.name: f"{node.module}.{each.name}" for each in node.names}
        elif isinstance(node, ast.Import):
            modules |= {each.asname or each.name: each.name for each in node.names}
    yield from modules.values()
    for node in nodes(path):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            yield f"{modules[node.value.id]}.{node.attr}"


def exported(package: Path) -> Iterator[str]:
    """The full name of everything in a package's ``__all__``."""
    for node in parsed(package).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "__all__":
            yield from (f"{module_name(package)}.{name}" for name in ast.literal_eval(node.value))


def test_every_export_has_a_user() -> None:
    """A package exports only what somebody imports from it."""
    used = {name for path in python_files(*PYTHON) for name in names_used(path)}
    packages = [path for path in python_files(*PRODUCT) if path.name == "__init__.py"]
    assert [name for path in packages for name in exported(path) if name not in used] == []
