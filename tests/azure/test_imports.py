"""The modules that starting the bot loads."""

import subprocess
import sys
from pathlib import Path

from azure.mgmt.containerservice.models import ManagedCluster
from azure.mgmt.network.models import AzureFirewall, FirewallPolicyRuleCollectionGroup

from bot.azure import scaling
from bot.azure.targets import classic, policy

ROOT = Path(__file__).resolve().parents[2]

STARTING = """
import sys
from bot.wiring.footprint import leave_out
leave_out()
import bot.command_line
named = ("alembic", "authlib", "joserfc", "psycopg", "pygments", "PIL", "azure.mgmt.network", "bot.sandbox")
print(*(name for name in named if name in sys.modules))
import azure.mgmt.network as network
print(len([name for name in sys.modules if name.startswith("azure.mgmt") and name.endswith("._models")]))
print(hasattr(network, "NetworkManagementClient"), "azure.mgmt.containerservice" in sys.modules)
"""


def test_a_process_loads_nothing_big_that_it_may_not_need() -> None:
    """Migrations, sign-in pages, the PostgreSQL driver, pictures and writes load it when they are first wanted.

    The SDK's models, which the bot does not use, are never loaded: 20 MB.
    """
    found = subprocess.run(
        [sys.executable, "-c", STARTING], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )

    assert found.stdout.splitlines() == ["", "0", "True True"]


def test_nothing_is_written_that_the_sdk_calls_read_only() -> None:
    """The bot writes JSON, from which the SDK takes nothing out: what the SDK's models leave out is left out."""
    pairs = (
        (ManagedCluster, scaling.READ_ONLY),
        (AzureFirewall, classic.READ_ONLY),
        (FirewallPolicyRuleCollectionGroup, policy.READ_ONLY),
    )
    for model, ours in pairs:
        fields = model({})._attr_to_rest_field.values()  # the SDK finds them when the first one is made
        assert {field._rest_name for field in fields if field._visibility == ["read"]} <= ours, model
