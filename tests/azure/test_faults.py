"""Azure's errors, recorded and not, as ours."""

from datetime import timedelta
from typing import Any

import pytest
from azure.core.exceptions import ServiceRequestError
from hypothesis import given
from hypothesis import strategies as st

from bot.azure import AzureArm
from bot.azure.faults import answer_from_body, fault_from_answer
from bot.azure.settings import ArmSettings
from bot.errors import (
    ArmBusy,
    ArmForbidden,
    ArmNotFound,
    ArmRejected,
    ArmThrottled,
    ArmUnreachable,
    EgressError,
    StaleVersion,
    UnknownShape,
)
from bot.ports import Operation
from tests.azure.replay import FixedCredential, Replay, answer, recorded

EXPECTED = {
    "AuthorizationFailed": ArmForbidden,
    "PreconditionFailed": StaleVersion,
    "EtagMismatch": StaleVersion,
    "RetryableError": ArmBusy,
    "AnotherOperationInProgress": ArmBusy,
    "InvalidResourceReference": ArmRejected,
}

CLUSTER = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/c"


@pytest.mark.parametrize("line", recorded("errors.jsonl"), ids=lambda line: str(line["status"]))
def test_recorded_errors(line: dict[str, Any]) -> None:
    """Every recorded error, enveloped or not, has its class, and the sentence carries Azure's code and words."""
    code = answer_from_body(line["resp_body"]).code
    assert code is not None
    fault = fault_from_answer(line["status"], line["resp_headers"], line["resp_body"])

    assert type(fault) is EXPECTED[code]
    assert code in fault.sentence
    assert fault.sentence.endswith(".")


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (409, "OperationNotAllowed", ArmBusy),
        (409, "SomethingElse", ArmRejected),
        (400, "OperationNotAllowed", ArmRejected),
        (401, None, ArmForbidden),
        (404, "ResourceNotFound", ArmNotFound),
        (412, None, StaleVersion),
        (429, "TooManyRequests", ArmThrottled),
        (500, None, ArmUnreachable),
        (599, None, ArmUnreachable),
        (418, None, ArmRejected),
    ],
)
def test_the_table(status: int, code: str | None, expected: type[EgressError]) -> None:
    """Status and code decide, and a code alone only where the table says so."""
    assert type(fault_from_answer(status, {}, {"error": {"code": code, "message": "m"}})) is expected


def test_the_firewall_providers_model_state() -> None:
    """A refused rule comes as JSON inside a string: its code and words are found."""
    inner = '{"Status":"Failed","Error":{"Code":"InvalidRule","Message":"FQDN is bad","Target":null}}'
    fault = fault_from_answer(400, {}, {"Message": "The request is invalid.", "ModelState": {"resource": [inner]}})

    assert isinstance(fault, ArmRejected)
    assert (fault.code, "FQDN is bad" in fault.sentence) == ("InvalidRule", True)


LEAVES: st.SearchStrategy[object] = st.none() | st.text() | st.integers()
BODIES: st.SearchStrategy[object] = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)


@given(body=BODIES)
def test_no_body_is_too_strange(body: object) -> None:
    """Whatever comes with a 400 is a refusal with a sentence."""
    assert isinstance(fault_from_answer(400, {}, body), ArmRejected)


@pytest.mark.parametrize(("value", "expected"), [("7", 7), ("0", 0), ("soon", None), ("nan", None), (None, None)])
def test_retry_after(value: str | None, expected: int | None) -> None:
    """Seconds are kept; what is not a number is as if it was not there."""
    headers = {"Retry-After": value} if value is not None else {}
    fault = fault_from_answer(429, headers, None)

    assert isinstance(fault, ArmThrottled)
    assert fault.retry_after == (None if expected is None else timedelta(seconds=expected))


def arm_over(replay: Replay) -> AzureArm:
    """The adapter over made-up traffic."""
    return AzureArm(FixedCredential(), ArmSettings(("s",)), transport=replay)


def test_a_short_throttle_is_waited_out() -> None:
    """A read waits as long as Azure asks, once, and goes on."""
    body: dict[str, Any] = {"value": []}
    path = f"{CLUSTER}/outboundNetworkDependenciesEndpoints"
    replay = Replay([answer("GET", path, {}, status=429, headers={"Retry-After": "3"}), answer("GET", path, body)])

    assert arm_over(replay).read_required_endpoints(CLUSTER) == ()
    assert replay.slept == [3.0]


def test_a_long_throttle_is_the_callers_business() -> None:
    """Ten minutes are not waited out by a read: the caller learns how long."""
    path = f"{CLUSTER}/outboundNetworkDependenciesEndpoints"
    replay = Replay([answer("GET", path, {}, status=429, headers={"Retry-After": "600"})])

    with pytest.raises(ArmThrottled) as caught:
        arm_over(replay).read_required_endpoints(CLUSTER)
    assert (caught.value.retry_after, replay.slept) == (timedelta(seconds=600), [])


def test_a_server_that_stays_down_is_asked_a_few_times() -> None:
    """Reads are repeated, but not for ever."""
    path = f"{CLUSTER}/outboundNetworkDependenciesEndpoints"
    replay = Replay([answer("GET", path, {}, status=503) for _ in range(20)])

    with pytest.raises(ArmUnreachable):
        arm_over(replay).read_required_endpoints(CLUSTER)
    assert len(replay.sent) == 4


class NoNetwork(Replay):
    """A transport without a network."""

    def send(self, request: Any, **_options: Any) -> Any:
        """Fail as a broken connection does."""
        raise ServiceRequestError(f"no route to {request.url}")


def test_no_connection_is_unreachable() -> None:
    """Errors that the SDK raises without an answer are translated, too."""
    with pytest.raises(ArmUnreachable):
        arm_over(NoNetwork([])).read_required_endpoints(CLUSTER)


@pytest.mark.parametrize(
    "url", ["https://evil.example/op", "http://management.azure.com/op", "https://management.azure.com.evil.example/op"]
)
def test_our_token_goes_to_azure_alone(url: str) -> None:
    """An operation URL that leads elsewhere is not followed."""
    replay = Replay([])
    with pytest.raises(UnknownShape):
        arm_over(replay).look(Operation(url, timedelta()))
    assert replay.sent == []
