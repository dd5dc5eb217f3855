"""The identity provider of the configuration file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Annotated, Literal

from bot.domain.fields import ReadAs, Span, Text, matching
from bot.domain.integration import secure_address

CALLBACK = "callback"
"""The last part of the redirect URI's path."""

EMAIL = "email"
"""The claim by which people are compared with their Slack profiles."""

PLACE = "/step-up/"
"""How the paths begin that people's browsers are sent to."""


def _base(text: str) -> str:
    return secure_address(text).rstrip("/")


_Address = Annotated[str, ReadAs(str, secure_address, "an https address such as https://login.example.com/")]
_Base = Annotated[str, ReadAs(str, _base, "an https address such as https://egress.example.com")]
_Person = Annotated[str, matching("[UW][A-Z0-9]+", "a user id such as U0123ABCD")]


@dataclass(frozen=True, slots=True)
class StepUp:
    """Approvals that are confirmed by signing in at an identity provider (OpenID Connect), where a rule has `step_up`.

    Args:
        issuer: The identity provider, exactly as it names itself in `/.well-known/openid-configuration`; empty where
            there is none.
        client_id: The bot's name there.
        client_secret_file: A file that holds the client secret, read again once it changes; without it,
            EGRESS_STEP_UP_CLIENT_SECRET counts. A public client has neither.
        client_auth: How the secret is sent; without it as the provider says, in a header if that is possible.
        public_url: Where browsers reach the bot. The redirect URI to register is this with `/step-up/callback`.
        claim: What names the person: `email` needs `verified_claim`; any other, such as `oid`, needs `people`.
        verified_claim: What must be true of `email`; `xms_edov` for Entra ID.
        people: What the claim is of each person, by their Slack user id. With `email`, who is not listed is compared by
            the e-mail address of their Slack profile, which needs the scope `users:read.email`.
        max_age: How long ago they may have signed in; without it, as long as the provider lets them stay.
        acr_values: The ways to sign in of which one is required, by the provider's own names; empty means any.
    """

    issuer: _Address | None = None
    client_id: Text | None = None
    client_secret_file: Text | None = None
    client_auth: Literal["client_secret_basic", "client_secret_post"] | None = None
    public_url: _Base | None = None
    claim: Text = EMAIL
    verified_claim: Text = "email_verified"
    people: Annotated[Mapping[_Person, Text], ReadAs(Mapping[_Person, Text], MappingProxyType)] = field(
        default_factory=lambda: MappingProxyType({})
    )
    max_age: Annotated[timedelta | None, ReadAs(Span, lambda span: span)] = None
    acr_values: tuple[Text, ...] = ()

    @property
    def is_on(self) -> bool:
        """Whether approvals can be confirmed."""
        return bool(self.issuer and self.client_id and self.public_url)

    @property
    def redirect_uri(self) -> str:
        """Where the identity provider sends people back to."""
        return self.page(CALLBACK)

    @property
    def reads_email(self) -> bool:
        """Whether Slack is asked for the e-mail addresses of people: of those who are not in ``people``."""
        return self.is_on and self.claim == EMAIL

    def page(self, path: str) -> str:
        """The address of one of our pages."""
        return f"{self.public_url}{PLACE}{path}"
