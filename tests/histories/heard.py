"""Checks of what people see and hear at the end of a history: no card lies; nobody is left out or told twice."""

from collections import Counter
from collections.abc import Iterable

from bot.domain.allowance import Allowance
from bot.domain.audit import Action, Event
from handlers.blocks.allowance_card import allowance_card
from handlers.blocks.estimate import Waiting
from handlers.replies import Block
from tests.histories.stage import Stage


def check_cards(stage: Stage, rows: Iterable[Allowance]) -> None:
    """Every card says what the database says, and offers what is possible now."""
    for row in rows:
        _check_card(stage, row)


def _check_card(stage: Stage, row: Allowance) -> None:
    channel, now = stage.ctx.config.channel, stage.clock.now()
    with stage.store.read() as tx:
        ts = tx.outbox.card(row.id, channel)
    assert ts is not None, f"{row.id} has no card."
    shown = stage.slack.messages.get(channel, ts)
    meant = allowance_card(row, stage.ctx.config, now, Waiting())
    assert shown.text == meant.text, f"{row.id}: the card lies."
    assert _buttons(shown.blocks) == _buttons(meant.blocks), f"{row.id}: the card offers what is not possible."


def check_told_once(stage: Stage, events: Iterable[Event]) -> None:
    """Whoever asked heard of each arrival and each end once: as often as the audit log has it."""
    for event, actions in TOLD.items():
        happened = Counter(each.subject for each in events if each.action in actions)
        owed = {(n.subject, n.id) for n in stage.said.notices if n.kind == "direct" and n.body["event"] == event}
        assert Counter(subject for subject, _ in owed) == happened, f"“{event}” was not told once each time."


TOLD = {"live": {Action.ALLOWANCE_LIVE}, "expired": {Action.ALLOWANCE_EXPIRE}, "gone": {Action.ALLOWANCE_GONE}}
"""The events that a requester is told, and the audit events behind them."""


def _buttons(blocks: Iterable[Block]) -> list[tuple[str, str]]:
    rows = (block["elements"] for block in blocks if block["type"] == "actions")
    return [(each["action_id"], each["value"]) for row in rows for each in row]
