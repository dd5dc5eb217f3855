"""The files around the code: locks, documents, what may never be committed."""

import re
import tomllib
from dataclasses import fields
from pathlib import Path

from bot.command_line import main
from bot.config import Settings, variable
from tests.rules.tree import ROOT, text_files

LOCKS = {
    "requirements.lock": ("build",),
    "requirements-dev.lock": ("build", "dev"),
    "requirements-browser.lock": ("build", "dev", "browser"),
    "requirements-fuzz.lock": ("build", "dev", "fuzz"),
    "requirements-apifuzz.lock": ("build", "dev", "apifuzz"),
}
INSTALLER = "requirements-pip.lock"
"""What installs the others."""

PIN = re.compile(r"^([a-z0-9][a-z0-9-]*)(?:\[[a-z,]+\])?==(\S+)", re.MULTILINE)
MACHINE_PATH = re.compile(r"(?<![\w./:$}-])/(?:tmp|root|work|home)/\w")
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "deploy/README.md", "docs/configuration.md")


def pins(lock: str) -> dict[str, str]:
    """Package and version of every entry of a lock."""
    return dict(PIN.findall(ROOT.joinpath(lock).read_text()))


def targets() -> set[str]:
    """The targets of the Makefile that are meant for people."""
    return set(re.findall(r"^([a-z]+):.*##", ROOT.joinpath("Makefile").read_text(), re.MULTILINE))


def in_documents(pattern: str) -> set[str]:
    """The matches of a pattern's first group in the documents."""
    return {found for document in DOCUMENTS for found in re.findall(pattern, ROOT.joinpath(document).read_text())}


def test_locks_name_no_host() -> None:
    """Where packages come from is the business of the machine that installs them."""
    for lock in (*LOCKS, INSTALLER):
        text = ROOT.joinpath(lock).read_text()
        assert not re.search(r"://|--index-url|--extra-index-url|--find-links", text), lock


def test_locks_have_a_hash_for_every_pin() -> None:
    """Without a hash the install would refuse, or worse, would not."""
    for lock in (*LOCKS, INSTALLER):
        entries = re.split(r"^(?=[a-z0-9])", ROOT.joinpath(lock).read_text(), flags=re.MULTILINE)
        assert [entry for entry in entries if entry.strip() and "--hash=sha256:" not in entry] == []


def test_locks_agree() -> None:
    """A test runs on the very versions that run in production."""
    run, dev, *others = (pins(lock) for lock in LOCKS)
    assert run.items() <= dev.items()
    assert all(dev.items() <= other.items() for other in others)


def test_locks_hold_every_requirement() -> None:
    """A dependency that was added to ``pyproject.toml`` needs ``make lock``."""
    project = tomllib.loads(ROOT.joinpath("pyproject.toml").read_text())
    for lock, groups in LOCKS.items():
        wanted = [*project["project"]["dependencies"]]
        wanted += [line for group in groups for line in project["dependency-groups"][group] if isinstance(line, str)]
        names = {re.split(r"[\[<>=!~ ;]", line)[0].lower() for line in wanted}
        assert names - pins(lock).keys() == set(), f"{lock}: run make lock"


def test_nothing_names_the_machine_it_was_written_on() -> None:
    """Absolute paths of one machine mean nothing on the next."""
    found = []
    for path in text_files():
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        found += [f"{path.relative_to(ROOT)}:{n}" for n, line in enumerate(lines, 1) if MACHINE_PATH.search(line)]
    assert found == []


def test_documents_name_targets_that_exist() -> None:
    """Every ``make …`` in a document can be typed."""
    assert in_documents(r"(?m)(?:^|`)(?:[A-Z]+=\S+ )?make ([a-z]+)") - targets() == set()
    assert {"run", "test", "lint", "lock", "histories", "bench", "browser"} <= targets()


def test_documents_name_commands_that_exist() -> None:
    """Every ``python -m bot …`` in a document is a command of the command line."""
    named = in_documents(r"python -m bot ([a-z]+)")
    assert named - commands() == set()


def test_environment_variables_exist() -> None:
    """Every ``EGRESS_…`` in a document or a manifest is a setting that the bot reads."""
    known = {variable(field.name) for field in fields(Settings)}
    files = [*(ROOT / document for document in DOCUMENTS), ROOT / "Dockerfile", *ROOT.joinpath("deploy").glob("*.yaml")]
    named = {name for file in files for name in re.findall(r"\bEGRESS_[A-Z_]+[A-Z]\b", file.read_text())}
    assert named - known == set()


def commands() -> set[str]:
    """The commands of ``python -m bot``."""
    return set(main.commands)


def test_ci_runs_the_gate_and_nothing_else() -> None:
    """Continuous integration runs the same gate."""
    assert "exec make test" in Path(ROOT, ".ci", "run").read_text()


def test_commits_are_checked_with_what_lint_runs() -> None:
    """``.pre-commit-config.yaml`` and ``make lint`` name the same commands, in the same order."""
    recipe = re.search(r"^lint:.*\n((?:\t.+\n)+)", ROOT.joinpath("Makefile").read_text(), re.MULTILINE)
    assert recipe
    linted = [line.strip().replace("$(BIN)", ".venv/bin") for line in recipe[1].splitlines()]
    hooks = ROOT.joinpath(".pre-commit-config.yaml").read_text()
    assert re.findall(r"^ +entry: (.+)$", hooks, re.MULTILINE) == linted
    for line in ("repo: local", "language: system", "pass_filenames: false", "always_run: true"):
        assert hooks.count(line) == (1 if line == "repo: local" else len(linted))
