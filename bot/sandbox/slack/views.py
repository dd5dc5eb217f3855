"""Modals on their stacks and the Home tab of every person.

Sources (read 2026-11): https://docs.slack.dev/reference/methods/views.open,
https://docs.slack.dev/reference/methods/views.update, https://docs.slack.dev/surfaces/modals.
"""

from dataclasses import dataclass, field, replace
from typing import Any

from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.inputs import State, initial_state, kept_state
from bot.sandbox.slack.installation import APP_ID, BOT_ID, TEAM_ID
from bot.sandbox.slack.ledger import Ledger
from bot.sandbox.slack.stamps import Stamps, with_ids

STACK_MOST = 3
"""Modals on one stack."""


@dataclass(frozen=True, slots=True)
class View:
    """A view as it is now.

    Args:
        body: What the bot sent, with block ids added.
        errors: Field errors that the person sees, by block id.
    """

    id: str
    user: str
    body: dict[str, Any]
    hash: str
    root: str
    previous: str | None = None
    state: State = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def blocks(self) -> list[dict[str, Any]]:
        """The view's blocks."""
        blocks: list[dict[str, Any]] = self.body["blocks"]
        return blocks

    def wire(self) -> dict[str, Any]:
        """As the Web API and payloads carry it."""
        return {
            "id": self.id,
            "team_id": TEAM_ID,
            "type": self.body["type"],
            "blocks": self.blocks,
            "private_metadata": self.body.get("private_metadata") or "",
            "callback_id": self.body.get("callback_id") or "",
            "state": {"values": self.state},
            "hash": self.hash,
            "title": self.body.get("title") or {"type": "plain_text", "text": "View Title", "emoji": True},
            "clear_on_close": self.body.get("clear_on_close", False),
            "notify_on_close": self.body.get("notify_on_close", False),
            "close": self.body.get("close"),
            "submit": self.body.get("submit"),
            "previous_view_id": self.previous,
            "root_view_id": self.root,
            "app_id": APP_ID,
            "external_id": self.body.get("external_id") or "",
            "app_installed_team_id": TEAM_ID,
            "bot_id": BOT_ID,
        }

    def shown(self) -> dict[str, Any]:
        """As ``GET /_sandbox/slack`` shows it: the wire's view and the errors that the person sees."""
        return {**self.wire(), "errors": self.errors}


class Views:
    """Open modals by person, the top one last, and Home tabs.

    Args:
        journal: Keeps both.
    """

    def __init__(self, journal: Ledger, stamps: Stamps) -> None:
        self._journal = journal
        self._stamps = stamps
        self.stacks: dict[str, list[View]] = {
            user: [View(**view) for view in body] for user, body in journal.load("slack.views").items()
        }
        self.home: dict[str, View] = {user: View(**body) for user, body in journal.load("slack.home").items()}

    def stack(self, user: str) -> list[View]:
        """The open modals of a person."""
        return self.stacks.get(user, [])

    def top(self, user: str) -> View | None:
        """The modal that a person sees."""
        return self.stack(user)[-1] if self.stack(user) else None

    def open(self, user: str, body: dict[str, Any]) -> View:
        """Show a first modal; whatever was open is gone."""
        self._check_external_id(body)
        view = self._new(user, body, root=None, previous=None)
        self._keep(user, [view])
        return view

    def push(self, user: str, body: dict[str, Any]) -> View:
        """Show a modal above the open ones, else ``push_limit_reached``."""
        stack = self.stack(user)
        if len(stack) >= STACK_MOST:
            raise SlackError("push_limit_reached")
        self._check_external_id(body)
        view = self._new(user, body, root=stack[0].id, previous=stack[-1].id)
        self._keep(user, [*stack, view])
        return view

    def update(self, view: View, body: dict[str, Any], seen_hash: str | None = None) -> View:
        """Replace what a view shows; a stale hash gives ``hash_conflict``."""
        if seen_hash is not None and seen_hash != view.hash:
            raise SlackError("hash_conflict")
        self._check_external_id(body, but=view.id)
        named = {**body, "blocks": with_ids(body["blocks"], self._stamps)}
        state = kept_state(named["blocks"], view.state)
        return self.replace(replace(view, body=named, hash=self._hash(), state=state, errors={}))

    def publish(self, user: str, body: dict[str, Any], seen_hash: str | None = None) -> View:
        """Replace a person's Home tab."""
        before = self.home.get(user)
        if before is not None:
            return self.update(before, body, seen_hash)
        return self.replace(self._new(user, body, root=None, previous=None))

    def find(self, view_id: str | None, external_id: str | None) -> View:
        """An open view by its id or external id, else ``not_found``."""
        for view in [*(view for stack in self.stacks.values() for view in stack), *self.home.values()]:
            if view.id == view_id or (external_id and view.body.get("external_id") == external_id):
                return view
        raise SlackError("not_found")

    def replace(self, view: View) -> View:
        """Keep a changed view in the place of the one with its id."""
        if view.body["type"] == "home":
            self.home[view.user] = view
            self._journal.put("slack.home", view.user, view)
        else:
            self._keep(view.user, [view if old.id == view.id else old for old in self.stack(view.user)])
        return view

    def pop(self, view: View) -> None:
        """Close a modal and those above it."""
        ids = [item.id for item in self.stack(view.user)]
        if view.id in ids:
            self._keep(view.user, self.stack(view.user)[: ids.index(view.id)])

    def clear(self, user: str) -> None:
        """Close all modals of a person."""
        self._keep(user, [])

    def _new(self, user: str, body: dict[str, Any], *, root: str | None, previous: str | None) -> View:
        named = {**body, "blocks": with_ids(body["blocks"], self._stamps)}
        view_id = self._stamps.id("V")
        state = initial_state(named["blocks"])
        return View(view_id, user, named, self._hash(), root or view_id, previous, state)

    def _hash(self) -> str:
        return f"{self._stamps.ts().split('.')[0]}.{self._stamps.short()}"

    def _check_external_id(self, body: dict[str, Any], but: str | None = None) -> None:
        wanted = body.get("external_id")
        for stack in self.stacks.values() if wanted else ():
            if any(view.body.get("external_id") == wanted and view.id != but for view in stack):
                raise SlackError("duplicate_external_id")

    def _keep(self, user: str, stack: list[View]) -> None:
        self.stacks[user] = stack
        self._journal.put("slack.views", user, stack)
