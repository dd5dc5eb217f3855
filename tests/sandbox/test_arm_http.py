"""The same tenant over real TLS, with the real SDK and its real credentials."""

import json
import socket
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from azure.core.exceptions import ServiceResponseError
from azure.mgmt.containerservice import ContainerServiceClient
from azure.mgmt.resourcegraph import ResourceGraphClient
from azure.mgmt.resourcegraph.models import QueryRequest
from starlette.applications import Starlette

from bot.sandbox.arm import SUBSCRIPTION, ArmSubscription
from bot.sandbox.arm_http import arm_app, control_routes, make_ca
from bot.sandbox.clock import SandboxClock
from bot.sandbox.journal import Journal
from tests.sandbox.arm_clients import BASE, GROUP, POLICY, Azure, Credential, azure, web_rules

PATIENCE_S = 20


@dataclass(frozen=True, slots=True)
class Served:
    """A tenant that is served, where, and the CA to trust."""

    arm: ArmSubscription
    url: str
    ca: Path


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A tenant behind uvicorn and TLS on a free port."""
    arm = ArmSubscription(SandboxClock(), Journal(), speed=600)
    certificate, key, ca = make_ca(tmp_path_factory.mktemp("tls"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(
            arm_app(arm), ssl_certfile=str(certificate), ssl_keyfile=str(key), log_level="critical", lifespan="off"
        )
        with running(uvicorn.Server(config), listener):
            yield Served(arm, f"https://127.0.0.1:{listener.getsockname()[1]}", ca)


@contextmanager
def running(server: uvicorn.Server, listener: socket.socket) -> Iterator[None]:
    """The server in a thread, ready, and stopped afterwards."""
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    ends = time.monotonic() + PATIENCE_S
    while not server.started and time.monotonic() < ends:
        time.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(PATIENCE_S)


def client(served: Served, credential: Any) -> Any:
    """The real client, pointed at the tenant."""
    return ContainerServiceClient(
        credential,
        SUBSCRIPTION,
        base_url=served.url,
        credential_scopes=[f"{served.url}/.default"],
        connection_verify=str(served.ca),
    )


def fetch(served: Served, path: str, **headers: str) -> Any:
    """GET without the SDK."""
    request = urllib.request.Request(f"{served.url}{path}", headers=headers)
    with urllib.request.urlopen(request, context=ssl.create_default_context(cafile=served.ca)) as answer:
        return json.loads(answer.read())


def test_the_sdk_works_over_tls(served: Served) -> None:
    """Read, write and poll: the operation URL leads back to this server."""
    clusters = client(served, Credential()).managed_clusters
    cluster = clusters.get("rg-aks-lb", "aks-lb")
    cluster.network_profile.load_balancer_profile.managed_outbound_i_ps.count = 2
    result = clusters.begin_create_or_update("rg-aks-lb", "aks-lb", cluster, polling_interval=0.05).result(PATIENCE_S)
    assert len(result.network_profile.load_balancer_profile.effective_outbound_i_ps) == 2


def test_the_graph_client_of_the_older_generation(served: Served) -> None:
    """Another SDK generation, the same tenant."""
    graph = ResourceGraphClient(
        Credential(),
        base_url=served.url,
        credential_scopes=[f"{served.url}/.default"],
        connection_verify=str(served.ca),
    )
    query = "resources | where type =~ 'microsoft.containerservice/managedclusters' | project name"
    answer: Any = graph.resources(QueryRequest(subscriptions=[SUBSCRIPTION], query=query))
    assert (answer.count, answer.data[0]) == (13, {"name": "aks-lb"})


def test_managed_identity(served: Served) -> None:
    """Both styles of the token route; without its header there is no token."""
    path = "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fmanagement.azure.com"
    token = fetch(served, path, Metadata="true")
    assert token["token_type"] == "Bearer"
    assert token["access_token"].count(".") == 2
    app_service = fetch(served, path.replace("/metadata/identity/oauth2", "/msi"), **{"X-IDENTITY-HEADER": "made-up"})
    assert app_service["resource"] == "https://management.azure.com"
    with pytest.raises(urllib.error.HTTPError, match="400"):
        fetch(served, path)


def test_endpoints_point_here(served: Served) -> None:
    """The first requests of Azure's command line."""
    cloud = fetch(served, "/metadata/endpoints?api-version=2022-09-01")
    [older] = fetch(served, "/metadata/endpoints?api-version=2019-05-01")
    assert cloud["resourceManager"] == older["resourceManager"] == served.url


def test_a_dropped_answer_closes_the_connection(served: Served) -> None:
    """The SDK sees what it sees when a connection breaks, and the read was answered all the same."""
    served.arm.add_fault({"method": "GET", "path": "managedClusters/aks-none$", "times": 1, "drop_response": True})
    with pytest.raises(ServiceResponseError):
        client(served, Credential()).managed_clusters.get("rg-aks-none", "aks-none", retry_total=0)
    assert client(served, Credential()).managed_clusters.get("rg-aks-none", "aks-none").name == "aks-none"


def test_certificates_are_reused(tmp_path: Path) -> None:
    """The CA that somebody trusts stays the CA."""
    first = [path.read_bytes() for path in make_ca(tmp_path)]
    assert [path.read_bytes() for path in make_ca(tmp_path)] == first


@pytest.fixture
def control() -> Iterator[tuple[Azure, str]]:
    """A tenant and the address of its control routes."""
    tenant = azure()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(Starlette(routes=control_routes(tenant.arm)), log_level="critical", lifespan="off")
        with running(uvicorn.Server(config), listener):
            yield tenant, f"http://127.0.0.1:{listener.getsockname()[1]}/_sandbox/arm"


def ask(url: str, method: str = "GET", body: Any = None) -> tuple[int, Any]:
    """Status and JSON of a control route; bytes go as they are."""
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def test_control_routes(control: tuple[Azure, str]) -> None:
    """State, drift and faults as the sandbox's contract spells them."""
    tenant, url = control
    group = f"{BASE}{GROUP}"
    status, shown = ask(f"{url}/resource", "PUT", {"id": group, "body": web_rules("example.com")})
    assert (status, shown["id"]) == (200, group)
    assert group.lower() in ask(url)[1]["resources"]
    assert ask(f"{url}/resource?id={group}", "DELETE") == (200, {})
    assert group.lower() not in ask(url)[1]["resources"]
    fault = {"method": "GET", "path": "hub-policy", "times": 1, "status": 503, "code": "Down"}
    assert ask(f"{url}/fault", "POST", fault) == (200, {})
    assert tenant.call("GET", f"{POLICY}/hub-policy").status == 503


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "resource", b"{"),
        ("PUT", "resource", {}),
        ("PUT", "resource", {"id": "x", "body": {}}),
        ("DELETE", "resource?id=nothing", None),
        ("POST", "fault", {"times": -1}),
    ],
)
def test_control_routes_explain_themselves(control: tuple[Azure, str], method: str, path: str, body: Any) -> None:
    """4xx with one sentence."""
    status, answer = ask(f"{control[1]}/{path}", method, body)
    assert status == 400
    assert answer["error"].endswith(".")
