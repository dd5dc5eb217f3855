"""Background work, as a row that anybody may claim."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from bot.domain.audit import Event
from bot.domain.work import WorkKind
from bot.domain.writer_state import WriterState
from bot.errors import UnreadableState


@dataclass(frozen=True, slots=True)
class Claim:
    """A lease on one piece of work.

    Args:
        key: ``rules:…``, ``scale:…``, or only a kind of work, such as ``notices``.
        owner: Who holds it.
        token: The fencing token: every write of this holder names it.
        wanted: The generation that this run serves.
        failures: How many runs in a row have failed.
        state: What earlier runs left, or why it cannot be read.
    """

    key: str
    owner: str
    token: int
    wanted: int
    failures: int
    state: WriterState | UnreadableState

    @property
    def kind(self) -> WorkKind:
        """The prefix of the key."""
        return WorkKind(self.key.partition(":")[0])


@dataclass(frozen=True, slots=True)
class WorkState:
    """The state of a piece of work, for readers.

    Args:
        due_in: When it runs next, negative where it is late; None for not at all.
        state: What earlier runs left, or why it cannot be read.
    """

    due_in: timedelta | None
    state: WriterState | UnreadableState


@dataclass(frozen=True, slots=True)
class Finish:
    """How a run ends.

    Args:
        due_in: When to run again even if nobody asks; None for never.
        is_done: Whether the generation was served; if not, nothing brings ``due_in`` forward.
        failures: Failures in a row so far.
        state: What the next run must know; None leaves what is stored as it is, because it could not be read.
        events: Recorded together with it.
    """

    due_in: timedelta | None
    is_done: bool = True
    failures: int = 0
    state: WriterState | None = field(default_factory=WriterState)
    events: tuple[Event, ...] = ()


class Work(Protocol):
    """Work rows, in the caller's transaction."""

    def forget_writers(self) -> None:
        """Forget what was written to Azure and what goes on there: the database came from a backup."""
        ...

    def wake(self, key: str, *, within: timedelta) -> None:
        """Ask for one more run, at the latest ``within`` from now; never later than what is due already.

        A round that ended undone comes back when it said it would, not earlier: that is a wait that Azure asked for.
        """
        ...

    def schedule(self, key: str, *, within: timedelta) -> None:
        """Have it run at the latest ``within`` from now, without anything being asked for."""
        ...

    def peek(self, key: str) -> WorkState | None:
        """The state of a piece of work; None if it was never requested."""
        ...

    def keys(self, kind: WorkKind) -> list[str]:
        """The keys of all work of a kind that was ever asked for, sorted."""
        ...

    def hold(self, claim: Claim, *, lease: timedelta) -> None:
        """Prove and prolong a lease; raises ``LeaseLost``."""
        ...

    def remember(self, claim: Claim, state: WriterState) -> None:
        """Keep what the next run must know, whoever runs it; raises ``LeaseLost``."""
        ...

    def finish(self, claim: Claim, end: Finish) -> None:
        """Give a lease back; raises ``LeaseLost``."""
        ...
