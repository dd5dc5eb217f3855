"""Azure Resource Manager behind the port that the use cases know."""

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime

from azure.core.credentials import TokenCredential

from bot.azure import cluster_reads, resource_graph
from bot.azure.clients import Clients, Transport
from bot.azure.logs.firewall_logs import AzureLogs
from bot.azure.metrics import AzureMetrics
from bot.azure.operations import poll
from bot.azure.public_ips import read_public_ips
from bot.azure.run_command import begin_probe, look_at_command
from bot.azure.scaling import begin_scale
from bot.azure.settings import ArmSettings
from bot.azure.targets import open_target
from bot.domain.egress import ClusterEgress, ClusterRef, Fleet, RequiredEndpoint
from bot.domain.feature_settings import Logs
from bot.domain.rights import Grant
from bot.domain.snat import OwnIp, ScalePlan
from bot.domain.target import Target
from bot.ports import CommandState, Operation, OperationState, RuleTarget


def _utc_now() -> datetime:
    return datetime.now(UTC)


class AzureArm:
    """Implements ``Clusters``, ``Targets`` and ``Operations`` of ``bot.ports.azure`` with Azure's own SDK.

    Args:
        credential: Where tokens come from.
        settings: How Azure is reached and paced.
        transport: An HTTP transport in place of the real one, for example a simulated subscription.
        now: The time, UTC; it dates the fleet.

    Every method may raise the ``Arm…`` errors of ``bot.errors``, ``StaleVersion`` and ``UnknownShape``.
    """

    def __init__(
        self,
        credential: TokenCredential,
        settings: ArmSettings,
        *,
        transport: Transport | None = None,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._credential = credential
        self._clients = Clients(credential, settings, transport)
        self._now = now
        self.metrics = AzureMetrics(self._clients, now)

    @property
    def endpoint(self) -> str:
        """Azure Resource Manager's base URL."""
        return self._clients.settings.endpoint

    @property
    def scopes(self) -> tuple[str, ...]:
        """What its tokens are asked for."""
        return self._clients.settings.scopes

    @property
    def identity(self) -> str:
        """As whom Azure is asked, in words; empty before it was, and where it is simulated."""
        return str(getattr(self._credential, "chosen", ""))

    def problem(self) -> str | None:
        """Why Azure did not answer last, as a sentence; None if it did. Asks nothing."""
        return self._clients.standing.problem

    def clock_problem(self) -> str | None:
        """That this machine's clock differs from Azure's, as a sentence; None if it does not. Asks nothing."""
        return self._clients.watching.clock_problem()

    def read_fleet(self) -> Fleet:
        """All clusters of the configured subscriptions, eventually consistent, with the time of reading."""
        return resource_graph.read_fleet(self._clients, self._now)

    def find_clusters(self, name: str) -> tuple[ClusterRef, ...]:
        """The clusters of this name or ARM id in the configured subscriptions, as they are now."""
        return resource_graph.find_clusters(self._clients, name)

    def read_egress(self, cluster_id: str) -> ClusterEgress:
        """One cluster as it is now: paths, outbound IPs, ingress IPs, sources, firewall target."""
        return cluster_reads.read_egress(self._clients, cluster_id)

    def read_required_endpoints(self, cluster_id: str) -> tuple[RequiredEndpoint, ...]:
        """The cluster's published outbound dependencies."""
        return cluster_reads.read_required_endpoints(self._clients, cluster_id)

    def open(self, target: Target) -> RuleTarget:
        """Where a firewall keeps its rules; asks nothing."""
        return open_target(self._clients, target)

    def read_public_ips(self, ids: Collection[str]) -> Mapping[str, OwnIp | None]:
        """Public IPs and prefixes by lower-case id; None where one does not exist, nothing where it may not be read."""
        return read_public_ips(self._clients, ids)

    def begin_scale(self, plan: ScalePlan) -> Operation:
        """Make the change of the plan, on the eTag it was made from. Never waits for the end.

        Raises:
            StalePlan: The cluster no longer matches what the plan was computed from.
        """
        return begin_scale(self._clients, plan)

    def begin_probe(self, cluster_id: str, files: Mapping[str, str]) -> Operation:
        """Run the probe's command inside a cluster, with its files by name. Never waits for the end.

        Raises:
            ArmRejected: The cluster is stopped, has no Linux node, or takes no commands.
        """
        return begin_probe(self._clients, cluster_id, files)

    def look_at_command(self, operation: Operation) -> CommandState:
        """Read the result of a command inside a cluster once."""
        return look_at_command(self._clients, operation)

    def look(self, operation: Operation) -> OperationState:
        """Query the status of an operation once."""
        return poll(self._clients, operation)

    def read_grants(self, resource_id: str) -> tuple[Grant, ...]:
        """Read the permissions of the bot's identity on one resource."""
        return cluster_reads.read_grants(self._clients, resource_id)

    def firewall_logs(self, settings: Logs) -> AzureLogs:
        """Azure Monitor's logs of firewalls, reached in the same way; asks nothing."""
        return AzureLogs(self._clients, settings, self._now)

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """The ids of the subscriptions that it looks at, in lower case."""
        return tuple(one.lower() for one in self._clients.settings.subscriptions)

    def calls_left(self) -> Mapping[str, int]:
        """How many calls Azure had left for us when it last said so, by kind of limit."""
        return self._clients.watching.left()

    def close(self) -> None:
        """Give back threads and connections."""
        self._clients.close()
