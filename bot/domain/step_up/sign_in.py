"""Whether a sign-in at the identity provider is that of the person who approves, and strong enough."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.approval import Confirmation
from bot.domain.duration import duration_text
from bot.domain.step_up.settings import EMAIL, StepUp
from bot.errors import NotConfirmed

LEEWAY = timedelta(seconds=60)
"""How far the identity provider's clock may be from ours."""

_SHOWN = 80
"""Characters of what a provider says that are repeated to people."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """What a verified ID token says.

    Args:
        issuer: ``iss``.
        subject: ``sub``.
        claims: All of its claims.
        at: When it was verified, by our clock.
        signed_in_at: ``auth_time``.
    """

    issuer: str
    subject: str
    claims: Mapping[str, object]
    at: datetime
    signed_in_at: datetime | None = None

    def text(self, claim: str) -> str:
        """A claim that is text; empty where it is missing or something else."""
        found = self.claims.get(claim)
        return found.strip() if isinstance(found, str) else ""


def require_strength(settings: StepUp, found: SignIn) -> None:
    """Refuse a sign-in that is too old, or of another kind than the configuration wants.

    Raises:
        NotConfirmed: With what is wanted.
    """
    if settings.max_age is not None:
        if found.signed_in_at is None:
            raise NotConfirmed("The identity provider did not say when you signed in (auth_time).")
        if not -LEEWAY <= found.at - found.signed_in_at <= settings.max_age + LEEWAY:
            raise NotConfirmed(f"You signed in too long ago; {duration_text(settings.max_age)} are allowed.")
    acr = found.text("acr")
    if settings.acr_values and acr not in settings.acr_values:
        wanted = " or ".join(settings.acr_values)
        raise NotConfirmed(f"You signed in with {acr[:_SHOWN] or 'an unnamed method'}, but {wanted} is required.")


def require_person(settings: StepUp, found: SignIn, expected: str) -> None:
    """Refuse a sign-in of somebody else.

    Args:
        settings: Which claim names the person.
        found: The sign-in.
        expected: What the claim must be.

    Raises:
        NotConfirmed: It is somebody else, or the provider does not say who, or has not checked it.
    """
    named = found.text(settings.claim)
    if not named:
        raise NotConfirmed(f"The identity provider did not say who you are (claim {settings.claim}).")
    if settings.claim == EMAIL and not _is_true(found.claims.get(settings.verified_claim)):
        raise NotConfirmed(
            f"The identity provider has not verified your e-mail address (claim {settings.verified_claim})."
        )
    if not _is_same(named, expected.strip()):
        raise NotConfirmed(f"You signed in as {named[:_SHOWN]}, but this link is for somebody else.")


def _is_same(named: str, expected: str) -> bool:
    """The case of an ASCII address means nothing; other letters may become each other, as the Kelvin sign and k do."""
    if "@" in expected and named.isascii() and expected.isascii():
        return named.lower() == expected.lower()
    return named == expected


def _is_true(claim: object) -> bool:
    """Some providers write it as text or as a number (Entra ID's ``xms_edov``)."""
    return claim is True or claim in ("true", "1") or (type(claim) is int and claim == 1)


def confirmation_of(found: SignIn, now: datetime) -> Confirmation:
    """The proof that is kept with the approval."""
    return Confirmation(found.issuer, found.subject, now, found.text("acr"), found.signed_in_at)
