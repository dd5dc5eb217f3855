"""The text lines of Azure's older log categories: rules, intrusion detection, threat intelligence, DNS proxy, and NSGs.

``HTTPS request from IP:PORT to HOST:PORT. Action: Deny. …``: AzureDiagnostics, column msg_s
(https://learn.microsoft.com/azure/firewall/monitor-firewall-reference, read 2026-11).
NSG and virtual network flow tuples: https://learn.microsoft.com/azure/network-watcher/nsg-flow-logs-overview, read
2026-11.
"""

import re
from collections.abc import Iterator

from bot.domain.error_parsing.rows import (
    BY_DEFAULT,
    BY_RULE,
    NO_ALLOWANCE_DNS,
    NO_ALLOWANCE_IDPS,
    NO_ALLOWANCE_INTEL,
    NO_SNI,
    address_denied,
)
from bot.domain.error_parsing.values import ErrorReading, Mention, join
from bot.domain.fqdn import is_address

_REQUEST = re.compile(
    r"\b(?P<protocol>HTTPS?|MSSQL|TCP|UDP|ICMP)(?:\s{1,2}Type=[0-9]{1,3})?\s{1,3}request\s{1,3}from\s{1,3}"
    r"(?P<source>[0-9A-Fa-f.:\[\]]{1,60})(?:\s{1,3}to\s{1,3}(?P<target>[^\s,;\"]{1,300}))?",
    re.IGNORECASE,
)
_LINE = re.compile(r"[^\n]{0,2000}")
_ACTION = re.compile(r"\baction:\s{0,3}(?P<action>\w{1,20})", re.IGNORECASE)
_SIGNATURE = re.compile(r"\bsignature:\s{0,3}(?P<id>[0-9]{1,12})", re.IGNORECASE)
_IDPS = re.compile(r"\bIDS:|\bIDPS\b|\bsignature:", re.IGNORECASE)
_INTEL = re.compile(r"\bthreat ?intel", re.IGNORECASE)
_UNRESOLVED = re.compile(r"failed to resolve address:? (?P<name>[^\s:,]{1,253})", re.IGNORECASE)
_RULE = re.compile(r"\brule(?: collection)?(?: group)?: ?\S", re.IGNORECASE)
_PORTED = re.compile(r"(?P<host>.{1,260}?)(?::(?P<port>[0-9]{1,5}))?\.?")
_PASSED = frozenset({"allow", "allowed", "alert"})

_DNS = re.compile(
    r"\bDNS Request: (?P<source>[0-9A-Fa-f.\[\]:]{1,60}):[0-9]{1,5} - [0-9]{1,6} \w{1,10} IN (?P<name>[^\s]{1,255})"
    r"(?P<rest>[^\n]{0,300})",
    re.IGNORECASE,
)
_DNS_ERROR = re.compile(
    r"^[ \t]{0,8}Error: [0-9]{1,3} (?P<name>[^\s]{1,255}) \w{1,10}: (?:read|dial|write) \w{1,10}", re.MULTILINE
)
_TUPLE = re.compile(
    r"\b[0-9]{10,13},(?P<source>[0-9A-Fa-f.:]{2,45}),(?P<target>[0-9A-Fa-f.:]{2,45}),[0-9]{1,5},(?P<port>[0-9]{1,5}),"
    r"(?P<protocol>[TU]|6|17),(?P<way>[IO]),(?P<action>[ADBCE])\b"
)
_NSG = (
    "A network security group denied it, not the firewall. An allowance does not help: ask the owner "
    "of the subnet's network security group."
)


def read_lines(text: str) -> ErrorReading:
    """Read the log lines in a text."""
    return join((*_requests(text), *_dns(text), *_flows(text)))


def _requests(text: str) -> Iterator[ErrorReading]:
    found = list(_REQUEST.finditer(text))
    ends = [*(match.start() for match in found[1:]), len(text)]
    for match, limit in zip(found, ends, strict=False):
        line = _LINE.match(text, match.end(), limit)
        rest = line[0] if line else ""
        yield _request(match, rest)


def _request(match: re.Match[str], rest: str) -> ErrorReading:
    span = ((match.start(), match.end() + len(rest)),)
    sources = (match["source"].rpartition(":")[0] or match["source"],)
    action = _ACTION.search(rest)
    if action and action["action"].lower() in _PASSED:
        return ErrorReading(span, sources=sources, allowed=1)
    if "was DNAT" in rest:
        return ErrorReading(span, sources=sources)
    if hopeless := _hopeless(rest, has_target=bool(match["target"])):
        return ErrorReading(span, meanings=(hopeless,), sources=sources)
    return _denied(match, rest, ErrorReading(span, sources=sources))


def _hopeless(rest: str, *, has_target: bool) -> str | None:
    """The sentence for a denial that no allowance can mend."""
    if _IDPS.search(rest):
        signature = _SIGNATURE.search(rest)
        return NO_ALLOWANCE_IDPS.format(detail=f": signature {signature['id']}" if signature else "")
    if _INTEL.search(rest):
        return NO_ALLOWANCE_INTEL
    return NO_SNI if "SNI TLS extension" in rest and not has_target else None


def _denied(match: re.Match[str], rest: str, read: ErrorReading) -> ErrorReading:
    meanings = []
    if unresolved := _UNRESOLVED.search(rest):
        meanings.append(NO_ALLOWANCE_DNS.format(name=unresolved["name"]))
    elif "SNI TLS extension" in rest:
        meanings.append(NO_SNI)
    elif _RULE.search(rest):
        meanings.append(BY_RULE)
    elif re.search(r"no rule matched|default action", rest, re.IGNORECASE):
        meanings.append(BY_DEFAULT)
    target = _PORTED.fullmatch(match["target"] or "")
    if target is None:
        return ErrorReading(read.spans, meanings=tuple(meanings), sources=read.sources)
    host, port, protocol = target["host"], target["port"], match["protocol"]
    if is_address(host):
        of_rule = [BY_RULE] if BY_RULE in meanings else []
        sentences = (address_denied(host, port or "", protocol), *of_rule)
        return ErrorReading(read.spans, meanings=sentences, sources=read.sources)
    return ErrorReading(read.spans, (Mention(match.start(), host, port, protocol),), tuple(meanings), read.sources)


def _dns(text: str) -> Iterator[ErrorReading]:
    for match in _DNS.finditer(text):
        failed = re.search(r"\b(?:NXDOMAIN|SERVFAIL|REFUSED|FORMERR|NOTIMP)\b|\bError\b", match["rest"])
        name = match["name"].rstrip(".")
        meanings = (NO_ALLOWANCE_DNS.format(name=name),) if failed else ()
        yield ErrorReading((match.span(),), (), meanings, (match["source"],), allowed=int(not failed))
    for match in _DNS_ERROR.finditer(text):
        line = _LINE.match(text, match.end())
        span = (match.start(), line.end() if line else match.end())
        yield ErrorReading((span,), meanings=(NO_ALLOWANCE_DNS.format(name=match["name"].rstrip(".")),))


def _flows(text: str) -> Iterator[ErrorReading]:
    for match in _TUPLE.finditer(text):
        protocol = "UDP" if match["protocol"] in ("U", "17") else "TCP"
        sources = (match["source"],) if match["way"] == "O" else ()
        if match["action"] != "D":
            yield ErrorReading((match.span(),), sources=sources, allowed=1)
            continue
        yield ErrorReading(
            (match.span(),), meanings=(_NSG, address_denied(match["target"], match["port"], protocol)), sources=sources
        )
