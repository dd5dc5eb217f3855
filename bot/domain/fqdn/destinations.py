"""A destination: FQDN, protocol and destination port, as one rule can open it."""

import re
from dataclasses import dataclass

from bot.domain.fqdn.names import check_placeholder, covers, is_address, parse_fqdn, shown
from bot.domain.fqdn.protocols import DEFAULT_PORTS, MAX_NETWORK_PORT, Protocol, read_service
from bot.errors import InvalidFqdn


@dataclass(frozen=True, slots=True, order=True)
class Destination:
    """A destination that an allowance opens.

    Attributes:
        fqdn: Canonical: A-labels, lower case, no trailing dot, optionally a left-most ``*.`` label.
        protocol: What the firewall matches the name on: SNI for https and mssql, the Host header for http, the
            addresses that it resolves to for tcp and udp.
        port: Destination port, 1 to 64000; to 65535 for tcp and udp.
    """

    fqdn: str
    protocol: Protocol = Protocol.HTTPS
    port: int = 443

    @property
    def is_wildcard(self) -> bool:
        """Whether the name is a wildcard: it covers all names below a domain."""
        return self.fqdn.startswith("*.")

    def __str__(self) -> str:
        """The shortest text that parses back to the same value."""
        if self.port != DEFAULT_PORTS.get(self.protocol):
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
            ``https:example.com:8443``, ``mssql:example.com``, ``tcp:example.com:5432``, ``example.com:22``. Without a
            protocol the port tells it where it is known for one; no port is https.

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
    try:
        fqdn = parse_fqdn(host)
    except InvalidFqdn as error:
        raise InvalidFqdn(error.sentence, suggestion=_corrected(error.suggestion, scheme, port)) from None
    return _destination(fqdn, *read_service(scheme, fqdn, port))


def _destination(fqdn: str, protocol: Protocol, port: int) -> Destination:
    if protocol.is_transport and fqdn.startswith("*"):
        raise InvalidFqdn(
            f"{fqdn} is a wildcard, but {protocol} is opened by address and network rules accept exact names "
            f"only. List each host: {protocol}:HOST:{port}."
        )
    return Destination(fqdn, protocol, port)


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
    if not _PORT.fullmatch(text) or int(text) > MAX_NETWORK_PORT:
        raise InvalidFqdn(f"{shown(text)} is not a destination port: Azure Firewall accepts 1 to {MAX_NETWORK_PORT}.")
    return int(text)


def _corrected(fqdn: str | None, scheme: str | None, port: int | None) -> str | None:
    """The suggested name with the protocol and port that were written, where they say anything."""
    if fqdn is None:
        return None
    try:
        return str(_destination(fqdn, *read_service(scheme, fqdn, port)))
    except InvalidFqdn:
        return None


def _refused_url(text: str, scheme: str, authority: str) -> InvalidFqdn:
    """Refuse a pasted URL and suggest its host, with the protocol and port it implies."""
    host, _, port = authority.rpartition("@")[2].partition(":")
    try:
        fqdn = parse_fqdn(host)
        found = str(_destination(fqdn, *read_service(scheme, fqdn, _port(port) if port else None)))
    except InvalidFqdn as error:
        return error
    return InvalidFqdn(f"{shown(text)} is a URL. Only the host goes in a firewall rule: use {found}.", suggestion=found)


def _refused_path(text: str) -> InvalidFqdn:
    """Handle a path or user name without a scheme: the text between them may be a destination."""
    authority = re.split(r"[/\\?#]", text, maxsplit=1)[0]
    user, _, host = authority.rpartition("@")
    sentence = f"{shown(text)} contains more than a host. Azure Firewall matches only the host"
    try:
        found = str(parse_destination(host.partition(":")[0] if user and not host[-1:].isdecimal() else host))
    except InvalidFqdn:
        return InvalidFqdn(f"{sentence}: leave out the user name and path.")
    return InvalidFqdn(f"{sentence}: use {found}.", suggestion=found)


def is_within(narrow: Destination, wide: Destination) -> bool:
    """Whether the second opens the first as well: the same name or one below its wildcard, in the same way."""
    same_way = (narrow.protocol, narrow.port) == (wide.protocol, wide.port)
    return same_way and (narrow.fqdn == wide.fqdn or covers(wide.fqdn, narrow.fqdn))
