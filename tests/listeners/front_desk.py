"""The real boundary before a simulated workspace: what one act is answered, and what it changed."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from concurrent.futures import wait
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.request import Request

from slack_bolt import Ack, BoltResponse
from sqlalchemy import select

from bot.domain.allowance import Allowance
from bot.domain.audit import Action
from bot.ports import Caller
from bot.sandbox.slack import SlackWorkspace
from bot.store.schema import metadata
from handlers.boundary import Boundary
from handlers.entries import Entry
from handlers.replies import Message
from tests.blockkit import assert_valid
from tests.build import World, make_world
from tests.histories.mortal import Fuse
from tests.histories.slackwire import BASE, SlackWire, workspace_at
from tests.histories.town import Town, book_of, moved_in
from tests.listeners.payloads import Act, Json, payload

LOOKS = frozenset({Action.ACT_REFUSE, Action.AUDIT_READ, Action.AUDIT_EXPORT, Action.AUDIT_VERIFY})
"""What may be put on record although nothing was changed: a refusal, and reads of the audit log."""

KEPT = ("allowance", "scale", "campaign", "absence", "notice_level", "api_token", "notice", "saved_search", "probe")
"""The tables that hold what people decided, and what is owed to them."""


class Wire(SlackWire):
    """Slack's wire; what the bot says is kept, and has to be taken.

    Args:
        workspace: Who answers.
    """

    def __init__(self, workspace: SlackWorkspace) -> None:
        super().__init__(workspace, Fuse())
        self.said: list[tuple[str, Json]] = []

    def _perform_urllib_http_request_internal(self, url: str, req: Request) -> dict[str, Any]:
        answer = super()._perform_urllib_http_request_internal(url, req)
        raw = req.data if isinstance(req.data, bytes) else b"{}"
        is_json = "json" in req.headers.get("Content-type", "")
        self.said.append((url.removeprefix(BASE), json.loads(raw) if is_json else {}))
        assert json.loads(answer["body"])["ok"] or "expired" in answer["body"], f"{self.said[-1]}: {answer['body']}"
        return answer


class Acked(Ack):
    """Bolt's ack; what it is called with is kept."""

    def __init__(self) -> None:
        self.given: list[Json] = []

    def __call__(self, *_args: Any, **given: Any) -> BoltResponse:
        """Ack."""
        self.given.append(given)
        return BoltResponse(status=200)


@dataclass
class Answer:
    """What somebody reads after an act.

    Args:
        acks: What was acked, once.
        said: The calls of Slack's Web API that followed.
    """

    acks: list[Json]
    said: list[tuple[str, Json]]

    @property
    def text(self) -> str:
        """Everything in it, as one string."""
        return json.dumps([self.acks, self.said], ensure_ascii=False)


@dataclass
class Desk:
    """A world whose people come to its entries.

    Attributes:
        ready: Allowances that are live and that nothing was done with yet.
    """

    world: World
    town: Town
    wire: Wire
    boundary: Boundary
    workspace: SlackWorkspace
    ready: list[Allowance] = field(default_factory=list)

    def serve(self, entry: Entry, who: Caller, act: Act) -> Answer:
        """Let somebody do something, and wait for all of the answer; it is valid, clear, and nobody's mistake."""
        trigger = self.workspace.tickets.issue_trigger(who.identity.user)
        ack, begun = Acked(), len(self.wire.said)
        self.boundary.bolt_listener(entry)(ack, payload(entry, who, act, trigger))
        self._finish(f"{entry.name} is never answered.")
        answer = Answer(ack.given, self.wire.said[begun:])
        _check(answer, f"{entry.kind} {entry.name} {who.identity} {act}"[:600])
        return answer

    def _finish(self, otherwise: str) -> None:
        """Wait for what comes after the ack, and let nothing that went wrong in it pass."""
        ended = wait(set(self.boundary._under_way), timeout=60)
        assert not ended.not_done, otherwise
        for one in ended.done:
            one.result()

    def state(self) -> Mapping[str, str]:
        """What people decided, what is owed to them, and what is in Azure, each as a digest."""
        found = {"azure": _digest(self.world.arm.state()["resources"])}
        with self.world.store._engine.connect() as connection:
            for table in metadata.sorted_tables:
                if table.name in KEPT:
                    rows = connection.execute(select(table)).mappings()
                    found[table.name] = _digest(sorted(str(dict(row)) for row in rows))
        return found

    def recorded(self, after: int) -> list[str]:
        """The actions that were put on record after a number of events."""
        with self.world.store.read() as tx:
            return [str(one.event.action) for one in tx.audit.chain(after=after, limit=1_000)]

    def head(self) -> int:
        """How many events there are."""
        with self.world.store.read() as tx:
            return tx.audit.head()[0]


@contextmanager
def opened_desk(database_url: str) -> Iterator[Desk]:
    """A desk at rest, with everybody in town."""
    book = book_of(has_hours=False)
    world, town = make_world(database_url, book=book), Town(book)
    world = replace(world, ctx=replace(world.ctx, directory=town))
    world = replace(world, reconciler=type(world.reconciler)(world.ctx, world.said, workers=0))
    workspace = workspace_at(world.clock)
    moved_in(workspace)
    wire = Wire(workspace)
    boundary = Boundary(world.ctx, wire)
    yield Desk(world, town, wire, boundary, workspace)
    boundary.pool.shutdown()
    workspace.close()
    world.store.close()


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _check(answer: Answer, about: str) -> None:
    """One ack; every message, modal and Home tab is valid; nobody is sent to the operator."""
    assert len(answer.acks) == 1, about
    assert "reference " not in answer.text, f"{about}: {answer.text}"
    for given in [*answer.acks, *(body for _, body in answer.said)]:
        view = given.get("view")
        if view:
            assert_valid(view, view["type"])
        if given.get("text"):
            assert_valid(Message(given["text"], tuple(given.get("blocks") or ())), "message")
        for sentence in (given.get("errors") or {}).values():
            assert sentence.strip(), about
