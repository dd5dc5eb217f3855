"""``/egress audit``: a page, older ones, a file, the proof; filters as people type them."""

from collections.abc import Iterator

import pytest

from bot.errors import InvalidInput, NotPermitted
from handlers import actions, commands, views
from handlers.replies import Files
from tests.build import AUDITOR, DEV, World, make_world
from tests.listeners.calling import FORM, pressed, submitted, text_of, typed


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(database_url)
    yield made
    made.store.close()


def test_audit_is_for_auditors(world: World) -> None:
    """A page, older ones, a file, the proof; nobody else gets any."""
    for number in range(12):
        views.request(world.ctx, submitted(DEV, FORM | {"destinations": f"host{number}.example.com"}))
    with pytest.raises(NotPermitted):
        commands.audit(world.ctx, typed(DEV))
    page = text_of(commands.audit(world.ctx, typed(AUDITOR, "user:<@UDEV0001|dana> action:allowance")))
    assert "audit_older" in page
    assert "host11.example.com" in page
    assert "host0.example.com" not in page
    older = text_of(actions.older_events(world.ctx, pressed(AUDITOR, query="action:allowance", before="3")))
    assert "host0.example.com" in older
    exported = commands.audit(world.ctx, typed(AUDITOR, "host:host3 csv"))
    assert isinstance(exported, tuple)
    assert isinstance(exported[0], Files)
    [events, manifest] = exported[0].make()
    assert events.content.count("host3.example.com") == 2
    assert '"destination": "host3"' in manifest.content
    assert "intact" in text_of(commands.audit(world.ctx, typed(AUDITOR, "verify")))


@pytest.mark.parametrize("words", ["nonsense", "user:dana", "since:yestrday", "action:fly", "before:x", "user:"])
def test_wrong_filters_are_named(world: World, words: str) -> None:
    """The word that is not understood is in the sentence."""
    with pytest.raises(InvalidInput, match=words.partition(":")[2] or words):
        commands.audit(world.ctx, typed(AUDITOR, words))
