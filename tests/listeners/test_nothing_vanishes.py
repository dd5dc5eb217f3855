"""Whatever the number: what a list does not show is counted in it, and something leads there."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.allowances import FoundRequests, RequestList
from bot.allowances.campaigns import Ownerless
from bot.denials import DeniedItem
from bot.domain.allowance import Allowance
from bot.domain.approval import Ending, Question
from bot.domain.audit import Action, ChainedEvent, Event, FoundEvents
from bot.domain.egress import (
    ClusterEgress,
    EndpointCheck,
    EndpointStatus,
    PathKind,
    RequiredEndpoint,
    RequiredEndpoints,
)
from bot.domain.firewall_log import Denied, LogKind, StepKind
from bot.domain.firewall_log.next_step import REQUEST
from bot.domain.firewall_log.watch import Watch, WatchItem, WatchKind
from bot.domain.partner import Contact, Partner
from bot.domain.people import Person, Unread
from bot.domain.request_search import RequestSearch
from bot.domain.scale_proposal import Scale
from bot.domain.story import Story, StoryStep
from bot.inventory import EgressReport, EndpointReport, Ownership
from bot.partners import PartnerList
from bot.ports import Pause, Place, PlacedRow
from handlers.blocks.allowance_card import allowance_card
from handlers.blocks.audit_log import PAGE, audit_page
from handlers.blocks.block_kit import context, fold, message, section
from handlers.blocks.clusters import egress_report, endpoint_report, owners
from handlers.blocks.delivery import refusal_blocks
from handlers.blocks.denied import host_blocks
from handlers.blocks.estimate import Waiting
from handlers.blocks.home import Desktop, Found, home_view
from handlers.blocks.lists import ROWS, request_list
from handlers.blocks.partners import partner_list
from handlers.blocks.renewals import renewal_offers
from handlers.blocks.review_left import left_view
from handlers.blocks.selects import fitting, multi_select, select, suggested
from handlers.blocks.story import story_message
from handlers.blocks.watch_card import watch_card
from handlers.blocks.words import unread_lines
from handlers.choices import Choices
from handlers.replies import Message
from tests.blockkit import assert_valid, option_problems
from tests.build import config
from tests.domain.test_rule_position import cluster, path
from tests.domain.values import DEV, NOW, an_allowance

BOOK = config()
SIZES = (0, 1, 4, 11, 16, 101)
NAME = "n" * 180
"""As long as names come: what fits in short ones is no proof."""

TOKEN = re.compile(r"row(\d{5})")
REST = re.compile(r"and ([\d,]+) (?:more|earlier)")
WAY = re.compile(r"/egress|python -m bot|\*[A-Z]|review|once these|Page \d|ask for less")
"""What leads to the rest."""


def host(number: int) -> str:
    """A long name that can be told from others."""
    return f"row{number:05}.{'a' * 60}.{'b' * 60}.{'c' * 60}.example.com"


def requests(count: int) -> list[Allowance]:
    """Requests, each for a long name."""
    one, now = an_allowance(), NOW
    for_each = (
        replace(one, ask=replace(one.ask, destinations=an_allowance(host(n)).destinations)) for n in range(count)
    )
    return [replace(each, id=f"a{n:09}", requested_at=now) for n, each in enumerate(for_each)]


def shown(drawn: Any) -> set[int]:
    """The rows that a message, view or text shows."""
    return {int(found) for found in TOKEN.findall(json.dumps(drawn, default=str))}


def denied(number: int) -> WatchItem:
    """A denied host."""
    one = Denied(LogKind.APPLICATION, host(number), "", 443, "https", 1, NOW, NOW, NAME * 4)
    return WatchItem(one, StepKind.REQUEST, NAME * 4)


def item(number: int) -> DeniedItem:
    """The same with what it takes."""
    return DeniedItem(denied(number).denied, REQUEST)


def gone(count: int) -> tuple[tuple[Allowance, str], ...]:
    """Requests of owners who left."""
    return tuple((one, "left") for one in requests(count))


def watch(kind: WatchKind, count: int) -> Message:
    """The card of a watch that found so many."""
    items = tuple(denied(n) for n in range(count))
    made = Watch(
        id="w1",
        version=1,
        kind=kind,
        cluster_id="/aks",
        cluster_name="aks",
        starter=DEV,
        started_at=NOW,
        until=NOW + timedelta(days=1),
        items=items,
    )
    return watch_card(made, BOOK)


def clusters(count: int) -> tuple[ClusterEgress, ...]:
    """Clusters with names that can be told apart."""
    egress = cluster(path(PathKind.FIREWALL))
    refs = (replace(egress.ref, name=f"row{n:05}{'x' * 55}", id=f"/clusters/{n:05}") for n in range(count))
    return tuple(replace(egress, ref=ref) for ref in refs)


def report(count: int) -> Message:
    """A cluster with so many allowances."""
    return egress_report(EgressReport(cluster(path(PathKind.FIREWALL)), "test", (), tuple(requests(count)), NOW), BOOK)


def partners(count: int) -> Message:
    """So many partners of a cluster, with all that may be noted."""
    ref = cluster().ref
    noted = Partner(cluster_id=ref.id, name="", contact=Contact(), note="n" * 300, added_by=DEV, added_at=NOW)
    made = (replace(noted, name=f"row{n:05}{'p' * 50}") for n in range(count))
    return partner_list(PartnerList(ref, tuple(made), ("20.0.0.1",), NOW))


def required(count: int) -> Message:
    """A cluster with so many required endpoints that are missing."""
    checks = (EndpointCheck(RequiredEndpoint("images", host(n), 443, "Https"), MISSING) for n in range(count))
    return endpoint_report(EndpointReport(cluster(), RequiredEndpoints(tuple(checks)), NOW))


MISSING = EndpointStatus.MISSING
READER = Person(DEV, frozenset(), frozenset())

LISTS: Mapping[str, Callable[[int], Any]] = MappingProxyType(
    {
        "text": lambda n: fold([host(at) for at in range(n)], rest="`/egress list`"),
        "text, the first too long": lambda n: fold([host(at) * 9 for at in range(n)], 900, rest="`/egress list`"),
        "denied": lambda n: message("x", host_blocks([item(at) for at in range(n)], (), ())),
        "watch": partial(watch, WatchKind.TEST),
        "learned": partial(watch, WatchKind.LEARN),
        "report": report,
        "endpoints": required,
        "whois": lambda n: owners(Ownership("20.0.0.1", leaving=clusters(n))),
        "reached": lambda n: owners(Ownership("20.0.0.1", gaps=tuple(map(host, range(n))))),
        "groups": lambda n: [unread_lines([Unread(host(at), frozenset(), "No.") for at in range(n)], "`/egress x`")],
        "renewals": lambda n: renewal_offers([f"row{at:05}" for at in range(n)]),
        "refusals": lambda n: refusal_blocks([Pause(host(at), "is_archived", 1, 1) for at in range(n)]),
        "partners": partners,
        "owners who left": lambda n: left_view(Ownerless(gone(n), 0, NOW, READER), BOOK, "x"),
    }
)
"""Lists that say how much they leave out."""


@pytest.mark.parametrize("name", LISTS)
def test_what_is_left_out_is_counted_and_leads_on(name: str) -> None:
    """Shown and left out are all; none is shown where there is none."""
    for count in SIZES:
        drawn = LISTS[name](count)
        if isinstance(drawn, Message):
            assert_valid(drawn, "message")
        text = json.dumps(drawn.blocks if isinstance(drawn, Message) else drawn, ensure_ascii=False)
        rest = [int(found.replace(",", "")) for found in REST.findall(text)]
        assert len(shown(text)) + sum(rest) == count, (name, count)
        assert not rest or WAY.search(text[text.index("and ", text.rindex("row")) :]), (name, text[-300:])


class Pages:
    """Follows the button that turns a list to its end."""

    def __init__(self, draw: Callable[[Mapping[str, str]], Message], action: str) -> None:
        self._draw = draw
        self._action = action

    def rows(self) -> list[int]:
        """Every row that a page shows, page after page."""
        found, pressed = list[int](), dict[str, str]()
        while True:
            drawn = self._draw(pressed)
            assert_valid(drawn, "message")
            assert "not fit here" not in str(drawn.blocks)
            found += sorted(shown(drawn.blocks))
            buttons = (one for block in drawn.blocks if block["type"] == "actions" for one in block["elements"])
            turn = next((one for one in buttons if one["action_id"] == self._action), None)
            if turn is None:
                return found
            pressed = json.loads(turn["value"])


def test_pages_of_requests_show_each_once() -> None:
    """However few fit one message."""
    every: list[Allowance | Scale] = [*requests(50)]
    rows = [PlacedRow(Place(is_open=True, id=one.id), one) for one in every]

    def page(pressed: Mapping[str, str]) -> Message:
        first = next((at + 1 for at, one in enumerate(rows) if f"1{one.place.id}" == pressed.get("after")), 0)
        some = tuple(rows[first : first + ROWS])
        return request_list(RequestList(some, len(rows) > first + ROWS), which="pending", now=NOW, config=BOOK)

    assert Pages(page, "requests_older").rows() == list(range(50))


def events(count: int) -> list[ChainedEvent]:
    """Events with as much in them as there may be."""
    about = Event(NOW, Action.ALLOWANCE_REQUEST, DEV, "slack:button", "a0s560gxpd", "aks-udr", (NAME,) * 9)
    made = (replace(about, reason=f"row{n:05} {'why ' * 400}") for n in range(count))
    return [ChainedEvent(count - n, one, "0" * 64, "f" * 64) for n, one in enumerate(made)]


def test_pages_of_the_audit_log_show_each_once() -> None:
    """The number after which the next page begins is that of the last event that is shown."""
    made = events(25)

    def page(pressed: Mapping[str, str]) -> Message:
        before = int(pressed.get("before", 999))
        return audit_page(FoundEvents(tuple(one for one in made if one.seq < before)[: PAGE + 1]), "")

    assert Pages(page, "audit_older").rows() == list(range(25))


def test_pages_of_a_story_show_each_once() -> None:
    """The same, and a press of Earlier leads back to the first."""
    story = Story("a0s560gxpd", tuple(StoryStep(one, timedelta()) for one in events(40)))

    def page(pressed: Mapping[str, str]) -> Message:
        return story_message(story, int(pressed.get("first", 0)))

    assert Pages(page, "story_later").rows() == list(range(40))


def test_home_says_how_much_there_is_and_shows_each_once() -> None:
    """Thousands waiting, a hundred of one's own, everything else at its most: nothing is cut off at a view's end."""
    made, live = requests(2000), tuple(replace(one, id=f"a1{n:08}") for n, one in enumerate(requests(100)))
    desktop = Desktop(tuple(made), (), live, clusters(100), NOW, BOOK, unreviewed=live)
    pauses = (Pause("C1", "is_archived", 1, 1),) * 9
    desktop = replace(desktop, unread=(Unread("x", frozenset(), "No."),), refusals=pauses)
    assert desktop.pages == 250
    found = set[str]()
    for number in (1, 2, 3, desktop.pages):
        view = home_view(replace(desktop, page=number))
        assert_valid(view, "home")
        text = str(view["blocks"])
        assert "not fit here" not in text
        assert f"Page {number:,} of 250: 2,100 waiting for you, 100 of your own." in text
        assert ("home_older" in text) == (number < 250)
        found |= {one.id for one in made if one.id in text}
    assert found == {one.id for one in (*made[:24], *made[-8:])}


def test_a_search_that_stopped_is_not_taken_for_the_end() -> None:
    """It says so, and goes on from there."""
    for some in ((), tuple(requests(2))):
        page = FoundRequests(some, Place(is_open=False, id="a0s560gxpd"), is_partial=True)
        text = str(home_view(Desktop((), (), (), (), NOW, BOOK, found=Found(RequestSearch("x"), page)))["blocks"])
        assert "there may be older requests" in text
        assert tuple(found in text and found for found in ("Go on", "0a0s560gxpd")) == ("Go on", "0a0s560gxpd")


@pytest.mark.parametrize("count", [0, 1, 100, 101, 2000])
def test_a_select_leaves_nothing_out(count: int) -> None:
    """More than a list takes is searched for while one types; the answer says of how many it is the first."""
    choices = Choices(BOOK, clusters(count))
    for offered in (choices.options(), choices.places()):
        assert len(offered) == count
        assert not list(option_problems(offered))
        for made in (select(offered), multi_select(offered, (), most=9, placeholder="x")):
            assert ("options" in made, "external_select" in made["type"]) == (count <= 100, count > 100)
        given_ = suggested(offered)
        said = given_.get("option_groups") or [{"label": {"text": ""}, **given_}]
        assert len(said[0]["options"]) == min(count, 100)
        assert said[0]["label"]["text"].startswith(f"100 of {count:,}: type more" if count > 100 else "")
        assert len(fitting(offered, f"ROW{count - 1:05}")) == min(count, 1)


@given(st.lists(st.integers(1, 400), max_size=60), st.integers(60, 3000), st.sampled_from(["", "`/egress list`"]))
def test_a_fold_loses_nothing(lengths: list[int], limit: int, rest: str) -> None:
    """Lines of any length in any room."""
    lines = [f"row{at:05}{'x' * length}" for at, length in enumerate(lengths)]
    text = fold(lines, limit, rest=rest)
    left = sum(int(found.replace(",", "")) for found in REST.findall(text))
    assert len(text) <= limit
    assert len(shown(text)) + left == len(lines)
    assert not left or text.endswith(f"more{f': {rest}' if rest else ''}")


def test_small_print_takes_any_number_of_texts() -> None:
    """Slack takes ten."""
    block = context(*(f"row{at:05}" for at in range(14)))
    assert (len(block["elements"]), shown(block)) == (10, set(range(14)))
    drawn = message("x", [section(f"row{at:05}") for at in range(70)], rest="See `/egress list`.")
    assert "21 more parts do not fit here. See `/egress list`." in str(drawn.blocks)
    assert len(shown(drawn.blocks)) == 49


def test_a_card_that_does_not_fit_leads_to_all_of_it() -> None:
    """Long questions and answers: what is left out is in the commands that are named."""
    one, asked = requests(1)[0], Question(DEV, NOW, "q" * 2500, Ending(DEV, NOW, "a" * 2500))
    card = allowance_card(replace(one, questions=(asked,) * 3), BOOK, NOW, Waiting())
    assert_valid(card, "message")
    assert f"not fit here. `/egress requests {one.id}` shows it in full" in str(card.blocks)
