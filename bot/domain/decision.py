"""One answer of an approver."""

from dataclasses import dataclass
from datetime import timedelta

from bot.domain.allowance import Act
from bot.domain.approval import Confirmation
from bot.domain.fqdn import Destination
from bot.domain.snat import ScalePlan


@dataclass(frozen=True, slots=True)
class Decision:
    """One answer of an approver; what is stored while they sign in for it is read again by later versions.

    Args:
        subject: Id of the allowance or the scale proposal.
        is_approved: Yes or no.
        seen: The digest on the card that was clicked; None where the id was typed.
        reason: Why; a refusal needs one.
        destinations: Fewer or narrower ones, when approving less than was asked.
        duration: A shorter time, when approving less; only read together with ``destinations``.
        smaller: The plan of a smaller step, when approving less than was proposed.
        typed: The smaller number that the plan is made from, as it was typed; empty where none was.
        is_bulk: Whether it is one of several in one act, which is only for what is routine.
        is_together: Whether it is about everything that was filed together, under the id of the first.
        confirmed: The proof that the approver signed in for it.
    """

    subject: str
    is_approved: bool
    seen: str | None = None
    reason: str = ""
    destinations: tuple[Destination, ...] | None = None
    duration: timedelta | None = None
    smaller: ScalePlan | None = None
    typed: str = ""
    is_bulk: bool = False
    is_together: bool = False
    confirmed: Confirmation | None = None

    @property
    def act(self) -> Act:
        """The act that it is."""
        return Act.APPROVE if self.is_approved else Act.DENY
