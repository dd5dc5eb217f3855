"""API tokens: made, listed and revoked by operators; and who it is that calls with one."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from bot.domain.access import require_member
from bot.domain.api_token import (
    PREFIX,
    SECRET_BYTES,
    Token,
    TokenAct,
    digest_of,
    name_from,
    patterns_from,
    require_act,
    require_valid,
)
from bot.domain.audit import Action, Event
from bot.domain.duration import duration_text
from bot.domain.people import AccountStatus, Identity, Role
from bot.domain.phrases import counted, listed
from bot.errors import InvalidInput, MembershipUnknown, NotAuthenticated, NotPermitted, TooManyCalls
from bot.inventory.find import holder_of
from bot.ports import Caller, Context, UnitOfWork

UNASKED = timedelta(seconds=2)
"""How long a call should wait that could not be let in, because Slack did not answer about its token's owner."""


@dataclass(frozen=True, slots=True)
class TokenDraft:
    """A token as an operator wants it.

    Args:
        name: 1 to 32 lower-case letters, digits and hyphens.
        owner: Slack user id of the person who answers for it.
        clusters: Names or ARM ids, ``*`` and ``?`` allowed; at least one.
        acts: What it is for; at least one.
        life: For how long.
    """

    name: str
    owner: str
    clusters: tuple[str, ...]
    acts: Collection[TokenAct]
    life: timedelta


def create_token(ctx: Context, caller: Caller, draft: TokenDraft) -> tuple[Token, str]:
    """Make a token; its secret is in the answer and nowhere else.

    Raises:
        NotPermitted: Not an operator.
        InvalidInput: The draft, or a token of that name exists already, perhaps revoked.
    """
    _require_operator(ctx, caller)
    _check(ctx, draft)
    secret = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    with ctx.store.write() as tx:
        uow = UnitOfWork(ctx, tx, caller)
        return keep_token(uow, draft, secret), secret


def keep_token(uow: UnitOfWork, draft: TokenDraft, secret: str) -> Token:
    """Store a token with a given secret, and record it.

    Raises:
        InvalidInput: A token of that name exists already, perhaps revoked.
    """
    name = name_from(draft.name)
    if uow.tx.tokens.get(name) is not None:
        raise InvalidInput(f"There is a token {name} already, perhaps revoked. Choose another name.", field="name")
    token = Token(
        name=name,
        digest=digest_of(secret),
        owner=Identity(uow.ctx.config.team, draft.owner),
        clusters=patterns_from(draft.clusters),
        acts=frozenset(draft.acts),
        created_at=uow.now,
        created_by=uow.caller.identity,
        expires_at=uow.now + draft.life,
    )
    uow.tx.tokens.add(token)
    uow.audit(_event(uow, Action.TOKENS_CREATE, token))
    return token


def list_tokens(ctx: Context, caller: Caller) -> list[Token]:
    """Every token, revoked ones included, by name.

    Raises:
        NotPermitted: Not an operator.
    """
    _require_operator(ctx, caller)
    with ctx.store.read() as tx:
        return tx.tokens.all()


def revoke_token(ctx: Context, caller: Caller, name: str) -> Token:
    """Revoke a token: the next call with it is refused.

    Raises:
        NotPermitted: Not an operator.
        InvalidInput: There is none of that name, or it is revoked already.
    """
    _require_operator(ctx, caller)
    with ctx.store.write() as tx:
        uow, token = UnitOfWork(ctx, tx, caller), tx.tokens.get(name)
        if token is None:
            names = [one.name for one in tx.tokens.all()]
            known = listed(names, 10) or "none"
            all_ = " `token list` lists all." if len(names) > 10 else ""
            raise InvalidInput(f"There is no API token “{name[:60]}”. There are: {known}.{all_}", field="name")
        if token.revoked_at is not None:
            raise InvalidInput(f"API token {name} was revoked {token.revoked_at:%Y-%m-%d %H:%M} UTC.", field="name")
        tx.tokens.revoke(name, uow.now)
        uow.audit(_event(uow, Action.TOKENS_REVOKE, token))
        return token


def present(ctx: Context, secret: str) -> Token:
    """Find the token that a call presents, and take one of its calls; it may be revoked or expired.

    Raises:
        NotAuthenticated: There is no such token.
        TooManyCalls: It has no call left for now.
    """
    digest = digest_of(secret)
    with ctx.store.write() as tx:
        token, wait_s = tx.tokens.use(digest, ctx.clock.now(), ctx.config.api.calls_per_minute)
    if token is None:
        raise NotAuthenticated("This API token does not exist. Ask an operator for one.")
    if wait_s > 0:
        raise TooManyCalls(
            f"API token {token.name} may make {counted(ctx.config.api.calls_per_minute, 'call')} a minute. "
            "Try again later.",
            retry_after=timedelta(seconds=wait_s),
        )
    return token


def require_admission(ctx: Context, token: Token, act: TokenAct) -> None:
    """Refuse a call that the token, or its owner as Slack has them now, may not make.

    What the owner may see and ask for is decided by the use case, as for the owner in person. Somebody whose account
    was deactivated cannot type a command any more, but their token still arrives: so each call looks at the account.

    Raises:
        NotAuthenticated: The token was revoked or has expired.
        NotPermitted: It is not for this act, or its owner is no person who could act.
        MembershipUnknown: Slack could not be asked about the owner.
    """
    require_valid(token, ctx.clock.now())
    require_act(token, act)
    require_member(ctx.config, token.owner)
    standing = ctx.directory.person(token.owner, among=(), is_fresh=True).standing
    if standing is AccountStatus.UNKNOWN:
        raise MembershipUnknown(
            f"Slack could not be asked whether the owner of API token {token.name} is still active. Nothing was done.",
            retry_after=UNASKED,
        )
    if standing in (AccountStatus.DEACTIVATED, AccountStatus.BOT):
        what = "is deactivated" if standing is AccountStatus.DEACTIVATED else "is a bot"
        raise NotPermitted(f"The owner of API token {token.name}, {token.owner.user}, {what} in Slack.")


def _require_operator(ctx: Context, caller: Caller) -> None:
    if not holder_of(ctx, caller, Role.OPERATOR).has_role(Role.OPERATOR):
        raise NotPermitted("Only operators manage API tokens.")


def _check(ctx: Context, draft: TokenDraft) -> None:
    longest = ctx.config.api.longest_token
    if not draft.acts:
        raise InvalidInput(f"Say what the token is for: {', '.join(TokenAct)}.", field="acts")
    if not draft.owner.isalnum() or not draft.owner.isascii() or draft.owner[:1] not in ("U", "W"):
        raise InvalidInput(f"“{draft.owner[:60]}” is not a Slack user id such as U0123ABCD.", field="owner")
    if not timedelta() < draft.life <= longest:
        raise InvalidInput(f"A token lives for at most {duration_text(longest)} (api.longest_token).", field="expires")


def _event(uow: UnitOfWork, action: Action, token: Token) -> Event:
    detail = {
        "owner": token.owner.user,
        "clusters": " ".join(token.clusters),
        "acts": " ".join(sorted(token.acts)),
        "expires_at": token.expires_at.isoformat(),
    }
    caller = uow.caller
    return Event(uow.now, action, caller.identity, caller.via, subject=token.name, detail=tuple(detail.items()))
