"""The glossary names every value that people see, once, under the heading of its kind."""

import re
from collections.abc import Mapping
from enum import StrEnum

import pytest

from bot.domain.allowance import Status
from bot.domain.approval import VerdictKind
from bot.domain.audit import Action
from bot.domain.firewall import Outcome
from bot.domain.people import AccountStatus, Role
from bot.domain.risk import Level
from bot.domain.scale_proposal import ScaleStatus
from tests.rules.tree import ROOT

KINDS: Mapping[str, type[StrEnum]] = {
    "Allowance statuses": Status,
    "Scale proposal statuses": ScaleStatus,
    "Verdicts": VerdictKind,
    "Risk levels": Level,
    "Roles": Role,
    "Account statuses": AccountStatus,
    "Firewall outcomes": Outcome,
    "Audit actions": Action,
}
TERM = re.compile(r"^\| `([^`]+)` \|", re.MULTILINE)


def sections() -> dict[str, str]:
    """The text below each third-level heading of the glossary, by heading."""
    _, *parts = re.split(r"^### ", ROOT.joinpath("docs/glossary.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {
        heading: re.split(r"^## ", text, flags=re.MULTILINE)[0]
        for heading, _, text in (p.partition("\n") for p in parts)
    }


@pytest.mark.parametrize("heading", KINDS)
def test_every_value_has_one_entry(heading: str) -> None:
    """A value that is added, renamed or removed changes the glossary too."""
    assert TERM.findall(sections()[heading]) == [str(value) for value in KINDS[heading]]


def test_every_table_of_values_is_checked() -> None:
    """A new table of values names its enum here."""
    assert list(sections()) == list(KINDS)
