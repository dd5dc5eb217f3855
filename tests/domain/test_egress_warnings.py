"""Warnings, and that a plain cluster has none."""

from dataclasses import replace
from typing import Any

import pytest

from bot.domain.egress import NodePool, PathKind
from bot.domain.egress.facts import AzureNetwork, Route, RouteTable
from bot.domain.egress.resolve import resolve
from bot.domain.target import Target, TargetKind
from tests.domain.egress_facts import (
    NODES,
    OTHER_IP,
    PODS,
    POLICY,
    SUBNET,
    TABLE,
    cluster,
    codes,
    firewall,
    network,
    via,
)


@pytest.mark.parametrize(
    ("holder", "expected"), [("loadbalancers/kubernetes", True), ("applicationgateways/agw", False)]
)
def test_asymmetric_routing(holder: str, expected: bool) -> None:
    """A public service behind a routed cluster is warned about; an Application Gateway is not."""
    owner = f"{NODES}/providers/microsoft.network/{holder}"
    facts = network(route=via("10.0.0.4"), firewalls=(firewall(),))
    attached = replace(OTHER_IP, attached_to=f"{owner}/frontendipconfigurations/f")
    facts = replace(facts, addresses={**facts.addresses, attached.id: attached})
    egress = resolve(
        cluster(
            "userDefinedRouting", application_gateway=f"{NODES}/providers/microsoft.network/applicationgateways/agw"
        ),
        facts,
    )

    assert [ip.address for ip in egress.ingress] == [OTHER_IP.address]
    assert ("asymmetric" in codes(egress)) is expected


def test_routes_around_the_firewall() -> None:
    """A longer route to the internet goes around it; the firewall's own address is no such thing."""
    facts = network(route=via("10.0.0.4"), firewalls=(firewall(),))
    routes = (via("10.0.0.4"), Route("20.0.0.3/32", "Internet"), Route("AzureMonitor", "Internet"))
    egress = resolve(cluster("userDefinedRouting"), replace(facts, route_tables={TABLE: RouteTable(TABLE, routes)}))

    (warning,) = [w for w in egress.warnings if w.code == "bypass"]
    assert "AzureMonitor" in warning.sentence
    assert "20.0.0.3" not in warning.sentence


def test_ipv6_without_a_route() -> None:
    """A dual-stack cluster needs ::/0 as well."""
    facts = network(route=via("10.0.0.4"), firewalls=(firewall(),))
    dual = cluster("userDefinedRouting", ip_families=("IPv4", "IPv6"))
    routes = (via("10.0.0.4"), Route("::/0", "VirtualAppliance", ("fd00::4",)))

    assert "ipv6-not-routed" in codes(resolve(dual, facts))
    assert "ipv6-not-routed" not in codes(
        resolve(dual, replace(facts, route_tables={TABLE: RouteTable(TABLE, routes)}))
    )


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"state": "Updating"}, "converging"),
        ({"state": "Scaling"}, "converging"),
        ({"state": "Creating"}, "converging"),
        ({"state": "Failed"}, "failed"),
        ({"is_running": False}, "stopped"),
        ({"http_proxy": "http://proxy:3128"}, "http-proxy"),
        ({"declared": "wormhole"}, "unknown-outbound-type"),
        ({"effective": ()}, "no-addresses"),
        (
            {"pools": (NodePool("gw", SUBNET, count=2, mode="Gateway", gateway_prefix_size=30),)},
            "static-egress-gateway",
        ),
    ],
)
def test_warnings(changes: dict[str, Any], code: str) -> None:
    """Each fact is said once, with its code; a plain cluster has none."""
    assert codes(resolve(cluster(), network())) == []
    assert codes(resolve(replace(cluster(), **changes), network())) == [code]


def test_pools_with_different_targets_have_no_common_one() -> None:
    """A rule for the whole cluster would work for some pods only; a pool can be named."""
    facts = cluster(pools=(NodePool("np", SUBNET, count=3), NodePool("pods", SUBNET, PODS, count=3)))
    egress = resolve(facts, network(route=via("10.0.0.4"), firewalls=(firewall(),)))

    assert (egress.target(), egress.target("np")) == (None, Target(TargetKind.POLICY, POLICY))
    assert "split" in codes(egress)


def test_a_subnet_that_could_not_be_read() -> None:
    """Then the way out is unknown, and it does not pretend to be the load balancer."""
    egress = resolve(cluster(), AzureNetwork(unreadable={"virtualNetworks spoke": "no permission"}))

    assert egress.effective == (PathKind.UNKNOWN,)
    assert {"mismatch", "unreadable"} == set(codes(egress))
