"""The SDK's clients, one for each subscription, behind one way to send a request."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from threading import Lock
from time import monotonic
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from azure.core.credentials import TokenCredential
from azure.core.pipeline import PipelineResponse
from azure.core.pipeline.policies import RetryPolicy
from azure.core.pipeline.transport import HttpTransport, RequestsTransport
from azure.core.rest import HttpRequest, HttpResponse
from azure.mgmt.containerservice import ContainerServiceClient
from azure.mgmt.resourcegraph import ResourceGraphClient

from bot.azure.clouds import cloud_of, log_analytics_of
from bot.azure.faults import AzureHealth, fault_from_answer, translated
from bot.azure.identity import close_if_open
from bot.azure.last_parsed import LastParsed
from bot.azure.settings import ArmSettings
from bot.azure.translate.shapes import json_from_text, object_from_text
from bot.azure.watching import Watching
from bot.domain.rule_groups import ObservedGroup
from bot.errors import UnknownShape
from bot.logs import carried

if TYPE_CHECKING:
    from azure.mgmt.network import NetworkManagementClient
    from azure.monitor.querymetrics import MetricsClient

    Sending = ContainerServiceClient | MetricsClient
    from azure.monitor.query import LogsQueryClient

Json = dict[str, Any]
T = TypeVar("T")
R = TypeVar("R")
Transport = HttpTransport[Any, Any]

NETWORK_API = "2025-07-01"
"""API version for reads of network resources.

Source: https://learn.microsoft.com/rest/api/virtualnetwork, read 2026-11.
"""

FIREWALL_API = "2026-03-01"
"""API version for firewalls and their policies: the pinned SDK writes with it, so a read shows every field."""

AKS_API = "2026-08-01"
"""API version for managed clusters: the one that the pinned SDK writes with."""

SUBSCRIPTIONS_API = "2022-12-01"
"""API version for the list of subscriptions.

Source: https://learn.microsoft.com/rest/api/resources/subscriptions, read 2026-11.
"""

CONNECTIONS = 64
"""Connections to Azure that are kept for reuse: as many as all workers and listeners ask at once when they are busy."""

ARM_ONLY = frozenset({"base_url", "credential_scopes"})
"""Options of clients for Azure Resource Manager that other services' clients do not take."""

LEAST_S = 0.2
"""Seconds that a request in a hurry has at the least."""

LONGEST_LIST = 200
"""Pages of one list before it is taken for a loop."""


class BoundedRetry(RetryPolicy[Any, Any]):
    """Retries as the SDK does, but never waits out a long ``Retry-After``: the caller has better things to do."""

    def __init__(self, *, longest_wait_s: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._longest_wait_s = longest_wait_s

    def is_retry(self, settings: dict[str, Any], response: PipelineResponse[Any, Any]) -> bool:
        """Whether to try again."""
        wait = self.get_retry_after(response)
        return (wait is None or wait <= self._longest_wait_s) and super().is_retry(settings, response)


class Clients:
    """Everything that talks to Azure.

    Args:
        credential: Where tokens come from.
        settings: How Azure is reached.
        transport: An HTTP transport in place of the real one, for example a simulated subscription.
    """

    def __init__(self, credential: TokenCredential, settings: ArmSettings, transport: Transport | None) -> None:
        self.settings = settings
        self.standing = AzureHealth()
        self.watching = Watching()
        self.groups = LastParsed[ObservedGroup]()
        self._credential = credential
        self._transport = transport or _real_transport(settings)
        self._aks: dict[str, ContainerServiceClient] = {}
        self._network: dict[str, NetworkManagementClient] = {}
        self._monitors: dict[str, MetricsClient] = {}
        self.cloud = cloud_of(settings.endpoint, settings.metrics_endpoint)
        self._logs: LogsQueryClient | None = None
        self._ends: ContextVar[float | None] = ContextVar("ends", default=None)
        self._lock = Lock()
        self.graph = ResourceGraphClient(credential, **self._options(retry_on_methods=["POST"]))

    def aks(self, subscription: str) -> ContainerServiceClient:
        """The client for managed clusters, and for any read."""
        with self._lock:
            if subscription not in self._aks:
                self._aks[subscription] = ContainerServiceClient(self._credential, subscription, **self._options())
            return self._aks[subscription]

    def network(self, subscription: str) -> "NetworkManagementClient":
        """The client for writes to firewalls; imported late because it costs 13 MB, and not everybody writes."""
        from azure.mgmt.network import NetworkManagementClient

        with self._lock:
            if subscription not in self._network:
                self._network[subscription] = NetworkManagementClient(self._credential, subscription, **self._options())
            return self._network[subscription]

    def token(self, scope: str) -> str:
        """A token of the bot's identity for something beside Azure Resource Manager.

        Raises:
            ArmForbidden: No credential worked.
            ArmUnreachable: Sign-in did not answer.
        """
        with translated():
            return self._credential.get_token(scope).token

    def logs(self) -> "LogsQueryClient":
        """The client for queries of Log Analytics; imported late, because not everybody has firewall logs."""
        from azure.monitor.query import LogsQueryClient

        with self._lock:
            if self._logs is None:
                endpoint, audience = log_analytics_of(self.settings.endpoint)
                options = {name: one for name, one in self._options().items() if name not in ARM_ONLY}
                self._logs = LogsQueryClient(self._credential, endpoint=endpoint, audience=audience, **options)
            return self._logs

    @contextmanager
    def hurried(self, ends: float) -> Iterator[None]:
        """Requests inside are tried once, with what is left of the time until ``ends``, of the monotonic clock."""
        token = self._ends.set(ends)
        try:
            yield
        finally:
            self._ends.reset(token)

    def hurry(self) -> dict[str, Any]:
        """Options of a request that is in a hurry; none for any other."""
        ends = self._ends.get()
        if ends is None:
            return {}
        left = max(LEAST_S, ends - monotonic())
        return {"retry_total": 0, "connection_timeout": left, "read_timeout": left}

    def in_parallel(self, act: Callable[[T], R], items: Iterable[T]) -> list[R]:
        """Do the same for several items at once; the first error is raised.

        Each call has threads of its own: what hangs in one of them holds up nobody else's.
        """
        several = list(items)
        if len(several) <= 1:
            return [act(each) for each in several]
        with ThreadPoolExecutor(min(len(several), self.settings.workers), thread_name_prefix="arm") as pool:
            return list(pool.map(carried(act), several))

    def close(self) -> None:
        """Give back connections."""
        self._transport.close()
        close_if_open(self._credential)

    def get(self, path: str, api_version: str, asked: Mapping[str, str] = MappingProxyType({})) -> Json:
        """One resource.

        Args:
            path: Its ARM id.
            api_version: The API version.
            asked: Further parameters of the query.

        Raises:
            EgressError: One of the ``Arm…`` errors.
        """
        return self._send(path, path, {"api-version": api_version, **asked})[0]

    def get_text(self, path: str, api_version: str) -> str:
        """One resource as Azure sent it, for those who know what to do with the same text.

        Args:
            path: Its ARM id.
            api_version: The API version.

        Raises:
            EgressError: One of the ``Arm…`` errors.
        """
        with self.standing.noted():
            return self._received(self._of(path), HttpRequest("GET", path, params={"api-version": api_version})).text()

    def post_metrics(self, region: str, asked: HttpRequest) -> Json:
        """Ask Azure Monitor's batch API; its path begins with a slash.

        Raises:
            EgressError: One of the ``Arm…`` errors.
        """
        asked.url = f"{self.cloud.endpoint(region)}{asked.url}"
        return self._answer(self._metrics(region), asked, region)[0]

    def _metrics(self, region: str) -> "MetricsClient":
        """The client for metrics of many resources; imported late, because not everybody needs it."""
        from azure.monitor.querymetrics import MetricsClient

        with self._lock:
            if region not in self._monitors:
                endpoint, audience = self.cloud.endpoint(region), self.cloud.audience
                options = self._options() | {"audience": audience}
                del options["base_url"], options["credential_scopes"]
                self._monitors[region] = MetricsClient(endpoint, self._credential, **options)
            return self._monitors[region]

    def list_all(self, path: str, api_version: str) -> Iterator[Json]:
        """All items of a list, page by page."""
        page = self.get(path, api_version)
        for _ in range(LONGEST_LIST):
            yield from page.get("value") or ()
            link = page.get("nextLink")
            if not link:
                return
            page, _headers = self.follow(link, path)
        raise UnknownShape(f"Azure's paging does not end: {path}")

    def follow(self, url: str, path: str) -> tuple[Json, Mapping[str, str]]:
        """GET a URL that Azure gave us, exactly as it is, with its headers.

        Args:
            url: The URL; our token goes with it, so only Azure's own host is asked.
            path: An ARM id of the subscription that it belongs to.

        Raises:
            UnknownShape: The URL leads elsewhere.
        """
        ours, theirs = urlsplit(self.settings.endpoint), urlsplit(url)
        host = (theirs.hostname or "").lower()
        if theirs.scheme != ours.scheme or not _is_same_site(host, (ours.hostname or "").lower()):
            raise UnknownShape("Azure's answer points to a URL outside Azure; the bot did not follow it.")
        return self._send(url, path, {})

    def _send(self, url: str, path: str, params: Mapping[str, str]) -> tuple[Json, Mapping[str, str]]:
        with self.standing.noted():
            return self._answer(self._of(path), HttpRequest("GET", url, params=params), path)

    def _of(self, path: str) -> "Sending":
        """The client of the subscription that an ARM id is in."""
        return self.aks(subscription_id(path) or self.settings.subscriptions[0])

    def _answer(self, client: "Sending", asked: HttpRequest, path: str) -> tuple[Json, Mapping[str, str]]:
        response = self._received(client, asked)
        return object_from_text(response.text(), path), response.headers

    def _received(self, client: "Sending", asked: HttpRequest) -> HttpResponse:
        with translated():
            response = client.send_request(asked, **self.hurry())
        if response.status_code >= 300:
            raise fault_from_answer(response.status_code, response.headers, json_from_text(response.text()))
        return response

    def _options(self, **retry: Any) -> dict[str, Any]:
        settings = self.settings
        return {
            "base_url": settings.endpoint,
            "credential_scopes": list(settings.scopes),
            "transport": self._transport,
            "auto_request_id": False,  # Watching gives them
            "per_retry_policies": [self.watching],
            "retry_policy": BoundedRetry(
                longest_wait_s=settings.longest_wait_s,
                retry_total=settings.retries,
                retry_connect=settings.repeats,
                retry_read=settings.repeats,
                retry_backoff_factor=0.4,
                retry_backoff_max=5,
                **retry,
            ),
        }


def _real_transport(settings: ArmSettings) -> Transport:
    transport: Any = RequestsTransport(
        connection_verify=settings.ca_file or True,
        connection_timeout=settings.timeout_s,
        read_timeout=settings.timeout_s,
    )
    transport.open()
    transport.session.get_adapter("https://").init_poolmanager(1, CONNECTIONS)
    made: Transport = transport
    return made


def _is_same_site(host: str, ours: str) -> bool:
    return host == ours or host.endswith("." + ours)


@lru_cache(maxsize=4096)
def subscription_id(path: str) -> str | None:
    """The subscription id of an ARM id; None for paths without one."""
    parts = path.split("/")
    return parts[2] if len(parts) > 2 and parts[1].lower() == "subscriptions" else None


def segment_after(path: str, type_: str) -> str:
    """The segment of an ARM id that follows a type, whatever its case.

    Raises:
        UnknownShape: The id has no such segment.
    """
    parts = path.split("/")
    lower = [part.lower() for part in parts]
    if type_.lower() not in lower[:-1]:
        raise UnknownShape(f"{path} is not the id of a {type_} resource.")
    return parts[lower.index(type_.lower()) + 1]
