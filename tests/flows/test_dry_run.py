"""In a dry run people ask and decide, and the bot writes nothing: cards say so, and nothing is lost when it ends."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot import allowances
from bot.config import checked_configuration, configuration_from
from bot.domain.allowance import Status
from bot.domain.dry_run import NO_DRY_RUN, DryRun
from bot.domain.scale_proposal import ScaleStatus
from bot.errors import BadConfiguration
from bot.metrics import Facts, scrape
from bot.reconciler import Reconciler
from bot.wiring.dryrun import require_known
from bot.wiring.product import schedule_waiting
from handlers.app import SlackSettings, notifier
from handlers.blocks.lists import decided
from handlers.home import drawn
from handlers.home_search import HomeState
from tests.build import CONFIG, DEV, World, make_world
from tests.flows.notice_stage import CHANNEL, Office, opened_office
from tests.flows.test_writer_scale import count_of, propose
from tests.flows.test_writer_scale import stored as stored_scale
from tests.flows.writer_stage import (
    ask,
    by_hand,
    events,
    opened,
    resource,
    state_of,
    stored,
    until_writing,
    writes,
)
from tests.sandbox.slack_stage import APP_TOKEN, BOT_TOKEN, SECRET

DRY = DryRun(dry_run=True)
HUB = DryRun(dry_run_targets=("hub-policy",))
SAID = "Dry run: approved; the bot does not write to this firewall. `python -m bot plan` shows what it would change."
RESYNC = timedelta(minutes=13)
BEGUN = {"firewall:begin", "firewall:accept", "scale:begin", "scale:accept", "firewall:fail"}


@pytest.fixture
def office(sqlite_url: str) -> Iterator[Office]:
    """An office at rest, that writes."""
    with opened_office(sqlite_url) as made:
        yield made


def restarted(office: Office, dry_run: DryRun) -> Office:
    """The process ends, and another one begins with this setting."""
    book = replace(office.ctx.config, writer=dry_run)
    settings = SlackSettings(BOT_TOKEN, SECRET, APP_TOKEN, f"{office.stage.url}/api/", timedelta(seconds=30))
    slack = notifier(settings, office.world.store, book)
    ctx = replace(office.ctx, config=book)
    world = replace(office.world, ctx=ctx, reconciler=Reconciler(ctx, slack, workers=0))
    schedule_waiting(world.store, world.clock, resync=RESYNC)
    return Office(office.stage, world, slack)


def pass_time(world: World, times: int = 3) -> None:
    """Let everything be looked at more than once."""
    for _ in range(times):
        world.settle()
        world.tick(RESYNC)
    world.settle()


def card(office: Office, subject: str) -> str:
    """The text of the one card of a subject."""
    (found,) = office.cards(subject)
    return str(found)


def channel_says(office: Office) -> str:
    """Everything in the channel except cards."""
    shown = [m for m in office.stage.state["messages"] if m["channel"] == CHANNEL]
    return str([m["text"] for m in shown if "header" not in str(m["blocks"][:1])])


def begun(world: World) -> set[str]:
    """The audit events of writes."""
    return {str(event.action) for event in events(world)} & BEGUN


def test_what_is_approved_waits_and_says_so(office: Office) -> None:
    """Nothing is sent, recorded as begun or called live; when it ends, everything is written as usual."""
    office = restarted(office, DRY)
    asked = ask(office.world)
    pass_time(office.world)
    assert (writes(office.world), begun(office.world)) == ([], set())
    assert state_of(office.world, asked) is Status.APPROVED
    assert SAID in card(office, asked.id)
    (told,) = office.direct("UDEV0001")
    assert "Dry run: the bot does not write to this firewall." in told
    shown = f"{told} {channel_says(office)} {card(office, asked.id)}".replace("once live", "")
    assert "live" not in shown.lower()
    office = restarted(office, NO_DRY_RUN)
    office.world.settle()
    assert state_of(office.world, asked) is Status.LIVE
    assert "Dry run" not in card(office, asked.id)
    assert "Live" in card(office, asked.id)
    assert opened(office.world) == {f"{asked.id}-https-443": ["example.com"]}


def test_one_firewall_alone(office: Office) -> None:
    """The others are written, and clusters are scaled."""
    office = restarted(office, HUB)
    held, free, scale = ask(office.world), ask(office.world, cluster="aks-udr-classic"), propose(office.world)
    pass_time(office.world)
    assert state_of(office.world, held) is Status.APPROVED
    assert state_of(office.world, free) is Status.LIVE
    assert stored_scale(office.world, scale)[0] is ScaleStatus.DONE
    assert SAID in card(office, held.id)
    assert "Dry run" not in card(office, free.id)


def test_scales_wait(office: Office) -> None:
    """The card says so; afterwards it is applied at once."""
    office = restarted(office, DRY)
    scale = propose(office.world)
    pass_time(office.world)
    assert (stored_scale(office.world, scale)[0], count_of(office.world)) == (ScaleStatus.APPROVED, 1)
    assert (writes(office.world), begun(office.world)) == ([], set())
    assert "Dry run: approved; the bot does not change this cluster." in card(office, scale.id)
    assert all("Dry run" in text for text in office.direct("UDEV0001"))
    office = restarted(office, NO_DRY_RUN)
    office.world.settle()
    assert (stored_scale(office.world, scale)[0], count_of(office.world)) == (ScaleStatus.DONE, 2)
    assert "Dry run" not in card(office, scale.id)


def test_cards_follow_the_setting(office: Office) -> None:
    """Those of what waits, when a dry run begins and when it ends, even where the firewall cannot be written."""
    fault = {"method": "PUT", "path": "rcg-aks-egress", "times": 999, "status": 403, "code": "AuthorizationFailed"}
    office.world.arm.add_fault(fault)
    asked = ask(office.world)
    for _ in range(5):
        office.world.work(timedelta(seconds=10))
    assert "cannot bring its rules" in channel_says(office)
    office = restarted(office, DRY)
    office.world.settle()
    assert SAID in card(office, asked.id)
    assert "Held up" not in card(office, asked.id)
    office = restarted(office, NO_DRY_RUN)
    office.world.work(timedelta(seconds=1))
    office.world.work(timedelta(seconds=1))
    assert "Dry run" not in card(office, asked.id)


@pytest.mark.parametrize("status", [403, 404, 500])
def test_no_alarm(office: Office, status: int) -> None:
    """A target that cannot be read or written holds up nobody who waits for the end of a dry run."""
    office = restarted(office, DRY)
    fault = {"method": "GET", "path": "firewallPolicies/hub-policy", "times": 999, "status": status, "code": "X"}
    asked = ask(office.world)
    office.world.arm.add_fault(fault)
    for _ in range(10):
        office.world.work(timedelta(minutes=5))
    assert "cannot bring its rules" not in channel_says(office)
    assert SAID in card(office, asked.id)
    assert begun(office.world) == set()


def test_what_is_open_stays_open(office: Office) -> None:
    """A revoked allowance keeps its rule, which its card says; it goes when the bot writes again."""
    asked, kept = ask(office.world), ask(office.world, "two.example.com")
    office.world.settle()
    before = len(writes(office.world))
    office = restarted(office, DRY)
    ended = allowances.end(office.ctx, DEV, asked.id)
    said = decided(ended, office.world.clock.now(), office.ctx.config.dry_run)
    assert "Dry run" in said.text
    pass_time(office.world)
    assert len(writes(office.world)) == before
    assert (state_of(office.world, asked), stored(office.world, asked).gone_at) == (Status.REVOKED, None)
    assert "Dry run: the bot does not write to this firewall, so its rule stays there for now." in card(
        office, asked.id
    )
    assert state_of(office.world, kept) is Status.LIVE
    office = restarted(office, NO_DRY_RUN)
    office.world.settle()
    assert stored(office.world, asked).gone_at is not None
    assert "The rule is gone from the firewall." in card(office, asked.id)


def test_an_expired_allowance_keeps_its_rule(office: Office) -> None:
    """Its time is over, and the card does not say that the rule goes."""
    asked = ask(office.world)
    office.world.settle()
    office = restarted(office, DRY)
    office.world.tick(timedelta(hours=9))
    pass_time(office.world)
    assert (state_of(office.world, asked), len(opened(office.world))) == (Status.EXPIRED, 1)
    assert "being taken out" not in f"{card(office, asked.id)} {office.direct('UDEV0001')}"


def test_an_update_from_before_is_seen_to_its_end(office: Office) -> None:
    """It was sent already: what it opened is live, because it was read back."""
    first = ask(office.world)
    until_writing(office.world)
    office = restarted(office, DRY)
    second = ask(office.world, "two.example.com")
    pass_time(office.world)
    assert (state_of(office.world, first), state_of(office.world, second)) == (Status.LIVE, Status.APPROVED)
    assert len(writes(office.world)) == 1
    assert "Live" in card(office, first.id)


def test_drift_is_left_alone_and_healed_afterwards(office: Office) -> None:
    """A rule that somebody removed is not called live, and not put back before the end."""
    asked = ask(office.world)
    office.world.settle()
    office = restarted(office, DRY)
    by_hand(office.world, "/rulecollectiongroups/rcg-aks-egress", ruleCollections=[])
    pass_time(office.world)
    assert opened(office.world) == {}
    assert "Live" not in card(office, asked.id)
    assert "Dry run: the bot does not correct it." in str(office.direct("UDEV0001"))
    assert "puts them right" not in channel_says(office)
    office = restarted(office, NO_DRY_RUN)
    office.world.settle()
    assert len(opened(office.world)) == 1
    assert "Live" in card(office, asked.id)


def test_home_and_metrics_say_it(office: Office) -> None:
    """For everybody, and for Prometheus."""
    line = "Dry run: the bot writes nothing to Azure."
    assert line not in str(drawn(office.ctx, DEV, HomeState()))
    office = restarted(office, DRY)
    assert line in str(drawn(office.ctx, DEV, HomeState()))
    world = office.world
    for dry_run, figure in ((DRY, "1.0"), (HUB, "1.0"), (NO_DRY_RUN, "0.0")):
        assert f"egress_dry_run {figure}" in scrape(Facts(world.store, world.clock, dry_run))[2]


def book_of(tmp_path: Path, section: str) -> DryRun:
    """The dry run that a configuration with this section means."""
    path = tmp_path / "egress.toml"
    path.write_text(f"{CONFIG.read_text(encoding='utf-8')}\n{section}\n", encoding="utf-8")
    return checked_configuration(configuration_from(path)).dry_run


def test_the_configuration(tmp_path: Path) -> None:
    """Everywhere, or by name or id, whatever the case."""
    assert book_of(tmp_path, "") == NO_DRY_RUN
    assert book_of(tmp_path, "[writer]\ndry_run = true") == DRY
    assert book_of(tmp_path, '[writer]\ndry_run_targets = ["Hub-Policy"]').names == HUB.names
    with pytest.raises(BadConfiguration, match=r"writer\.dry_run_targets"):
        book_of(tmp_path, '[writer]\ndry_run_targets = ["hub policy"]')


def test_names_of_firewalls(sqlite_url: str) -> None:
    """One that is misspelt would be written to: it is refused, also where Azure cannot be asked."""
    world = make_world(sqlite_url)
    policy = resource(world, "/firewallpolicies/hub-policy")["id"].lower()
    for names in ({"hub-policy"}, {policy}, {"legacy-firewall", "hub-policy"}):
        require_known(DryRun(dry_run_targets=tuple(names)), world.store, world.ctx.clusters)
    with pytest.raises(BadConfiguration, match=r"names hub-polcy, and no cluster .* Known are: .*hub-policy"):
        require_known(DryRun(dry_run_targets=("hub-polcy",)), world.store, world.ctx.clusters)
    world.arm.add_fault({"method": "GET", "path": "subscriptions", "times": 99, "status": 403, "code": "X"})
    require_known(HUB, world.store, world.ctx.clusters)
    with world.store.write() as tx:
        tx._connection.exec_driver_sql("DELETE FROM cluster")
    with pytest.raises(BadConfiguration, match="hub-policy"):
        require_known(HUB, world.store, world.ctx.clusters)
    world.store.close()


def test_whoever_approves_reads_it(office: Office) -> None:
    """The answer to a click and the answer to a request that is granted at once say that it is not written."""
    office = restarted(office, DRY)
    now, dry_run = office.world.clock.now(), office.ctx.config.dry_run
    assert SAID in decided(ask(office.world), now, dry_run).text
    assert "does not change this cluster" in decided(propose(office.world), now, dry_run).text
