"""What the firewall denied for a cluster: from the pod's request to the words that people read."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot import allowances, denials
from bot.allowances import Draft
from bot.approvals import Decision
from bot.domain.allowance import Allowance
from bot.domain.feature_settings import Logs
from bot.domain.firewall_log import StepKind
from bot.domain.fqdn import parse_destination
from bot.ports import NoLogs
from handlers import actions, commands, denied, home
from handlers.home_search import HomeState
from handlers.replies import Ephemeral, OpenModal
from tests.build import APPROVER, DEV, SUBSCRIPTION, World, config, make_world
from tests.listeners.calling import pressed, text_of, typed

POLICY = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-hub/providers/Microsoft.Network/firewallPolicies"
BOOK = replace(config(), logs=Logs(enabled=True))


@pytest.fixture
def world(sqlite_url: str) -> Any:
    """A world whose firewall logs are read."""
    made = make_world(sqlite_url, book=BOOK)
    yield made
    made.store.close()


def traffic(world: World, host: str, cluster: str = "aks-udr", **flow: Any) -> None:
    """A pod asks once a minute, and the log has it at once."""
    world.arm.add_traffic({"cluster": cluster, "host": host, "log_delay_s": 0, **flow})


def look(world: World, words: str = "aks-udr") -> str:
    """The answer to ``/egress denied``, as one reads it."""
    return text_of(denied.denied(world.ctx, typed(DEV, words, "denied")))


def filed(world: World, host: str) -> Allowance:
    """A request that waits."""
    draft = Draft("aks-udr", (parse_destination(host),), "why", timedelta(hours=8))
    return allowances.request(world.ctx, DEV, draft)


def steps(world: World, cluster: str = "aks-udr") -> dict[str, StepKind]:
    """What to do next, by host."""
    found = denials.denied(world.ctx, DEV, cluster, world.clock.now() - timedelta(hours=2))
    return {one.denied.name: one.step.kind for one in found.items}


def test_denied_is_shown_with_what_it_would_take(world: World) -> None:
    """The newest and most frequent first, folded by host; a deny rule, no name, an address, nothing asked yet."""
    traffic(world, "api.example.com", rate_per_minute=6)
    traffic(world, "api.example.com", port=80)
    traffic(world, "mail.example.com", port=25)
    traffic(world, "203.0.113.9", rate_per_minute=2)
    world.clock.advance(timedelta(minutes=30))
    said = look(world, "aks-udr since:2h")
    assert "aks-udr: 3 destinations denied" in said
    assert "*`api.example.com`* HTTPS 443, HTTP 80: 210 times" in said
    assert said.index("api.example.com") < said.index("25: 30 times")
    assert "No rule allows it. Can be requested." in said
    assert "Rule smtp in rule collection deny-mail, rcg-base, base-policy denies it. No allowance helps as long" in said
    assert "the client must name the host in TLS (SNI)" in said
    assert "lags 3 to 10 minutes" in said
    assert "cannot tell the pods of a node apart" in said


def test_the_request_is_filled_with_all_that_can_be_requested(world: World) -> None:
    """Several at once; what no allowance helps is left out."""
    for host in ("api.example.com", "cdn.example.org"):
        traffic(world, host)
    traffic(world, "mail.example.com", port=25)
    world.clock.advance(timedelta(minutes=5))
    answer = denied.of_cluster(world.ctx, pressed(DEV, cluster="aks-udr"))
    assert isinstance(answer, Ephemeral)
    elements = [one for block in answer.message.blocks for one in block.get("elements", ())]
    (ask_button,) = [one for one in elements if one.get("action_id") == "open_request"]
    form = actions.open_request(world.ctx, pressed(DEV, **json.loads(ask_button["value"])))
    assert isinstance(form, OpenModal)
    assert "api.example.com\\ncdn.example.org" in str(form.view).replace("'", "")
    assert "mail.example.com" not in str(form.view)


def test_what_was_asked_already_is_named(world: World) -> None:
    """Waiting, decided against, live, allowed by somebody else's rule meanwhile."""
    for host in ("waits.example.com", "never.example.com", "api.example.com"):
        traffic(world, host)
    world.clock.advance(timedelta(minutes=5))
    waits, never = (filed(world, host) for host in ("waits.example.com", "never.example.com"))
    allowances.decide(world.ctx, APPROVER, Decision(never.id, False, reason="not this vendor"))
    assert steps(world) == {
        "waits.example.com": StepKind.WAITING,
        "never.example.com": StepKind.DECIDED,
        "api.example.com": StepKind.REQUEST,
    }
    said = look(world)
    assert f"Already waiting as {waits.id}." in said
    assert f"Decided against as {never.id}: not this vendor." in said


def test_unknown_is_never_nothing(world: World) -> None:
    """No firewall on the way, no diagnostic setting, logs that are off: the headline does not say that all is well."""
    assert "no Azure Firewall is on its way out" in look(world, "aks-lb")
    assert "no firewall filters it" in look(world, "aks-lb")
    assert "it has no diagnostic setting" in look(world, "aks-vwan")
    off = replace(world.ctx, logs=NoLogs())
    assert "Firewall logs are off" in text_of(denied.denied(off, typed(DEV, "aks-udr", "denied")))
    traffic(world, "api.github.com")
    world.clock.advance(timedelta(minutes=5))
    assert "The log has no record" not in look(world, "aks-udr since:10m")
    said = look(world)
    assert "nothing denied in the log" in said
    assert "newest record of application rules" not in said
    world.arm.stop_traffic(None)
    world.clock.advance(timedelta(hours=2))
    assert "The newest record of application rules, of anybody, is from" in look(world)
    assert "The log has no record of any network rule" in said


def test_buttons_lead_there(world: World) -> None:
    """On the cluster's report, and on the Home tab for the clusters of one's own requests."""
    filed(world, "api.example.com")
    assert "denied" in str(commands.show(world.ctx, typed(DEV, "aks-udr", "show")))
    home_tab = home.drawn(world.ctx, DEV, HomeState())
    named = [
        block["text"]["text"] for block in home_tab["blocks"] if block.get("accessory", {}).get("action_id") == "denied"
    ]
    assert named[0] == "`aks-udr`"
