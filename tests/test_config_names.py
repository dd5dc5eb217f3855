"""Names and numbers of the configuration that cannot be meant are refused at load, each with its place."""

from pathlib import Path

import pytest

from bot.config import checked_configuration, configuration_from
from bot.domain.configuration import Configuration
from bot.errors import BadConfiguration

GOOD = """
[slack]
team = "T1"
channel = "C1"
[azure]
subscriptions = ["s"]
[groups.platform]
usergroup = "S1"
roles = ["approver"]
[groups.security]
users = ["U1", "U2"]
roles = ["approver"]
[groups.readers]
usergroup = "S2"
[[clusters]]
match = ["aks-prod-*"]
environment = "Production"
[[clusters]]
match = ["aks-*"]
environment = "test"
[approval]
default_approvers = ["platform"]
"""
TAGGED = GOOD.replace('"test"', '"tag:environment"')


def rule(more: str, *, name: str = "r", then: str = "ask") -> str:
    """A rule of the approval policy."""
    return f"[[approval.rules]]\nname = '{name}'\nthen = '{then}'\nreason = 'r'\n{more}\n"


def load(folder: Path, content: str) -> Configuration:
    """The rulebook of a file."""
    path = folder / "egress.toml"
    path.write_text(content)
    return checked_configuration(configuration_from(path))


WRONG = [
    ("on_behalf = ['nobody']\n", "approval.on_behalf names the group nobody, which is not configured"),
    (rule("during = ['xmas']"), r"rules \(r\) names unknown windows: xmas. Configured: none"),
    (rule("requesters = ['interns']"), r"rules \(r\) names the group interns, which is not configured"),
    (
        rule("needed = 2\nstages = [{approvers = ['platform']}]"),
        r"rules \(r\) has both stages and approvers, people, needed or escalate_to",
    ),
    (rule("stages = [{approvers = ['platform']}]\nin_order = true"), r"rules \(r\): in_order needs two stages"),
    (rule("stages = [{people = ['U0000001'], needed = 2}]"), r"rules \(r\) needs 2 from .*, but only 1 person"),
    (rule("direction = 'up'\nwildcard = true"), r"rules \(r\) can never hold: direction is about scales, wildcard"),
    (rule("direction = 'up'\nsubjects = ['allowance']"), r"rules \(r\) can never hold: direction is about scales"),
    (rule("wildcard = true\nsubjects = ['scale']"), r"rules \(r\) can never hold: a scale has no destinations"),
    (
        rule("risks = ['high']", name="a") + rule("risks = ['high']", name="b", then="refuse"),
        r"rules \(a\) and .*rules \(b\) hold for the same requests, but a asks and b refuses",
    ),
    (
        rule("", name="a", then="refuse") + rule("risks = ['high']", name="b"),
        r"rules \(b\) has no effect: a refuses everything that it is about",
    ),
    (
        rule("longer_than = '1d'", name="a") + rule("longer_than = '7d'\nprotocols = ['tcp']", name="b", then="grant"),
        r"rules \(b\) has no effect: a asks about everything that it is about",
    ),
    (rule("risk_reasons = ['tunel']"), r"risk_reasons.0: no risk has the reason “tunel”; the nearest is tunnel"),
    (rule("ticket = true", then="refuse"), r"rules \(r\): ticket has no effect"),
    ("[tickets]\npattern = '['\n", r"tickets.pattern: it is not a regular expression"),
    ("[tickets]\nurl = 'https://host/'\n", r"tickets.url must be an address such as https://host/browse/\{ticket\}"),
    ("[step_up]\nissuer = 'https://host:99999/'\n", r"step_up.issuer: Port out of range 0-65535"),
    ("[windows.w]\nzone = 'Mars'\n", r"windows.w.zone must be an IANA time zone such as Europe/Berlin, not “Mars”"),
    ("[windows.w]\nhours = '9-17'\n", r"windows.w.hours must be hours such as 09:00-17:00"),
    ("[windows.w]\ndates = '2027-01-04/2026-12-20'\n", r"windows.w.dates must be days such as"),
    (rule("environments = ['prod']"), r"rules \(r\) names environments that no cluster has: prod\. .*production, test"),
    (rule("approvers = ['nobody']"), r"rules \(r\) names the group nobody, which is not configured"),
    (rule("approvers = ['readers']"), r"rules \(r\) asks the group readers, which does not have the approver role"),
    (rule("approvers = ['security']\nneeded = 3"), r"rules \(r\) needs 3 from security, but only 2 people are members"),
    (rule("bundles = ['hub']"), r"rules \(r\) names unknown bundles: hub"),
    (rule("", name="a") + rule("", name="a"), r"rules \(a\) appears 2 times"),
    (rule("longer_than = '400d'"), r"rules \(r\): nothing is longer_than 400 days; the longest .* is 365 days"),
    (rule("longer_than = '365d'"), r"rules \(r\): nothing is longer_than 365 days"),
    (rule("longer_than = 'no end'"), r"rules\.0\.longer_than must be a duration such as .*, not “no end”"),
    (rule("longer_than = '12 months'"), r"approval\.rules\.0\.longer_than: .*12 months.* is not a duration"),
    (rule("clusters = ['aks prod']"), r"rules \(r\): no cluster name can match .aks prod."),
    (rule("clusters = ['aks.*']"), r"rules \(r\): no cluster name can match .aks\.\*."),
    (rule("clusters = ['/subscriptions/*']"), r"rules \(r\): no cluster name can match"),
    (rule(f"clusters = ['{'a' * 64}']"), r"rules \(r\): no cluster name can match"),
    (rule("clusters = ['other']"), r"rules \(r\) names the cluster other, which no clusters.match entry matches"),
    (
        "[[clusters]]\nmatch = ['aks test']\n",
        r"clusters.match: no cluster name or id can match .aks test.",
    ),
    ("[[clusters]]\nmatch = ['aks-*']\n", r"clusters.match: .aks-\*. has no effect"),
    (rule("subjects = ['scale']\nbundles = ['hub']"), r"rules \(r\) can never hold: a scale has no destinations"),
    (rule("subjects = ['scale']\nrisks = ['high']"), r"rules \(r\) can never hold: the risk of a scale is always low"),
    (
        rule("approvers = ['platform']", then="grant"),
        r"rules \(r\) asks nobody: remove approvers, people",
    ),
    (
        rule("needed = 2", then="refuse"),
        r"rules \(r\) asks nobody: remove approvers, people",
    ),
    ("[groups.everyone]\nusers = ['U1']\n", r"groups.everyone needs another name: everyone means each member"),
    ("[risk]\nmedium = 50\n", r"risk.high and risk.critical must rise in this order; they are 50, 45 and 70\."),
    ("[durations]\nlongest = '30d'\noffered = ['8h', '90d']\n", r"durations.offered includes 90 days, but the longest"),
    ("[durations]\noffered = ['8h', 'no end']\n", "durations.offered includes no end, but the longest"),
    ("[durations]\noffered = ['7dogs']\n", "7dogs.* is not a duration"),
    ("[durations]\nlapse_after = 'no end'\n", "lapse_after must be a duration such as .*, not “no end”"),
]


@pytest.mark.parametrize(("more", "sentence"), WRONG)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, more: str, sentence: str) -> None:
    """With the place in the file; without it the same file is right."""
    load(tmp_path, GOOD)
    with pytest.raises(BadConfiguration, match=sentence):
        load(tmp_path, GOOD + more)


def test_a_rule_that_asks_needs_somebody(tmp_path: Path) -> None:
    """Its own approvers or the default ones."""
    content = GOOD.replace('["platform"]', "[]") + rule("")
    with pytest.raises(BadConfiguration, match=r"rules \(r\) asks nobody"):
        load(tmp_path, content)
    load(tmp_path, content.replace("then = 'ask'", "then = 'grant'"))


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    """Nobody starts the bot three times to hear three things."""
    with pytest.raises(BadConfiguration) as refused:
        load(tmp_path, GOOD + rule("bundles = ['x']\napprovers = ['readers']\nenvironments = ['prod']"))
    assert all(word in str(refused.value) for word in ("bundles: x", "readers", "prod."))


RIGHT = [
    GOOD
    + rule("environments = ['PRODUCTION']\nclusters = ['aks-*', 'AKS-prod-1', 'aks-[ab]?']\napprovers = ['platform']"),
    GOOD + rule("needed = 9\napprovers = ['platform', 'security']"),
    GOOD + "[durations]\nlongest = '12h'\n",
    GOOD + "[durations]\nlongest = 'no end'\noffered = ['8h', 'no end']\n" + rule("longer_than = '900d'"),
    TAGGED + rule("environments = ['anything']"),
    GOOD + "[[clusters]]\nmatch = ['/subscriptions/*/managedclusters/x']\n" + rule("clusters = ['x']"),
]


@pytest.mark.parametrize("content", RIGHT)
def test_what_may_be_meant_is_taken(tmp_path: Path, content: str) -> None:
    """A tag can have any value; a user group's size is Slack's to say; environments are the same in any case."""
    book = load(tmp_path, content)
    assert all(one.lower() == one for each in book.policy.rules for one in each.environments)
    longest = book.durations.longest
    assert book.durations.offered
    assert all(longest is None or (one is not None and one <= longest) for one in book.durations.offered)
