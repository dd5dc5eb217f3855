"""What may be decided together with others, in one act."""

from bot.domain.allowance import Allowance
from bot.domain.approval import ApprovalRequest
from bot.domain.risk import Level
from bot.errors import InvalidInput


def why_alone(request: ApprovalRequest) -> str:
    """Why a request is always decided by itself, as a clause; empty where it may be decided with others."""
    if not isinstance(request, Allowance):
        return "it changes outbound IPs"
    if request.verdict.step_up:
        return "approving it needs a sign-in"
    if request.risk.level.rank >= Level.HIGH.rank:
        return f"its risk is {request.risk.level}"
    return "several groups must approve it" if len(request.verdict.asks) > 1 else ""


def require_routine(request: ApprovalRequest) -> None:
    """Refuse to decide a request together with others that is always decided by itself.

    Raises:
        InvalidInput: With the reason.
    """
    why = why_alone(request)
    if why:
        raise InvalidInput(f"{request.id} must be decided by itself: {why}. Open its card to decide.")
