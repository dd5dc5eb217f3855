"""The answers of `list`, `show` and `whois`."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from bot import inventory
from bot.errors import InvalidInput
from handlers import actions, commands
from handlers.blocks.clusters import egress_facts, egress_json
from handlers.replies import Ephemeral, File, Reply
from tests.azure.stage import cluster_id
from tests.blockkit import assert_valid
from tests.build import DEV, World, make_world
from tests.listeners.calling import pressed, text_of, typed


@pytest.fixture
def world(sqlite_url: str) -> Iterator[World]:
    """A world at rest; what is stored is tested on both databases elsewhere."""
    made = make_world(sqlite_url)
    yield made
    made.store.close()


def shown(world: World, name: str) -> str:
    """The card of a cluster as one string."""
    return text_of(commands.show(world.ctx, typed(DEV, name)))


def change(world: World, name: str, **network: Any) -> None:
    """Change a cluster's properties by hand."""
    body = world.arm.state()["resources"][cluster_id(name)]
    profile = network.pop("networkProfile", {})
    body["properties"]["networkProfile"] |= profile
    body["properties"] |= network
    world.arm.put_resource(cluster_id(name), body)


CARDS = {
    "aks-lb": [
        "leaves through 20.126.14.246",
        "64,000 (1 IP, 64,000 each)",
        "3 now, autoscaler maximum 10, 1 more in an upgrade",
        "39 more nodes at 1,024 ports each",
        "50 → 51 nodes: 1,024 → 512 ports each",
        "Idle timeout*\\n30 minutes",
        "Ingress IPs",
        "20.31.208.171",
    ],
    "aks-lb-own": ["2 yours, 4 from prefixes", "20.105.64.16/30", "384,000 (6 IPs, 64,000 each)", "44 more nodes"],
    "aks-lb-dual": ["2603:1020:206:9::14", "20.126.15.20"],
    "aks-natgateway": ["129,024 (2 IPs, 64,512 each)", "20.61.131.120", "load balancer", "SKU Standard"],
    "aks-natgateway-v2": ["SKU StandardV2"],
    "aks-usernat": ["`work`: The subnet has the NAT gateway nat-work. `20.93.7.6`", "SNAT ports of nat-system"],
    "aks-udr": [
        "2,496 each on each of 2 instances or more",
        "Asymmetric routing",
        "Application Gateway",
        "Rules: `hub-policy`",
        "show_endpoints",
    ],
    "aks-udr-agic": ["Application Gateway, agw-publicip"],
    "aks-udr-classic": ["Rules: `legacy-firewall`"],
    "aks-udr-nva": ["no public IP known", "unknown appliance", "Ask its owner"],
    "aks-vwan": ["Azure Firewall of a virtual hub", "20.103.8.41"],
    "aks-none": ["may leave through an address that Azure chooses", "*Declared* `none`"],
    "aks-block": ["AKS denies all outbound traffic", "*effective* blocked"],
}


@pytest.mark.parametrize("name", list(CARDS))
def test_each_fixed_cluster_reads_well(world: World, name: str) -> None:
    """The answer, the reason, the capacity with its units, the warnings."""
    card = shown(world, name)
    for words in CARDS[name]:
        assert words in card, card


def test_while_azure_changes_the_cluster(world: World) -> None:
    """Right below the answer: converging, and how many are wanted."""
    change(world, "aks-lb", provisioningState="Updating")
    card = shown(world, "aks-lb")

    assert "Converging: Azure is changing the cluster (Updating)" in card
    assert "Target: 1 IPv4 managed" in card
    assert card.index("Converging") < card.index("*Declared*")


def test_proxies_private_clusters_and_pools_of_their_own_kind(world: World) -> None:
    """An HTTP proxy without its password, a private API server, node public IPs, a static egress gateway."""
    body = world.arm.state()["resources"][cluster_id("aks-lb")]
    first = body["properties"]["agentPoolProfiles"][0]
    pools = [
        first,
        first | {"name": "open", "mode": "User", "enableNodePublicIP": True},
        first | {"name": "gate", "mode": "Gateway", "gatewayProfile": {"publicIPPrefixSize": 30}},
    ]
    change(
        world,
        "aks-lb",
        agentPoolProfiles=pools,
        httpProxyConfig={"httpsProxy": "http://bob:secret@proxy.corp:3128"},
        apiServerAccessProfile={"enablePrivateCluster": True},
    )
    card = shown(world, "aks-lb")

    assert "HTTP proxy `http://proxy.corp:3128`" in card
    assert "secret" not in card
    assert "private API server" in card
    assert "public IPs of the nodes" in card
    assert "Static egress gateway: namespaces that use gate (/30)" in card


def test_an_address_that_serves_both(world: World) -> None:
    """It is marked on both sides."""
    balancer = next(
        (key, body)
        for key, body in world.arm.state()["resources"].items()
        if key.endswith("/loadbalancers/kubernetes") and "aks-lb_" in key
    )
    key, body = balancer
    out = next(f for f in body["properties"]["frontendIPConfigurations"] if f["properties"].get("outboundRules"))
    rule = body["properties"]["loadBalancingRules"][0]
    rule["properties"]["frontendIPConfiguration"] = {"id": out["id"]}
    out["properties"]["loadBalancingRules"] = [{"id": rule["id"]}]
    world.arm.put_resource(key, body)
    card = shown(world, "aks-lb")

    assert "Egress *and* ingress: `20.126.14.246`" in card
    assert "also an egress IP" in card


def test_near_exhaustion_is_one_line(world: World) -> None:
    """Each warning says what to do, on the card, in the list and for the filter."""
    body = world.arm.state()["resources"][cluster_id("aks-lb")]
    pool = body["properties"]["agentPoolProfiles"][0] | {"count": 48, "maxCount": 60, "enableAutoScaling": True}
    change(world, "aks-lb", agentPoolProfiles=[pool])
    card = shown(world, "aks-lb")

    assert "Near exhaustion: growing from 48 to 66 nodes passes 51" in card
    assert "Allocate ports explicitly, or move to a NAT gateway" in card
    listed = text_of(commands.list_(world.ctx, typed(DEV, "warning:snat")))
    assert "1 of 13 clusters" in listed
    assert "near exhaustion" in listed


def test_the_endpoints_of_a_cluster(world: World) -> None:
    """As a form of show, by the button, and folded into one line of the card once they were checked."""
    assert "required endpoints of AKS" not in shown(world, "aks-udr")
    whole = text_of(commands.show(world.ctx, typed(DEV, "aks-udr endpoints")))
    assert "all of 13 endpoints accounted for" in whole
    assert "8 by the FQDN tag (fqdn), 5 by rules" in shown(world, "aks-udr")

    pressed_ = text_of(actions.show_endpoints(world.ctx, pressed(DEV, cluster=cluster_id("aks-vwan"))))
    assert "1 of 13 missing" in pressed_
    assert "DNS proxy is off" in pressed_
    assert "blocks endpoints that AKS itself needs: `ntp.ubuntu.com` (UDP 123)" in shown(world, "aks-vwan")


KEYS = {
    "cluster", "environment", "read_at", "state", "is_converging", "is_running", "is_private", "outbound_type",
    "effective", "managed_ips_wanted", "nat_sku", "http_proxy", "idle_timeout_s", "outbound_ips", "ingress_ips",
    "node_pools", "snat", "snat_use", "paths", "required_endpoints", "allowances", "warnings",
}  # fmt: skip


@pytest.mark.parametrize("name", list(CARDS))
def test_the_same_facts_for_programs(world: World, name: str) -> None:
    """Every documented key is there for every cluster, and the documentation names every key."""
    inventory.sweep_endpoints(world.ctx)
    found = json.loads(egress_json(inventory.show(world.ctx, DEV, name)))

    assert set(found) == KEYS
    assert all(f"``{key}``" in (egress_facts.__doc__ or "") for key in KEYS)
    assert [ip["address"] for ip in found["outbound_ips"]] == [
        address for path in found["paths"] for address in path["outbound_ips"]
    ]
    assert (found["required_endpoints"] is not None) == (
        name in ("aks-udr", "aks-udr-agic", "aks-udr-classic", "aks-vwan")
    )


def test_a_long_plain_list_is_a_file(world: World) -> None:
    """Nothing is folded away."""
    ids = []
    body = world.arm.state()["resources"]
    key, one = next((k, b) for k, b in body.items() if b.get("properties", {}).get("ipAddress") == "20.101.33.10")
    for number in range(250):
        id_ = key.replace("egress-ip-1", f"many-{number}")
        properties = one["properties"] | {"ipAddress": f"20.200.{number // 200}.{number % 200 + 1}"}
        world.arm.put_resource(id_, one | {"id": id_, "name": f"many-{number}", "properties": properties})
        ids.append({"id": id_})
    balancer = {"effectiveOutboundIPs": ids, "outboundIPs": {"publicIPs": ids}}
    change(world, "aks-lb-own", networkProfile={"loadBalancerProfile": balancer})

    file = commands.show(world.ctx, typed(DEV, "aks-lb-own ips"))
    assert isinstance(file, tuple)
    assert isinstance(file[0], File)
    assert len(file[0].content.split()) == 250
    card = shown(world, "aks-lb-own")
    assert "and 230 more" in card
    assert "`/egress show aks-lb-own ips`" in card


def test_the_list_says_how_old_it_is(world: World) -> None:
    """And which page."""
    listed = text_of(commands.list_(world.ctx, typed(DEV)))

    assert "Page 1 of 2. Read from Azure <!date^" in listed
    assert "None of the 13 clusters" in text_of(commands.list_(world.ctx, typed(DEV, "nosuch")))


def said(reply: Reply | tuple[Reply, ...]) -> str:
    """The text of an answer."""
    assert isinstance(reply, Ephemeral)
    assert_valid(reply.message, "message")
    return f"{reply.message.text} {list(reply.message.blocks)}"


def test_whose_an_address_is(world: World) -> None:
    """Egress, shared egress, ingress alone, nobody's, and at a date."""

    def asked(words: str) -> str:
        return said(commands.whois(world.ctx, typed(DEV, words)))

    assert "1 cluster leaves through `20.126.14.246`" in asked("20.126.14.246")
    assert "They share it" in asked("13.95.91.166")
    ingress = asked("20.31.208.171")
    assert "No cluster you can see leaves" in ingress
    assert "`aks-lb` is *reached* through it" in ingress
    assert "Records begin" in asked("8.8.8.8")
    world.tick(timedelta(days=2))
    assert "1 cluster left through `20.126.14.246` on <!date^" in asked("20.126.14.246 at 2026-11-03")
    assert "until now" in asked("20.126.14.246 2026-11-03 10:00")
    assert "according to the records" in asked("20.126.14.246 at 2025-01-01")


@pytest.mark.parametrize(
    "words", ["", "20.1.1.1 at", "20.1.1.1 at 2026-11-01 10:00 sharp", "20.1.1.1 at noon", "10.0.0.1"]
)
def test_questions_that_are_none(world: World, words: str) -> None:
    """Each is answered with how to ask."""
    with pytest.raises(InvalidInput):
        commands.whois(world.ctx, typed(DEV, words))
