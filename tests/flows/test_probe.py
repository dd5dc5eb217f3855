"""A probe from inside a cluster: asked for, run once, compared, told; whatever Azure and the cluster answer."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest

from bot import probing
from bot.domain.audit import Action
from bot.domain.fqdn import parse_destination, parse_destinations
from bot.domain.probe import Probe, ProbeSettings, Reach
from bot.errors import AlreadyRequested, InvalidInput, NotPermitted, UnknownCluster
from bot.ports import Caller, NoticeKind
from bot.probing import ProbeWish
from bot.reconciler import Reconciler
from handlers.blocks.probe import probe_result
from tests.blockkit import assert_valid
from tests.build import APPROVER, APPROVER2, AUDITOR, DEV, OPERATOR, World, caller, make_world
from tests.flows.writer_stage import ask, by_hand, events, resource, stored, told_text
from tests.listeners.calling import all_text

ECHO = "https://echo.example/ip"
ALLOWED_ECHO = "https://mcr.microsoft.com/ip"
STEP = timedelta(seconds=15)
POST = {"method": "POST", "path": "runCommand"}


def switched(world: World, **settings: Any) -> World:
    """The same world with other settings of probes."""
    book = replace(world.ctx.config, probe=ProbeSettings(enabled=True, **settings))
    ctx = replace(world.ctx, config=book)
    return replace(world, ctx=ctx, reconciler=type(world.reconciler)(ctx, world.said, workers=0))


@pytest.fixture
def world(sqlite_url: str) -> Iterator[World]:
    """A world in which probes are switched on."""
    made = make_world(sqlite_url)
    yield switched(made)
    made.store.close()


def run(world: World, hosts: str = "example.com", *, cluster: str = "aks-udr", who: Caller = APPROVER) -> Probe:
    """Ask for one and wait for its end."""
    asked = probing.ask(world.ctx, who, ProbeWish(cluster, parse_destinations(hosts) if hosts else ()))
    world.settle(step=STEP)
    return read(world, asked)


def read(world: World, probe: Probe) -> Probe:
    """As it is stored now."""
    with world.store.read() as tx:
        return tx.probes.get(probe.id)


def reaches(probe: Probe) -> list[Reach]:
    """How each attempt ended."""
    assert probe.report is not None, probe.failure
    return [one.reach for one in probe.report.attempts]


def commands(world: World) -> list[dict[str, Any]]:
    """The commands that were sent."""
    return [one for one in world.arm.state()["requests"] if one["path"].lower().endswith("/runcommand")]


def text(probe: Probe) -> str:
    """What whoever asked reads."""
    assert_valid(probe_result(probe), "message")
    return all_text(probe_result(probe))


def test_a_denied_host_is_denied_inside_as_well(world: World) -> None:
    """What was seen is compared with the check, told to whoever asked, and recorded; nobody else hears of it."""
    ended = run(world, "example.com http:example.com")
    assert reaches(ended) == [Reach.CUT, Reach.DENIED]
    assert set(ended.agreements) == {"agrees"}
    assert [(n.kind, n.recipient) for n in world.said.notices] == [(NoticeKind.DIRECT, "UAPP0001")]
    assert "as expected" in text(ended)
    found = events(world, ended.id)
    assert [(e.action, e.actor.user, e.cluster) for e in found] == [
        (Action.PROBE_ASK, "UAPP0001", "aks-udr"),
        (Action.PROBE_RESULT, "bot", "aks-udr"),
    ]
    assert dict(found[1].detail)["attempts"] == "example.com cut, http:example.com denied"


@pytest.mark.parametrize(
    ("cluster", "reach"),
    [("aks-lb", Reach.REACHED), ("aks-natgateway", Reach.REACHED), ("aks-block", Reach.SILENT)],
)
def test_the_world_sees_a_known_address(world: World, cluster: str, reach: Reach) -> None:
    """Of a load balancer, a NAT gateway; with nothing that filters, everything is expected to be reached."""
    ended = run(switched(world, echo=ECHO), cluster=cluster)
    assert reaches(ended) == [reach]
    assert not ended.disagrees
    assert ("one of the cluster's known outbound IPs" in text(ended)) == (reach is Reach.REACHED)


def test_behind_a_firewall_the_echo_service_must_be_allowed(world: World) -> None:
    """Until it is, the address is not known; then it is the firewall's."""
    assert "echo.example did not answer. The firewall must allow it." in text(run(switched(world, echo=ECHO), ""))
    ended = run(switched(world, echo=ALLOWED_ECHO), "")
    assert (ended.of_address, ended.destinations) == ("agrees", ())


def test_a_difference_is_said_loudly(world: World) -> None:
    """To whoever asked, in the channel, and as an event: a host that gets through although the rules deny it."""
    world.arm.put_inside({"cluster": "aks-udr", "reaches": ["leak.example.com"], "address": "9.9.9.9"})
    ended = run(world, "leak.example.com")
    assert ended.disagrees
    assert "not what the bot expects" in text(ended)
    said = told_text(world, "probe-disagrees")
    assert said.startswith("leak.example.com: connected, TLS verified")
    assert "The bot's own check says it is blocked: “Denied" in said
    assert [e.action for e in events(world, ended.id)][-1] is Action.PROBE_DISAGREE


def test_a_difference_that_may_be_the_change_of_a_moment_is_not(world: World) -> None:
    """While the firewall is being updated, its rules say what will be, not what is."""
    world.arm.put_inside({"cluster": "aks-udr", "reaches": ["leak.example.com"]})
    by_hand(world, "/firewallpolicies/hub-policy", provisioningState="Updating")
    ended = run(world, "leak.example.com")
    assert (ended.is_shaken, ended.disagrees) == (True, False)
    assert "changed while the probe ran" in text(ended)


def test_after_live_it_is_said_what_was_reached(world: World) -> None:
    """Read back becomes reached, on the card and to the requester; what is missing is said as well.

    One after the other in each cluster. Where the bot has no right, that is recorded, and nobody's news.
    """
    on = switched(world, after_live=True)
    on.arm.put_inside({"cluster": "aks-udr", "misses": ["down.example.com"]})
    on.arm.add_fault({**POST, "path": "agic/runCommand", "status": 403, "code": "AuthorizationFailed", "message": "no"})
    fine, down, untried = ask(on), ask(on, "down.example.com"), ask(on, cluster="aks-udr-agic")
    on.settle(step=STEP)
    assert [(one.probed.is_reached if one.probed else None) for one in (stored(on, fine), stored(on, down))] == [
        True,
        False,
    ]
    assert on.said.events(fine.id)[-2:] == ["live", "reached"]
    assert on.said.events(down.id)[-2:] == ["live", "unreached"]
    assert {n.recipient for n in on.said.notices if n.body.get("event") == "reached"} == {"CEGRESS01", "UDEV0001"}
    assert (stored(on, untried).probed, on.said.events(untried.id)[-1]) == (None, "live")
    reasons = [e.reason for e in events(on) if e.action is Action.PROBE_RESULT and e.cluster == "aks-udr-agic"]
    assert "AuthorizationFailed" in "".join(reasons)
    starts = [one["at"] for one in commands(on) if "aks-udr/" in one["path"]]
    assert len(set(starts)) == len(starts) == 2
    assert [e.action for e in events(on, down.id)][-3:] == [
        Action.PROBE_ASK,
        Action.PROBE_RESULT,
        Action.PROBE_DISAGREE,
    ]
    assert [n for n in on.said.notices if n.kind is NoticeKind.CHANNEL] == []


PERF = (
    "Failed to run command due to cluster perf issue, container command-0 in aks-command namespace did not start "
    "within 30s on your cluster, retry may helps."
)
FAILS = [
    ({"status": 403, "code": "AuthorizationFailed", "message": "no"}, "role deploy/roles/prober.json"),
    (
        {"fail_operation": True, "code": "KubernetesPerformanceError", "message": PERF},
        "No untainted Linux node",
    ),
    (
        {"fail_operation": True, "code": "KubernetesOperationError", "message": "admission webhook"},
        "exempt the namespace",
    ),
    ({"status": 404, "code": "ResourceNotFound", "message": "gone"}, "does not exist in Azure"),
]


@pytest.mark.parametrize(("fault", "said"), FAILS)
def test_what_does_not_run_says_why(world: World, fault: dict[str, Any], said: str) -> None:
    """In Azure's own words, once, without an alarm in the channel; and the next may run."""
    world.arm.add_fault(POST | fault)
    ended = run(world)
    assert said in ended.failure
    assert f"no result. {ended.failure}" in text(ended).replace("&amp;", "&")
    assert [n.kind for n in world.said.notices] == [NoticeKind.DIRECT]
    assert reaches(run(world)) == [Reach.CUT]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"apiServerAccessProfile": {"disableRunCommand": True}}, "run command is switched off there"),
        ({"powerState": {"code": "Stopped"}}, "aks-lb is stopped"),
        ({"agentPoolProfiles": [{"name": "win", "osType": "Windows", "count": 3}]}, "has no Linux node"),
    ],
)
def test_a_cluster_that_takes_no_commands_is_asked_nothing(world: World, changes: dict[str, Any], said: str) -> None:
    """Known from the cluster itself, before anything is sent."""
    by_hand(world, "/managedclusters/aks-lb", **changes)
    assert said in run(world, cluster="aks-lb").failure
    assert commands(world) == []


def test_a_private_cluster_with_entra_takes_the_bots_token(world: World) -> None:
    """The simulated AKS refuses a command without one."""
    by_hand(
        world,
        "/managedclusters/aks-lb",
        aadProfile={"managed": True},
        apiServerAccessProfile={"enablePrivateCluster": True},
    )
    assert reaches(run(world, cluster="aks-lb")) == [Reach.REACHED]


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        ({"chatter_kb": 600}, "The output was cut"),
        ({"curl": False}, "a TCP connection was made, but nothing in the pod could try the rest. This neither"),
        ({"curl": False, "bash": False}, "not tested: the pod had no tool for it"),
        ({"proxy": True}, "uses the cluster's HTTP proxy"),
        ({"seconds": 90}, "Azure had no result after 60 seconds"),
    ],
)
def test_odd_clusters_are_said_as_they_are(world: World, inside: dict[str, Any], said: str) -> None:
    """Output that is cut, an image without tools, a proxy, a pod that is slow."""
    world.arm.put_inside({"cluster": "aks-lb", **inside})
    ended = run(world, cluster="aks-lb")
    assert said in text(ended)
    assert not ended.disagrees


def test_one_at_a_time(world: World) -> None:
    """A second one of the same cluster is refused; other clusters do not wait."""
    asked = probing.ask(world.ctx, APPROVER, ProbeWish("aks-udr", parse_destinations("example.com")))
    with pytest.raises(AlreadyRequested, match="<@UAPP0001> probes aks-udr right now"):
        probing.ask(world.ctx, APPROVER2, ProbeWish("aks-udr", parse_destinations("example.org")))
    other = probing.ask(world.ctx, APPROVER2, ProbeWish("aks-lb", parse_destinations("example.org")))
    world.settle(step=STEP)
    assert reaches(read(world, asked)) + reaches(read(world, other)) == [Reach.CUT, Reach.REACHED]


@pytest.mark.parametrize("is_sent", [True, False])
def test_a_process_that_dies_loses_no_answer(world: World, *, is_sent: bool) -> None:
    """Killed after the command was accepted, the next process fetches the result; before, it is sent once more."""
    asked = probing.ask(world.ctx, APPROVER, ProbeWish("aks-udr", parse_destinations("example.com")))
    world.work(timedelta(seconds=1))
    begun = read(world, asked)
    assert begun.result_url
    if not is_sent:
        with world.store.write() as tx:
            tx.probes.save(replace(begun, result_url=""))
    world.settle(step=STEP)
    assert reaches(read(world, asked)) == [Reach.CUT]
    assert len(commands(world)) == (1 if is_sent else 2)


def test_azure_that_is_busy_is_asked_again(world: World) -> None:
    """Throttled, then not there for a moment: the answer comes all the same, and is told once."""
    world.arm.add_fault({**POST, "status": 429, "code": "TooManyRequests", "retry_after_s": 20})
    world.arm.add_fault({"method": "GET", "path": "commandResults", "status": 503, "times": 6})
    assert reaches(run(world)) == [Reach.CUT]
    assert len(commands(world)) == 2
    assert len(world.said.notices) == 1


REFUSED = [
    (ProbeWish("aks-udr", parse_destinations("*.example.com")), "cannot be tried from inside: give an exact name"),
    (ProbeWish("aks-udr", parse_destinations("udp:ntp.example.com:123")), "cannot be tried"),
    (ProbeWish("aks-udr"), "Give a host"),
    (ProbeWish("aks-udr", parse_destinations(" ".join(f"h{n}.example.com" for n in range(11)))), "at most 10 hosts"),
]


@pytest.mark.parametrize(("wish", "said"), REFUSED)
def test_what_cannot_be_tried_is_refused(world: World, wish: ProbeWish, said: str) -> None:
    """With what would be right."""
    with pytest.raises(InvalidInput, match=said):
        probing.ask(world.ctx, APPROVER, wish)


def test_who_may(world: World) -> None:
    """Approvers by default; the configured groups and nobody else where there are any; nobody while it is off."""
    wish = ProbeWish("aks-udr", (parse_destination("example.com"),))
    for who in (DEV, AUDITOR, OPERATOR):
        with pytest.raises(NotPermitted, match="Only platform can run a probe inside a cluster"):
            probing.ask(world.ctx, who, wish)
    named = switched(world, groups=("operators",))
    for who in (DEV, APPROVER, AUDITOR, caller("")):
        with pytest.raises(NotPermitted):
            probing.ask(named.ctx, who, wish)
    assert probing.ask(named.ctx, OPERATOR, wish).asked_by == OPERATOR.identity
    off = replace(named.ctx, config=replace(named.ctx.config, probe=ProbeSettings()))
    with pytest.raises(InvalidInput, match="Probes are switched off here"):
        probing.ask(off, OPERATOR, wish)
    with pytest.raises(UnknownCluster):
        probing.ask(world.ctx, APPROVER, replace(wish, cluster="nothing"))
    assert resource(world, "/managedclusters/aks-udr")


def test_two_replicas_run_it_once(database_url: str) -> None:
    """Of two who ask in the same moment one is refused; of two processes that find it due one sends the command."""
    made = make_world(database_url)
    world, together = switched(made), Barrier(2)
    wish = ProbeWish("aks-udr", (parse_destination("example.com"),))

    def asked(who: Caller) -> Probe | None:
        together.wait(10)
        with suppress(AlreadyRequested):
            return probing.ask(world.ctx, who, wish)
        return None

    replicas = [type(world.reconciler)(world.ctx, world.said, workers=0) for _ in range(2)]

    def work(reconciler: Reconciler) -> None:
        together.wait(10)
        while reconciler.run_one():
            pass

    with ThreadPoolExecutor(2) as pool:
        probes = [one for one in pool.map(asked, (APPROVER, APPROVER2)) if one]
        world.tick(timedelta(seconds=5))
        list(pool.map(work, replicas))
    world.settle(step=STEP)
    assert [reaches(read(world, one)) for one in probes] == [[Reach.CUT]]
    assert len(commands(world)) == 1
    made.store.close()
