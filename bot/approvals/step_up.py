"""Step-up: an approval that the policy wants confirmed becomes a link, and counts once its giver has signed in.

The decision waits in the database as it was made; it is carried out, with every check, once it comes with the
confirmation. Nothing is approved before that, and whatever goes wrong ends the link.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import urlsplit

from bot.auditing import Attempt, refuse_within
from bot.domain.approval import ApprovalRequest, Confirmation
from bot.domain.audit import Action, Event
from bot.domain.dates import time_text
from bot.domain.decision import Decision
from bot.domain.ids import canonical_id, is_scale_id
from bot.domain.people import Identity
from bot.domain.step_up import (
    EMAIL,
    VALID_FOR,
    Challenge,
    LinkKeys,
    SignIn,
    confirmation_of,
    require_person,
    require_strength,
)
from bot.errors import BadConfiguration, CommitUnknown, ConfirmationNeeded, Conflict, EgressError, UserError
from bot.ports import Caller, Context, Notice, NoticeEvent, NoticeKind, Transaction, UnitOfWork
from bot.ports.notices import ABOUT

VIA = "browser"
"""The channel of an act that was confirmed in the browser."""

ACT = "confirm"
"""What the audit log calls an attempt to confirm."""

NOTHING = "Nothing was approved. To approve, start again in Slack."
"""Said of a link that approved nothing."""

ENTROPY = 32
"""Random bytes of a ticket."""


@contextmanager
def confirmable(ctx: Context, caller: Caller, decision: Decision) -> Iterator[None]:
    """Whatever lacks nothing but a confirmation inside is kept, and refused with the link to confirm it.

    Raises:
        ConfirmationNeeded: With the link.
        BadConfiguration: A confirmation is wanted, and no identity provider is configured any more.
    """
    try:
        yield
    except ConfirmationNeeded as needed:
        raise _challenged(ctx, caller, decision, needed) from needed


def _challenged(ctx: Context, caller: Caller, decision: Decision, needed: ConfirmationNeeded) -> ConfirmationNeeded:
    provider, now, keys = ctx.config.step_up, ctx.clock.now(), LinkKeys(secrets.token_urlsafe(ENTROPY))
    if not provider.is_on:
        raise BadConfiguration("Approvals of this must be confirmed, but step_up.issuer is not set. Nothing was done.")
    kept = replace(decision, subject=canonical_id(decision.subject), seen=decision.seen or needed.digest)
    made = Challenge(keys.id, caller.identity, kept, now, now + VALID_FOR, caller.correlation)
    with ctx.store.write() as tx:
        tx.challenges.add(made)
        one, detail = _request_of(tx, kept.subject), (("digest", needed.digest),)
        UnitOfWork(ctx, tx, caller).audit(
            Event(
                now,
                Action.STEP_UP_ASK,
                caller.identity,
                caller.via,
                kept.subject,
                one.cluster_name.lower(),
                reason=decision.reason,
                policy_rule=one.verdict.step_up,
                detail=detail,
            )
        )
    host = urlsplit(provider.issuer or "").hostname
    link = f"<{provider.page(f'go/{keys.ticket}')}|Sign in at {host}>"
    said = (
        f"{link} to approve `{kept.subject}`. Nothing is approved yet. The link is for you alone and works once, until"
    )
    return ConfirmationNeeded(f"{said} {time_text(made.expires_at)}.", subject=needed.subject, digest=needed.digest)


def find_challenge(ctx: Context, challenge_id: str) -> Challenge | None:
    """The challenge of a link; None for one that was never made, or long ago."""
    with ctx.store.read() as tx:
        return tx.challenges.get(challenge_id)


def take(ctx: Context, challenge: Challenge) -> bool:
    """Use a link up; False where somebody else was faster."""
    with ctx.store.write() as tx:
        return tx.challenges.end(challenge.id, ctx.clock.now())


def confirm(ctx: Context, challenge: Challenge, found: SignIn) -> Confirmation:
    """The proof that a sign-in is that of whoever clicked.

    Raises:
        NotConfirmed: It is not, or not strong enough.
        MembershipUnknown: Slack could not be asked for their e-mail address.
        BadConfiguration: Slack may not be asked for it, or the configuration does not list them.
    """
    settings = ctx.config.step_up
    require_strength(settings, found)
    require_person(settings, found, settings.people.get(challenge.who.user) or _address(ctx, challenge.who))
    return confirmation_of(found, ctx.clock.now())


def _address(ctx: Context, who: Identity) -> str:
    """The e-mail address of somebody whom the configuration does not list, where people are compared by addresses."""
    if ctx.config.step_up.claim != EMAIL:
        raise BadConfiguration("You are not in step_up.people.")
    address = ctx.directory.email(who)
    if not address:
        raise BadConfiguration(
            "Slack does not show your e-mail address to the bot: it needs the scope users:read.email, or you an entry "
            "in step_up.people."
        )
    return address


def confirming(challenge: Challenge, reference: str) -> Caller:
    """Whoever confirms, as the caller of what follows."""
    return Caller(challenge.who, VIA, challenge.correlation or reference)


def give_up(ctx: Context, challenge: Challenge, error: EgressError, *, is_taken: bool) -> bool:
    """End a link that approved nothing, once: on record, and said to whoever clicked.

    Args:
        ctx: The context.
        challenge: The link's.
        error: What went wrong.
        is_taken: Whether the link was used up for this.

    Returns:
        False if the approval is recorded all the same: it went wrong afterwards, and nothing is said to be refused.
    """
    caller, subject = confirming(challenge, ""), challenge.decision.subject
    came_late = is_taken and not isinstance(error, UserError | Conflict)  # those refuse before anything is written
    with ctx.store.write() as tx:
        one = _request_of(tx, subject)
        if came_late and _is_recorded(tx, one, challenge):
            return False
        if not (tx.challenges.end(challenge.id, ctx.clock.now()) or is_taken):
            return True
        refuse_within(UnitOfWork(ctx, tx, caller), ACT, error, Attempt(subject))
        body = {"event": NoticeEvent.UNCONFIRMED, "what": f"{read_back(error)} {NOTHING}"}
        about = {ABOUT: " ".join(one.batch) if challenge.decision.is_together else one.id} if one.batch else {}
        tx.outbox.add(Notice(NoticeKind.DIRECT, one.card_id, challenge.who.user, {**body, **about}))
    return True


def read_back(error: EgressError) -> str:
    """What an error says once it is known that nothing was approved."""
    return "The connection to the database was lost." if isinstance(error, CommitUnknown) else error.sentence


def _is_recorded(tx: Transaction, one: ApprovalRequest, challenge: Challenge) -> bool:
    """Whether whoever got the link has given an approval since that is confirmed."""
    ids = one.batch if challenge.decision.is_together else (one.id,)
    given = (approval for each in ids for approval in _request_of(tx, each).approvals if approval.by == challenge.who)
    return any(each.confirmed is not None and each.at >= challenge.made_at for each in given)


def _request_of(tx: Transaction, subject: str) -> ApprovalRequest:
    """What an id names: an allowance or a scale proposal."""
    return tx.scales.get(subject) if is_scale_id(subject) else tx.allowances.get(subject)
