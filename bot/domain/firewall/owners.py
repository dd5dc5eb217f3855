"""Infers from a name alone who owns the addresses behind it and whether they may be private.

A public name of somebody else resolves neither into private ranges nor into Microsoft's service tags. Exceptions exist
(private DNS, a service that its owner hosts in Azure): the trace says so.

Sources, read 2026-11: RFC 1918, RFC 6598, RFC 1122, RFC 3927 and RFC 5771 (ranges that no public name has),
https://learn.microsoft.com/azure/private-link/private-endpoint-dns (zones whose names may lead to a private endpoint),
https://learn.microsoft.com/azure/security/fundamentals/azure-domains (Microsoft's domains) and
https://learn.microsoft.com/microsoft-365/enterprise/urls-and-ip-address-ranges.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from bot.domain.firewall.ranges import EVERYTHING, IPV4, Spans, spans_from_text, union, without
from bot.domain.fqdn import has_registry, lineage

PRIVATE_RANGES = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "224.0.0.0/3",
)
"""IPv4 ranges into which no public name resolves: private, shared, loopback, link local, multicast, reserved.

Source: https://www.iana.org/assignments/iana-ipv4-special-registry, read 2026-11.
"""

PUBLIC_IPV4: Spans = without(IPV4, union(span for text in PRIVATE_RANGES for span in spans_from_text(text) or ()))
GLOBAL_IPV6 = "2000::/3"
"""All IPv6 addresses of the internet; source: https://www.iana.org/assignments/ipv6-address-space, read 2026-11."""

_IPV6_UNICAST: Spans = spans_from_text(GLOBAL_IPV6) or EVERYTHING
PUBLIC: Spans = (*PUBLIC_IPV4, *_IPV6_UNICAST)
"""Addresses that public names resolve to: the rest of IPv4, and 2000::/3 of IPv6 (RFC 4291)."""


class Domains:
    """Some domains, to ask whether a name or wildcard has anything to do with them.

    Args:
        names: Lower case, without a leading dot.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)
        self._above = frozenset(above for name in self._names for above in lineage(name))

    def touch(self, name: str) -> bool:
        """Whether a name is one of them or below one; or a wildcard holds one."""
        base = name.removeprefix("*.")
        return not self._names.isdisjoint(lineage(base)) or (base != name and base in self._above)


_MICROSOFT_DOMAINS_TEXT = """
microsoft.com microsoft.us microsoft.cn microsoft.io microsoftonline.com microsoftonline.us microsoftonline.cn
microsoftonline-p.com microsoftazuread-sso.com microsoftmetrics.com microsoftstream.com microsoft365.com azure.com
azure.net azure.us azure.cn azure-api.net azure-api.us azure-api.cn azure-automation.net azure-automation.us
azure-automation.cn azure-devices.net azure-devices.us azure-devices.cn azure-devices-provisioning.net azurecr.io
azurecr.us azurecr.cn azureedge.net azureedge.us azurefd.net azurefd.us azurewebsites.net azurewebsites.us
azurestaticapps.net azurecontainer.io azurecontainerapps.io azureiotcentral.com azuredatabricks.net
databricks.azure.us databricks.azure.cn azuresynapse.net azuresynapse.us azuresynapse.cn azurehdinsight.net
azurehdinsight.us azurehdinsight.cn azconfig.io azmk8s.io azk8s.cn azurearcdata.com chinacloudapi.cn
chinacloudapp.cn chinacloudsites.cn chinacloud-mobile.cn usgovcloudapi.net usgovcloudapp.net usgovtrafficmanager.net
windowsazure.com windowsazure.us windowsazure.cn windows.net windows.com windowsupdate.com trafficmanager.net
trafficmanager.cn cloudapp.net signalr.net msecnd.net msedge.net mcr-msedge.net mscr.io msocsp.com msftcloudes.com
msftconnecttest.com msftncsi.com msftauth.net msauth.net msidentity.com msn.com bing.com live.com live.net
hotmail.com outlook.com office.com office.net office365.com office365.us sharepoint.com sharepoint.us
sharepointonline.com sfx.ms skype.com skypeforbusiness.com lync.com onmicrosoft.com onedrive.com onenote.com
onenote.net passport.net aspnetcdn.com visualstudio.com visualstudio.us vsassets.io vsblob.io dynamics.com
powerapps.com powerapps.us powerbi.com powerplatform.com svc.ms aka.ms s-microsoft.com virtualearth.net xboxlive.com
yammer.com nsatc.net applicationinsights.io loganalytics.io
"""
MICROSOFT_DOMAINS = tuple(_MICROSOFT_DOMAINS_TEXT.split())
"""Registered domains of Microsoft's own services, all clouds; GitHub, LinkedIn and npm have addresses of their own."""

_PRIVATE_LINK_ZONES_TEXT = """
core.windows.net storage.azure.net database.windows.net sql.azuresynapse.net dev.azuresynapse.net azuresynapse.net
database.azure.com cosmos.azure.com documents.azure.com vault.azure.net managedhsm.azure.net azurecr.io azmk8s.io
azk8s.cn azurewebsites.net servicebus.windows.net eventgrid.azure.net search.windows.net cache.windows.net
redis.azure.net redisenterprise.cache.azure.net azconfig.io cognitiveservices.azure.com openai.azure.com
services.ai.azure.com api.azureml.ms notebooks.azure.net monitor.azure.com opinsights.azure.com azure-automation.net
siterecovery.windowsazure.com backup.windowsazure.com azuredatabricks.net datafactory.azure.net adf.azure.com
azurehdinsight.net kusto.windows.net batch.azure.com azure-devices.net azure-devices-provisioning.net azure-api.net
signalr.net webpubsub.azure.com media.azure.net wvd.microsoft.com management.azure.com azurestaticapps.net
azurecontainerapps.io azureiotcentral.com prometheus.monitor.azure.com grafana.azure.com
kubernetesconfiguration.azure.com guestconfiguration.azure.com his.arc.azure.com purview.azure.com
healthcareapis.azure.com digitaltwins.azure.net privatelink.microsoft.com usgovcloudapi.net azure.us
chinacloudapi.cn azure.cn azurecr.us azurecr.cn azurewebsites.us chinacloudsites.cn
"""
PRIVATE_LINK_ZONES = tuple(_PRIVATE_LINK_ZONES_TEXT.split())
"""Domains whose names may lead to a private endpoint, all clouds."""

_PRIVATE_LINK_LABEL = "privatelink"
"""In the names of other vendors too, such as ``x.privatelink.snowflakecomputing.com``."""

MICROSOFT = Domains(MICROSOFT_DOMAINS)
PRIVATE_LINK = Domains(PRIVATE_LINK_ZONES)


class Whereabouts(NamedTuple):
    """Where a name may lead.

    Attributes:
        may_be_private: Into private ranges: a name without a public suffix, or one that a private endpoint may have.
        is_microsofts: Into Microsoft's service tags.
    """

    may_be_private: bool
    is_microsofts: bool


@lru_cache(maxsize=1024)
def whereabouts(name: str) -> Whereabouts:
    """Determine the addresses that a name or wildcard may resolve to, from its spelling alone."""
    may_be_private = not has_registry(name) or PRIVATE_LINK.touch(name) or _PRIVATE_LINK_LABEL in name.split(".")
    return Whereabouts(may_be_private, MICROSOFT.touch(name))
