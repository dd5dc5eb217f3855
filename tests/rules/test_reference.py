"""The reference of the configuration is made of the code, and whole."""

import re

from click.testing import CliRunner

from bot.command_line import main
from bot.config import Settings
from bot.domain.configuration import Configuration
from bot.domain.shape import settings_of, table_in
from tests.rules.tree import PRODUCT, ROOT, python_files

PAGE = ROOT / "docs" / "configuration.md"


def tables(kind: type) -> list[type]:
    """A dataclass of settings and all below it."""
    below = [found[1] for one in settings_of(kind) if (found := table_in(one, ""))]
    return [kind, *(each for table in below for each in tables(table))]


def test_the_page_is_that_of_the_code() -> None:
    """``python -m bot config reference > docs/configuration.md`` regenerates it."""
    assert CliRunner().invoke(main, ["config", "reference"]).output == PAGE.read_text(encoding="utf-8")


def test_every_variable_that_is_read_is_on_the_page() -> None:
    """Whether a setting or only named in a sentence."""
    named = {
        name
        for path in python_files(*PRODUCT)
        if "sandbox" not in path.parts
        for name in re.findall(r"\bEGRESS_[A-Z_]+[A-Z]\b", path.read_text(encoding="utf-8"))
        if name != "EGRESS_CHANGE"  # an audit action
    }
    read = {f"EGRESS_{one.name.upper()}" for one in settings_of(Settings)}
    page = set(re.findall(r"^\| `(EGRESS_[A-Z_]+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    assert read == page
    assert named <= page


def test_every_setting_has_a_meaning() -> None:
    """A field without a line in the docstring would be a blank on the page."""
    every = [(kind.__name__, one) for kind in (*tables(Settings), *tables(Configuration)) for one in settings_of(kind)]
    assert len(every) > 50
    assert [f"{kind}.{one.name}" for kind, one in every if not one.meaning] == []
