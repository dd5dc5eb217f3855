"""An allowance from its request to the absence of its rule, with the real store, the real SDK and a simulated Azure."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot import allowances, auditing
from bot.allowances import Draft
from bot.approvals import Decision
from bot.domain.allowance import Allowance, Status, digest, status
from bot.domain.audit import Action, AuditFilter
from bot.errors import AlreadyDecided, AlreadyRequested, InvalidInput, NotPermitted, StaleView
from bot.ports import Caller
from tests.build import APPROVER, APPROVER2, AUDITOR, DEV, DEV2, EXAMPLE, World, make_world

DRAFT = Draft("aks-udr", (EXAMPLE,), "Package mirror", timedelta(hours=8))


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(database_url)
    yield made
    made.store.close()


def our_rules(world: World) -> dict[str, list[str]]:
    """The names that our rule collection group lets through, by rule."""
    groups = [body for key, body in world.arm.state()["resources"].items() if key.endswith("/rcg-aks-egress")]
    collections = [each for group in groups for each in group["properties"]["ruleCollections"]]
    return {rule["name"]: rule["targetFqdns"] for each in collections for rule in each["rules"]}


def current(world: World, allowance: Allowance) -> Allowance:
    """An allowance as it is stored now."""
    with world.store.read() as tx:
        return tx.allowances.get(allowance.id)


def approve(world: World, allowance: Allowance) -> Allowance:
    """Click Approve."""
    seen = digest(allowance.scope, allowance.ask)
    return allowances.decide(world.ctx, APPROVER, Decision(allowance.id, is_approved=True, seen=seen))


def test_request_approve_live_expire(world: World) -> None:
    """The main job: asked, approved, written, read back, live, expired, gone; the clock starts when it is live."""
    asked = allowances.request(world.ctx, DEV, DRAFT)
    assert status(asked, world.clock.now()) is Status.WAITING
    assert our_rules(world) == {}
    approve(world, asked)
    approved_at = world.clock.now()
    world.settle()
    live = current(world, asked)
    assert status(live, world.clock.now()) is Status.LIVE
    assert live.live_at is not None
    assert live.expires_at == live.live_at + timedelta(hours=8)
    assert live.live_at >= approved_at + timedelta(seconds=240)
    assert our_rules(world) == {f"{asked.id}-https-443": ["example.com"]}
    world.tick(timedelta(hours=7, minutes=30))
    world.settle()
    assert status(current(world, asked), world.clock.now()) is Status.EXPIRING
    world.tick(timedelta(minutes=30))
    world.settle()
    assert our_rules(world) == {}
    assert status(current(world, asked), world.clock.now()) is Status.EXPIRED
    assert world.said.events(asked.id) == ["approved", "applying", "live", "expiring", "expired"]


def test_every_step_is_audited_and_the_chain_verifies(world: World) -> None:
    """Facts and events come in one transaction; the chain proves the log."""
    asked = allowances.request(world.ctx, DEV, DRAFT)
    approve(world, asked)
    world.settle()
    allowances.end(world.ctx, DEV, asked.id, reason="done")
    world.settle()
    events = auditing.search(world.ctx, AUDITOR, AuditFilter(subject=asked.id), limit=50).events
    assert [each.event.action for each in reversed(events)] == [
        Action.ALLOWANCE_REQUEST,
        Action.ALLOWANCE_APPROVE,
        Action.ALLOWANCE_LIVE,
        Action.ALLOWANCE_REVOKE,
        Action.ALLOWANCE_GONE,
    ]
    writes = auditing.search(world.ctx, AUDITOR, AuditFilter(action="firewall"), limit=50).events
    assert [each.event.action for each in reversed(writes)] == [
        Action.FIREWALL_BEGIN,
        Action.FIREWALL_ACCEPT,
        Action.FIREWALL_DONE,
    ] * 2
    assert auditing.prove(world.ctx, AUDITOR).end.seq > 10


def test_nobody_decides_their_own_request(world: World) -> None:
    """Not even an approver."""
    asked = allowances.request(world.ctx, APPROVER, DRAFT)
    with pytest.raises(NotPermitted, match="own request"):
        approve(world, asked)


@pytest.mark.parametrize("who", [DEV, DEV2, AUDITOR])
def test_only_approvers_decide(world: World, who: Caller) -> None:
    """Developers and auditors do not."""
    asked = allowances.request(world.ctx, DEV, DRAFT)
    with pytest.raises(NotPermitted):
        allowances.decide(world.ctx, who, Decision(asked.id, is_approved=True))
    assert current(world, asked) == asked


def test_a_second_click_says_who_was_faster(world: World) -> None:
    """The loser of a race learns it, and nothing changes."""
    asked = allowances.request(world.ctx, DEV, DRAFT)
    approve(world, asked)
    with pytest.raises(AlreadyDecided, match="UAPP0001"):
        allowances.decide(world.ctx, APPROVER2, Decision(asked.id, is_approved=False, reason="no"))


def test_a_stale_card_approves_nothing(world: World) -> None:
    """An approval is for exactly what the card showed."""
    asked = allowances.request(world.ctx, DEV, DRAFT)
    with pytest.raises(StaleView):
        allowances.decide(world.ctx, APPROVER, Decision(asked.id, is_approved=True, seen="0" * 16))
    assert status(current(world, asked), world.clock.now()) is Status.WAITING


def test_the_same_request_twice_is_one_request(world: World) -> None:
    """A form that was sent twice files once."""
    first = allowances.request(world.ctx, DEV, DRAFT)
    with pytest.raises(AlreadyRequested, match=first.id):
        allowances.request(world.ctx, DEV, DRAFT)


def test_a_denial_needs_a_reason(world: World) -> None:
    """And is final."""
    asked = allowances.request(world.ctx, DEV, DRAFT)
    with pytest.raises(InvalidInput, match="reason"):
        allowances.decide(world.ctx, APPROVER, Decision(asked.id, is_approved=False))
    allowances.decide(world.ctx, APPROVER, Decision(asked.id, is_approved=False, reason="Use the mirror."))
    world.settle()
    assert our_rules(world) == {}
    assert status(current(world, asked), world.clock.now()) is Status.DENIED


def test_an_undecided_request_lapses(world: World) -> None:
    """Nobody decides for three days."""
    asked = allowances.request(world.ctx, DEV, DRAFT)
    world.tick(timedelta(days=3))
    world.settle()
    assert status(current(world, asked), world.clock.now()) is Status.LAPSED
    assert world.said.events(asked.id) == ["lapsed"]


def test_a_renewal_never_cuts_access(world: World) -> None:
    """The new rule exists beside the old one; the old one goes by itself."""
    asked = allowances.request(world.ctx, DEV, DRAFT)
    approve(world, asked)
    world.settle()
    world.tick(timedelta(hours=4))
    renewed = allowances.renew(world.ctx, DEV, asked.id)
    approve(world, renewed)
    world.settle()
    assert set(our_rules(world)) == {f"{asked.id}-https-443", f"{renewed.id}-https-443"}
    old_end = current(world, asked).expires_at
    assert old_end is not None
    world.tick(old_end - world.clock.now())
    world.settle()
    assert set(our_rules(world)) == {f"{renewed.id}-https-443"}


def test_many_approvals_cost_few_updates(world: World) -> None:
    """Ten approvals in a minute are two updates, not ten."""
    for number in range(10):
        name = replace(EXAMPLE, fqdn=f"host{number}.example.com")
        asked = allowances.request(world.ctx, DEV, replace(DRAFT, destinations=(name,)))
        approve(world, asked)
        world.tick(timedelta(seconds=6))
        while world.reconciler.run_one():
            pass
    world.settle()
    writes = [request for request in world.arm.state()["requests"] if request["method"] == "PUT"]
    assert len(our_rules(world)) == 10
    assert len(writes) == 2


def test_a_rule_deleted_by_hand_is_said_and_healed(world: World) -> None:
    """Drift is seen at the next comparison."""
    asked = allowances.request(world.ctx, DEV, DRAFT)
    approve(world, asked)
    world.settle()
    group = next(key for key in world.arm.state()["resources"] if key.endswith("/rcg-aks-egress"))
    body = world.arm.state()["resources"][group]
    body["properties"]["ruleCollections"] = []
    world.arm.put_resource(group, body)
    world.tick(timedelta(minutes=13))
    world.settle()
    assert set(our_rules(world)) == {f"{asked.id}-https-443"}
    assert [n.body["event"] for n in world.said.notices if n.kind == "channel"] == ["drift", "healed"]
    assert status(current(world, asked), world.clock.now()) is Status.LIVE


@pytest.mark.parametrize(
    ("duration", "before"),
    [
        (timedelta(days=30), [timedelta(hours=24), timedelta(hours=1)]),
        (timedelta(days=1), [timedelta(hours=2, minutes=24), timedelta(hours=1)]),
        (timedelta(hours=8), [timedelta(minutes=48)]),
    ],
)
def test_warnings_before_the_end(world: World, duration: timedelta, before: list[timedelta]) -> None:
    """A day, or a tenth of a shorter time, before the end, and once more an hour before."""
    asked = allowances.request(world.ctx, DEV, Draft("aks-udr", (EXAMPLE,), "why", duration))
    approve(world, asked)
    world.settle()
    for number, ahead in enumerate(before):
        ends = current(world, asked).expires_at
        assert ends is not None
        world.work(ends - ahead - world.clock.now() - timedelta(minutes=1))
        assert world.said.events(asked.id).count("expiring") == number
        world.work(timedelta(minutes=2))
        world.settle()
        assert world.said.events(asked.id).count("expiring") == number + 1
