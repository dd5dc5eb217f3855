"""How many ports and connections a resource uses in a minute: a steady everyday use, and scripted traffic on top.

A connection holds its port for four minutes. A pod runs on one node, so its traffic takes ports of that node alone.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from math import pi, sin
from typing import Protocol

from bot.sandbox.arm.ids import BALANCER, FIREWALL, NAT, ResourceId
from bot.sandbox.arm.metrics import places
from bot.sandbox.arm.metrics.flows import PortFlow, flows_of
from bot.sandbox.arm.wire import Json
from bot.sandbox.arm.world import World

MINUTE = timedelta(minutes=1)
HELD = 4
"""Minutes for which a connection holds its port."""

NAT_CONNECTIONS_PER_IP = 50_000
FIREWALL_PORTS_PER_IP = 2 * 2496
"""Of the two instances that a firewall has at least."""


@dataclass(frozen=True, slots=True)
class Row:
    """One value of a minute, with everything by which it can be split."""

    value: float
    dimensions: Mapping[str, str] = field(default_factory=dict)


class Load(Protocol):
    """What happens on a resource."""

    def rows(self, metric: str, minute: datetime) -> Iterator[Row]:
        """The values of a metric in one minute; none where nothing happens."""
        ...

    def busy(self, start: datetime, end: datetime) -> Sequence[datetime]:
        """The minutes in which scripted traffic makes a difference."""
        ...


def load_of(world: World, rid: ResourceId) -> Load:
    """What happens on a resource now and before."""
    body = world.view(rid) or {"properties": {}}
    if rid.type_key == BALANCER:
        return _Balancer(world, rid, body)
    if rid.type_key == NAT:
        return _Gateway(world, body)
    return _Firewall(world, body) if rid.type_key == FIREWALL else _Nothing()


class _Nothing:
    def rows(self, _metric: str, _minute: datetime) -> Iterator[Row]:
        yield from ()

    def busy(self, _start: datetime, _end: datetime) -> Sequence[datetime]:
        return ()


class _Scripted:
    """Traffic of some clusters."""

    def __init__(self, world: World, clusters: Sequence[Json]) -> None:
        self._clusters = [one for one in clusters if _is_running(one)]
        self._flows = [flow for one in self._clusters for flow in flows_of(world, one["id"])]

    def busy(self, start: datetime, end: datetime) -> Sequence[datetime]:
        """Every minute from the beginning of a flow until its last port is free again."""
        found: set[datetime] = set()
        for flow in self._flows:
            at = max(start, _minute(flow.since))
            last = min(end, flow.until + HELD * MINUTE)
            while at < last:
                found.add(at)
                at += MINUTE
        return sorted(found)

    def _held(self, minute: datetime, flows: Sequence[PortFlow]) -> float:
        """The ports that flows would hold in a minute."""
        return sum(flow.rate * _age(flow, minute) for flow in flows)


class _Balancer(_Scripted):
    def __init__(self, world: World, rid: ResourceId, body: Json) -> None:
        super().__init__(world, places.leaving(world).by_group[f"{rid.subscription}/{rid.group}".lower()])
        self._nodes = [node for one in self._clusters for node in places.nodes(world, one)]
        self._frontends = places.frontends(world, body)
        ports = places.allocated_ports(body, len(self._nodes))
        self._ports = ports // max(1, len(self._frontends)) // 8 * 8

    def rows(self, metric: str, minute: datetime) -> Iterator[Row]:
        """The ports of each node and frontend for each protocol, or its connections by how they ended."""
        for number, node in enumerate(self._nodes):
            mine = [flow for flow in self._flows if flow.node % len(self._nodes) == number]
            for frontend in self._frontends:
                where = {"BackendIPAddress": node, "FrontendIPAddress": frontend}
                yield from self._of_frontend(metric, minute, mine, where)

    def _of_frontend(
        self, metric: str, minute: datetime, flows: Sequence[PortFlow], where: Mapping[str, str]
    ) -> Iterator[Row]:
        usual = self._ports * _share(where["BackendIPAddress"] + where["FrontendIPAddress"], minute)
        for protocol, base in (("TCP", usual), ("UDP", usual / 20)):
            mine = [flow for flow in flows if flow.protocol == protocol]
            wanted = base + self._held(minute, mine) / len(self._frontends)
            yield from self._of_protocol(metric, wanted, {**where, "ProtocolType": protocol})

    def _of_protocol(self, metric: str, wanted: float, where: Mapping[str, str]) -> Iterator[Row]:
        ports = {**where, "IsAwaitingRemoval": "False"}
        if metric == "AllocatedSnatPorts":
            yield Row(self._ports, ports)
        elif metric == "UsedSnatPorts":
            yield Row(min(self._ports, round(wanted)), ports)
        else:
            fitted = min(float(self._ports), wanted)
            yield Row(round(fitted / HELD), {**where, "ConnectionState": "Successful"})
            if wanted > self._ports:
                yield Row(round((wanted - self._ports) / HELD), {**where, "ConnectionState": "Failed"})


class _Gateway(_Scripted):
    def __init__(self, world: World, body: Json) -> None:
        subnets = {one["id"].lower() for one in body["properties"].get("subnets", [])}
        found = [one for subnet in sorted(subnets) for one in places.leaving(world).by_subnet[subnet]]
        super().__init__(world, list({one["id"]: one for one in found}.values()))
        inner = body["properties"]
        self._ips = len([*inner.get("publicIpAddresses", ()), *inner.get("publicIpPrefixes", ())])
        self._key = str(body.get("id", ""))

    def rows(self, metric: str, minute: datetime) -> Iterator[Row]:
        """Connections by protocol and outcome; what does not fit fails, and its packets are dropped."""
        if not self._clusters:
            return
        most = NAT_CONNECTIONS_PER_IP * self._ips
        wanted = 4_000 * _share(self._key, minute) + self._held(minute, self._flows)
        failed = max(0.0, wanted - most)
        values: Mapping[str, tuple[tuple[float, Mapping[str, str]], ...]] = {
            "TotalConnectionCount": ((min(wanted, most), {"Protocol": "6"}), (wanted / 50, {"Protocol": "17"})),
            "SNATConnectionCount": (
                (wanted / HELD, {"Protocol": "6", "ConnectionState": "Attempted"}),
                (failed / HELD, {"Protocol": "6", "ConnectionState": "Failed"}),
            ),
            "PacketDropCount": ((failed, {}),),
            "DatapathAvailability": ((100.0, {}),),
        }
        yield from (Row(round(value), where) for value, where in values[metric])


class _Firewall(_Scripted):
    def __init__(self, world: World, body: Json) -> None:
        subscription = str(body.get("id", "//")).split("/")[2].lower()
        hops = places.leaving(world).by_hop
        found = [one for hop in sorted(places.private_ips(body)) for one in hops[subscription, hop]]
        super().__init__(world, list({one["id"]: one for one in found}.values()))
        self._ports, self._key = FIREWALL_PORTS_PER_IP * places.public_ips(body), str(body.get("id", ""))

    def rows(self, metric: str, minute: datetime) -> Iterator[Row]:
        """The share of its ports in use; above 95 % it is degraded."""
        usual = 100 * _share(self._key, minute)
        tcp = min(100.0, usual + 100 * self._held(minute, self._flows) / self._ports)
        if metric == "SNATPortUtilization":
            yield Row(round(tcp, 1), {"Protocol": "TCP"})
            yield Row(round(usual / 20, 1), {"Protocol": "UDP"})
        elif tcp > 95:
            yield Row(50, {"Status": "Degraded", "Reason": "SNAT port"})
        else:
            yield Row(100, {"Status": "Healthy", "Reason": ""})


def _share(key: str, minute: datetime) -> float:
    """The everyday use of something, from 5 % to 45 % of what there is, in a daily wave."""
    digest = _digest(key)
    middle = 0.08 + 0.22 * digest[0] / 255
    day = (minute.hour * 60 + minute.minute) / 1440
    return middle * (1 + 0.4 * sin(2 * pi * (day + digest[1] / 2550)))


@lru_cache(maxsize=65_536)
def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


def _age(flow: PortFlow, minute: datetime) -> float:
    """For how many of the last minutes a flow opened connections whose ports are still held."""
    begins, ends = _minute(flow.since), flow.until
    first = max(begins, minute - (HELD - 1) * MINUTE)
    last = min(ends, minute + MINUTE)
    return max(0.0, min(float(HELD), (last - first) / MINUTE))


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _is_running(cluster: Json) -> bool:
    return str((cluster["properties"].get("powerState") or {}).get("code", "Running")) == "Running"
