"""Saved searches of the audit log: saved from a page, listed on the Home tab, opened, forgotten; all of it recorded."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from bot import auditing
from bot.domain.audit import AuditFilter
from bot.domain.saved_search import MAX_NAME, MOST, SavedSearch
from bot.errors import InvalidInput, StaleView
from bot.ports import Caller
from handlers import audit, home, views
from handlers.calls import Call, Values
from handlers.home_search import HomeState
from handlers.replies import Ephemeral, OpenModal, RefreshHome, Reply, UpdateModal, View
from tests.blockkit import assert_valid
from tests.build import AUDITOR, DEV, World, make_world
from tests.listeners.calling import FORM, pressed, submitted, text_of, typed

AT_HOME = Caller(AUDITOR.identity, "slack:home")
WEEK = "cluster:aks-udr since:7d"


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(database_url)
    yield made
    made.store.close()


def modal_of(reply: Reply) -> View:
    """The valid modal of an answer."""
    assert isinstance(reply, OpenModal | UpdateModal)
    assert_valid(reply.view, "modal")
    return reply.view


def at_home(world: World, who: Caller = AT_HOME) -> str:
    """Everything on a Home tab."""
    view = home.drawn(world.ctx, who, HomeState())
    assert_valid(view, "home")
    return str(view["blocks"])


def saved(world: World, name: str, query: str = WEEK, who: Caller = AUDITOR) -> str:
    """What is answered when a search is saved."""
    return text_of(audit.save(world.ctx, submitted(who, {"name": name}, query=query)))


def test_a_search_is_saved_opened_and_forgotten(world: World) -> None:
    """Its page offers to save it; the Home tab lists it for its owner alone; each step is an event."""
    for number in range(12):
        views.request(world.ctx, submitted(DEV, FORM | {"destinations": f"host{number}.example.com"}))
    page = text_of(audit.audit(world.ctx, typed(AUDITOR, WEEK)))
    assert "audit_save" in page
    assert "audit_save" not in text_of(audit.audit(world.ctx, typed(AUDITOR)))
    assert WEEK in str(modal_of(audit.save_form(world.ctx, pressed(AUDITOR, query=WEEK))))
    assert "My week" in saved(world, "  My\n week ")
    assert ("My week" in at_home(world), "Saved searches" in at_home(world, DEV)) == (True, False)
    view = modal_of(audit.open_saved(world.ctx, pressed(AT_HOME, chosen="My week")))
    assert ("host11" in str(view), "host0." in str(view), "audit_save" in str(view)) == (True, False, False)
    in_modal = Caller(AUDITOR.identity, "slack:modal")
    turned = Call(in_modal, value={"query": WEEK, "before": "3"}, carried=Values(search="My week"))
    assert "host0." in str(modal_of(audit.older(world.ctx, turned)))
    (drawn,) = audit.forget_saved(world.ctx, pressed(AT_HOME, chosen="My week"))
    assert isinstance(drawn, RefreshHome)
    assert "My week" not in str(drawn.draw())
    with pytest.raises(InvalidInput, match="no saved search “My week”"):
        audit.open_saved(world.ctx, pressed(AT_HOME, chosen="My week"))
    for action in ("audit:save", "audit:forget"):
        (found,) = auditing.search(world.ctx, AUDITOR, AuditFilter(action=action)).events
        assert dict(found.event.detail) == {"search": "My week", "query": WEEK}


def test_pages_of_a_search_are_of_one_period(world: World) -> None:
    """An hour later, the last hour is still the one that was asked for; so it is on the page after that."""
    for number in range(25):
        views.request(world.ctx, submitted(DEV, FORM | {"destinations": f"host{number}.example.com"}))
    page = audit.audit(world.ctx, typed(AUDITOR, "since:1h action:allowance"))
    for expected in ("host9.", "host0."):
        world.tick(timedelta(hours=1))
        assert isinstance(page, Ephemeral)
        elements = [one for block in page.message.blocks for one in block.get("elements", ())]
        (button,) = [one for one in elements if one.get("action_id") == "audit_older"]
        page = audit.older(world.ctx, pressed(AUDITOR, **{k: str(v) for k, v in json.loads(button["value"]).items()}))
        assert expected in text_of(page)


def test_a_search_that_no_longer_parses_says_so(world: World) -> None:
    """And goes on to be listed, so that it can be forgotten."""
    with world.store.write() as tx:
        tx.searches.put(AUDITOR.identity, SavedSearch("old", "colour:red"))
    with pytest.raises(InvalidInput, match="“old” cannot be read any more: “colour:red” is not a valid filter"):
        audit.open_saved(world.ctx, pressed(AT_HOME, chosen="old"))
    audit.forget_saved(world.ctx, pressed(AT_HOME, chosen="old"))


def test_names_and_numbers_have_bounds(world: World) -> None:
    """Twenty with the longest names and hostile queries fit the Home tab; the same name replaces."""
    for number in range(MOST):
        saved(world, f"{number:02}{'<&`*' * 20}"[:MAX_NAME], f'text:"{"<&`*" * 100}{number}"')
    assert at_home(world).count("'value': '") > 2 * MOST
    with pytest.raises(InvalidInput, match="20 saved searches"):
        saved(world, "one more")
    saved(world, f"00{'<&`*' * 20}"[:MAX_NAME], WEEK)
    kept = auditing.saved_searches(world.ctx, AUDITOR)
    assert (len(kept), kept[0].query) == (MOST, WEEK)
    for name, query in (("", WEEK), ("x" * 61, WEEK), ("x", ""), ("x", "csv"), ("x", "text:" + "y" * 1000)):
        with pytest.raises(InvalidInput):
            saved(world, name, query)
    with pytest.raises(StaleView):
        audit.save(world.ctx, Call(AUDITOR, form={"name": "x"}))
