"""Destinations that need network rules, from the request to the end: PostgreSQL, git over SSH, NTP and the like."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot import allowances, approvals, checking, exporting
from bot.allowances import Draft
from bot.checking import Query
from bot.domain.allowance import Allowance, Status
from bot.domain.firewall import Outcome, Stage
from bot.domain.fqdn import parse_destination
from bot.domain.target import TargetKind
from bot.errors import CannotTakeEffect, RulesUnknown
from handlers.blocks.check import check_card
from tests.build import APPROVER, DEV, OPERATOR, World, make_world
from tests.flows.writer_stage import (
    HOUR,
    Json,
    ask,
    by_hand,
    foreign,
    opened,
    resource,
    state_of,
    stored,
    told,
    until_writing,
    writes,
)

HUB, GROUP, LEGACY = "/firewallpolicies/hub-policy", "/rcg-aks-egress", "/azurefirewalls/legacy-firewall"
DATABASE = "tcp:db.example.com:5432"
PROXY_OFF = {"servers": [], "enableProxy": False}


@pytest.fixture
def world(sqlite_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(sqlite_url)
    yield made
    made.store.close()


def ours(world: World) -> Json:
    """Our collections in the hub's policy, by name."""
    return {each["name"]: each for each in resource(world, GROUP)["properties"]["ruleCollections"]}


def verdict(world: World, destination: str, cluster: str = "aks-udr") -> checking.Check:
    """The verdict of a check now."""
    return checking.check(world.ctx, OPERATOR, Query(cluster, (parse_destination(destination),)))


def with_proxy(world: World, *, is_on: bool = True) -> None:
    """Switch the DNS proxy of the classic firewall."""
    more = {"Network.DNS.EnableProxy": str(is_on).lower()}
    before = resource(world, LEGACY)["properties"]["additionalProperties"]
    by_hand(world, LEGACY, additionalProperties={**before, **more})


def test_a_network_rule_lives_in_a_policy(world: World) -> None:
    """Requested, written in a collection of its own, read back, allowed, ended, gone; nothing else moves."""
    before = foreign(world)
    asked = ask(world, DATABASE)
    world.settle()
    assert state_of(world, asked) is Status.LIVE
    (rule,) = ours(world)[f"egress-{asked.scope.resource_group.lower()}-aks-udr.net"]["rules"]
    assert (rule["ruleType"], rule["name"]) == ("NetworkRule", f"{asked.id}-tcp-5432")
    assert (rule["ipProtocols"], rule["destinationPorts"]) == (["TCP"], ["5432"])
    assert rule["destinationFqdns"] == ["db.example.com"]
    assert tuple(rule["sourceAddresses"]) == asked.scope.sources

    (found,) = verdict(world, DATABASE).findings
    assert found.evaluation.outcome is Outcome.ALLOWED
    assert found.evaluation.deciding is not None
    assert found.evaluation.deciding.stage is Stage.NETWORK
    assert found.allowance is not None
    assert found.allowance.id == asked.id
    for other in ("udp:db.example.com:5432", "tcp:db.example.com:5433", "tcp:other.example.com:5432"):
        assert verdict(world, other).findings[0].evaluation.outcome is not Outcome.ALLOWED

    world.work(9 * HOUR)
    world.settle()
    assert state_of(world, asked) is Status.EXPIRED
    assert stored(world, asked).gone_at is not None
    assert opened(world) == {}
    assert foreign(world) == before


def test_one_request_may_have_both_kinds(world: World) -> None:
    """Each kind has its collection; UDP and TCP each their rule; one write for all."""
    hosts = (DATABASE, "tcp:db2.example.com:5432", "ntp.example.com:123", "api.example.com")
    draft = Draft("aks-udr", tuple(map(parse_destination, hosts)), "why", 8 * HOUR)
    with pytest.raises(RulesUnknown, match="Nothing was filed"):
        allowances.request(world.ctx, DEV, draft)
    checking.prepare(world.ctx, DEV, draft.cluster)
    asked = allowances.request(world.ctx, DEV, draft)
    allowances.decide(world.ctx, APPROVER, approvals.Decision(asked.id, is_approved=True))
    world.settle()
    assert opened(world) == {
        f"{asked.id}-https-443": ["api.example.com"],
        f"{asked.id}-tcp-5432": ["db.example.com", "db2.example.com"],
        f"{asked.id}-udp-123": ["ntp.example.com"],
    }
    priorities = [each["priority"] for each in ours(world).values()]
    assert len(set(priorities)) == len(priorities) == 2
    assert state_of(world, asked) is Status.LIVE


def test_without_the_dns_proxy_it_is_refused_with_what_to_do(world: World) -> None:
    """At filing and at a check, on a classic firewall and on a policy; what is matched by name is not concerned."""
    by_hand(world, HUB, dnsSettings=PROXY_OFF)
    for cluster, command in (
        ("aks-udr-classic", "az network firewall update --ids"),
        ("aks-udr", "az network firewall policy update --ids"),
    ):
        with pytest.raises(CannotTakeEffect, match="--enable-dns-proxy true") as refused:
            ask(world, DATABASE, cluster=cluster)
        assert command in refused.value.sentence
        found = verdict(world, DATABASE, cluster)
        assert "--enable-dns-proxy true" in str(check_card(found, world.clock.now()))
        assert "open_request" not in str(check_card(found, world.clock.now()))
    assert ask(world).id


def test_a_parents_proxy_counts(world: World) -> None:
    """A child inherits the DNS settings."""
    by_hand(world, HUB, dnsSettings=PROXY_OFF)
    by_hand(world, "/firewallpolicies/base-policy", dnsSettings={"servers": [], "enableProxy": True})
    asked = ask(world, DATABASE)
    world.settle()
    assert state_of(world, asked) is Status.LIVE


def test_a_network_rule_lives_in_a_classic_firewall(world: World) -> None:
    """In the array of network rules, beside foreign ones that have the first priorities."""
    with_proxy(world)
    theirs = resource(world, LEGACY)["properties"]["networkRuleCollections"]
    more = [
        {**theirs[0], "name": f"egress-{n}", "properties": {**theirs[0]["properties"], "priority": n}}
        for n in (300, 301)
    ]
    by_hand(world, LEGACY, networkRuleCollections=[*theirs, *more])
    before = foreign(world)
    asked, web = ask(world, DATABASE, cluster="aks-udr-classic"), ask(world, cluster="aks-udr-classic")
    assert asked.scope.target.kind is TargetKind.CLASSIC
    world.settle()
    assert (state_of(world, asked), state_of(world, web)) == (Status.LIVE, Status.LIVE)
    found = resource(world, LEGACY)["properties"]["networkRuleCollections"]
    (own,) = [each for each in found if each["name"].endswith(".net")]
    (rule,) = own["properties"]["rules"]
    assert (rule["protocols"], rule["destinationFqdns"]) == (["TCP"], ["db.example.com"])
    assert verdict(world, DATABASE, "aks-udr-classic").findings[0].evaluation.outcome is Outcome.ALLOWED
    for each in (asked, web):
        allowances.end(world.ctx, DEV, each.id)
    world.settle()
    assert opened(world) == {}
    assert foreign(world) == before


def switched_off(world: World, proxy: Json) -> None:
    """Switch the DNS proxy of the hub's policy off and let the bot look."""
    by_hand(world, HUB, dnsSettings=proxy)
    world.work(world.ctx.pace.resync + timedelta(minutes=1))
    world.settle()


def test_a_proxy_that_is_switched_off_holds_up_nobody_else(world: World) -> None:
    """Before the write, what needs it fails with the command; what was live is taken out, said so, and comes back."""
    live, web = ask(world, DATABASE, hours=72), ask(world, "web.example.com", hours=72)
    world.settle()
    fresh = ask(world, "tcp:new.example.com:6379")
    by_hand(world, HUB, dnsSettings=PROXY_OFF)
    world.settle()
    assert state_of(world, fresh) is Status.FAILED
    assert "--enable-dns-proxy true" in (stored(world, fresh).failure or "")
    switched_off(world, PROXY_OFF)
    assert opened(world) == {f"{web.id}-https-443": ["web.example.com"]}
    assert stored(world, live).missing_since is not None
    assert "unresolved" in world.said.events(live.id)
    switched_off(world, {"servers": [], "enableProxy": True})
    assert f"{live.id}-tcp-5432" in opened(world)
    assert stored(world, live).missing_since is None
    assert "drift" not in told(world)


def test_a_proxy_that_is_switched_off_is_told_while_updates_never_stop(world: World) -> None:
    """Somebody approves another one during each update; whoever lost theirs hears it once, not when all is done."""
    live = ask(world, DATABASE, hours=72)
    world.settle()
    ask(world, "host0.example.com")
    by_hand(world, HUB, dnsSettings=PROXY_OFF)
    for number in (1, 2, 3):
        until_writing(world)
        ask(world, f"host{number}.example.com")
        begun = len(writes(world))
        while len(writes(world)) == begun:
            world.work(timedelta(seconds=20))
        assert world.said.events(live.id).count("unresolved") == 1
        assert stored(world, live).missing_since is not None
    world.settle()
    switched_off(world, {"servers": [], "enableProxy": True})
    assert stored(world, live).missing_since is None
    assert world.said.events(live.id).count("unresolved") == 1


@pytest.mark.parametrize("meddle", ["widen", "remove", "add"])
def test_drift_of_network_rules_is_seen_and_healed(world: World, meddle: str) -> None:
    """A network rule of ours that somebody changed, took away or put beside it."""
    asked = ask(world, DATABASE)
    world.settle()
    expected = opened(world)
    collections = resource(world, GROUP)["properties"]["ruleCollections"]
    (rule,) = collections[0]["rules"]
    rules: dict[str, list[Any]] = {
        "widen": [{**rule, "destinationPorts": ["*"]}],
        "remove": [],
        "add": [rule, {**rule, "name": "by-hand"}],
    }
    by_hand(world, GROUP, ruleCollections=[{**collections[0], "rules": rules[meddle]}])
    world.work(world.ctx.pace.resync + timedelta(minutes=1))
    world.settle()
    assert told(world).count("drift") == 1
    assert opened(world) == expected
    assert resource(world, GROUP)["properties"]["ruleCollections"][0]["rules"] == [rule]
    assert state_of(world, asked) is Status.LIVE


def test_a_deny_before_our_place_makes_it_dead(world: World) -> None:
    """The base policy denies port 25: said at a check, and refused at filing."""
    assert verdict(world, "tcp:smtp.example.com:25").findings[0].in_the_way is not None
    with pytest.raises(CannotTakeEffect, match="deny-mail"):
        ask(world, "tcp:smtp.example.com:25")


def test_too_many_names_are_refused_with_the_numbers(world: World) -> None:
    """Names in foreign rules count, and so do promised ones."""
    group = resource(world, "/rcg-platform")
    collections = group["properties"]["ruleCollections"]
    (rule,) = collections[0]["rules"]
    many = {**rule, "destinationAddresses": [], "destinationFqdns": [f"h{n}.example.org" for n in range(998)]}
    by_hand(world, "/rcg-platform", ruleCollections=[{**collections[0], "rules": [many]}, *collections[1:]])
    assert isinstance(ask(world, DATABASE), Allowance)  # 998, and one for ntp.ubuntu.com
    with pytest.raises(CannotTakeEffect, match="1,001 FQDNs"):
        ask(world, "tcp:one-more.example.com:5432")


def test_pods_that_resolve_elsewhere_are_warned_of(world: World) -> None:
    """On the card as a reason, at a check in the small print; not where the VNet asks the firewall."""
    asked = ask(world, DATABASE)
    assert "other_dns" in {reason.code for reason in asked.risk.reasons}
    assert "Make 10.0.0.4 the DNS server" in str(check_card(verdict(world, DATABASE), world.clock.now()))
    assert "DNS server" not in str(check_card(verdict(world, "api.example.com"), world.clock.now()))
    by_hand(world, "/virtualnetworks/aks-udr-vnet", dhcpOptions={"dnsServers": ["10.0.0.4"]})
    assert "DNS server" not in str(check_card(verdict(world, DATABASE), world.clock.now()))
    again = ask(world, "tcp:db3.example.com:5432")
    assert "other_dns" not in {reason.code for reason in again.risk.reasons}


def test_network_rules_are_exported(world: World) -> None:
    """As blocks of their own kind."""
    ask(world, DATABASE)
    text = exporting.export(world.ctx, DEV, "aks-udr", "terraform").text
    assert "network_rule_collection {" in text
    assert 'destination_fqdns = ["db.example.com"]' in text
    assert "ruleType: 'NetworkRule'" in exporting.export(world.ctx, DEV, "aks-udr", "bicep").text


def test_a_write_that_azure_would_refuse_is_not_sent(world: World) -> None:
    """The writer looks at the proxy right before it writes."""
    asked = ask(world, DATABASE)
    by_hand(world, HUB, dnsSettings=PROXY_OFF)
    sent = len([each for each in world.arm.state()["requests"] if each["method"] == "PUT"])
    world.settle()
    assert len([each for each in world.arm.state()["requests"] if each["method"] == "PUT"]) == sent
    assert state_of(world, asked) is Status.FAILED


def test_a_renewal_keeps_the_kind(world: World) -> None:
    """The new rule exists beside the old one."""
    asked = ask(world, DATABASE)
    world.settle()
    renewed = allowances.renew(world.ctx, DEV, asked.id)
    assert renewed.destinations == asked.destinations
    assert replace(renewed.scope) == asked.scope
