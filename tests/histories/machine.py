"""Random histories: people, replicas that die, an Azure that misbehaves, and hands that meddle."""

from contextlib import suppress
from datetime import timedelta
from itertools import pairwise
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from bot import allowances, checking
from bot.allowances import Draft
from bot.approvals import Decision
from bot.domain.fqdn import parse_destination
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
from bot.sandbox.arm.faults import Faults
from bot.sandbox.clock import ManualClock
from bot.sandbox.slack.faults import Fault
from bot.store import SqlStore
from tests.build import APPROVER, DEV
from tests.histories.changing import CLUSTERS, Changing, book_of, step
from tests.histories.checks import People, check
from tests.histories.mortal import Json
from tests.histories.stage import GROUP, build, empty, foreign_rules, open_store

BY_ADDRESS = range(6, 9)
"""The hosts that are asked for by TCP, so that a network rule opens them."""

DRIFT = ("heal", "heal", "adopt", "report")
"""The configured modes; healing twice as often, being the default."""

PUT_PATHS = (rf"ruleCollectionGroups/{GROUP}$", r"azureFirewalls/legacy-firewall$")
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

FAULTS: tuple[Json, ...] = (
    {"status": 503, "code": "ServiceUnavailable"},
    {"status": 429, "code": "TooManyRequests", "retry_after_s": 170},
    {"status": 429, "code": "RetryableError"},
    {"drop_response": True},
    {"fail_operation": True, "code": "FirewallPolicyUpdateFailed"},
    {"fail_operation": True, "code": "Canceled"},
)


SLACK_FAULTS: tuple[Json, ...] = (
    {"status": 429, "retry_after_s": 30},
    {"status": 503},
    {"error": "internal_error"},
    {"error": "not_in_channel"},
    {"error": "invalid_auth"},
)

METHODS = ("chat.postMessage", "chat.update", "conversations.open", "*")


class Histories(Changing):
    """Whatever happens, in whatever order, what is wanted is open in the end, and nothing else that is ours."""

    url: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self.clock = ManualClock()
        self.store: SqlStore = open_store(self.url, self.clock)
        empty(self.store)
        self.people = People()

    @initialize(
        replicas=st.integers(1, 3),
        honours=st.booleans(),
        drift=st.sampled_from(DRIFT),
        clusters=st.sets(st.sampled_from(CLUSTERS), min_size=1),
    )
    def begin(self, replicas: int, honours: bool, drift: str, clusters: set[str]) -> None:
        """Some replicas, an Azure that honours If-Match on groups or not, a way with drift, and somebody has asked."""
        self.people.drift = drift
        self.stage = build(self.store, self.clock, book=book_of(drift), replicas=replicas)
        self.stage.arm.honour_if_match_on_groups = honours
        self.foreign = foreign_rules(self.stage.arm.state()["resources"])
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
        try:
            if host in BY_ADDRESS:
                checking.prepare(self.stage.ctx, DEV, cluster)  # as the form does when it opens
            self.people.ids.append(allowances.request(self.stage.ctx, DEV, draft).id)
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
            decided = allowances.decide(self.stage.ctx, APPROVER, Decision(id_, is_approved=True))
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
            allowances.end(self.stage.ctx, DEV, id_)
            self.people.revoked.add(id_)

    @step(number=NUMBER)
    def renew(self, number: int) -> None:
        """Somebody renews."""
        with suppress(*REFUSED, IndexError):
            self.people.ids.append(allowances.renew(self.stage.ctx, DEV, self.people.ids[-1 - number]).id)
            self._approve(self.people.ids[-1])

    # What replicas do.

    @rule(replica=st.integers(0, 2))
    def work(self, replica: int) -> None:
        """One replica does one piece of work."""
        self.stage.work(self.stage.replicas[replica % len(self.stage.replicas)])

    @rule(seconds=st.sampled_from([5, 20, 60, 260, 900, 3700]))
    def pass_time(self, seconds: int) -> None:
        """Time passes while everybody works."""
        self.stage.pass_time(timedelta(seconds=seconds), step=timedelta(seconds=max(10, seconds / 12)))

    @rule(seconds=st.sampled_from([31, 300]))
    def sleep(self, seconds: int) -> None:
        """Time passes and nobody works."""
        self.clock.advance(timedelta(seconds=seconds))

    @step(replica=st.integers(0, 2), steps=st.integers(0, 9))
    def kill(self, replica: int, steps: int) -> None:
        """One replica will be killed some steps further on."""
        self.stage.replicas[replica % len(self.stage.replicas)].fuse.left = steps

    @step(replica=st.integers(0, 2), seconds=st.sampled_from([0, 120, 300, 800]))
    def hold_up(self, replica: int, seconds: int) -> None:
        """One replica will fall asleep right before its next PUT, and wake up without its lease."""
        sleeper = self.stage.replicas[replica % len(self.stage.replicas)]
        self.stage.hold_up(sleeper, meanwhile=timedelta(seconds=seconds))

    # What Azure does.

    @step(fault=st.sampled_from(FAULTS), path=st.sampled_from(PUT_PATHS), times=st.integers(1, 3))
    def misbehave(self, fault: Json, path: str, times: int) -> None:
        """The next writes are refused, throttled, lost, or fail later."""
        self.stage.arm.add_fault({"method": "PUT", "path": path, "times": times, **fault})

    @step(status=st.sampled_from([429, 500, 503]))
    def misread(self, status: int) -> None:
        """The next read is not answered."""
        self.stage.arm.add_fault({"method": "GET", "times": 1, "status": status, "code": "X", "retry_after_s": 20})

    # What Slack does.

    @step(fault=st.sampled_from(SLACK_FAULTS), method=st.sampled_from(METHODS), times=st.integers(1, 4))
    def fail_slack(self, fault: Json, method: str, times: int) -> None:
        """The next calls are throttled, lost, or refused until somebody heals it."""
        self.stage.slack.faults.add(Fault(method=method, times=times, **fault))

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

    @step(how=st.sampled_from(["clear", "drop", "alter", "add", "delete"]))
    def meddle(self, how: str) -> None:
        """Somebody changes our rule collection group by hand."""
        body = self.stage.resource(f"/{GROUP}")
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

    @invariant()
    def foreign_rules_are_untouched(self) -> None:
        """At every step."""
        if hasattr(self, "stage"):
            assert foreign_rules(self.stage.arm.state()["resources"]) == self.foreign

    @invariant()
    def one_writer_at_a_time(self) -> None:
        """As the simulated Azure saw it."""
        if hasattr(self, "stage"):
            assert _overlaps(self.stage.arm.state()["writers"]) == []

    def teardown(self) -> None:
        """Everything is well again: what is open is exactly what is wanted."""
        try:
            if hasattr(self, "stage"):
                self._heal()
                self.stage.settle()
                self.foreign_rules_are_untouched()
                self.one_writer_at_a_time()
                check(self.stage, self.people)
        finally:
            self.stage.close() if hasattr(self, "stage") else self.store.close()

    def _heal(self) -> None:
        self.stage.arm._faults = Faults()
        for replica in self.stage.replicas:
            replica.fuse.put_out()
            replica.transport.before_put = replica.wire.in_flight = None
        self.stage.slack.faults.clear()
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


def _overlaps(writers: list[Json]) -> list[tuple[Json, Json]]:
    ordered = sorted(writers, key=lambda each: (each["resource"], each["started"]))
    pairs = pairwise(ordered)
    return [
        (a, b) for a, b in pairs if a["resource"] == b["resource"] and not (a["ended"] and a["ended"] <= b["started"])
    ]
