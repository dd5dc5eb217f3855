"""Run command as the service answers it, through the real SDK.

Statuses, headers and fields are those of the recorded test of ``az aks command invoke`` (May 2022) and of the example
of a failed command: https://learn.microsoft.com/rest/api/aks/managed-clusters/get-command-result, read 2026-11.
"""

import base64
import io
import zipfile
from datetime import timedelta
from typing import Any

import pytest

from bot.azure import AzureArm
from bot.azure.settings import ArmSettings
from bot.domain.probe import COMMAND, files_of
from bot.errors import UnknownShape
from bot.ports import Operation
from tests.azure.replay import FixedCredential, Replay, answer
from tests.build import EXAMPLE

SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
PROVIDER = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/clitest000001/providers/Microsoft.ContainerService"
CLUSTER = f"{PROVIDER}/managedClusters/cmdtest000002"
ID = "476c56420763494ca19c24e67f15f66e"
RESULT = f"{PROVIDER}/managedclusters/cmdtest000002/commandResults/{ID}"
LOCATION = f"https://management.azure.com{RESULT}?api-version=2022-04-01"
TIMES = {"startedAt": "2022-05-13T08:14:46Z", "finishedAt": "2022-05-13T08:14:47Z"}
POOL = {"name": "c000003", "count": 1, "osType": "Linux"}


def arm_over(*exchanges: dict[str, Any]) -> tuple[AzureArm, Replay]:
    """The adapter over these exchanges, after the cluster itself was read."""
    cluster = answer(
        "GET", CLUSTER, {"id": CLUSTER, "name": "cmdtest000002", "properties": {"agentPoolProfiles": [POOL]}}
    )
    replay = Replay([cluster, *exchanges])
    return AzureArm(FixedCredential(), ArmSettings((SUBSCRIPTION,)), transport=replay), replay


def accepted(location: str | None = LOCATION) -> dict[str, Any]:
    """The answer to the command: no body, no Retry-After, only where its result will be."""
    headers = {"location": location} if location else {}
    return answer("POST", f"{CLUSTER}/runCommand", None, status=202, headers=headers)


def result(status: int, **properties: Any) -> dict[str, Any]:
    """The answer of a look."""
    headers = {"content-type": "application/json", **({"location": LOCATION} if status == 202 else {})}
    return answer("GET", RESULT, {"id": ID, "properties": properties}, status=status, headers=headers)


def test_a_command_is_sent_once_and_its_result_looked_for() -> None:
    """The constant command with its files as a zip, no token without Entra; running, then ended."""
    done = {"provisioningState": "Succeeded", "exitCode": 0, **TIMES, "logs": "egress-probe end\n"}
    arm, replay = arm_over(accepted(), result(202, provisioningState="Running"), result(200, **done))
    operation = arm.begin_probe(CLUSTER, files_of([EXAMPLE]))
    running, ended = arm.look_at_command(operation), arm.look_at_command(operation)
    assert (operation.url, running.is_running, running.look_after > operation.look_after * 0) == (LOCATION, True, True)
    assert (ended.is_running, ended.exit_code, ended.output, ended.reason) == (False, 0, "egress-probe end\n", "")
    (sent,) = (one for one in replay.sent if one.method == "POST")
    assert (sent.body["command"], sent.body.get("clusterToken")) == (COMMAND, None)
    packed = zipfile.ZipFile(io.BytesIO(base64.b64decode(sent.body["context"])))
    assert packed.read("targets") == b"0 https example.com 443\n"


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ({"provisioningState": "Succeeded", "reason": "ImagePullBackoff"}, "ImagePullBackoff"),
        (
            {"provisioningState": "Failed", "reason": "KubernetesPerformanceError: no node"},
            "KubernetesPerformanceError",
        ),
        ({"provisioningState": "Canceled"}, "Azure ended the command as canceled and gave no reason."),
    ],
)
def test_a_command_that_never_ran_has_a_reason(properties: dict[str, Any], reason: str) -> None:
    """Also where Azure calls that a success, as its own example does."""
    arm, _ = arm_over(result(200, **properties))
    state = arm.look_at_command(Operation(LOCATION, timedelta()))
    assert (state.is_running, state.exit_code) == (False, None)
    assert state.reason.startswith(reason)


@pytest.mark.parametrize("location", [None, "https://management.azure.com.evil.example/result"])
def test_a_result_is_only_looked_for_in_azure(location: str | None) -> None:
    """Our token goes nowhere else."""
    arm, replay = arm_over(accepted(location))
    with pytest.raises(UnknownShape):
        arm.look_at_command(arm.begin_probe(CLUSTER, files_of([EXAMPLE])))
    assert [one.method for one in replay.sent] == ["GET", "POST"]
