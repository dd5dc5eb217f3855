"""``az network firewall`` as the document types it; that is an extension, which no package registry has.

``OUTSIDE_AZURE_FIREWALL`` names its wheel; without it the tool is asked to install it from Microsoft.
"""

import os

from tests.outside.azure_cli.compare import opened_site
from tests.outside.report import Found, Missing

COMMON = "-g rg-legacy -f legacy-firewall --collection-name outside --protocols https=443 --source-addresses *"
STEPS = (
    (
        f"network firewall application-rule create {COMMON} -n docker --priority 900 --action allow "
        "--target-fqdns outside.example.net *.outside.example.net"
    ),
    "network firewall application-rule list -g rg-legacy -f legacy-firewall --collection-name outside",
    "network firewall policy rule-collection-group list -g rg-hub --policy-name hub-policy",
)


def compare(found: Found) -> None:
    """Install the extension, run the commands, ask the product."""
    with opened_site() as site:
        source = os.environ.get("OUTSIDE_AZURE_FIREWALL")
        said = site.az.run("extension", "add", "-y", *(["--source", source] if source else ["-n", "azure-firewall"]))
        if said.code != "ok":
            raise Missing(
                f"az could not install the extension azure-firewall ({said.code[:80]}); set OUTSIDE_AZURE_FIREWALL to "
                "its wheel. The same rules are written with az rest in azure-cli."
            )
        for command in STEPS:
            found.compare(f"az {command}", site.az.run(*command.split()).code, "ok")
        checked = site.ask("check?cluster=aks-udr-classic&destination=outside.example.net")
        found.compare("check afterwards", [each["allowed"] for each in checked["destinations"]], [True])
