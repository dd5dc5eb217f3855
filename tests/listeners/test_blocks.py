"""Whatever the facts are, Slack takes what is drawn from them, and nothing that somebody wrote becomes markup."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.allowances import FoundRequests, Preview, RequestList
from bot.domain.allowance import Allowance, Status, status
from bot.domain.approval import Quorum, Verdict, VerdictKind
from bot.domain.audit import ChainedEvent, FoundEvents
from bot.domain.batch import Batch
from bot.domain.egress import ClusterEgress
from bot.domain.request_search import RequestSearch
from bot.domain.scale_proposal import Scale
from bot.domain.snat import capacity, nearest_first
from bot.errors import EgressError, StoreBusy
from bot.inventory import CapacityOverview, EgressReport, FleetPage, Ownership
from bot.ports import Place, PlacedRow
from bot.scaling import ScalePreview
from handlers.blocks.allowance_card import allowance_card, allowance_news
from handlers.blocks.audit_log import audit_page
from handlers.blocks.batch_card import batch_card, batch_news, batch_parts
from handlers.blocks.block_kit import message, modal, section
from handlers.blocks.clusters import capacity_page, egress_ips, egress_json, egress_report, fleet_list, owners
from handlers.blocks.deciders import decides, missing, needs
from handlers.blocks.estimate import Waiting
from handlers.blocks.home import Desktop, Found, home_view
from handlers.blocks.lists import ROWS, Deciders, decided, estimate_lines, filed, proposed, request_list
from handlers.blocks.news import CHANNEL_NEWS, NEWS, channel_news
from handlers.blocks.scale_card import scale_card, scale_news, scale_preview
from handlers.blocks.states import HEADLINES
from handlers.blocks.words import error_text
from handlers.bulk import BulkForm
from handlers.choices import Choices
from handlers.home_search import SearchForm
from handlers.modals import DenyForm, NarrowForm
from handlers.replies import Message
from handlers.request_form import RequestForm
from tests.blockkit import assert_valid, option_problems
from tests.build import config
from tests.listeners import facts

BOOK = config()
UNFILLED = re.compile(r"\{\w+\}")
thorough = settings(max_examples=8, suppress_health_check=list(HealthCheck))


def mrkdwn_of(drawn: Message) -> list[str]:
    """Every text that Slack would read for markup."""
    found: list[str] = [drawn.text]

    def walk(thing: Any) -> None:
        if isinstance(thing, dict):
            if thing.get("type") == "mrkdwn":
                found.append(thing["text"])
            for each in thing.values():
                walk(each)
        elif isinstance(thing, list):
            for each in thing:
                walk(each)

    walk(list(drawn.blocks))
    return found


@thorough
@given(facts.allowances, facts.aheads)
def test_a_card_is_valid_and_calls_nobody(allowance: Allowance, ahead: Waiting) -> None:
    """Any facts make a card; a mention in a reason or a tag stays text; only what is live is called so."""
    drawn = allowance_card(allowance, BOOK, facts.NOW, ahead)
    assert_valid(drawn, "message")
    assert not [text for text in mrkdwn_of(drawn) if "<!channel>" in text]
    state = status(allowance, facts.NOW)
    assert drawn.text.startswith(HEADLINES[state])
    assert drawn.text.startswith("Live") == (state in (Status.LIVE, Status.EXPIRING))


@thorough
@given(facts.allowances, st.sampled_from([*NEWS, "never-heard-of"]))
def test_news_of_an_allowance_are_valid(allowance: Allowance, event: str) -> None:
    """Every event has its sentence, an unknown one too."""
    drawn = allowance_news(allowance, {"event": event}, BOOK)
    assert_valid(drawn, "message")
    assert not [
        text
        for text in mrkdwn_of(drawn)
        if "<!channel>" in text or UNFILLED.search(text.replace("{date_short_pretty}", "").replace("{time}", ""))
    ]


@thorough
@given(facts.batches, st.sampled_from([*NEWS, "never-heard-of"]))
def test_a_card_for_several_and_its_news_are_valid(batch: Batch, event: str) -> None:
    """However many clusters, and whatever became of each; only what is live everywhere is called so."""
    card = batch_card(batch, BOOK, facts.NOW, {})
    for drawn in (card, batch_news(batch.members, {"event": event}, BOOK)):
        assert_valid(drawn, "message")
        assert not [text for text in mrkdwn_of(drawn) if "<!channel>" in text]
    states = {status(one, facts.NOW) for one in batch.members}
    assert card.text.startswith("Live") == (states in ({Status.LIVE}, {Status.EXPIRING}))
    assert_valid(modal("details", "In full", batch_parts(batch, BOOK)), "modal")


@thorough
@given(facts.scales, st.sampled_from([*NEWS, "never-heard-of"]))
def test_a_scale_card_and_its_news_are_valid(scale: Scale, event: str) -> None:
    """Up to a hundred addresses on both sides."""
    for drawn in (
        scale_card(scale, BOOK, facts.NOW),
        scale_news(scale, {"event": event}, BOOK),
        proposed(scale, Deciders(()), facts.NOW),
    ):
        assert_valid(drawn, "message")
        assert not [text for text in mrkdwn_of(drawn) if "<!channel>" in text]


@thorough
@given(facts.clusters)
def test_what_a_scale_starts_from_is_valid(egress: ClusterEgress) -> None:
    """Whatever the cluster is like."""
    assert_valid(scale_preview(ScalePreview(egress, capacity(egress), (("COUNT", "1 to 16 outbound IPs"),))), "message")


@thorough
@given(facts.reports)
def test_a_report_is_valid(report: EgressReport) -> None:
    """In full, addresses only, and for programs."""
    assert_valid(egress_report(report, BOOK), "message")
    assert_valid(egress_ips(report), "message")
    assert json.loads(egress_json(report))["cluster"]["name"] == report.egress.ref.name
    assert not [text for text in mrkdwn_of(egress_report(report, BOOK)) if "<!channel>" in text]


@thorough
@given(st.lists(facts.clusters, max_size=3), st.integers(0, 40), facts.words(300), st.integers(-3, 99))
def test_a_page_of_the_fleet_is_valid(some: list[ClusterEgress], times: int, words: str, page: int) -> None:
    """Any page number, any search."""
    clusters = tuple(some * times)
    drawn = fleet_list(FleetPage(clusters, len(clusters)), words, page)
    assert_valid(drawn, "message")
    assert_valid(owners(Ownership("20.0.0.1", leaving=clusters, reached=clusters)), "message")
    environments = {one.ref.id: words or "test" for one in clusters}
    overview = CapacityOverview(tuple(nearest_first(clusters)), environments, {}, FleetPage(clusters, len(clusters)))
    assert_valid(capacity_page(overview, words, page), "message")


@thorough
@given(st.lists(facts.allowances, max_size=3), st.lists(facts.scales, max_size=2), st.integers(1, 12), st.data())
def test_lists_and_home_are_valid(some: list[Allowance], scales: list[Scale], times: int, data: st.DataObject) -> None:
    """However much waits."""
    allowances, proposals = tuple(some * times), tuple(scales * times)
    clusters = tuple(data.draw(st.lists(facts.clusters, max_size=2))) * times
    rows: list[Allowance | Scale] = [*allowances, *proposals]
    placed = tuple(PlacedRow(Place(data.draw(st.booleans()), one.id), one) for one in rows[:ROWS])
    page = RequestList(placed, data.draw(st.booleans()))
    assert_valid(request_list(page, which=data.draw(facts.words(200)), now=facts.NOW, config=BOOK), "message")
    assert_valid(home_view(Desktop(allowances, proposals, allowances, clusters, facts.NOW, BOOK)), "home")
    search = RequestSearch(data.draw(facts.words(200)), "UDEV0001", "live")
    onward = data.draw(st.sampled_from([None, Place(True, "a0s560gxpd")]))
    found = Found(search, FoundRequests(tuple(rows[:8]), onward, is_partial=data.draw(st.booleans())))
    drawn = home_view(Desktop((), (), allowances, clusters, facts.NOW, BOOK, page=2, found=found))
    assert_valid(drawn, "home")
    assert_valid(SearchForm.build(search), "modal")
    subjects: list[Allowance | Scale] = [*some, *scales]
    for subject in subjects:
        assert_valid(decided(subject, facts.NOW), "message")
    for one in some:
        assert_valid(filed(one, Deciders((one.requester,) * 30), now=facts.NOW, config=BOOK), "message")


def buttons_in(blocks: Any) -> dict[tuple[str, str], Any]:
    """The buttons of a surface, by what they do and what they carry."""
    rows = [block["elements"] for block in blocks if block["type"] == "actions"]
    return {(one["action_id"], one["value"]): one for row in rows for one in row if one["type"] == "button"}


@thorough
@given(facts.allowances, facts.scales, facts.aheads)
def test_a_button_asks_the_same_question_everywhere(allowance: Allowance, scale: Scale, ahead: Waiting) -> None:
    """On the Home tab as on the card; what ends an allowance or takes addresses away is always confirmed."""
    cards = [*allowance_card(allowance, BOOK, facts.NOW, ahead).blocks, *scale_card(scale, BOOK, facts.NOW).blocks]
    on_cards = buttons_in(cards)
    at_home = buttons_in(home_view(Desktop((allowance,), (scale,), (allowance,), (), facts.NOW, BOOK))["blocks"])
    for name, made in at_home.items():
        assert on_cards.get(name, made) == made
        assert name[0] != "revoke" or "confirm" in made
    approvals = [made for (act, carried), made in on_cards.items() if act == "approve" and scale.id in carried]
    assert all(("confirm" in made) == (scale.plan.change.direction == "down") for made in approvals)


@thorough
@given(st.lists(facts.allowances, max_size=2), st.integers(0, 5), st.lists(facts.words(300), max_size=40))
def test_the_form_for_several_is_valid(some: list[Allowance], times: int, alone: list[str]) -> None:
    """As many as it takes, however long each of them is."""
    routine = [replace(one, id=f"a0s560gx{n:02}") for n, one in enumerate(some * times)]
    assert_valid(BulkForm.build(routine, alone, BOOK), "modal")


@thorough
@given(st.lists(facts.events, max_size=2).map(lambda some: (some * 11)[:11]), facts.words(250))
def test_an_audit_page_is_valid(found: list[ChainedEvent], query: str) -> None:
    """Long reasons, many destinations, any filter."""
    drawn = audit_page(FoundEvents(tuple(found)), query)
    assert_valid(drawn, "message")
    assert not [text for text in mrkdwn_of(drawn) if "<!channel>" in text]


forms = st.builds(
    RequestForm,
    facts.words(300),
    facts.words(3000),
    facts.words(1000),
    st.sampled_from(["", "8h", "7d", "1m"]),
    facts.words(200),
    facts.words(60),
    st.sampled_from(["", "docker-hub", "gone"]),
)


@thorough
@given(forms, st.lists(facts.clusters, min_size=1, max_size=3), st.sampled_from([1, 60]), facts.previews)
def test_the_request_form_is_valid(form: RequestForm, some: list[ClusterEgress], times: int, preview: Preview) -> None:
    """Whatever was typed before, with one cluster or more than a select takes."""
    distinct = {egress.ref.id: egress for egress in some}
    clusters = tuple(distinct.values()) if times == 1 else tuple(spread(next(iter(distinct.values())), times * 2))
    choices = Choices(BOOK, clusters)
    for chosen in (form.cluster, clusters[0].ref.name):
        typed = RequestForm(chosen, form.destinations, form.reason, form.duration, form.ticket, form.pool, form.bundle)
        assert_valid(typed.build(choices, estimate_lines(preview, (), BOOK)), "modal")
    assert not list(option_problems(choices.options()))


def spread(egress: ClusterEgress, count: int) -> list[ClusterEgress]:
    """The same cluster under many names."""
    named = [replace(egress.ref, name=f"aks-{n}", id=f"{egress.ref.id}-{n}") for n in range(count)]
    return [replace(egress, ref=ref) for ref in named]


@thorough
@given(facts.allowances)
def test_the_decision_forms_are_valid(allowance: Allowance) -> None:
    """Filled with what was asked, in full length."""
    assert_valid(NarrowForm.build(allowance, BOOK), "modal")
    assert_valid(DenyForm().build(allowance.id, "0" * 64, "about"), "modal")


@pytest.mark.parametrize("event", [*CHANNEL_NEWS, "never-heard-of"])
def test_channel_news_are_valid(event: str) -> None:
    """Every event of a target, an unknown one too."""
    drawn = channel_news("/subscriptions/0/x/hub-policy", {"event": event, "text": "<!channel> " * 400})
    assert_valid(drawn, "message")
    assert not [text for text in mrkdwn_of(drawn) if "<!channel>" in text]


@given(st.sampled_from(EgressError.__subclasses__()), facts.words(5000))
def test_every_error_is_explained(family: type[EgressError], sentence: str) -> None:
    """Every family makes a message, and calls nobody."""
    drawn = message(error_text(family(sentence), "ref0"))
    assert_valid(drawn, "message")
    assert not [text for text in mrkdwn_of(drawn) if "<!channel>" in text]


def test_an_error_says_what_happens_next() -> None:
    """Nothing recorded; an operator; a developer: each with its own words and reference."""
    assert error_text(StoreBusy("The database is busy; nothing was recorded."), "ref0").endswith(
        "nothing was recorded."
    )
    assert "reference ref0" in error_text(KeyError("secret"), "ref0")
    assert "secret" not in error_text(KeyError("secret"), "ref0")


def test_the_validator_can_fail() -> None:
    """One payload for each kind of mistake that Slack would refuse."""
    wrong = (
        {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}},
        {"type": "section", "text": {"type": "mrkdwn", "text": ""}},
        {"type": "header", "text": {"type": "mrkdwn", "text": "x"}},
        {"type": "table", "rows": []},
        {"type": "section"},
        {"type": "section", "text": {"type": "plain_text", "text": "x"}, "colour": "red"},
        {"type": "actions", "elements": []},
    )
    for block in wrong:
        with pytest.raises(AssertionError):
            assert_valid(Message("text", (block,)), "message")
    with pytest.raises(AssertionError):
        assert_valid({"type": "home", "blocks": [section("x")] * 101}, "home")
    assert_valid(Message("text", (section("x"),)), "message")


def test_who_is_missing_is_called_by_name() -> None:
    """People of a stage are mentions, not markup shown as text; the name of a group stays text."""
    asks = (Quorum(("a<b",)), Quorum((), people=("UOPS0001",), stage=1))
    verdict = Verdict(VerdictKind.ASK, "Two stages.", "staged", asks)
    assert needs(verdict, ()) == "needs 1 from a&lt;b, then <@UOPS0001>"
    assert missing(verdict, ()) == "still missing: 1 from a&lt;b, then <@UOPS0001>"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Quorum((), people=("UOPS0001",)), "*<@UOPS0001> must approve.*"),
        (Quorum((), people=("UDEV0001", "UOPS0001")), "*<@UDEV0001> or <@UOPS0001> must approve.*"),
        (Quorum((), 2, people=("UDEV0001", "UOPS0001")), "*<@UDEV0001> and <@UOPS0001> must approve.*"),
        (Quorum((), 2, people=("UDEV0001",)), "*2 approvers from <@UDEV0001> must approve.*"),
        (Quorum(("a<b",), people=("UOPS0001",)), "*One approver from a&lt;b or <@UOPS0001> must approve.*"),
        (Quorum(()), "*One approver from nobody must approve.*"),
    ],
)
def test_people_who_are_asked_alone_are_only_named(asked: Quorum, said: str) -> None:
    """A person is not an approver out of a group of one; the next stage begins with "then"."""
    later = replace(asked, stage=1)
    first, then = decides(Verdict(VerdictKind.ASK, "Why.", "staged", (asked, later)), config())
    assert first.startswith(said)
    assert then.startswith(f"*Then {said[1:].replace('One', 'one')}")


def test_a_message_may_be_updated_whatever_it_says() -> None:
    """Slack counts the bytes of an updated text, not its characters."""
    for text in ("é" * 4000, "…" * 1334, "a" + "𝄞" * 1000):
        made = message(text)
        assert len(made.text.encode()) <= 4000
        assert made.text.endswith("…")
    assert message("é" * 2000).text == "é" * 2000
