"""Listener of ``/egress token``: operators make, list and revoke the tokens of pipelines."""

import re
from collections.abc import Sequence
from datetime import timedelta

from bot import inventory
from bot.domain.api_token import Token, TokenAct, token_line
from bot.domain.duration import duration_from_text
from bot.domain.phrases import counted
from bot.errors import InvalidInput
from bot.inventory import TokenDraft
from bot.ports import Context
from handlers.blocks.block_kit import code, context, escape, message, paragraphs, person, rows_that_fit, section, when
from handlers.calls import Call, plain_words
from handlers.replies import Block, Ephemeral, Message, Reply

USUAL = timedelta(days=90)
"""How long a token lives where nothing is said."""

_MENTION = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^>]*)?>")
_DURATION = re.compile(r"[0-9]{1,5}[mhdw]")
_USAGE = "Write `/egress token create NAME @owner CLUSTER… [check read request] [90d]`, `list` or `revoke NAME`."


def token(ctx: Context, call: Call) -> Reply:
    """Make a token, list them, or revoke one."""
    match call.text.split():
        case [] | ["list"]:
            return Ephemeral(_listed(ctx, inventory.list_tokens(ctx, call.caller)))
        case ["revoke", name]:
            made = inventory.revoke_token(ctx, call.caller, name)
            return Ephemeral(message(f"API token {code(made.name)} is revoked: the next call with it is refused."))
        case ["create", name, *_]:
            rest = call.text.split(maxsplit=2)[2:]
            return Ephemeral(_shown(*inventory.create_token(ctx, call.caller, draft_from(name, " ".join(rest)))))
    raise InvalidInput(f"It is not clear what to do. {_USAGE}")


def draft_from(name: str, text: str) -> TokenDraft:
    """Read a token as an operator types it: its owner mentioned, the rest in any order.

    Raises:
        InvalidInput: Nobody, or several people, are mentioned.
    """
    owners, words = _MENTION.findall(text), plain_words(_MENTION.sub(" ", text)).split()
    if len(owners) != 1:
        raise InvalidInput(f"Name one person who answers for the token. {_USAGE}")
    acts = {TokenAct(word) for word in words if word in set(TokenAct)}
    lives = [word for word in words if _DURATION.fullmatch(word)]
    clusters = tuple(word for word in words if word not in set(TokenAct) and word not in lives)
    life = duration_from_text(lives[-1]) if lives else None
    return TokenDraft(name, str(owners[0]), clusters, acts or set(TokenAct), life or USUAL)


def _shown(made: Token, secret: str) -> Message:
    about = (
        f"API token {code(made.name)} of {person(made.owner.user)}, for {', '.join(sorted(made.acts))} on "
        f"{', '.join(code(one) for one in made.clusters)}, until {when(made.expires_at)}."
    )
    hint = "Keep it now: it is shown once, to you alone. Whoever has it acts for its owner; it never approves."
    return message(f"API token {code(made.name)}", [section(about), section(code(secret)), context(hint)])


def _listed(ctx: Context, tokens: Sequence[Token]) -> Message:
    if not tokens:
        return message(f"There is no API token. {_USAGE}")
    now = ctx.clock.now()
    lines = [escape(token_line(one, now)) for one in tokens]

    def drawn(rows: int) -> list[Block]:
        rest = len(lines) - rows
        more = [context(f"and {rest:,} more: `python -m bot token list` lists all")] if rest else []
        return [*paragraphs("*API tokens*", lines[:rows]), *more]

    return message(counted(len(tokens), "API token"), drawn(rows_that_fit(len(lines), drawn)))
