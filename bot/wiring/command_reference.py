"""The page about every command, made from the code: ``docs/commands.md``."""

from collections.abc import Iterator, Sequence

import click

from handlers import COMMANDS, HELP
from handlers.entries import Entry

HEAD = """# Commands

Every command, from the code: `python -m bot config commands` writes this page.

## In Slack

What people type behind `/egress`. Words in capitals are theirs to fill in, `[…]` may be left out, and `|` separates
choices. `/egress help` shows everybody what they may use.
"""

TERMINAL = """
## At a terminal

`python -m bot`, or `egress-bot` where the wheel is installed. Settings come from the environment and the configuration
file ([configuration.md](configuration.md)). The exit status is 2 for an error, unless a command says otherwise.
"""


def command_reference(root: click.Command) -> str:
    """The page, as Markdown.

    Args:
        root: The command under which all others are.
    """
    sections = (_section(path, command) for path, command in _leaves((), root))
    return f"{HEAD}\n{slack_table()}\n{TERMINAL}{''.join(sections)}"


def slack_table() -> str:
    """The commands of Slack, as README has them, too."""
    return "\n".join(["| `/egress …` | what it does | for |", "|---|---|---|", *map(_row, (*COMMANDS, HELP))])


def _row(entry: Entry) -> str:
    who = ", ".join(f"{role}s" for role in sorted(entry.roles)) or "everybody"
    usage = f"{entry.name} {entry.usage}".strip().replace("|", "\\|")
    return f"| `{usage}` | {entry.help} | {who} |"


def _leaves(path: tuple[str, ...], command: click.Command) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    if not isinstance(command, click.Group):
        yield path, command
        return
    for name, each in sorted(command.commands.items()):
        yield from _leaves((*path, name), each)


def _section(path: Sequence[str], command: click.Command) -> str:
    context = click.Context(command, info_name=" ".join(("python -m bot", *path)))
    helped = (one.get_help_record(context) for one in command.params if isinstance(one, click.Option))
    options = [f"| `{_cell(name)}` | {_cell(meaning)} |" for name, meaning in filter(None, helped)]
    table = ["", "| option | meaning |", "|---|---|", *options] if options else []
    arguments = [one.make_metavar(context) for one in command.params if isinstance(one, click.Argument)]
    usage = " ".join((context.command_path, *arguments))
    said = "\n\n".join(" ".join(part.split()) for part in (command.help or "").split("\n\n"))
    return "\n".join((f"\n### {' '.join(path)}\n", f"`{usage}`\n", said, *table, ""))


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
