"""Everything that is decided can be read before: on the card, on Home, in lists, and where an id is typed."""

from collections.abc import Iterator
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from bot import allowances
from bot.allowances import RequestList
from bot.domain.allowance import Allowance, Status, digest, status
from bot.domain.approval import Approval, Ending
from bot.domain.bundles import Bundle
from bot.domain.configuration import Configuration
from bot.domain.fqdn import Destination, parse_destination
from bot.domain.people import Identity
from bot.domain.risk import Level, Reason, Risk
from bot.domain.scale_proposal import Scale
from bot.errors import NotPermitted, StaleView
from bot.ports import Place, PlacedRow
from handlers import actions, commands, home, views
from handlers.blocks.allowance_card import allowance_card, allowance_news
from handlers.blocks.details import approval_view, details_view
from handlers.blocks.estimate import Waiting
from handlers.blocks.lists import decided, request_list
from handlers.blocks.naming import names_of
from handlers.modals import NarrowForm
from handlers.replies import OpenModal, PublishHome
from tests.blockkit import assert_valid
from tests.build import APPROVER, DEV, DEV2, World, config, make_world
from tests.domain.values import NOW, an_allowance, asked
from tests.listeners import facts
from tests.listeners.calling import FORM, all_text, pressed, submitted, text_of, typed
from tests.listeners.calling import asked as file_one

BOOK = config()
HUB = BOOK.bundles["docker-hub"].destinations
EXFIL = parse_destination("exfil.example.net")
NOTHING = Waiting(None, None)


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(database_url)
    yield made
    made.store.close()


def long_names(count: int) -> tuple[Destination, ...]:
    """Names of 253 characters, the most there are (RFC 1035 2.3.4)."""
    rest = ".".join(["a" * 61] * 3)
    named = (f"n{number:03}{'b' * 50}.{rest}.de" for number in range(count))
    return tuple(sorted(parse_destination(name) for name in named))


def of_bundle(*more: Destination, bundle: str = "docker-hub") -> Allowance:
    """A request that names a bundle, with its names and others."""
    made = an_allowance()
    return replace(made, ask=replace(made.ask, destinations=tuple(sorted((*HUB, *more))), bundle=bundle))


def with_bundle(*destinations: Destination) -> Configuration:
    """The configuration after the bundle was changed."""
    changed = Bundle("docker-hub", "Docker Hub", destinations)
    return replace(BOOK, bundles=MappingProxyType({**BOOK.bundles, "docker-hub": changed}))


def test_what_rides_along_with_a_bundle_is_named_everywhere() -> None:
    """Title, card, list, Home's line, thread and direct message: the one host that matters."""
    one = of_bundle(EXFIL)
    card = allowance_card(one, BOOK, NOW, NOTHING)
    assert "exfil.example.net" in card.blocks[2]["text"]["text"], "the first thing below the state"
    marked = "`docker-hub` (6 of its names) and `exfil.example.net`"
    assert marked in card.text
    assert "*Destinations that are not in the bundle* `docker-hub`\n`exfil.example.net`" in str(
        [block["text"]["text"] for block in card.blocks if block["type"] == "section" and "text" in block]
    ).replace("\\n", "\n")
    assert marked in all_text(
        request_list(RequestList((PlacedRow(Place(True, one.id), one),)), which="pending", now=NOW, config=BOOK)
    )
    assert marked in all_text(allowance_news(one, {"event": "approved"}, BOOK))
    assert marked in str(NarrowForm.build(one, BOOK))


BUNDLES = [
    (HUB, "docker-hub (6 names)"),
    (HUB[:4], "docker-hub (6 of its names), "),
    ((*HUB, EXFIL), "docker-hub (6 of its 7 names)"),
    ((EXFIL,), "auth.docker.io, "),
]


@pytest.mark.parametrize(("now", "shown"), BUNDLES)
def test_a_bundle_that_changed_is_shown_as_what_it_is(now: tuple[Destination, ...], shown: str) -> None:
    """Hosts that left the bundle are listed by themselves; a bundle that is gone is not named."""
    book = with_bundle(*now)
    expected = shown.replace("6 of its names", f"{len(now)} of its names") if len(now) < 6 else shown
    assert names_of(of_bundle(), book).replace("`", "").startswith(expected)
    for one in set(HUB) - set(now):
        assert f"`{one}`" in names_of(of_bundle(), book)
    gone = replace(BOOK, bundles=MappingProxyType({}))
    assert "docker-hub" not in names_of(of_bundle(), gone)
    assert "no longer configured" in all_text(allowance_card(of_bundle(), gone, NOW, NOTHING))


def test_a_card_is_short_where_a_phone_cuts_it() -> None:
    """State and cluster in the first line, then the hosts, as long as they are; no fields, nothing twice."""
    names = [str(name) for name in long_names(2)]
    waiting = an_allowance(*names)
    card = allowance_card(waiting, BOOK, NOW, NOTHING)
    title, _, hosts, *rest = card.blocks
    assert title["text"]["text"] == f"Waiting for a decision: {waiting.scope.cluster_name}"
    assert [name in hosts["text"]["text"] for name in names] == [True, True]
    assert not [block for block in card.blocks if "fields" in block]
    assert waiting.scope.cluster_name not in str(rest)
    denied = replace(waiting, denied=Ending(APPROVER.identity, NOW, "No."))
    settled = allowance_card(denied, BOOK, NOW, NOTHING)
    assert "must approve" not in str(settled.blocks)
    full = str(details_view(denied, BOOK))
    for fact in (*names, "must approve", *waiting.scope.sources, waiting.scope.target.name, waiting.ask.reason):
        assert fact in full


def texts(view: dict[str, Any]) -> str:
    """The texts of a modal."""
    return "\n".join(str(block.get("text", {}).get("text", "")) for block in view["blocks"])


def test_a_hundred_names_of_full_length_can_be_read_whole() -> None:
    """Each is in the modal; the card, Home and the list lead there."""
    names = long_names(100)
    one = replace(an_allowance(), ask=replace(an_allowance().ask, destinations=names))
    view = details_view(one, BOOK)
    assert_valid(view, "modal")
    assert [str(name) for name in names if f"`{name}`" not in texts(view)] == []
    card = allowance_card(one, BOOK, NOW, NOTHING)
    assert_valid(card, "message")
    (button,) = [block["accessory"] for block in card.blocks if "accessory" in block]
    assert (button["text"]["text"], button["action_id"]) == ("All 100 destinations", "details")
    assert digest(one.scope, one.ask) in button["value"]


def test_what_fits_the_card_has_no_further_button() -> None:
    """Everything is there already."""
    card = allowance_card(of_bundle(EXFIL), BOOK, NOW, NOTHING)
    assert not [block for block in card.blocks if "accessory" in block]


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(facts.allowances)
def test_the_details_hold_every_fact(allowance: Allowance) -> None:
    """Whatever the facts, every destination, every reason of the risk and every range is in the modal."""
    for view in (details_view(allowance, BOOK), approval_view(allowance, BOOK)):
        assert_valid(view, "modal")
    said = texts(details_view(allowance, BOOK))
    assert [one for one in allowance.destinations if f"`{one}`" not in said] == []
    assert [one for one in allowance.scope.sources if f"`{one}`" not in said] == []
    whole = said.replace("\n", "")
    for reason in allowance.risk.reasons:
        escaped = reason.sentence.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\n", "")
        assert escaped in whole


@settings(max_examples=12, suppress_health_check=list(HealthCheck))
@given(facts.scales)
def test_the_details_of_a_scale_are_valid(scale: Scale) -> None:
    """The plan, the reason and who decides."""
    assert_valid(details_view(scale, BOOK), "modal")


def test_a_confirmation_is_never_cut() -> None:
    """Reasons that do not fit are counted, and lead to where they stand."""
    reasons = tuple(Reason(f"c{number}", 10, f"Reason {number} {'x' * 90}.") for number in range(6))
    one = replace(an_allowance(), risk=Risk(60, Level.HIGH, reasons))
    (row,) = [block for block in allowance_card(one, BOOK, NOW, NOTHING).blocks if block["type"] == "actions"]
    text = row["elements"][0]["confirm"]["text"]["text"]
    assert "…" not in text
    assert "6 reasons" in text


def test_the_button_shows_what_it_approves(world: World) -> None:
    """The list of that very digest; a card that is out of date says so."""
    subject, seen = file_one(world)
    opened = actions.details(world.ctx, pressed(DEV2, id=subject, digest=seen))
    assert isinstance(opened, OpenModal)
    assert "`api.example.com`" in texts(opened.view)
    with pytest.raises(StaleView, match="Check the new card"):
        actions.details(world.ctx, pressed(DEV2, id=subject, digest="0" * 16))
    listed = commands.requests(world.ctx, typed(APPROVER, subject))
    assert isinstance(listed, OpenModal)
    assert listed.view["blocks"] == opened.view["blocks"]
    assert "Nothing here" not in text_of(commands.requests(world.ctx, typed(APPROVER, "aks-udr")))


def test_home_leads_to_all_of_it_before_it_is_approved(world: World) -> None:
    """Beside Approve; what the approver has decided already does not wait for them."""
    form = FORM | {"destinations": " ".join(f"h{number}.example.net" for number in range(30))}
    views.request(world.ctx, submitted(DEV, form))
    drawn = home.opened(world.ctx, pressed(APPROVER))
    assert isinstance(drawn, PublishHome)
    (row,) = [block for block in drawn.view["blocks"] if "approve" in str(block)]
    first, approve, *_ = row["elements"]
    assert first["text"]["text"] == "All 30 destinations"
    assert first["value"] == approve["value"]


def test_an_id_that_is_typed_shows_what_does_not_fit_a_card_first(world: World) -> None:
    """The modal's own button approves exactly that; a short request is approved immediately."""
    form = FORM | {"destinations": " ".join(map(str, long_names(11)))}
    views.request(world.ctx, submitted(DEV, form))
    (made, *_) = allowances.requests(world.ctx, DEV, "mine")
    opened = commands.approve(world.ctx, typed(APPROVER, f"{made.id} looks right"))
    assert isinstance(opened, OpenModal)
    assert opened.view["callback_id"] == "approve"
    assert [str(name) for name in made.destinations if str(name) not in texts(opened.view)] == []
    assert status(allowances.get(world.ctx, DEV, made.id), world.clock.now()) is Status.WAITING
    seen = digest(made.scope, made.ask)
    assert seen in opened.view["private_metadata"]
    with pytest.raises(NotPermitted):
        views.approve(world.ctx, submitted(DEV, {}, id=made.id, digest=seen))
    with pytest.raises(StaleView):
        views.approve(world.ctx, submitted(APPROVER, {}, id=made.id, digest="0" * 16))
    assert opened.view["blocks"][-1]["element"]["initial_value"] == "looks right"
    views.approve(world.ctx, submitted(APPROVER, {"reason": "looks right"}, id=made.id, digest=seen))
    assert [one.reason for one in allowances.get(world.ctx, DEV, made.id).approvals] == ["looks right"]


def test_who_is_still_missing_is_said_everywhere() -> None:
    """Card, list, thread and answer: by group, not as a number."""
    verdict = asked((("platform",), 2), (("security",), 1))
    security = Approval(Identity("T1", "UOPS0001"), NOW, groups=("security",))
    one = replace(an_allowance(), verdict=verdict, approvals=(security,))
    fresh = replace(one, approvals=())
    needed = "eeds 2 from platform and 1 from security"
    missing = "still missing: 2 from platform"
    assert f"N{needed}." in all_text(allowance_card(fresh, BOOK, NOW, NOTHING))
    assert f"N{needed}; {missing}." in all_text(allowance_card(one, BOOK, NOW, NOTHING))
    assert f"n{needed}; {missing}" in all_text(
        request_list(RequestList((PlacedRow(Place(True, one.id), one),)), which="pending", now=NOW, config=BOOK)
    )
    assert f"approved; {missing}." in all_text(allowance_news(one, {"event": "seconded"}, BOOK))
    assert f"You approved; {missing}." in all_text(decided(one, NOW))
    assert "<@UOPS0001> for security" in all_text(allowance_card(one, BOOK, NOW, NOTHING))
