"""What fails around an act: replicas that die or sleep, an Azure and a Slack that do not answer as they should."""

from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from typing import Any, ClassVar, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from bot.sandbox.arm.faults import Faults
from bot.sandbox.clock import ManualClock
from bot.sandbox.slack.faults import Fault
from bot.store import SqlStore
from tests.histories.mortal import Json
from tests.histories.stage import GROUP, Stage, empty, foreign_rules, open_store
from tests.histories.witness import Witness

THEN = st.sampled_from([0, 0, 7, 40, 270])
"""Seconds that pass after what somebody did: without them most histories would end before anything was written."""

Act = Callable[..., None]
Made = TypeVar("Made")


def step(**given: Any) -> Callable[[Act], Act]:
    """A rule after which some time passes, or none, while everybody works."""

    def made(act: Act) -> Act:
        def acted(self: "Failing", then: int, **chosen: Any) -> None:
            act(self, **chosen)
            self.stage.pass_time(timedelta(seconds=then), step=timedelta(seconds=max(7, then / 6)))

        acted.__name__, acted.__doc__ = act.__name__, act.__doc__
        untyped: Any = rule  # its overloads have no room for a decorator of our own
        stepped: Act = untyped(then=THEN, **given)(acted)
        return stepped

    return made


PUT_PATHS = (rf"ruleCollectionGroups/{GROUP}(-[0-9])?$", r"azureFirewalls/legacy-firewall$")

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


class Failing(RuleBasedStateMachine):
    """Rules of a machine whose replicas, Azure and Slack fail; what is not ours is never touched by it."""

    url: ClassVar[str]
    stage: Stage
    witness: Witness
    foreign: str

    def __init__(self) -> None:
        super().__init__()
        self.clock = ManualClock()
        self.store: SqlStore = open_store(self.url, self.clock)
        empty(self.store)

    def put_on(self, stage: Stage) -> None:
        """Begin with this stage; whatever happens on it is witnessed."""
        self.stage = stage
        self.foreign = foreign_rules(stage.arm.state()["resources"])
        self.witness = Witness(stage)
        stage.after_work = self.witness.look

    def seen(self, act: Callable[[], Made]) -> Made:
        """Do something between two looks, so that nothing else is taken for it."""
        self.witness.look()
        try:
            return act()
        finally:
            self.witness.look()

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
        """Everything is well again: now it all has to be as people were told."""
        try:
            if hasattr(self, "stage"):
                self.heal()
                self.stage.settle()
                self.witness.look()
                self.foreign_rules_are_untouched()
                self.one_writer_at_a_time()
                self.check()
        finally:
            self.stage.close() if hasattr(self, "stage") else self.store.close()

    def check(self) -> None:
        """What must hold at the end of a history."""
        raise NotImplementedError

    def heal(self) -> None:
        """Everything works again."""
        self.stage.arm._faults = Faults()
        for replica in self.stage.replicas:
            replica.fuse.put_out()
            replica.transport.before_put = replica.wire.in_flight = None
        self.stage.slack.faults.clear()


def _overlaps(writers: list[Json]) -> list[tuple[Json, Json]]:
    ordered = sorted(writers, key=lambda each: (each["resource"], each["started"]))
    pairs = pairwise(ordered)
    return [
        (a, b) for a, b in pairs if a["resource"] == b["resource"] and not (a["ended"] and a["ended"] <= b["started"])
    ]
