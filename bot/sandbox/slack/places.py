"""Where somebody acts: a message or a view, found as that person sees it."""

from dataclasses import dataclass, replace
from typing import Any

from bot.sandbox.slack.directory import Channel, User
from bot.sandbox.slack.errors import Impossible, SlackError
from bot.sandbox.slack.inputs import State
from bot.sandbox.slack.messages import Message
from bot.sandbox.slack.payloads import Payload, Payloads
from bot.sandbox.slack.pressing import Press
from bot.sandbox.slack.views import View
from bot.sandbox.slack.workspace import SlackWorkspace


@dataclass(frozen=True, slots=True)
class Place:
    """A view or a message.

    Args:
        where: The view, or the message with its channel.
    """

    where: View | tuple[Message, Channel]

    @property
    def view_id(self) -> str | None:
        """The id of the view, if it is one."""
        return self.where.id if isinstance(self.where, View) else None

    @property
    def key(self) -> str:
        """Tells this place from all others."""
        return self.where.id if isinstance(self.where, View) else self.where[0].ts

    @property
    def blocks(self) -> list[dict[str, Any]]:
        """The blocks that are shown there."""
        return self.where.blocks if isinstance(self.where, View) else self.where[0].blocks

    @property
    def state(self) -> State:
        """The values that people put into the inputs there."""
        return self.where.state if isinstance(self.where, View) else self.where[0].state

    def payload(self, payloads: Payloads) -> Payload:
        """The part of an interaction that says where it happened."""
        return payloads.in_view(self.where) if isinstance(self.where, View) else payloads.in_message(*self.where)


class Places:
    """Finds places and keeps what is put into them.

    Args:
        workspace: Where they are.
    """

    def __init__(self, workspace: SlackWorkspace) -> None:
        self._slack = workspace

    def person(self, user_id: str) -> User:
        """Somebody who can act: the bot cannot, nor whoever was deactivated."""
        users = self._slack.directory.users
        user = users.get(user_id)
        if user is None or user.is_bot or user.deleted:
            people = ", ".join(user.id for user in users.values() if not (user.is_bot or user.deleted))
            raise Impossible(f"There is no person {user_id}; this workspace has {people}.")
        return user

    def member(self, user: User, channel_id: str) -> Channel:
        """A conversation that the person is in."""
        channel = self._slack.directory.channels.get(channel_id)
        if channel is None:
            raise Impossible(f"There is no channel {channel_id}; {', '.join(self._slack.directory.channels)} exist.")
        if user.id not in channel.members:
            raise Impossible(f"{user.id} is not in {channel.id}.")
        return channel

    def message(self, user: User, channel_id: str | None, ts: str) -> Place:
        """A message that the person sees."""
        channel = self.member(user, channel_id or "")
        try:
            message = self._slack.messages.get(channel.id, ts)
        except SlackError:
            raise Impossible(f"There is no message {ts} in {channel.id}.") from None
        if message.ephemeral_for not in {None, user.id}:
            raise Impossible(f"{user.id} does not see message {ts}: only {message.ephemeral_for} does.")
        return Place((message, channel))

    def modal(self, user: User, view_id: str) -> View:
        """The modal on top of the person's stack, if it is that one."""
        view = self._slack.views.top(user.id)
        if view is None or view.id != view_id:
            seen = f"sees {view.id}" if view else "has no modal open"
            raise Impossible(f"{user.id} cannot use modal {view_id}: {user.id} {seen}.")
        return view

    def pressed_in(self, user: User, press: Press) -> Place:
        """Return where the press happens."""
        if press.view_id is None:
            return self.message(user, press.channel, press.message_ts or "")
        home = self._slack.views.home.get(user.id)
        is_home = home is not None and home.id == press.view_id
        return Place(home if home is not None and is_home else self.modal(user, press.view_id))

    def put_state(self, place: Place, state: State) -> Place:
        """The same place with something else in its inputs."""
        with self._slack.lock:
            if isinstance(place.where, View):
                return Place(self._slack.views.replace(replace(place.where, state=state)))
            message, channel = place.where
            return Place((self._slack.messages.keep(replace(message, state=state)), channel))
