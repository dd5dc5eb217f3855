"""Short answers about one request for several clusters."""

from collections.abc import Sequence
from datetime import datetime

from bot.allowances import Filed
from bot.domain.allowance import Allowance
from bot.domain.batch import noun_for
from bot.domain.configuration import Configuration
from handlers.blocks.batch_card import place
from handlers.blocks.block_kit import code, message, person, section
from handlers.blocks.dryrun import WAITS, is_dry
from handlers.blocks.lists import Deciders, hearing
from handlers.blocks.naming import names_of
from handlers.blocks.words import EACH, without_calls
from handlers.replies import Message


def filed_several(filed: Filed, asked: Deciders, now: datetime, config: Configuration) -> Message:
    """Confirm what was filed and what was not, a line for each cluster, and what happens next.

    Args:
        filed: What was, and what was not.
        asked: Who can decide what waits.
        now: The time at which it is told.
        config: Names bundles.
    """
    lead = filed.allowances[0]
    owner = f" for {person(lead.requester.user)}" if lead.filed_by else ""
    noun = noun_for([one.scope.pool for one in filed.allowances])
    first = f"Request filed{owner} for {len(filed.allowances)} {noun}, one card: {code(lead.id)}."
    is_waiting = any(one.is_waiting(now) for one in filed.allowances)
    lines = [
        first if len(filed.allowances) > 1 else f"Request filed{owner}.",
        *(_line(one, now, config) for one in filed.allowances),
        *([hearing(asked)] if is_waiting else []),
        *(f":no_entry_sign: {code(one.place)} was not filed: {without_calls(one.why)}" for one in filed.left_out),
    ]
    return message("\n".join(lines), [section(line) for line in lines], rest=EACH)


def _line(one: Allowance, now: datetime, config: Configuration) -> str:
    named = f"{place(one)} to {names_of(one, config)}, {code(one.id)}"
    if one.is_waiting(now):
        return f"{named}: waits for a decision."
    then = WAITS if is_dry(config.dry_run, one) else "You'll be notified when it is live, in a few minutes."
    return f"{named}: auto-approved by the approval policy. {then}"


def also_lines(places: Sequence[str], said: Sequence[str]) -> list[str]:
    """Before it is filed: what is known for each of the further clusters in the form."""
    return [f"{code(name)}: {words}" for name, words in zip(places, said, strict=True)]
