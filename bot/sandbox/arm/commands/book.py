"""The commands that were accepted, and what the inside of each cluster is like."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from bot.sandbox.arm.wire import Json
from bot.sandbox.journal import Journal, fields_of

_COMMANDS, _INSIDES = "arm.command", "arm.inside"
SECONDS = 11.0
"""From the request to the result, as recorded for a short command."""


@dataclass(frozen=True, slots=True)
class Command:
    """One accepted command.

    Args:
        id: 32 hexadecimal digits.
        cluster: The cluster's id in lower case.
        text: The command.
        files: The files in its working directory, by name.
        started: When it was accepted.
        due: From when on its result is there.
        failure: Why it never ran; empty if it does.
    """

    id: str
    cluster: str
    text: str
    files: Mapping[str, str]
    started: datetime
    due: datetime
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Inside:
    """What a pod of a cluster finds.

    Args:
        curl: Whether the image has it.
        bash: Whether the image has it.
        proxy: Whether pods are told to use an HTTP proxy.
        seconds: How long a command takes at Azure's own pace.
        address: The address that the world sees, in place of the cluster's own.
        reaches: Hosts that answer whatever the firewall's rules say.
        misses: Hosts that do not answer whatever the rules say.
        chatter_kb: So much is written before anything else.
    """

    curl: bool = True
    bash: bool = True
    proxy: bool = False
    seconds: float = SECONDS
    address: str = ""
    reaches: tuple[str, ...] = ()
    misses: tuple[str, ...] = ()
    chatter_kb: int = 0

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> "Inside":
        """Read it from JSON.

        Raises:
            ValueError: With a sentence that says what is wrong.
        """
        known = asdict(cls())
        if unknown := sorted(set(body) - known.keys()):
            raise ValueError(f"The inside of a cluster has no field {', '.join(unknown)}; it has {', '.join(known)}.")
        for name, value in body.items():
            kinds = (list, tuple) if isinstance(known[name], tuple) else (int, float) if name == "seconds" else ()
            if not isinstance(value, kinds or type(known[name])):
                raise ValueError(f"{name} has another type: {known[name]!r} is what it is by default.")
        hosts = {name: tuple(map(str, body[name])) for name in ("reaches", "misses") if name in body}
        return replace(cls(), **{**body, **hosts})


class CommandBook:
    """All of it; every change is in the journal before it is answered.

    Args:
        journal: Where it is kept.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._commands = {key: _command_from(body) for key, body in journal.load(_COMMANDS).items()}
        self._insides = {key: Inside.parse(body) for key, body in journal.load(_INSIDES).items()}

    def add(self, command: Command) -> None:
        """Accept a command."""
        self._commands[command.id] = command
        times = {"started": command.started.isoformat(), "due": command.due.isoformat()}
        self._journal.put(_COMMANDS, command.id, {**fields_of(command), **times})

    def get(self, command_id: str) -> Command | None:
        """One by id."""
        return self._commands.get(command_id)

    def inside(self, cluster: str) -> Inside:
        """What a pod of a cluster finds."""
        return self._insides.get(cluster, Inside())

    def put_inside(self, cluster: str, body: Mapping[str, Any]) -> None:
        """Change what a pod of a cluster finds; fields that are left out are as usual.

        Raises:
            ValueError: With a sentence that says what is wrong.
        """
        inside = Inside.parse(body)
        self._insides[cluster] = inside
        self._journal.put(_INSIDES, cluster, inside)


def _command_from(body: Json) -> Command:
    times = {name: datetime.fromisoformat(body[name]) for name in ("started", "due")}
    return Command(**{**body, **times})
