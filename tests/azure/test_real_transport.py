"""The adapter as production has it: real HTTP, real TLS, a private CA, and several threads on one connection pool."""

import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from bot.azure import AzureArm
from bot.azure.settings import ArmSettings
from bot.domain.snat import CountGoal, plan_scale
from bot.errors import ArmUnreachable
from bot.sandbox.arm import SUBSCRIPTION, ArmSubscription
from bot.sandbox.arm_http import arm_app, make_ca
from bot.sandbox.clock import SandboxClock
from bot.sandbox.journal import Journal
from tests.azure.stage import HUB_POLICY, cluster_id
from tests.sandbox.arm_clients import Credential
from tests.sandbox.test_arm_http import running


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The URL of a tenant behind TLS on loopback, and the CA to trust."""
    arm = ArmSubscription(SandboxClock(), Journal(), speed=600)
    certificate, key, ca = make_ca(tmp_path_factory.mktemp("tls"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(
            arm_app(arm), ssl_certfile=str(certificate), ssl_keyfile=str(key), log_level="critical", lifespan="off"
        )
        with running(uvicorn.Server(config), listener):
            yield f"https://127.0.0.1:{listener.getsockname()[1]}", ca


def arm_at(url: str, ca: Path | None, **settings: Any) -> AzureArm:
    """The adapter over the real transport."""
    bounds = {"retries": 0, "timeout_s": 10, **settings}
    file = str(ca) if ca else None
    return AzureArm(Credential(), ArmSettings((SUBSCRIPTION,), endpoint=url, ca_file=file, pace=600, **bounds))


def test_everything_over_tls(endpoint: tuple[str, Path]) -> None:
    """Fleet, one cluster, rules, a scale and its operation: the operation URL leads back to the same server."""
    arm = arm_at(*endpoint)
    egress = arm.read_egress(cluster_id("aks-udr"))
    operation = arm.begin_scale(plan_scale(arm.read_egress(cluster_id("aks-lb")), CountGoal(2)))

    assert len(arm.read_fleet().clusters) == 13
    assert egress.target() == HUB_POLICY
    assert len(arm.open(HUB_POLICY).read().layers) == 2
    assert operation.url.startswith(endpoint[0])
    assert arm.look(operation).status in ("InProgress", "Succeeded")
    arm.close()


def test_an_unknown_certificate_is_not_trusted(endpoint: tuple[str, Path]) -> None:
    """Without the CA there is no answer that could be believed."""
    arm = arm_at(endpoint[0], None)

    with pytest.raises(ArmUnreachable):
        arm.read_egress(cluster_id("aks-lb"))
    arm.close()


def test_a_server_that_does_not_answer_is_asked_twice() -> None:
    """It takes the connection and stays silent: one repetition, then whoever asked decides when to ask again."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        arm = arm_at(f"https://127.0.0.1:{port}", None, timeout_s=0.3, retries=3)
        with pytest.raises(ArmUnreachable):
            arm.read_egress(cluster_id("aks-lb"))
        listener.setblocking(False)
        connections = 0
        with suppress(BlockingIOError):
            while True:
                listener.accept()[0].close()
                connections += 1
    arm.close()
    assert connections == 2


def test_nobody_listens() -> None:
    """A closed port is an Azure that does not answer."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    arm = arm_at(f"https://127.0.0.1:{port}", None)

    with pytest.raises(ArmUnreachable):
        arm.read_fleet()
    arm.close()
