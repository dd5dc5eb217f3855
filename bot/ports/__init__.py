"""The interfaces that the use cases need from the outside."""

from bot.ports.azure import (
    Azure,
    Clusters,
    ObservedTarget,
    Operation,
    Operations,
    OperationState,
    RuleTarget,
    Targets,
)
from bot.ports.context import BOT, Caller, Clock, Context, Directory, NoResolver, Pace, Resolver, UnitOfWork
from bot.ports.notice_events import ChannelEvent, NoticeEvent
from bot.ports.notices import Notice, NoticeKind, Notifier, Outbox, Pause
from bot.ports.recent import KnownRules, RecentRules
from bot.ports.records import AllowanceFilter, Allowances, AuditLog, ListFilter, Place, Placed, Scales
from bot.ports.snapshots import Reading, Snapshots
from bot.ports.store import Store, Transaction
from bot.ports.work import Claim, Finish, Work, WorkState

__all__ = [
    "BOT",
    "AllowanceFilter",
    "Allowances",
    "AuditLog",
    "Azure",
    "Caller",
    "ChannelEvent",
    "Claim",
    "Clock",
    "Clusters",
    "Context",
    "Directory",
    "Finish",
    "KnownRules",
    "ListFilter",
    "NoResolver",
    "Notice",
    "NoticeEvent",
    "NoticeKind",
    "Notifier",
    "ObservedTarget",
    "Operation",
    "OperationState",
    "Operations",
    "Outbox",
    "Pace",
    "Pause",
    "Place",
    "Placed",
    "Reading",
    "RecentRules",
    "Resolver",
    "RuleTarget",
    "Scales",
    "Snapshots",
    "Store",
    "Targets",
    "Transaction",
    "UnitOfWork",
    "Work",
    "WorkState",
]
