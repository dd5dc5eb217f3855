"""Determines a destination's protocol from its prefix, a URL's scheme, or its port."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from bot.domain.fqdn.services import SCHEMES, SERVICES, is_sql_redirect
from bot.errors import InvalidFqdn


class Protocol(StrEnum):
    """The protocols that the bot's rules match.

    HTTP, HTTPS and MSSQL are matched by name, by application rules; TCP and UDP by the addresses that a name resolves
    to, by network rules (https://learn.microsoft.com/azure/firewall/fqdn-filtering-network-rules, read 2026-11).
    """

    HTTP = "http"
    HTTPS = "https"
    MSSQL = "mssql"
    TCP = "tcp"
    UDP = "udp"

    @property
    def is_transport(self) -> bool:
        """Whether only a network rule can match it."""
        return self in (Protocol.TCP, Protocol.UDP)

    @property
    def transport(self) -> str:
        """``tcp`` or ``udp``: what its packets are."""
        return "udp" if self is Protocol.UDP else "tcp"


DEFAULT_PORTS: Mapping[Protocol, int] = MappingProxyType({Protocol.HTTP: 80, Protocol.HTTPS: 443, Protocol.MSSQL: 1433})
"""The destination port of each protocol that has one if none is written."""

MAX_PORT = 64_000
"""The highest port of an application rule: "cannot be greater than 64000".

Source: ``AzureFirewallApplicationRuleProtocol.port`` and ``FirewallPolicyRuleApplicationProtocol.port`` in the models
of azure-mgmt-network 33.1 (https://pypi.org/project/azure-mgmt-network/, read 2026-11).
"""

MAX_NETWORK_PORT = 65_535
"""The highest port of a network rule (https://learn.microsoft.com/azure/firewall/firewall-faq, read 2026-11)."""

WEB_PORTS: Mapping[int, Protocol] = MappingProxyType(
    {
        80: Protocol.HTTP,
        **dict.fromkeys((443, 2053, 2083, 2087, 2096, 4443, 5443, 6443, 7443, 8443, 9443, 10443), Protocol.HTTPS),
        8080: Protocol.HTTPS,  # a web port; without TLS, write http:HOST:8080
        1433: Protocol.MSSQL,
    }
)
"""The ports that say by themselves what an application rule matches.

Sources, read 2026-11: https://www.iana.org/assignments/service-names-port-numbers (http, https, ms-sql-s),
https://developers.cloudflare.com/fundamentals/reference/network-ports (HTTPS), and the ports ending in 443 by custom.
"""

_OTHER_SCHEMES = {"ws": Protocol.HTTP, "wss": Protocol.HTTPS}


def read_service(scheme: str | None, host: str, port: int | None) -> tuple[Protocol, int]:
    """The protocol and destination port that somebody means.

    Args:
        scheme: A protocol or the scheme of a URL, None where nothing was written.
        host: The name, which counts for Azure SQL and in the sentences.
        port: As written, 1 to 65535, or None.

    Raises:
        InvalidFqdn: The protocol is not clear, or the bot's rules cannot open it; with the right form as
            ``suggestion`` where there is one.
    """
    protocol, number = _by_port(host, port) if scheme is None else _by_scheme(scheme.strip().lower(), host, port)
    most = MAX_NETWORK_PORT if protocol.is_transport else MAX_PORT
    if number > most:
        raise InvalidFqdn(f"{number} is not a destination port: Azure Firewall accepts 1 to {most} for {protocol}.")
    if protocol.is_transport:
        _require_own_rule(protocol, host, number)
    return protocol, number


def _by_scheme(scheme: str, host: str, port: int | None) -> tuple[Protocol, int]:
    if scheme.endswith("+srv"):
        raise InvalidFqdn(
            f"{scheme} finds the servers behind {host} through an SRV record, which the firewall does not read: "
            "list each server that nslookup -type=SRV shows, as tcp:HOST:PORT."
        )
    if service := SCHEMES.get(scheme):
        return Protocol(service.transport), port or service.port
    protocol = _OTHER_SCHEMES.get(scheme) or _protocol(scheme, host, port)
    if number := port or DEFAULT_PORTS.get(protocol):
        return protocol, number
    raise InvalidFqdn(f"{protocol}:{host} has no port: write {protocol}:{host}:PORT.")


def _protocol(scheme: str, host: str, port: int | None) -> Protocol:
    try:
        return Protocol(scheme)
    except ValueError:
        right = _own_rule(host, port) if port else None
        asked = f"tcp:{host}:{port or 'PORT'}" if right is None else _by_name(right, host, port)
        is_whole = bool(port) and (right is not None or "*" not in host)
        raise InvalidFqdn(
            f"{scheme[:40]} is not a protocol that this bot knows. Write http, https, mssql, tcp or udp: {asked}.",
            suggestion=asked.removeprefix("https:") if is_whole else None,
        ) from None


def _by_port(host: str, port: int | None) -> tuple[Protocol, int]:
    number = port or DEFAULT_PORTS[Protocol.HTTPS]
    if is_sql_redirect(host, number):
        return Protocol.MSSQL, number
    if protocol := WEB_PORTS.get(number):
        return protocol, number
    if service := SERVICES.get(number):
        return Protocol(service.transport), number
    raise InvalidFqdn(
        f"Port {number} does not tell which protocol {host} uses there: write https:{host}:{number} if it "
        f"is HTTPS (TLS with a server name), http:{host}:{number} if it is HTTP, or tcp:{host}:{number} if "
        "it is neither."
    )


def _require_own_rule(protocol: Protocol, host: str, port: int) -> None:
    """Refuse a network rule for what an application rule matches by name.

    A network rule is read first, allows whatever else is at the same addresses, and so takes the names out of the
    firewall's sight (https://learn.microsoft.com/azure/firewall/fqdn-filtering-network-rules, read 2026-11).
    """
    right = _own_rule(host, port)
    if right is None or (protocol is Protocol.UDP and right is Protocol.MSSQL):
        return
    asked = _by_name(right, host, port)
    quic = " UDP there is HTTP/3; clients fall back to TCP when it is blocked." if protocol is Protocol.UDP else ""
    raise InvalidFqdn(
        f"Port {port} is opened by name, with {asked}: a network rule would also open everything else at "
        f"the same addresses.{quic}",
        suggestion=asked.removeprefix("https:") if right is Protocol.HTTPS else asked,
    )


def _own_rule(host: str, port: int) -> Protocol | None:
    """The protocol that an application rule opens by name on a port; None where none does."""
    is_sql = port == DEFAULT_PORTS[Protocol.MSSQL] or is_sql_redirect(host, port)
    return {80: Protocol.HTTP, 443: Protocol.HTTPS}.get(port, Protocol.MSSQL if is_sql else None)


def _by_name(protocol: Protocol, host: str, port: int | None) -> str:
    """How what an application rule opens is written."""
    return f"{protocol}:{host}" if port == DEFAULT_PORTS[protocol] else f"{protocol}:{host}:{port}"
