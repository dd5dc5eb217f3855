"""The names on Microsoft's page "Outbound network and FQDN rules for AKS clusters".

The FQDN tag ``AzureKubernetesService`` "contains all the FQDNs listed in" that page. Sources, read 2026-11-28:
https://learn.microsoft.com/azure/aks/limit-egress-traffic (what the tag holds) and
https://learn.microsoft.com/azure/aks/outbound-rules-control-egress (the page). ``packages.aks.azure.com`` is on it
since it replaced ``acs-mirror.azureedge.net``; both are kept.

The tag holds what nodes need. Whether it holds what add-ons need is contested: the page lists them, users saw the tag
deny them (https://github.com/MicrosoftDocs/azure-docs/issues/110914, https://github.com/mspnp/aks-baseline/issues/289).
"""

from enum import StrEnum
from typing import NamedTuple

REGION = "<region>"
"""Stands for the name of the cluster's region, as one label."""


class Cloud(StrEnum):
    """One of Azure's clouds."""

    PUBLIC = "public"
    GOVERNMENT = "government"
    CHINA = "china"


def cloud_of(region: str) -> Cloud | None:
    """The cloud of a region by its name, None if the region is not known."""
    if region.startswith(("usgov", "usdod")):
        return Cloud.GOVERNMENT
    if region.startswith("china"):
        return Cloud.CHINA
    return Cloud.PUBLIC if region else None


class TagName(NamedTuple):
    """One name of an FQDN tag.

    Attributes:
        pattern: A name or a left-most wildcard, perhaps with ``REGION`` as one label.
        service: Protocol and destination port.
        clouds: Where it is one; empty means everywhere.
        addon: The add-on that needs it, of which it is not certain that the tag holds it; empty where it is.
    """

    pattern: str
    service: tuple[str, int]
    clouds: tuple[Cloud, ...] = ()
    addon: str = ""


HTTPS = ("https", 443)
HTTP = ("http", 80)

_HERE = (Cloud.PUBLIC,)
_GOVERNMENT = (Cloud.GOVERNMENT,)
_CHINA = (Cloud.CHINA,)

_NODES: tuple[tuple[tuple[Cloud, ...], tuple[str, int], str], ...] = (
    (_HERE, HTTPS, "*.hcp.<region>.azmk8s.io management.azure.com login.microsoftonline.com"),
    (
        _GOVERNMENT,
        HTTPS,
        "*.hcp.<region>.cx.aks.containerservice.azure.us management.usgovcloudapi.net login.microsoftonline.us",
    ),
    (
        _CHINA,
        HTTPS,
        (
            "*.hcp.<region>.cx.prod.service.azk8s.cn *.tun.<region>.cx.prod.service.azk8s.cn *.azk8s.cn "
            "management.chinacloudapi.cn login.chinacloudapi.cn"
        ),
    ),
    ((), HTTPS, "mcr.microsoft.com *.data.mcr.microsoft.com packages.microsoft.com packages.aks.azure.com"),
    ((*_HERE, *_GOVERNMENT), HTTPS, "mcr-0001.mcr-msedge.net acs-mirror.azureedge.net"),
    ((), HTTP, "security.ubuntu.com azure.archive.ubuntu.com changelogs.ubuntu.com"),
    ((), HTTPS, "snapshot.ubuntu.com"),
    ((), HTTPS, "nvidia.github.io us.download.nvidia.com download.docker.com"),
    ((), HTTPS, "onegetcdn.azureedge.net go.microsoft.com"),
    ((), HTTP, "*.mp.microsoft.com www.msftconnecttest.com ctldl.windowsupdate.com"),
)
"""Required, recommended (Ubuntu), of nodes with GPUs, of Windows nodes."""

_ADDONS: tuple[tuple[str, tuple[Cloud, ...], str], ...] = (
    ("Defender for Containers", _HERE, "*.ods.opinsights.azure.com *.oms.opinsights.azure.com"),
    ("Defender for Containers", _GOVERNMENT, "*.ods.opinsights.azure.us *.oms.opinsights.azure.us"),
    (
        "Defender for Containers",
        _CHINA,
        "login.microsoftonline.cn *.ods.opinsights.azure.cn *.oms.opinsights.azure.cn",
    ),
    ("the Key Vault provider", _HERE, "vault.azure.net"),
    ("the Key Vault provider", _GOVERNMENT, "*.vault.usgovcloudapi.net"),
    (
        "Azure Monitor",
        _HERE,
        (
            "dc.services.visualstudio.com *.monitoring.azure.com <region>.ingest.monitor.azure.com "
            "<region>.handler.control.monitor.azure.com"
        ),
    ),
    (
        "Azure Monitor",
        _GOVERNMENT,
        "dc.services.visualstudio.us global.handler.control.monitor.azure.us <region>.handler.control.monitor.azure.us",
    ),
    (
        "Azure Monitor",
        _CHINA,
        "dc.services.visualstudio.cn global.handler.control.monitor.azure.cn <region>.handler.control.monitor.azure.cn",
    ),
    ("Azure Policy", _HERE, "data.policy.core.windows.net store.policy.core.windows.net"),
    ("Azure Policy", _GOVERNMENT, "data.policy.azure.us store.policy.azure.us"),
    ("Azure Policy", _CHINA, "data.policy.azure.cn store.policy.azure.cn"),
    (
        "cluster extensions",
        _HERE,
        (
            "<region>.dp.kubernetesconfiguration.azure.com arcmktplaceprod.azurecr.io "
            "arcmktplaceprod.centralindia.data.azurecr.io arcmktplaceprod.japaneast.data.azurecr.io "
            "arcmktplaceprod.westus2.data.azurecr.io arcmktplaceprod.westeurope.data.azurecr.io "
            "arcmktplaceprod.eastus.data.azurecr.io *.ingestion.msftcloudes.com *.microsoftmetrics.com "
            "marketplaceapi.microsoft.com"
        ),
    ),
    ("cluster extensions", _GOVERNMENT, "<region>.dp.kubernetesconfiguration.azure.us"),
)
"""Add-ons and extensions, all of them HTTPS 443."""

AKS_NAMES = (
    *(TagName(name, service, clouds) for clouds, service, names in _NODES for name in names.split()),
    *(TagName(name, HTTPS, clouds, addon) for addon, clouds, names in _ADDONS for name in names.split()),
)
"""The whole page."""
