"""What commands learn of the terminal that they are typed at."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.config import Settings


@dataclass(frozen=True, slots=True)
class Terminal:
    """A terminal; ``bot.command_line`` alone reads the environment.

    Args:
        settings: Reads the environment, once a command needs it, and begins to log.
        account: Whose terminal it is.
    """

    settings: Callable[[], Settings]
    account: Callable[[], str]
