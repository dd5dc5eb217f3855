"""What the use cases need from the outside, and nothing of how it is done."""

from bot.ports.azure import Arm, ObservedTarget, Operation, OperationState
from bot.ports.context import Caller, Clock, Context, Desk, Directory, Pace
from bot.ports.notices import NOTICES, Notice, NoticeKind, Notifier, Outbox
from bot.ports.records import AllowanceFilter, Allowances, AuditLog, Scales, Snapshots
from bot.ports.store import Store, Transaction
from bot.ports.work import Claim, Finish, Work, WorkState

__all__ = [
    "NOTICES",
    "AllowanceFilter",
    "Allowances",
    "Arm",
    "AuditLog",
    "Caller",
    "Claim",
    "Clock",
    "Context",
    "Desk",
    "Directory",
    "Finish",
    "Notice",
    "NoticeKind",
    "Notifier",
    "ObservedTarget",
    "Operation",
    "OperationState",
    "Outbox",
    "Pace",
    "Scales",
    "Snapshots",
    "Store",
    "Transaction",
    "Work",
    "WorkState",
]
