"""Shared by the tests of the writer."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot import allowances, checking
from bot.allowances import Draft
from bot.approvals import Decision
from bot.azure import AzureArm
from bot.azure.identity import IssuedToken
from bot.azure.settings import ArmSettings
from bot.domain.allowance import Allowance, Status, status
from bot.domain.audit import Action, Event
from bot.domain.fqdn import parse_destination
from bot.domain.network_rules import by_address
from bot.reconciler import Reconciler
from bot.sandbox.arm_transport import ArmTransport
from tests.build import APPROVER, DEV, SUBSCRIPTION, World
from tests.histories.mortal import rules_in
from tests.histories.stage import foreign_rules, our_collections

Json = dict[str, Any]
HOUR = timedelta(hours=1)


def ask(world: World, host: str = "example.com", *, cluster: str = "aks-udr", hours: int = 8) -> Allowance:
    """Request it and have it approved."""
    draft = Draft(cluster, (parse_destination(host),), "why", hours * HOUR)
    if by_address(draft.destinations):
        checking.prepare(world.ctx, DEV, cluster)  # as the form does when it opens
    asked = allowances.request(world.ctx, DEV, draft)
    if asked.approved_at is not None:
        return asked
    return allowances.decide(world.ctx, APPROVER, Decision(asked.id, is_approved=True))


def state_of(world: World, allowance: Allowance) -> Status:
    """Its status now."""
    return status(stored(world, allowance), world.clock.now())


def stored(world: World, allowance: Allowance) -> Allowance:
    """As it is stored now."""
    with world.store.read() as tx:
        return tx.allowances.get(allowance.id)


def opened(world: World) -> dict[str, list[str]]:
    """The hosts that the bot's rules open, by rule."""
    return {
        rule["name"]: rule.get("targetFqdns") or rule["destinationFqdns"]
        for each in our_collections(world.arm)
        for rule in rules_in(each)
    }


def foreign(world: World) -> str:
    """Everything that is not ours."""
    return foreign_rules(world.arm.state()["resources"])


def events(world: World, subject: str = "", *actions: Action) -> list[Event]:
    """The audit log, oldest first."""
    with world.store.read() as tx:
        found = [each.event for each in tx.audit.chain(after=0, limit=10_000)]
    return [e for e in found if e.subject.startswith(subject) and (not actions or e.action in actions)]


def firewall_events(world: World) -> list[str]:
    """The audit events of writes: action and status."""
    rows = [(each.action, dict(each.detail).get("status", "")) for each in events(world)]
    return [f"{action.partition(':')[2]} {state}".strip() for action, state in rows if action.startswith("firewall:")]


def told(world: World) -> list[str]:
    """The events that the channel was told, in order."""
    return [notice.body["event"] for notice in world.said.notices if notice.kind == "channel"]


def told_text(world: World, event: str) -> str:
    """The last text of one kind that the channel was told."""
    return [n.body["text"] for n in world.said.notices if n.kind == "channel" and n.body["event"] == event][-1]


def resource(world: World, ending: str) -> Json:
    """The one resource whose id ends like this."""
    (found,) = (body for key, body in world.arm.state()["resources"].items() if key.endswith(ending.lower()))
    copy: Json = json.loads(json.dumps(found))
    return copy


def writes(world: World, ending: str = "") -> list[Json]:
    """The PUTs that were sent to it."""
    found = world.arm.state()["requests"]
    return [each for each in found if each["method"] == "PUT" and each["path"].lower().endswith(ending.lower())]


class Picky(ArmTransport):
    """An Azure that refuses whatever holds one text, and does not say why."""

    dislikes = ""

    def send(self, request: Any, **options: Any) -> Any:
        """One request."""
        if request.method == "PUT" and self.dislikes in str(request.content):
            self._arm.add_fault(
                {"method": "PUT", "status": 400, "code": "InvalidRule", "message": "Something is wrong."}
            )
        return super().send(request, **options)


def disliking(world: World, text: str) -> World:
    """The same world, where Azure refuses whatever holds a text."""
    transport = Picky(world.arm, world.clock)
    transport.dislikes = text
    azure = AzureArm(IssuedToken(world.arm.issue_token), ArmSettings((SUBSCRIPTION,)), transport=transport)
    ctx = replace(world.ctx, targets=azure, operations=azure)
    return replace(world, reconciler=Reconciler(ctx, world.said, workers=0))


def until_writing(world: World) -> None:
    """Work until an operation runs."""
    for _ in range(50):
        world.work(timedelta(seconds=1))
        if world.arm.has_running_operations():
            return
    raise AssertionError("Nothing is written.")


def by_hand(world: World, ending: str, **properties: Any) -> None:
    """Change a resource by hand."""
    body = resource(world, ending)
    world.arm.put_resource(body["id"], {**body, "properties": {**body["properties"], **properties}})


def with_drift(world: World, mode: str) -> World:
    """The same world, configured to treat drift in another way."""
    book = world.ctx.config
    book = replace(book, firewall=replace(book.firewall, drift=mode))
    ctx = replace(world.ctx, config=book)
    return replace(world, ctx=ctx, reconciler=type(world.reconciler)(ctx, world.said, workers=0))


def numbered(count: int) -> Iterator[str]:
    """Distinct hosts."""
    return (f"host{number}.example.com" for number in range(count))
