"""Every error of the product, in five families by who must act.

::

    EgressError
    ├─ UserError        the person acts: the sentence says what was wrong and what would be right
    │  ├─ InvalidInput          ├─ InvalidFqdn
    │  ├─ UnknownCommand        ├─ UnknownCluster      ├─ AmbiguousCluster
    │  ├─ UnknownAllowance      ├─ UnknownScale        ├─ UnknownReview       ├─ NotPermitted
    │  ├─ AlreadyDecided        ├─ AlreadyAllowed      ├─ AlreadyRequested
    │  ├─ CannotTakeEffect      ├─ NotScalable         ├─ RequestRefused
    │  ├─ NotAuthenticated      ├─ UnknownWebhook      ├─ ConfirmationNeeded  ├─ NotConfirmed
    │  └─ LinkUsed
    ├─ Conflict         look again: what was seen is not what is there
    │  ├─ StaleVersion          ├─ StaleView
    │  ├─ StalePlan             └─ LeaseLost
    ├─ Unavailable      wait: ``retry_after`` says how long, if known
    │  ├─ ArmThrottled          ├─ ArmBusy             ├─ ArmUnreachable
    │  ├─ SlackThrottled        ├─ SlackUnreachable    ├─ MembershipUnknown
    │  ├─ StoreUnavailable      ├─ StoreBusy           ├─ CommitUnknown       ├─ TooManyCalls
    │  ├─ TooBusy               ├─ HookUnreachable     └─ IdentityProviderUnreachable
    ├─ Refused          an operator acts: a right, a limit or a setting is missing
    │  ├─ ArmForbidden          ├─ ArmNotFound         ├─ ArmRejected
    │  ├─ OperationFailed       ├─ UnsafePlan          ├─ SlackRefused
    │  ├─ BadConfiguration      ├─ HookRefused
    │  └─ ChainBroken
    └─ Defect           a developer acts: carries a reference id
       ├─ InvariantBroken       ├─ UnknownShape
       └─ UnreadableState

The message is a whole sentence in plain words: it is shown to people unchanged.
"""

from datetime import timedelta

from bot.errors.base import EgressError as EgressError
from bot.errors.user import AlreadyAllowed as AlreadyAllowed
from bot.errors.user import AlreadyDecided as AlreadyDecided
from bot.errors.user import AlreadyRequested as AlreadyRequested
from bot.errors.user import AmbiguousCluster as AmbiguousCluster
from bot.errors.user import CannotTakeEffect as CannotTakeEffect
from bot.errors.user import ConfirmationNeeded as ConfirmationNeeded
from bot.errors.user import InvalidFqdn as InvalidFqdn
from bot.errors.user import InvalidInput as InvalidInput
from bot.errors.user import LinkUsed as LinkUsed
from bot.errors.user import NotAuthenticated as NotAuthenticated
from bot.errors.user import NotConfirmed as NotConfirmed
from bot.errors.user import NotPermitted as NotPermitted
from bot.errors.user import NotScalable as NotScalable
from bot.errors.user import RequestRefused as RequestRefused
from bot.errors.user import UnknownAllowance as UnknownAllowance
from bot.errors.user import UnknownCluster as UnknownCluster
from bot.errors.user import UnknownCommand as UnknownCommand
from bot.errors.user import UnknownReview as UnknownReview
from bot.errors.user import UnknownScale as UnknownScale
from bot.errors.user import UnknownWebhook as UnknownWebhook
from bot.errors.user import UserError as UserError


class Conflict(EgressError):
    """The state changed after it was seen: look again."""


class StaleVersion(Conflict):
    """A row was changed by somebody else between reading and writing it."""


class StaleView(Conflict):
    """The card that was clicked shows something else than what is stored now."""


class StalePlan(Conflict):
    """The state that the plan was computed from has changed."""


class LeaseLost(Conflict):
    """Another replica has taken over this work: stop, write nothing more."""


class Unavailable(EgressError):
    """A system that we need does not answer now; waiting helps.

    Args:
        message: What is not available.
        retry_after: How long its owner asked us to wait, if it did.
    """

    def __init__(self, message: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ArmThrottled(Unavailable):
    """Azure answered 429."""


class ArmBusy(Unavailable):
    """Another operation runs on the resource (409 or a referenced resource that is being updated)."""


class ArmUnreachable(Unavailable):
    """No answer from Azure, or an answer 5xx. A write may or may not have landed."""


class RulesUnknown(Unavailable):
    """An answer depends on firewall rules that were not read recently."""


class SlackThrottled(Unavailable):
    """Slack answered 429.

    Args:
        message: What is not available.
        retry_after: How long Slack asked us to wait, if it did.
        method: The Web API method that is limited; empty if that is not known.
    """

    def __init__(self, message: str, *, retry_after: timedelta | None = None, method: str = "") -> None:
        super().__init__(message, retry_after=retry_after)
        self.method = method


class SlackUnreachable(Unavailable):
    """No answer from Slack, or an answer 5xx."""


class MembershipUnknown(Unavailable):
    """Slack could not be asked who somebody is: neither yes nor no; nothing was decided, and nothing was refused."""


class StoreUnavailable(Unavailable):
    """The database cannot be used now: full, read-only, away, starting. A state to be expected, not a defect.

    Args:
        message: A whole sentence, which says what became of the act.
        cause: What is wrong with the database, in words that fit behind “because”.
    """

    def __init__(self, message: str, *, cause: str = "it is not responding") -> None:
        super().__init__(message)
        self.cause = cause


class StoreBusy(StoreUnavailable):
    """The database did not answer within its bound; nothing was recorded."""


class CommitUnknown(StoreUnavailable):
    """The database did not say whether it recorded something; only who reads it back knows."""

    def __init__(self, *, cause: str) -> None:
        super().__init__(
            "The database did not confirm whether this was recorded. Check before you try again.", cause=cause
        )


class TooBusy(Unavailable):
    """More people act at this moment than can be answered in time; nothing was recorded."""


class TooManyCalls(Unavailable):
    """An API token has used up its calls for now."""


class IdentityProviderUnreachable(Unavailable):
    """No answer from the identity provider, or one that asks to try again later; nothing was approved."""


class HookUnreachable(Unavailable):
    """No answer from a webhook's receiver, or one that asks to try again later (408, 425, 429, 5xx)."""


class Refused(EgressError):
    """An operator must act: a permission, a limit or a setting prevents it.

    Args:
        message: What was refused.
        code: The vendor's own error code, where there is one.
    """

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code


class ArmForbidden(Refused):
    """The bot's identity lacks a permission in Azure."""


class ArmNotFound(Refused):
    """The resource does not exist in Azure."""


class ArmRejected(Refused):
    """Azure understood the request and will not do it."""


class OperationFailed(Refused):
    """A long-running operation ended as Failed or Canceled."""


class UnsafePlan(Refused):
    """Our own safety check refused a plan; the message has the numbers."""


class SlackRefused(Refused):
    """Slack understood the call and will not do it (scope, channel, payload).

    Args:
        message: What was refused.
        code: Slack's error code.
        method: The Web API method that was called; empty if that is not known.
    """

    def __init__(self, message: str, *, code: str | None = None, method: str = "") -> None:
        super().__init__(message, code=code)
        self.method = method


class BadConfiguration(Refused):
    """A setting or the configuration file is missing or wrong."""


class HookRefused(Refused):
    """A webhook's receiver does not take what is sent: its address or its secret is wrong."""


class ChainBroken(Refused):
    """The audit log is not what the bot wrote; ``seq`` is the number of the first event that does not verify."""

    def __init__(self, message: str, *, seq: int) -> None:
        super().__init__(message)
        self.seq = seq


class Defect(EgressError):
    """We were wrong; a developer must act."""


class InvariantBroken(Defect):
    """Something that must always hold does not."""


class UnknownShape(Defect):
    """A vendor's answer has a shape that we do not know."""


class UnreadableState(Defect):
    """The stored state of a piece of work cannot be read: a newer version wrote it, or it was damaged."""
