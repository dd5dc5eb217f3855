"""The differences between the things that people decide on: allowances and scale proposals."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from bot.domain.allowance import Act
from bot.domain.approval import ApprovalRequest
from bot.domain.audit import Action
from bot.domain.decision import Decision
from bot.domain.egress import ClusterEgress
from bot.ports import Context, NoticeEvent, Transaction, UnitOfWork

One = TypeVar("One", bound=ApprovalRequest)


@dataclass(frozen=True, slots=True)
class Actions:
    """The audit action of each step; ``close``, when the bot ends it, comes with the event that people hear of."""

    approve: Action
    deny: Action
    grant: Action
    change: Action
    remind: Action
    ask: Action
    answer: Action
    escalate: Action
    lapse: Action
    close: tuple[Action, NoticeEvent]


@dataclass(frozen=True, slots=True)
class Narrowing(Generic[One]):
    """A request after an approver left something out.

    Args:
        request: What is approved.
        facts: What people hear about what was left out; empty where nothing was.
    """

    request: One
    facts: Mapping[str, str] = field(default_factory=dict)


class Rows(Protocol[One]):
    """Requests of one kind as rows."""

    def get(self, one_id: str, /) -> One:
        """One by id."""
        ...

    def save(self, one: One, /, *, is_open: bool) -> One:
        """Store a changed one under its next version; ``StaleVersion`` if somebody was faster."""
        ...


class Workflow(Protocol[One]):
    """One kind of request, as far as deciding it goes. Everything else about approvals is written once."""

    actions: Actions

    def rows(self, tx: Transaction, /) -> Rows[One]:
        """Where they are stored."""
        ...

    def is_open(self, one: One, now: datetime, /) -> bool:
        """Whether something may still happen to it."""
        ...

    def require_waiting(self, one: One, act: Act, now: datetime, /) -> None:
        """Refuse a decision on what is decided; ``AlreadyDecided`` says by whom."""
        ...

    def require_effect(self, ctx: Context, one: One, egress: ClusterEgress | None, /) -> None:
        """Refuse an approval of what would not do any more what was asked; None for a cluster that is gone."""
        ...

    def reassess(self, ctx: Context, one: One, egress: ClusterEgress | None, /) -> One:
        """The same by the approval policy and the cluster of now."""
        ...

    def close(self, one: One, why: str, now: datetime, /) -> One:
        """The same, ended by the bot."""
        ...

    def narrow(self, uow: UnitOfWork, one: One, decision: Decision, /) -> Narrowing[One]:
        """Apply what an approver left out."""
        ...

    def start(self, uow: UnitOfWork, one: One, /) -> None:
        """Wake whoever carries out what was approved."""
        ...

    def record(self, uow: UnitOfWork, one: One, action: Action, /, *, reason: str | None = None) -> None:
        """Append what happened to the audit log."""
        ...
