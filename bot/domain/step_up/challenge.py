"""The link that one person gets for one approval: for them alone, once, for ten minutes."""

from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from bot.domain.dates import time_text
from bot.domain.decision import Decision
from bot.domain.people import Identity
from bot.errors import LinkUsed, NotConfirmed

VALID_FOR = timedelta(minutes=10)
"""How long a link works: RFC 9700 wants what is used once to be short-lived; people sign in within a few minutes."""


@dataclass(frozen=True, slots=True)
class LinkKeys:
    """Everything secret about one link, made of its ticket alone: the database keeps none of it.

    The ticket is in the link and in a cookie of the browser that opened it. The identity provider sees ``state``, and
    gives it back with the code: only the browser with the ticket can have begun it.

    Args:
        ticket: 43 characters of base64url: 256 bits.
    """

    ticket: str

    @property
    def state(self) -> str:
        """Connects the identity provider's answer with the browser that was sent there."""
        return self._derived("state")

    @property
    def nonce(self) -> str:
        """Connects the ID token with this one sign-in."""
        return self._derived("nonce")

    @property
    def verifier(self) -> str:
        """The PKCE code verifier: 43 characters, the least that RFC 7636 allows, of 256 bits."""
        return self._derived("verifier")

    @property
    def id(self) -> str:
        """The challenge's id in the database; ``state`` cannot be told from it."""
        return challenge_id(self.state)

    def _derived(self, purpose: str) -> str:
        digest = sha256(f"step-up {purpose} {self.ticket}".encode()).digest()
        return urlsafe_b64encode(digest).rstrip(b"=").decode()


def challenge_id(state: str) -> str:
    """The id of the challenge that a state belongs to."""
    return sha256(state.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Challenge:
    """An approval that waits until its giver has signed in.

    Args:
        id: A digest of the link's state.
        who: Who clicked.
        decision: What they decided, on exactly what they saw.
        made_at: When.
        expires_at: Until when the link works.
        correlation: Of the click.
        ended_at: When the link was used, or given up.
    """

    id: str
    who: Identity
    decision: Decision
    made_at: datetime
    expires_at: datetime
    correlation: str = ""
    ended_at: datetime | None = None


USED = "This link was used already; each works once. The card shows what became of it."
"""Said of a link that is opened again."""


def require_open(challenge: Challenge, now: datetime) -> None:
    """Refuse a link that was used, or is too old.

    Raises:
        LinkUsed, NotConfirmed: With which of both.
    """
    if challenge.ended_at is not None:
        raise LinkUsed(USED)
    if now >= challenge.expires_at:
        raise NotConfirmed(f"This link expired at {time_text(challenge.expires_at)}.")
