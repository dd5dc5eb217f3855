"""Invariants at the end of a history, from people's acts and Azure's requests, without the product's arithmetic."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.domain.allowance import UNENDED, Allowance, Status, status
from bot.domain.audit import Action, Event
from bot.domain.chain import verify
from bot.domain.firewall import ApplicationRule, NetworkRule
from bot.domain.people import SYSTEM
from bot.domain.rule_rendering import rules_of
from bot.proofs import check_facts
from tests.histories.heard import check_cards, check_told_once
from tests.histories.mortal import Json
from tests.histories.stage import Stage
from tests.histories.witness import Seen

ENDS = (Action.FIREWALL_ACCEPT, Action.FIREWALL_DONE, Action.FIREWALL_FAIL)


@dataclass
class People:
    """The acts of people in a history.

    Args:
        ids: The allowances that were asked for, oldest first.
        approved: Those that were approved.
        revoked: Those that were revoked.
        drift: What is configured to be done about drift.
        have_meddled: Whether anybody changed our rules behind our back.
        added_by_hand: How often.
        deleted: Names of the clusters that were deleted.
        changes: How often a firewall, a route, a range or a cluster became another.
        is_frozen: Whether the approval policy refuses what is asked for one cluster now.
        have_frozen: Whether it ever did.
    """

    ids: list[str] = field(default_factory=list)
    approved: set[str] = field(default_factory=set)
    revoked: set[str] = field(default_factory=set)
    drift: str = "heal"
    have_meddled: bool = False
    added_by_hand: int = 0
    deleted: set[str] = field(default_factory=set)
    changes: int = 0
    is_frozen: bool = False
    have_frozen: bool = False


def check(stage: Stage, people: People, seen: Sequence[Seen]) -> None:
    """Everything that must hold once all is well again.

    Raises:
        AssertionError: Something does not.
    """
    with stage.store.read() as tx:
        rows = [tx.allowances.get(id_) for id_ in people.ids]
        chain = tx.audit.chain(after=0, limit=100_000)
        end = verify(tx.audit.records(after=0, limit=100_000))
        assert (end.seq, end.hash) == tx.audit.head()
    check_facts(stage.ctx)
    _adopt(rows, people)
    now = stage.clock.now()
    for row in rows:
        _check_row(row, status(row, now), people)
        _check_told(row, stage)
    _check_open(rows, stage, people)
    _check_ground(rows, stage, people)
    _check_audit([each.event for each in chain], stage, people)
    _check_said(stage, people)
    check_puts(stage)
    check_cards(stage, rows)
    check_told_once(stage, seen)


def _adopt(rows: list[Allowance], people: People) -> None:
    """Where it is configured, whoever removes a rule by hand revokes its allowance."""
    if people.drift == "adopt" and people.have_meddled:
        people.revoked |= {row.id for row in rows if row.revoked is not None and row.revoked.by == SYSTEM}


def _check_row(row: Allowance, state: Status, people: People) -> None:
    """The facts that people were told are still facts."""
    assert row.failure is None
    assert (row.approved_at is not None) == (row.id in people.approved)
    assert (row.revoked is not None) == (row.id in people.revoked)
    is_left = people.drift == "report" and people.have_meddled
    if row.closed is not None:
        assert row.scope.cluster_name in people.deleted or people.have_frozen or row.approved_at is None
    elif row.id in people.approved - people.revoked and not is_left:
        fine = (Status.LIVE, Status.EXPIRING, Status.EXPIRED, *([Status.SUSPENDED] if people.changes else []))
        assert state in fine, state
    if row.scope.cluster_name in people.deleted:
        assert state not in UNENDED, state
    if row.applying_at is not None and state in (Status.EXPIRED, Status.REVOKED, Status.CLOSED):
        assert row.gone_at is not None
        assert row.leaving == ()


def _check_told(row: Allowance, stage: Stage) -> None:
    """Whoever asked was told what became of it: no notice is lost on the way."""
    told = {
        notice.body["event"] for notice in stage.said.notices if (notice.kind, notice.subject) == ("direct", row.id)
    }
    assert "live" in told or row.live_at is None, told
    assert told & {"gone", "expired"} or row.gone_at is None, told
    assert told & {"closed", "orphaned"} or row.closed is None, told
    assert "suspended" in told or row.suspended is None, told


def names_of(rule: ApplicationRule | NetworkRule) -> tuple[str, ...]:
    """The names that the bot's rules open."""
    return rule.target_fqdns if isinstance(rule, ApplicationRule) else rule.destination_fqdns


def _check_open(rows: list[Allowance], stage: Stage, people: People) -> None:
    """Open is exactly what is promised; what people changed and the bot only reports is left as they made it."""
    now = stage.clock.now()
    promised = {rule.name: names_of(rule) for row in rows if _is_promised(row, now, people) for rule in rules_of(row)}
    found = stage.our_rules()
    if people.drift == "report" and people.have_meddled:
        assert {name for name in found if not name.startswith("by-hand")} <= set(promised)
    else:
        assert found == promised


def _is_promised(row: Allowance, now: datetime, people: People) -> bool:
    """By what people did and when it came live; closing and suspending need reasons, seen elsewhere."""
    if row.id not in people.approved - people.revoked or row.closed is not None or row.suspended is not None:
        return False
    return row.live_at is None or row.ask.duration is None or now < row.live_at + row.ask.duration


def _check_ground(rows: list[Allowance], stage: Stage, people: People) -> None:
    """A live rule is where the traffic passes now, for the current ranges, and nowhere else."""
    now, is_left = stage.clock.now(), people.drift == "report" and people.have_meddled
    routes = _body(stage, "/aks-udr-routetable")["properties"]["routes"]
    is_routed = routes[0]["properties"]["nextHopIpAddress"] == "10.0.0.4"
    subnets = _body(stage, "/virtualnetworks/aks-udr-vnet")["properties"]["subnets"]
    policy = _body(stage, "/azurefirewalls/hub-firewall")["properties"]["firewallPolicy"]["id"].lower()
    for row in rows:
        state, name = status(row, now), row.scope.cluster_name
        if state is Status.SUSPENDED:
            assert (name, is_routed) == ("aks-udr", False)
        if state not in (Status.LIVE, Status.EXPIRING):
            continue
        assert name != "aks-udr" or is_routed
        assert name == "aks-udr-classic" or row.scope.target.id == policy
        assert name != "aks-udr" or row.scope.sources == (subnets[0]["properties"]["addressPrefix"],)
    if not is_left:
        places = {"hub-policy", "other-policy"} - {policy.rsplit("/", 1)[-1]}
        assert not [place for place in places if _ours_in(stage, place)]


def _body(stage: Stage, name: str) -> Json:
    body = stage.resource(name)
    assert body is not None
    return body


def _ours_in(stage: Stage, policy: str) -> list[Json]:
    place = f"/firewallpolicies/{policy}/rulecollectiongroups/rcg-aks-egress"
    found = (body for key, body in stage.arm.state()["resources"].items() if place in key and "draft" not in key)
    return [collection for group in found for collection in group["properties"]["ruleCollections"]]


def _check_audit(events: list[Event], stage: Stage, people: People) -> None:
    """Every write has its event before and after; nothing is announced twice."""
    lives = Counter(event.subject for event in events if event.action is Action.ALLOWANCE_LIVE)
    missed = Counter(n.subject for n in stage.said.notices if n.body.get("event") in ("missing", "left-out"))
    assert all(count <= 1 + missed[id_] + people.changes for id_, count in lives.items()), "Announced twice."
    check_writes(events, [each for each in stage.arm.state()["operations"] if each["id"] not in stage.others])


def check_writes(events: Sequence[Event], ours: Sequence[Json]) -> None:
    """Each of our operations was recorded before it began, and every attempt has an end.

    Args:
        events: The whole audit log.
        ours: The operations in Azure that are not somebody else's.
    """
    attempts = {_attempt(event) for event in events if event.action is Action.FIREWALL_BEGIN}
    assert attempts <= {_attempt(event) for event in events if event.action in ENDS}, "A write without its end."
    for target in {_target(each) for each in ours}:
        begun = [event.at for event in events if event.action is Action.FIREWALL_BEGIN and event.subject == target]
        started = sorted(each["started"] for each in ours if _target(each) == target)
        for number, at in enumerate(started, 1):
            assert sum(time.isoformat() <= at for time in begun) >= number, "A write that was not recorded before."


def _attempt(event: Event) -> tuple[str, str]:
    return event.subject, dict(event.detail).get("attempt", "")


def _target(operation: Json) -> str:
    """The firewall policy or classic firewall that an operation wrote to."""
    return str(operation["resource"].lower().partition("/rulecollectiongroups/")[0])


def _check_said(stage: Stage, people: People) -> None:
    """Nobody is accused of what the bot did itself, and no surprise was taken for anything else."""
    channel = [notice.body for notice in stage.said.notices if notice.kind == "channel"]
    accusing = {"drift", "unknown", "foreign"}
    assert people.have_meddled or not [body for body in channel if body["event"] in accusing]
    assert not [body for body in channel if "should not happen" in body["text"]]


def check_puts(stage: Stage) -> None:
    """Nothing was written that was there already, and nothing before the time that Azure named.

    One that slept between its check and its write knows neither; and nobody hears of a wait from one that died.
    """
    awake = [put for put in stage.puts if not put.was_held_up]
    assert not [put for put in awake if put.is_redundant]
    for number, put in enumerate(awake):
        later = next((each.at for each in awake[number + 1 :] if each.path == put.path), None)
        if later is None or put.wait_s is None or any(put.at <= death <= later for death in stage.deaths):
            continue
        assert later - put.at >= timedelta(seconds=put.wait_s), "Azure had asked for more time."
