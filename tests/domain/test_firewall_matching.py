"""Matches of a single rule, by example: names, protocols, paths, addresses, and unpublished lists."""

from typing import Any

import pytest

from bot.domain.firewall import (
    Flow,
    Outcome,
    Result,
    Tier,
    summary,
)
from bot.domain.fqdn import Destination
from tests.rulesets import NODES, allow, deny, evaluate, fqdn, net, outcome, rule_set, to


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("docker.io", "docker.io", Outcome.ALLOWED),
        ("Docker.IO", "docker.io", Outcome.ALLOWED),
        ("*.docker.io", "docker.io", Outcome.DEFAULT_DENIED),
        ("*.docker.io", "auth.docker.io", Outcome.ALLOWED),
        ("*.docker.io", "a.b.c.docker.io", Outcome.ALLOWED),
        ("*docker.io", "evildocker.io", Outcome.ALLOWED),
        ("*docker.io", "docker.io", Outcome.ALLOWED),
        ("*", "docker.io", Outcome.ALLOWED),
        ("www.*.io", "www.docker.io", Outcome.DEFAULT_DENIED),
        ("*.*.io", "www.docker.io", Outcome.DEFAULT_DENIED),
        ("docker.io", "auth.docker.io", Outcome.DEFAULT_DENIED),
    ],
)
def test_wildcards(pattern: str, name: str, expected: Outcome) -> None:
    """The asterisk counts at the left-most place only, at any depth, and not for the apex."""
    assert outcome(rule_set(allow(fqdn(pattern))), to(name)) is expected


def test_a_wildcard_is_allowed_only_if_all_of_it_is() -> None:
    """A rule for one name below it covers a part: it depends, and the sentence says on what."""
    flow = Flow(sources=(NODES,), destination=Destination("*.docker.io"))
    part = evaluate(rule_set(allow(fqdn("auth.docker.io", name="auth"))), flow)
    assert (part.outcome, part.deciding) == (Outcome.DEPENDS, None)
    assert part.trace[1].result is Result.PARTIAL
    assert part.depends_on == ("Rule collection allow of own allows: auth names auth.docker.io for https:443.",)
    assert outcome(rule_set(allow(fqdn("*.docker.io"))), flow) is Outcome.ALLOWED
    assert outcome(rule_set(allow(fqdn("*.io"))), flow) is Outcome.ALLOWED
    assert outcome(rule_set(allow(fqdn("docker.io"))), flow) is Outcome.DEFAULT_DENIED


@pytest.mark.parametrize("asked", ["http:docker.io", "https:docker.io:8443", "mssql:docker.io"])
def test_protocol_and_port_must_fit(asked: str) -> None:
    """A rule that names the destination for something else is a near miss, and says so."""
    found = evaluate(rule_set(allow(fqdn("docker.io", name="web"))), to(asked))
    assert found.outcome is Outcome.DEFAULT_DENIED
    assert found.trace[1].result is Result.MISS
    assert "web names docker.io, but not for" in found.trace[1].why


def test_sql_says_that_it_needs_the_proxy_policy() -> None:
    """SQL in redirect mode leaves the port that the rule is for."""
    rules = rule_set(allow(fqdn("db.database.windows.net", protocols=(("Mssql", 1433),))))
    found = evaluate(rules, to("mssql:db.database.windows.net"))
    assert found.outcome is Outcome.ALLOWED
    assert "proxy connection policy" in found.trace[-1].why


# What is not published


def test_web_categories_are_never_guessed() -> None:
    """Alone they make it depend; a rule that decides the same way makes it definite again."""
    tagged = allow(fqdn(web_categories=("Games",)), name="tagged", priority=100)
    alone = evaluate(rule_set(tagged), to("mcr.microsoft.com"))
    assert alone.outcome is Outcome.DEPENDS
    assert "Games" in alone.depends_on[0]
    assert summary(alone).startswith(
        "Depends on its web category (rule rule): look its category up in the Azure portal"
    )
    assert (
        outcome(rule_set(tagged, allow(fqdn("*.microsoft.com"), priority=200)), to("mcr.microsoft.com"))
        is Outcome.ALLOWED
    )
    assert outcome(rule_set(tagged, deny(fqdn("*"), priority=200)), to("mcr.microsoft.com")) is Outcome.DEPENDS
    assert outcome(rule_set(tagged, deny(fqdn("*"), priority=99)), to("mcr.microsoft.com")) is Outcome.DENIED


def test_unknown_deny_before_the_default_is_denied_either_way() -> None:
    """Whether the tag covers it or not, it does not get out."""
    assert outcome(rule_set(deny(fqdn(fqdn_tags=("WindowsUpdate",)))), to()) is Outcome.DEFAULT_DENIED


def test_a_rule_of_an_unknown_type_may_match_anything() -> None:
    """Whoever owns the name."""
    rule = fqdn(name="new", protocols=(), unknown_type="QuantumRule")
    for asked in ("docker.io", "mssql:db.example.com"):
        found = evaluate(rule_set(allow(rule)), to(asked))
        assert summary(found) == "Depends on a rule of an unknown type (rule new): read that rule in the Azure portal."
        assert "QuantumRule" in found.depends_on[0]


@pytest.mark.parametrize(
    ("asked", "protocols", "expected"),
    [
        ("https:docker.io", (), Outcome.DEPENDS),
        ("http:docker.io", (), Outcome.DEPENDS),
        ("quay.io", (), Outcome.DEFAULT_DENIED),
        ("mssql:docker.io", (), Outcome.DEFAULT_DENIED),
        ("http:docker.io", (("https", 443),), Outcome.DEFAULT_DENIED),
    ],
)
def test_a_url_rule_without_protocols_depends(
    asked: str, protocols: tuple[tuple[str, int], ...], expected: Outcome
) -> None:
    """Azure takes it; the sentence says what HTTPS would take."""
    found = evaluate(rule_set(allow(fqdn(target_urls=("docker.io/*",), protocols=protocols))), to(asked))
    assert found.outcome is expected
    if expected is Outcome.DEPENDS:
        assert "TLS inspection, which it lacks: tier Premium" in found.depends_on[0]
        assert summary(found).startswith("Depends on a URL rule without protocols (rule rule): give the rule its")


def test_tags_are_for_web_traffic() -> None:
    """An FQDN tag says nothing about SQL."""
    assert outcome(rule_set(allow(fqdn(fqdn_tags=("AppServiceEnvironment",), protocols=()))), to("mssql:db.x.net")) is (
        Outcome.DEFAULT_DENIED
    )


@pytest.mark.parametrize(
    ("url", "asked", "decrypts", "expected"),
    [
        ("docker.io/library/*", "http:docker.io", False, Outcome.DEPENDS),
        ("docker.io/*", "http:docker.io", False, Outcome.ALLOWED),
        ("docker.io/*", "docker.io", False, Outcome.DEFAULT_DENIED),
        ("docker.io/*", "docker.io", True, Outcome.ALLOWED),
        ("docker.io/library/*", "docker.io", True, Outcome.DEPENDS),
        ("quay.io/*", "docker.io", True, Outcome.DEFAULT_DENIED),
    ],
)
def test_target_urls(url: str, asked: str, *, decrypts: bool, expected: Outcome) -> None:
    """A path makes it depend; the path of HTTPS is seen only by a Premium firewall that decrypts."""
    rule = fqdn(target_urls=(url,), protocols=(("http", 80), ("https", 443)), terminate_tls=decrypts)
    rules = rule_set(allow(rule), tier=Tier.PREMIUM, tls_inspection=decrypts)
    assert outcome(rules, to(asked)) is expected


# Network rules


def test_a_narrow_network_rule_depends_on_the_addresses() -> None:
    """Without the addresses of the name it depends; with them it does not."""
    rules = rule_set(allow(net("20.1.0.0/16", name="partner")))
    unknown = evaluate(rules, to())
    assert unknown.outcome is Outcome.DEPENDS
    assert unknown.depends_on == (
        "Rule collection allow of own allows: partner matches if the name resolves to an address in 20.1.0.0/16.",
    )
    assert outcome(rules, to(addresses=("20.1.2.3",))) is Outcome.ALLOWED
    assert outcome(rules, to(addresses=("20.2.2.3",))) is Outcome.DEFAULT_DENIED
    mixed = evaluate(rules, to(addresses=("20.1.2.3", "20.2.2.3")))
    assert (mixed.outcome, mixed.trace[1].result) == (Outcome.DEPENDS, Result.PARTIAL)


ANY_PUBLIC = (
    "1.0.0.0-9.255.255.255",
    "11.0.0.0-100.63.255.255",
    "100.128.0.0-126.255.255.255",
    "128.0.0.0-223.255.255.255",
)


@pytest.mark.parametrize(
    ("name", "ranges", "expected"),
    [
        ("docker.io", ("10.0.0.0/8",), Outcome.DEFAULT_DENIED),
        ("docker.io", ("172.16.0.0/12", "192.168.0.0/16"), Outcome.DEFAULT_DENIED),
        ("docker.io", ("100.64.0.0/10", "127.0.0.1", "169.254.169.254"), Outcome.DEFAULT_DENIED),
        ("docker.io", ("10.0.0.0/8", "20.0.0.0/8"), Outcome.DEPENDS),
        ("docker.io", ("9.255.0.0-10.1.0.0",), Outcome.DEPENDS),
        ("docker.io", ("fd00::/8",), Outcome.DEFAULT_DENIED),
        ("docker.io", ("2603::/16",), Outcome.DEPENDS),
        ("docker.io", ANY_PUBLIC, Outcome.ALLOWED),
        ("docker.io", ("Internet",), Outcome.ALLOWED),
        ("docker.io", ("VirtualNetwork",), Outcome.DEFAULT_DENIED),
        ("docker.io", ("AzureCloud.westeurope",), Outcome.DEFAULT_DENIED),
        ("docker.io", ("Storage", "AzureMonitor", "Sql.EastUS"), Outcome.DEFAULT_DENIED),
        ("mcr.microsoft.com", ("AzureCloud",), Outcome.DEPENDS),
        ("mcr.microsoft.com", ("10.0.0.0/8",), Outcome.DEFAULT_DENIED),
        ("*.windows.net", ("Storage",), Outcome.DEPENDS),
        ("a.blob.core.windows.net", ("10.0.0.0/8",), Outcome.DEPENDS),
        ("a.vault.azure.net", ("VirtualNetwork",), Outcome.DEPENDS),
        ("a.privatelink.example.com", ("10.0.0.0/8",), Outcome.DEPENDS),
        ("db.corp.internal", ("10.0.0.0/8",), Outcome.DEPENDS),
        ("db.corp.internal", ("Internet",), Outcome.DEPENDS),
        ("db.corp.internal", ("AzureCloud",), Outcome.DEFAULT_DENIED),
    ],
)
def test_where_a_name_can_lead(name: str, ranges: tuple[str, ...], expected: Outcome) -> None:
    """A public name leads neither into private space nor into Microsoft's service tags."""
    found = evaluate(rule_set(allow(net(*ranges, name="hub"))), Flow(sources=(NODES,), destination=Destination(name)))
    assert found.outcome is expected
    if expected is Outcome.DEPENDS:
        assert "resolve it in a pod (nslookup) and compare with" in summary(found)


def test_exceptions_are_in_the_trace() -> None:
    """Not in the headline: private DNS, and what others host in Azure."""
    inside = evaluate(rule_set(deny(net("10.0.0.0/8", name="inside"))), to())
    assert summary(inside) == "Denied: no rule allows it."
    assert inside.trace[1].why == (
        "inside is for 10.0.0.0/8: a public name does not resolve to a private address, unless private DNS says so."
    )
    cloud = evaluate(rule_set(allow(net("AzureCloud"))), to())
    assert "only Microsoft's names, and names that others host there, resolve to it" in cloud.trace[1].why


def test_service_tags_of_microsofts_own_names_are_not_guessed() -> None:
    """Not even with known addresses; a name of somebody else is not in them."""
    rules = rule_set(allow(net("AzureCloud.WestEurope")))
    assert outcome(rules, to("mcr.microsoft.com", addresses=("20.1.2.3",))) is Outcome.DEPENDS
    assert outcome(rules, to(addresses=("20.1.2.3",))) is Outcome.DEFAULT_DENIED
    assert outcome(rule_set(allow(net("Internet"))), to(addresses=("20.1.2.3",))) is Outcome.ALLOWED


@pytest.mark.parametrize("fields", [{"ip_protocols": ("UDP", "ICMP")}, {"destination_ports": ("80", "444-1000")}])
def test_network_protocol_and_port_must_fit(fields: dict[str, Any]) -> None:
    """HTTPS is TCP to its port."""
    assert outcome(rule_set(allow(net("*", **fields))), to()) is Outcome.DEFAULT_DENIED


def test_two_halves_of_the_address_space_are_all_of_it() -> None:
    """Two halves in a rule cover the whole address space."""
    assert outcome(rule_set(allow(net("0.0.0.0/1", "128.0.0.0/1"))), to()) is Outcome.ALLOWED


@pytest.mark.parametrize(
    ("dns_proxy", "tier", "expected"),
    [
        (True, Tier.STANDARD, Outcome.ALLOWED),
        (False, Tier.STANDARD, Outcome.DEFAULT_DENIED),
        (True, Tier.BASIC, Outcome.DEFAULT_DENIED),
    ],
)
def test_network_fqdns_need_the_dns_proxy(*, dns_proxy: bool, tier: Tier, expected: Outcome) -> None:
    """And tier Standard or Premium; the trace says what is missing."""
    rules = rule_set(allow(net(destination_fqdns=("docker.io",))), dns_proxy=dns_proxy, tier=tier)
    assert outcome(rules, to()) is expected
    assert outcome(rules, to("docker.io:8443")) is Outcome.DEFAULT_DENIED
    assert outcome(rules, to("auth.docker.io")) is Outcome.DEFAULT_DENIED


def test_network_fqdns_have_no_wildcards() -> None:
    """An asterisk in a network rule is no pattern."""
    rules = rule_set(allow(net(destination_fqdns=("*.docker.io",))), dns_proxy=True)
    assert outcome(rules, to("auth.docker.io")) is Outcome.DEFAULT_DENIED
    assert outcome(rules, Flow(sources=(NODES,), destination=Destination("*.docker.io"))) is Outcome.DEFAULT_DENIED
