"""The command line: ``python -m bot COMMAND``. Arguments and environment are read here, once, and nowhere else."""

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from bot.config import Settings, checked_configuration, configuration_from, examples_from, secrets_of, settings_from
from bot.doctor import examine, json_of, look_at_configuration, table_of
from bot.domain.configuration import Configuration
from bot.domain.forecast_text import json_of as forecast_json
from bot.domain.forecast_text import text_of
from bot.domain.policy_examples import check_example, explain
from bot.domain.reference import reference
from bot.errors import BadConfiguration, EgressError, StoreUnavailable
from bot.http_client import excepting_this_machine
from bot.logs import log_as
from bot.wiring import pipeline_commands, planning, production
from bot.wiring.audit_commands import audit
from bot.wiring.backup_commands import backup, restored
from bot.wiring.command_reference import command_reference
from bot.wiring.running import Running
from bot.wiring.signals import end_on_signal, wait_for_signal
from bot.wiring.terminal import Terminal
from bot.wiring.token_commands import token
from bot.wiring.version import own_version
from handlers.api.openapi import written

PORT = click.IntRange(0, 65_535)

DRY_RUN = click.option("--dry-run", "is_dry", is_flag=True, help="Write nothing to Azure; approved allowances wait.")


class _Detailed(click.Command):
    """A command whose exit status 2 says that there are changes, so everything that goes wrong in it ends with 1."""

    def make_context(self, *args: Any, **options: Any) -> click.Context:
        """Read the arguments; one that is wrong ends with 1, too."""
        try:
            return super().make_context(*args, **options)
        except click.UsageError as error:
            error.show()
            raise click.exceptions.Exit(1) from error

    def invoke(self, ctx: click.Context) -> Any:
        """Run it."""
        try:
            return super().invoke(ctx)
        except EgressError as error:
            click.echo(_words(error), err=True)
            ctx.exit(1)


class _Commands(click.Group):
    """Every error of the product is one sentence and exit status 2."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except EgressError as error:
            click.echo(_words(error), err=True)
            ctx.exit(2)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(own_version(), message="%(version)s")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Egress operations for AKS, in Slack."""
    ctx.obj = Terminal(_settings, _account)


for _command in (
    pipeline_commands.request,
    pipeline_commands.check,
    pipeline_commands.status,
    token,
    audit,
    backup,
    restored,
):
    main.add_command(_command)


@main.command()
@click.option(
    "--port", type=PORT, default=8700, show_default=True, help="Address of Slack, the page and the control routes."
)
@click.option(
    "--arm-port", type=PORT, default=8701, show_default=True, help="Address of Azure Resource Manager, over TLS."
)
@click.option("--data", type=click.Path(path_type=Path), help="Keep all state in this folder across restarts.")
@click.option(
    "--fleet",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Number of generated clusters in addition to the fixed ones.",
)
@click.option("--http", "delivery", flag_value="http", default=True, help="Slack calls the bot (the default).")
@click.option("--socket", "delivery", flag_value="socket", help="The bot calls Slack: Socket Mode.")
@click.option(
    "--speed",
    type=click.FloatRange(min=0, min_open=True),
    default=60.0,
    show_default=True,
    help="Speed-up factor for Azure operations; 1 is real time.",
)
@click.option("--no-bot", is_flag=True, help="Serve only the simulators.")
@click.option("--database", help="sqlite:///FILE or postgresql+psycopg://…; SQLite in the data folder by default.")
@click.option(
    "--config", type=click.Path(path_type=Path), help="Use this configuration file instead of the shipped one."
)
def sandbox(data: Path | None, **options: object) -> None:
    """The bot beside a simulated Slack and a simulated Azure: no account, no token."""
    from bot.wiring import simulated  # brings a web server and both simulators with it

    log_as("text")
    os.environ.update(excepting_this_machine(os.environ))
    with tempfile.TemporaryDirectory(prefix="egress-sandbox-", ignore_cleanup_errors=True) as folder:
        choice = simulated.SandboxChoice(data=data or Path(folder), **options)  # type: ignore[arg-type]
        _run(lambda: simulated.sandbox(choice, click.echo))


@main.command()
@DRY_RUN
def serve(*, is_dry: bool) -> None:
    """The whole bot: Slack, and the writers of Azure."""
    _run(lambda: production.serve(_settings(), is_dry=is_dry))


@main.command()
@DRY_RUN
def reconcile(*, is_dry: bool) -> None:
    """The writers of Azure alone, without listening to Slack: one more replica."""
    _run(lambda: production.reconcile(_settings(), is_dry=is_dry))


@main.command(cls=_Detailed)
@click.argument("name", metavar="[CLUSTER|TARGET]", required=False)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def plan(name: str | None, form: str) -> None:
    """Show the changes of the next write to Azure; writes nothing.

    For everything that the bot writes, or for one cluster, firewall policy or classic firewall by name or ARM id. Exit
    status 0: nothing would change; 2: something would; 1: an error, or something could not be read.
    """
    forecast = planning.plan(_settings(), name)
    click.echo(forecast_json(forecast) if form == "json" else text_of(forecast), nl=False)
    sys.exit(int(forecast.result))


@main.command()
def migrate() -> None:
    """Bring the database to this version's schema."""
    production.migrate(_settings())
    click.echo("The database schema is up to date.")


@main.command()
@click.option("--json", "is_json", is_flag=True, help="As JSON, for scripts.")
@click.option(
    "--if-match",
    "sends_writes",
    is_flag=True,
    help="Also send each firewall policy a write that it must refuse: what is there, on a state that is not.",
)
def doctor(*, is_json: bool, sends_writes: bool) -> None:
    """Check everything that production needs, and say what to do; changes nothing.

    Configuration, database, clocks, Slack, people, and rights in Azure. Exit status 0: all is in place; 1: something is
    missing.
    """
    found = examine(_settings(), sends_writes=sends_writes)
    click.echo(json_of(found) if is_json else table_of(found))
    if not all(one.is_ok for one in found):
        sys.exit(1)


@main.group()
def config() -> None:
    """The configuration file, without Slack, Azure or a database."""


@config.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
def check(file: Path | None) -> None:
    """Say everything that is wrong with FILE, or with the file that EGRESS_CONFIG names; status 2 if anything is."""
    click.echo(look_at_configuration(file or _settings().config))


@config.command("example")
def show_example() -> None:
    """Write a configuration file to begin with: every key in use, with what it means."""
    click.echo(EXAMPLE.read_text(encoding="utf-8"), nl=False)


@config.command("reference")
def show_reference() -> None:
    """Write docs/configuration.md: every variable and every key."""
    click.echo(reference(Settings, Configuration), nl=False)


@config.command("openapi")
def show_openapi() -> None:
    """Write docs/openapi.json: the HTTP API."""
    click.echo(written(), nl=False)


@config.command("commands")
def show_commands() -> None:
    """Write docs/commands.md: every command."""
    click.echo(command_reference(main), nl=False)


@main.group()
def policy() -> None:
    """The approval policy, without Slack, Azure or a database."""


EXAMPLE = Path(__file__).parent / "sandbox" / "egress.toml"
"""The sandbox runs with it, so it is right."""

CONFIG_FILE = click.option(
    "--config", "file", type=click.Path(path_type=Path), help="A configuration file other than that of EGRESS_CONFIG."
)
EXAMPLES = click.argument("examples", metavar="FILE", type=click.Path(path_type=Path))


@policy.command("test")
@EXAMPLES
@CONFIG_FILE
def test_policy(examples: Path, file: Path | None) -> None:
    """Check the verdicts of the example requests in FILE; status 1 if one is not as expected."""
    book = checked_configuration(configuration_from(file or _settings().config))
    found = [check_example(book, example) for example in examples_from(examples)]
    for one in found:
        click.echo(f"FAIL  {one.name}: {one.difference}" if one.difference else f"ok    {one.name}")
    if any(one.difference for one in found):
        sys.exit(1)


@policy.command("explain")
@EXAMPLES
@click.argument("name", required=False)
@CONFIG_FILE
def explain_policy(examples: Path, name: str | None, file: Path | None) -> None:
    """Show which rules decide the examples in FILE, or only the one with this NAME, and why the others do not."""
    book = checked_configuration(configuration_from(file or _settings().config))
    chosen = [one for one in examples_from(examples) if name in (None, one.name)]
    if not chosen:
        raise BadConfiguration(f"{examples} has no example named “{name}”.")
    for example in chosen:
        click.echo("\n  ".join([example.name, *explain(book, example)]))


def _settings() -> Settings:
    settings = settings_from(os.environ)
    log_as(settings.log_format, settings.log_level, secrets_of(settings, os.environ))
    production.require_one_cloud(settings, os.environ)
    production.require_usable_proxies(os.environ)
    return settings


def _account() -> str:
    return os.environ.get("USER") or os.environ.get("LOGNAME") or f"uid-{os.getuid()}"


def _run(start: Callable[[], Running]) -> None:
    """Run until told to stop, then finish running work within seconds."""
    end_on_signal()
    running = Running()
    try:
        running = start()
        wait_for_signal()
    finally:
        running.stop()


def _words(error: EgressError) -> str:
    return f"The database cannot be used: {error.cause}." if isinstance(error, StoreUnavailable) else error.sentence


def status_of(name: str) -> int:
    """Do what the arguments say; the exit status."""
    try:
        main(prog_name=name)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0
