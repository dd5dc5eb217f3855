"""Error messages that tools and libraries write when a host is unreachable, by tool, and image registries.

Every pattern begins with fixed words and every repetition is bounded, so that a text is read in linear time.
"""

import re
from collections.abc import Iterator

from bot.domain.error_parsing.values import Mention

HOST = r"(?P<host>[^\s\"'`/\\:,;()\[\]{}<>|@#?&=]{1,253})"
PORT = r"(?P<port>[0-9]{1,5})"
_IP = r"[0-9A-Fa-f.:]{2,45}"


def _forms(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern, re.IGNORECASE) for pattern in patterns)


_FAILURES = _forms(
    # curl, OpenSSL, wget, git over HTTP, nc, telnet
    rf"\bcould(?: not|n't) resolve (?:host|proxy): {HOST}",
    rf"\b(?:failed to connect to|connect to host|connect to) {HOST} port {PORT}",
    rf"\bin connection to {HOST}(?::{PORT})?",
    rf"\bunable to resolve host address \W?{HOST}",
    rf"\bconnecting to {HOST}(?: \([^)\n]{{1,253}}\))?(?:\|{_IP}\|)?:{PORT}\.\.\. (?!connected)",
    rf"\bconnection to {HOST}(?: \([^)\n]{{1,60}}\))? {PORT} port \[",
    rf"\bcould not resolve {HOST}/{PORT}:",
    # ssh, git over ssh, rsync
    rf"\b(?P<protocol>ssh): (?:could not resolve hostname|connect to host) {HOST}(?: port {PORT})?",
    rf"\bunable to connect to {HOST}(?::{PORT})?:",
    # Python: urllib3, requests, aiohttp, httpx, redis, pymongo
    rf"\b(?P<protocol>https?)connection(?:pool)?\(host='{HOST}', port={PORT}",
    rf"\bcannot connect to host {HOST}:{PORT}",
    rf"\bfailed to resolve '{HOST}'",
    rf"\bconnection to {HOST} timed out",
    rf"\bfailed to establish a new connection to {HOST}(?::{PORT})?",
    rf"\berror(?: -?[0-9]{{1,5}})?(?: while)? connecting to {HOST}:{PORT}",
    rf"\bconnect call failed \('{HOST}', {PORT}",
    # Go: kubectl, helm, docker, containerd, terraform
    rf"\blookup {HOST}(?: on \S{{1,60}})?: ",
    rf"\bdial (?:tcp|udp)[46]?:? {HOST}:{PORT}",
    rf"\bthe connection to the server {HOST}(?::{PORT})? was",
    rf"\bcould not connect to {HOST}(?::{PORT})?:",
    rf"\bfailed to resolve \"?{HOST}\"?: ",
    # Java: the platform, Apache HttpClient, OkHttp, netty, JDBC, Kafka, JavaMail
    rf"\bunknownhostexception: (?:failed to resolve ['\"])?{HOST}",
    rf"\bunable to resolve host \"?{HOST}",
    rf"\bconnect to (?:https?://)?{HOST}:{PORT}",
    rf"\b(?:connection (?:timed out|refused|reset)|connect timed out|no route to host): "
    rf"{HOST}/(?:{_IP}|<unresolved>):{PORT}",
    rf"\bfailed to connect to /?{HOST}(?:/{_IP})?:{PORT}",
    rf"\bfailed to connect to {HOST}(?=[\s:,.(]|$)",
    rf"\b(?P<protocol>mssql|)(?:tcp/ip )?connection to the host {HOST}, port {PORT}",
    rf"\bconnection to {HOST}:{PORT} (?:refused|failed|timed out|could not)",
    rf"\bconnection to node -?[0-9]{{1,10}} \({HOST}/{_IP}:{PORT}\)",
    rf"\bbroker {HOST}:{PORT} \(",
    rf"\bcould(?: not|n't) connect to (?:smtp )?host, port: {HOST}, {PORT}",
    # Node.js: the platform, undici, npm, yarn
    rf"\b(?:getaddrinfo|query(?:A|AAAA|Srv|Txt)) (?:enotfound|eai_again|etimeout|eservfail|enodata) "
    rf"(?:_(?P<protocol>mongodb)\._tcp\.)?{HOST}(?::{PORT})?",
    rf"\bconnect e[a-z]{{4,14}} {HOST}:{PORT}",
    rf"\battempted address(?:es)?: {HOST}:{PORT}",
    rf"\bhost(?:name)?['\"]?: ?['\"]{HOST}['\"](?:,?\s{{0,40}}['\"]?port['\"]?: ?['\"]?{PORT})?",
    # .NET and PowerShell
    rf"\b(?:refused|timed out|host is known|service not known|temporarily unavailable|unreachable|to respond|denied|"
    rf"aborted|reset by peer|no data of the requested type was found|machine actively refused it|name resolution)\.? "
    rf"\({HOST}:{PORT}\)",
    rf"\bremote name could not be resolved: '{HOST}'",
    # apt
    rf"\b(?:could not connect to|initiate the connection to) {HOST}:{PORT}",
    rf"\b(?:temporary failure resolving|could not resolve|something wicked happened resolving) '{HOST}(?::{PORT})?'",
    # Databases, queues and mail
    rf"\b(?:connection to|connect to) server at \"{HOST}\"(?: \([^)\n]{{1,60}}\))?,? port {PORT}",
    rf"\bcould not translate host name \"(?P<protocol>|){HOST}\"",
    rf"\bcan(?:'t|not) connect to (?P<protocol>mysql|mariadb)(?: server)? on '{HOST}(?::{PORT})?'",
    rf"\bunknown (?P<protocol>mysql|mariadb) server host '{HOST}'",
    rf"\bcould not connect to (?P<protocol>redis|ldap|kafka|mongodb|amqp)(?: server)? at {HOST}(?::{PORT})?",
    rf"\b(?:server|data source)=(?P<protocol>tcp):{HOST}(?:,{PORT})?",
    rf"\bjdbc:(?P<protocol>sqlserver)://{HOST}(?::{PORT})?",
)
_LISTED = re.compile(
    rf"(?<![^\s`|\"'>*]){HOST}[\s`|]{{1,12}}(?P<protocol>https?|mssql|tcp|udp):{PORT}\b", re.IGNORECASE
)
"""A name beside its protocol and port, as the AKS documentation lists them."""
_HOST_HEADER = re.compile(rf"^(?:> ?)?Host: {HOST}(?::{PORT})?", re.IGNORECASE | re.MULTILINE)
_REFUSED_HTTP = re.compile(r"\bHTTP/[0-9.]{1,3} 470\b")
"""Azure Firewall's answer to a plain HTTP request, whose headers then name the host."""
_SQL_ERROR = re.compile(r"sqlserverexception|sqlclient|sql server", re.IGNORECASE)


def read_failures(text: str) -> Iterator[Mention]:
    """The hosts that errors name."""
    is_sql = _SQL_ERROR.search(text) is not None
    for pattern in (*_FAILURES, _LISTED):
        for match in pattern.finditer(text):
            groups = match.groupdict()
            yield Mention(match.start("host"), groups["host"], groups.get("port"), _spoken(match, is_sql=is_sql))
    if _REFUSED_HTTP.search(text):
        for match in _HOST_HEADER.finditer(text):
            yield Mention(match.start("host"), match["host"], match["port"], "http")
    yield from _images(text)


def _spoken(match: re.Match[str], *, is_sql: bool) -> str | None:
    protocol = match.groupdict().get("protocol")
    if is_sql and "connection to the host" in match[0].lower():
        return "mssql"
    if protocol and protocol.lower() == "tcp" and "=" in match[0]:
        return "mssql"
    return {"sqlserver": "mssql"}.get(protocol.lower(), protocol) if protocol else None


_IMAGE = re.compile(
    r"(?P<verb>(?:\b[\w-]{1,20} ){0,2})\b(?:image|resolve reference|manifest for)s?\b:?\s{0,3}"
    r"[\"'`]?(?P<image>[\w./:@-]{1,400})",
    re.IGNORECASE,
)
_PULLED = re.compile(r"successfully pulled |(?<!back-off )\bpulling |\bcontainer |\bpulled ", re.IGNORECASE)
_QUOTED = "\"'`"

DOCKER_HUB = (
    "registry-1.docker.io",
    "auth.docker.io",
    "production.cloudflare.docker.com",
    "production.cloudfront.docker.com",
    "docker-images-prod.6aa30f8b08e16409b46e0173d6de2f56.r2.cloudflarestorage.com",
)
"""Hosts needed to pull from Docker Hub (https://docs.docker.com/desktop/setup/allow-list/, read 2026-11 as its source
``content/manuals/desktop/setup/allow-list.md`` in https://github.com/docker/docs). The last serves anonymous pulls."""


def _images(text: str) -> Iterator[Mention]:
    """The registries of container images, by the rule of Docker: a first part with a dot is a host."""
    for match in _IMAGE.finditer(text):
        first, slash, _ = match["image"].partition("/")
        host, _, port = first.partition(":")
        is_quoted = match[0][-len(match["image"]) - 1] in _QUOTED
        if _PULLED.search(match["verb"]) or not (is_quoted or (slash and "." in host)):
            continue
        if slash and "." in host and host != "docker.io":
            yield Mention(match.start(), host, port or None, "https")
        elif host != "localhost":
            yield from (Mention(match.start(), hub, None, "https") for hub in DOCKER_HUB)
