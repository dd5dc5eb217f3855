"""One record of Azure's logs: what it says, whatever the form in which it was pasted.

Columns: AZFWApplicationRule, AZFWNetworkRule, AZFWThreatIntel, AZFWIdpsSignature, AZFWDnsQuery and
AZFWInternalFqdnResolutionFailure of https://learn.microsoft.com/azure/azure-monitor/reference/tables/azfwapplicationrule
(and its neighbours), read 2026-11; msg_s of AzureDiagnostics is the older text format.
"""

import re
from collections.abc import Mapping

from bot.domain.error_parsing.values import ErrorReading, Mention
from bot.domain.fqdn import SERVICES, is_address

Row = Mapping[str, str]
"""Values by column, as ``column_key`` writes the name of one."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


COLUMNS = _words(
    "timegenerated action actionreason destinationip destinationport fqdn protocol rule rulecollection "
    "rulecollectiongroup policy sourceip sourceport targeturl webcategory istlsinspected "
    "isexplicitproxyrequest category operationname msg threatdescription signatureid signature severity "
    "direction queryname querytype responsecode errormessage serverip serverport resourceid type tenantid "
    "applicationrulecount networkrulecount natrule count hits properties "
)
"""The columns that are known, as ``column_key`` writes them."""
_ALIASES = {
    "targetfqdn": "fqdn",
    "destinationfqdn": "fqdn",
    "hostname": "fqdn",
    "host": "fqdn",
    "port": "destinationport",
    "destport": "destinationport",
    "sourceaddress": "sourceip",
    "srcip": "sourceip",
    "destinationaddress": "destinationip",
    "destip": "destinationip",
    "url": "targeturl",
    "time": "timegenerated",
    "reason": "actionreason",
    "message": "msg",
}
SUBJECTS = frozenset({"fqdn", "destinationip", "targeturl", "queryname", "msg", "properties"})
"""Columns without which a record says nothing."""

NO_ALLOWANCE_IDPS = (
    "The firewall's intrusion detection (IDPS) dropped it{detail}. It decides after all rules, so an "
    "allowance does not help: ask the platform team about the signature."
)
NO_ALLOWANCE_INTEL = (
    "The firewall's threat intelligence denied it. It decides before all rules, so an allowance does "
    "not help: ask the platform team."
)
NO_ALLOWANCE_DNS = (
    "The firewall's own DNS could not resolve {name}. An allowance does not help: ask the platform "
    "team about the DNS servers of the firewall."
)
BY_RULE = "A rule denied it, not the default: an allowance only works if it is evaluated before that rule."
BY_DEFAULT = "No rule matched, so the firewall denied it by default. It needs an allowance."
NO_SNI = (
    "The client sent no server name (SNI) when it opened TLS, so the firewall could not tell the host. "
    "An allowance does not help: make the client send SNI, or ask the platform team for a network rule."
)
_PASSED = frozenset({"allow", "allowed", "alert", "dnat", "nat", "pass"})
_URL_HOST = re.compile(r"(?:(?P<scheme>https?)://)?(?P<host>[^/:?#\s]{1,253})(?::(?P<port>[0-9]{1,5}))?", re.IGNORECASE)


def column_key(name: str) -> str:
    """A column's name as it is compared: ``TimeGenerated [UTC]``, ``Source IP`` and ``msg_s`` lose what varies."""
    bare = re.sub(r"\[[^\]]{0,10}\]|_[sdtbg]$|[\s_\"'*.-]", "", name.strip()).lower()
    return _ALIASES.get(bare, bare)


def read_row(row: Row, at: int) -> ErrorReading:
    """Read one record.

    Args:
        row: Values by column.
        at: Its position in the text.
    """
    sources = tuple(filter(None, (row.get("sourceip"),)))
    action = row.get("action", "").strip().lower()
    kind = f"{row.get('category', '')} {row.get('type', '')}".lower()
    if "responsecode" in row or row.get("queryname"):
        return _dns(row, sources)
    if "resolvefail" in kind or "fqdnresolution" in kind or (row.get("serverip") and row.get("fqdn")):
        return ErrorReading(meanings=(NO_ALLOWANCE_DNS.format(name=row.get("fqdn", "the name")),), sources=sources)
    if action in _PASSED:
        return ErrorReading(sources=sources, allowed=1)
    if row.get("threatdescription") or "threatintel" in kind:
        return ErrorReading(meanings=(NO_ALLOWANCE_INTEL,), sources=sources)
    if signature := row.get("signatureid") or row.get("signature"):
        return ErrorReading(meanings=(NO_ALLOWANCE_IDPS.format(detail=f": signature {signature}"),), sources=sources)
    return _denied(row, at, sources)


def _dns(row: Row, sources: tuple[str, ...]) -> ErrorReading:
    code = row.get("responsecode", "").upper()
    if code in ("", "NOERROR", "0") and not row.get("errormessage"):
        return ErrorReading(sources=sources, allowed=1)
    name = row.get("queryname", "").rstrip(".") or "the name"
    return ErrorReading(meanings=(NO_ALLOWANCE_DNS.format(name=name),), sources=sources)


def _denied(row: Row, at: int, sources: tuple[str, ...]) -> ErrorReading:
    meanings: tuple[str, ...] = ()
    if "sni" in row.get("actionreason", "").lower().split():
        meanings = (NO_SNI,)
    elif row.get("rule") or row.get("rulecollection"):
        meanings = (BY_RULE,)
    elif row.get("actionreason", "").lower().startswith(("default", "no rule")):
        meanings = (BY_DEFAULT,)
    mention = _mention(row, at)
    if mention is None and (address := row.get("destinationip")) and row.get("action"):
        meanings = (_address(address, row), *_but_default(meanings))
    elif mention is not None and is_address(mention.host):
        meanings, mention = (_address(mention.host, row), *_but_default(meanings)), None
    elif mention is None and row.get("protocol", "").upper().startswith("HTTPS") and row.get("action"):
        meanings = (NO_SNI,)
    return ErrorReading(mentions=(mention,) if mention else (), meanings=meanings, sources=sources)


def _but_default(meanings: tuple[str, ...]) -> tuple[str, ...]:
    """Leave out the default explanation for addresses: an allowance would not help there."""
    return tuple(one for one in meanings if one != BY_DEFAULT)


def _mention(row: Row, at: int) -> Mention | None:
    named = _URL_HOST.match(row.get("fqdn") or row.get("targeturl") or "")
    if not named or not any(char.isalnum() for char in named["host"]):
        return None
    port = row.get("destinationport", "").strip().removesuffix(".0")
    protocol = row.get("protocol", "").strip().partition("/")[0] or named["scheme"]
    return Mention(at, named["host"], port if port.isdecimal() else named["port"], protocol or None)


def _address(address: str, row: Row) -> str:
    port = row.get("destinationport", "").strip().removesuffix(".0")
    return address_denied(address, port, row.get("protocol", "").strip())


def address_denied(address: str, port: str = "", protocol: str = "") -> str:
    """The sentence for traffic to an address, with the protocol and the port that were denied where they are known."""
    service = SERVICES.get(int(port)) if port.isdecimal() and len(port) < 6 else None
    named = f" ({service.name})" if service else ""
    denied = f" {protocol or 'Traffic'} to its port {port}{named} was denied." if port else ""
    return f"{address} is an IP address.{denied} An allowance needs the name that the client requested."
