"""The proof that whoever approves signed in as themselves, where the approval policy asks for it (step-up)."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.domain.approval.request import ApprovalRequest
from bot.domain.approval.verdict import Approval, Confirmation, Verdict
from bot.domain.people import Identity
from bot.errors import ConfirmationNeeded


def require_confirmed(request: ApprovalRequest, verdict: Verdict, confirmed: Confirmation | None) -> None:
    """Refuse an approval that the policy wants confirmed and that is not.

    Args:
        request: What was seen.
        verdict: Of what would be approved, which may be less.
        confirmed: The proof.

    Raises:
        ConfirmationNeeded: With what was seen; who asks for it adds the link.
    """
    if verdict.step_up and confirmed is None:
        raise ConfirmationNeeded(f"{request.id} needs a confirmation.", subject=request.id, digest=request.digest)


def still_confirmed(verdict: Verdict, given: Approval) -> bool:
    """Whether an approval counts under a verdict: one that was given before the policy asked for more does not."""
    return given.confirmed is not None or not verdict.step_up


def confirmation_facts(approvals: Sequence[Approval], actor: Identity) -> Mapping[str, str]:
    """What the audit log keeps of the confirmation of the approval that was just given; nothing where there is none."""
    last = approvals[-1] if approvals else None
    if last is None or last.by != actor or last.confirmed is None:
        return {}
    proof = last.confirmed
    signed_in = _text(proof.signed_in_at) if proof.signed_in_at else ""
    return {"issuer": proof.issuer, "sub": proof.subject, "acr": proof.acr, "auth_time": signed_in}


def _text(time: datetime) -> str:
    return time.isoformat(timespec="seconds")
