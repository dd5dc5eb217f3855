"""Random histories: people, replicas that die, an Azure that misbehaves, and hands that meddle."""

from contextlib import suppress
from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import initialize

from bot import allowances, checking
from bot.allowances import Draft
from bot.approvals import Decision
from bot.domain.fqdn import parse_destination
from bot.domain.rule_diff import MAX_GROUP_BYTES
from bot.errors import (
    AlreadyAllowed,
    AlreadyDecided,
    AlreadyRequested,
    CannotTakeEffect,
    Refused,
    RequestRefused,
    StaleVersion,
    StaleView,
    Unavailable,
    UnknownCluster,
)
from tests.build import APPROVER, DEV
from tests.histories.changing import CLUSTERS, SMALL, Changing, book_of
from tests.histories.checks import People, check
from tests.histories.failing import step
from tests.histories.mortal import Json
from tests.histories.stage import GROUP, build

BY_ADDRESS = range(6, 9)
"""The hosts that are asked for by TCP, so that a network rule opens them."""

DRIFT = ("heal", "heal", "adopt", "report")
"""The configured modes; healing twice as often, being the default."""

REFUSED = (
    AlreadyDecided,
    AlreadyRequested,
    AlreadyAllowed,
    CannotTakeEffect,
    RequestRefused,
    StaleVersion,
    StaleView,
    UnknownCluster,
)

NUMBER = st.integers(0, 7)
"""Which of the last requests: ids differ from run to run, and a history must be the same when it is replayed."""


class Histories(Changing):
    """Whatever happens, in whatever order, what is wanted is open in the end, and nothing else that is ours."""

    def __init__(self) -> None:
        super().__init__()
        self.people = People()

    @initialize(
        replicas=st.integers(1, 3),
        honours=st.booleans(),
        drift=st.sampled_from(DRIFT),
        clusters=st.sets(st.sampled_from(CLUSTERS), min_size=1),
        held=st.sampled_from([MAX_GROUP_BYTES, SMALL]),
    )
    def begin(self, replicas: int, honours: bool, drift: str, clusters: set[str], held: int) -> None:
        """Some replicas, an Azure that honours If-Match on groups or not, a way with drift, and somebody has asked."""
        self.people.drift = drift
        self.put_on(build(self.store, self.clock, book=book_of(drift, max_bytes=held), replicas=replicas))
        self.stage.arm.honour_if_match_on_groups = honours
        for cluster in sorted(clusters):
            self._request(cluster, host=9, hours=8, yes=True)

    # What people do.

    @step(cluster=st.sampled_from(CLUSTERS), host=st.integers(0, 9), hours=st.sampled_from([1, 8]), yes=st.booleans())
    def request(self, cluster: str, host: int, hours: int, yes: bool) -> None:
        """Somebody asks, and perhaps somebody approves at once."""
        self._request(cluster, host, hours, yes=yes)

    def _request(self, cluster: str, host: int, hours: int, *, yes: bool) -> None:
        name = f"h{host}.example.com"
        asked = parse_destination(f"tcp:{name}:5432" if host in BY_ADDRESS else name)
        draft = Draft(cluster, (asked,), "why", timedelta(hours=hours))
        if cluster == "aks-udr-classic" and self.stage.ctx.config.firewall.max_bytes == SMALL:
            return  # a classic firewall has no groups over which its rules could spread
        try:
            if host in BY_ADDRESS:
                checking.prepare(self.stage.ctx, DEV, cluster)  # as the form does when it opens
            self.people.ids.append(self.seen(lambda: allowances.request(self.stage.ctx, DEV, draft)).id)
        except (*REFUSED, CannotTakeEffect, Refused, Unavailable):
            return
        if yes:
            self._approve(self.people.ids[-1])

    @step(number=NUMBER)
    def approve(self, number: int) -> None:
        """Somebody approves."""
        if self.people.ids:
            self._approve(self.people.ids[number % len(self.people.ids)])

    def _approve(self, id_: str) -> None:
        try:
            decided = self.seen(lambda: allowances.decide(self.stage.ctx, APPROVER, Decision(id_, is_approved=True)))
        except REFUSED:
            return
        if decided.approved_at is not None:
            self.people.approved.add(id_)

    @step(number=NUMBER)
    def revoke(self, number: int) -> None:
        """Somebody revokes."""
        with suppress(IndexError):
            self._revoke(self.people.ids[-1 - number])

    def _revoke(self, id_: str) -> None:
        with suppress(*REFUSED):
            self.seen(lambda: allowances.end(self.stage.ctx, DEV, id_))
            self.people.revoked.add(id_)

    @step(number=NUMBER)
    def renew(self, number: int) -> None:
        """Somebody renews."""
        with suppress(*REFUSED, IndexError):
            old = self.people.ids[-1 - number]
            self.people.ids.append(self.seen(lambda: allowances.renew(self.stage.ctx, DEV, old)).id)
            self._approve(self.people.ids[-1])

    @step(replica=st.integers(0, 2), number=NUMBER, how=st.sampled_from(["approve", "revoke"]))
    def act_in_flight(self, replica: int, number: int, how: str) -> None:
        """Somebody decides while a card is on its way to Slack."""
        wire = self.stage.replicas[replica % len(self.stage.replicas)].wire
        wire.in_flight = lambda: self._decide(number, how)

    def _decide(self, number: int, how: str) -> None:
        if self.people.ids:
            id_ = self.people.ids[-1 - number % len(self.people.ids)]
            self._approve(id_) if how == "approve" else self._revoke(id_)

    # What other hands do.

    @step(name=st.sampled_from(["ruleCollectionGroups/rcg-platform", "azureFirewalls/legacy-firewall"]))
    def write_beside(self, name: str) -> None:
        """Another tool writes the same policy tree or firewall, without changing anything."""
        body = self.stage.resource(f"/{name}")
        assert body is not None
        etag = body["etag"] if "legacy" in name else f'"{body["etag"]}"'
        self.stage.by_another("PUT", f"{body['id']}?api-version=2025-01-01", body, **{"If-Match": etag})

    @step(how=st.sampled_from(["clear", "drop", "alter", "add", "delete"]), which=st.sampled_from(["", "", "-2"]))
    def meddle(self, how: str, which: str) -> None:
        """Somebody changes one of our rule collection groups by hand."""
        body = self.stage.resource(f"/{GROUP}{which}")
        if body is None or self.stage.arm.has_running_operations():
            return
        self.people.have_meddled = True
        if how == "delete":
            self.stage.arm.delete_resource(body["id"])
            return
        self.people.added_by_hand += 1
        meddled = (_meddled(each, how, self.people.added_by_hand) for each in body["properties"]["ruleCollections"])
        body["properties"]["ruleCollections"] = [each for each in meddled if each["rules"]]
        self.stage.arm.put_resource(body["id"], body)

    @step(act=st.sampled_from(["begin", "deploy", "discard"]))
    def draft(self, act: str) -> None:
        """Somebody drafts the firewall policy, our group as it is now included, and deploys the draft some day."""
        self._draft(act)

    def _draft(self, act: str) -> None:
        policy, arm = self.stage.resource("/hub-policy"), self.stage.arm
        assert policy is not None
        id_ = f"{policy['id']}/firewallPolicyDrafts/default"
        group = self.stage.resource(f"/{GROUP}")
        if act == "begin":
            arm.put_resource(id_, {"properties": {"threatIntelMode": "Alert"}})
            if group is not None:
                arm.put_resource(
                    f"{group['id']}/ruleCollectionGroupDrafts/default", {"properties": group["properties"]}
                )
        elif self.stage.resource("firewallpolicydrafts/default") is None:
            return
        elif act == "discard":
            arm.delete_resource(id_)
        else:
            self.people.have_meddled = True
            self.stage.by_another("POST", f"{policy['id']}/deploy?api-version=2023-11-01")

    # What must hold.

    def check(self) -> None:
        """What is open is exactly what is wanted, and everybody knows what became of theirs."""
        check(self.stage, self.people, self.witness.seen)

    def heal(self) -> None:
        """Everything works again, and nobody deploys anything over it."""
        super().heal()
        if self.stage.resource("firewallpolicydrafts/default") is not None:
            self._draft("discard")


def _meddled(collection: Json, how: str, number: int) -> Json:
    if not collection["name"].startswith("egress-"):
        return collection
    rules = collection["rules"]
    if how == "clear":
        rules = []
    elif how == "drop":
        rules = rules[1:]
    elif how == "alter":
        rules = [{**rules[0], _names(rules[0]): ["evil.example.net"]}, *rules[1:]]
    elif how == "add":
        rules = [*rules, {**rules[0], "name": f"by-hand-{number}", _names(rules[0]): ["hand.example.net"]}]
    return {**collection, "rules": rules}


def _names(rule: Json) -> str:
    return "destinationFqdns" if rule["ruleType"] == "NetworkRule" else "targetFqdns"
