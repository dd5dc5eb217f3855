"""Lists that go on, quotas that are used up."""

from datetime import timedelta

import pytest

from bot.azure import AzureArm
from bot.azure.resource_graph import quota_wait
from bot.azure.settings import ArmSettings
from bot.errors import UnknownShape
from tests.azure.replay import FixedCredential, Replay, answer

CLUSTER = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/c"
LIST = f"{CLUSTER}/outboundNetworkDependenciesEndpoints"
GRAPH = "/providers/Microsoft.ResourceGraph/resources"
CLUSTERS = "providers/Microsoft.ContainerService/managedClusters"
AZURE = "https://management.azure.com"


def arm_over(replay: Replay) -> AzureArm:
    """The adapter over made-up traffic."""
    return AzureArm(FixedCredential(), ArmSettings(("s",)), transport=replay)


def page(name: str, link: str | None = None) -> dict[str, object]:
    """One page with one endpoint."""
    row = {
        "category": "c",
        "endpoints": [{"domainName": name, "endpointDetails": [{"port": 443, "protocol": "Https"}]}],
    }
    return {"value": [row], "nextLink": link} if link else {"value": [row]}


def test_pages_follow_azures_own_link() -> None:
    """Each link is followed as it is, with its signature."""
    replay = Replay(
        [
            answer("GET", LIST, page("one.example", f"{AZURE}{LIST}/more?$skiptoken=a%2Fb")),
            answer("GET", f"{LIST}/more", page("two.example")),
        ]
    )
    found = arm_over(replay).read_required_endpoints(CLUSTER)

    assert [endpoint.domain for endpoint in found] == ["one.example", "two.example"]


def test_a_link_that_leads_away_is_not_followed() -> None:
    """Our token stays with Azure."""
    replay = Replay([answer("GET", LIST, page("one.example", "https://elsewhere.example/next"))])

    with pytest.raises(UnknownShape):
        arm_over(replay).read_required_endpoints(CLUSTER)
    assert len(replay.sent) == 1


def test_a_list_that_bites_its_tail() -> None:
    """A page that links to itself ends in an error, not in a loop for ever."""
    replay = Replay([answer("GET", LIST, page("one.example", f"{AZURE}{LIST}")) for _ in range(300)])

    with pytest.raises(UnknownShape, match="does not end"):
        arm_over(replay).read_required_endpoints(CLUSTER)


def test_a_used_up_quota_is_waited_for() -> None:
    """Resource Graph says that nothing is left and when there will be: the next query waits that long."""
    headers = {"x-ms-user-quota-remaining": "0", "x-ms-user-quota-resets-after": "00:00:05"}
    body = {"totalRecords": 0, "count": 0, "resultTruncated": "false", "facets": [], "data": []}
    subscriptions = answer("GET", "/subscriptions", {"value": [{"subscriptionId": "S"}]})
    first = answer("POST", GRAPH, body, headers=headers)
    replay = Replay([subscriptions, first, *(answer("POST", GRAPH, body) for _ in range(7))])

    assert arm_over(replay).read_fleet().clusters == ()
    assert (replay.slept, replay.exchanges) == ([5.0], [])


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("00:00:05", 5), ("00:00:00", 0), ("99:00:00", 10), ("soon", 0), (None, 0), ("1:2", 0), ("a:b:c", 0)],
)
def test_quota_wait(text: str | None, seconds: int) -> None:
    """Hours, minutes and seconds; nonsense is nothing, and nobody waits for hours."""
    assert quota_wait(text) == timedelta(seconds=seconds)


def test_a_name_is_looked_for_in_every_subscription() -> None:
    """However many there are: what was not asked is not unknown."""
    names = [f"s{number}" for number in range(60)]
    replay = Replay([answer("GET", f"/subscriptions/{one}/{CLUSTERS}", {"value": []}) for one in names[:-1]])
    row = {"id": f"/subscriptions/s59/resourceGroups/g/{CLUSTERS}/c", "name": "c", "location": "westeurope"}
    replay.exchanges.append(answer("GET", f"/subscriptions/s59/{CLUSTERS}", {"value": [row]}))
    azure = AzureArm(FixedCredential(), ArmSettings(tuple(names)), transport=replay)

    assert [one.subscription for one in azure.find_clusters("c")] == ["s59"]
