"""What the documents say that people can type, set or read, they can."""

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from bot.command_line import main
from bot.config import checked_configuration, configuration_from
from bot.domain.configuration import Configuration
from bot.domain.shape import settings_of, table_in
from handlers import COMMANDS, HELP
from tests.rules.test_docs import documents
from tests.rules.tree import ROOT, nodes, python_files

TYPED = re.compile(r"(?:python -m bot|(?:^|`)egress-bot) ((?!-)[^`\n#&<|)]+)", re.MULTILINE)
WORD = re.compile(r"`/egress ([a-z]+)")
VARIABLE = re.compile(r"\bEGRESS_[A-Z_]+[A-Z]\b")
SETTING = re.compile(r"`\[{0,2}([a-z_]+)\.([a-z_]+)\]{0,2}(?: = [^`]+)?`")
SAID = re.compile(r'"([^"\n]{12,})"')
NO_SETTINGS = {"slack.com", "reviews.csv", "audit.message"}
"""What looks like one."""

GENERATED = ("docs/configuration.md", "docs/commands.md")
NOT_SAID = ("From a manifest", "operation_timeout", "dispatch_failed")
"""Words of Slack, and names."""


def lines_with(pattern: re.Pattern[str]) -> Iterator[tuple[str, re.Match[str]]]:
    """Each match in what people wrote, with its document."""
    for document, text in documents().items():
        if document not in GENERATED:
            yield from ((document, found) for found in pattern.finditer(text))


def problem_of(typed: str) -> str:
    """What is wrong with a command as it is written in a document; empty where it could be typed."""
    command: click.Command = main
    for word in re.split(r"[\s]+", typed.strip().rstrip(".,:;")):
        options = {name for one in command.params for name in one.opts}
        if word.startswith("-"):
            if word.strip("[],.;:)") not in {*options, "--help"}:
                return f"{typed!r}: {command.name} has no {word}"
        elif isinstance(command, click.Group):
            names = word.strip(",.;:\\").split("\\|")[0]
            if names not in command.commands:
                return f"{typed!r}: there is no {names}"
            command = command.commands[names]
    return ""


def test_commands_in_documents_exist() -> None:
    """With their options."""
    typed = [(document, found[1]) for document, found in lines_with(TYPED)]
    assert len(typed) > 30
    assert [f"{document}: {wrong}" for document, text in typed if (wrong := problem_of(text))] == []


def test_words_behind_egress_exist() -> None:
    """What README and the pages tell people to type in Slack."""
    known = {one.name for one in (*COMMANDS, HELP)}
    assert {(document, found[1]) for document, found in lines_with(WORD) if found[1] not in known} == set()


def test_variables_in_documents_exist() -> None:
    """Each is on the page of the configuration."""
    page = ROOT.joinpath("docs/configuration.md").read_text(encoding="utf-8")
    named = {(document, found[0]) for document, found in lines_with(VARIABLE)}
    assert {(document, name) for document, name in named if f"| `{name}` |" not in page} == set()


def test_settings_in_documents_exist() -> None:
    """``durations.longest`` in a sentence is a key of that table."""
    tables = {one.name: found for one in settings_of(Configuration) if (found := table_in(one, ""))}
    plain = {name: kind for name, (heading, kind) in tables.items() if heading.strip("[]") == name}
    keys = {f"{name}.{each.name}" for name, kind in plain.items() for each in settings_of(kind)}
    named = {(document, found[1], f"{found[1]}.{found[2]}") for document, found in lines_with(SETTING)}
    assert {(page, key) for page, table, key in named if table in plain and key not in keys | NO_SETTINGS} == set()


@cache
def texts() -> str:
    """Everything that the product could say: its string constants, one on each line."""
    files = [path for path in python_files("bot", "handlers") if "sandbox" not in path.parts]
    return "\n".join(text for path in files for text in strings_in(path))


def strings_in(path: Path) -> Iterator[str]:
    """The strings of a file, what is filled in as a gap."""
    for node in nodes(path):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@pytest.mark.parametrize("page", ["docs/troubleshooting.md", "docs/step-up.md"])
def test_what_is_quoted_is_said(page: str) -> None:
    """Whoever searches for the sentence in front of them finds it: gaps (``…``) are filled in by the bot."""
    text = ROOT.joinpath(page).read_text(encoding="utf-8")
    rows = [row.split("|")[1] for row in text.splitlines() if row.startswith("| ")]
    quoted = [said for row in rows for said in SAID.findall(row)]
    if page == "docs/step-up.md":
        quoted = [said for row in rows[1:] for said in row.split(" / ")]
    parts = {part.strip(" .;,") for said in quoted for part in said.split("…")}
    missing = {part for part in parts if len(part) > 10 and part not in NOT_SAID and part not in texts()}
    assert len(parts) > 8
    assert missing == set()


def test_the_page_of_commands_is_that_of_the_code() -> None:
    """``python -m bot config commands > docs/commands.md`` regenerates it."""
    page = ROOT.joinpath("docs/commands.md").read_text(encoding="utf-8")
    assert CliRunner().invoke(main, ["config", "commands"]).output == page


def test_the_configuration_of_the_installation_is_one(tmp_path: Path) -> None:
    """Whoever copies it may start with it; so are the tables of the page about step-up, together with it."""
    pages = (ROOT.joinpath("docs", page).read_text(encoding="utf-8") for page in ("install.md", "step-up.md"))
    install, step_up = (re.findall(r"^ *```toml\n(.*?)^ *```", page, re.MULTILINE | re.DOTALL) for page in pages)
    file = tmp_path / "egress.toml"
    file.write_text(install[0])
    assert checked_configuration(configuration_from(file)).policy.rules
    file.write_text(install[0] + re.sub("^   ", "", step_up[0], flags=re.MULTILINE))
    assert checked_configuration(configuration_from(file)).step_up.is_on
    assert tomllib.loads(step_up[1])["step_up"]["claim"] == "oid"
