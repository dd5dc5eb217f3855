"""A missing or broken setting is said in one sentence that names it."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.config import checked_configuration, configuration_from, settings_from
from bot.domain.people import Role
from bot.domain.risk import Level, Subject, assess
from bot.errors import BadConfiguration

SHIPPED = Path(__file__).parent.parent / "bot" / "sandbox" / "egress.toml"


def test_the_shipped_file_is_right() -> None:
    """It is what a team copies."""
    book = checked_configuration(configuration_from(SHIPPED))
    assert book.groups["platform"].roles == {Role.APPROVER}
    assert len(book.bundles["docker-hub"].destinations) == 6


def test_bundles_say_where_their_names_come_from() -> None:
    """Each has a source, and is low in risk until it lasts long: it is what vendors ask for."""
    book = checked_configuration(configuration_from(SHIPPED))
    assert {"docker-hub", "github", "mcr", "quay", "pypi", "npm", "go-modules"} <= set(book.bundles)
    for bundle in book.bundles.values():
        assert bundle.source.startswith("https://"), bundle.name
        risk = assess(Subject(bundle.destinations, timedelta(days=7), "test", is_bundle=True), book.risk)
        assert risk.level in (Level.LOW, Level.MEDIUM), (bundle.name, risk)


def test_the_risk_section_that_is_commented_out_works(tmp_path: Path) -> None:
    """Somebody takes the marks away."""
    text = SHIPPED.read_text()
    start = text.index("# [risk]")
    uncommented = "\n".join(line.removeprefix("# ") for line in text[start:].splitlines())
    path = tmp_path / "egress.toml"
    path.write_text(text[:start] + uncommented + '\nlong_duration = { "14" = 30 }\n')
    book = checked_configuration(configuration_from(path))
    assert book.risk.weights["plain_http"] == 0
    assert book.risk.weights["wildcard_deep"] == 25
    assert "paste.example.org" in book.risk.hosts["paste"].hosts
    assert "live" in book.risk.production
    assert book.risk.long_duration == {timedelta(days=14): 30}


BROKEN = [
    ("GOOD\n[risk]\nnonsense = 1\n", "risk.nonsense is not a setting"),
    ("GOOD\n[risk]\nlong_duration = { soon = 1 }\n", "must be a whole number"),
    ("[slack", "is not valid TOML"),
    ("[slack]\n", "slack.team is missing"),
    ("[slack]\nteam = 'T1'\nchannel = 'general'\n", "slack.channel"),
    ("GOOD\n[nonsense]\n", "nonsense is not a setting of this version"),
    ("GOOD\n[approval]\ndefault_approvers = ['nobody']\n", "names the group nobody"),
    ("GOOD\n[durations]\nlongest = 'soon'\n", "is not a duration"),
    ("GOOD\n[bundles.x]\ntitle = 'X'\ndestinations = ['https://x.com/']\n", "bundles.x.destinations"),
    ("GOOD\n[firewall]\npriority = 5\n", "firewall.priority"),
    ("GOOD\n[[approval.rules]]\nname = 'r'\nthen = 'maybe'\nreason = 'r'\n", "approval.rules.0.then"),
]
GOOD = "[slack]\nteam = 'T1'\nchannel = 'C1'\n[azure]\nsubscriptions = ['s']\n"


@pytest.mark.parametrize(("content", "sentence"), BROKEN)
def test_a_broken_file_is_refused_with_the_place(tmp_path: Path, content: str, sentence: str) -> None:
    """Nothing starts with half a configuration."""
    path = tmp_path / "egress.toml"
    path.write_text(content.replace("GOOD\n", GOOD))
    with pytest.raises(BadConfiguration, match=sentence):
        checked_configuration(configuration_from(path))


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    """Name it, or copy the shipped one."""
    with pytest.raises(BadConfiguration, match="EGRESS_CONFIG"):
        configuration_from(tmp_path / "none.toml")


def test_the_environment_is_checked_too() -> None:
    """Unknown variables are somebody else's; empty ones count as unset."""
    assert settings_from({"EGRESS_SLACK_MODE": "", "PATH": "/bin"}).slack_mode == "socket"
    with pytest.raises(BadConfiguration, match="EGRESS_SLACK_MODE"):
        settings_from({"EGRESS_SLACK_MODE": "pigeon"})
