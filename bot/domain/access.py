"""Who may do what: pure answers from the rulebook, a person and what it is about."""

from bot.domain.approval import Approval, Verdict
from bot.domain.egress import ClusterRef
from bot.domain.people import Identity, Person, Role
from bot.domain.settings import Rulebook
from bot.errors import NotPermitted

EVERYONE = "everyone"
"""The word in the configuration that lets each member of the workspace in."""

UNKNOWN_ENVIRONMENT = "unknown"


def environment_of(rulebook: Rulebook, ref: ClusterRef) -> str:
    """The environment of a cluster: a word of the configuration, or the value of the tag it names."""
    scope = rulebook.scope_of(ref.name, ref.id)
    if scope is None:
        return UNKNOWN_ENVIRONMENT
    kind, _, tag = scope.environment.partition(":")
    return (ref.tag(tag) or UNKNOWN_ENVIRONMENT).lower() if kind == "tag" else scope.environment.lower()


def may_see(rulebook: Rulebook, person: Person, ref: ClusterRef) -> bool:
    """Whether a person may see a cluster and ask for it; approvers, auditors and operators may see each one."""
    if person.identity.team != rulebook.team:
        return False
    scope = rulebook.scope_of(ref.name, ref.id)
    if scope is None:
        return False
    is_trusted = bool(person.roles & {Role.APPROVER, Role.AUDITOR, Role.OPERATOR})
    return is_trusted or EVERYONE in scope.developers or bool(person.groups & set(scope.developers))


def require_member(rulebook: Rulebook, identity: Identity) -> None:
    """Refuse people of other workspaces, and nobodies.

    Raises:
        NotPermitted: If the team or the user is missing or another one.
    """
    if not identity.user or identity.team != rulebook.team:
        raise NotPermitted("This bot works for another Slack workspace; ask in yours.")


def require_approver(verdict: Verdict, person: Person, requester: Identity) -> None:
    """Refuse whoever may not decide this.

    Raises:
        NotPermitted: The requester, or somebody outside the groups that the approval policy asks.
    """
    if person.identity == requester:
        raise NotPermitted("Nobody decides their own request; somebody else of the approvers has to.")
    if not person.groups & set(verdict.approvers):
        asked = " or ".join(verdict.approvers) or "nobody: no approver group is configured"
        raise NotPermitted(f"Only {asked} may decide this; you are not in that group. Nothing was changed.")


def require_ender(person: Person, requester: Identity) -> None:
    """Refuse whoever may not revoke this: neither who asked for it nor an approver.

    Raises:
        NotPermitted: With who may.
    """
    if person.identity != requester and not person.has_role(Role.APPROVER):
        raise NotPermitted("Only who asked for it and approvers may revoke an allowance. Nothing was changed.")


def require_auditor(person: Person) -> None:
    """Refuse whoever may not read the audit log.

    Raises:
        NotPermitted: With who may.
    """
    if not person.roles & {Role.AUDITOR, Role.OPERATOR}:
        raise NotPermitted("Only auditors read the audit log. Your own requests: `/egress requests mine`.")


def may_decide(verdict: Verdict, person: Person, requester: Identity, approvals: tuple[Approval, ...] = ()) -> bool:
    """Whether this waits for a person: one of their groups is still missing, and not their own approval.

    It is for what is offered; ``require_approver`` is what holds.
    """
    has_spoken = person.identity in (requester, *(approval.by for approval in approvals))
    missing = {group for quorum in verdict.missing(approvals) for group in quorum.groups}
    return not has_spoken and bool(person.groups & missing)
