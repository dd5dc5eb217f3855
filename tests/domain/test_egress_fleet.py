"""The fleet: which cluster has a name, and which leaves by an address."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.domain.egress import Fleet, NodePool, OutboundIp, OutboundType
from bot.domain.egress.resolve import resolve
from bot.domain.egress.values import outbound_type_from
from tests.domain.egress_facts import LB_IP, NODE_PREFIX, REF, cluster, network

FLEET = Fleet((resolve(cluster(), network()),), datetime(2026, 11, 1, tzinfo=UTC))


@pytest.mark.parametrize("name", ["aks", "AKS", " aks ", REF.id, REF.id.upper(), REF.id + "/"])
def test_named(name: str) -> None:
    """Names and ids are found whatever their case; a part of a name is not a name."""
    assert [entry.ref for entry in FLEET.named(name)] == [REF]
    assert FLEET.named(name.strip()[:2]) == ()


def test_leaving_by_an_address_or_a_prefix() -> None:
    """An address in an own prefix belongs to the cluster that has the prefix."""
    own = (NODE_PREFIX.id,)
    (by_prefix,) = resolve(cluster(effective=own, own=own), network()).ips
    by_address = FLEET.clusters[0].ips
    assert any(ip.covers(str(LB_IP.address)) for ip in by_address)
    assert not any(ip.covers(text) for ip in by_address for text in ("20.0.0.99", "2001:db8::1"))
    assert (by_prefix.covers("20.1.0.15"), by_prefix.covers("20.1.0.16")) == (True, False)


@pytest.mark.parametrize("name", [*OutboundType, *(t.upper() for t in OutboundType)])
def test_outbound_types_in_any_case(name: str) -> None:
    """Azure's casing varies."""
    found = outbound_type_from(name)
    assert found is not None
    assert found.lower() == name.lower()


def test_an_unknown_outbound_type() -> None:
    """It is no type of ours."""
    assert outbound_type_from("wormhole") is None


def test_tags_are_found_in_any_case() -> None:
    """Azure compares tag names without case."""
    assert (REF.tag("env"), REF.tag("ENV"), REF.tag("owner")) == ("prod", "prod", None)


def test_distinct_addresses_in_order() -> None:
    """Each address once, by number and not by text, IPv4 before IPv6."""
    egress = resolve(cluster(), network())
    texts = ["2001:db8::1", "20.0.0.10", "20.0.0.9", "20.0.0.10"]
    ips = tuple(OutboundIp(text, 6 if ":" in text else 4, None, "own") for text in texts)
    path = replace(egress.paths[0], ips=ips)

    found = replace(egress, paths=(path, path)).ips
    assert [ip.address for ip in found] == ["20.0.0.9", "20.0.0.10", "2001:db8::1"]


@pytest.mark.parametrize(
    ("surge", "expected"), [(None, 1), ("2", 2), ("10%", 1), ("33%", 4), ("100%", 10), ("0", 0), ("many", 1), ("%", 1)]
)
def test_surge(surge: str | None, expected: int) -> None:
    """Numbers, percentages rounded up, and AKS's default for anything else."""
    assert NodePool("np", count=5, max_count=10, autoscaling=True, max_surge=surge).surge_nodes == expected


def test_nodes_of_a_pool() -> None:
    """A stopped pool has no nodes now; without an autoscaler the count is the most."""
    pool = NodePool("np", count=5, max_count=10)

    assert (pool.nodes, pool.max_nodes) == (5, 5)
    assert NodePool("np", count=5, is_running=False).nodes == 0
