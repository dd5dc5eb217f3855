"""Watching a firewall's log: while somebody tests, for days to learn, and for whoever's allowance is live in vain."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from bot import allowances, checking, denials
from bot.allowances import Draft
from bot.checking import Query
from bot.domain.audit import Action
from bot.domain.feature_settings import Logs
from bot.domain.firewall import Outcome
from bot.domain.firewall_log import Gap, LogQuestion, LogReading
from bot.domain.firewall_log.watch import Watch
from bot.domain.fqdn import parse_destination, parse_destinations
from bot.errors import CannotTakeEffect, InvalidInput, NotPermitted
from bot.ports import Notice
from bot.ports.firewall_logs import FirewallLogs
from bot.reconciler import Reconciler
from bot.reconciler.watches import MOST_TOLD
from handlers import denied
from handlers.blocks.check import allowed_lines, next_step
from handlers.blocks.watch_card import watch_card, watch_news
from tests.blockkit import assert_valid
from tests.build import DEV, DEV2, SUBSCRIPTION, World, config, make_world
from tests.flows.writer_stage import ask, events
from tests.listeners.calling import all_text, pressed, text_of, typed
from tests.sandbox.arm_clients import web_rules

POLICY = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-hub/providers/Microsoft.Network/firewallPolicies"
BOOK = replace(config(), logs=Logs(enabled=True))
MINUTE = timedelta(minutes=1)


@pytest.fixture
def world(sqlite_url: str) -> Iterator[World]:
    """A world whose firewall logs are read."""
    made = make_world(sqlite_url, book=BOOK)
    with closing(made.store):
        yield made


@dataclass(frozen=True, slots=True)
class OnlyDenials:
    """A log that answers in full about what was denied, and with a part about what was allowed."""

    logs: FirewallLogs

    def read(self, question: LogQuestion) -> LogReading:
        """The answer."""
        answer = self.logs.read(question)
        if not question.is_allowed:
            return answer
        return replace(answer, total=len(answer.groups) + 7, gaps=((Gap.THROTTLED, "Throttled."),))


def traffic(world: World, host: str, **flow: Any) -> None:
    """A pod asks once a minute, and the log has it at once."""
    world.arm.add_traffic({"cluster": "aks-udr", "host": host, "log_delay_s": 0, **flow})


def found(world: World) -> Watch:
    """The newest watch."""
    with world.store.read() as tx:
        return tx.watches.get(newest(world).subject)


def newest(world: World) -> Notice:
    """The last card that was owed to a person."""
    return [one for one in world.said.notices if one.kind == "card" and one.recipient == DEV.identity.user][-1]


def card(world: World) -> str:
    """The card as people read it."""
    drawn = watch_card(found(world), BOOK)
    assert_valid(drawn, "message")
    return all_text(drawn)


def thread(world: World) -> list[str]:
    """What was said under the card."""
    watch = found(world)
    said = [
        watch_news(watch, one.body) for one in world.said.notices if one.subject == watch.id and one.kind == "thread"
    ]
    for one in said:
        assert_valid(one, "message")
    return [all_text(one) for one in said]


def test_a_watch_shows_what_is_denied_and_ends_by_itself(world: World) -> None:
    """New hosts are said in the thread once; the last look comes after the log's delay; a restart changes nothing."""
    traffic(world, "api.github.com", **{"from": (world.clock.now() - MINUTE).isoformat()})
    said = text_of(denied.denied(world.ctx, typed(DEV, "aks-udr watch", "denied")))
    assert "Watching aks-udr until" in said
    world.work(MINUTE)
    assert "Nothing so far." in card(world)
    for host in ("api.example.com", *(f"h{number}.example.com" for number in range(MOST_TOLD))):
        traffic(world, host)
    world.work(2 * MINUTE)
    assert "api.example.com" in card(world)
    world.reconciler = Reconciler(world.ctx, world.said, workers=0)
    world.work(5 * MINUTE)
    world.work(30 * MINUTE)
    world.work(MINUTE)
    (seen, ended) = thread(world)
    assert ("example.com" in seen, "and 1 more host: see the card." in seen) == (True, True)
    assert f"{MOST_TOLD + 1} destinations can be requested" in ended
    watch = found(world)
    assert (watch.is_open, watch.stopped) == (False, None)
    assert "watch_stop" not in card(world)
    with world.store.read() as tx:
        assert len(str(tx.drafts.get(watch.draft)).split()) == MOST_TOLD + 1
    assert [one.action for one in events(world, watch.id)] == [Action.WATCH_START, Action.WATCH_END]


def test_whoever_began_it_stops_it(world: World) -> None:
    """Nobody else; pressed twice it is stopped once; a second start prolongs the first."""
    denied.watch(world.ctx, pressed(DEV, cluster="aks-udr"))
    world.work(MINUTE)
    begun = found(world)
    denied.watch(world.ctx, pressed(DEV, cluster="aks-udr"))
    assert found(world).until == begun.until + MINUTE
    with pytest.raises(NotPermitted):
        denied.stop(world.ctx, pressed(DEV2, id=begun.id))
    for _ in range(2):
        denied.stop(world.ctx, pressed(DEV, id=begun.id))
    assert not found(world).is_open
    assert len(events(world, begun.id, Action.WATCH_END)) == 1
    denied.learn(world.ctx, typed(DEV, "aks-udr until:3d", "learn"))
    assert "Stopped" in text_of(denied.learn(world.ctx, typed(DEV, "aks-udr stop", "learn")))


def test_what_cannot_be_watched_is_refused(world: World) -> None:
    """No firewall, no day, a day that is over, too many at a time."""
    for words in (
        "aks-udr",
        "aks-udr stop",
        "aks-udr until:",
        "aks-udr until:yesterday",
        "aks-udr until:90d",
        "until:friday",
    ):
        with pytest.raises(InvalidInput):
            denied.learn(world.ctx, typed(DEV, words, "learn"))
    with pytest.raises(CannotTakeEffect):
        denials.watch(world.ctx, DEV, "aks-lb")


def test_learning_ends_in_one_request_and_opens_nothing(world: World) -> None:
    """Days of denials, grouped by domain and bundle, as narrow as they were asked; kept through a restart."""
    text_of(denied.learn(world.ctx, typed(DEV, "aks-udr until:3d", "learn")))
    for host in ("one.example.com", "two.example.com", "registry-1.docker.io", "auth.docker.io"):
        traffic(world, host, for_s=3600)
    traffic(world, "203.0.113.9", for_s=3600)
    for _ in range(3):
        world.work(timedelta(hours=2))
    shown = card(world)
    assert "*example.com*: 120 times" in shown
    assert "*bundle docker-hub*" in shown
    assert "the client must name the host" in shown
    world.reconciler = Reconciler(world.ctx, world.said, workers=0)
    world.work(timedelta(days=4))
    world.work(MINUTE)
    watch = found(world)
    assert not watch.is_open
    with world.store.read() as tx:
        hosts = tx.drafts.get(watch.draft) or ""
    assert set(hosts.split("\n")) == {"auth.docker.io", "one.example.com", "registry-1.docker.io", "two.example.com"}
    assert "4 destinations can be requested at once" in thread(world)[-1]


def test_learning_through_a_rule_that_allows_everything(world: World) -> None:
    """What is used is collected, named as used, and would be denied once that rule is gone."""
    rule = web_rules("*")["properties"]["ruleCollections"][0] | {"name": "test-all", "priority": 900}
    namesake = web_rules("named.example.com")["properties"]["ruleCollections"][0]
    group = {"properties": {"priority": 900, "ruleCollections": [namesake, rule]}}
    world.arm.put_resource(f"{POLICY}/hub-policy/ruleCollectionGroups/rcg-test", group)
    denials.learn(world.ctx, DEV, "aks-udr", "2d")
    traffic(world, "api.example.com")
    traffic(world, "api.github.com")
    traffic(world, "named.example.com")
    world.work(timedelta(hours=1))
    world.work(timedelta(hours=1))
    (item,) = found(world).items
    assert (item.denied.host, item.is_used) == ("api.example.com", True)
    assert "Used through rule r-0, which allows everything" in card(world)
    assert item.denied.destination is not None
    query = Query("aks-udr", (item.denied.destination, parse_destination("api.github.com")))
    by_all, named = checking.check(world.ctx, DEV, query).findings
    now = world.clock.now()
    assert [one.evaluation.outcome for one in (by_all, named)] == [Outcome.ALLOWED, Outcome.ALLOWED]
    assert [one.is_granted(now) for one in (by_all, named)] == [False, True]
    assert "Request it below to keep it once that rule is gone" in next_step(by_all, now)
    draft = Draft("aks-udr", query.destinations, "Learnt", timedelta(hours=8))
    cut = denials.look(replace(world.ctx, logs=OnlyDenials(world.ctx.logs)), found(world))
    assert cut.limits[-2:] == ("Throttled.", "7 older kinds of records of what rule r-0 let through are left out.")
    made = allowances.preview(world.ctx, world.ctx.directory.person(DEV.identity), draft)
    left_out, open_to_all = allowed_lines(made)
    assert "`api.github.com` is already allowed by rule github" in left_out
    assert "`api.example.com` is allowed now only by rule r-0 in rule collection test-all" in open_to_all
    assert allowances.request(world.ctx, DEV, draft).destinations == (item.denied.destination,)


def test_learning_through_rules_for_http_and_for_addresses(world: World) -> None:
    """A rule for HTTP alone is one for everything, too; of a network rule the log has addresses, and that is said."""
    (web,) = web_rules("*")["properties"]["ruleCollections"]
    http = {**web["rules"][0], "name": "http-all", "protocols": [{"protocolType": "Http", "port": 80}]}
    net = {
        "ruleType": "NetworkRule",
        "name": "net-all",
        "sourceAddresses": ["10.10.0.0/22"],
        "ipProtocols": ["TCP"],
        "destinationAddresses": ["*"],
        "destinationPorts": ["443"],
    }
    ours = [{**web, "name": "test-http", "rules": [http]}, {**web, "name": "test-net", "priority": 200, "rules": [net]}]
    group = {"properties": {"priority": 900, "ruleCollections": ours}}
    world.arm.put_resource(f"{POLICY}/hub-policy/ruleCollectionGroups/rcg-test", group)
    denials.learn(world.ctx, DEV, "aks-udr", "2d")
    traffic(world, "plain.example.com", port=80, protocol="http")
    traffic(world, "203.0.113.9", port=443, protocol="tcp")
    world.work(timedelta(hours=1))
    world.work(timedelta(hours=1))
    assert [one.denied.host for one in found(world).items] == ["plain.example.com"]
    assert "Used through rule http-all" in card(world)
    assert "Rule net-all lets everything through, also 203.0.113.9:443, of which the log names no host." in card(world)


def test_what_has_an_allowance_is_not_offered_again(world: World) -> None:
    """A rule for everything before the bot's rules decides, and the allowance stands all the same."""
    rule = web_rules("*")["properties"]["ruleCollections"][0] | {"name": "test-all", "priority": 900}
    group = {"properties": {"priority": 101, "ruleCollections": [rule]}}
    world.arm.put_resource(f"{POLICY}/hub-policy/ruleCollectionGroups/rcg-test", group)
    ask(world, "api.example.com")
    world.settle()
    query = Query("aks-udr", parse_destinations("api.example.com other.example.com"))
    has, lacks = checking.check(world.ctx, DEV, query).findings
    assert [str(one.evaluation.deciding and one.evaluation.deciding.collection) for one in (has, lacks)] == [
        "test-all",
        "test-all",
    ]
    assert [one.can_be_asked_for(world.clock.now()) for one in (has, lacks)] == [False, True]


def test_an_owner_hears_once_that_something_else_denies(world: World) -> None:
    """Live, and the log has denials since: told with what decided, and not again; ``denied`` says the same."""
    with world.store.write() as tx:
        tx.work.schedule("blocked", within=timedelta())
    made = ask(world, "api.example.com")
    world.settle()
    traffic(world, "api.example.com")
    world.work(20 * MINUTE)
    assert "blocked" not in world.said.events(made.id)
    rule = web_rules("api.example.com")["properties"]["ruleCollections"][0]
    denying = {**rule, "name": "no-example", "priority": 150, "action": {"type": "Deny"}}
    group = {"properties": {"priority": 400, "ruleCollections": [denying]}}
    world.arm.put_resource(f"{POLICY}/base-policy/ruleCollectionGroups/rcg-stop", group)
    for _ in range(3):
        world.work(20 * MINUTE)
    assert world.said.events(made.id).count("blocked") == 1
    (notice,) = [one for one in world.said.notices if one.body.get("event") == "blocked" and one.kind == "thread"]
    assert "rule r-0 in rule collection no-example" in json.dumps(dict(notice.body))
    said = text_of(denied.denied(world.ctx, typed(DEV, "aks-udr", "denied")))
    assert f"{made.id} is live since" in said
    assert "and yet it was denied: rule r-0 in rule collection no-example" in said
