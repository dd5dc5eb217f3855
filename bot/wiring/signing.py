"""Reads the secrets that the configuration names, again whenever their files change; the key of the audit log once."""

from collections.abc import Callable, Mapping
from pathlib import Path

from bot.domain.chain import AuditKey
from bot.domain.configuration import Configuration
from bot.domain.integration import Webhook
from bot.errors import BadConfiguration, InvalidInput
from bot.wiring.secret_files import SecretFile

SHORTEST = 16
"""Characters of a secret: fewer can be guessed."""


def signing_keys(config: Configuration, common: str) -> Mapping[str, Callable[[], bytes]]:
    """Reads the key of each webhook, by its name: a file may be replaced at any time.

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


def client_secret(config: Configuration, common: str) -> Callable[[], str]:
    """Reads the secret with which the bot is known to the identity provider: a file may be replaced at any time.

    Args:
        config: With the file, if there is one.
        common: The secret where there is no file; empty for a public client.

    Raises:
        BadConfiguration: The file cannot be read, or is empty.
    """
    path = config.step_up.client_secret_file if config.step_up.is_on else None
    return (lambda: common) if path is None else SecretFile(Path(path), "step_up.client_secret_file")


def _key(hook: Webhook, common: str) -> Callable[[], bytes]:
    place = f"webhooks.{hook.name}"
    if hook.secret_file:
        secret = SecretFile(Path(hook.secret_file), f"{place}.secret_file", SHORTEST)
        return lambda: secret().encode()
    if len(common) < SHORTEST:
        raise BadConfiguration(f"{place} needs a secret of at least {SHORTEST} characters in EGRESS_WEBHOOK_SECRET.")
    return common.encode
