"""A destination: FQDN, protocol and destination port, as one application rule can open it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from bot.domain.fqdn.names import check_placeholder, covers, is_address, parse_fqdn, shown
from bot.domain.fqdn.services import SCHEMES, SERVICES, is_sql_redirect, needs_network_rule
from bot.errors import InvalidFqdn


class Protocol(StrEnum):
    """What application rules match (https://github.com/MicrosoftDocs/azure-docs/issues/76780, read 2026-11)."""

    HTTP = "http"
    HTTPS = "https"
    MSSQL = "mssql"


DEFAULT_PORTS: Mapping[Protocol, int] = MappingProxyType({Protocol.HTTP: 80, Protocol.HTTPS: 443, Protocol.MSSQL: 1433})
"""The destination port of each protocol if none is written."""

MAX_PORT = 64_000
"""The highest port of an application rule: "cannot be greater than 64000".

Source: ``AzureFirewallApplicationRuleProtocol.port`` and ``FirewallPolicyRuleApplicationProtocol.port`` in the models
of azure-mgmt-network 33.1 (https://pypi.org/project/azure-mgmt-network/, read 2026-11).
"""

_PORT_PROTOCOL = {port: protocol for protocol, port in DEFAULT_PORTS.items()}
_SCHEME_PROTOCOL = {**{protocol.value: protocol for protocol in Protocol}, "ws": Protocol.HTTP, "wss": Protocol.HTTPS}


@dataclass(frozen=True, slots=True, order=True)
class Destination:
    """Where an allowance lets a cluster go.

    Attributes:
        fqdn: Canonical: A-labels, lower case, no trailing dot, optionally a left-most ``*.`` label.
        protocol: What the firewall matches the name on: SNI for https and mssql, the Host header for http.
        port: Destination port, 1 to 64000.
    """

    fqdn: str
    protocol: Protocol = Protocol.HTTPS
    port: int = 443

    @property
    def is_wildcard(self) -> bool:
        """Whether the name stands for all names below a domain."""
        return self.fqdn.startswith("*.")

    def __str__(self) -> str:
        """The shortest text that parses back to the same value."""
        if self.port != DEFAULT_PORTS[self.protocol]:
            return f"{self.protocol}:{self.fqdn}:{self.port}"
        return self.fqdn if self.protocol is Protocol.HTTPS else f"{self.protocol}:{self.fqdn}"


_DEFANGED_DOT = re.compile(r"\s?[\[({]\s?(?:\.|dot)\s?[\])}]\s?", re.IGNORECASE)
_DEFANGED_COLON = re.compile(r"\[:\]|\[:(?=//)|\[(?=://)|(?<=:)\](?=//)|(?<=://)\]")
_HXXP = re.compile(r"\bh(?:xx|\*\*|tt)p(?=s?:)", re.IGNORECASE)
TYPOGRAPHIC_QUOTES = "\u2018\u2019\u201c\u201d\u00ab\u00bb"
"""Quotes as word processors set them."""
_WRAPPING = " \t\r\n\"'`<>()" + TYPOGRAPHIC_QUOTES
_URL = re.compile(r"^(?P<scheme>[a-z][a-z0-9+.-]*):[/\\]+(?P<authority>[^/\\?#]*)", re.IGNORECASE)
_BESIDE_HOST = re.compile(r"[/\\?#@]")
_PORT = re.compile(r"[1-9][0-9]{0,4}")


def refang(text: str) -> str:
    """Undo the usual ways of making a name unclickable: ``example[.]com``, ``example(dot)com``, ``hxxps://``."""
    dotted = _DEFANGED_DOT.sub(".", text)
    return _HXXP.sub("http", _DEFANGED_COLON.sub(lambda match: ":" if ":" in match[0] else "", dotted))


def parse_destination(text: str) -> Destination:
    """Read one destination.

    Args:
        text: ``[protocol:]host[:port]``: ``example.com``, ``*.example.com``, ``http:example.com``,
            ``https:example.com:8443``, ``mssql:example.com``, ``example.com:8443``. Without a protocol the port tells
            it: 80 http, 1433 mssql, any other https unless another protocol is known to use it.

    Raises:
        InvalidFqdn: It is not a destination; with the corrected form as ``suggestion`` where one exists.
    """
    bare = refang(text).strip()
    check_placeholder(bare)
    bare = bare.strip(_WRAPPING)
    if url := _URL.match(bare):
        raise _refused_url(bare, url["scheme"].lower(), url["authority"])
    if _BESIDE_HOST.search(bare) and not is_address(bare):
        raise _refused_path(bare)
    scheme, host, port = _split(bare)
    protocol = _protocol(scheme, host, port)
    try:
        return Destination(parse_fqdn(host), protocol, port or DEFAULT_PORTS[protocol])
    except InvalidFqdn as error:
        raise InvalidFqdn(error.sentence, suggestion=_with(error.suggestion, protocol, port)) from None


def _split(text: str) -> tuple[str | None, str, int | None]:
    """Protocol, host and destination port of a text; the host is not checked yet."""
    parts = [text] if is_address(text) else text.split(":")
    match parts:
        case [scheme, host, port]:
            return scheme, host, _port(port)
        case [scheme, host] if "." not in scheme and not host.isdecimal():
            return scheme, host, None
        case [host, port]:
            return None, host, _port(port)
    return None, text, None


def _port(text: str) -> int:
    if not _PORT.fullmatch(text) or int(text) > MAX_PORT:
        raise InvalidFqdn(f"{shown(text)} is not a destination port: Azure Firewall takes 1 to {MAX_PORT} here.")
    return int(text)


def _protocol(scheme: str | None, host: str, port: int | None) -> Protocol:
    if scheme is None:
        return _by_port(host, port or DEFAULT_PORTS[Protocol.HTTPS])
    name = scheme.strip().lower()
    if service := SCHEMES.get(name):
        raise InvalidFqdn(needs_network_rule(host, service, port))
    try:
        return Protocol(name)
    except ValueError:
        raise InvalidFqdn(
            f"{shown(scheme)} is not a protocol that an application rule can match. Use http, https or mssql."
        ) from None


def _by_port(host: str, port: int) -> Protocol:
    """What a port says; HTTPS unless another protocol is known to use it."""
    if service := SERVICES.get(port):
        raise InvalidFqdn(
            f"{needs_network_rule(host, service, port)} If it is HTTPS all the same, write https:{host}:{port}."
        )
    return Protocol.MSSQL if is_sql_redirect(host, port) else _PORT_PROTOCOL.get(port, Protocol.HTTPS)


def _with(fqdn: str | None, protocol: Protocol, port: int | None) -> str | None:
    return str(Destination(fqdn, protocol, port or DEFAULT_PORTS[protocol])) if fqdn else None


def _refused_url(text: str, scheme: str, authority: str) -> InvalidFqdn:
    """What was pasted is a URL: its host, with the protocol and port that it means, is the suggestion."""
    host, _, port = authority.rpartition("@")[2].partition(":")
    protocol = _SCHEME_PROTOCOL.get(scheme)
    if protocol is None and (service := SCHEMES.get(scheme)):
        return InvalidFqdn(needs_network_rule(shown(host), service, int(port) if _PORT.fullmatch(port) else None))
    if protocol is None:
        return InvalidFqdn(
            f"{shown(text)} uses {scheme}, which no application rule can match. "
            "They know http, https and mssql; other protocols need a network rule from the platform team."
        )
    try:
        found = str(Destination(parse_fqdn(host), protocol, _port(port) if port else DEFAULT_PORTS[protocol]))
    except InvalidFqdn as error:
        return error
    return InvalidFqdn(f"{shown(text)} is a URL. Only the host goes in a firewall rule: use {found}.", suggestion=found)


def _refused_path(text: str) -> InvalidFqdn:
    """A path or a user name without a scheme: what stands between them may be a destination."""
    authority = re.split(r"[/\\?#]", text, maxsplit=1)[0]
    user, _, host = authority.rpartition("@")
    sentence = f"{shown(text)} holds more than a host. Azure Firewall matches the host only"
    try:
        found = str(parse_destination(host.partition(":")[0] if user and not host[-1:].isdecimal() else host))
    except InvalidFqdn:
        return InvalidFqdn(f"{sentence}: leave out user name and path.")
    return InvalidFqdn(f"{sentence}: use {found}.", suggestion=found)


def is_within(narrow: Destination, wide: Destination) -> bool:
    """Whether the second opens the first as well: the same name or one below its wildcard, in the same way."""
    same_way = (narrow.protocol, narrow.port) == (wide.protocol, wide.port)
    return same_way and (narrow.fqdn == wide.fqdn or covers(wide.fqdn, narrow.fqdn))
