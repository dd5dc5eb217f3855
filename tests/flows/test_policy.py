"""The approval policy in the product: every rule that asks is asked, and a bundle opens what it contains."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot import allowances, auditing, inventory, scaling
from bot.allowances import Draft
from bot.approvals import Decision
from bot.config import checked_configuration, configuration_from
from bot.domain.allowance import Allowance, Status, digest, status
from bot.domain.audit import AuditFilter
from bot.domain.configuration import Configuration
from bot.domain.fqdn import parse_destinations
from bot.domain.snat import CountGoal
from bot.errors import AlreadyDecided, InvalidInput, NotPermitted, RequestRefused, UserError
from bot.ports import AllowanceFilter, Caller
from bot.scaling import Wish
from handlers.blocks.allowance_card import allowance_card, allowance_news
from handlers.blocks.details import details_view
from handlers.blocks.estimate import Waiting
from handlers.blocks.lists import estimate_lines
from tests.build import APPROVER, APPROVER2, AUDITOR, CONFIG, DEV, OPERATOR, World, make_world

SECURITY = '[groups.security]\nusers = ["UOPS0001"]\nroles = ["approver"]\n'
TWO_RULES = """
[[approval.rules]]
name = "udr-security"
then = "ask"
reason = "Security looks at it."
clusters = ["aks-udr", "aks-lb"]
approvers = ["security"]

[[approval.rules]]
name = "two-of-platform"
then = "ask"
reason = "Two people."
clusters = ["aks-udr", "aks-lb"]
needed = 2
approvers = ["platform"]
"""
IN_ORDER = """
[[approval.rules]]
name = "first-platform"
then = "ask"
reason = "Platform first, then security."
clusters = ["aks-udr"]
stages = [{ approvers = ["platform"] }, { approvers = ["security"] }]
in_order = true
"""
HUB_GRANT = """
[[approval.rules]]
name = "hub"
then = "grant"
reason = "Images are needed everywhere."
bundles = ["docker-hub"]
"""


def book(folder: Path, rules: str) -> Configuration:
    """The shipped configuration with further rules and a group of one person."""
    path = folder / "egress.toml"
    text = CONFIG.read_text().replace("[firewall]\n", f"{rules}\n[firewall]\n", 1)
    path.write_text(text.replace("[groups.platform]", f"{SECURITY}\n[groups.platform]", 1))
    return checked_configuration(configuration_from(path))


@pytest.fixture
def world_of(database_url: str, tmp_path: Path) -> Iterator[Callable[[str], World]]:
    """Makes a world with further rules."""
    made: list[World] = []

    def make(rules: str) -> World:
        made.append(make_world(database_url, book=book(tmp_path, rules)))
        return made[0]

    yield make
    made[0].store.close()


def ask(world: World, hosts: str = "example.com", *, bundle: str | None = None, who: Caller = DEV) -> Allowance:
    """A request."""
    named = parse_destinations(hosts) if hosts else ()
    return allowances.request(world.ctx, who, Draft("aks-udr", named, "why", timedelta(hours=8), bundle=bundle))


def approve(world: World, made: Allowance, who: Caller) -> Status:
    """Click Approve; what it is then."""
    decision = Decision(made.id, is_approved=True, seen=digest(made.scope, made.ask))
    return status(allowances.decide(world.ctx, who, decision), world.clock.now())


@pytest.mark.parametrize("order", [(APPROVER, APPROVER2, OPERATOR), (OPERATOR, APPROVER2, APPROVER)])
def test_security_and_two_of_platform(world_of: Callable[[str], World], order: tuple[Caller, ...]) -> None:
    """Both rules hold; in any order the last missing one makes it approved."""
    world = world_of(TWO_RULES)
    made = ask(world)
    *others, last = order
    assert [approve(world, made, who) for who in others] == [Status.WAITING] * 2
    with pytest.raises(AlreadyDecided, match="You already approved"):
        approve(world, made, others[0])
    assert approve(world, made, last) is Status.APPROVED


def test_one_stage_after_the_other(world_of: Callable[[str], World]) -> None:
    """The second one is refused before its turn, is called when it begins, and nothing waits for it before."""
    world = world_of(IN_ORDER)
    made = ask(world)
    with pytest.raises(NotPermitted, match="first needs 1 from platform; you are asked after that"):
        approve(world, made, OPERATOR)
    assert approve(world, made, APPROVER) is Status.WAITING
    with world.store.read() as tx:
        waiting = tx.allowances.get(made.id)
    said = allowance_news(waiting, {"event": "seconded"}, world.ctx.config).text
    assert "still missing: 1 from security. Next to decide: <@UOPS0001>." in said
    assert approve(world, made, OPERATOR) is Status.APPROVED


def test_whose_groups_have_spoken_is_told_so(world_of: Callable[[str], World]) -> None:
    """Nothing is added, and what is missing is named; saying no is still possible."""
    rules = TWO_RULES.replace("needed = 2", "needed = 1")
    world = world_of(rules)
    made = ask(world)
    approve(world, made, APPROVER)
    with pytest.raises(AlreadyDecided, match=r"Your groups \(platform\) .* still missing: 1 from security"):
        approve(world, made, APPROVER2)
    with pytest.raises(NotPermitted):
        approve(world, made, AUDITOR)
    denied = allowances.decide(world.ctx, APPROVER2, Decision(made.id, is_approved=False, reason="no"))
    assert status(denied, world.clock.now()) is Status.DENIED


def test_what_people_cannot_satisfy_is_not_filed(world_of: Callable[[str], World]) -> None:
    """Security's only member asks: which group lacks whom, and whom to tell."""
    world = world_of(TWO_RULES)
    with pytest.raises(RequestRefused) as refused:
        ask(world, who=OPERATOR)
    told = str(refused.value)
    assert (
        "1 from security must approve this (rule udr-security), but apart from you there is nobody in security" in told
    )
    assert "tell the bot's operator (<@UOPS0001>)" in told
    with pytest.raises(RequestRefused, match=r"2 from platform must approve .* there is 1 in platform"):
        ask(world, who=APPROVER)
    with pytest.raises(RequestRefused, match="1 from security"):
        scaling.propose(world.ctx, OPERATOR, Wish("aks-lb", CountGoal(2)))
    assert allowances.requests(world.ctx, DEV, "pending") == []


def test_a_scale_proposal_needs_all_of_them_too(world_of: Callable[[str], World]) -> None:
    """The same rules, the same counting."""
    world = world_of(TWO_RULES)
    made = scaling.propose(world.ctx, DEV, Wish("aks-lb", CountGoal(2)))
    decision = Decision(made.id, is_approved=True, seen=made.plan.digest)
    for who in (APPROVER, APPROVER2):
        assert scaling.decide(world.ctx, who, decision).approved_at is None
    assert scaling.decide(world.ctx, OPERATOR, decision).approved_at is not None


def test_naming_a_bundle_opens_the_bundle_and_nothing_else(world_of: Callable[[str], World]) -> None:
    """Alone it is granted; a host that rides along is asked for, and named."""
    world = world_of(HUB_GRANT)
    made = ask(world, "exfil.example.net", bundle="docker-hub")
    assert status(made, world.clock.now()) is Status.WAITING
    assert "exfil.example.net" in made.verdict.reason
    assert len(made.destinations) == 7
    (event,) = auditing.search(world.ctx, AUDITOR, AuditFilter(subject=made.id), limit=9).events
    assert ("beyond_bundle", "exfil.example.net") in event.event.detail
    alone = ask(world, "", bundle="docker-hub")
    assert status(alone, world.clock.now()) is Status.APPROVED


def test_a_bundle_does_not_make_many_hosts_few(world_of: Callable[[str], World]) -> None:
    """Twelve hosts are many; naming a bundle beside them changes nothing about that."""
    world = world_of("")
    hosts = " ".join(f"h{n}.example.net" for n in range(12))
    plain, bundled = ask(world, hosts), ask(world, hosts, bundle="npm")
    assert "many_destinations" in {reason.code for reason in plain.risk.reasons}
    assert bundled.risk.score >= plain.risk.score


def test_a_refused_bundle_is_refused_with_more_around_it(world_of: Callable[[str], World]) -> None:
    """A rule that forbids what a bundle contains is not escaped by asking for something else besides."""
    world = world_of(HUB_GRANT.replace('"grant"', '"refuse"'))
    for hosts, bundle in (("example.org", "docker-hub"), ("hub.docker.com example.org", None)):
        with pytest.raises(UserError, match="Images are needed everywhere"):
            ask(world, hosts, bundle=bundle)


TICKETS = """
[[approval.rules]]
name = "with-ticket"
then = "ask"
reason = "Changes need a ticket."
ticket = true

[tickets]
pattern = "[A-Z]+-[0-9]+"
example = "OPS-123"
url = "https://tickets.example/browse/{ticket}"
"""


@pytest.mark.parametrize(
    ("ticket", "sentence"),
    [
        (
            "",
            r"This needs a ticket, such as OPS-123 \(pattern \[A-Z\]\+-\[0-9\]\+\) \(approval policy rule with-ticket",
        ),
        ("ops 7", r"“ops 7” is not a ticket; write one, such as OPS-123"),
        ("OPS-7 and more", r"is not a ticket"),
    ],
)
def test_a_ticket_is_required(world_of: Callable[[str], World], ticket: str, sentence: str) -> None:
    """At its field, and nothing is filed."""
    world = world_of(TICKETS)
    draft = Draft("aks-udr", parse_destinations("example.com"), "why", timedelta(hours=8), ticket=ticket)
    with pytest.raises(InvalidInput, match=sentence) as refused:
        allowances.request(world.ctx, DEV, draft)
    assert refused.value.field == "ticket"
    with world.store.read() as tx:
        assert tx.allowances.find(AllowanceFilter()) == []


def test_a_ticket_is_a_link_on_the_card(world_of: Callable[[str], World]) -> None:
    """Also in the details; before it is filed people read that one is needed."""
    world = world_of(TICKETS)
    draft = Draft("aks-udr", parse_destinations("example.com"), "why", timedelta(hours=8), ticket="OPS-7")
    made = allowances.request(world.ctx, DEV, draft)
    link = "Ticket: <https://tickets.example/browse/OPS-7|OPS-7>"
    assert link in str(allowance_card(made, world.ctx.config, world.clock.now(), Waiting()).blocks)
    assert link in str(details_view(made, world.ctx.config))
    seen = allowances.preview(world.ctx, inventory.person(world.ctx, DEV), replace(draft, ticket=""))
    assert "A ticket is required" in " ".join(estimate_lines(seen, (), world.ctx.config))
