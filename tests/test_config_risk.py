"""The ``[risk]`` table extends how risk is weighed; what it cannot mean is refused like the rest of the file."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.config import checked_configuration, configuration_from
from bot.domain.fqdn import parse_destinations
from bot.domain.risk import DEFAULT_TABLE, RiskTable, Subject, assess
from bot.errors import BadConfiguration
from tests.test_config import GOOD


def table(folder: Path, text: str) -> RiskTable:
    """The risk table of a file with these lines under ``[risk]``."""
    path = folder / "egress.toml"
    path.write_text(f"{GOOD}[risk]\n{text}\n")
    return checked_configuration(configuration_from(path)).risk


def test_it_extends_the_table(tmp_path: Path) -> None:
    """Weights are replaced, lists are added to, thresholds are replaced; the default stays as it was."""
    found = table(
        tmp_path,
        """
        weights = { plain_http = 50, unusual_port = 0 }
        hosts = { tunnel = ["tunnel.corp.example"] }
        shared_suffixes = ["pages.corp.example"]
        production = ["Live "]
        long_duration = { 1 = 5 }
        many_destinations = { 1 = 7 }
        critical = 90
        """,
    )
    asked = parse_destinations("http:tunnel.corp.example:8080 a.pages.corp.example")
    assert {one.code: one.weight for one in assess(Subject(asked, timedelta(days=2), "Live"), found).reasons} == {
        "tunnel": 75,
        "plain_http": 50,
        "production": 15,
        "shared_hosting": 10,
        "many_destinations": 7,
        "long_duration": 5,
    }
    assert DEFAULT_TABLE.weights["plain_http"] == 15
    assert DEFAULT_TABLE.hosts["tunnel"].hosts < found.hosts["tunnel"].hosts


WRONG = [
    ("weigths = {}", "risk.weigths is not a setting of this version; did you mean weights?"),
    (
        "weights = { plain_htp = 1 }",
        "risk.weights.plain_htp is not a setting of this version; did you mean plain_http?",
    ),
    ("weights = { mssql = 101 }", "risk.weights.mssql must be a whole number from 0 to 100, not 101."),
    ("weights = []", "risk.weights must be a table, each value a whole number from 0 to 100, not a list of 0."),
    ("hosts = { tunnels = [] }", "risk.hosts.tunnels is not a setting of this version; did you mean tunnel?"),
    ("hosts = { tunnel = 'x.example' }", "risk.hosts.tunnel must be a list, each a domain name, not “x.example”."),
    ("hosts = { tunnel = ['https://x.example'] }", "risk.hosts.tunnel.0: "),
    ("well_known = 'example.com'", "risk.well_known must be a list, each a domain name, not “example.com”."),
    ("long_duration = { a = 1 }", "risk.long_duration.a must be a whole number, not “a”."),
    ("long_duration = { '30d' = 1 }", "risk.long_duration.30d must be a whole number, not “30d”."),
    ("high = true", "risk.high must be a whole number from 0 to 100, not true."),
    ("high = '45'", "risk.high must be a whole number from 0 to 100, not “45”."),
    ("high = 45.5", "risk.high must be a whole number from 0 to 100, not 45.5."),
    ("unlimited_duration = -1", "risk.unlimited_duration must be a whole number from 0 to 100, not -1."),
]


@pytest.mark.parametrize(("text", "sentence"), WRONG)
def test_what_it_cannot_mean_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    """By its name."""
    with pytest.raises(BadConfiguration) as refused:
        table(tmp_path, text)
    assert sentence in str(refused.value)
