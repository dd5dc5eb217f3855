"""Says what is missing before production does."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bot.config import Settings, configuration_from, rulebook_from
from bot.errors import EgressError
from bot.store import SqlStore
from bot.wiring.production import azure_from, slack_from
from handlers import web_client
from handlers.checkup import check_slack


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found out about one thing.

    Args:
        what: The thing.
        is_ok: Whether it is as it should be.
        sentence: What was found, or what to do.
    """

    what: str
    is_ok: bool
    sentence: str


def examine(settings: Settings) -> list[Finding]:
    """Look at everything that the bot needs; one thing that is missing does not hide the others."""
    return [_looked_at(what, look) for what, look in _looks(settings)]


def _looks(settings: Settings) -> Iterator[tuple[str, Callable[[], str]]]:
    yield "configuration", lambda: _configuration(settings)
    yield "database", lambda: _database(settings)
    yield (
        "Slack",
        lambda: check_slack(web_client(slack_from(settings)), rulebook_from(configuration_from(settings.config))),
    )
    yield "Azure", lambda: _azure(settings)


def _looked_at(what: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(what, is_ok=True, sentence=look())
    except EgressError as error:
        return Finding(what, is_ok=False, sentence=error.sentence)


def _configuration(settings: Settings) -> str:
    book = rulebook_from(configuration_from(settings.config))
    return f"{len(book.groups)} groups, {len(book.scopes)} cluster entries, {len(book.policy.rules)} policy rules."


def _database(settings: Settings) -> str:
    store = SqlStore(settings.database_url)
    try:
        with store.read() as tx:
            seq, _ = tx.audit.head()
    finally:
        store.close()
    return f"it answers; {seq} audit events."


def _azure(settings: Settings) -> str:
    fleet = azure_from(settings, configuration_from(settings.config)).read_fleet()
    return " ".join((f"{len(fleet.entries)} clusters.", *fleet.gaps))
