"""People act, in a process that may die in the middle: each act leaves exactly its events, or nothing."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import ClassVar, TypeVar

from bot.domain.allowance import Allowance, Status, status
from bot.domain.audit import Action, Event
from bot.errors import AlreadyRequested, Defect, EgressError
from bot.ports import Caller, Context
from tests.histories.failing import Failing
from tests.histories.mortal import Fuse, Killed, MortalStore

Made = TypeVar("Made")
Events = tuple[Action, ...]

AT_CLICK = frozenset(
    {Action.ALLOWANCE_CLOSE, Action.ALLOWANCE_CHANGE, Action.ALLOWANCE_ESCALATE, Action.ALLOWANCE_APPROVE}
)
"""What the bot itself puts on record before somebody's decision counts: the policy and the people are those of now."""


class Acting(Failing):
    """A machine in which people act; the next act dies where ``dies_after`` says, in boundaries of transactions.

    Attributes:
        done: How often each action was put on record by a person, in all histories of this run.
    """

    done: ClassVar[dict[str, int]] = {}
    killed: ClassVar[int] = 0
    dies_after: int | None = None

    def act(
        self, who: Caller, do: Callable[[Context], Made], *expected: Events, is_decision: bool = False
    ) -> Made | None:
        """Let somebody do something.

        Args:
            who: The person.
            do: What they do, with the context of the process that it happens in.
            expected: The events that it may leave, each in order: none or exactly one of these.
            is_decision: Whether the bot looks at the request again first.

        Returns:
            What came of it; None where it was refused, or the process died.
        """
        self.witness.look()
        before = {row.id: row.version for row in self.witness.rows.values()}
        made, error, is_dead = self._attempt(do)
        new = self.witness.look()
        allowed = [(), (Action.ALLOWANCE_FOLLOW,)] if isinstance(error, AlreadyRequested) else [()]
        allowed = [*allowed, *expected, (Action.ALLOWANCE_FOLLOW,)] if is_dead else allowed
        self._check(who, new, allowed if error or is_dead else list(expected), is_decision=is_decision)
        changed = {row.id for row in self.witness.rows.values() if before.get(row.id) != row.version}
        assert changed <= {event.subject for event in new}, f"Changed without an event: {changed}."
        return made

    def _attempt(self, do: Callable[[Context], Made]) -> tuple[Made | None, EgressError | None, bool]:
        fuse, self.dies_after = Fuse(self.dies_after), None
        ctx = replace(self.stage.ctx, store=MortalStore(self.store, fuse))
        try:
            return do(ctx), None, False
        except Killed:
            Acting.killed += 1
            return None, None, True
        except Defect:
            raise
        except EgressError as error:
            return None, error, False

    def _check(self, who: Caller, new: Sequence[Event], allowed: Sequence[Events], *, is_decision: bool) -> None:
        own = tuple(event.action for event in new if event.actor == who.identity)
        others = {event.action for event in new if event.actor != who.identity}
        assert own in allowed, f"{who.identity} left {own}, not one of {allowed}."
        assert others <= (AT_CLICK if is_decision else frozenset()), others
        for action in own:
            Acting.done[action] = Acting.done.get(action, 0) + 1

    def pick(self, number: int, *states: Status) -> Allowance | None:
        """One of the allowances in some states, the newest first; of all where there is none of these."""
        now = self.clock.now()
        rows = list(self.witness.rows.values())[::-1]
        wanted = [row for row in rows if status(row, now) in states] or rows
        return wanted[number % len(wanted)] if wanted else None
