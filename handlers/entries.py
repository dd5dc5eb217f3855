"""One line of the table of entry points."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.domain.people import Role
from bot.errors import EgressError, NotPermitted
from bot.ports import Context
from handlers.calls import Call, CallKind
from handlers.replies import Reply

Listener = Callable[[Context, Call], Reply | tuple[Reply, ...]]
"""The signature of a listener."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the table: the incoming call, and the listener that answers it.

    Args:
        kind: Through what.
        name: The subcommand, action id, callback id or event.
        listener: Who answers.
        is_late: After the ack, because it reads Azure.
        check: Of a late modal, what is refused before the ack, at its fields, without reading Azure; answers nothing.
        act: What it does, for the audit log when it is refused; empty for what changes nothing.
        field: The field of its modal at which an error without a field of its own is shown.
        usage: The words that follow a subcommand.
        help: The purpose of a subcommand, in a few words.
        roles: Those who need a subcommand; everybody where there are none.
    """

    kind: CallKind
    name: str
    listener: Listener
    is_late: bool = False
    check: Listener | None = None
    act: str = ""
    field: str = "reason"
    usage: str = ""
    help: str = ""
    roles: frozenset[Role] = frozenset()

    def tried(self, error: EgressError) -> str:
        """The act for the audit log. Whoever was not permitted something is on record, also if it changes nothing."""
        return self.act or (self.name if isinstance(error, NotPermitted) else "")
