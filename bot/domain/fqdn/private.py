"""Names that no allowance can open: inside the cluster, inside a company, service tags, private-link zones."""

import re

IN_CLUSTER = re.compile(r"(?:^|\.)(?:svc|cluster\.local|pod\.cluster)$|^kubernetes(?:\.default)?$|(?:^|\.)localhost$")
"""Kubernetes' own names: https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/, read 2026-11."""

_INTERNAL = re.compile(
    r"(?:^|\.)(?P<suffix>internal|local|localdomain|intranet|lan|corp|home|private|home\.arpa|in-addr\.arpa|ip6\.arpa|"
    r"onion|invalid|alt)$"
)
"""Suffixes that are never delegated on the internet: RFC 6762 appendix G, RFC 8375, RFC 6761, RFC 7686, RFC 9476 and
ICANN's reservation of ``internal`` (https://www.icann.org/en/board-activities-and-meetings, resolution 2024-07-29)."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SERVICE_TAGS = _words(
    "actiongroup apimanagement appconfiguration appservice appservicemanagement autonomousdevelopmentplatform "
    "azureactivedirectory azureactivedirectorydomainservices azureadvancedthreatprotection "
    "azurearcinfrastructure azureattestation azurebackup azurebotservice azurecloud azurecognitivesearch "
    "azureconnectors azurecontainerappsservice azurecontainerregistry azurecosmosdb azuredatabricks "
    "azuredataexplorermanagement azuredeviceupdate azuredevops azuredigitaltwins azureeventgrid "
    "azurefrontdoor azurehealthcareapis azureinformationprotection azureiothub azurekeyvault "
    "azureloadbalancer azureloadtestinginstancemanagement azuremachinelearning azuremachinelearninginference "
    "azuremanagedgrafana azuremonitor azureopendatasets azureplatformdns azureplatformimds azureplatformlkm "
    "azureresourcemanager azuresentinel azuresignalr azuresiterecovery azuresphere azurespringcloud "
    "azurestack azuretrafficmanager azureupdatedelivery azurevideoanalyzerformedia azurevirtualdesktop "
    "azurewebpubsub batchnodemanagement chaosstudio cognitiveservicesfrontend cognitiveservicesmanagement "
    "datafactory datafactorymanagement dynamics365businesscentral eventhub gatewaymanager "
    "guestandhybridmanagement hdinsight internet kustoanalytics logicapps logicappsmanagement "
    "m365managementactivityapi microsoftcloudappsecurity microsoftcontainerregistry "
    "microsoftdefenderforendpoint onedsanalytics powerbi powerplatforminfra powerplatformplex "
    "powerqueryonline scuba servicebus servicefabric sql sqlmanagement storage storagesyncservice "
    "storagemover trafficmanager virtualnetwork windowsadmincenter windowsvirtualdesktop "
)
"""https://learn.microsoft.com/azure/virtual-network/service-tags-overview, read 2026-11."""

_REGION = re.compile(
    r"(?:(?:north|south|east|west|central|southeast|northeast|southwest|northwest)?(?:central)?"
    r"(?:us|europe|asia|india|korea|japan|australia|africa|brazil|canada|france|germany|norway|uk|uae|sweden|poland|"
    r"italy|israel|qatar|spain|mexico|switzerland|china|usgov\w{0,10}|usdod\w{0,10})[a-z]{0,11}[0-9]?(?:euap|stg)?)"
)
_AZURE = (
    r"(?:windows\.net|azure\.(?:com|net|us|cn)|azurecr\.io|azmk8s\.io|azurewebsites\.net|azconfig\.io|azure-api\.net|"
    r"azurestaticapps\.net|azuredatabricks\.net|azure-devices\.net|azure-devices-provisioning\.net|azurehdinsight\.net|"
    r"azure-automation\.net|azurecontainerapps\.io|usgovcloudapi\.net|chinacloudapi\.cn|powerbi\.com|purview\.com|"
    r"botframework\.com|azurehealthcareapis\.com|azuresynapse\.net|kubernetesconfiguration\.azure\.com|tip1\.powerquery"
    r"\.microsoft\.com)"
)
_PRIVATE_LINK = re.compile(rf"(?:^|\.)privatelink\.(?:[a-z0-9-]{{1,63}}\.){{0,5}}{_AZURE}$")
"""Zones of https://learn.microsoft.com/azure/private-link/private-endpoint-dns, read 2026-11."""


def reason_inside(name: str) -> str | None:
    """Why a canonical name never reaches a firewall's application rule, as one sentence; None if it can."""
    if IN_CLUSTER.search(name):
        return f"{name} is a name inside the cluster: its traffic never reaches the firewall."
    if _is_service_tag(name):
        return (
            f"{name} is a service tag, which represents address ranges in network rules. Write the name that "
            "the client requests."
        )
    if internal := _INTERNAL.search(name):
        return (
            f"{name} ends in .{internal['suffix']}, which does not exist on the internet. Private names need a route "
            "or a network rule from the platform team."
        )
    if _PRIVATE_LINK.search(name):
        return (
            f"{name} is in a private-link zone: clients never request it from the firewall. Write the public "
            "name, the one in the client's request."
        )
    return None


def without_private_link(name: str) -> str | None:
    """The public name of one in Azure's private-link zones; None for any other and for a zone itself."""
    if not _PRIVATE_LINK.search(name) or name.removeprefix("*.").startswith("privatelink."):
        return None
    return name.replace(".privatelink.", ".", 1)


def _is_service_tag(name: str) -> bool:
    tag, dot, region = name.partition(".")
    return tag in _SERVICE_TAGS and (not dot or _REGION.fullmatch(region) is not None)
