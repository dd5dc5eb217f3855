"""AKS run command: a command in a pod that AKS itself starts in the cluster, and its result.

Sources, read 2026-11: https://learn.microsoft.com/azure/aks/access-private-cluster and
https://learn.microsoft.com/rest/api/aks/managed-clusters/run-command. What is sent and answered is as recorded from the
service: 202 with a ``Location`` and no ``Retry-After``, then 202 with ``Running`` until 200.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from bot.azure.clients import AKS_API, Clients, Json, segment_after
from bot.azure.faults import retry_after, translated
from bot.azure.operations import WITHIN, Accepted
from bot.azure.translate.shapes import dig, items, whole
from bot.domain.probe import COMMAND, context_of
from bot.errors import ArmRejected, UnknownShape
from bot.ports import CommandState, Operation

AKS_SERVER_SCOPE = "6dae42f8-4368-4678-94ff-3960e28e3630/.default"
"""The token scope of the AKS Entra server application, the same in every cloud.

Source: https://learn.microsoft.com/azure/aks/kubelogin-authentication, read 2026-11.
"""

LOOK_AFTER = timedelta(seconds=3)
"""When a result is looked for again: Azure says nothing about it, and a short command takes some ten seconds."""

LONGEST_OUTPUT = 512 * 1024
"""Characters of output that Azure hands on (access-private-cluster, as above)."""


def begin_probe(clients: Clients, cluster_id: str, files: Mapping[str, str]) -> Operation:
    """Run the probe's command inside a cluster.

    Raises:
        ArmRejected: The cluster is stopped, has no Linux node, or takes no commands.
    """
    cluster = clients.get(cluster_id, AKS_API)
    _require_able(cluster)
    asked: Any = {"command": COMMAND, "context": context_of(dict(files)), **_token(clients, cluster)}
    managed = clients.aks(segment_after(cluster_id, "subscriptions")).managed_clusters
    group, name = segment_after(cluster_id, "resourceGroups"), segment_after(cluster_id, "managedClusters")
    accepted = Accepted()
    with translated():
        managed.begin_run_command(
            group, name, asked, polling=False, raw_response_hook=accepted, retry_total=0, **WITHIN
        )
    url = accepted.headers.get("Location")
    if not url:
        raise UnknownShape("Azure accepted the command but did not say where its result will be.")
    return Operation(url, LOOK_AFTER / clients.settings.pace)


def look_at_command(clients: Clients, operation: Operation) -> CommandState:
    """Read the result of a command once."""
    body, headers = clients.follow(operation.url, urlsplit(operation.url).path)
    state = str(dig(body, "properties", "provisioningState") or "").lower()
    if state not in ("succeeded", "failed", "canceled"):
        return CommandState(is_running=True, look_after=retry_after(headers) or LOOK_AFTER / clients.settings.pace)
    code, logs = whole(dig(body, "properties", "exitCode")), str(dig(body, "properties", "logs") or "")
    reason = str(dig(body, "properties", "reason") or "")
    if code is None and not reason:
        reason = f"Azure ended the command as {state} and gave no reason."
    return CommandState(is_running=False, exit_code=code, output=logs[:LONGEST_OUTPUT], reason=reason)


def _require_able(cluster: Json) -> None:
    """Say what Azure would say less clearly, or only after a minute."""
    name = cluster.get("name")
    if dig(cluster, "properties", "apiServerAccessProfile", "disableRunCommand") is True:
        raise ArmRejected(
            f"{name} does not take commands: run command is switched off there (disableRunCommand).",
            code="RunCommandDisabled",
        )
    if str(dig(cluster, "properties", "powerState", "code")).lower() == "stopped":
        raise ArmRejected(f"{name} is stopped, so nothing can run in it.", code="ClusterStopped")
    pools = items(cluster, "properties", "agentPoolProfiles")
    if not any(_has_linux(pool) for pool in pools):
        raise ArmRejected(f"{name} has no Linux node, and a probe needs one.", code="NoLinuxNode")


def _has_linux(pool: Json) -> bool:
    is_linux = str(pool.get("osType") or "Linux").lower() == "linux"
    return is_linux and bool(pool.get("count") or pool.get("enableAutoScaling"))


def _token(clients: Clients, cluster: Json) -> Json:
    """Clusters with managed Entra integration take the caller's own token, and its Kubernetes rights with it."""
    is_managed = dig(cluster, "properties", "aadProfile", "managed") is True
    return {"clusterToken": clients.token(AKS_SERVER_SCOPE)} if is_managed else {}
