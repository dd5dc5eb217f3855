"""Each request to Azure has an id of our own, by which its support finds it."""

from typing import Any
from uuid import UUID

from bot.azure import AzureArm
from bot.azure.settings import ArmSettings
from bot.azure.watching import REQUEST_ID
from bot.sandbox.arm import SUBSCRIPTION
from bot.sandbox.arm_transport import ArmTransport
from tests.azure.replay import FixedCredential
from tests.azure.stage import HUB_POLICY, Stage, cluster_id, stage


class Noting(ArmTransport):
    """Keeps the ids."""

    def __init__(self, town: Stage) -> None:
        super().__init__(town.azure, town.clock)
        self.ids: list[str] = []

    def send(self, request: Any, **options: Any) -> Any:
        """Note one, and answer."""
        self.ids.append(request.headers[REQUEST_ID])
        return super().send(request, **options)


def adapter(town: Stage) -> tuple[AzureArm, list[str]]:
    """The adapter, and the ids that it has sent."""
    noting = Noting(town)
    arm = AzureArm(FixedCredential(), ArmSettings((SUBSCRIPTION,)), transport=noting, now=town.clock.now)
    return arm, noting.ids


def test_ids_are_random() -> None:
    """Nothing of the machine and its time is in them, and no file is kept open for the thread that asked."""
    arm, ids = adapter(stage())
    arm.read_egress(cluster_id("aks-lb"))
    arm.open(HUB_POLICY).observe()
    assert len(set(ids)) == len(ids) > 2
    assert {UUID(one).version for one in ids} == {4}


def test_a_repeated_request_keeps_its_id() -> None:
    """So that Azure's log shows that it is one."""
    town = stage()
    arm, ids = adapter(town)
    town.azure.add_fault({"method": "GET", "path": "firewallPolicies/hub-policy", "times": 1, "status": 503})
    arm.open(HUB_POLICY).observe()
    assert len(set(ids)) == len(ids) - 1
