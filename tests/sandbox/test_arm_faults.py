"""Faults, changes by hand, and going on after a kill."""

from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import ServiceResponseError
from hypothesis import given
from hypothesis import strategies as st

from bot.sandbox.journal import Journal
from tests.sandbox.arm_clients import BASE, GROUP, POLICY, azure, cluster_path, web_rules

FOUR_MINUTES = timedelta(minutes=4)


def fault(**changes: Any) -> dict[str, Any]:
    """A fault on any PUT of a group."""
    return {"method": "PUT", "path": "ruleCollectionGroups", "times": 1, "code": "Oops", **changes}


def test_a_fault_answers_instead() -> None:
    """As often as asked, with Retry-After; nothing is written, and then all is well."""
    tenant = azure()
    tenant.arm.add_fault(fault(status=429, times=2, retry_after_s=7))
    answers = [tenant.call("PUT", GROUP, web_rules("example.com")) for _ in range(3)]
    assert [answer.status for answer in answers] == [429, 429, 201]
    assert answers[0].headers["retry-after"] == "7"
    assert answers[0].body["error"]["code"] == "Oops"


def test_a_fault_on_aks_is_not_wrapped() -> None:
    """Each provider fails in its own shape."""
    tenant = azure()
    tenant.arm.add_fault(
        {"method": "GET", "path": "managedClusters/aks-lb$", "times": 1, "status": 500, "code": "Oops"}
    )
    assert tenant.call("GET", cluster_path("aks-lb")).body["code"] == "Oops"


@pytest.mark.parametrize(("path", "aks"), [(GROUP, False), (cluster_path("aks-lb"), True)])
def test_a_fault_fails_the_operation(path: str, aks: bool) -> None:
    """The write is accepted and ends as Failed with the code; the resource says Failed too."""
    tenant = azure()
    body = tenant.call("GET", path).body if aks else web_rules("example.com")
    tenant.arm.add_fault({"method": "PUT", "path": ".*", "times": 1, "code": "UpdateFailed", "fail_operation": True})
    accepted = tenant.call("PUT", path, body)
    assert accepted.status in (200, 201)
    tenant.clock.advance(FOUR_MINUTES)
    ended = tenant.call("GET", accepted.headers["azure-asyncoperation"]).body
    assert (ended["status"], ended["error"]["code"]) == ("Failed", "UpdateFailed")
    assert tenant.call("GET", path).body["properties"]["provisioningState"] == "Failed"
    assert tenant.call("PUT", path, body).status == 200


def test_a_dropped_answer_is_a_write_that_landed() -> None:
    """The client sees a closed connection; the SDK's retry then meets the write that it made itself."""
    tenant = azure()
    tenant.arm.add_fault(fault(drop_response=True))
    groups = tenant.network.firewall_policy_rule_collection_groups
    with pytest.raises(ServiceResponseError):
        groups.begin_create_or_update(
            "rg-hub", "hub-policy", "rcg-chatops", web_rules("a.com"), polling=False, retry_total=0
        )
    tenant.clock.advance(FOUR_MINUTES)
    assert tenant.call("GET", GROUP).status == 200


def test_latency_alone_only_delays() -> None:
    """The answer is the same, later."""
    tenant = azure()
    tenant.arm.add_fault({"method": "GET", "path": "hub-policy", "times": 1, "latency_s": 30})
    before = tenant.clock.now()
    assert tenant.network.firewall_policies.get("rg-hub", "hub-policy").name == "hub-policy"
    assert tenant.clock.now() - before == timedelta(seconds=30)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"times": 0}, "1 or more"),
        ({"path": "("}, "regular expression"),
        ({"status": 200}, "400 to 599"),
        ({"colour": "red"}, "no field colour"),
        ([], "JSON object"),
    ],
)
def test_bad_faults_are_explained(body: Any, words: str) -> None:
    """One sentence says what is wrong."""
    with pytest.raises(ValueError, match=words):
        azure().arm.add_fault(body)


def test_a_new_process_goes_on(tmp_path: Path) -> None:
    """Killed in the middle of an operation: another instance over the same file sees it running and ends it."""
    journal = tmp_path / "arm.sqlite"
    first = azure(Journal(journal))
    accepted = first.call("PUT", GROUP, web_rules("example.com"))
    first.clock.advance(timedelta(minutes=2))
    second = azure(Journal(journal), clock=first.clock)
    assert second.arm.state() == first.arm.state()
    assert second.call("PUT", GROUP, web_rules("other.example.com")).status == 409
    second.clock.advance(timedelta(minutes=2))
    assert second.call("GET", accepted.headers["azure-asyncoperation"]).body["status"] == "Succeeded"
    third = azure(Journal(journal), clock=first.clock)
    assert third.call("GET", GROUP).body["properties"]["provisioningState"] == "Succeeded"


def test_what_was_deleted_stays_deleted(tmp_path: Path) -> None:
    """A fixed inhabitant that was removed does not come back with the next start."""
    group = f"{BASE}{POLICY}/hub-policy/ruleCollectionGroups/rcg-platform"
    azure(Journal(tmp_path / "arm.sqlite")).arm.delete_resource(group)
    assert group.lower() not in azure(Journal(tmp_path / "arm.sqlite")).arm.state()["resources"]


def test_changes_by_hand() -> None:
    """Drift: at once, with a new etag, in Azure's shape, and it wins over a running write."""
    tenant = azure()
    before = tenant.arm.revision
    tenant.call("PUT", GROUP, web_rules("mine.example.com"))
    shown = tenant.arm.put_resource(f"{BASE}{GROUP}", web_rules("theirs.example.com"))
    tenant.clock.advance(FOUR_MINUTES)
    found = tenant.call("GET", GROUP).body
    assert found == shown
    assert found["properties"]["ruleCollections"][0]["rules"][0]["targetFqdns"] == ["theirs.example.com"]
    assert tenant.arm.revision > before


def test_subnets_change_by_hand() -> None:
    """A subnet lives in its network: losing its route table shows on both."""
    tenant = azure()
    subnet = (
        f"{BASE}/resourceGroups/rg-aks-udr/providers/Microsoft.Network/virtualNetworks/aks-udr-vnet/subnets/aks-subnet"
    )
    tenant.arm.put_resource(subnet, {"properties": {"addressPrefix": "10.10.0.0/22"}})
    assert tenant.network.subnets.get("rg-aks-udr", "aks-udr-vnet", "aks-subnet").route_table is None
    [found] = tenant.network.virtual_networks.get("rg-aks-udr", "aks-udr-vnet").subnets
    assert found.route_table is None
    tenant.arm.delete_resource(subnet)
    assert tenant.network.virtual_networks.get("rg-aks-udr", "aks-udr-vnet").subnets == []


@pytest.mark.parametrize(
    ("resource", "body"),
    [("nonsense", {}), (f"{BASE}{GROUP}", []), (f"{BASE}{GROUP}", {"properties": {"priority": 1}}), (BASE, {})],
)
def test_bad_changes_by_hand_are_explained(resource: str, body: Any) -> None:
    """A wrong id or a body that Azure would refuse is a ValueError with a sentence."""
    with pytest.raises(ValueError, match=r"\w+ \w+"):
        azure().arm.put_resource(resource, body)


WRITES = st.lists(
    st.tuples(st.sampled_from(["hub-policy", "base-policy"]), st.sampled_from(["x", "y"]), st.integers(0, 300)),
    max_size=12,
)


@given(WRITES)
def test_writers_never_overlap(writes: list[tuple[str, str, int]]) -> None:
    """Whatever is tried, one firewall is written to by one operation at a time, and every refusal is a 409."""
    tenant = azure()
    for policy, group, pause in writes:
        priority = 700 if group == "x" else 800
        path = f"{POLICY}/{policy}/ruleCollectionGroups/{group}"
        assert tenant.call("PUT", path, web_rules("example.com", priority=priority)).status in (200, 201, 409)
        tenant.clock.advance(timedelta(seconds=pause))
    tenant.clock.advance(FOUR_MINUTES)
    intervals = [w for w in tenant.arm.state()["writers"] if w["resource"].endswith("/hub-firewall")]
    assert all(one["ended"] <= other["started"] for one, other in pairwise(intervals))
    assert len(intervals) == len(tenant.arm.state()["operations"])


def test_the_state_has_the_promised_shape() -> None:
    """Keys and values of ``GET /_sandbox/arm``."""
    tenant = azure()
    tenant.call("PUT", GROUP, web_rules("example.com"))
    state = tenant.arm.state()
    [operation] = state["operations"]
    assert set(state) == {"resources", "operations", "requests", "writers", "traffic"}
    assert set(operation) == {"id", "resource", "kind", "status", "started", "ended", "error"}
    assert (operation["status"], operation["ended"], operation["error"]) == ("InProgress", None, None)
    assert state["requests"] == [
        {"method": "PUT", "path": f"{BASE}{GROUP}", "status": 201, "at": tenant.clock.now().isoformat()}
    ]
    assert all(key == key.lower() for key in state["resources"])
    assert f"{BASE}{GROUP}".lower() in state["resources"]
