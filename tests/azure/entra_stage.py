"""Entra beside the simulated Azure: what an application may prove itself with, and the environment that names it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from bot.sandbox.arm.entra import EXCHANGE
from bot.sandbox.arm.tokens import CLIENT, TENANT

ISSUER = "https://westeurope.oic.prod-aks.azure.com/tenant/cluster/"
SUBJECT = "system:serviceaccount:egress-bot:egress-bot"
PEM = serialization.Encoding.PEM
NOBODY: dict[str, str | None] = dict.fromkeys(("IDENTITY_ENDPOINT", "IDENTITY_HEADER"))
"""Variables of an identity that is not there."""
_CLEAR = serialization.NoEncryption()


class ServiceAccount:
    """A cluster's issuer, and the token of the bot's service account."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())

    @property
    def registration(self) -> dict[str, str]:
        """As a federated credential."""
        public = self._key.public_key().public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        return {"issuer": ISSUER, "subject": SUBJECT, "issuer_key": public.decode()}

    def token(self, ends: timedelta = timedelta(hours=1), **claims: str) -> str:
        """A token."""
        now = datetime.now(UTC)
        usual = {"iss": ISSUER, "sub": SUBJECT, "aud": [EXCHANGE], "nbf": now - timedelta(hours=2), "exp": now + ends}
        key = self._key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, _CLEAR)
        return jwt.encode({**usual, **claims}, key, "ES256")


def write_certificate(file: Path) -> str:
    """Write a key with its certificate; the certificate alone."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "egress-bot")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=1))
    made = builder.sign(key, hashes.SHA256()).public_bytes(PEM)
    file.write_bytes(key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, _CLEAR) + made)
    return made.decode()


@dataclass(frozen=True)
class Site:
    """A tenant behind TLS.

    Args:
        url: Where.
        ca: Who signed its certificate.
    """

    url: str
    ca: Path

    def environment(self, **more: str) -> dict[str, str | None]:
        """A bot's environment for this tenant: no identity but what is added."""
        return {
            **NOBODY,
            "EGRESS_ARM_ENDPOINT": self.url,
            "REQUESTS_CA_BUNDLE": str(self.ca),
            "AZURE_AUTHORITY_HOST": self.url,
            "AZURE_POD_IDENTITY_AUTHORITY_HOST": "http://127.0.0.1:9",
            **more,
        }

    def application(self, **more: str) -> dict[str, str | None]:
        """The environment of a service principal."""
        return self.environment(**{"AZURE_TENANT_ID": TENANT, "AZURE_CLIENT_ID": CLIENT, **more})
