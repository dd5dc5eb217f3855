"""The roles in ``deploy/roles`` are enough for what they are for, and grant nothing that nobody needs."""

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from bot import allowances, denials, inventory, probing, scaling
from bot.approvals import Decision
from bot.azure import AzureArm
from bot.domain.feature_settings import Logs
from bot.domain.probe import ProbeSettings
from bot.domain.snat import CountGoal
from bot.errors import InvalidInput
from bot.probing import ProbeWish
from bot.scaling import MigrationWish, Wish
from tests.build import APPROVER, DEV, EXAMPLE, SUBSCRIPTION, World, make_world
from tests.flows.writer_stage import ask, by_hand
from tests.rules.tree import ROOT

CLUSTERS = (
    *("aks-lb", "aks-lb-own", "aks-lb-dual", "aks-natgateway", "aks-natgateway-v2", "aks-usernat", "aks-udr"),
    *("aks-udr-agic", "aks-udr-classic", "aks-udr-nva", "aks-vwan", "aks-none", "aks-block"),
)


def read(world: World) -> None:
    """Everything that can be asked about every cluster."""
    inventory.refresh(world.ctx)
    azure = world.ctx.clusters
    assert isinstance(azure, AzureArm)
    by_hand(world, "/routetables/aks-vwan-routetable", routes=[])  # the hub's own routes decide
    for name in CLUSTERS:
        azure.read_grants(inventory.show(world.ctx, DEV, name).egress.ref.id)
        with suppress(InvalidInput):
            inventory.check_endpoints(world.ctx, DEV, name)


def open_and_close(cluster: str) -> Callable[[World], None]:
    """An allowance lives and ends."""

    def act(world: World) -> None:
        asked = ask(world, cluster=cluster)
        world.settle()
        allowances.end(world.ctx, DEV, asked.id)
        world.settle()

    return act


def scale(world: World) -> None:
    """More outbound IPs, for a cluster with managed ones, and for one in a network of its own."""
    for name in ("aks-lb", "aks-natgateway"):
        proposed = scaling.propose(world.ctx, DEV, Wish(name, CountGoal(3), "more ports"))
        if proposed.approved_at is None:
            scaling.decide(world.ctx, APPROVER, Decision(proposed.id, is_approved=True))
    world.settle()


def migrate(world: World) -> None:
    """Another outbound type, in a network that AKS made and in one of its own."""
    for name, after in (("aks-lb", "managedNATGateway"), ("aks-udr", "none")):
        proposed = scaling.propose_migration(world.ctx, DEV, MigrationWish(name, after))
        scaling.decide(world.ctx, APPROVER, Decision(proposed.id, is_approved=True))
    world.settle()


def measure(world: World) -> None:
    """How full the ports of a load balancer, NAT gateways and a firewall are."""
    azure = world.ctx.clusters
    assert isinstance(azure, AzureArm)
    ctx = replace(world.ctx, metrics=azure.metrics)
    for name in ("aks-lb", "aks-natgateway", "aks-usernat", "aks-udr"):
        assert not [gap for use in inventory.show(ctx, DEV, name).uses for gap in use.gaps]


def probe(world: World) -> None:
    """A host is tried from inside a cluster."""
    book = replace(world.ctx.config, probe=ProbeSettings(enabled=True))
    probing.ask(replace(world.ctx, config=book), APPROVER, ProbeWish("aks-lb", (EXAMPLE,)))
    world.settle()


def read_logs(world: World) -> None:
    """The logs of a firewall with tables of its own, and of one without."""
    azure = world.ctx.clusters
    assert isinstance(azure, AzureArm)
    logs, now = azure.firewall_logs(Logs(enabled=True)), world.clock.now()
    for cluster in ("aks-udr", "aks-udr-classic"):
        for port in (443, 25):
            world.arm.add_traffic({"cluster": cluster, "host": "example.com", "port": port, "log_delay_s": 0})
    world.tick(timedelta(minutes=1))
    for cluster in ("aks-udr", "aks-udr-classic"):
        asked = denials.question_for(inventory.show(world.ctx, DEV, cluster).egress, now, world.clock.now())
        assert asked
        assert logs.read(asked).gaps == ()


FLOWS: dict[str, Callable[[World], None]] = {
    "reader": read,
    "rule-writer": open_and_close("aks-udr"),
    "classic-rule-writer": open_and_close("aks-udr-classic"),
    "scaler": scale,
    "migrator": migrate,
    "metrics-reader": measure,
    "prober": probe,
    "log-reader": read_logs,
}
"""What each role is for; the others are for what this version does not do yet."""


def actions_of(role: str) -> set[str]:
    """The actions of a role."""
    return set(json.loads((ROOT / "deploy" / "roles" / f"{role}.json").read_text(encoding="utf-8"))["Actions"])


@pytest.mark.parametrize("role", FLOWS)
def test_a_role_is_enough_for_what_it_is_for_and_no_more(sqlite_url: str, role: str) -> None:
    """With it and the reader's, nothing is refused; each action of it is one that a call needed, or says why not."""
    world = make_world(sqlite_url)
    granted = actions_of("reader") | actions_of(role)
    world.arm.put_rights(f"/subscriptions/{SUBSCRIPTION}", {"actions": sorted(granted)})
    before = len(world.arm.state()["requests"])
    FLOWS[role](world)
    world.store.close()
    refused = [one["path"] for one in world.arm.state()["requests"][before:] if one["status"] == 403]
    asked = world.arm.actions_asked()
    assert (refused, sorted(asked - lowered(granted))) == ([], [])
    assert {one for one in actions_of(role) - set(UNSEEN) if one.lower() not in asked} == set()


def lowered(actions: Iterable[str]) -> set[str]:
    """Azure does not look at the case."""
    return {action.lower() for action in actions}


UNSEEN = {
    "Microsoft.Network/locations/nfvOperationResults/read": "where an answer names a result instead of an operation",
    "Microsoft.Network/locations/operationResults/read": "where an answer names a result instead of an operation",
    "Microsoft.Network/virtualNetworks/subnets/join/action": "of a cluster in a network of its own",
    "Microsoft.Network/publicIPAddresses/join/action": "of a cluster with IPs of its own",
    "Microsoft.Network/publicIPPrefixes/join/action": "of a cluster with prefixes of its own",
}
"""Actions that no cluster of the sandbox needs, and when Azure asks for them."""
