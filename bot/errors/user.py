"""Errors that the person who asked can put right."""

from bot.errors.base import EgressError


class UserError(EgressError):
    """The person who asked can put it right."""


class InvalidInput(UserError):
    """A value that a person typed cannot be used.

    Args:
        message: What was wrong and what would be right.
        field: The name of the form field or option it belongs to, if any.
    """

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class InvalidFqdn(InvalidInput):
    """A destination that Azure Firewall would not accept, or would read more widely than it looks.

    Args:
        message: What was wrong.
        suggestion: The corrected form, where one exists.
    """

    def __init__(self, message: str, *, suggestion: str | None = None) -> None:
        super().__init__(message, field="destinations")
        self.suggestion = suggestion


class UnknownCommand(UserError):
    """No such subcommand."""


class UnknownCluster(UserError):
    """No cluster of that name that this person may see."""


class AmbiguousCluster(UserError):
    """Several clusters have that name; the message offers their full ids."""


class UnknownAllowance(UserError):
    """No allowance with that id."""


class UnknownScale(UserError):
    """No scale proposal with that id."""


class UnknownReview(UserError):
    """No review campaign with that id that this person may see."""


class NotPermitted(UserError):
    """This person may not do this; the attempt is audited."""


class AlreadyDecided(UserError):
    """Somebody was faster; the message says who, what and when."""


class AlreadyAllowed(UserError):
    """The firewall allows it already; nothing is filed.

    Args:
        message: By what it is allowed, until when and by whom it was asked.
        allowances: Ids of the allowances that allow it: those that could be renewed.
    """

    def __init__(self, message: str, *, allowances: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.allowances = allowances


class AlreadyRequested(UserError):
    """The same request is already open; the message names it, and the caller will be told of its outcome.

    Args:
        message: Who asked for it and how long it waits.
        allowance: Its id.
    """

    def __init__(self, message: str, *, allowance: str = "") -> None:
        super().__init__(message)
        self.allowance = allowance


class CannotTakeEffect(UserError):
    """An allowance would have no effect: the message names the rule that takes precedence."""


class NotScalable(UserError):
    """Azure would not take such a change of the cluster's outbound settings; the message says why."""


class RequestRefused(UserError):
    """The approval policy refuses this request; the message names the policy rule."""


class NotAuthenticated(UserError):
    """A call of the API proves nobody: without a token, or with one that is unknown, revoked or expired."""


class UnknownWebhook(UserError):
    """A webhook that something is owed to is no longer configured."""


class ConfirmationNeeded(UserError):
    """An approval waits until whoever gives it has signed in at the identity provider; nothing was approved yet.

    Args:
        message: With the link to follow, once there is one.
        subject: Id of what would be approved.
        digest: Of exactly what would be approved.
    """

    def __init__(self, message: str, *, subject: str, digest: str) -> None:
        super().__init__(message)
        self.subject = subject
        self.digest = digest


class NotConfirmed(UserError):
    """Signing in at the identity provider did not prove that it is the person who approves; nothing was approved."""


class LinkUsed(UserError):
    """A link to confirm an approval was used before: what became of it then stands, and nothing is done now."""
