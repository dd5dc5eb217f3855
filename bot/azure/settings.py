"""Settings for reaching Azure and for the pace of calls."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ArmSettings:
    """The settings of an ``AzureArm``.

    Args:
        subscriptions: The subscription ids whose clusters are shown.
        endpoint: Azure Resource Manager's base URL.
        credential_scopes: Token scopes; by default the endpoint's own ``/.default``.
        ca_file: A file with the CA certificates to trust, in place of the system's.
        group: The name of our own first rule collection group in a firewall policy.
        group_priority: The priority of one that has to be created (100..65000).
        collection_prefix: What the names of our own rule collections start with.
        pace: How much faster than Azure the other side works: 1 for Azure itself, more for a sped-up simulation.
        look_after_s: Seconds until an operation is looked at again where Azure does not say; divided by the pace.
        timeout_s: Seconds until a request without an answer is given up.
        repeats: How often a read is repeated that got no answer; after that the caller decides when to retry.
        retries: How often a read is repeated after a throttled or failed answer.
        longest_wait_s: Seconds of ``Retry-After`` that a read waits out; longer ones are raised to the caller.
        workers: Requests that one question may have under way at once.
        metrics_endpoint: Azure Monitor's batch API, ``{region}`` in it; by default that of the endpoint's cloud.
    """

    subscriptions: tuple[str, ...]
    endpoint: str = "https://management.azure.com"
    credential_scopes: tuple[str, ...] = ()
    ca_file: str | None = None
    group: str = "rcg-aks-egress"
    group_priority: int = 300
    collection_prefix: str = "egress-"
    pace: float = 1.0
    look_after_s: float = 10.0
    timeout_s: float = 15.0
    repeats: int = 1
    retries: int = 3
    longest_wait_s: float = 15.0
    workers: int = 8
    metrics_endpoint: str = ""

    @property
    def scopes(self) -> tuple[str, ...]:
        """The token scopes to ask for."""
        return self.credential_scopes or (f"{self.endpoint.rstrip('/')}/.default",)
