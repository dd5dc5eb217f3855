"""Reads the secrets with which webhooks are signed, once, at the start."""

from collections.abc import Mapping
from pathlib import Path

from bot.domain.chain import AuditKey
from bot.domain.configuration import Configuration
from bot.domain.integration import Webhook
from bot.errors import BadConfiguration, InvalidInput

SHORTEST = 16
"""Characters of a secret: fewer can be guessed."""


def signing_keys(config: Configuration, common: str) -> Mapping[str, bytes]:
    """The key of each webhook, by its name.

    Args:
        config: With the webhooks.
        common: The secret of those that have no file; empty if there is none.

    Raises:
        BadConfiguration: A webhook has no secret, or its file cannot be read, or holds too little.
    """
    return {hook.name: _key(hook, common) for hook in config.webhooks.values()}


def audit_key(config: Configuration) -> AuditKey | None:
    """The key that signs checkpoints of the audit log; None where none is configured.

    Raises:
        BadConfiguration: The file cannot be read, or holds no such key.
    """
    path = config.audit.key_file
    try:
        return AuditKey(Path(path).read_bytes()) if path else None
    except (OSError, InvalidInput) as error:
        raise BadConfiguration(f"audit.key_file cannot be used: {error}") from error


def _key(hook: Webhook, common: str) -> bytes:
    place = f"webhooks.{hook.name}"
    try:
        secret = Path(hook.secret_file).read_text(encoding="utf-8").strip() if hook.secret_file else common
    except (OSError, UnicodeDecodeError) as error:
        raise BadConfiguration(f"{place}.secret_file cannot be read: {error}.") from error
    if len(secret) < SHORTEST:
        source = hook.secret_file or "EGRESS_WEBHOOK_SECRET"
        raise BadConfiguration(f"{place} needs a secret of at least {SHORTEST} characters in {source}.")
    return secret.encode()
