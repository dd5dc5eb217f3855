"""Partners: who depends on a cluster's outbound IPs is recorded, named in plans, and told of changes."""

import re
from collections.abc import Iterator

import pytest

from bot import scaling
from bot.domain.audit import Action
from bot.errors import InvalidInput, NotPermitted, UnknownCluster
from bot.ports import Caller
from bot.scaling import Wish
from handlers import commands, partners
from handlers.blocks.scale_card import scale_card
from handlers.subjects import details_of
from tests.azure.stage import cluster_id
from tests.build import APPROVER, DEV, OPERATOR, World, make_world
from tests.flows.writer_stage import events
from tests.listeners.calling import text_of, typed

OLD = "20.126.14.246"
"""The outbound IP of aks-lb."""


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(database_url)
    yield made
    made.store.close()


def say(world: World, who: Caller, words: str) -> str:
    """What ``/egress partners`` answers."""
    return text_of(partners.partners(world.ctx, typed(who, words)))


def test_added_listed_and_removed(world: World) -> None:
    """Approvers and operators keep the list; everybody who sees the cluster reads it, with the addresses to copy."""
    assert "Nobody is recorded" in say(world, DEV, "aks-lb")
    assert "invite the bot" in say(world, APPROVER, "aks-lb add Acme &amp; Co <#CGENERAL1|general> edge firewall")
    assert "asks you to tell them" in say(world, OPERATOR, "AKS-LB add Globex ops@globex.example")
    listed = say(world, DEV, "aks-lb list")
    assert "2 partners of aks-lb" in listed
    assert "*Acme &amp; Co*, told in <#CGENERAL1>" in listed
    assert "tell them at ops@globex.example" in listed
    assert re.search(rf"```Outbound IPs of aks-lb as of [\d-]+ [\d:]+ UTC:\\n{OLD}```", listed)
    with pytest.raises(InvalidInput, match="already has a partner"):
        say(world, OPERATOR, "aks-lb add globex")
    assert "no longer a partner" in say(world, OPERATOR, "aks-lb remove GLOBEX")
    assert "1 partner of aks-lb" in say(world, DEV, "aks-lb")
    acts = [(e.action, e.actor.user, e.cluster, dict(e.detail)["partner"]) for e in events(world, cluster_id("aks-lb"))]
    assert acts == [
        (Action.PARTNER_ADD, "UAPP0001", "aks-lb", "Acme & Co"),
        (Action.PARTNER_ADD, "UOPS0001", "aks-lb", "Globex"),
        (Action.PARTNER_REMOVE, "UOPS0001", "aks-lb", "Globex"),
    ]


@pytest.mark.parametrize("words", ["aks-lb add Acme", "aks-lb remove Acme"])
def test_others_do_not_change_the_list(world: World, words: str) -> None:
    """A developer is told who may."""
    say(world, APPROVER, "aks-lb add Acme")
    with pytest.raises(NotPermitted, match="approvers and operators"):
        say(world, DEV, words)
    assert "1 partner of aks-lb" in say(world, DEV, "aks-lb")


def test_partners_of_a_deleted_cluster(world: World) -> None:
    """They stay on record, because their allowlists still hold its addresses, and can be removed."""
    say(world, APPROVER, "aks-lb add Acme")
    world.arm.delete_resource(cluster_id("aks-lb"))
    listed = say(world, DEV, "aks-lb")
    assert "1 partner of aks-lb" in listed
    assert "no longer exists" in listed
    assert "no longer a partner" in say(world, APPROVER, "aks-lb remove Acme")
    with pytest.raises(UnknownCluster):
        say(world, DEV, "aks-nothing")


@pytest.mark.parametrize("words", ["", "aks-lb ad Acme", "aks-lb remove Nobody"])
def test_what_is_not_clear_is_asked_back(world: World, words: str) -> None:
    """And nothing is recorded."""
    with pytest.raises(InvalidInput):
        say(world, APPROVER, words)
    assert "Nobody is recorded" in say(world, DEV, "aks-lb")


def test_every_view_of_a_plan_names_them(world: World) -> None:
    """The preview, the card and the details, also of somebody who was added after the proposal."""
    say(world, APPROVER, "aks-lb add Acme <#CGENERAL1|general>")
    preview = text_of(commands.scale(world.ctx, typed(DEV, "aks-lb")))
    made = scaling.propose(world.ctx, DEV, Wish("aks-lb", 3, "more"))
    say(world, APPROVER, "aks-lb add Globex ops@globex.example")
    details = str(details_of(world.ctx, made))
    with world.store.read() as tx:
        card = str(scale_card(made, world.ctx.config, world.clock.now(), tx.partners.of([made.cluster_id])))
    assert "*Acme* (told in <#CGENERAL1>)" in preview
    assert all("*Globex* (tell them at ops@globex.example)" in shown for shown in (details, card))
