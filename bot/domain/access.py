"""Authorisation: pure decisions from the configuration, the person and the subject."""

from collections.abc import Sequence

from bot.domain.approval import Approval, Quorum, Verdict
from bot.domain.configuration import Configuration
from bot.domain.egress import ClusterRef
from bot.domain.people import AccountStatus, Identity, Person, Role, Unread
from bot.errors import InvalidInput, MembershipUnknown, NotPermitted, UserError

EVERYONE = "everyone"
"""The word in the configuration that lets each member of the workspace in."""

UNKNOWN_ENVIRONMENT = "unknown"

TRUSTED = frozenset({Role.APPROVER, Role.AUDITOR, Role.OPERATOR})
"""Roles that see every cluster."""


def environment_of(config: Configuration, ref: ClusterRef) -> str:
    """The environment of a cluster: a word of the configuration, or the value of the tag it names."""
    scope = config.scope_of(ref.name, ref.id)
    if scope is None:
        return UNKNOWN_ENVIRONMENT
    kind, _, tag = scope.environment.partition(":")
    return (ref.tag(tag) or UNKNOWN_ENVIRONMENT).lower() if kind == "tag" else scope.environment.lower()


def may_see(config: Configuration, person: Person, ref: ClusterRef) -> bool:
    """Whether a person may see a cluster and ask for it; approvers, auditors and operators may see each one."""
    if person.identity.team != config.team or person.standing is AccountStatus.DEACTIVATED:
        return False
    scope = config.scope_of(ref.name, ref.id)
    if scope is None:
        return False
    is_trusted = bool(person.roles & TRUSTED)
    return is_trusted or EVERYONE in scope.developers or bool(person.groups & set(scope.developers))


def unread_for_seeing(config: Configuration, person: Person, ref: ClusterRef) -> tuple[Unread, ...]:
    """The groups that could not be read and would let a person see a cluster that they do not see now."""
    scope = config.scope_of(ref.name, ref.id)
    if scope is None or person.identity.team != config.team or may_see(config, person, ref):
        return ()
    return tuple(one for one in person.unread if one.roles & TRUSTED or one.group in scope.developers)


def require_seeing(config: Configuration, person: Person, ref: ClusterRef, unseen: UserError) -> None:
    """Refuse who may not see a cluster.

    Args:
        config: The configuration.
        person: Who asks.
        ref: The cluster; its id and name decide.
        unseen: What is raised then.

    Raises:
        UserError: The given one.
        MembershipUnknown: Slack could not be asked.
    """
    if not may_see(config, person, ref):
        require_read(unread_for_seeing(config, person, ref))
        raise unseen


def groups_for_seeing(config: Configuration, ref: ClusterRef) -> tuple[str, ...]:
    """The configured groups that may let somebody see a cluster; none where everyone may, or nobody."""
    scope = config.scope_of(ref.name, ref.id)
    if scope is None or EVERYONE in scope.developers:
        return ()
    return tuple(name for name, one in config.groups.items() if name in scope.developers or one.roles & TRUSTED)


def require_member(config: Configuration, identity: Identity) -> None:
    """Refuse people of other workspaces, and nobodies.

    Raises:
        NotPermitted: If the team or the user is missing or another one.
    """
    if not identity.user or identity.team != config.team:
        raise NotPermitted("This bot belongs to another Slack workspace. Ask in your own.")


def require_other(identity: Identity, *askers: Identity | None) -> None:
    """Refuse the requester, and the person who filed the request for someone else.

    Raises:
        NotPermitted: They did.
    """
    if identity in askers:
        raise NotPermitted("You cannot decide your own request. Another approver must decide it.")


def require_approver(verdict: Verdict, person: Person, requester: Identity) -> None:
    """Refuse people who may not decide this.

    Raises:
        NotPermitted: The requester, or somebody outside the groups that the approval policy asks, or a guest.
        MembershipUnknown: Slack could not be asked.
    """
    require_other(person.identity, requester)
    _refuse_guest(person)
    if not any(_counts(quorum, person) for quorum in verdict.asks):
        require_read(person.unread_among(verdict.approvers))
        named = (*verdict.approvers, *(f"<@{user}>" for user in verdict.people))
        asked = " or ".join(named) or "nobody (no approver group is configured)"
        those = "in that group" if len(named) < 2 and not verdict.people else "among them"
        raise NotPermitted(f"Only {asked} can decide this, and you are not {those}. Nothing was changed.")
    # An approval counts for every quorum whose groups the person is in, so each has to be known.
    for quorum in verdict.asks:
        if not _counts(quorum, person):
            require_read(person.unread_among(quorum.groups))
    _require_asked(person)


def require_ender(person: Person, *owners: Identity) -> None:
    """Refuse people who may not revoke this: neither the requester or owner nor an approver.

    Raises:
        NotPermitted: With who may.
        MembershipUnknown: Slack could not be asked.
    """
    if person.identity in owners:
        return
    _require_approving(person, "Only the requester and approvers can revoke an allowance. Nothing was changed.")


def require_answerer(person: Person) -> None:
    """Refuse people who may not answer for somebody else's allowance in a review.

    Raises:
        NotPermitted: With who may.
        MembershipUnknown: Slack could not be asked.
    """
    _require_approving(person, "Only its owner and approvers can answer this. Nothing was changed.")


def _require_approving(person: Person, otherwise: str) -> None:
    _refuse_guest(person)
    if not person.has_role(Role.APPROVER):
        require_read(person.unread_for(Role.APPROVER))
        raise NotPermitted(otherwise)
    _require_asked(person)


def may_file_for_others(config: Configuration, person: Person) -> bool:
    """Whether a person may file for somebody else. It is for what is offered; ``require_filer`` is what holds."""
    return person.standing is AccountStatus.ACTIVE and not person.groups.isdisjoint(config.policy.on_behalf)


def require_filer(config: Configuration, person: Person) -> None:
    """Refuse people who may not file for somebody else.

    Raises:
        NotPermitted: With who may.
        MembershipUnknown: Slack could not be asked.
    """
    _refuse_guest(person)
    allowed = config.policy.on_behalf
    if person.groups.isdisjoint(allowed):
        require_read(person.unread_among(allowed))
        named = " or ".join(allowed) or "nobody (approval.on_behalf names no group)"
        raise NotPermitted(f"Only {named} can request for somebody else. Nothing was filed.")
    _require_asked(person)


def require_owner(person: Person) -> None:
    """Refuse an owner who could not have asked themselves.

    Raises:
        InvalidInput: A guest, a bot, or somebody whose account is deactivated.
        MembershipUnknown: Slack could not be asked.
    """
    who = f"<@{person.identity.user}>"
    if person.standing is AccountStatus.UNKNOWN:
        raise MembershipUnknown(
            f"Slack did not say whether {who} is a full member of the workspace. Nothing was filed."
        )
    if person.standing is not AccountStatus.ACTIVE:
        raise InvalidInput(
            f"Only a full member of the workspace can own an allowance; Slack reports {who} as: {person.standing}.",
            field="owner",
        )


REVIEWERS = frozenset({Role.AUDITOR, Role.OPERATOR})
"""The roles that export and verify the audit log, and start and sign off review campaigns."""


def require_auditor(person: Person) -> None:
    """Refuse people who may not export or verify the audit log.

    Raises:
        NotPermitted: With who may.
        MembershipUnknown: Slack could not be asked.
    """
    said = "Only auditors and operators can export and verify the audit log. `/egress audit` shows your own part of it."
    _require_one_of(REVIEWERS, person, said)


def reads_everything(person: Person) -> bool:
    """Whether a person reads the whole audit log; everybody else reads of their own requests and acts.

    Raises:
        NotPermitted: Guests, bots and deactivated accounts with a role.
        MembershipUnknown: Slack could not be asked whether they do.
    """
    if not person.roles & TRUSTED:
        require_read(person.unread_for(*TRUSTED))
        return False
    _refuse_guest(person)
    _require_asked(person)
    return True


def require_reviewer(person: Person) -> None:
    """Refuse people who may not start or sign off a review campaign.

    Raises:
        NotPermitted: With who may.
        MembershipUnknown: Slack could not be asked.
    """
    said = "Only auditors and operators can start and sign off reviews. `/egress review` lists those you can see."
    _require_one_of(REVIEWERS, person, said)


def groups_of_probers(config: Configuration) -> tuple[str, ...]:
    """The configured groups whose members may run a probe; those that give the approver role where none is named."""
    return config.probe.groups or tuple(name for name, one in config.groups.items() if Role.APPROVER in one.roles)


def require_prober(config: Configuration, person: Person) -> None:
    """Refuse people who may not run a probe inside a cluster.

    Raises:
        NotPermitted: With who may.
        MembershipUnknown: Slack could not be asked.
    """
    _refuse_guest(person)
    allowed = groups_of_probers(config)
    if person.groups.isdisjoint(allowed):
        require_read(person.unread_among(allowed))
        named = " or ".join(allowed) or "nobody (probe.groups names no group)"
        raise NotPermitted(f"Only {named} can run a probe inside a cluster. Nothing was run.")
    _require_asked(person)


PARTNER_KEEPERS = frozenset({Role.APPROVER, Role.OPERATOR})
"""The roles that add and remove partners."""


def require_partner_keeper(person: Person) -> None:
    """Refuse people who may not say who depends on a cluster's outbound IPs.

    Raises:
        NotPermitted: With who may.
        MembershipUnknown: Slack could not be asked.
    """
    _require_one_of(PARTNER_KEEPERS, person, "Only approvers and operators can add and remove partners.")


def _require_one_of(roles: frozenset[Role], person: Person, otherwise: str) -> None:
    _refuse_guest(person)
    if not person.roles & roles:
        require_read(person.unread_for(*roles))
        raise NotPermitted(otherwise)
    _require_asked(person)


def may_decide(verdict: Verdict, person: Person, requester: Identity, approvals: tuple[Approval, ...] = ()) -> bool:
    """Whether this waits for a person: they or one of their groups are asked now, and they have not approved.

    It is for what is offered; ``require_approver`` is what holds.
    """
    if not is_asked(verdict, person) or person.identity in (requester, *(approval.by for approval in approvals)):
        return False  # most of what a Home tab looks through ends here
    return any(_counts(one, person) for one in verdict.current(approvals))


def is_asked(verdict: Verdict, person: Person) -> bool:
    """Whether a person is among those who decide this, now or in another stage: they may read it, too."""
    is_member = person.standing in (AccountStatus.ACTIVE, AccountStatus.UNKNOWN)
    return is_member and any(_counts(one, person) for one in verdict.asks)


def _counts(quorum: Quorum, person: Person) -> bool:
    return quorum.seat(person.identity.user, person.groups, person.stands_for) is not None


def membership_unknown(unread: Sequence[Unread]) -> MembershipUnknown:
    """The error that says which groups could not be read, and why: neither a yes nor a no.

    Args:
        unread: At least one.
    """
    names = " and ".join(one.group for one in unread)
    waits = [one.retry_after for one in unread if one.retry_after]
    return MembershipUnknown(
        f"Could not check whether you belong to {names}: {unread[0].why} Nothing was decided or changed.",
        retry_after=max(waits, default=None),
    )


def require_read(unread: Sequence[Unread]) -> None:
    """Refuse to take groups that could not be read for groups that somebody is not in.

    Raises:
        MembershipUnknown: If there is any.
    """
    if unread:
        raise membership_unknown(unread)


def _refuse_guest(person: Person) -> None:
    """Guests, bots and deactivated accounts decide nothing, whatever group they are in."""
    if person.standing not in (AccountStatus.ACTIVE, AccountStatus.UNKNOWN):
        raise NotPermitted(
            f"Only full members of the workspace can do this; Slack reports your account as: {person.standing}. "
            "Nothing was changed."
        )


def _require_asked(person: Person) -> None:
    """People listed by id in the configuration may act while Slack is down: an operator named them."""
    if person.standing is AccountStatus.UNKNOWN and not person.named:
        raise MembershipUnknown(
            "Slack did not say whether you are a full member of the workspace. Nothing was decided or changed."
        )
