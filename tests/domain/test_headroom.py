"""Clusters by their distance to where SNAT ports no longer suffice."""

import csv
import io
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.csv_text import csv_text
from bot.domain.egress import ClusterEgress, OutboundType, PathKind
from bot.domain.snat import nearest_first
from bot.domain.snat.tiers import LB_TIERS, tier_ports
from tests.domain.test_snat import egress

NAT: dict[str, Any] = {"kind": PathKind.NAT_GATEWAY, "declared": OutboundType.MANAGED_NAT_GATEWAY}
ROUTED: dict[str, Any] = {"kind": PathKind.FIREWALL, "declared": OutboundType.USER_DEFINED_ROUTING}


def named(name: str, made: ClusterEgress) -> ClusterEgress:
    """The same as another cluster."""
    return replace(made, ref=replace(made.ref, name=name, id=f"/subscriptions/s/{name}"))


@pytest.mark.parametrize(
    ("made", "room", "cliff", "todo"),
    [
        (egress(nodes=40), 10, "From 51 nodes on, every node drops from 1,024 to 512 ports.", "for 51 nodes"),
        (egress(nodes=40, most=60), -10, "From 51 nodes on", "for 60 nodes"),
        (egress(nodes=900), 100, "Beyond 1,000 nodes Azure's table ends.", "for 1001 nodes"),
        (egress(ips=2, nodes=100, ports=1000), 28, "Beyond 128 nodes the ports do not suffice.", "for 129 nodes"),
        (egress(nodes=60, **NAT), 3, "Beyond 63 nodes there are fewer than 1,024 ports", "for 64 nodes"),
        (egress(nodes=3, **ROUTED), 1, "Beyond 4 nodes", "its public IPs belong to the firewall"),
        (egress(ips=0, nodes=3), -3, "It has no outbound IP.", ""),
        (egress(kind=PathKind.APPLIANCE, nodes=3, declared=OutboundType.USER_DEFINED_ROUTING), None, "", ""),
    ],
)
def test_where_the_cliff_is(made: ClusterEgress, room: int | None, cliff: str, todo: str) -> None:
    """Each way out has its own; the command, or who can do it instead, goes with it."""
    (found,) = nearest_first([made])
    assert (found.room, found.cliff.startswith(cliff)) == (room, True), found.cliff
    assert todo in found.todo


def test_those_behind_one_firewall_share_its_ports() -> None:
    """Two clusters of three nodes are too many for the ports that suffice for four."""
    first, second = (named(name, egress(nodes=3, **ROUTED)) for name in ("a", "b"))
    assert [one.room for one in nearest_first([first, second])] == [-2, -2]
    (alone,) = nearest_first([first], [first, second])
    assert (alone.room, alone.sharing, alone.is_near) == (-2, 1, True)
    assert "those of 1 other cluster included" in alone.cliff


def test_the_nearest_comes_first() -> None:
    """What is over the cliff, then by distance, then what nobody knows."""
    some = [
        named("far", egress(nodes=3)),
        named("unknown", egress(kind=PathKind.APPLIANCE, declared=OutboundType.USER_DEFINED_ROUTING)),
        named("near", egress(nodes=49)),
        named("over", egress(nodes=49, most=70)),
    ]
    assert [one.egress.ref.name for one in nearest_first(some)] == ["over", "near", "far", "unknown"]


@given(nodes=st.integers(1, 999))
def test_up_to_the_cliff_nothing_changes_and_beyond_it_does(nodes: int) -> None:
    """By the table itself."""
    (found,) = nearest_first([egress(nodes=nodes)])
    assert found.room is not None
    assert tier_ports(nodes + found.room) == tier_ports(nodes)
    assert tier_ports(nodes + found.room + 1) < tier_ports(nodes)
    assert nodes + found.room <= LB_TIERS[-1][0]


@given(st.text(max_size=8))
def test_no_cell_is_a_formula(text: str) -> None:
    """Whatever a cluster, a tag or a person is called; numbers stay numbers."""
    _, row = csv.reader(io.StringIO(csv_text(["a", "b", "c"], [[text, [text, "x"], -3]]), newline=""))
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) for cell in row[:2])
    assert row[2] == "-3"
    assert row[0].removeprefix("'") == text.removeprefix("'")
