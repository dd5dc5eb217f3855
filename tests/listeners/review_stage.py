"""Shared by the tests of review campaigns: starting one, answering, and what people see of it."""

import json
from datetime import timedelta
from typing import Any

from bot import allowances
from bot.allowances import Draft, campaigns
from bot.approvals import Decision
from bot.domain.allowance import Allowance
from bot.domain.campaign import Campaign, ItemState, ReviewSheet
from bot.domain.fqdn import parse_destination
from bot.domain.people import Identity
from bot.ports import Caller
from handlers import reviews
from handlers.blocks.review_card import review_card, review_news
from handlers.replies import OpenModal
from tests.blockkit import assert_valid
from tests.build import APPROVER, AUDITOR, World
from tests.flows.writer_stage import ask, stored
from tests.listeners.calling import all_text, pressed, submitted, typed

DAY = timedelta(days=1)
NOBODY = Caller(Identity("TOTHER", "UX0000001"), "slack:command")


def live(world: World, *hosts: str, hours: int = 24 * 30) -> list[Allowance]:
    """Allowances of the first developer that are live."""
    made = [ask(world, host, hours=hours) for host in hosts]
    world.settle()
    return [stored(world, one) for one in made]


def started(world: World, scope: str = "", by: Caller = AUDITOR) -> Campaign:
    """A review that somebody started."""
    reviews.review(world.ctx, typed(by, f"start {scope}"))
    world.settle()
    return newest(world)


def newest(world: World) -> Campaign:
    """The open review, as it is stored."""
    with world.store.read() as tx:
        return tx.campaigns.find(only_open=False)[0]


def sheet_of(world: World) -> ReviewSheet:
    """The same beside its allowances."""
    with world.store.read() as tx:
        return campaigns.sheet_of(tx, newest(world), world.clock.now())


def keep(world: World, who: Caller, one: Allowance, until: str = "", reason: str = "still used") -> Any:
    """Fill in the form and submit it."""
    form = {"reason": reason, "until": until}
    return reviews.keep(world.ctx, submitted(who, form, id=newest(world).id, of=one.id))


def remove(world: World, who: Caller, one: Allowance, reason: str = "not used") -> Any:
    """Fill in the form and submit it."""
    return reviews.remove(world.ctx, submitted(who, {"reason": reason}, id=newest(world).id, of=one.id))


def shown(world: World, who: Caller, **more: str) -> dict[str, Any]:
    """The modal with the items, as somebody sees it."""
    reply = reviews.show(world.ctx, pressed(who, id=newest(world).id, **more))
    assert isinstance(reply, OpenModal)
    assert_valid(reply.view, "modal")
    return reply.view


def offered(view: dict[str, Any]) -> list[str]:
    """The buttons of a view, by action and the allowance that they are about."""
    rows = [block["elements"] for block in view["blocks"] if block["type"] == "actions"]
    return [element["action_id"] for row in rows for element in row if element["action_id"].startswith("review_")]


def told(world: World, kind: str = "direct") -> list[tuple[str, str]]:
    """What was said about the review: to whom, and which event."""
    found = [n for n in world.said.notices if n.subject == newest(world).id and n.kind == kind]
    for notice in found:
        assert_valid(review_news(sheet_of(world), notice.body, notice.recipient, world.ctx.config), "message")
    return [(n.recipient, n.body["event"].removeprefix("review-")) for n in found]


def card(world: World) -> str:
    """Everything that the card says."""
    drawn = review_card(sheet_of(world))
    assert_valid(drawn, "message")
    return all_text(drawn)


def states(world: World) -> dict[str, ItemState]:
    """What became of each allowance."""
    sheet = sheet_of(world)
    return {one.allowance: sheet.state(one) for one in sheet.campaign.items}


def pass_time(world: World, by: timedelta) -> None:
    """Let time pass, and a little more, in which what was owed is said."""
    world.work(by)
    world.settle()


def turn(view: dict[str, Any]) -> dict[str, str]:
    """What the button to the next page carries."""
    rows = [block["elements"] for block in view["blocks"] if block["type"] == "actions"]
    (found,) = (json.loads(one["value"]) for row in rows for one in row if one["action_id"] == "review_next")
    return {name: text for name, text in found.items() if name != "id"}


def request(world: World, who: Caller, host: str) -> Allowance:
    """A request that an approver said yes to."""
    made = allowances.request(world.ctx, who, Draft("aks-udr", (parse_destination(host),), "why", DAY))
    return allowances.decide(world.ctx, APPROVER, Decision(made.id, is_approved=True))
