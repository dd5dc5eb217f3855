"""Who may read a request: whoever asked, whoever is asked, and everybody who may see its cluster."""

from bot.approvals.absences import standing_in
from bot.domain.access import is_asked, may_decide, require_seeing
from bot.domain.approval import ApprovalRequest
from bot.domain.egress import ref_from_id
from bot.domain.people import Person
from bot.errors import UserError
from bot.ports import Context


def require_reading(ctx: Context, who: Person, one: ApprovalRequest, unseen: UserError) -> None:
    """Refuse who may not read a request.

    Args:
        ctx: The context.
        who: Who wants to.
        one: The request.
        unseen: What is raised then.

    Raises:
        UserError: The given one.
        MembershipUnknown: Slack could not be asked.
    """
    if who.identity in one.askers or is_asked(one.verdict, standing_in(ctx, who)):
        return
    require_seeing(ctx.config, who, ref_from_id(one.cluster_id, one.cluster_name), unseen)


def waits_for(one: ApprovalRequest, who: Person) -> bool:
    """Whether a request waits for a person's decision; for what is offered."""
    return may_decide(one.verdict, who, one.requester, one.approvals) and who.identity not in one.askers
