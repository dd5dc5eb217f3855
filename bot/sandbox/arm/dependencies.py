"""The outbound dependencies of a cluster: the answer of ``outboundNetworkDependenciesEndpoints``.

Shape of the official example; names from
https://learn.microsoft.com/en-us/azure/aks/outbound-rules-control-egress (read 2026-11).
"""

from bot.sandbox.arm.wire import Json

_PUBLISHED: dict[str, tuple[tuple[str, int, str], ...]] = {
    "azure-resource-management": (("management.azure.com", 443, "Https"), ("login.microsoftonline.com", 443, "Https")),
    "images": (("mcr.microsoft.com", 443, "Https"), ("*.data.mcr.microsoft.com", 443, "Https")),
    "artifacts": (
        ("packages.microsoft.com", 443, "Https"),
        ("acs-mirror.azureedge.net", 443, "Https"),
        ("packages.aks.azure.com", 443, "Https"),
    ),
    "time-sync": (("ntp.ubuntu.com", 123, "UDP"),),
    "ubuntu-optional": (
        ("security.ubuntu.com", 80, "Http"),
        ("azure.archive.ubuntu.com", 80, "Http"),
        ("changelogs.ubuntu.com", 80, "Http"),
    ),
}


def endpoints(cluster: Json) -> Json:
    """All categories for one cluster; the API server's name is its own."""
    server = (("*.hcp." + str(cluster["location"]) + ".azmk8s.io", 443, "Https"),)
    tunnel = ((str(cluster["properties"].get("fqdn") or "*.azmk8s.io"), 9000, "TCP"),)
    return {
        "value": [_category(*pair) for pair in {**_PUBLISHED, "apiserver": server, "tunnel-classic": tunnel}.items()]
    }


def _category(name: str, found: tuple[tuple[str, int, str], ...]) -> Json:
    return {
        "category": name,
        "endpoints": [
            {"domainName": domain, "endpointDetails": [{"port": port, "protocol": protocol}]}
            for domain, port, protocol in found
        ],
    }
