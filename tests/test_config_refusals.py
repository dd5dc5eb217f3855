"""Whatever cannot be meant is refused in one sentence with its place, and everything that is wrong at once."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.command_line import main
from bot.config import configuration_from, settings_from
from bot.errors import BadConfiguration
from tests.build import CONFIG
from tests.processes.stage import run
from tests.rules.test_reference import PAGE
from tests.test_config import GOOD

DURATION = "a duration such as 30m, 8h, 7d or 2w"
RULE = "[[approval.rules]]\nname = 'r'\nthen = 'ask'\nreason = 'r'\n"
BUNDLE = "[bundles.b]\ntitle = 'B'\n"


def refused(folder: Path, more: str, content: str = GOOD) -> str:
    """The errors of a file with these tables or keys, without the name of the file."""
    path = folder / "egress.toml"
    path.write_text(content + more if more.startswith("[") else more + content)
    with pytest.raises(BadConfiguration) as found:
        configuration_from(path)
    return str(found.value).removeprefix(f"{path}: ")


KEYS = [
    ("[azur]\n", "azur is not a setting of this version; did you mean azure?"),
    ("[Groups.x]\n", "Groups is not a setting of this version; did you mean groups?"),
    ("[writes]\n", "writes is not a setting of this version; did you mean writer?"),
    ("[quota]\n", "quota is not a setting of this version. Known are: slack, azure, groups, clusters, approval, "),
    ("[scopes]\n", "scopes is not a setting of this version"),
    ("[firewall]\nprioritty = 3\n", "firewall.prioritty is not a setting of this version; did you mean priority?"),
    ("[firewall]\nmax_bytes = 3\n", "firewall.max_bytes is not a setting of this version"),
    ("[approval]\nbundles = {}\n", "approval.bundles is not a setting of this version"),
    ("[durations]\nlapse = '3d'\n", "durations.lapse is not a setting of this version; did you mean lapse_after?"),
    ("[groups.x]\nname = 'y'\n", "groups.x.name is not a setting of this version. Known are: usergroup, users, roles."),
    ("[groups.x]\nuser = ['U1']\n", "groups.x.user is not a setting of this version; did you mean users?"),
    ("[[clusters]]\nmatch = ['*']\nenviroment = 'x'\n", "clusters.0.enviroment is not a setting of this version; did "),
    (RULE + "longer = '3d'\n", "approval.rules.0.longer is not a setting of this version; did you mean longer_than?"),
]

LENGTHS = ["12 months", "7dogs", "8 hours and a bit", "-5d", "0d", "0 minutes", "1.5h", "P7D", "7", "", "d", "tomorrow"]

KINDS = [
    ("[durations]\nlongest = 30\n", f"durations.longest must be {DURATION}, or “no end”, not 30."),
    ("[durations]\nlongest = true\n", f"durations.longest must be {DURATION}, or “no end”, not true."),
    ("[durations]\nlongest = 2026-01-01\n", f"durations.longest must be {DURATION}, or “no end”, not a date."),
    ("[durations]\nlapse_after = 3\n", f"durations.lapse_after must be {DURATION}, not 3."),
    ("[durations]\nlapse_after = 'no end'\n", f"durations.lapse_after must be {DURATION}, not “no end”."),
    ("[durations]\noffered = '8h'\n", "durations.offered must be a list of 1 to 20 entries, each a duration such as "),
    ("[durations]\noffered = []\n", ", or “no end”, not a list of 0."),
    ("[durations]\noffered = ['8h', 8]\n", f"durations.offered.1 must be {DURATION}, or “no end”, not 8."),
    ("[names]\nresolve = 'yes'\n", "names.resolve must be true or false, not “yes”."),
    ("[names]\nresolve = 1\n", "names.resolve must be true or false, not 1."),
    ("[names]\nresolve = 'false'\n", "names.resolve must be true or false, not “false”."),
    ("names = true\n", "names must be a table, not true."),
    ("[firewall]\npriority = 99\n", "firewall.priority must be a whole number from 100 to 65,000, not 99."),
    ("[firewall]\npriority = '300'\n", "firewall.priority must be a whole number from 100 to 65,000, not “300”."),
    ("[firewall]\npriority = true\n", "firewall.priority must be a whole number from 100 to 65,000, not true."),
    ("[firewall]\npriority = 300.5\n", "firewall.priority must be a whole number from 100 to 65,000, not 300.5."),
    ("[firewall]\nmax_removed_share = 50\n", "firewall.max_removed_share must be a number from 0 to 1, not 50."),
    ("[firewall]\nmax_removed_share = '50%'\n", "firewall.max_removed_share must be a number from 0 to 1, not “50%”."),
    ("[firewall]\nmax_removed_share = nan\n", "firewall.max_removed_share must be a number from 0 to 1, not NaN."),
    ("[firewall]\nmax_removed_share = true\n", "firewall.max_removed_share must be a number from 0 to 1, not true."),
    ("[firewall]\ndrift = 'ignore'\n", "firewall.drift must be heal, adopt or report, not “ignore”."),
    ("[firewall]\ngroup = 'a b'\n", "firewall.group must be a name of 2 to 80 letters, digits, "),
    ("[[approval.rules]]\nname = 'r'\n", "approval.rules.0.then is missing: it must be grant, ask or refuse."),
    (RULE + "needed = 0\n", "approval.rules.0.needed must be a whole number from 1 to 10, not 0."),
    (RULE + "needed = -1\n", "approval.rules.0.needed must be a whole number from 1 to 10, not -1."),
    (RULE + "needed = '2'\n", "approval.rules.0.needed must be a whole number from 1 to 10, not “2”."),
    (RULE + "longer_than = 30\n", f"approval.rules.0.longer_than must be {DURATION}, not 30."),
    (
        RULE + "risks = 'high'\n",
        "approval.rules.0.risks must be a list, each low, medium, high or critical, not “high”.",
    ),
    (RULE + "risks = ['hihg']\n", "approval.rules.0.risks.0 must be low, medium, high or critical, not “hihg”."),
    (RULE + "subjects = []\n", "must be a list that is not empty, each allowance, scale or migrate, not a list of 0."),
    (RULE + "environments = ['']\n", "approval.rules.0.environments.0 must be text that is not empty, not “”."),
    ("[approval]\nrules = {}\n", "approval.rules must be a list of tables, not a table."),
    ("[groups]\nplatform = ['U1']\n", "groups.platform must be a table, not a list of 1."),
    (
        "[groups.x]\nusergroup = '@platform'\n",
        "groups.x.usergroup must be a user group id such as S0123ABCD, not “@pla",
    ),
    (
        "[groups.x]\nusergroup = 2026-01-01\n",
        "groups.x.usergroup must be a user group id such as S0123ABCD, not a date.",
    ),
    ("[groups.x]\nusers = ['ann']\n", "groups.x.users.0 must be a user id such as U0123ABCD, not “ann”."),
    (
        "[groups.x]\nroles = ['admin']\n",
        "groups.x.roles.0 must be developer, approver, auditor or operator, not “admin”.",
    ),
    (
        (
            f"{BUNDLE}destinations = ['{{a}}.x.example']\n"
            "[bundles.b.parameters.a]\ntitle = 'A'\npattern = '['\nexample = 'a'\n"
        ),
        "bundles.b.parameters.a.pattern: it is not a regular expression",
    ),
    (f"{BUNDLE}destinations = ['https://{{a}}.example/']\n", "bundles.b.destinations.0: "),
    (f"{BUNDLE}destinations = ['x.example:{{port}}']\n", "bundles.b.destinations.0: "),
    ("[[clusters]]\nmatch = '*'\n", "clusters.0.match must be a list that is not empty, each text, not “*”."),
    ("[[clusters]]\nmatch = ['*']\nenvironment = 'tag:'\n", "clusters.0.environment must be a word, or tag:NAME, not "),
    ("[clusters]\nmatch = ['*']\n", "clusters must be a list of tables, not a table."),
    (f"{BUNDLE}destinations = []\n", "bundles.b.destinations must be a list of 1 to 100 entries, each a destination"),
    (f"{BUNDLE}destinations = ['ok.example', 'https://x.com/']\n", "bundles.b.destinations.1: "),
    (f"{BUNDLE}destinations = ['x.example']\nsource = false\n", "bundles.b.source must be text, not false."),
]


@pytest.mark.parametrize(("more", "sentence"), [*KEYS, *KINDS])
def test_what_a_value_cannot_be(tmp_path: Path, more: str, sentence: str) -> None:
    """One sentence with its place, with what would be right."""
    said = refused(tmp_path, more)
    assert sentence in said
    assert ".." not in said.replace("…", "")


@pytest.mark.parametrize("text", LENGTHS)
@pytest.mark.parametrize(
    ("key", "more"),
    [
        ("durations.longest", "[durations]\nlongest = '{}'\n"),
        ("durations.lapse_after", "[durations]\nlapse_after = '{}'\n"),
        ("durations.offered.1", "[durations]\noffered = ['8h', '{}']\n"),
        ("approval.rules.0.longer_than", RULE + "longer_than = '{}'\n"),
    ],
)
def test_what_no_length_of_time_is(tmp_path: Path, key: str, more: str, text: str) -> None:
    """Wherever a duration is set."""
    assert refused(tmp_path, more.format(text)).startswith(f"{key}: “{text}” is not a duration: write 30m, ")


def test_everything_at_once(tmp_path: Path) -> None:
    """Each wrong value of a file, in one go."""
    more = "".join(f"{RULE}needed = {needed}\n" for needed in (0, 11, 2)) + "[firewall]\ndrift = 'x'\npriorty = 1\n"
    said = refused(tmp_path, more, "[slack]\nteam = 'X'\n")
    places = ("slack.team must", "slack.channel is missing", "azure is missing", "firewall.drift", "firewall.priorty")
    for place in (*places, "approval.rules.0.needed", "approval.rules.1.needed"):
        assert place in said
    assert "rules.2" not in said


def test_the_environment_says_each_wrong_variable() -> None:
    """With what would be right."""
    with pytest.raises(BadConfiguration) as found:
        settings_from({"EGRESS_SLACK_MODE": "pigeon", "EGRESS_LISTEN": "8080", "EGRESS_ARM_CA_FILE": "/no/such.pem"})
    assert str(found.value) == (
        "EGRESS_SLACK_MODE must be socket or http, not “pigeon”. "
        "EGRESS_ARM_CA_FILE must be a file that exists, not “/no/such.pem”. "
        "EGRESS_LISTEN must be an address to listen on such as 0.0.0.0:8080, not “8080”."
    )


def test_check_says_what_is_in_a_file() -> None:
    """Without Slack, Azure or a database; the file of the environment unless one is named."""
    for arguments, variables in (
        (["config", "check", str(CONFIG)], {}),
        (["config", "check"], {"EGRESS_CONFIG": str(CONFIG)}),
    ):
        ended = CliRunner().invoke(main, arguments, env=variables)
        assert (ended.exit_code, ended.output) == (0, "3 groups, 1 cluster entry, 3 policy rules.\n")


def test_check_says_what_is_wrong_with_a_file(tmp_path: Path) -> None:
    """On standard error, with status 2."""
    (tmp_path / "egress.toml").write_text(GOOD + "[durations]\nlongest = '12 months'\n")
    status, said = run("config", "check", str(tmp_path / "egress.toml"))
    assert status == 2
    assert "durations.longest: “12 months” is not a duration" in said
    assert "Traceback" not in said


MINIMAL = {
    "[slack]": {"team": "'T1'", "channel": "'C1'"},
    "[azure]": {"subscriptions": "['s']"},
    "[[clusters]]": {"match": "['*']"},
    "[[approval.rules]]": {"name": "'r'", "then": "'refuse'", "reason": "'r'"},
    "[bundles.NAME]": {"title": "'B'", "destinations": "['x.example']"},
    "[bundles.NAME.parameters.NAME]": {"title": "'P'", "pattern": "'[a-z]+'", "example": "'x'"},
    "[webhooks.NAME]": {"url": "'https://x.example'"},
}
"""The keys that a table must have."""

NUMBERS = ["0", "-1", "7", "1.5", "nan", "inf", "true", "2026-01-01", "08:00:00"]
TABLES = ["{}", "{x=1}", "{x=['x']}", "{30=true}", "[{}]", "[['x']]"]
LITERALS = [*NUMBERS, *TABLES, "''", "'x'", "'7d'", "[]", "[1]", "['x']"]


def keys_of_the_page() -> list[tuple[str, str]]:
    """Heading and key of every setting in the reference."""
    tables = PAGE.read_text(encoding="utf-8").split("\n### `")[1:]
    return [
        (text.partition("`")[0], key) for text in tables for key in re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)
    ]


def answer(path: Path) -> str:
    """The errors of a file; empty if it is accepted."""
    try:
        configuration_from(path)
    except BadConfiguration as error:
        return str(error).removeprefix(f"{path}: ")
    return ""


@pytest.mark.parametrize(("heading", "key"), keys_of_the_page())
def test_any_value_anywhere(tmp_path: Path, heading: str, key: str) -> None:
    """Every key of the reference with a value of every kind that TOML has: taken, or refused with its place."""
    path, said = tmp_path / "egress.toml", []
    for literal in LITERALS:
        tables = {**MINIMAL, heading: {**MINIMAL.get(heading, {}), key: literal}}
        path.write_text("".join(f"{head}\n{lines(keys)}" for head, keys in tables.items()))
        said.append(answer(path))
    refusals = [sentence for sentence in said if sentence]
    assert len(refusals) > len(LITERALS) / 2
    for sentence in refusals:
        assert f".{key}" in sentence
        assert "must be text, not “" not in sentence


def lines(keys: dict[str, str]) -> str:
    """The keys of a table."""
    return "".join(f"{key} = {literal}\n" for key, literal in keys.items())
