"""The answer of ``/egress help``."""

from collections.abc import Iterable
from typing import Protocol

from bot.domain.people import Person, Role
from handlers.blocks.block_kit import code, context, header, message, section
from handlers.replies import Message


class Command(Protocol):
    """A subcommand, as far as people read about it; see ``handlers.entries.Entry``."""

    @property
    def name(self) -> str:
        """The subcommand."""

    @property
    def usage(self) -> str:
        """The words that follow it."""

    @property
    def help(self) -> str:
        """The purpose."""

    @property
    def roles(self) -> frozenset[Role]:
        """Those who need it; everybody where there are none."""


def help_text(who: Person, commands: Iterable[Command], *, is_asked: bool = False) -> Message:
    """List the commands available to the person.

    Args:
        who: The reader; a role that could not be read counts as theirs.
        commands: All of them, in the order in which people need them.
        is_asked: Whether the approval policy asks the person by name, which is as good as the role.
    """
    possible = who.roles.union(*(one.roles for one in who.unread), {Role.APPROVER} if is_asked else ())
    fitting = [row for row in commands if not row.roles or row.roles & possible]
    lines = "\n".join(f"{code(f'/egress {row.name} {row.usage}'.strip())}  {row.help}" for row in fitting)
    return message(
        "What /egress can do",
        [
            header("Egress of your AKS clusters"),
            section(lines),
            context(
                "Only you see the answers. Requests and decisions appear in the channel and in the audit log.",
                "A host is `example.com` (HTTPS), `*.example.org`, `http:example.net:8080`, `mssql:…`, or, for TCP "
                "and UDP, `tcp:db.example.com:5432`, `udp:ntp.example.com:123`.",
                "*Request egress for this* in any message's menu finds the blocked host in an error.",
            ),
        ],
    )
