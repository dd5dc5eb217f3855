"""Where Azure's services are in each cloud, and for whom their tokens are issued.

Sources, read 2026-11: https://pypi.org/project/azure-monitor-querymetrics (public and US Government),
https://docs.azure.cn/azure-monitor/essentials/migrate-to-batch-api (China).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class CloudHosts:
    """The hosts of a cloud of Azure's.

    Args:
        endpoint: Azure Resource Manager.
        audience: For whom its tokens are issued.
        authority: The host that signs in.
    """

    endpoint: str
    audience: str
    authority: str


NAMED: Mapping[str, CloudHosts] = {
    "public": CloudHosts("https://management.azure.com", "https://management.azure.com", "login.microsoftonline.com"),
    "usgovernment": CloudHosts(
        "https://management.usgovcloudapi.net", "https://management.core.usgovcloudapi.net", "login.microsoftonline.us"
    ),
    "china": CloudHosts(
        "https://management.chinacloudapi.cn", "https://management.chinacloudapi.cn", "login.chinacloudapi.cn"
    ),
}
"""By the name in ``EGRESS_AZURE_CLOUD``.

Sources: azure.mgmt.core.tools.get_arm_endpoints of azure-mgmt-core 1.6, azure.identity.AzureAuthorityHosts of
azure-identity 1.27, read 2026-11.
"""


def cloud_of_authority(authority: str) -> str | None:
    """The name of the cloud that a host signs in for; None for a host of nobody's.

    Args:
        authority: As in ``AZURE_AUTHORITY_HOST``, with or without a scheme.
    """
    host = (urlsplit(authority).hostname or authority).lower().rstrip("/")
    return next((name for name, cloud in NAMED.items() if cloud.authority == host), None)


@dataclass(frozen=True, slots=True)
class MetricsCloud:
    """The batch API.

    Args:
        template: Its origin, with ``{region}`` where it has one for each region.
        audience: For whom a token is issued.
    """

    template: str
    audience: str

    def endpoint(self, region: str) -> str:
        """The origin for resources of a region."""
        return self.template.format(region=region)


def _cloud(domain: str) -> MetricsCloud:
    return MetricsCloud(f"https://{{region}}.{domain}", f"https://{domain}")


PUBLIC = _cloud("metrics.monitor.azure.com")
CLOUDS: Mapping[str, MetricsCloud] = {
    "management.azure.com": PUBLIC,
    "management.usgovcloudapi.net": _cloud("metrics.monitor.azure.us"),
    "management.chinacloudapi.cn": _cloud("metrics.monitor.azure.cn"),
}
"""By the host of Azure Resource Manager."""


def cloud_of(endpoint: str, template: str = "") -> MetricsCloud:
    """The batch API that belongs to an Azure Resource Manager; at the same origin where it is none of Azure's own.

    Args:
        endpoint: Azure Resource Manager's base URL.
        template: The batch API's origin, where somebody said so.
    """
    known = CLOUDS.get((urlsplit(endpoint).hostname or "").lower())
    audience = (known or PUBLIC).audience
    return MetricsCloud(template or (known.template if known else endpoint.rstrip("/")), audience)


_LOGS = "https://api.loganalytics.io"
LOG_ANALYTICS: Mapping[str, tuple[str, str]] = {
    "management.azure.com": ("https://api.loganalytics.azure.com", _LOGS),
    "management.usgovcloudapi.net": ("https://api.loganalytics.us", "https://api.loganalytics.us"),
    "management.chinacloudapi.cn": ("https://api.loganalytics.azure.cn", "https://api.loganalytics.azure.cn"),
}
"""Query endpoint and token audience of Log Analytics, by the host of Azure Resource Manager.

Source: https://learn.microsoft.com/azure/azure-monitor/logs/api/access-api, read 2026-11.
"""


def log_analytics_of(endpoint: str) -> tuple[str, str]:
    """Query endpoint and token audience of Log Analytics; at the same origin where it is none of Azure's own.

    Args:
        endpoint: Azure Resource Manager's base URL.
    """
    return LOG_ANALYTICS.get((urlsplit(endpoint).hostname or "").lower(), (endpoint.rstrip("/"), _LOGS))
