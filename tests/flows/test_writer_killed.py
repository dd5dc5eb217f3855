"""The writer of rules, killed at each step of beginning and of ending an update: it lands once and is live."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from bot import allowances, inventory
from bot.allowances import Draft
from bot.approvals import Decision
from bot.domain.allowance import Status, status
from bot.domain.audit import Action, Event
from bot.domain.fqdn import parse_destination
from bot.sandbox.clock import ManualClock
from tests.build import APPROVER, DEV
from tests.histories.mortal import Fuse
from tests.histories.stage import Stage, build, open_store
from tests.histories.test_histories import is_gate


def steps_until(last: int) -> tuple[int, ...]:
    """Every step in the long run (``make histories``); every twelfth and the last in the gate."""
    return (*range(0, last, 36 if is_gate() else 1), last)


BEGINNING, ENDING, FOLLOWING = steps_until(32), steps_until(56), steps_until(47)
"""The steps from an approval to its pending operation, from the operation's end to rest, and from a move to rest.

Nobody dies at the last of the first two.
"""


@pytest.fixture
def stage(database_url: str) -> Iterator[Stage]:
    """One replica that can be killed."""
    clock = ManualClock()
    made = build(open_store(database_url, clock), clock, replicas=1)
    yield made
    made.close()


def approve(stage: Stage, host: str = "example.com") -> str:
    """Ask, and have it approved."""
    draft = Draft("aks-udr", (parse_destination(host),), "Mirror", timedelta(hours=8))
    asked = allowances.request(stage.ctx, DEV, draft)
    allowances.decide(stage.ctx, APPROVER, Decision(asked.id, is_approved=True))
    return asked.id


def until_pending(stage: Stage) -> None:
    """The batch window is over, and Azure is at work."""
    stage.pass_time(timedelta(seconds=6))
    assert stage.arm.has_running_operations()


def kill(stage: Stage, steps: int) -> Fuse:
    """The one replica will die some steps further on."""
    fuse = stage.replicas[0].fuse
    fuse.left = steps
    return fuse


def kill_after(stage: Stage, action: Action, count: int, *, within: timedelta = timedelta(minutes=2)) -> None:
    """Let time pass until the audit log has so many events of a kind; whoever wrote the last dies at that moment."""
    fuse = stage.replicas[0].fuse
    fuse.when = lambda: [event.action for event in recorded(stage)].count(action) == count
    stage.pass_time(within, step=within / 120, until=lambda: fuse.is_burnt)
    assert fuse.is_burnt


def recorded(stage: Stage) -> list[Event]:
    """The audit events of the firewall."""
    with stage.store.read() as tx:
        events = [chained.event for chained in tx.audit.chain(after=0, limit=1000)]
    return [event for event in events if event.action.startswith("firewall:")]


def ends(stage: Stage) -> list[str]:
    """Return how the audit log says that attempts ended."""
    ended = (Action.FIREWALL_DONE, Action.FIREWALL_FAIL)
    return [dict(event.detail)["status"] for event in recorded(stage) if event.action in ended]


def check(stage: Stage, *subjects: str, updates: int = 1) -> None:
    """Live, by so many updates, each of whose ends is on record once; and nobody was told of a defect."""
    with stage.store.read() as tx:
        states = {status(tx.allowances.get(subject), stage.clock.now()) for subject in subjects}
    assert states == {Status.LIVE}
    landed = [each for each in stage.arm.state()["operations"] if "rcg-aks-egress" in each["resource"].lower()]
    assert len(landed) == updates
    assert [event.action for event in recorded(stage)].count(Action.FIREWALL_DONE) == updates
    assert recorded(stage)[0].action is Action.FIREWALL_BEGIN
    assert not [notice for notice in stage.said.notices if notice.body.get("event") == "stuck"], (
        "a kill is not a defect"
    )


@pytest.mark.parametrize("steps", BEGINNING)
def test_killed_while_it_begins(stage: Stage, steps: int) -> None:
    """Wherever it dies, another one goes on from what is there."""
    subject = approve(stage)
    fuse = kill(stage, steps)
    stage.pass_time(timedelta(seconds=6))
    assert fuse.is_burnt == (steps < BEGINNING[-1]), "Every step is tried, and no more."
    stage.settle()
    check(stage, subject)


@pytest.mark.parametrize("steps", ENDING)
def test_killed_while_it_ends(stage: Stage, steps: int) -> None:
    """The operation is over, and whoever finds that out dies at any step of putting it on record."""
    subject = approve(stage)
    until_pending(stage)
    stage.clock.advance(timedelta(seconds=300))
    fuse = kill(stage, steps)
    stage.pass_time(timedelta(seconds=60))
    assert fuse.is_burnt == (steps < ENDING[-1]), "Every step is tried, and no more."
    stage.settle()
    check(stage, subject)


def test_killed_at_an_end_and_again_before_the_next_write(stage: Stage) -> None:
    """Found by a long history.

    The first one dies when the end of its update is on record, the second when it has recorded what it is about to
    write: the end of the first update must not be taken for that of the second, which was never sent.
    """
    first = approve(stage, "a.example.com")
    until_pending(stage)
    second = approve(stage, "b.example.com")
    stage.clock.advance(timedelta(seconds=300))
    kill_after(stage, Action.FIREWALL_DONE, 1)
    kill_after(stage, Action.FIREWALL_BEGIN, 2)
    stage.settle()
    check(stage, first, second, updates=2)
    assert ends(stage) == ["Succeeded", "Lost", "Succeeded"]


def give_another_policy(stage: Stage) -> None:
    """The firewall takes its rules from another policy."""
    firewall, base = stage.resource("/azurefirewalls/hub-firewall"), stage.resource("/firewallpolicies/base-policy")
    assert firewall is not None
    assert base is not None
    id_ = base["id"].replace("base-policy", "other-policy")
    stage.arm.put_resource(id_, {"location": "westeurope", "properties": {"sku": {"tier": "Standard"}}})
    firewall["properties"] |= {"firewallPolicy": {"id": id_}}
    stage.arm.put_resource(firewall["id"], firewall)


def delete_cluster(stage: Stage) -> None:
    """The cluster is deleted."""
    cluster = stage.resource("/managedclusters/aks-udr")
    assert cluster is not None
    stage.arm.delete_resource(cluster["id"])


@pytest.mark.parametrize("steps", FOLLOWING)
@pytest.mark.parametrize("change", [give_another_policy, delete_cluster])
def test_killed_while_it_follows(stage: Stage, change: Callable[[Stage], None], steps: int) -> None:
    """Wherever it dies, the move or the end goes on: nothing is left behind, and it is announced."""
    subject = approve(stage)
    stage.settle()
    change(stage)
    inventory.refresh(stage.ctx)
    kill(stage, steps)
    stage.settle()
    with stage.store.read() as tx:
        row = tx.allowances.get(subject)
    is_moved = change is give_another_policy
    state = status(row, stage.clock.now())
    assert state is (Status.LIVE if is_moved else Status.CLOSED)
    assert (row.scope.target.name, row.leaving) == ("other-policy" if is_moved else "hub-policy", ())
    assert row.gone_at is None if is_moved else row.gone_at is not None
    left = stage.resource("/firewallpolicies/hub-policy/rulecollectiongroups/rcg-aks-egress")
    assert left is None or left["properties"]["ruleCollections"] == []
    told = {notice.body["event"] for notice in stage.said.notices if notice.kind == "channel"}
    assert told == {"moved" if is_moved else "cluster-gone"}
