"""What a probe's command said: its output as values."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address

from bot.domain.fqdn import Destination, Protocol


class Reach(StrEnum):
    """How one attempt ended.

    ``REACHED``: connected, over https with a verified certificate. ``CONNECTED``: only a TCP connection was made, which
    a firewall's proxy accepts before it has seen the name. ``UNVERIFIED``: connected, and the certificate is
    not one that the image trusts. ``DENIED``: Azure Firewall's own HTTP answer. ``CUT``: closed during the handshake or
    before an answer. ``REFUSED``: no connection, and somebody said so. ``SILENT``: nobody answered in time.
    ``UNRESOLVED``: the name has no address there. ``UNTESTED``: nothing was tried.
    """

    REACHED = "reached"
    CONNECTED = "connected"
    UNVERIFIED = "unverified"
    DENIED = "denied"
    CUT = "cut"
    REFUSED = "refused"
    SILENT = "silent"
    UNRESOLVED = "unresolved"
    UNTESTED = "untested"


@dataclass(frozen=True, slots=True)
class ConnectionAttempt:
    """One destination, tried from inside.

    Args:
        destination: Which.
        reach: How it ended.
        address: The address that was connected to; empty where none is known.
        status: The HTTP status; 0 without one.
    """

    destination: Destination
    reach: Reach
    address: str = ""
    status: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that a probe saw.

    Args:
        attempts: One for each destination, in order.
        address: The address that the echo service saw; empty where it was not asked or gave none.
        is_complete: Whether the output is whole; it is cut where the cluster says more than Azure hands on.
        is_proxied: Whether the pod is told to use an HTTP proxy, so that a firewall sees the proxy only.
    """

    attempts: tuple[ConnectionAttempt, ...]
    address: str = ""
    is_complete: bool = True
    is_proxied: bool = False


DENIED_STATUS = 470
"""The HTTP status of Azure Firewall's denial.

Source: https://learn.microsoft.com/azure/firewall/firewall-faq, read 2026-11.
"""

_CURL = {
    0: Reach.REACHED,
    5: Reach.UNRESOLVED,
    6: Reach.UNRESOLVED,
    7: Reach.REFUSED,
    28: Reach.SILENT,
    35: Reach.CUT,
    51: Reach.UNVERIFIED,
    52: Reach.CUT,
    55: Reach.CUT,
    56: Reach.CUT,
    60: Reach.UNVERIFIED,
}
"""Exit codes of curl (https://curl.se/libcurl/c/libcurl-errors.html, read 2026-11); any other tested nothing."""

_TCP = {0: Reach.REACHED, 1: Reach.REFUSED, 6: Reach.UNRESOLVED, 124: Reach.SILENT}
"""Exit codes of the script's own TCP attempt; 124 is ``timeout``'s."""

_LINE = re.compile(r"egress-probe attempt (\d{1,2}) (curl|tcp|none) (\d{1,3})(?: (\d{3}))?(?: ([0-9a-fA-F.:]{2,45}))?")
_ECHO_LINE = re.compile(r"egress-probe echo ([0-9a-fA-F.:]{2,45})")


def read_report(output: str, destinations: Sequence[Destination]) -> Report:
    """Read the output of the script; lines of anybody else are passed over.

    Args:
        output: As Azure hands it on, at most 512 kB.
        destinations: In the order in which they were asked for.
    """
    lines = [line.strip() for line in output.splitlines()]
    found = {int(match[1]): match for line in reversed(lines) if (match := _LINE.fullmatch(line))}
    echoed = next((match[1] for line in lines if (match := _ECHO_LINE.fullmatch(line))), "")
    return Report(
        tuple(_attempt(destination, found.get(number)) for number, destination in enumerate(destinations)),
        _address(echoed),
        "egress-probe end" in lines,
        "egress-probe proxy yes" in lines,
    )


def _attempt(destination: Destination, said: "re.Match[str] | None") -> ConnectionAttempt:
    if said is None:
        return ConnectionAttempt(destination, Reach.UNTESTED)
    status, code = int(said[4] or 0), int(said[3])
    reach = _TCP.get(code, Reach.UNTESTED) if said[2] == "tcp" else _CURL.get(code, Reach.UNTESTED)
    if said[2] == "none":
        reach = Reach.UNTESTED
    if status == DENIED_STATUS:
        reach = Reach.DENIED
    if (reach, said[2]) == (Reach.REACHED, "tcp") and destination.protocol is not Protocol.TCP:
        reach = Reach.CONNECTED
    return ConnectionAttempt(destination, reach, _address(said[5] or ""), status)


def _address(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        return ""
