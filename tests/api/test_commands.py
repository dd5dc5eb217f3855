"""The commands of pipelines and of operators: the API on a port, and the database."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from bot import allowances
from bot.azure import AzureArm
from bot.domain.configuration import Configuration
from bot.domain.integration import EgressIps
from bot.wiring.product import Product, applications
from bot.wiring.product import World as Parts
from handlers.api.feed import PLACE
from handlers.app import SlackSettings
from handlers.http import API, Front, HttpFront
from tests.api.stage import ApiStage, opened_api
from tests.build import DEV, config
from tests.processes.stage import free_port, run_here

REQUEST = ("request", "aks-udr", "api.example.com", "--reason", "deploy", "--for", "8h")


@pytest.fixture
def api(sqlite_url: str) -> Iterator[ApiStage]:
    """At rest."""
    with opened_api(sqlite_url) as made:
        yield made


@pytest.fixture
def served(api: ApiStage) -> Iterator[dict[str, str]]:
    """The API on a port; the environment of a pipeline."""
    front = HttpFront(Front({}, others={API: api.front}), "127.0.0.1:0", lambda: None)
    yield {"EGRESS_API_URL": f"http://127.0.0.1:{front.port}", "EGRESS_API_TOKEN": api.secret}
    front.stop()


def document_in(said: str) -> dict[str, Any]:
    """The JSON that a command printed; the server runs in the same process, and may log a line before it."""
    found: dict[str, Any] = json.loads(said[said.index("{") :])
    return found


def test_a_pipeline_asks_waits_and_goes_on(api: ApiStage, served: dict[str, str]) -> None:
    """0 once it is open, also for a later run; 3 while it waits; words for people, JSON for programs."""
    code, said = run_here("check", "aks-udr", "api.example.com", **served)
    assert code == 1
    assert "denied    api.example.com" in said
    code, said = run_here(*REQUEST, "--json", **served)
    made = document_in(said)["id"]
    assert (code, document_in(said)["token"]) == (0, "ci")
    waiting = f"{made} waiting: aks-udr → api.example.com (1 from platform)\n"
    assert run_here(*REQUEST, **served) == (0, waiting)
    assert run_here("status", made, **served) == (3, waiting)
    api.approve(made)
    api.world.settle()
    live = f"{made} live: aks-udr → api.example.com\n"
    assert run_here("status", made, "--wait", **served) == (0, live)
    assert run_here(*REQUEST, "--wait", **served)[0] == 0
    assert run_here("check", "aks-udr", "api.example.com", **served)[0] == 0


def test_what_cannot_be_is_told_from_what_may_be_later(api: ApiStage, served: dict[str, str]) -> None:
    """1 ended without being open, 2 wrong or refused, 4 no answer."""
    made = document_in(run_here(*REQUEST, "--json", **served)[1])["id"]
    allowances.end(api.ctx, DEV, made)
    assert run_here("status", made, **served)[0] == 1
    code, said = run_here("request", "aks-nowhere", "x.example.com", "--reason", "r", "--for", "8h", **served)
    assert (code, said.startswith("There is no cluster aks-nowhere.")) == (2, True)
    assert run_here("status", made, **{**served, "EGRESS_API_TOKEN": "egr_wrong"})[0] == 2
    assert run_here("status", made, EGRESS_API_URL=served["EGRESS_API_URL"]) == (
        2,
        "Set EGRESS_API_TOKEN to an API token, and EGRESS_API_URL to the address of the bot.\n",
    )
    nobody = {**served, "EGRESS_API_URL": f"http://127.0.0.1:{free_port()}"}
    assert run_here("status", made, **nobody)[0] == 4


def test_a_call_that_is_put_off_is_made_again(api: ApiStage, served: dict[str, str]) -> None:
    """The first look at the owner fails in Slack; the client waits as long as it is told and asks again."""
    made = document_in(run_here(*REQUEST, "--json", **served)[1])["id"]
    api.slack("UDEV0001", deleted=False)
    api.office.fault("users.info", times=1, status=503)
    assert run_here("status", made, **served)[0] == 3


def test_operators_make_list_and_revoke_tokens(api: ApiStage, served: dict[str, str], sqlite_url: str) -> None:
    """The secret is shown once; what a token is for, and when it was last used, is listed."""
    store = {"EGRESS_DATABASE_URL": sqlite_url, "USER": "kim"}
    wanted = ("--owner", "UDEV0002", "--cluster", "aks-*", "--act", "check", "--expires", "30d")
    code, said = run_here("token", "create", "payments", *wanted, **store)
    assert code == 0, said
    secret = said.split()[-1]
    mine = {**served, "EGRESS_API_TOKEN": secret}
    assert run_here("check", "aks-lb", "example.com", **mine)[0] == 0
    code, said = run_here("token", "list", **store)
    line = next(one for one in said.splitlines() if one.startswith("payments"))
    assert "valid  UDEV0002  check  on aks-*" in line
    assert "last used" in line
    assert secret not in said
    assert run_here("token", "revoke", "payments", **store) == (0, "API token payments is revoked.\n")
    assert run_here("check", "aks-lb", "example.com", **mine)[0] == 2
    assert "payments  revoked" in run_here("token", "list", **store)[1]
    assert run_here("token", "revoke", "nothing", **store) == (
        2,
        "There is no API token “nothing”. There are: ci, payments.\n",
    )
    assert (
        run_here("token", "create", "x", "--owner", "UDEV0002", "--cluster", "*", "--expires", "400d", **store)[0] == 2
    )
    assert [one.actor.user for one in api.events(action="token")][-2:] == ["cli:kim"] * 2


def test_it_is_off_unless_the_configuration_has_it(api: ApiStage) -> None:
    """The configuration that teams copy does not have it."""
    ctx = api.ctx
    slack = SlackSettings("xoxb-none")
    with_list = replace(config(), egress_ips=EgressIps(enabled=True))
    for book, places in ((config(), []), (ctx.config, [API]), (with_list, [PLACE])):
        world = Parts(api.world.store, AzureArm.__new__(AzureArm), ctx.clock, book, slack, ctx.pace)
        assert list(applications(Product(world, ctx, api.world.reconciler))) == places
    assert not Configuration(ctx.config.slack, ctx.config.azure).api.enabled
