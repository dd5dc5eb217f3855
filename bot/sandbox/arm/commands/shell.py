"""What the shell of the pod answers to the one command that this simulator knows: ``sh probe.sh``.

The script itself is not run. Its files say what it tries: ``targets`` has a line ``NUMBER KIND HOST PORT`` for each
host, ``echo`` the URL of an echo service.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from ipaddress import ip_network
from urllib.parse import urlsplit

from bot.sandbox.arm.commands.book import Command, Inside
from bot.sandbox.arm.egress import effective
from bot.sandbox.arm.ids import parse_id
from bot.sandbox.arm.links import reference
from bot.sandbox.arm.traffic.firewall import decide
from bot.sandbox.arm.traffic.flows import Flow, address_of
from bot.sandbox.arm.traffic.outcome import ALLOW, APPLICATION, Outcome
from bot.sandbox.arm.traffic.ways import subnet_of, way_out
from bot.sandbox.arm.wire import Json
from bot.sandbox.arm.world import World

LONGEST = 512 * 1024
"""Characters of output that are kept (https://learn.microsoft.com/azure/aks/access-private-cluster, read 2026-11)."""
APPLIANCE = "203.0.113.50"
"""The address behind an appliance that is no Azure Firewall."""
_TARGET = re.compile(r"(\d+) (https|http|tcp) (\S+) (\d+)")


def run(world: World, command: Command) -> tuple[int, str]:
    """The exit code and the output."""
    inside = world.commands.inside(command.cluster)
    if command.text != "sh probe.sh" or "probe.sh" not in command.files:
        return 127, f"sh: 1: {command.text.split(' ', 1)[0]}: not found\n"
    said = [*_chatter(inside), *_lines(world, command, inside)]
    return 0, "".join(f"{line}\n" for line in said)[:LONGEST]


def _chatter(inside: Inside) -> Iterator[str]:
    yield from ["x" * 1023] * inside.chatter_kb


def _lines(world: World, command: Command, inside: Inside) -> Iterator[str]:
    if inside.proxy:
        yield "egress-probe proxy yes"
    if "echo" in command.files:
        yield f"egress-probe echo {_echo(world, command, inside) if inside.curl else 'none'}"
    for number, kind, host, port in _TARGET.findall(command.files.get("targets", "")):
        yield f"egress-probe attempt {number} {_attempt(world, command, inside, (kind, host, int(port)))}"
    yield "egress-probe end"


def _echo(world: World, command: Command, inside: Inside) -> str:
    url = urlsplit(command.files["echo"])
    outcome = _decided(world, command, ("https", url.hostname or "", url.port or 443))
    if outcome.action != ALLOW:
        return "-"
    return inside.address or outside_address(world, command.cluster)


def _attempt(world: World, command: Command, inside: Inside, target: tuple[str, str, int]) -> str:
    kind, host, _port = target
    if not (inside.curl and kind != "tcp") and not inside.bash:
        return "none 0"
    is_curl = inside.curl and kind != "tcp"
    if host.endswith(".invalid"):
        return "curl 6 000" if is_curl else "tcp 6"
    outcome = _decided(world, command, target)
    is_open = host in inside.reaches or (outcome.action == ALLOW and host not in inside.misses)
    if not is_curl:
        return "tcp 0" if is_open else "tcp 124"
    if is_open:
        return f"curl 0 200 {address_of(host)}"
    if outcome.kind == APPLICATION and host not in inside.misses:
        return f"curl {'35 000' if kind == 'https' else '0 470'} {address_of(host)}"
    return "curl 28 000"


def _decided(world: World, command: Command, target: tuple[str, str, int]) -> Outcome:
    """What the firewall does with one request of the pod, which runs on the first node."""
    kind, host, port = target
    start = datetime(2026, 1, 1, tzinfo=UTC)
    has_sni = kind == "https"
    flow = Flow("probe", command.cluster, host, port, kind, 1, start, None, has_sni, address_of(host), 0, 0)
    return decide(world, flow)


def outside_address(world: World, cluster: str) -> str:
    """The address that the world sees of a cluster."""
    body = world.view_key(cluster) or {"properties": {"networkProfile": {"outboundType": "none"}}}
    way = way_out(world, cluster, address="198.18.0.1")
    found = [*_of_firewall(world, way.firewall), *_of_profile(world, body), *_of_gateway(world, body)]
    return found[0] if found else APPLIANCE


def _of_firewall(world: World, firewall: str) -> Iterator[str]:
    inner = (world.view_key(firewall) or {"properties": {}})["properties"]
    for each in inner.get("ipConfigurations") or ():
        yield from _addresses(world, reference(each, "publicIPAddress"))
    hub = (inner.get("hubIPAddresses") or {}).get("publicIPs") or {}
    yield from (str(one["address"]) for one in hub.get("addresses") or ())


def _of_profile(world: World, cluster: Json) -> Iterator[str]:
    for target in effective(cluster["properties"]["networkProfile"]):
        yield from _addresses(world, target.lower())


def _of_gateway(world: World, cluster: Json) -> Iterator[str]:
    """Of a NAT gateway on the first node's subnet."""
    subnet = parse_id(subnet_of(cluster, 0))
    inside = world.view(subnet) if subnet else None
    gateway = world.view_key(reference(inside, "natGateway")) if inside else None
    inner = (gateway or {"properties": {}})["properties"]
    for each in (*(inner.get("publicIpAddresses") or ()), *(inner.get("publicIpPrefixes") or ())):
        yield from _addresses(world, str(each["id"]).lower())


def _addresses(world: World, key: str) -> Iterator[str]:
    inner = (world.view_key(key) or {"properties": {}})["properties"]
    if inner.get("ipAddress"):
        yield str(inner["ipAddress"])
    elif inner.get("ipPrefix"):
        yield str(ip_network(inner["ipPrefix"])[0])
