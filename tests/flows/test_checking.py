"""Is it allowed, and why: over the fixed inhabitants, and what it means for a request."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot import allowances, auditing, checking
from bot.allowances import Draft
from bot.approvals import Decision
from bot.checking import Check, CheckResult, Query
from bot.domain.allowance import Allowance, Status, digest, status
from bot.domain.audit import AuditFilter
from bot.domain.egress_filter import FilterKind
from bot.domain.firewall import Outcome
from bot.domain.fqdn import parse_destination, parse_destinations
from bot.errors import AlreadyAllowed, CannotTakeEffect, InvalidInput, NotPermitted, UnknownCluster
from bot.ports import RecentRules
from tests.build import APPROVER, AUDITOR, DEV, DEV2, World, caller, make_world

ODD_PORT = "https:example.com:8443"
"""No rule of any inhabitant is for this port, no FQDN tag either."""


@pytest.fixture
def world(sqlite_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(sqlite_url)
    yield made
    made.store.close()


def check(world: World, cluster: str, text: str) -> Check:
    """Check hosts as they are typed."""
    return checking.check(world.ctx, DEV, Query(cluster, parse_destinations(text)))


def one(world: World, cluster: str, text: str) -> CheckResult:
    """Check one host on a cluster that is filtered."""
    (finding,) = check(world, cluster, text).findings
    return finding


def draft(text: str, **more: Any) -> Draft:
    """A request for aks-udr."""
    made = Draft("aks-udr", parse_destinations(text) if text else (), "Package mirror", timedelta(hours=8))
    return replace(made, **more)


def live(world: World, wanted: Draft) -> Allowance:
    """Ask, approve and wait."""
    asked = allowances.request(world.ctx, DEV, wanted)
    allowances.decide(world.ctx, APPROVER, Decision(asked.id, True, seen=digest(asked.scope, asked.ask)))
    world.settle()
    return allowances.get(world.ctx, DEV, asked.id)


FILTERED = [
    ("aks-udr", "github.com", Outcome.ALLOWED, ("hub-policy", "rcg-platform", "tools", 200, "github")),
    (
        "aks-udr",
        "http:archive.ubuntu.com",
        Outcome.ALLOWED,
        ("base-policy", "rcg-base", "allow-updates", 200, "ubuntu"),
    ),
    ("aks-udr", "*.ubuntu.com", Outcome.ALLOWED, ("base-policy", "rcg-base", "allow-updates", 200, "ubuntu")),
    ("aks-udr", "https:mail.example.com:25", Outcome.DENIED, ("base-policy", "rcg-base", "deny-mail", 100, "smtp")),
    ("aks-udr", ODD_PORT, Outcome.DEFAULT_DENIED, ("", "", "", 0, None)),
    ("aks-udr-classic", "hub.docker.com", Outcome.ALLOWED, ("legacy-firewall", "", "docker", 200, "docker-hub")),
    ("aks-udr-classic", ODD_PORT, Outcome.DEFAULT_DENIED, ("", "", "", 0, None)),
    ("aks-vwan", ODD_PORT, Outcome.DEFAULT_DENIED, ("", "", "", 0, None)),
]


@pytest.mark.parametrize(("cluster", "host", "outcome", "place"), FILTERED)
def test_the_deciding_rule_is_named(
    world: World, cluster: str, host: str, outcome: Outcome, place: tuple[object, ...]
) -> None:
    """Policy, group, collection, priority and rule; the last step of the trace is the one that decides."""
    evaluation = one(world, cluster, host).evaluation
    step = evaluation.deciding
    assert evaluation.outcome is outcome
    assert step is not None
    assert step == evaluation.trace[-1]
    group = "" if cluster == "aks-udr-classic" else step.group
    assert (step.policy, group, step.collection, step.priority, step.rule) == place


UNFILTERED = [
    ("aks-lb", FilterKind.OPEN, "loadBalancer"),
    ("aks-natgateway", FilterKind.OPEN, "managedNATGateway"),
    ("aks-usernat", FilterKind.OPEN, "userAssignedNATGateway"),
    ("aks-udr-nva", FilterKind.UNKNOWN, "appliance"),
    ("aks-none", FilterKind.OPEN, "may leave through an address that Azure chooses"),
    ("aks-block", FilterKind.CLOSED, "block"),
]


@pytest.mark.parametrize(("cluster", "barrier", "word"), UNFILTERED)
def test_without_a_firewall_it_is_said_plainly(world: World, cluster: str, barrier: FilterKind, word: str) -> None:
    """Not filtered, unknown, or no way out; a request for it is refused with the same sentence."""
    found = check(world, cluster, "example.com")
    assert (found.way.barrier, found.findings) == (barrier, ())
    assert word in found.way.sentence
    with pytest.raises(CannotTakeEffect) as refused:
        allowances.request(world.ctx, DEV, replace(draft("example.com"), cluster=cluster))
    assert refused.value.sentence == found.way.sentence


def test_what_is_wrong_with_the_question_is_said(world: World) -> None:
    """Cluster, node pool, bundle, and people without any role here."""
    destination = (parse_destination("example.com"),)
    with pytest.raises(UnknownCluster):
        checking.check(world.ctx, DEV, Query("nowhere", destination))
    with pytest.raises(InvalidInput, match="no node pool gpu"):
        checking.check(world.ctx, DEV, Query("aks-udr", destination, pool="gpu"))
    with pytest.raises(InvalidInput, match="Unknown bundle x"):
        checking.check(world.ctx, DEV, Query("aks-udr", bundle="x"))
    with pytest.raises(NotPermitted):
        checking.check(world.ctx, caller(""), Query("aks-udr", destination))


def test_an_allowance_is_named_while_its_rule_decides(world: World) -> None:
    """Denied, asked, live: allowed by our own rule; the whole trace stays what it was for everybody else."""
    assert one(world, "aks-udr", ODD_PORT).evaluation.outcome is Outcome.DEFAULT_DENIED
    made = live(world, draft(ODD_PORT))
    finding = one(world, "aks-udr", ODD_PORT)
    assert finding.evaluation.outcome is Outcome.ALLOWED
    assert finding.allowance == made
    assert finding.is_granted(world.clock.now())
    assert one(world, "aks-udr-agic", ODD_PORT).evaluation.outcome is Outcome.DEFAULT_DENIED
    allowances.end(world.ctx, DEV, made.id)
    assert not one(world, "aks-udr", ODD_PORT).is_granted(world.clock.now())
    world.settle()
    assert one(world, "aks-udr", ODD_PORT).evaluation.outcome is Outcome.DEFAULT_DENIED


def test_a_pool_can_be_asked_about(world: World) -> None:
    """Its own ranges only."""
    with world.store.read() as tx:
        (egress,) = tx.snapshots.named("aks-udr")
    (pool, *_) = egress.pools
    found = checking.check(world.ctx, DEV, Query("aks-udr", (parse_destination("github.com"),), pool=pool.name))
    assert found.way.sources == egress.sources(pool.name)
    assert found.findings[0].evaluation.outcome is Outcome.ALLOWED


def test_each_name_of_a_bundle_is_evaluated(world: World) -> None:
    """On the classic firewall the seed's Docker Hub rule allows all of them; on the hub firewall none is."""
    for cluster, expected in (("aks-udr-classic", Outcome.ALLOWED), ("aks-udr", Outcome.DEFAULT_DENIED)):
        found = checking.check(world.ctx, DEV, Query(cluster, bundle="docker-hub"))
        assert [each.evaluation.outcome for each in found.findings] == [expected] * 6


def test_what_is_allowed_already_is_left_out(world: World) -> None:
    """With its rule; where nothing remains nothing is filed, and the refusal names the rule."""
    checking.prepare(world.ctx, DEV, "aks-udr")
    with pytest.raises(AlreadyAllowed, match="rule github in rule collection tools"):
        allowances.request(world.ctx, DEV, draft("github.com"))
    assert allowances.requests(world.ctx, DEV, "mine") == []
    made = allowances.request(world.ctx, DEV, draft("github.com example.com"))
    assert [str(each) for each in made.destinations] == ["example.com"]


def test_a_bundle_is_asked_for_what_it_lacks(world: World) -> None:
    """GitHub's own two names are open; the other five are still one bundle."""
    checking.prepare(world.ctx, DEV, "aks-udr")
    preview = allowances.preview(world.ctx, world.ctx.directory.person(DEV.identity), draft("", bundle="github"))
    assert sorted(str(each.destination) for each in preview.allowed) == ["api.github.com", "github.com"]
    made = allowances.request(world.ctx, DEV, draft("", bundle="github"))
    assert (made.ask.bundle, len(made.destinations)) == ("github", 5)


def test_an_approval_that_cannot_take_effect_is_refused(world: World) -> None:
    """The parent policy denies mail before our rules are read; the rule is named and nothing is filed."""
    checking.prepare(world.ctx, DEV, "aks-udr")
    with pytest.raises(CannotTakeEffect, match="rule smtp in rule collection deny-mail"):
        allowances.request(world.ctx, DEV, draft("https:mail.example.com:25 example.com"))
    assert allowances.requests(world.ctx, DEV, "mine") == []


def test_a_classic_firewall_is_looked_at_too(world: World) -> None:
    """Its own rule collections count as foreign."""
    checking.prepare(world.ctx, DEV, "aks-udr-classic")
    with pytest.raises(AlreadyAllowed, match="docker-hub"):
        allowances.request(world.ctx, DEV, replace(draft("", bundle="docker-hub"), cluster="aks-udr-classic"))


def test_rules_that_are_not_known_stop_nobody(world: World) -> None:
    """Nothing was read, or too long ago: it is filed all the same, and Azure is not asked before the ack."""
    asked = len(world.arm.state()["requests"])
    allowances.request(world.ctx, DEV, draft("github.com"))
    checking.prepare(world.ctx, DEV, "aks-udr")
    world.tick(world.ctx.recent.keep + timedelta(seconds=1))
    before = len(world.arm.state()["requests"])
    allowances.request(world.ctx, DEV, draft("api.github.com"))
    assert (len(world.arm.state()["requests"]), before > asked) == (before, True)


def test_a_renewal_is_about_what_is_allowed_already(world: World) -> None:
    """It skips the check; while an allowance lives nobody else has to ask, once it ends soon everybody may."""
    made = live(world, draft(ODD_PORT))
    checking.prepare(world.ctx, DEV, "aks-udr")
    with pytest.raises(AlreadyAllowed, match=made.id):
        allowances.request(world.ctx, DEV2, draft(ODD_PORT))
    assert allowances.renew(world.ctx, DEV, made.id).ask.renews == made.id
    world.tick(timedelta(hours=7, minutes=30))
    checking.prepare(world.ctx, DEV, "aks-udr")
    assert status(allowances.get(world.ctx, DEV, made.id), world.clock.now()) is Status.EXPIRING
    assert allowances.request(world.ctx, DEV2, draft(ODD_PORT)).requester == DEV2.identity


def test_a_revoked_rule_that_still_stands_allows_nothing(world: World) -> None:
    """Somebody may ask again before the firewall was updated."""
    made = live(world, draft(ODD_PORT))
    checking.prepare(world.ctx, DEV, "aks-udr")
    allowances.end(world.ctx, DEV, made.id)
    assert allowances.request(world.ctx, DEV2, draft(ODD_PORT)).destinations == made.destinations


def test_narrower_names_come_from_bundles_and_rules(world: World) -> None:
    """For wildcards only."""
    known = checking.recall(world.ctx, check(world, "aks-udr", "example.com").way)
    asked = parse_destinations("*.github.com *.docker.com example.com")
    names = checking.suggestions(world.ctx, known, asked)
    assert names == (
        "api.github.com",
        "codeload.github.com",
        "hub.docker.com",
        "login.docker.com",
        "production.cloudflare.docker.com",
    )
    assert "api.github.com" in checking.suggestions(world.ctx, None, asked)
    assert checking.suggestions(world.ctx, known, parse_destinations("example.com")) == ()


def test_a_source_address_tells_the_cluster(world: World) -> None:
    """If it lies in the ranges of exactly one."""
    found = checking.cluster_at(world.ctx, DEV, ["10.12.0.9"])
    assert found is not None
    assert found.ref.name == "aks-udr-classic"
    assert checking.cluster_at(world.ctx, DEV, ["10.10.0.4", "10.12.0.9"]) is None
    assert checking.cluster_at(world.ctx, DEV, ["192.0.2.1"]) is None


def test_a_trace_comes_from_what_was_read(world: World) -> None:
    """The same answer without Azure; read again when it is too old."""
    asked = Query("aks-udr", (parse_destination("github.com"),))
    first = checking.check(world.ctx, DEV, asked)
    before = len(world.arm.state()["requests"])
    assert checking.trace(world.ctx, DEV, asked).findings == first.findings
    assert len(world.arm.state()["requests"]) == before
    world.tick(timedelta(minutes=11))
    again = checking.trace(world.ctx, DEV, asked)
    assert again.read_at > first.read_at
    assert len(world.arm.state()["requests"]) > before


def test_refusals_are_what_auditors_find(world: World) -> None:
    """The boundary records them; here the sentence that it records."""
    checking.prepare(world.ctx, DEV, "aks-udr")
    with pytest.raises(AlreadyAllowed) as refused:
        allowances.request(world.ctx, DEV, draft("github.com"))
    auditing.refuse(world.ctx, DEV, "request", refused.value)
    (found,) = auditing.search(world.ctx, AUDITOR, AuditFilter(action="act")).events
    assert "rule github" in found.event.reason


def test_few_targets_are_remembered(world: World) -> None:
    """The ones used least go first; equal rules are not indexed again."""
    ctx = replace(world.ctx, recent=RecentRules(most=2))
    for cluster in ("aks-udr", "aks-udr-classic", "aks-udr", "aks-vwan"):
        checking.prepare(ctx, DEV, cluster)
    ways = {name: check(world, name, "example.com").way for name in ("aks-udr", "aks-udr-classic", "aks-vwan")}
    assert [name for name, way in ways.items() if checking.recall(ctx, way)] == ["aks-udr", "aks-vwan"]
    known = checking.recall(ctx, ways["aks-udr"])
    checking.prepare(ctx, DEV, "aks-udr")
    again = checking.recall(ctx, ways["aks-udr"])
    assert known is not None
    assert again is not None
    assert again.evaluator is known.evaluator
