"""Step-up: an approval that counts only once its giver has signed in at the identity provider.

Sources, read 2026-11: OpenID Connect Core 1.0 (https://openid.net/specs/openid-connect-core-1_0.html), RFC 7636 (PKCE),
RFC 9700 (best current practice for OAuth 2.0 security).
"""

from bot.domain.step_up.challenge import USED, VALID_FOR, Challenge, LinkKeys, require_open
from bot.domain.step_up.settings import EMAIL, StepUp
from bot.domain.step_up.sign_in import SignIn, confirmation_of, require_person, require_strength

__all__ = [
    "EMAIL",
    "USED",
    "VALID_FOR",
    "Challenge",
    "LinkKeys",
    "SignIn",
    "StepUp",
    "confirmation_of",
    "require_open",
    "require_person",
    "require_strength",
]
