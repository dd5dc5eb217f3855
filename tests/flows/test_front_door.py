"""Only Slack gets in: requests are signed, fresh and unchanged, or they are answered with 401."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any
from urllib.parse import urlencode
from wsgiref.util import setup_testing_defaults

import pytest
from slack_sdk.signature import SignatureVerifier

from bot import allowances
from bot.allowances import Draft
from bot.approvals import Decision
from bot.domain.audit import AuditFilter
from bot.domain.duration import duration_from_text
from bot.errors import AlreadyDecided, AlreadyRequested, EgressError, StaleVersion
from bot.metrics import Facts, scrape
from bot.ports import Caller
from handlers.app import SlackApp, SlackSettings, build_app
from handlers.http import EVENTS
from tests.build import APPROVER, APPROVER2, DEV, EXAMPLE, World, make_world

SECRET = "a-signing-secret"
BODY = urlencode(
    {
        "token": "t",
        "team_id": "TSANDBOX1",
        "channel_id": "CEGRESS01",
        "user_id": "UDEV0001",
        "command": "/egress",
        "text": "whoami",
        "trigger_id": "1.2.3",
        "response_url": "http://127.0.0.1:9/never",
    }
)


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(database_url)
    yield made
    made.store.close()


FORM = "application/x-www-form-urlencoded"


def signed(body: str, *, at: float, secret: str = SECRET) -> dict[str, str]:
    """Headers as Slack sends them."""
    stamp = str(int(at))
    signature = SignatureVerifier(secret).generate_signature(timestamp=stamp, body=body) or ""
    return {"HTTP_X_SLACK_REQUEST_TIMESTAMP": stamp, "HTTP_X_SLACK_SIGNATURE": signature}


def posted(app: SlackApp, body: str, headers: dict[str, str]) -> tuple[str, str]:
    """Status and text of the answer to a POST at the door."""
    asked: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": EVENTS,
        "CONTENT_TYPE": FORM,
        "CONTENT_LENGTH": str(len(body)),
    }
    asked |= {**headers, "wsgi.input": BytesIO(body.encode())}
    setup_testing_defaults(asked)
    given: list[str] = []

    def begin(status: str, _headers: object, _error: object = None, /) -> Callable[[bytes], object]:
        given.append(status)
        return lambda _rest: None

    said = app.door()(asked, begin)
    return given[0], b"".join(said).decode()


NOW = time.time()
REFUSED: dict[str, tuple[str, dict[str, str]]] = {
    "unsigned": (BODY, {}),
    "signed by somebody else": (BODY, signed(BODY, at=NOW, secret="another")),
    "changed on the way": (BODY.replace("whoami", "approve+a1"), signed(BODY, at=NOW)),
    "replayed after ten minutes": (BODY, signed(BODY, at=NOW - 600)),
}


@pytest.mark.parametrize("how", REFUSED)
def test_what_is_not_slacks_is_answered_with_401(world: World, how: str) -> None:
    """And nothing happens."""
    app = build_app(world.ctx, SlackSettings("xoxb", SECRET, api_url="http://127.0.0.1:9/"))
    status, _ = posted(app, *REFUSED[how])
    assert status == "401 Unauthorized"
    with world.store.read() as tx:
        assert tx.audit.find(AuditFilter(), limit=10) == []


def test_what_is_slacks_is_answered(world: World) -> None:
    """The check can succeed."""
    app = build_app(world.ctx, SlackSettings("xoxb", SECRET, api_url="http://127.0.0.1:9/"))
    status, said = posted(app, BODY, signed(BODY, at=time.time()))
    assert (status, "UDEV0001" in said) == ("200 OK", True)


def test_of_many_at_once_one_files_and_one_decides(world: World) -> None:
    """Races are decided by the database, not by luck."""
    draft = Draft("aks-udr", (EXAMPLE,), "Package mirror", duration_from_text("8h"))

    def ask(_number: int) -> str | EgressError:
        try:
            return allowances.request(world.ctx, DEV, draft).id
        except AlreadyRequested as error:
            return error

    def decide(caller: Caller) -> str | EgressError:
        try:
            return allowances.decide(world.ctx, caller, Decision(asked, is_approved=True)).id
        except (AlreadyDecided, StaleVersion) as error:
            return error

    with ThreadPoolExecutor(8) as pool:
        (asked,) = [each for each in pool.map(ask, range(8)) if isinstance(each, str)]
        decided = [each for each in pool.map(decide, [APPROVER, APPROVER2] * 4) if isinstance(each, str)]
    assert decided == [asked]


def test_metrics_are_computed_from_the_facts(world: World) -> None:
    """A scrape says the same as the database."""
    allowances.request(world.ctx, DEV, Draft("aks-udr", (EXAMPLE,), "Mirror", duration_from_text("8h")))
    status, _, text = scrape(Facts(world.store, world.clock))
    assert status == 200
    assert 'egress_allowances{status="waiting"} 1.0' in text
    assert "egress_notices_waiting 1.0" in text
    assert 'egress_work_failures{kind="notices"} 0.0' in text
