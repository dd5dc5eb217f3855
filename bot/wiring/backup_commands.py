"""The commands around a backup: making one, and saying that one was restored."""

from pathlib import Path

import click

from bot.domain.chain import checkpoints_in
from bot.domain.forecast_text import text_of
from bot.errors import EgressError, InvalidInput
from bot.reporting.restoring import restored as note_restored
from bot.wiring import planning, production
from bot.wiring.opening import store_at
from bot.wiring.running import Running
from bot.wiring.terminal import Terminal

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("file", type=FILE)
@click.pass_obj
def backup(terminal: Terminal, /, file: Path) -> None:
    """Copy a SQLite database to FILE while the bot goes on; PostgreSQL has pg_dump."""
    with production.opened_store(terminal.settings()) as store:
        store.require_migrated()
        store.back_up(file)
    click.echo(f"{file} is a complete copy. To restore it, put it in the place of the database while no bot runs.")


@click.command()
@click.option("--checkpoints", type=FILE, help="Checkpoints that were kept: lines, or text copied from Slack.")
@click.pass_obj
def restored(terminal: Terminal, /, checkpoints: Path | None) -> None:
    """Say that the database came from a backup, before the bot is started on it: what it lacks, what happens next.

    Nothing is written to Azure. Rules of the bot that are on no record are left alone from then on.
    """
    settings = terminal.settings()
    known = checkpoints_in(_read(checkpoints)) if checkpoints else []
    running = Running()
    try:
        store = store_at(running, settings.database_url)  # on SQLite no bot may run meanwhile
        store.require_migrated()
        ctx, caller = production.at_the_terminal(settings, store, terminal.account())
        click.echo("\n".join(note_restored(ctx, caller, known)))
    finally:
        running.stop()
    try:
        click.echo(f"\n{text_of(planning.plan(settings))}", nl=False)
    except EgressError as error:
        click.echo(f"\nWhat the next write would change is not known: {error.sentence} See python -m bot plan.")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"Cannot read {path}: {error}.") from error
