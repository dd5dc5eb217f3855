"""Clouds other than the public one: every host that the bot asks belongs to the cloud that was named."""

from urllib.parse import urlsplit

import pytest
from azure.core import AzureClouds
from azure.identity import AzureAuthorityHosts
from azure.mgmt.core.tools import get_arm_endpoints

from bot.azure.clouds import CLOUDS, LOG_ANALYTICS, NAMED
from bot.config import configuration_from, settings_from
from bot.wiring.production import azure_from
from tests.build import CONFIG

SDKS = {
    "public": (AzureClouds.AZURE_PUBLIC_CLOUD, AzureAuthorityHosts.AZURE_PUBLIC_CLOUD),
    "usgovernment": (AzureClouds.AZURE_US_GOVERNMENT, AzureAuthorityHosts.AZURE_GOVERNMENT),
    "china": (AzureClouds.AZURE_CHINA_CLOUD, AzureAuthorityHosts.AZURE_CHINA),
}


@pytest.mark.parametrize("name", SDKS)
def test_a_cloud_has_all_of_its_hosts(name: str) -> None:
    """As Azure's own SDK has them; metrics and logs have an address of that cloud, too."""
    cloud, authority = SDKS[name]
    known, theirs = NAMED[name], get_arm_endpoints(cloud)
    assert f"{known.endpoint}/" == theirs["resource_manager"]
    assert [f"{known.audience}/.default"] == theirs["credential_scopes"]
    assert known.authority == authority
    assert {urlsplit(known.endpoint).hostname} <= CLOUDS.keys() & LOG_ANALYTICS.keys()
    azure = azure_from(settings_from({"EGRESS_AZURE_CLOUD": name}), configuration_from(CONFIG))
    assert (azure.endpoint, list(azure.scopes)) == (known.endpoint, theirs["credential_scopes"])
    azure.close()


def test_another_endpoint_has_its_own_tokens() -> None:
    """A simulator, or Azure Stack."""
    azure = azure_from(settings_from({"EGRESS_ARM_ENDPOINT": "https://stack.example"}), configuration_from(CONFIG))
    assert (azure.endpoint, azure.scopes) == ("https://stack.example", ("https://stack.example/.default",))
    azure.close()
