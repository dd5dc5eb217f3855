"""Partners: who depends on a cluster's outbound IPs is recorded, named in plans, and told of changes."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot import inventory, scaling
from bot.approvals import Decision
from bot.domain.audit import Action
from bot.domain.dry_run import DryRun
from bot.domain.scale_proposal import scale_key
from bot.domain.snat import CountGoal
from bot.errors import InvalidInput, NotPermitted, UnknownCluster
from bot.ports import Caller
from bot.reconciler import Reconciler
from bot.sandbox.slack.installation import BOT_USER_ID
from bot.scaling import Wish
from handlers import commands, partners
from handlers.blocks.scale_card import scale_card
from handlers.subjects import details_of
from tests.azure.stage import cluster_id
from tests.build import APPROVER, DEV, OPERATOR, World, make_world
from tests.flows.notice_stage import opened_office
from tests.flows.test_inventory_history import move
from tests.flows.writer_stage import events
from tests.listeners.calling import text_of, typed

OLD = "20.126.14.246"
"""The outbound IP of aks-lb."""


@pytest.fixture
def world(sqlite_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(sqlite_url)
    yield made
    made.store.close()


def say(world: World, who: Caller, words: str) -> str:
    """What ``/egress partners`` answers."""
    return text_of(partners.partners(world.ctx, typed(who, words)))


def test_added_listed_and_removed(database_url: str) -> None:
    """Approvers and operators keep the list; everybody who sees the cluster reads it, with the addresses to copy."""
    world = make_world(database_url)
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
    world.store.close()


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
    made = scaling.propose(world.ctx, DEV, Wish("aks-lb", CountGoal(3), "more"))
    say(world, APPROVER, "aks-lb add Globex ops@globex.example")
    details = str(details_of(world.ctx, made))
    with world.store.read() as tx:
        card = str(scale_card(made, world.ctx.config, world.clock.now(), tx.partners.of([made.cluster_id])))
    assert "*Acme* (told in <#CGENERAL1>)" in preview
    assert all("*Globex* (tell them at ops@globex.example)" in shown for shown in (details, card))


def scaled(world: World, count: int) -> str:
    """A proposal to scale aks-lb, approved and carried out; its id."""
    made = scaling.propose(world.ctx, DEV, Wish("aks-lb", CountGoal(count), "more"))
    scaling.decide(world.ctx, APPROVER, Decision(made.id, True))
    world.settle()
    return made.id


def told(world: World, recipient: str) -> list[tuple[str, str]]:
    """The event and the text of everything about addresses that somebody was told."""
    found = [n for n in world.said.notices if n.recipient == recipient and n.kind == "channel"]
    return [(n.body["event"], n.body.get("copy", "")) for n in found]


def in_thread(world: World, scale_id: str) -> list[dict[str, str]]:
    """What stands under the card about partners."""
    return [dict(n.body) for n in world.said.notices if n.subject == scale_id and n.body.get("event") == "partners"]


def partners_there(world: World) -> None:
    """One that the bot tells, one that a person has to tell."""
    say(world, APPROVER, "aks-lb add Acme <#CGENERAL1|general>")
    say(world, APPROVER, "aks-lb add Globex ops@globex.example")


def test_told_before_and_after(world: World) -> None:
    """At the approval what will come, and once it is read back what is there; in the channel nothing a second time."""
    partners_there(world)
    made = scaled(world, 3)
    (planned, before), (changed, after) = told(world, "CGENERAL1")
    assert (planned, changed) == ("ips-planned", "egress-change")
    assert "2 new outbound IP addresses will be added" in before
    assert f"These stay:\n{OLD}" in before
    ips = [ip.address for ip in inventory.show(world.ctx, DEV, "aks-lb").egress.ips]
    assert after.endswith("\n".join(["All that are in use now:", *ips]))
    assert told(world, "CEGRESS01") == []
    first, second = in_thread(world, made)
    assert (
        first["what"]
        == "The bot tells these partners: Acme. Tell these partners yourself: Globex (ops@globex.example)."
    )
    assert (first["copy"], second["copy"]) == (before, after)
    assert [dict(e.detail)["about"] for e in events(world, cluster_id("aks-lb"), Action.PARTNER_TELL)] == [
        "ips-planned",
        "egress-change",
    ]


def test_told_that_nothing_came_of_it(world: World) -> None:
    """Azure refuses the change: whoever was told of it is told what is there."""
    partners_there(world)
    fault = {"method": "PUT", "path": "managedClusters/aks-lb", "times": 3, "status": 400, "code": "QuotaExceeded"}
    world.arm.add_fault(fault)
    made = scaled(world, 3)
    (_, _), (kept, text) = told(world, "CGENERAL1")
    assert kept == "ips-kept"
    assert "was not completed" in text
    assert text.endswith(OLD)
    assert "was not completed" in in_thread(world, made)[-1]["copy"]


def test_a_proposal_that_is_denied_tells_no_partner(world: World) -> None:
    """Nobody outside hears of what was never going to happen."""
    partners_there(world)
    made = scaling.propose(world.ctx, DEV, Wish("aks-lb", CountGoal(3), "more"))
    scaling.decide(world.ctx, APPROVER, Decision(made.id, False, reason="no"))
    world.settle()
    assert (told(world, "CGENERAL1"), in_thread(world, made.id)) == ([], [])


def test_a_dry_run_tells_partners_when_it_ends(world: World) -> None:
    """As long as nothing is changed, nothing will come; then the approval is carried out, and they are told first."""
    partners_there(world)
    dry = with_dry_run(world)
    made = scaling.propose(dry.ctx, DEV, Wish("aks-lb", CountGoal(3), "more"))
    scaling.decide(dry.ctx, APPROVER, Decision(made.id, True))
    dry.work(timedelta(minutes=1))
    assert told(world, "CGENERAL1") == []
    with world.store.write() as tx:
        tx.work.schedule(scale_key(made.cluster_id), within=timedelta())
    world.settle()
    assert [event for event, _ in told(world, "CGENERAL1")] == ["ips-planned", "egress-change"]


def with_dry_run(world: World) -> World:
    """The same world, in which the bot writes nothing."""
    ctx = replace(world.ctx, config=replace(world.ctx.config, writer=DryRun(dry_run=True)))
    return replace(world, ctx=ctx, reconciler=Reconciler(ctx, world.said, workers=0))


def test_told_of_what_others_did(world: World) -> None:
    """A partner reads of their own clusters alone, once; the channel reads who was told, and the text to copy."""
    say(world, APPROVER, "aks-udr add Acme <#CGENERAL1|general>")
    say(world, APPROVER, "aks-udr-agic add Globex <@UDEV0002>")
    say(world, APPROVER, "aks-udr-agic add Initech")
    move(world, "13.95.91.166", "13.95.91.200")
    inventory.refresh(world.ctx)
    world.settle()
    ((_, acme),), ((_, globex),) = told(world, "CGENERAL1"), told(world, "UDEV0002")
    assert acme.startswith("The outbound IPs of aks-udr changed between")
    assert globex.startswith("The outbound IPs of aks-udr-agic changed between")
    (notice,) = [n for n in world.said.notices if n.recipient == "CEGRESS01" and n.kind == "channel"]
    said = notice.body["text"]
    assert said.endswith(
        "The bot tells these partners: Acme, Globex. Tell these partners yourself: Initech (no contact)."
    )
    assert "aks-udr and aks-udr-agic changed" in notice.body["copy"]


def test_told_that_a_cluster_is_gone(world: World) -> None:
    """Its addresses may be somebody else's tomorrow."""
    partners_there(world)
    world.arm.delete_resource(cluster_id("aks-lb"))
    world.tick(timedelta(minutes=5))
    inventory.refresh(world.ctx)
    world.settle()
    ((_, text),) = told(world, "CGENERAL1")
    assert text.startswith("aks-lb was deleted between")
    assert text.endswith(f"because Azure may give them to others:\n{OLD}")
    assert [event for event, _ in told(world, "CEGRESS01")] == ["egress-change"]


def test_a_partner_whom_slack_does_not_let_the_bot_tell(sqlite_url: str) -> None:
    """The channel hears it once, with the text to copy; when the bot is invited, they are told everything in order."""
    with opened_office(sqlite_url) as office:
        world = office.world
        say(world, APPROVER, "aks-lb add Acme <#CGENERAL1|general>")
        move(world, OLD, "20.99.1.1")
        inventory.refresh(world.ctx)
        world.settle()
        move(world, "20.99.1.1", "20.99.1.2")
        inventory.refresh(world.ctx)
        world.settle()
        shown = [m["text"] for m in office.stage.state["messages"] if m["channel"] == "CEGRESS01"]
        (warning,) = [text for text in shown if "could not be told" in text]
        assert "Acme: The bot is not in the channel. Invite it. The bot goes on trying" in warning
        assert not [m for m in office.stage.state["messages"] if m["channel"] == "CGENERAL1"]
        channels = office.stage.workspace.directory.channels
        members = channels["CGENERAL1"].members
        channels["CGENERAL1"] = replace(channels["CGENERAL1"], members=(*members, BOT_USER_ID))
        world.work(timedelta(hours=1))
        blocks = [str(m["blocks"]) for m in office.stage.state["messages"] if m["channel"] == "CGENERAL1"]
        assert ["20.99.1.2" in text for text in blocks] == [False, True]
