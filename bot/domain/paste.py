"""From a pasted error to destinations: what a firewall log line or a tool's error says could not be reached, and why.

The firewall's formats: "HTTPS request from IP:PORT to HOST:PORT. Action: Deny. …" of the older diagnostics category,
and the columns of AZFWApplicationRule
(https://learn.microsoft.com/azure/azure-monitor/reference/tables/azfwapplicationruleaggregation, read 2026-11). HTTP
status 470: https://http.dev/470, read 2026-11. The tools' errors are those that curl, container runtimes, pip, npm,
apt, Go, Java, Python, git and Helm print.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address

from bot.domain.fqdn import Destination, Protocol, is_address, parse_destination, parse_many, refang
from bot.errors import InvalidFqdn

_MAX_TEXT = 40_000
"""Characters that are read: Slack's own limit for a message (https://docs.slack.dev/reference/methods/chat.postMessage)."""

_HOST = r"(?P<host>[^\s\"'`/\\:,;()\[\]{}<>|@#?&=]+)"
_PORT = r"(?P<port>[0-9]{1,5})"


@dataclass(frozen=True, slots=True)
class Findings:
    """What a pasted text says.

    Attributes:
        destinations: What could not be reached, in order and without repeats.
        explanations: What the text means, in plain words, one sentence or two each.
        sources: The private addresses that the firewall's lines say the traffic came from, in order, without repeats.
    """

    destinations: tuple[Destination, ...]
    explanations: tuple[str, ...]
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Mention:
    """One host that the text names, with what it says beside it."""

    at: int
    host: str
    port: str | None = None
    protocol: str | None = None


def _forms(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern, re.IGNORECASE) for pattern in patterns)


_MENTIONS = _forms(
    # Azure Firewall, older text format; an allowed request is nothing to ask for.
    rf"\b(?P<protocol>https?|mssql) request from \S+ to {_HOST}(?::{_PORT})?\.?\s(?!\s*(?:url: \S+ )?action: allow)",
    # Any URL: curl -v, pip, npm, apt, git, helm, Go ("Get \"https://…\""), container runtimes.
    rf"\b(?P<protocol>https?|wss?)://(?:[^\s/@\"']*@)?{_HOST}(?::{_PORT})?",
    # curl, OpenSSL, wget, ssh
    rf"\bcould not resolve (?:host|proxy): {_HOST}",
    rf"\b(?:failed to connect to|connect to host|connect to) {_HOST} port {_PORT}",
    rf"\bin connection to {_HOST}(?::{_PORT})?",
    rf"\bunable to resolve host address \W?{_HOST}",
    # Python: urllib3, requests, aiohttp, httpx
    rf"\b(?P<protocol>https?)connectionpool\(host='{_HOST}', port={_PORT}",
    rf"\bcannot connect to host {_HOST}:{_PORT}",
    rf"\bfailed to resolve '{_HOST}'",
    # Go
    rf"\blookup {_HOST}(?: on \S+)?: ",
    rf"\bdial (?:tcp|udp)[46]? {_HOST}:{_PORT}",
    # Java
    rf"\bunknownhostexception: {_HOST}",
    rf"\bconnect to {_HOST}:{_PORT}",
    # Node.js, npm
    rf"\bgetaddrinfo (?:enotfound|eai_again) {_HOST}",
    # apt
    rf"\b(?:could not connect to|initiate the connection to) {_HOST}:{_PORT}",
    rf"\b(?:temporary failure resolving|could not resolve) '{_HOST}'",
    # SQL Server connection strings
    rf"\b(?:server|data source)=(?P<protocol>tcp):{_HOST}(?:,{_PORT})?",
    rf"\bjdbc:(?P<protocol>sqlserver)://{_HOST}(?::{_PORT})?",
)
_IMAGE = re.compile(
    r"\b(?:image|resolve reference|manifest for)s?\b:?\s*[\"'](?P<image>[\w./:@-]{1,400})[\"']", re.IGNORECASE
)
_SAYS = {"tcp": "mssql", "sqlserver": "mssql", "ws": "http", "wss": "https"}

_DOCKER_HUB = (
    "registry-1.docker.io",
    "auth.docker.io",
    "production.cloudflare.docker.com",
    "production.cloudfront.docker.com",
    "docker-images-prod.6aa30f8b08e16409b46e0173d6de2f56.r2.cloudflarestorage.com",
)
"""What pulling from Docker Hub needs (https://docs.docker.com/desktop/setup/allow-list/, read 2026-11 as its source
``content/manuals/desktop/setup/allow-list.md`` in https://github.com/docker/docs). The last serves anonymous pulls."""

_NOT_HTTP_TEXT = "21 22 25 53 123 389 465 587 636 1521 3306 3389 5432 5671 5672 6379 9092 9093 27017"
_NOT_HTTP = frozenset(_NOT_HTTP_TEXT.split())
"""Ports of protocols that no application rule can match (https://www.iana.org/assignments/service-names-port-numbers)."""

_INSIDE = re.compile(r"(?:^|\.)(?:localhost|svc|cluster\.local)$|^kubernetes(?:\.default)?$")

_MEANINGS = (
    (
        r"SNI TLS extension was missing",
        (
            "The client sent no server name (SNI) when it opened TLS, so the firewall could not tell the host. "
            "No allowance helps: let the client send SNI, or ask the platform team for a network rule."
        ),
    ),
    (
        r"no rule matched|proceeding with default action",
        "No rule matched, so the firewall did what it does by default: deny. An allowance is what is missing.",
    ),
    (
        r"action: deny\.[^\n]*rule collection: ?\S|\"RuleCollection\":\"[^\"\n]+\"[^{}\n]*\"Action\":\"Deny\"",
        "A rule denied it, not the default: an allowance takes effect only where it is evaluated before that rule.",
    ),
    (
        r"threat ?intel",
        "The firewall's threat intelligence took part. It decides before all rules, so an allowance may not help.",
    ),
    (
        r"\bHTTP/[0-9.]+ 470\b|\bstatus(?: code)?[:=]? ?470\b",
        "HTTP status 470 is Azure Firewall's own answer to a plain HTTP request that it denies.",
    ),
    (
        (
            r"SSL_ERROR_SYSCALL|connection reset by peer|ECONNRESET|connection was reset|socket hang up|SSLEOFError|"
            r"EOF occurred in violation of protocol|TLS handshake timeout|unexpected eof while reading|\": EOF\b"
        ),
        "The connection was cut while TLS was being set up. That is how a denial by the firewall looks from a pod.",
    ),
    (
        (
            r"could not resolve|no such host|ENOTFOUND|EAI_AGAIN|failure resolving|failure in name resolution|"
            r"name or service not known|UnknownHostException|failed to resolve '|unable to resolve host"
        ),
        "The name did not resolve. That happens before any application rule: check its spelling and the cluster's DNS.",
    ),
    (
        r"i/o timeout|ETIMEDOUT|timed out|context deadline exceeded",
        "Nothing answered in time: a route or a network rule dropped the traffic, or the host itself is slow.",
    ),
    (
        r"certificate signed by unknown authority|self[- ]signed certificate in certificate chain",
        "The certificate comes from an unknown authority. The firewall may inspect TLS here: its CA must be trusted.",
    ),
)
_MEANING_PATTERNS = tuple((re.compile(pattern, re.IGNORECASE), sentence) for pattern, sentence in _MEANINGS)


def find_destinations(text: str) -> Findings:
    """Find what a pasted error or firewall log line could not reach. Never raises, whatever the text.

    A host that is named with its port counts more than the same host named without. Cluster-internal names, protocols
    that no application rule can match and, where no name is found, bare addresses become explanations.
    """
    clean = _unescaped(_within(text))
    mentions = _without_vague(sorted(_mentions(clean), key=lambda one: one.at))
    outcomes = [_destination(mention) for mention in mentions]
    found = tuple(dict.fromkeys(one for one in outcomes if isinstance(one, Destination))) or _plain_list(clean)
    obstacles = (one for one in outcomes if isinstance(one, str))
    addresses = () if found else _addresses(mentions)
    explanations = tuple(dict.fromkeys((*_meanings(clean), *obstacles, *addresses)))
    return Findings(found, explanations, tuple(dict.fromkeys(_sources(clean))))


def _within(text: str) -> str:
    """As much as is read, up to the end of a word: a name that was cut would be another name."""
    if len(text) <= _MAX_TEXT:
        return text
    kept = text[: _MAX_TEXT + 1]
    return kept[: max(kept.rfind(sign) for sign in " \t\n")] if any(sign in kept for sign in " \t\n") else ""


_SOURCE = re.compile(
    r"\brequest from (?P<line>[0-9A-Fa-f.:]+?):[0-9]{1,5} to |\"?\bSourceIp\"?\s*[:=]\s*\"?(?P<field>[0-9A-Fa-f.:]+)",
    re.IGNORECASE,
)


def _sources(text: str) -> Iterator[str]:
    """Source addresses, of every format of the firewall's log."""
    named = (match["line"] or match["field"] for match in _SOURCE.finditer(text))
    tabled = (row.get("sourceip", "") for _, row in _table_rows(text))
    for found in (*named, *tabled):
        try:
            yield str(ip_address(found))
        except ValueError:
            continue


def _unescaped(text: str) -> str:
    """Slack's link markup and escapes undone, JSON's quoted quotes too."""
    unlinked = re.sub(r"<([^<>|\s]+)(?:\|[^<>\n]*)?>", r"\1", refang(text))
    return unlinked.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").replace('\\"', '"')


def _meanings(text: str) -> Iterator[str]:
    return (sentence for pattern, sentence in _MEANING_PATTERNS if pattern.search(text))


def _plain_list(text: str) -> tuple[Destination, ...]:
    """A text that is nothing but a list of destinations."""
    parsed = parse_many(text)
    return () if parsed.problems else parsed.destinations


def _mentions(text: str) -> Iterator[_Mention]:
    for pattern in _MENTIONS:
        for match in pattern.finditer(text):
            groups = match.groupdict()
            yield _Mention(match.start("host"), groups["host"], groups.get("port"), groups.get("protocol"))
    yield from _images(text)
    yield from _records(text)
    yield from _columns(text)


def _images(text: str) -> Iterator[_Mention]:
    """The registries of container images, by the rule of Docker: a first part with a dot is a host."""
    for match in _IMAGE.finditer(text):
        first, slash, _ = match["image"].partition("/")
        host, _, port = first.partition(":")
        if slash and "." in host and host != "docker.io":
            yield _Mention(match.start(), host, port or None, "https")
        elif host != "localhost":
            yield from (_Mention(match.start(), hub, None, "https") for hub in _DOCKER_HUB)


_RECORD = re.compile(r"\{[^{}]{1,8000}\}")
_FIELD = re.compile(r"\"?\b(Fqdn|Protocol|DestinationPort|Action)\"?\s*[:=]\s*\"?([^\",}\s]*)", re.IGNORECASE)


def _records(text: str) -> Iterator[_Mention]:
    """AZFWApplicationRule rows as JSON objects."""
    for match in _RECORD.finditer(text):
        yield from _row(match.start(), {key.lower(): value for key, value in _FIELD.findall(match[0])})


def _columns(text: str) -> Iterator[_Mention]:
    """AZFWApplicationRule rows as they are copied from a table: a heading line, then tabs, commas or bars."""
    for at, row in _table_rows(text):
        yield from _row(at, row)


def _table_rows(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """The lines below a heading with the column Fqdn, each with its place in the text."""
    heading: list[str] = []
    separator, at = "\t", 0
    for line in text.splitlines(keepends=True):
        if "fqdn" in line.lower().replace('"', "").split("=")[0] and (separators := re.search(r"[\t,|]", line)):
            separator = separators[0]
            heading = _cells(line.lower(), separator)
        elif heading:
            yield at, dict(zip(heading, _cells(line, separator), strict=False))
        at += len(line)


def _cells(line: str, separator: str) -> list[str]:
    return [cell.strip(' "') for cell in line.strip("\r\n|").split(separator)]


def _row(at: int, row: dict[str, str]) -> Iterator[_Mention]:
    if row.get("fqdn") and row.get("action", "").lower() != "allow":
        port = row.get("destinationport", "")
        yield _Mention(
            at, row["fqdn"].partition(":")[0], port if port.isdecimal() else None, row.get("protocol") or None
        )


def _without_vague(mentions: list[_Mention]) -> list[_Mention]:
    """Without the mentions that say less than another one of the same host."""
    exact = {mention.host.lower() for mention in mentions if mention.port or mention.protocol}
    return [one for one in mentions if one.port or one.protocol or one.host.lower() not in exact]


def _destination(mention: _Mention) -> Destination | str | None:
    """The destination, or what stands in its way as a sentence, or nothing for text that only looked like a host."""
    host = mention.host.strip("*.").lower() if mention.host.startswith("*") else mention.host.rstrip(".").lower()
    if _INSIDE.search(host):
        return f"{host} is a name inside the cluster: its traffic never reaches the firewall."
    protocol = _SAYS.get((mention.protocol or "").lower(), (mention.protocol or "").lower())
    if not protocol and mention.port in _NOT_HTTP:
        return f"{host} on port {mention.port} is not HTTP, HTTPS or MSSQL: it needs a network rule, not an allowance."
    known = protocol if protocol in set(Protocol) else ""
    try:
        return parse_destination(":".join(part for part in (known, host, mention.port) if part))
    except InvalidFqdn:
        return None


def _addresses(mentions: list[_Mention]) -> Iterator[str]:
    """What to say of bare addresses; beside a name they are only what it resolved to, and not worth a word."""
    for mention in mentions:
        if is_address(mention.host):
            yield f"{mention.host} is an IP address. An allowance needs the name that the client asked for."
