"""Input survives whole: hosts through fields, buttons and forms, up to the limits of a request."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import allowances
from bot.approvals import Decision
from bot.domain.error_parsing import find_destinations
from bot.domain.fqdn import Destination, Protocol, parse_destinations
from bot.errors import InvalidInput
from handlers import actions, audit, commands, views
from handlers.blocks.block_kit import BUTTON_VALUE, INPUT_TEXT, METADATA, modal, option, text_input, value
from handlers.calls import Call
from handlers.hosts import host_fields, hosts_in, written
from handlers.replies import Ephemeral, OpenModal, UpdateModal, View
from handlers.request_form import RequestForm
from tests.blockkit import assert_valid
from tests.build import APPROVER, DEV, World, make_world
from tests.listeners.calling import pressed, submitted, text_of, typed
from tests.strategies import destinations

MANY = tuple(
    sorted(
        Destination(f"{'a' * 60}.{'b' * 60}.{'c' * 60}.{'d' * 40}.host{number}.example.com", Protocol.HTTPS, 8443)
        for number in range(95)
    )
)
"""Ninety-five names that are about as long as names may be."""


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(database_url)
    yield made
    made.store.close()


def fields_of(view: View) -> dict[str, str]:
    """The submission of a form that nobody touched."""
    inputs = [block for block in view["blocks"] if block["type"] == "input"]
    return {block["block_id"]: _initial(block["element"]) for block in inputs}


def _initial(element: Mapping[str, Any]) -> str:
    return str(element.get("initial_value") or (element.get("initial_option") or {}).get("value") or "")


def sent_back(view: View) -> tuple[Destination, ...]:
    """The hosts of a form that nobody touched, as its listener reads them."""
    assert_valid(view, "modal")
    return tuple(sorted(parse_destinations(hosts_in(fields_of(view)))))


def test_a_long_list_survives_the_command(world: World) -> None:
    """Ninety-five long hosts that were typed are ninety-five hosts in the form, and in the request that is filed."""
    opened = commands.request(world.ctx, typed(DEV, f"aks-udr {' '.join(map(str, MANY))}"))
    assert isinstance(opened, OpenModal)
    assert sent_back(opened.view) == MANY
    views.request(world.ctx, submitted(DEV, fields_of(opened.view) | {"reason": "billing"}))
    (made,) = allowances.requests(world.ctx, DEV, "mine")
    assert made.destinations == MANY


def test_a_long_list_survives_redraws(world: World) -> None:
    """A redraw leaves each field as the person filled it: Slack keeps what was typed into it."""
    opened = commands.request(world.ctx, typed(DEV, f"aks-udr {' '.join(map(str, MANY))}"))
    assert isinstance(opened, OpenModal)
    form = fields_of(opened.view) | {"destinations": "first.example.com"}
    redrawn = views.preview(world.ctx, submitted(DEV, form))
    assert isinstance(redrawn, UpdateModal)
    hosts = {name: text for name, text in form.items() if name.startswith("destinations")}
    assert {name: text for name, text in fields_of(redrawn.view).items() if name in hosts} == hosts


def test_a_long_list_survives_a_check(world: World) -> None:
    """The button under a check asks for everything that is missing, however much that is."""
    reply = commands.check(world.ctx, typed(DEV, f"aks-udr {' '.join(map(str, MANY))}"))
    assert isinstance(reply, Ephemeral)
    rows = [block for block in reply.message.blocks if block["type"] == "actions"]
    (button,) = [one for row in rows for one in row["elements"] if one["action_id"] == "open_request"]
    call = Call(DEV, value=_json(button["value"]))
    opened = actions.open_request(world.ctx, call)
    assert isinstance(opened, OpenModal)
    assert sent_back(opened.view) == MANY


def _json(text: str) -> dict[str, str]:
    import json

    found: dict[str, str] = json.loads(text)
    return found


def test_a_check_of_a_bundle_and_more_carries_both(world: World) -> None:
    """Hosts beside the bundle are asked for as well."""
    reply = commands.check(world.ctx, typed(DEV, "aks-udr bundle:pypi beside.example.net"))
    assert isinstance(reply, Ephemeral)
    rows = [block for block in reply.message.blocks if block["type"] == "actions"]
    (button,) = [one for row in rows for one in row["elements"] if one["action_id"] == "open_request"]
    opened = actions.open_request(world.ctx, Call(DEV, value=_json(button["value"])))
    assert isinstance(opened, OpenModal)
    form = RequestForm.parse(fields_of(opened.view))
    assert (form.bundle, form.destinations) == ("pypi", "beside.example.net")


def test_an_old_check_is_refused_in_words(world: World) -> None:
    """A button whose list is no longer kept opens no form that lacks it."""
    with pytest.raises(InvalidInput, match="too old"):
        actions.open_request(world.ctx, pressed(DEV, cluster="aks-udr", draft="gone"))


def test_a_long_list_survives_approving_less(world: World) -> None:
    """The form to approve less shows and sends back everything that was asked."""
    form = {"cluster": "aks-udr", "destinations": written(MANY), "reason": "billing", "duration": "8h"}
    views.request(world.ctx, submitted(DEV, form))
    (made,) = allowances.requests(world.ctx, DEV, "mine")
    opened = actions.narrow(world.ctx, pressed(APPROVER, id=made.id, digest=_digest(made)))
    assert isinstance(opened, OpenModal)
    assert sent_back(opened.view) == MANY
    views.narrow(world.ctx, submitted(APPROVER, fields_of(opened.view), id=made.id, digest=_digest(made)))
    assert allowances.get(world.ctx, DEV, made.id).destinations == MANY


def _digest(made: Any) -> str:
    from bot.domain.allowance import digest

    return digest(made.scope, made.ask)


def test_a_long_list_survives_renewing(world: World) -> None:
    """A renewal asks for the same as before."""
    form = {"cluster": "aks-udr", "destinations": written(MANY), "reason": "billing", "duration": "8h"}
    views.request(world.ctx, submitted(DEV, form))
    (made,) = allowances.requests(world.ctx, DEV, "mine")
    allowances.decide(world.ctx, APPROVER, Decision(made.id, is_approved=True))
    world.settle()
    again = allowances.renew(world.ctx, DEV, made.id)
    assert again.destinations == MANY


def test_a_message_with_many_hosts_is_read_whole(world: World) -> None:
    """All hosts of a message stand in the form, though a request of so many is refused."""
    lines = "\n".join(f"curl: (6) Could not resolve host: {one.fqdn}" for one in MANY)
    opened = actions.request_from_message(world.ctx, Call(DEV, text=lines))
    assert isinstance(opened, OpenModal)
    assert len(sent_back(opened.view)) == len(MANY)


def test_a_text_that_is_too_long_ends_at_a_word() -> None:
    """The last name of a cut text would be another registrable domain."""
    text = ("x" * 39_977) + "\nhttps://api.example.community/"
    assert [str(one) for one in find_destinations(text).destinations] == []


@pytest.mark.parametrize("text", ["a" * (INPUT_TEXT + 1), "a" * 20_000])
def test_a_word_that_fits_no_field_is_refused(text: str) -> None:
    """In words, never in part."""
    with pytest.raises(InvalidInput, match="longer than 3,000"):
        host_fields("Hosts", text, hint="")


def test_nothing_that_comes_back_is_cut() -> None:
    """Every part that carries something back is whole or refuses it."""
    for build, most in (
        (lambda text: text_input(text, limit=200), 200),
        (lambda text: value(x=text), BUTTON_VALUE - 8),
        (lambda text: modal("x", "x", [], x=text), METADATA - 8),
        (lambda text: option("x", text), 150),
    ):
        assert "é" * most in str(build("é" * most))
        with pytest.raises(InvalidInput):
            build("é" * (most + 1))
    with pytest.raises(InvalidInput, match="Too long"):
        RequestForm(cluster="x", destinations="a.example.com", duration="8h", ticket="t" * 201).draft()


labels = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=60)
names = st.builds(lambda parts: f"{'.'.join(parts)}.example.com", st.lists(labels, min_size=1, max_size=3))
named = st.builds(replace, destinations(), fqdn=names)
"""Protocols and ports that can be asked for, with long names."""


@given(st.sets(named, min_size=1, max_size=100))
def test_fields_give_back_what_went_in(asked: set[Destination]) -> None:
    """Any list up to the limit of a request, through as many fields as it takes, built twice."""
    wanted = tuple(sorted(asked))
    for _ in range(2):
        blocks = host_fields("Hosts", written(wanted), hint="")
        assert all(len(block["element"].get("initial_value", "")) <= INPUT_TEXT for block in blocks)
        form = {block["block_id"]: block["element"].get("initial_value", "") for block in blocks}
        assert tuple(sorted(parse_destinations(hosts_in(form)))) == wanted
        again = host_fields("Hosts", hosts_in(form), hint="")
        assert {block["block_id"]: block["element"].get("initial_value", "") for block in again} == form


def test_an_audit_filter_is_carried_whole(world: World) -> None:
    """The next page is filtered as the first."""
    from tests.build import AUDITOR

    for _ in range(12):
        audit.audit(world.ctx, typed(AUDITOR, "action:audit"))
    words = f"{'action:audit ' * 30}user:uaud0001"
    page = text_of(audit.audit(world.ctx, typed(AUDITOR, words)))
    assert words in page
    with pytest.raises(InvalidInput, match="Too long"):
        audit.audit(world.ctx, typed(AUDITOR, "action:audit " * 200))
