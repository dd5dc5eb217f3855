"""FQDN tags: each part of Microsoft's page about AKS, the clouds and regions, and the tags without a list."""

import pytest

from bot.domain.firewall import Evaluation, Flow, Outcome, headline, summary
from bot.domain.fqdn import Destination, Protocol
from tests.rulesets import NODES, allow, deny, evaluate, fqdn, rule_set

AKS = "AzureKubernetesService"
HELD, PERHAPS, NOT = Outcome.ALLOWED, Outcome.DEPENDS, Outcome.DEFAULT_DENIED


def ask(
    name: str, tag: str = AKS, *, http: bool = False, region: str = "westeurope", published: tuple[str, ...] = ()
) -> Evaluation:
    """The verdict of a firewall with nothing but a tag."""
    service = (Protocol.HTTP, 80) if http else (Protocol.HTTPS, 443)
    flow = Flow(
        sources=(NODES,),
        destination=Destination(name, *service),
        region=region,
        published=frozenset(Destination(each) for each in published),
    )
    rule = fqdn(name="aks", fqdn_tags=(tag,), protocols=(("http", 80), ("https", 443)))
    return evaluate(rule_set(allow(rule)), flow)


@pytest.mark.parametrize(
    ("name", "region", "expected"),
    [
        ("mcr.microsoft.com", "westeurope", HELD),
        ("westeurope.data.mcr.microsoft.com", "westeurope", HELD),
        ("mcr-0001.mcr-msedge.net", "westeurope", HELD),
        ("management.azure.com", "westeurope", HELD),
        ("login.microsoftonline.com", "westeurope", HELD),
        ("packages.microsoft.com", "westeurope", HELD),
        ("packages.aks.azure.com", "westeurope", HELD),
        ("acs-mirror.azureedge.net", "westeurope", HELD),
        ("a-1.hcp.westeurope.azmk8s.io", "westeurope", HELD),
        ("a-1.hcp.northeurope.azmk8s.io", "westeurope", NOT),
        ("a-1.hcp.northeurope.azmk8s.io", "", HELD),
        ("a-1.hcp.two.labels.azmk8s.io", "", NOT),
        ("hcp.westeurope.azmk8s.io", "", NOT),
        ("snapshot.ubuntu.com", "westeurope", HELD),
        ("nvidia.github.io", "westeurope", HELD),
        ("go.microsoft.com", "westeurope", HELD),
        ("management.usgovcloudapi.net", "usgovvirginia", HELD),
        ("a.hcp.usgovvirginia.cx.aks.containerservice.azure.us", "usgovvirginia", HELD),
        ("management.azure.com", "usgovvirginia", NOT),
        ("management.usgovcloudapi.net", "westeurope", NOT),
        ("management.usgovcloudapi.net", "", HELD),
        ("a.tun.chinaeast2.cx.prod.service.azk8s.cn", "chinaeast2", HELD),
        ("mirror.azk8s.cn", "chinaeast2", HELD),
        ("login.microsoftonline.com", "chinaeast2", NOT),
        ("a.ods.opinsights.azure.com", "westeurope", PERHAPS),
        ("westeurope.ingest.monitor.azure.com", "westeurope", PERHAPS),
        ("northeurope.ingest.monitor.azure.com", "westeurope", NOT),
        ("data.policy.core.windows.net", "westeurope", PERHAPS),
        ("vault.azure.net", "westeurope", PERHAPS),
        ("mine.vault.azure.net", "westeurope", NOT),
        ("api.stripe.com", "westeurope", NOT),
        ("github.com", "westeurope", NOT),
        ("www.microsoft.com", "westeurope", NOT),
        ("docs.docker.com", "westeurope", NOT),
    ],
)
def test_the_page_of_aks(name: str, region: str, expected: Outcome) -> None:
    """The tag holds the nodes' hosts, perhaps the add-ons' hosts, and nothing else."""
    assert ask(name, region=region).outcome is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("*.data.mcr.microsoft.com", HELD),
        ("*.weu.data.mcr.microsoft.com", HELD),
        ("*.hcp.westeurope.azmk8s.io", HELD),
        ("*.azmk8s.io", PERHAPS),
        ("*.microsoft.com", PERHAPS),
        ("*.monitor.azure.com", PERHAPS),
        ("*.docker.io", NOT),
        ("*.hcp.northeurope.azmk8s.io", NOT),
        ("*.acs-mirror.azureedge.net", NOT),
    ],
)
def test_wildcards_inside_across_and_outside(name: str, expected: Outcome) -> None:
    """A wildcard is held if all of it is; one that holds a listed name depends on the name that is meant."""
    found = ask(name)
    assert found.outcome is expected
    if name in ("*.azmk8s.io", "*.microsoft.com"):
        assert summary(found) == (
            "Depends on which name below the wildcard it is (rule aks): check the names you need one by one."
        )


@pytest.mark.parametrize(
    ("name", "expected"),
    [("security.ubuntu.com", HELD), ("x.mp.microsoft.com", HELD), ("mcr.microsoft.com", NOT)],
)
def test_each_name_has_its_port(name: str, expected: Outcome) -> None:
    """Over HTTP only what the page has for HTTP."""
    assert ask(name, http=True).outcome is expected
    assert ask("security.ubuntu.com").outcome is NOT


def test_what_aks_publishes_for_the_cluster_counts_too() -> None:
    """A name that the page lacks, or has for an add-on; for no other tag."""
    assert ask("new.example.com", published=("new.example.com",)).outcome is HELD
    assert ask("a.new.example.com", published=("*.new.example.com",)).outcome is HELD
    assert ask("vault.azure.net", published=("vault.azure.net",)).outcome is HELD
    assert ask("new.example.com", "AzureBackup", published=("new.example.com",)).outcome is NOT


WINDOWS_UPDATE = [
    ("download.windowsupdate.com", HELD),
    ("au.download.windowsupdate.com", HELD),
    ("fe2.update.microsoft.com", HELD),
    ("mcr.microsoft.com", NOT),
    ("github.com", NOT),
]


@pytest.mark.parametrize(("name", "expected"), WINDOWS_UPDATE)
def test_windows_update_is_documented(name: str, expected: Outcome) -> None:
    """By name, over both protocols."""
    assert ask(name, "WindowsUpdate").outcome is ask(name, "windowsupdate", http=True).outcome is expected


@pytest.mark.parametrize(
    ("tag", "name", "expected"),
    [
        ("AzureBackup", "x.backup.windowsazure.com", PERHAPS),
        ("AzureBackup", "api.stripe.com", NOT),
        ("WindowsVirtualDesktop", "rdweb.wvd.microsoft.com", PERHAPS),
        ("WindowsVirtualDesktop", "pypi.org", NOT),
        ("HDInsight", "azure.archive.ubuntu.com", PERHAPS),
        ("HDInsight", "registry-1.docker.io", NOT),
        ("AppServiceEnvironment", "registry-1.docker.io", PERHAPS),
        ("AppServiceEnvironment", "ocsp.digicert.com", PERHAPS),
        ("AppServiceEnvironment", "github.com", NOT),
        ("Office365.Common.Allow.Required", "ocsp.digicert.com", PERHAPS),
        ("Office365.Exchange.Optimize", "outlook.office365.com", PERHAPS),
        ("Office365.Exchange.Optimize", "slack.com", NOT),
        ("SomethingNew", "new.azure.com", PERHAPS),
        ("SomethingNew", "*.windows.net", PERHAPS),
        ("SomethingNew", "sentry.io", NOT),
        ("SomethingNew", "notmicrosoft.com", NOT),
    ],
)
def test_tags_without_a_list_hold_their_owners_names_at_most(tag: str, name: str, expected: Outcome) -> None:
    """Microsoft's own, and what Microsoft says of others; where it depends, the log tells."""
    found = ask(name, tag)
    assert found.outcome is expected
    if expected is PERHAPS:
        assert summary(found) == (
            f"Depends on whether the FQDN tag {tag} includes it (rule aks): look for the name in the firewall's "
            "application rule log."
        )


def test_the_headline_is_plain_and_the_caveat_is_in_the_trace() -> None:
    """Allowed by the tag, or denied; that Microsoft may change the list is said below."""
    held, absent = ask("mcr.microsoft.com"), ask("api.stripe.com")
    assert headline(held) == "Allowed by FQDN tag AzureKubernetesService in rule aks"
    assert summary(absent) == "Denied: no rule allows it."
    assert "which Microsoft may change" in held.trace[-1].why
    assert "which Microsoft may change" in absent.trace[1].why
    assert held.trace[-1].where.startswith("FQDN tag AzureKubernetesService in rule aks in rule collection allow")


def test_a_tag_may_deny() -> None:
    """The same contents, the other action; a tag brings its own protocols, whatever the rule says."""
    rule = fqdn(name="shut", fqdn_tags=(AKS,), protocols=(("http", 8080),))
    rules = rule_set(deny(rule), allow(fqdn("*"), priority=200))
    found = evaluate(rules, Flow(sources=(NODES,), destination=Destination("mcr.microsoft.com")))
    assert summary(found) == "Denied by FQDN tag AzureKubernetesService in rule shut."
    assert evaluate(rules, Flow(sources=(NODES,), destination=Destination("pypi.org"))).outcome is Outcome.ALLOWED
