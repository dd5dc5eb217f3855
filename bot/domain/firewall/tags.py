"""The contents of Azure Firewall's FQDN tags, as documented by Microsoft.

``AzureKubernetesService`` and ``WindowsUpdate`` are documented name by name: a name on the list is held, any other is
not. Of all other tags only the purpose is documented. They are for Microsoft's own services, so that a name of somebody
else is not held; exceptions that Microsoft documents are in ``domains``. A tag sets protocols and ports itself,
whatever the rule says. Microsoft maintains the tags, so contents may change: the trace says so.

Sources, read 2026-11: https://learn.microsoft.com/azure/firewall/fqdn-tags (purpose of each, and that WindowsUpdate is
as in https://learn.microsoft.com/mem/configmgr/sum/get-started/install-a-software-update-point, "restrict access to
specific domains"), https://learn.microsoft.com/azure/app-service/environment/firewall-integration ("you automatically
get everything below with the FQDN tags": certificate authorities, Docker Hub, Ubuntu and others),
https://learn.microsoft.com/microsoft-365/enterprise/urls-and-ip-address-ranges (certificate authorities) and
https://learn.microsoft.com/azure/hdinsight/hdinsight-restrict-outbound-traffic (Ubuntu).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from bot.domain.firewall.aks_names import AKS_NAMES, HTTP, HTTPS, REGION, TagName, cloud_of
from bot.domain.firewall.names import Match, NameIndex, match_of
from bot.domain.firewall.owners import MICROSOFT_DOMAINS, Domains
from bot.domain.fqdn import Destination

AKS_TAG = "AzureKubernetesService"
"""The FQDN tag that holds what AKS needs over HTTP and HTTPS."""

AS_OF = "2026-11"
"""The month in which the lists were read."""


@dataclass(frozen=True, slots=True)
class FqdnTag:
    """The documented contents of an FQDN tag.

    Attributes:
        names: What is documented name by name; with it nothing else is held, unless ``domains`` has more.
        domains: Where names may be held that are not documented one by one.
    """

    names: tuple[TagName, ...] = ()
    domains: tuple[str, ...] = ()


_WINDOWS_UPDATE_TEXT = """
windowsupdate.microsoft.com *.windowsupdate.microsoft.com *.update.microsoft.com *.windowsupdate.com
download.windowsupdate.com download.microsoft.com *.download.windowsupdate.com test.stats.update.microsoft.com
ntservicepack.microsoft.com wustat.windows.com go.microsoft.com dl.delivery.mp.microsoft.com
*.delivery.mp.microsoft.com
"""
_WINDOWS_UPDATE = tuple(TagName(name, service) for service in (HTTP, HTTPS) for name in _WINDOWS_UPDATE_TEXT.split())
_AUTHORITIES_TEXT = """
digicert.com verisign.com thawte.com entrust.net geotrust.com globalsign.com globalsign.net omniroot.com
public-trust.com symcb.com symcd.com symantec.com identrust.com letsencrypt.org
"""
_AUTHORITIES = tuple(_AUTHORITIES_TEXT.split())
_APP_SERVICE = ("docker.io", "docker.com", "ubuntu.com", "mono-project.com", "treasuredata.com", "fluentbit.io")

UNPUBLISHED = FqdnTag(domains=MICROSOFT_DOMAINS)
"""A tag of which only the purpose is documented, or one that is not known here at all."""

TAGS: Mapping[str, FqdnTag] = MappingProxyType(
    {
        AKS_TAG.lower(): FqdnTag(AKS_NAMES),
        "windowsupdate": FqdnTag(_WINDOWS_UPDATE),
        "appserviceenvironment": FqdnTag(domains=(*MICROSOFT_DOMAINS, *_AUTHORITIES, *_APP_SERVICE)),
        "hdinsight": FqdnTag(domains=(*MICROSOFT_DOMAINS, "ubuntu.com")),
    }
)
"""Tags by lower-case name; nothing is published about other tags."""

_OFFICE = FqdnTag(domains=(*MICROSOFT_DOMAINS, *_AUTHORITIES))


def contents_of(tag: str) -> FqdnTag:
    """Look up the contents of a tag, ignoring case."""
    name = tag.lower()
    return TAGS.get(name) or (_OFFICE if name.startswith("office365") else UNPUBLISHED)


class Asked(NamedTuple):
    """A destination as an FQDN tag sees it.

    Attributes:
        name: A name or left-most wildcard.
        service: Protocol and destination port.
        region: The cluster's region, lower case; empty if it is not known: then any label matches.
        published: What AKS publishes for the cluster itself, where that was read.
    """

    name: str
    service: tuple[str, int]
    region: str = ""
    published: frozenset[Destination] = frozenset()


class Held(NamedTuple):
    """The extent to which a tag covers a name.

    Attributes:
        match: How much, or that it is not known.
        pattern: The documented name that says so, empty where there is none.
        addon: The add-on that needs it, where that is why it is not known.
    """

    match: Match
    pattern: str = ""
    addon: str = ""


_NOT_HELD = Held(Match.NO)


def held(tag: str, asked: Asked) -> Held:
    """Whether a tag holds a name or wildcard for a protocol and destination port."""
    if asked.service[0] not in ("http", "https"):
        return _NOT_HELD
    found = _documented(tag.lower(), asked)
    found += _published(tag, asked) if asked.published else []
    if found:
        return max(found, key=lambda one: one.match)
    return Held(Match.UNKNOWN) if _domains(tag.lower()).touch(asked.name) else _NOT_HELD


def best_of(tags: tuple[str, ...], asked: Asked) -> tuple[str, Held]:
    """The tag that holds most of a name, with how much."""
    found = [(tag, held(tag, asked)) for tag in tags]
    return max(found, key=lambda pair: pair[1].match)


def _documented(tag: str, asked: Asked) -> list[Held]:
    index, floating = _index(tag, asked.service, asked.region)
    near = ((one, match_of(_filled(one.pattern, asked.name), asked.name)) for one in floating)
    return [_held(one, match) for one, match in (*index.find(asked.name), *near) if match is not Match.NO]


def _held(name: TagName, match: Match) -> Held:
    return Held(Match.UNKNOWN, name.pattern, name.addon) if name.addon else Held(match, name.pattern)


def _published(tag: str, asked: Asked) -> list[Held]:
    if tag.lower() != AKS_TAG.lower():
        return []
    return [
        Held(match, one.fqdn)
        for one in asked.published
        if (one.protocol.value, one.port) == asked.service and (match := match_of(one.fqdn, asked.name))
    ]


@lru_cache(maxsize=256)
def _index(tag: str, service: tuple[str, int], region: str) -> tuple[NameIndex[TagName], tuple[TagName, ...]]:
    """The names of a tag for a service in a region; apart, those whose region is not known."""
    cloud = cloud_of(region)
    here = [
        one
        for one in contents_of(tag).names
        if one.service == service and (not one.clouds or cloud is None or cloud in one.clouds)
    ]
    fixed = [one for one in here if region or REGION not in one.pattern]
    floating = tuple(one for one in here if not region and REGION in one.pattern)
    return NameIndex((one.pattern.replace(REGION, region), one) for one in fixed), floating


def _filled(pattern: str, name: str) -> str:
    """The pattern with the label that the name has in the place of the region, any label if it reaches less far."""
    behind = pattern.partition(REGION)[2]
    front = name.removesuffix(behind) if name.endswith(behind) else ""
    label = front.rpartition(".")[2]
    return pattern.replace(REGION, label if label and "*" not in label else "region")


@lru_cache(maxsize=64)
def _domains(tag: str) -> Domains:
    return Domains(contents_of(tag).domains)
