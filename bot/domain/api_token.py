"""API tokens: what a pipeline proves itself with, what it may do, and how often."""

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from fnmatch import fnmatchcase

from bot.domain.people import Identity
from bot.errors import InvalidInput, NotAuthenticated, NotPermitted

PREFIX = "egr_"
"""How each secret begins, so that scanners and people recognise a leaked one."""

SECRET_BYTES = 32
"""Random bytes of a secret: 256 bits need neither salt nor a slow hash, because nobody can try them all."""

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?")
_PATTERN = re.compile(r"[\w.*?/\-]{1,260}", re.ASCII)


class TokenAct(StrEnum):
    """What a token may be for. There is none for decisions: a token never approves."""

    CHECK = "check"
    READ = "read"
    REQUEST = "request"


@dataclass(frozen=True, slots=True)
class Token:
    """A token; the secret itself is nowhere.

    Args:
        name: What cards and the audit log call it; unique for ever, also after it was revoked.
        digest: SHA-256 of its secret, in hexadecimal.
        owner: Who answers for it: a call may do what this person may do at that moment.
        clusters: Names or ARM ids, ``*`` and ``?`` allowed, in lower case.
        acts: What it is for.
        created_at: When it was made.
        created_by: By whom.
        expires_at: From when on it is refused.
        revoked_at: When it was revoked.
        last_used_at: When it was last presented, refused calls included.
    """

    name: str
    digest: str = field(repr=False)
    owner: Identity
    clusters: tuple[str, ...]
    acts: frozenset[TokenAct]
    created_at: datetime
    created_by: Identity
    expires_at: datetime
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None

    def covers(self, name: str, cluster_id: str) -> bool:
        """Whether it is for this cluster."""
        texts = (name.lower(), cluster_id.lower())
        return any(fnmatchcase(text, pattern) for pattern in self.clusters for text in texts)

    def standing(self, now: datetime) -> str:
        """``valid``, ``revoked`` or ``expired``."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if now >= self.expires_at else "valid"


def digest_of(secret: str) -> str:
    """What is stored of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def require_valid(token: Token, now: datetime) -> None:
    """Refuse a token that no longer counts.

    Raises:
        NotAuthenticated: It was revoked, or has expired.
    """
    if (state := token.standing(now)) != "valid":
        since = token.revoked_at or token.expires_at
        was = "was revoked" if state == "revoked" else "expired"
        raise NotAuthenticated(f"API token {token.name} {was} {since:%Y-%m-%d %H:%M} UTC. Ask an operator for another.")


def require_act(token: Token, act: TokenAct) -> None:
    """Refuse what a token is not for.

    Raises:
        NotPermitted: It lacks the act.
    """
    if act not in token.acts:
        may = ", ".join(sorted(token.acts))
        raise NotPermitted(f"API token {token.name} may not {act}; it may {may}. Ask an operator for another.")


def require_cluster(token: Token, name: str, cluster_id: str) -> None:
    """Refuse a cluster that a token is not for.

    Raises:
        NotPermitted: None of its patterns fits.
    """
    if not token.covers(name, cluster_id):
        raise NotPermitted(f"API token {token.name} is not for cluster {name}: it is for {', '.join(token.clusters)}.")


def token_line(token: Token, now: datetime) -> str:
    """A token on one line, for operators."""
    used = f"last used {token.last_used_at:%Y-%m-%d %H:%M} UTC" if token.last_used_at else "never used"
    state, until = token.standing(now), f"until {token.expires_at:%Y-%m-%d}"
    return (
        f"{token.name}  {state}  {token.owner.user}  {', '.join(sorted(token.acts))}  on {', '.join(token.clusters)}  "
        f"{until}  {used}"
    )


def name_from(text: str) -> str:
    """The name of a new token.

    Raises:
        InvalidInput: It is too long, or has other characters than lower-case letters, digits and hyphens.
    """
    if not _NAME.fullmatch(text):
        raise InvalidInput(
            f"“{text[:60]}” is not a token name: use 1 to 32 lower-case letters, digits and hyphens.", field="name"
        )
    return text


def patterns_from(texts: Collection[str]) -> tuple[str, ...]:
    """The clusters of a new token, in lower case.

    Raises:
        InvalidInput: There is none, or one cannot fit any cluster.
    """
    patterns = tuple(dict.fromkeys(text.strip().lower() for text in texts))
    if wrong := [pattern for pattern in patterns if not _PATTERN.fullmatch(pattern)]:
        raise InvalidInput(f"“{wrong[0][:60]}” cannot match a cluster name or id.", field="clusters")
    if not patterns:
        raise InvalidInput("Name at least one cluster, for example aks-prod or aks-*.", field="clusters")
    return patterns
