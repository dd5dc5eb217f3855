"""The sandbox's API token: everybody knows it, so that the API can be tried without any preparation."""

from datetime import timedelta

from bot.domain.api_token import PREFIX, TokenAct
from bot.inventory import TokenDraft, keep_token
from bot.ports import BOT, Context, UnitOfWork

DEMO = TokenDraft("demo", "UDEV0001", ("*",), frozenset(TokenAct), timedelta(days=3650))
"""Its name, owner and reach."""

DEMO_SECRET = f"{PREFIX}demo-of-the-sandbox"
"""What a call presents."""


def keep_demo_token(ctx: Context) -> None:
    """Make it, unless an earlier run with the same data did."""
    with ctx.store.write() as tx:
        if tx.tokens.get(DEMO.name) is None:
            keep_token(UnitOfWork(ctx, tx, BOT), DEMO, DEMO_SECRET)
