"""Public addresses that are handed out: the same one for the same resource, never twice."""

import hashlib
import ipaddress
from collections.abc import Iterable

from bot.sandbox.arm.ids import PREFIX, PUBLIC_IP
from bot.sandbox.arm.store import ResourceStore
from bot.sandbox.arm.wire import Json

_BITS_V4 = 32

_POOLS = {
    "IPv4": ipaddress.ip_network("20.64.0.0/12"),
    "IPv6": ipaddress.ip_network("2603:1020:206::/96"),
}
_BLOCKS = {
    4: ipaddress.ip_network("68.154.0.0/16"),
    6: ipaddress.ip_network("2603:1020:300::/112"),
}


def allocate(store: ResourceStore, key: str, version: str, *, reserved: Iterable[str] = ()) -> str:
    """A free public address for a resource.

    Args:
        store: Where addresses in use are looked up.
        key: The resource's lower-case id.
        version: IPv4 or IPv6.
        reserved: Addresses that running operations have handed out already.
    """
    used = {str(body["properties"].get("ipAddress")) for body in store.of_type(PUBLIC_IP).values()} | set(reserved)
    pool = _POOLS[version]
    start = _hash(key)
    return next(
        address
        for offset in range(pool.num_addresses)
        if (address := str(pool[(start + offset) % pool.num_addresses])) not in used
    )


def allocate_inside(store: ResourceStore, block: str, *, reserved: Iterable[str] = ()) -> str | None:
    """A free address of a prefix; None where all are handed out. Every address of a public prefix can be used."""
    used = {str(body["properties"].get("ipAddress")) for body in store.of_type(PUBLIC_IP).values()} | set(reserved)
    return next((str(address) for address in ipaddress.ip_network(block) if str(address) not in used), None)


def allocate_prefix(store: ResourceStore, key: str, length: int) -> str:
    """A free block of public addresses for a prefix resource, of either version by its length."""
    pool = _BLOCKS[4 if length <= _BITS_V4 else 6]
    used = [ipaddress.ip_network(body["properties"]["ipPrefix"]) for body in _prefixes(store)]
    count = 2 ** (length - pool.prefixlen)
    start = _hash(key) % count
    size = 2 ** (pool.max_prefixlen - length)
    blocks = (f"{pool[(start + offset) % count * size]}/{length}" for offset in range(count))
    return next(block for block in blocks if not any(_overlap(block, other) for other in used))


def _prefixes(store: ResourceStore) -> list[Json]:
    return [body for body in store.of_type(PREFIX).values() if body["properties"].get("ipPrefix")]


def _overlap(block: str, other: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    mine = ipaddress.ip_network(block)
    return mine.version == other.version and mine.overlaps(other)


def _hash(key: str) -> int:
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4])
