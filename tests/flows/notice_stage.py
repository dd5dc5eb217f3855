"""The real notifier against the simulated workspace, by one simulated clock."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from bot.ports import Context
from bot.reconciler import Reconciler
from handlers.app import SlackSettings, notifier
from handlers.notify import SlackNotifier
from tests.build import World, make_world
from tests.driver import wait_for
from tests.sandbox.slack_stage import APP_TOKEN, BOT_TOKEN, SECRET, Stage, installed

CHANNEL = "CEGRESS01"
Json = dict[str, Any]


@dataclass
class Office:
    """The product without its listeners, and everybody's screens."""

    stage: Stage
    world: World
    slack: SlackNotifier

    @property
    def ctx(self) -> Context:
        """The context for use cases."""
        return self.world.ctx

    def fault(self, method: str, **fault: Any) -> None:
        """Let calls of a method go wrong."""
        self.stage.do("fault", method=method, **({"times": 1} | fault))

    def struck(self) -> None:
        """Wait until every fault has struck: the call is under way."""
        wait_for(lambda: not any(each.times for each in self.stage.workspace.faults._waiting), "No fault struck.", 30)

    def heal(self) -> None:
        """Forget all faults."""
        self.stage.workspace.faults.clear()

    def calls(self, method: str) -> list[Json]:
        """The calls of one method so far."""
        return [call for call in self.stage.state["calls"] if call["method"] == method]

    def cards(self, subject: str, place: str = CHANNEL) -> list[Json]:
        """The cards of a subject in one conversation."""
        shown = [m for m in self.stage.state["messages"] if m["channel"] == place and m["thread_ts"] is None]
        return [m for m in shown if f"({subject})" in m["text"] and m["blocks"] and m["blocks"][0]["type"] == "header"]

    def conversation(self, user: str) -> str:
        """The channel id of the bot's conversation with a person; empty before there is one."""
        return next((c["id"] for c in self.stage.state["channels"] if c.get("user") == user), "")

    def direct(self, user: str) -> list[str]:
        """The bot's messages to a person, cards left out."""
        place = self.conversation(user)
        found = [m for m in self.stage.state["messages"] if m["channel"] == place]
        return [m["text"] for m in found if m["blocks"] and m["blocks"][0]["type"] != "header"]

    def dead(self) -> int:
        """Return how many notices were given up."""
        with self.world.store.read() as tx:
            return sum(tx.outbox.backlog()[1].values())

    def waiting(self) -> int:
        """Return how many notices wait."""
        with self.world.store.read() as tx:
            return tx.outbox.backlog()[0]


@contextmanager
def opened_office(database_url: str) -> Iterator[Office]:
    """An office at rest."""
    world = make_world(database_url)
    stage = Stage(installed(), clock=world.clock)
    settings = SlackSettings(BOT_TOKEN, SECRET, APP_TOKEN, f"{stage.url}/api/", timedelta(seconds=30))
    slack = notifier(settings, world.store, world.ctx.config)
    world = replace(world, reconciler=Reconciler(world.ctx, slack, workers=0))
    yield Office(stage, world, slack)
    stage.stop()
    world.store.close()
