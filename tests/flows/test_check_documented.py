"""Verdicts by documentation and look-ups: FQDN tags, AKS's published names, resolved addresses."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from bot import allowances, checking
from bot.checking import Query
from bot.domain.egress import EndpointCheck, EndpointStatus, RequiredEndpoint, RequiredEndpoints
from bot.domain.firewall import Outcome
from bot.domain.fqdn import parse_destinations
from bot.errors import AlreadyAllowed
from tests.build import DEV, World, make_world
from tests.flows.test_checking import draft, one
from tests.flows.test_resolver import Known

ALLOWED = Outcome.ALLOWED


@pytest.fixture
def world(sqlite_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(sqlite_url)
    yield made
    made.store.close()


@pytest.mark.parametrize("cluster", ["aks-udr", "aks-udr-classic", "aks-vwan"])
def test_a_tag_holds_what_is_documented(world: World, cluster: str) -> None:
    """Allowed by the tag, or denied; that Microsoft may change it is in the trace of both."""
    held, absent = one(world, cluster, "mcr.microsoft.com"), one(world, cluster, "example.com")
    step = held.evaluation.deciding
    assert step is not None
    assert (held.evaluation.outcome, step.by, step.collection) == (
        ALLOWED,
        "FQDN tag AzureKubernetesService",
        "aksfwar",
    )
    assert absent.evaluation.outcome is Outcome.DEFAULT_DENIED
    assert "which Microsoft may change" in step.why
    assert "which Microsoft may change" in str(absent.evaluation.trace)
    assert one(world, cluster, "x.hcp.westeurope.azmk8s.io").evaluation.outcome is ALLOWED
    assert one(world, cluster, "x.hcp.eastus.azmk8s.io").evaluation.outcome is Outcome.DEFAULT_DENIED


def test_what_aks_publishes_for_a_cluster_counts(world: World) -> None:
    """Once its endpoints were read, the tag holds them too."""
    with world.store.read() as tx:
        (egress,) = tx.snapshots.named("aks-udr")
    assert one(world, "aks-udr", "vault.azure.net").evaluation.outcome is Outcome.DEPENDS
    published = EndpointCheck(RequiredEndpoint("addon", "vault.azure.net", 443, "Https"), EndpointStatus.TAG)
    with world.store.write() as tx:
        tx.snapshots.put_endpoints(egress.ref.id, RequiredEndpoints((published,)), world.clock.now())
    assert one(world, "aks-udr", "vault.azure.net").evaluation.outcome is ALLOWED


def test_what_the_tag_allows_needs_no_allowance(world: World) -> None:
    """A request for it is refused with a sentence; what depends may be filed."""
    checking.prepare(world.ctx, DEV, "aks-udr")
    with pytest.raises(AlreadyAllowed, match="is already allowed by FQDN tag AzureKubernetesService"):
        allowances.request(world.ctx, DEV, draft("mcr.microsoft.com"))
    made = allowances.request(world.ctx, DEV, draft("mcr.microsoft.com vault.azure.net api.stripe.com"))
    assert [str(each) for each in made.destinations] == ["api.stripe.com", "vault.azure.net"]


def test_names_are_looked_up_where_the_configuration_says_so(world: World) -> None:
    """Then a rule with addresses is decided, and the answer names them; without, it depends."""
    partner = {"name": "partner", "ruleType": "NetworkRule", "ipProtocols": ["TCP"], "sourceAddresses": ["*"]}
    partner |= {"destinationAddresses": ["20.50.0.0/16"], "destinationPorts": ["443"]}
    (group,) = [key for key in world.arm.state()["resources"] if key.endswith("/rulecollectiongroups/rcg-platform")]
    body = world.arm.state()["resources"][group]
    collections = body["properties"]["ruleCollections"]
    first = next(each for each in collections if each["name"] == "databases")
    first["rules"].append(partner)
    world.arm.put_resource(group, body)
    assert one(world, "aks-udr", "partner.example.com").evaluation.outcome is Outcome.DEPENDS
    for address, expected in (("20.50.1.1", ALLOWED), ("20.60.1.1", Outcome.DEFAULT_DENIED)):
        ctx = replace(world.ctx, resolver=Known({"partner.example.com": (address,)}))
        query = Query("aks-udr", parse_destinations("partner.example.com"))
        (finding,) = checking.check(ctx, DEV, query).findings
        assert (finding.evaluation.outcome, finding.addresses) == (expected, (address,))
