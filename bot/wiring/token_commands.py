"""The commands for API tokens, for whoever may use the database."""

from datetime import timedelta
from typing import Any

import click

from bot.domain.api_token import TokenAct
from bot.domain.duration import duration_from_text
from bot.errors import InvalidInput
from bot.inventory import TokenDraft
from bot.wiring import production
from bot.wiring.terminal import Terminal

ACTS = click.Choice([str(one) for one in TokenAct])


@click.group()
def token() -> None:
    """API tokens for pipelines. They check, read and request; none approves."""


@token.command("create")
@click.argument("name")
@click.option("--owner", required=True, help="Slack user id of the person who answers for it.")
@click.option("--cluster", "clusters", multiple=True, required=True, help="Name or ARM id; * and ? are allowed.")
@click.option("--act", "acts", multiple=True, type=ACTS, help="What it may do; all by default.")
@click.option("--expires", "life", default="90d", show_default=True, help="For how long: 30d, 12w.")
@click.pass_obj
def create_token(terminal: Terminal, /, *, acts: tuple[str, ...], life: str, **wanted: Any) -> None:
    """Make a token and show its secret, once."""
    draft = TokenDraft(acts={TokenAct(one) for one in acts or TokenAct}, life=_life(life), **wanted)
    made, secret = production.create_token(terminal.settings(), terminal.account(), draft)
    click.echo(f"API token {made.name} of {made.owner.user} until {made.expires_at:%Y-%m-%d}. Keep it now:", err=True)
    click.echo(secret)


@token.command("list")
@click.pass_obj
def list_tokens(terminal: Terminal, /) -> None:
    """List the tokens: whose, for what, until when, last used."""
    for line in production.list_tokens(terminal.settings(), terminal.account()):
        click.echo(line)


@token.command("revoke")
@click.argument("name")
@click.pass_obj
def revoke_token(terminal: Terminal, /, *, name: str) -> None:
    """Revoke a token: the next call with it is refused."""
    production.revoke_token(terminal.settings(), terminal.account(), name)
    click.echo(f"API token {name} is revoked.")


def _life(text: str) -> timedelta:
    life = duration_from_text(text)
    if life is None:
        raise InvalidInput("A token must expire: write 30d or 12w.")
    return life
