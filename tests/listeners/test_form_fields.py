"""The fields that appear in the request form, through the simulated workspace: values of a bundle, and an owner."""

from collections.abc import Iterator

import pytest

from bot import allowances, scaling
from bot.domain.people import AccountStatus, Identity
from bot.domain.snat import CountGoal
from bot.scaling import Wish
from tests.build import APPROVER, DEV, TEAM
from tests.listeners.test_membership import age
from tests.listeners.test_workspace import FORM, Town, settled
from tests.sandbox.slack_stage import until

NO_HOSTS = {**FORM, "destinations": ""}


@pytest.fixture
def town(sqlite_url: str) -> Iterator[Town]:
    """The bot is reached through signed HTTP."""
    with settled(sqlite_url) as made:
        made.stage.serve_http(made.app.bolt)
        yield made


def test_choosing_a_bundle_draws_its_field_and_a_wrong_value_is_said_there(town: Town) -> None:
    """What was typed stays; the value put right is filed."""
    town.command("UDEV0001", "request aks-udr")
    view = town.view("UDEV0001")
    town.stage.do("action", user="UDEV0001", action_id="bundle", view_id=view["id"], value="azure-storage")
    until(lambda: "bundle.account" in str(town.view("UDEV0001")["blocks"]))
    form = {**NO_HOSTS, "bundle": "azure-storage"}
    refused = town.submit("UDEV0001", **form, **{"bundle.account": "My-Data"})
    assert refused["errors"] == {
        "bundle.account": "“my-data” is not a valid account (Storage account); write one such as mydata "
        "(pattern [a-z0-9]{3,24})."
    }
    assert not town.submit("UDEV0001", **form, **{"bundle.account": "MyData"})["errors"]
    until(lambda: allowances.requests(town.ctx, DEV, "mine"))
    (made,) = allowances.requests(town.ctx, DEV, "mine")
    assert made.ask.bundle == "azure-storage(account=mydata)"


def test_a_form_for_somebody_else(town: Town) -> None:
    """Slack writes whom the command means; the owner hears of it, and a guest is refused at the field."""
    town.command("UAPP0001", "request aks-udr api.example.com for:@dana")
    town.stage.do("people", user="UDEV0002", is_restricted=True)
    age(town)
    assert town.ctx.directory.person(Identity(TEAM, "UDEV0002"), among=()).standing is AccountStatus.GUEST
    refused = town.submit("UAPP0001", **FORM, owner="UDEV0002")
    assert refused["errors"]["owner"].startswith("Only a full member of the workspace can own an allowance")
    assert not town.submit("UAPP0001", **FORM, owner="UDEV0001")["errors"]
    town.world.settle()
    (made,) = allowances.requests(town.ctx, DEV, "mine")
    assert made.filed_by == APPROVER.identity
    assert any("<@UAPP0001> requested this for <@UDEV0001>" in text for text in town.direct("UDEV0001"))


def test_a_larger_step_is_refused_at_the_field(town: Town) -> None:
    """Before the ack, without reading Azure; a smaller one is planned after it."""
    made = scaling.propose(town.ctx, DEV, Wish("aks-lb", CountGoal(10), "more"))
    town.world.settle()
    until(lambda: "narrow" in str(town.stage.state))
    town.press("UAPP0001", "narrow")
    until(lambda: town.view("UAPP0001")["callback_id"] == "narrow_scale")
    for count in ("11", "1"):
        assert "choose 2 to 9" in town.submit("UAPP0001", count=count, reason="")["errors"]["count"]
    assert not town.submit("UAPP0001", count="6", reason="")["errors"]
    until(lambda: scaling.get(town.ctx, DEV, made.id).plan.change.goal == "6 outbound IPs")
