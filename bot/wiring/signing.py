"""Reads the secrets that the configuration names, again whenever their files change."""

from collections.abc import Callable, Mapping
from pathlib import Path

from bot.domain.chain import AuditKey
from bot.domain.configuration import Configuration
from bot.domain.integration import Webhook
from bot.errors import BadConfiguration
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


def audit_key(config: Configuration) -> Callable[[], AuditKey] | None:
    """Reads the key that signs checkpoints of the audit log, whose file may be replaced; None where there is none.

    Raises:
        BadConfiguration: The file cannot be read, or holds no such key.
    """
    path = config.audit.key_file
    if path is None:
        return None
    file = SecretFile(Path(path), "audit.key_file", require=_key_in)
    return lambda: _key_in(file())


def _key_in(pem: str) -> AuditKey:
    return AuditKey(pem.encode())


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
