"""The list of egress IPs: what is known, how well, since when; for pollers that may see it, and cheap to poll."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from bot import inventory, scaling
from bot.approvals import Decision
from bot.domain.api_token import TokenAct
from bot.domain.audit import Action
from bot.domain.egress.published import AddressState, ListLimits, Readings, egress_ip_list
from bot.domain.integration import EgressIps
from bot.domain.snat import CountGoal
from bot.errors import Unavailable
from bot.scaling import Wish
from handlers.api.feed import EgressIpFront, is_known, plain_list
from handlers.api.openapi import openapi
from tests.api.stage import ApiStage, Reply, asked, opened_api
from tests.azure.stage import cluster_id
from tests.build import APPROVER, DEV
from tests.flows.test_inventory_history import NEW, OLD, move


@dataclass
class Feed:
    """The list, and the product behind it."""

    api: ApiStage
    front: EgressIpFront

    def call(self, query: str = "", *, form: str = "json", etag: str = "", **more: Any) -> Reply:
        """One poll, with the token ``ci`` unless it is said otherwise."""
        environ = {
            "REQUEST_METHOD": more.get("method", "GET"),
            "PATH_INFO": f"/egress-ips.{form}",
            "QUERY_STRING": query,
            "HTTP_AUTHORIZATION": f"Bearer {more.get('secret', self.api.secret)}",
            "HTTP_IF_NONE_MATCH": etag,
        }
        return asked(self.front, environ)

    def with_rules(self, rules: EgressIps) -> "Feed":
        """The same under other rules."""
        ctx = self.api.ctx
        return Feed(self.api, EgressIpFront(replace(ctx, config=replace(ctx.config, egress_ips=rules))))

    def reads(self) -> int:
        """How often it was recorded that somebody read the list."""
        return len([e for e in self.api.events(action=str(Action.API_READ)) if e.subject == "egress-ips"])


@pytest.fixture
def feed(sqlite_url: str) -> Iterator[Feed]:
    """For tokens, every cluster."""
    with opened_api(sqlite_url) as api:
        yield Feed(api, EgressIpFront(api.ctx))


def one(reply: Reply, name: str = "aks-lb") -> Any:
    """A cluster of the list."""
    (found,) = [each for each in reply.json["clusters"] if each["name"] == name]
    return found


def test_what_is_in_use(feed: Feed) -> None:
    """Every cluster with what ``show`` says; all addresses once, IPv4 first; as the OpenAPI document has it."""
    reply = feed.call()
    assert reply.status == 200
    spec = openapi()
    schema = {"$ref": "#/components/schemas/EgressIpList", "components": spec["components"]}
    Draft202012Validator(schema).validate(reply.json)
    assert len(reply.json["clusters"]) == 13
    shown = inventory.show(feed.api.ctx, DEV, "aks-lb-own").egress.ips
    assert set(one(reply, "aks-lb-own")["addresses"]) == {ip.address for ip in shown}
    assert (one(reply)["state"], one(reply)["id"]) == ("current", cluster_id("aks-lb"))
    text = feed.call(form="txt")
    assert text.text.splitlines() == reply.json["addresses"]
    assert len(set(text.text.splitlines())) == len(text.text.splitlines())
    assert text.headers["Content-Type"].startswith("text/plain")
    assert feed.call("cluster=AKS-LB", form="txt").text == f"{OLD}\n"


def test_polling_costs_little(feed: Feed) -> None:
    """Reading the same again changes no tag; a change does, and what was before is history."""
    first = feed.call("cluster=aks-lb")
    feed.api.world.tick(timedelta(minutes=12))
    inventory.refresh(feed.api.ctx)
    again = feed.call("cluster=aks-lb", etag=f'"other", {first.headers["ETag"]}')
    assert (again.status, again.text) == (304, "")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Egress-Read-At"] > first.headers["Egress-Read-At"]
    assert feed.reads() == 1, "that nothing changed is no news"
    move(feed.api.world, OLD, NEW)
    inventory.refresh(feed.api.ctx)
    changed = feed.call("cluster=aks-lb", etag=first.headers["ETag"])
    assert (changed.status, changed.json["addresses"]) == (200, [NEW])
    (before,) = changed.json["history"]
    assert (before["cluster"], before["addresses"]) == ("aks-lb", [OLD])
    assert feed.call("cluster=aks-lb", form="txt").headers["ETag"] != changed.headers["ETag"]


def test_what_was_not_read_is_called_stale(feed: Feed) -> None:
    """The last known addresses stay; that they are old changes the tag, so that pollers hear it."""
    first = feed.call("cluster=aks-lb")
    feed.api.world.tick(timedelta(hours=2))
    stale = feed.call("cluster=aks-lb", etag=first.headers["ETag"])
    assert (stale.status, one(stale)["state"], one(stale)["addresses"]) == (200, "stale", [OLD])
    assert (stale.json["is_complete"], stale.headers["Egress-Complete"]) == (False, "false")


def test_what_cannot_be_read_is_stale_at_once(feed: Feed) -> None:
    """A right that was taken away hides addresses; nobody may take that for their end."""
    fault = {"method": "GET", "path": "publicIPAddresses", "times": 9, "status": 403, "code": "AuthorizationFailed"}
    feed.api.world.arm.add_fault(fault)
    feed.api.world.tick(timedelta(minutes=5))
    inventory.show(feed.api.ctx, DEV, "aks-lb")
    assert (one(feed.call())["state"], one(feed.call())["addresses"]) == ("stale", [OLD])
    assert feed.call("cluster=aks-lb", form="txt").text == f"{OLD}\n"


def test_a_bare_list_never_lacks_a_cluster(feed: Feed) -> None:
    """Where nothing was ever known, text is refused, so that a poller keeps what it has; JSON says it."""
    egress = inventory.show(feed.api.ctx, DEV, "aks-lb").egress
    now = feed.api.world.clock.now()
    seen = Readings([egress.ref], {egress.ref.id: now}, [], now, has_gaps=False)
    found = egress_ip_list(seen, [], ListLimits(now, timedelta(hours=1), has_ids=True))
    assert (found.clusters[0].state, found.is_complete) == (AddressState.UNKNOWN, False)
    with pytest.raises(Unavailable, match="of aks-lb are not known"):
        plain_list(found)


@pytest.mark.parametrize(
    ("query", "status", "names"),
    [
        ("cluster=aks-lb&cluster=aks-udr", 200, ["aks-lb", "aks-udr"]),
        ("tag=team=shop&tag=Environment=test", 200, ["aks-lb-dual", "aks-udr"]),
        ("tag=team=shop&cluster=aks-lb", 200, ["aks-lb"]),
        ("tag=environment=nowhere", 404, []),
        ("cluster=aks-nothing&cluster=aks-lb", 404, []),
        ("tag=environment", 400, []),
        ("cluster=", 400, []),
        ("name=aks-lb", 400, []),
        ("cluster=%ff", 400, []),
    ],
)
def test_which_clusters(feed: Feed, query: str, status: int, names: list[str]) -> None:
    """By name, id or tag; a wrong one is never answered with a list that lacks it."""
    reply = feed.call(query)
    assert (reply.status, [each["name"] for each in reply.json.get("clusters", [])]) == (status, names), reply.text


def test_a_deleted_cluster(feed: Feed) -> None:
    """It has no addresses any more, which is known; after a while it is not on the list."""
    feed.api.world.arm.delete_resource(cluster_id("aks-lb"))
    feed.api.world.tick(timedelta(minutes=5))
    inventory.refresh(feed.api.ctx)
    reply = feed.call("cluster=aks-lb")
    assert (one(reply)["state"], one(reply)["addresses"], reply.json["is_complete"]) == ("deleted", [], True)
    assert reply.json["history"][0]["addresses"] == [OLD]
    assert feed.call("cluster=aks-lb", form="txt").text == ""
    feed.api.world.tick(timedelta(days=3))
    short = feed.with_rules(EgressIps(enabled=True, history=timedelta(days=2)))
    assert short.call("cluster=aks-lb").status == 404


def test_what_is_approved_is_announced(feed: Feed) -> None:
    """As soon as it is approved, and until it is read back; what waits for a decision is nobody's business."""
    made = scaling.propose(feed.api.ctx, DEV, Wish("aks-lb", CountGoal(2), "more"))
    assert feed.call("cluster=aks-lb").json["planned"] == []
    scaling.decide(feed.api.ctx, APPROVER, Decision(made.id, True))
    (planned,) = feed.call("cluster=aks-lb").json["planned"]
    assert "1 new outbound IP address will be added" in planned["text"]
    feed.api.world.settle()
    after = feed.call("cluster=aks-lb").json
    assert (after["planned"], len(after["addresses"])) == ([], 2)


def test_who_may_read_it(feed: Feed) -> None:
    """A token that may read, for its clusters; what it asks for beyond them is not there, and on record."""
    assert feed.call(secret="").status == 401
    assert feed.call(secret=feed.api.token("asks", acts={TokenAct.REQUEST})).status == 403
    some = feed.api.token("some", clusters=("aks-udr*",))
    names = [each["name"] for each in feed.call(secret=some).json["clusters"]]
    assert names == ["aks-udr", "aks-udr-agic", "aks-udr-classic", "aks-udr-nva"]
    assert feed.call("cluster=aks-lb", secret=some).status == 404
    refused = feed.api.events(action=str(Action.ACT_REFUSE))
    assert [event.via for event in refused] == ["api:asks", "api:some"]
    feed.api.slack("UDEV0001", deleted=True)
    assert feed.call().status == 403


def test_open_to_everyone(feed: Feed) -> None:
    """Without a token, for the named clusters alone, and without ids of Azure."""
    open_ = feed.with_rules(EgressIps(enabled=True, access="open", clusters=("aks-lb*",)))
    reply = open_.call(secret="")
    assert [each["name"] for each in reply.json["clusters"]] == ["aks-lb", "aks-lb-dual", "aks-lb-own"]
    assert "subscriptions" not in json.dumps(reply.json)
    assert open_.call("cluster=aks-udr", secret="").status == 404
    assert feed.reads() == 0


def test_other_calls(feed: Feed) -> None:
    """HEAD is a GET without its body; nothing is changed here, and nothing else is here."""
    head, got = feed.call(method="HEAD"), feed.call()
    assert (head.status, head.text, head.headers["ETag"]) == (200, "", got.headers["ETag"])
    assert (feed.call(method="POST").status, feed.call(form="xml").status) == (405, 404)


@pytest.mark.parametrize(
    ("header", "is_it"),
    [('W/"a"', True), ('"a"', True), ('"b", W/"a"', True), ("*", True), ("", False), ('"b"', False), ("a", False)],
)
def test_entity_tags_are_compared_weakly(header: str, is_it: bool) -> None:
    """As RFC 9110 wants it for If-None-Match."""
    assert is_known(header, 'W/"a"') is is_it


def test_the_same_from_both_databases(database_url: str) -> None:
    """Names, ids and states do not depend on where they are stored."""
    with opened_api(database_url) as api:
        reply = Feed(api, EgressIpFront(api.ctx)).call("tag=team=shop")
        assert [(each["name"], each["state"]) for each in reply.json["clusters"]] == [
            ("aks-lb", "current"),
            ("aks-lb-dual", "current"),
            ("aks-udr", "current"),
            ("aks-udr-agic", "current"),
        ]
