"""``/egress audit``: a page, older ones, a file, the proof; filters as people type them."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations

import pytest
from sqlalchemy import event

from bot import allowances, auditing, scaling
from bot.approvals import Decision
from bot.domain.audit import AuditFilter, FoundEvents
from bot.domain.snat import CountGoal
from bot.errors import InvalidInput, NotPermitted, StaleView
from bot.ports import Caller
from bot.scaling import Wish
from handlers import audit, views
from handlers.blocks.audit_log import audit_page
from handlers.calls import Call, Values
from handlers.queries import AuditQuery
from handlers.replies import Files, OpenModal, UpdateModal
from tests.blockkit import assert_valid
from tests.build import APPROVER, AUDITOR, DEV, DEV2, OPERATOR, World, make_world
from tests.listeners.calling import FORM, all_text, asked, pressed, submitted, text_of, typed

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(database_url)
    yield made
    made.store.close()


def test_auditors_get_pages_files_and_the_proof(world: World) -> None:
    """A page, older ones, a file, the proof; nobody else gets a file."""
    for number in range(12):
        views.request(world.ctx, submitted(DEV, FORM | {"destinations": f"host{number}.example.com"}))
    with pytest.raises(NotPermitted):
        audit.audit(world.ctx, typed(DEV, "csv"))
    page = text_of(audit.audit(world.ctx, typed(AUDITOR, "action:allowance actor:<@UDEV0001|dana>")))
    assert "audit_older" in page
    assert "host11.example.com" in page
    assert "host0.example.com" not in page
    older = text_of(audit.older(world.ctx, pressed(AUDITOR, query="action:allowance", before="3")))
    assert "host0.example.com" in older
    exported = audit.audit(world.ctx, typed(AUDITOR, "host:host3 csv"))
    assert isinstance(exported, tuple)
    assert isinstance(exported[0], Files)
    [events, manifest] = exported[0].make()
    assert events.content.count("host3.example.com") == 2
    assert '"destination": "host3"' in manifest.content
    assert "intact" in text_of(audit.audit(world.ctx, typed(AUDITOR, "verify")))


@pytest.mark.parametrize("words", ["nonsense", "user:dana", "since:yestrday", "action:fly", "before:x", "risk:hi gh"])
def test_wrong_filters_are_named(world: World, words: str) -> None:
    """The word that is not understood is in the sentence."""
    with pytest.raises(InvalidInput, match=words.split(maxsplit=1)[0].partition(":")[2] or words):
        audit.audit(world.ctx, typed(AUDITOR, words))


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("acter:<@UDEV0001>", "actor:<@UDEV0001>"),
        ("clustr:aks-udr", "cluster:aks-udr"),
        ("action:allowance:aprove", "allowance:approve"),
        ("outcome:refuse", "refused"),
        ("risk:hihg", "high"),
        ("cluster:", "cluster:aks-prod"),
        ("verfy", "verify"),
        ("a1b2c3d4e5 since:7d", "id:a1b2c3d4e5"),
    ],
)
def test_the_nearest_filter_is_offered(words: str, hint: str) -> None:
    """What may have been meant, ready to type."""
    with pytest.raises(InvalidInput, match=hint):
        AuditQuery.parse(words, NOW, "UTC")


def test_filters_come_in_any_order() -> None:
    """The same question in every order, with any quotation marks and in any case."""
    words = [
        "actor:<@UDEV0001|dana>",
        "Cluster:AKS-UDR",
        "risk:High",
        "since:7d",
        "text:“two words”",
        "outcome:refused",
    ]
    asked = {AuditQuery.parse(" ".join(order), NOW, "UTC") for order in permutations(words)}
    (query,) = asked
    assert (query.filter.actor, query.filter.cluster, query.filter.text) == ("UDEV0001", "aks-udr", "two words")
    assert (query.filter.risk, query.filter.outcome) == ("high", "refused")


@pytest.mark.parametrize(
    ("words", "count"),
    [
        ("risk:{level} action:allowance:request", 1),
        ("risk:critical", 0),
        ("text:BILLING cluster:aks-udr", 2),
        ('text:"nobody wrote this"', 0),
        ("text:100%", 0),
        ("outcome:refused actor:UDEV0002", 1),
        ("outcome:denied", 1),
    ],
)
def test_each_filter_selects(world: World, words: str, count: int) -> None:
    """On both databases."""
    first, _ = asked(world)
    views.request(world.ctx, submitted(DEV, FORM | {"destinations": "other.example.com"}))
    auditing.refuse(world.ctx, DEV2, "approve", NotPermitted("No."), auditing.Attempt(first))
    allowances.decide(world.ctx, APPROVER, Decision(first, is_approved=False, reason="no"))
    level = allowances.get(world.ctx, DEV, first).risk.level
    wanted = AuditQuery.parse(words.format(level=level), NOW, "UTC").filter
    assert len(auditing.search(world.ctx, AUDITOR, replace(wanted, before=100)).events) == count


def test_everybody_reads_their_own_and_the_reading_is_on_record(world: World) -> None:
    """Their acts and what became of their requests; the whole log is for auditors, approvers and operators."""
    first, _ = asked(world)
    views.request(world.ctx, submitted(DEV2, FORM | {"destinations": "other.example.com"}))
    allowances.decide(world.ctx, APPROVER, Decision(first, is_approved=False, reason="not now"))
    page = text_of(audit.audit(world.ctx, typed(DEV)))
    assert "allowance:deny" in page
    assert "UDEV0002" not in page
    assert "You see your own" in page
    (read,) = auditing.search(world.ctx, AUDITOR, AuditFilter(actor="UDEV0001", action="audit:read")).events
    assert dict(read.event.detail) == {"own": "TSANDBOX1/UDEV0001"}
    for reader in (APPROVER, AUDITOR, OPERATOR):
        whole = text_of(audit.audit(world.ctx, typed(reader)))
        assert "UDEV0002" in whole
        assert "You see your own" not in whole


def test_proposals_are_their_proposers_own(world: World) -> None:
    """What others did to them, too."""
    made = scaling.propose(world.ctx, DEV, Wish("aks-lb", CountGoal(2), "more ports"))
    scaling.decide(world.ctx, APPROVER, Decision(made.id, is_approved=False, reason="no"))
    assert "scale:deny" in text_of(audit.audit(world.ctx, typed(DEV, "outcome:denied")))
    assert "scale:deny" not in text_of(audit.audit(world.ctx, typed(DEV2, "outcome:denied")))


def test_the_story_of_a_request_is_one_click_away(world: World) -> None:
    """From its card, from its events, and by its id; nobody else's business."""
    first, _ = asked(world)
    typed_story = text_of(audit.audit(world.ctx, typed(DEV, first.upper())))
    assert "*Requested* by <@UDEV0001>" in typed_story
    assert "Policy: ask" in typed_story
    assert "billing" in typed_story
    opened = audit.story(world.ctx, pressed(APPROVER, id=first))
    assert isinstance(opened, OpenModal)
    assert_valid(opened.view, "modal")
    assert "story" in text_of(audit.audit(world.ctx, typed(AUDITOR, f"id:{first}")))
    with pytest.raises(NotPermitted):
        audit.story(world.ctx, pressed(DEV2, id=first))


def test_a_clusters_log_is_one_click_from_its_report(world: World) -> None:
    """The same page as with its filter."""
    asked(world)
    page = text_of(audit.of_cluster(world.ctx, pressed(AUDITOR, cluster="aks-udr")))
    assert "allowance:request" in page
    assert "No matching events" in text_of(audit.of_cluster(world.ctx, pressed(AUDITOR, cluster="aks-lb")))


def test_a_long_story_has_pages(world: World) -> None:
    """In the message that was typed for, and in the modal over a card."""
    first, _ = asked(world)
    for number in range(20):
        auditing.refuse(world.ctx, DEV2, "approve", NotPermitted(f"No {number}."), auditing.Attempt(first))
    page = text_of(audit.audit(world.ctx, typed(AUDITOR, first)))
    assert ("story_later" in page, "story_earlier" in page, "No 19." in page) == (True, False, False)
    later = audit.turn_story(world.ctx, pressed(AUDITOR, id=first, first="15"))
    assert ("story_later" in text_of(later), "story_earlier" in text_of(later)) == (False, True)
    with pytest.raises(StaleView):  # of a message that counted pages
        audit.turn_story(world.ctx, Call(AUDITOR, value=Values(id=first, page="2")))
    in_modal = audit.turn_story(world.ctx, pressed(Caller(AUDITOR.identity, "slack:modal"), id=first, first="15"))
    assert isinstance(in_modal, UpdateModal)
    assert "No 19." in str(in_modal.view)


def test_a_page_is_not_searched_while_others_wait_to_write(sqlite_url: str) -> None:
    """A long search would hold SQLite's only write lock; only the record of the reading needs it."""
    world = make_world(sqlite_url)
    said: list[str] = []
    event.listen(world.store._engine, "before_cursor_execute", lambda _c, _k, statement, *_rest: said.append(statement))
    audit.audit(world.ctx, typed(AUDITOR, "action:allowance"))
    begun = said.index("BEGIN IMMEDIATE")
    assert [number for number, one in enumerate(said) if "ORDER BY" in one and number > begun] == []
    world.store.close()


def test_a_search_that_read_enough_is_not_taken_for_the_end() -> None:
    """It says how far it got, and goes on from there; a full page has older ones as ever."""
    said = audit_page(FoundEvents((), 4097), "text:x")
    assert_valid(said, "message")
    assert "Searched back to event 4097 so far" in all_text(said)
    (button,) = [e for block in said.blocks for e in block.get("elements", ()) if e.get("action_id") == "audit_older"]
    assert (button["text"]["text"], json.loads(button["value"])) == (
        "Go on",
        {"query": "text:x", "before": "4097", "at": "0"},
    )
    assert "No matching events" in all_text(audit_page(FoundEvents(()), "text:x"))
