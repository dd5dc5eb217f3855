"""``plan`` says what the writers would do next, by their own decisions, and changes nothing."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot import allowances
from bot.azure import AzureArm
from bot.azure.identity import IssuedToken
from bot.azure.settings import ArmSettings
from bot.domain.dry_run import DryRun
from bot.domain.forecast import Fate, ForecastResult
from bot.domain.forecast_text import json_of, text_of
from bot.errors import AmbiguousCluster, ArmForbidden, BadConfiguration, UnknownCluster
from bot.sandbox.arm_transport import ArmTransport
from bot.wiring.dryrun import require_known
from tests.build import APPROVER, DEV, SUBSCRIPTION, World, make_world
from tests.flows.azure_changes import ROUTES, delete, give_ranges, route_to
from tests.flows.plan_stage import comes_true, fates, looked, only, promised
from tests.flows.test_writer_scale import propose
from tests.flows.writer_stage import (
    ask,
    by_hand,
    numbered,
    resource,
    until_writing,
)

GROUP = "/rulecollectiongroups/rcg-aks-egress"


@pytest.fixture
def world(sqlite_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(sqlite_url)
    yield made
    made.store.close()


def test_nothing_is_wanted(world: World) -> None:
    """The first look of an installation."""
    said = looked(world)
    assert (said.targets, said.scales, said.result) == ((), (), ForecastResult.UNCHANGED)
    assert text_of(said) == "Nothing would change.\n"


def test_what_is_added_kept_and_removed(world: World) -> None:
    """One rule of each; the writer then does just that."""
    first, second = ask(world, "one.example.com"), ask(world, "two.example.com")
    said = comes_true(world)
    assert (said.result, set(fates(only(said)).values())) == (ForecastResult.CHANGES, {"add"})
    (collection,) = only(said).collections
    assert (collection.fate, {rule.cluster for rule in collection.rules}) == (Fate.ADD, {"aks-udr"})
    third = ask(world, "three.example.com")
    allowances.end(world.ctx, DEV, first.id)
    said = comes_true(world)
    target = only(said)
    assert fates(target) == {f"{a.id}-https-443": f for a, f in ((first, "remove"), (second, "keep"), (third, "add"))}
    assert [target.count(fate) for fate in Fate] == [1, 0, 1, 1]
    assert looked(world).result is ForecastResult.UNCHANGED


@pytest.mark.parametrize("cluster", ["aks-udr", "aks-udr-classic"])
def test_both_kinds_of_target(world: World, cluster: str) -> None:
    """A firewall policy and a classic firewall, network rules included."""
    ask(world, "one.example.com", cluster=cluster)
    said = comes_true(world)
    assert said.targets[0].target.kind in {"policy", "classic"}
    assert said.has_changes


def ranges(world: World) -> None:
    """The cluster's subnet has other ranges."""
    give_ranges(world, "10.99.0.0/24")


def elsewhere(world: World) -> None:
    """The cluster's traffic passes another firewall."""
    address = resource(world, "/azurefirewalls/legacy-firewall")["properties"]["ipConfigurations"][0]["properties"]
    route_to(world, address["privateIPAddress"])


def nowhere(world: World) -> None:
    """The cluster's traffic passes an appliance that nobody knows."""
    route_to(world, "10.123.0.4", ROUTES)


def deleted(world: World) -> None:
    """The cluster is deleted."""
    delete(world, "/managedclusters/aks-udr")


@pytest.mark.parametrize("change", [ranges, elsewhere, nowhere, deleted])
def test_what_allowances_rest_on_has_changed(world: World, change: Callable[[World], None]) -> None:
    """An allowance that waits to be written is followed to where its cluster is now, as the writer does."""
    ask(world, "old.example.com")
    world.settle()
    change(world)
    ask_again = ask(world, "new.example.com") if change is not deleted else None
    with world.store.write() as tx:
        tx.work.wake(only(looked(world)).target.key if change is not elsewhere else "timers", within=timedelta())
    if change is deleted:
        with world.store.write() as tx:
            (known,) = tx.snapshots.named("aks-udr")
            tx.snapshots.forget(known.ref.id, world.clock.now())
    said = comes_true(world)
    assert said.result is ForecastResult.CHANGES
    assert (
        ask_again is None or change is ranges or ask_again.id in {o.allowance for t in said.targets for o in t.left_out}
    )


def test_a_network_rule_without_the_proxy_is_left_out(world: World) -> None:
    """With the command that helps."""
    asked = ask(world, "tcp:db.example.com:5432")
    by_hand(world, "/firewallpolicies/hub-policy", dnsSettings={"enableProxy": False})
    by_hand(world, "/firewallpolicies/base-policy", dnsSettings={"enableProxy": False})
    (left,) = only(looked(world)).left_out
    assert (left.allowance, "--enable-dns-proxy true" in left.why) == (asked.id, True)


def test_an_unsafe_plan_says_its_numbers(world: World) -> None:
    """As the writer would refuse it."""
    for host in numbered(3):
        ask(world, host)
    ctx = replace(
        world.ctx, config=replace(world.ctx.config, firewall=replace(world.ctx.config.firewall, max_bytes=300))
    )
    world = replace(world, ctx=ctx)
    said = looked(world)
    assert said.result is ForecastResult.CHANGES
    assert any("limit for a rule collection group is 300" in each for each in only(said).obstacles)


def test_an_update_that_runs(world: World) -> None:
    """Ours, or somebody else's."""
    ask(world)
    until_writing(world)
    ask(world, "two.example.com")
    (said,) = only(looked(world)).obstacles
    assert "An update of the bot's is under way" in said
    world.settle()


def test_a_dry_run_is_an_obstacle(world: World) -> None:
    """There are changes, and they are not written."""
    world = replace(world, ctx=replace(world.ctx, config=replace(world.ctx.config, writer=DryRun(True))))
    ask(world)
    propose(world)
    said = looked(world)
    assert said.result is ForecastResult.CHANGES
    assert "Dry run: the bot does not write to hub-policy." in only(said).obstacles
    assert "Dry run" in said.scales[0].why


@pytest.mark.parametrize("name", ["hub-policy", "HUB-POLICY", "aks-udr", "id of the policy", "id of the cluster"])
def test_one_by_name(world: World, name: str) -> None:
    """A cluster leads to its firewall, whose whole write is shown; others are not looked at."""
    ask(world)
    ask(world, cluster="aks-udr-classic")
    propose(world)
    ids = {
        "id of the policy": resource(world, "/firewallpolicies/hub-policy")["id"],
        "id of the cluster": resource(world, "/managedclusters/aks-udr")["id"],
    }
    said = looked(world, ids.get(name, name))
    assert [each.target.name for each in said.targets] == ["hub-policy"]
    assert said.scales == ()
    assert looked(world, "aks-lb").scales[0].cluster == "aks-lb"


def test_names_that_the_database_has_never_heard_of(sqlite_url: str) -> None:
    """The first look may come before the bot has read anything."""
    world = make_world(sqlite_url)
    with world.store.write() as tx:
        tx._connection.exec_driver_sql("DELETE FROM cluster")
    for name in ("aks-udr", "hub-policy"):
        assert [each.target.name for each in looked(world, name).targets] == ["hub-policy"]
    with pytest.raises(UnknownCluster, match="There is no cluster, firewall policy or classic firewall nonsense"):
        looked(world, "nonsense")
    world.arm.add_fault({"method": "GET", "path": "^/subscriptions$", "times": 9, "status": 403, "code": "X"})
    with pytest.raises(ArmForbidden):
        looked(world, "nonsense")
    world.store.close()


def test_a_name_of_several(world: World) -> None:
    """The sentence has their ids."""
    body = resource(world, "/managedclusters/aks-udr")
    twin = body["id"].replace("/rg-aks-udr/", "/rg-other/")
    world.arm.put_resource(twin, {**body, "id": twin})
    with world.store.write() as tx:
        tx._connection.exec_driver_sql("DELETE FROM cluster")
    with pytest.raises(AmbiguousCluster, match="rg-aks-udr"):
        looked(world, "aks-udr")


@pytest.mark.parametrize("status", [403, 500])
def test_one_that_cannot_be_read_does_not_hide_the_others(world: World, status: int) -> None:
    """It is said, and the whole is an error."""
    ask(world)
    ask(world, cluster="aks-udr-classic")
    propose(world)
    world.arm.add_fault(
        {"method": "GET", "path": "firewallPolicies/hub-policy", "times": 99, "status": status, "code": "X"}
    )
    said = looked(world)
    assert said.result is ForecastResult.ERROR
    assert [each.what for each in said.unreadable] == ["hub-policy"]
    assert [each.target.name for each in said.targets] == ["legacy-firewall"]
    assert [each.is_applied for each in said.scales] == [True]
    assert "hub-policy: could not be read." in text_of(said)
    assert json.loads(json_of(said))["result"] == "error"


def test_a_firewall_policy_that_was_deleted(world: World) -> None:
    """With something promised it is an error; without, nothing is to be done."""
    asked = ask(world)
    world.settle()
    delete(world, GROUP)
    delete(world, "/firewallpolicies/hub-policy")
    said = looked(world)
    assert (said.result, "does not exist" in said.unreadable[0].why) == (ForecastResult.ERROR, True)
    allowances.end(world.ctx, APPROVER, asked.id)
    assert looked(world).result is ForecastResult.UNCHANGED


def test_scales(world: World) -> None:
    """One that would be applied, and one whose cluster has changed since."""
    scale = propose(world)
    (said,) = looked(world).scales
    assert (said.id, said.change.ends, said.is_applied, said.why) == (scale.id, ("1", "2"), True, "")
    by_hand(world, "/managedclusters/aks-lb", kubernetesVersion="1.99")
    (said,) = looked(world).scales
    assert (said.is_applied, "has changed" in said.why) == (False, True)
    assert looked(world).result is ForecastResult.UNCHANGED


def test_text_and_json(world: World) -> None:
    """Everything that people and scripts need is in both."""
    asked = ask(world, "tcp:db.example.com:5432")
    ask(world, "one.example.com")
    propose(world)
    said = looked(world)
    text, content = text_of(said), json.loads(json_of(said))
    for part in (
        "hub-policy (policy, /subscriptions/",
        "2 to add, 0 to alter, 0 to remove, 0 kept.",
        f"    + {asked.id}-tcp-5432 of aks-udr: ",
        "to db.example.com by tcp:5432",
        "one.example.com by https:443",
        "aks-lb: from 1 to 2 outbound IPs",
        "Would change: 2 rules in 1 firewall, outbound settings of 1 cluster. Nothing was written.",
    ):
        assert part in text, text
    (target,) = content["targets"]
    assert (content["format"], content["result"], target["add"], target["name"]) == (1, "changes", 2, "hub-policy")
    rules = {rule["name"]: rule for each in target["collections"] for rule in each["rules"]}
    assert rules[f"{asked.id}-tcp-5432"]["before"] is None
    assert {name: rule["after"] for name, rule in rules.items()} == promised(only(said))
    assert content["scales"][0]["applied"] is True


def test_a_subscription_that_cannot_be_read(world: World) -> None:
    """A name that is not found may exist: neither plan nor a dry run says that it does not."""
    azure = AzureArm(
        IssuedToken(world.arm.issue_token),
        ArmSettings(subscriptions=(SUBSCRIPTION, SUBSCRIPTION.replace("a001", "b002"))),
        transport=ArmTransport(world.arm, world.clock),
        now=world.clock.now,
    )
    world = replace(world, ctx=replace(world.ctx, clusters=azure))
    with pytest.raises(UnknownCluster, match="as far as they could be read"):
        looked(world, "nonsense")
    with pytest.raises(BadConfiguration, match="whether that exists could not be asked"):
        require_known(DryRun(dry_run_targets=("nonsense",)), world.store, azure)
