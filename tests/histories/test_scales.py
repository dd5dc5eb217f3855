"""Random histories of scaling: every setting, edits by others, lost answers, failed operations, replicas that die."""

import json
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from bot import scaling
from bot.approvals import Decision
from bot.domain.audit import Action
from bot.domain.scale_proposal import Scale, ScaleStatus, scale_status
from bot.domain.snat import goal_from_text
from bot.errors import EgressError
from bot.ports import NoticeEvent
from bot.sandbox.clock import ManualClock
from bot.scaling import MigrationWish, Wish
from tests.build import APPROVER, DEV, config
from tests.histories.mortal import Json
from tests.histories.stage import Stage, build, empty, open_store
from tests.histories.test_histories import bounds

CLUSTERS = ("aks-lb", "aks-lb-own", "aks-natgateway")
TYPED = (
    "1",
    "2",
    "3",
    "ports 2048",
    "ports 4096",
    "idle 10",
    "idle 30",
    "for 4096 ports per node",
    "ips -egress-prefix",
)
FAULTS: tuple[Json, ...] = (
    {"drop_response": True},
    {"status": 503, "code": "X"},
    {"status": 429, "code": "X"},
    {"status": 409, "code": "OperationNotAllowed"},
    {"status": 412, "code": "PreconditionFailed"},
    {"status": 403, "code": "AuthorizationFailed"},
    {"fail_operation": True, "code": "PublicIPCountLimitReached"},
)
OVER = (ScaleStatus.DONE, ScaleStatus.FAILED, ScaleStatus.DENIED, ScaleStatus.LAPSED, ScaleStatus.WITHDRAWN)
CLUSTER = st.sampled_from(CLUSTERS)


class Scales(RuleBasedStateMachine):
    """Each cluster ends as approved or as found, and either is said."""

    url: str

    def __init__(self) -> None:
        super().__init__()
        clock = ManualClock()
        store = open_store(self.url, clock)
        empty(store)
        self.stage: Stage = build(store, clock, book=config(), replicas=2)
        self.as_found = {name: self.settings_of(name) for name in CLUSTERS}
        self.judged: set[str] = set()

    def teardown(self) -> None:
        """Nothing is left half-way."""
        self.rest()
        self.stage.close()

    @rule(cluster=CLUSTER, typed=st.sampled_from(TYPED), yes=st.booleans())
    def propose(self, cluster: str, typed: str, yes: bool) -> None:
        """Whatever may be proposed of it, and perhaps somebody approves at once."""
        goal, _ = goal_from_text(typed, cluster)
        self.attempt(lambda: scaling.propose(self.stage.ctx, DEV, Wish(cluster, goal, "why")))
        if yes:
            self.approve()

    @rule(after=st.sampled_from(["managedNATGateway", "managedNATGatewayV2"]))
    def migrate(self, after: str) -> None:
        """Another outbound type, approved at once."""
        self.attempt(lambda: scaling.propose_migration(self.stage.ctx, DEV, MigrationWish("aks-lb", after), "why"))
        self.approve()

    @rule()
    def approve(self) -> None:
        """What waits, as it is now."""
        for one in self.rows():
            if one.is_waiting(self.stage.clock.now()):
                decision = Decision(one.id, is_approved=True, seen=one.digest)
                self.attempt(partial(scaling.decide, self.stage.ctx, APPROVER, decision))

    @rule(cluster=CLUSTER, version=st.sampled_from(["1.30", "1.31"]))
    def edit(self, cluster: str, version: str) -> None:
        """Somebody else upgrades it."""
        body = self.resource(cluster)
        changed = {**body, "properties": {**body["properties"], "kubernetesVersion": version}}
        self.stage.arm.put_resource(body["id"], changed)
        self.as_found[cluster] = self.settings_of(cluster) | {"version": version}

    @rule(cluster=CLUSTER, fault=st.sampled_from(FAULTS))
    def fail(self, cluster: str, fault: Json) -> None:
        """The next write to it goes wrong."""
        self.stage.arm.add_fault({"method": "PUT", "path": f"{cluster}$", "times": 1, **fault})

    @rule(steps=st.integers(0, 20))
    def kill(self, steps: int) -> None:
        """A replica dies in the middle of its work."""
        self.stage.replicas[0].fuse.left = steps
        self.stage.drain()
        self.stage.replicas[0].fuse.left = None

    @rule()
    def rest(self) -> None:
        """All of it has been done: what is there is what was approved, or what was found."""
        self.stage.settle()
        rows = self.rows()
        for name in CLUSTERS:
            self.judge(name, [one for one in rows if one.cluster_name == name])

    def judge(self, name: str, rows: list[Scale]) -> None:
        """One cluster and its proposals, newest first."""
        now, there = self.stage.clock.now(), self.settings_of(name)
        news = [one for one in rows if one.id not in self.judged and scale_status(one, now) in OVER]
        written = [one for one in news if Action.SCALE_ACCEPT in self.recorded(one) or one.applying_at]
        assert all(scale_status(one, now) in (*OVER, ScaleStatus.WAITING) for one in rows)
        if there != self.as_found[name]:
            assert written, f"{name} was changed, and nobody approved it."
        for one in news:
            said = [n.body["event"] for n in self.stage.said.notices if n.subject == one.id and "event" in n.body]
            self.judge_end(one, [str(event) for event in said])
        if written and scale_status(written[0], now) is ScaleStatus.DONE:
            assert written[0].plan.change.is_set(self.stage.ctx.clusters.read_egress(written[0].cluster_id))
        assert there["version"] == self.as_found[name]["version"]
        self.judged |= {one.id for one in news}
        self.as_found[name] = there

    def judge_end(self, one: Scale, said: list[str]) -> None:
        """It is recorded once and said."""
        status, recorded = scale_status(one, self.stage.clock.now()), self.recorded(one)
        if status is ScaleStatus.DONE:
            assert (recorded.count(Action.SCALE_DONE), Action.SCALE_BEGIN in recorded) == (1, True)
            assert NoticeEvent.DONE in said
        if status is ScaleStatus.FAILED:
            assert one.failure
            assert recorded.count(Action.SCALE_FAIL) == 1
            assert NoticeEvent.FAILED in said

    # What there is.

    def attempt(self, act: Callable[[], object]) -> None:
        """Do it, or be told why not."""
        with suppress(EgressError):
            act()

    def rows(self) -> list[Scale]:
        """Every proposal, newest first."""
        with self.stage.store.read() as tx:
            return tx.scales.find(only_open=False)

    def recorded(self, one: Scale) -> list[str]:
        """What the log says of it."""
        with self.stage.store.read() as tx:
            return [row.event.action for row in tx.audit.chain(after=0, limit=10_000) if row.event.subject == one.id]

    def resource(self, cluster: str) -> Json:
        """The managed cluster, as Azure has it."""
        key = next(key for key in self.stage.arm.state()["resources"] if key.endswith(f"/managedclusters/{cluster}"))
        body: Json = json.loads(json.dumps(self.stage.arm.state()["resources"][key]))
        return body

    def settings_of(self, cluster: str) -> Json:
        """Its outbound settings, without the addresses that Azure chose."""
        properties = self.resource(cluster)["properties"]
        network = properties["networkProfile"]
        parts = {
            part: {key: value for key, value in (network.get(part) or {}).items() if not key.startswith("effective")}
            for part in ("loadBalancerProfile", "natGatewayProfile")
        }
        return {"type": network.get("outboundType"), "version": properties.get("kubernetesVersion"), **parts}


def test_scales(database_url: str) -> None:
    """Every cluster ends as approved or as found."""

    class Here(Scales):
        url = database_url

    run_state_machine_as_test(Here, settings=bounds(examples=3, steps=15))
