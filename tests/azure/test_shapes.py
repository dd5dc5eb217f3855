"""Shapes that Azure never sent so far: read as far as they go, never a crash."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.azure.translate.bot_rules import json_from_collection
from bot.azure.translate.cluster import cluster_from_json, endpoints_from_json
from bot.azure.translate.firewall_rules import classic_layer, group_from_json, rule_set_from, size_bytes_from
from bot.azure.translate.network import READERS
from bot.domain.egress.facts import AzureNetwork
from bot.domain.egress.needs import ResourceKind, missing
from bot.domain.egress.resolve import resolve
from bot.domain.snat import capacity
from bot.errors import UnknownShape
from tests.azure.replay import example, recorded
from tests.azure.stage import stage

RESOURCES = stage().azure.state()["resources"]
OF_TYPE = {
    kind: [
        body for body in RESOURCES.values() if str(body.get("type", "")).lower() == f"microsoft.network/{kind.lower()}"
    ]
    for kind in READERS
}
CLUSTERS = [body for id_, body in RESOURCES.items() if "/managedclusters/" in id_ and id_.count("/") == 8]
GROUPS = [body for id_, body in RESOURCES.items() if "/rulecollectiongroups/" in id_]

STRANGE: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text(max_size=5),
    st.just([]),
    st.just({}),
    st.just([None, 1, {"x": []}]),
)


def spots(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield (*path, key)
        yield from spots(child, (*path, key))


@st.composite
def bent(draw: st.DrawFn, bodies: list[Any]) -> Any:
    """A real body with up to three places replaced by something strange."""
    body = copy.deepcopy(draw(st.sampled_from(bodies)))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(spots(body))))
        parent = body
        for key in path[:-1]:
            parent = parent[key]
        parent[path[-1]] = copy.deepcopy(draw(STRANGE))
    return body


@given(body=bent(CLUSTERS))
def test_bent_clusters(body: Any) -> None:
    """A cluster is understood as far as it goes, or called an unknown shape."""
    try:
        cluster = cluster_from_json(body)
    except UnknownShape:
        return
    assert missing(cluster, AzureNetwork(), frozenset()) is not None
    egress = resolve(cluster, AzureNetwork())
    assert egress.ref == cluster.ref
    assert capacity(egress).advice


@pytest.mark.parametrize("kind", [kind for kind in READERS if OF_TYPE[kind]])
@given(data=st.data())
def test_bent_network(kind: ResourceKind, data: st.DataObject) -> None:
    """Every reader takes what comes, and the clusters are still concluded."""
    network = READERS[kind]([data.draw(bent(OF_TYPE[kind]))])
    for body in CLUSTERS[:3]:
        assert resolve(cluster_from_json(body), network).ref.name


@given(body=bent(GROUPS))
def test_bent_groups(body: Any) -> None:
    """A rule collection group is read as far as it goes."""
    assert group_from_json(body).collections is not None


@given(body=bent([recorded("firewall_classic_rules.jsonl")[0]["resp_body"]]))
def test_bent_classic_firewalls(body: Any) -> None:
    """So is a classic firewall, with its threat intelligence and proxy settings."""
    assert rule_set_from([body], [classic_layer(body)], {}, has_groups=False).layers


def test_every_official_example_is_read() -> None:
    """Firewalls in a VNet and in a hub, required endpoints, clusters with NAT gateways."""
    hub = READERS[ResourceKind.FIREWALLS]([example("AzureFirewallPutInHub")]).firewalls
    vnet = READERS[ResourceKind.FIREWALLS]([example("AzureFirewallGet")]).firewalls
    (in_hub,), (in_vnet,) = hub.values(), vnet.values()
    managed = cluster_from_json(example("ManagedClustersCreate_ManagedNATGateway"))
    own = cluster_from_json(example("ManagedClustersCreate_UserAssignedNATGateway"))
    endpoints = endpoints_from_json(example("OutboundNetworkDependenciesEndpointsList")["value"])

    assert (in_hub.hub_addresses, in_hub.private_addresses, in_hub.subnet) == (("13.73.240.12",), ("10.0.0.0",), None)
    assert (in_vnet.hub, len(in_vnet.private_addresses)) == (None, 1)
    assert (managed.declared, managed.desired_ip_count) == ("managedNATGateway", 2)
    assert own.declared == "userAssignedNATGateway"
    assert {"mcr.microsoft.com", "*.data.mcr.microsoft.com"} <= {endpoint.domain for endpoint in endpoints}


def test_recorded_nat_gateway_with_a_prefix() -> None:
    """A NAT gateway with an address and a prefix, as the command line made it."""
    address, prefix, gateway, _ = (line["resp_body"] for line in recorded("nat_gateway_cli.jsonl"))
    network = READERS[ResourceKind.NAT_GATEWAYS]([gateway])
    (found,) = network.nat_gateways.values()

    assert READERS[ResourceKind.ADDRESSES]([address]).addresses
    assert READERS[ResourceKind.PREFIXES]([prefix]).prefixes
    assert (len(found.addresses), len(found.prefixes)) == (1, 1)


def test_a_proxys_password_is_not_shown() -> None:
    """The URL of an HTTP proxy may carry a password; what people see does not."""
    body = json.loads(json.dumps(CLUSTERS[0]))
    body["properties"]["httpProxyConfig"] = {"httpsProxy": "http://user:secret@proxy.example:3128/"}

    assert cluster_from_json(body).http_proxy == "http://proxy.example:3128"


@pytest.mark.parametrize(
    ("text", "size"), [("0.5 MB", 500_000), ("0 MB", 0), ("big", None), (None, None), ("1 GB", None)]
)
def test_sizes(text: str | None, size: int | None) -> None:
    """Azure's megabytes as bytes."""
    assert size_bytes_from(text) == size


def test_what_we_write_is_what_we_read() -> None:
    """Our own collections survive the way to JSON and back."""
    ours = [c for body in GROUPS for c in group_from_json(body).collections if c.kind == "application"]
    again = [
        group_from_json({"properties": {"ruleCollections": [json_from_collection(c)]}}).collections[0] for c in ours
    ]

    assert ours
    assert again == ours
