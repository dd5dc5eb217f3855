"""Public addresses that are handed out: the same one for the same resource, never twice."""

import hashlib
import ipaddress
from collections.abc import Iterable

from bot.sandbox.arm.ids import PUBLIC_IP
from bot.sandbox.arm.store import ResourceStore

_POOLS = {
    "IPv4": ipaddress.ip_network("20.64.0.0/12"),
    "IPv6": ipaddress.ip_network("2603:1020:206::/96"),
}
_PREFIXES = ipaddress.ip_network("68.154.0.0/16")


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


def allocate_prefix(key: str, length: int) -> str:
    """A block of public addresses for a prefix resource."""
    block = _hash(key) % 2 ** (length - _PREFIXES.prefixlen)
    return f"{_PREFIXES[block * 2 ** (32 - length)]}/{length}"


def _hash(key: str) -> int:
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4])
