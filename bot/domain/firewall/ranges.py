"""Sets of IP addresses as sorted, disjoint spans of integers, IPv6 above IPv4 on one line.

The forms of an address in a rule: https://learn.microsoft.com/azure/firewall/policy-rule-sets and
https://learn.microsoft.com/azure/firewall/ip-groups (both read 2026-11).
"""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network, summarize_address_range

from bot.domain.phrases import listed

Spans = tuple[tuple[int, int], ...]

_IPV6_OFFSET = 1 << 40
EVERYTHING: Spans = ((0, _IPV6_OFFSET + (1 << 128) - 1),)
IPV4: Spans = ((0, (1 << 32) - 1),)


def _position(address: IPv4Address | IPv6Address) -> int:
    return int(address) + (_IPV6_OFFSET if address.version == 6 else 0)


@lru_cache(maxsize=65536)
def spans_from_text(text: str) -> Spans | None:
    """Read ``*``, an address, a CIDR range or a range ``a-b``.

    Args:
        text: As written in a rule; host bits in a CIDR range are ignored, as Azure does.

    Returns:
        The addresses, or None if the text is something else, such as a service tag.
    """
    if text == "*":
        return EVERYTHING
    try:
        if "/" in text:
            network = ip_network(text.strip(), strict=False)
            return ((_position(network.network_address), _position(network.broadcast_address)),)
        first, _, last = text.partition("-")
        low, high = ip_address(first.strip()), ip_address((last or first).strip())
    except ValueError:
        return None
    return ((_position(low), _position(high)),) if low.version == high.version and int(low) <= int(high) else None


@lru_cache(maxsize=4096)
def port_span(text: str) -> tuple[int, int]:
    """Read the destination ports of a network rule: one, ``a-b`` or ``*``."""
    if text == "*":
        return 0, 65535
    first, _, last = text.partition("-")
    return int(first), int(last or first)


def union(spans: Iterable[tuple[int, int]]) -> Spans:
    """Sort and join spans that overlap or touch."""
    joined: list[tuple[int, int]] = []
    for low, high in sorted(spans):
        if joined and low <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
        else:
            joined.append((low, high))
    return tuple(joined)


def overlap(left: Spans, right: Spans) -> Spans:
    """The addresses in both."""
    if left is right:
        return left
    both = [(max(a, c), min(b, d)) for a, b in left for c, d in right if a <= d and c <= b]
    return tuple(sorted(both))


def without(left: Spans, right: Spans) -> Spans:
    """The addresses of ``left`` that are not in ``right``."""
    if left is right or not left:
        return ()
    rest = list(left)
    for low, high in right:
        rest = [piece for a, b in rest for piece in _cut(a, b, low, high)]
    return tuple(rest)


def _cut(a: int, b: int, low: int, high: int) -> tuple[tuple[int, int], ...]:
    if high < a or b < low:
        return ((a, b),)
    return (((a, low - 1),) if a < low else ()) + (((high + 1, b),) if high < b else ())


def text_from_spans(spans: Spans, *, at_most: int = 3) -> str:
    """Write spans as CIDR ranges for a sentence, the first ``at_most`` of them."""
    if spans == EVERYTHING:
        return "every address"
    texts = [str(network) for low, high in spans for network in _networks(low, high)]
    return listed(texts, at_most)


def _networks(low: int, high: int) -> list[object]:
    if low < _IPV6_OFFSET:
        return list(summarize_address_range(IPv4Address(low), IPv4Address(min(high, IPV4[0][1]))))
    return list(summarize_address_range(IPv6Address(low - _IPV6_OFFSET), IPv6Address(high - _IPV6_OFFSET)))
