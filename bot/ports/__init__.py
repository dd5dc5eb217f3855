"""The interfaces that the use cases need from the outside."""

from bot.ports.azure import (
    Clusters,
    CommandState,
    ObservedTarget,
    Operation,
    OperationState,
    RuleTarget,
)
from bot.ports.context import BOT, Caller, Clock, Context, NoResolver, Pace, UnitOfWork
from bot.ports.firewall_logs import NoLogs
from bot.ports.notice_events import ChannelEvent, NoticeEvent, ProbeEvent, ReviewEvent, WatchEvent
from bot.ports.notices import Notice, NoticeKind, Notifier, Outbox, Pause
from bot.ports.recent import KnownRules, RecentRules
from bot.ports.records import AllowanceFilter, Allowances, ListFilter, Place, PlacedRow, Scales
from bot.ports.snapshots import FleetReading
from bot.ports.store import Store, Transaction
from bot.ports.work import Claim, Finish, WorkState

__all__ = [
    "BOT",
    "AllowanceFilter",
    "Allowances",
    "Caller",
    "ChannelEvent",
    "Claim",
    "Clock",
    "Clusters",
    "CommandState",
    "Context",
    "Finish",
    "FleetReading",
    "KnownRules",
    "ListFilter",
    "NoLogs",
    "NoResolver",
    "Notice",
    "NoticeEvent",
    "NoticeKind",
    "Notifier",
    "ObservedTarget",
    "Operation",
    "OperationState",
    "Outbox",
    "Pace",
    "Pause",
    "Place",
    "PlacedRow",
    "ProbeEvent",
    "RecentRules",
    "ReviewEvent",
    "RuleTarget",
    "Scales",
    "Store",
    "Transaction",
    "UnitOfWork",
    "WatchEvent",
    "WorkState",
]
