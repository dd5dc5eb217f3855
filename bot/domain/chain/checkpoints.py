"""Checkpoints: where the log stood at a time, signed with a key that is not in the database.

Whoever owns the database can write a whole new chain; a checkpoint that is kept elsewhere shows that it is another one.
The signature is Ed25519 (RFC 8032) over the canonical JSON (RFC 8785) of all fields but the signature.
https://www.rfc-editor.org/rfc/rfc8032, read 2026-11.
"""

import hashlib
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from bot.errors import ChainBroken, InvalidInput


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The log up to one event.

    Args:
        seq: The number of the event.
        hash: Its hash.
        root: The Merkle tree head over all events up to it, in hexadecimal.
        at: When it was made, in UTC.
        key: The id of the key that signed it.
        signature: In base64.
    """

    seq: int
    hash: str
    root: str
    at: str
    key: str = ""
    signature: str = ""

    @property
    def content(self) -> bytes:
        """What is signed."""
        fields = asdict(self)
        del fields["signature"]
        return to_json(dict(sorted(fields.items())))

    @property
    def line(self) -> str:
        """One line of JSON, in which it is kept."""
        return to_json(dict(sorted(asdict(self).items()))).decode()


class AuditKey:
    """A key for checkpoints: to sign them, or only to verify them.

    Args:
        pem: A private or public Ed25519 key in PEM.

    Raises:
        InvalidInput: It is something else.
    """

    __slots__ = ("_private", "_public", "id")

    def __init__(self, pem: bytes) -> None:
        try:
            is_private = b"PRIVATE KEY" in pem
            key = load_pem_private_key(pem, None) if is_private else load_pem_public_key(pem)
        except (ValueError, TypeError) as error:
            raise InvalidInput("The audit key is not a key in PEM; make one with python -m bot audit key.") from error
        if not isinstance(key, Ed25519PrivateKey | Ed25519PublicKey):
            raise InvalidInput("The audit key is not an Ed25519 key; make one with python -m bot audit key.")
        self._private = key if isinstance(key, Ed25519PrivateKey) else None
        self._public = key.public_key() if isinstance(key, Ed25519PrivateKey) else key
        raw = self._public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.id = hashlib.sha256(raw).hexdigest()[:16]

    @property
    def public_pem(self) -> str:
        """The key that verifies, in PEM."""
        return self._public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def sign(self, checkpoint: Checkpoint) -> Checkpoint:
        """The checkpoint with its signature.

        Raises:
            InvalidInput: This key can only verify.
        """
        if self._private is None:
            raise InvalidInput("A public key cannot sign checkpoints.")
        named = replace(checkpoint, key=self.id)
        return replace(named, signature=b64encode(self._private.sign(named.content)).decode())

    def require_signed(self, checkpoint: Checkpoint) -> None:
        """Nothing, if this key signed it.

        Raises:
            ChainBroken: Another key signed it, or its content was changed.
        """
        try:
            self._public.verify(b64decode(checkpoint.signature, validate=True), checkpoint.content)
        except (InvalidSignature, ValueError) as error:
            raise ChainBroken(
                f"The checkpoint of event {checkpoint.seq} ({checkpoint.at}) is not signed with the key {self.id}.",
                seq=checkpoint.seq,
            ) from error


_CHECKPOINT = TypeAdapter(Checkpoint)
_LINE = re.compile(r'\{"at":"[^{}]*"signature":"[^"{}]*"\}')


def checkpoints_in(text: str) -> list[Checkpoint]:
    """The checkpoints in a text, in the order of their events: a file of lines, or messages copied out of Slack.

    Raises:
        InvalidInput: There is none, or one cannot be read.
    """
    try:
        found = [_CHECKPOINT.validate_json(line, strict=True) for line in _LINE.findall(text.replace("&quot;", '"'))]
    except ValidationError as error:
        raise InvalidInput("A checkpoint in the file cannot be read.") from error
    if not found:
        raise InvalidInput("There is no checkpoint in the file.")
    return in_order(found)


def in_order(checkpoints: Iterable[Checkpoint]) -> list[Checkpoint]:
    """Each checkpoint once, in the order of their events."""
    return sorted(set(checkpoints), key=lambda one: (one.seq, one.at))
