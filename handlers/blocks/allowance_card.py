"""The card of an allowance: one message in the channel, drawn again from the facts after each change."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.domain.allowance import Allowance, Status, status
from bot.domain.configuration import Configuration
from bot.domain.duration import duration_text
from handlers.blocks.approval_card import (
    approval_blocks,
    given_reason,
    in_full,
    news_facts,
    standing_facts,
)
from handlers.blocks.block_kit import (
    actions,
    code,
    context,
    escape,
    fold,
    header,
    message,
    person,
    said,
    section,
    when,
)
from handlers.blocks.break_glass import break_glass_blocks, break_glass_facts
from handlers.blocks.buttons import act_buttons
from handlers.blocks.deciders import ticket_blocks
from handlers.blocks.details import RISK_ROOM, asked_by, destinations, details_button, is_whole, risk_lines, touches
from handlers.blocks.dryrun import STAYS, WAITS, is_dry
from handlers.blocks.estimate import Waiting
from handlers.blocks.left_out import left_out_blocks
from handlers.blocks.naming import names_of
from handlers.blocks.narrowing import narrowing_blocks
from handlers.blocks.news import news_words
from handlers.blocks.probe import card_button, probed_text
from handlers.blocks.states import HEADLINES, MARKS, STANDING
from handlers.blocks.story import story_button
from handlers.blocks.use import used_text
from handlers.replies import Block, Message

NEWS_ROOM = 1500


@dataclass(frozen=True, slots=True)
class Card:
    """The input of a card.

    Args:
        allowance: The facts.
        config: Names people and user groups.
        now: The time at which it is drawn.
        ahead: What lies before it.
    """

    allowance: Allowance
    config: Configuration
    now: datetime
    ahead: Waiting

    @property
    def is_dry(self) -> bool:
        """Whether the bot does not write to its firewall."""
        return is_dry(self.config.dry_run, self.allowance)

    @property
    def is_waiting(self) -> bool:
        """Whether it is still to be decided."""
        return self.status is Status.WAITING

    @property
    def is_judged(self) -> bool:
        """Whether somebody still has to look at what it rests on."""
        return self.is_waiting or self.allowance.needs_review

    @property
    def status(self) -> Status:
        """The state as shown: nothing is on its way to a firewall that is not written."""
        state = status(self.allowance, self.now)
        return Status.APPROVED if self.is_dry and state is Status.APPLYING else state


def allowance_card(allowance: Allowance, config: Configuration, now: datetime, ahead: Waiting) -> Message:
    """The card: state and cluster, the hosts, then what is decided on; less of it once it is decided."""
    card = Card(allowance, config, now, ahead)
    alarm = "Break-glass: " if allowance.needs_review else ""
    said_first, name = f"{alarm}{HEADLINES[card.status]}:", allowance.scope.cluster_name
    return message(
        f"{said_first} {code(name)} to {names_of(allowance, config)} ({allowance.id})",
        [
            header(f"{said_first} {name}"),
            context(f"{MARKS[card.status]} {standing(card)}"),
            *break_glass_blocks(allowance, config),
            *destinations(allowance, config),
            context(*_facts(allowance)),
            said(f"Reason: {allowance.ask.reason}"),
            *ticket_blocks(allowance.ask.ticket, config),
            *_grounds(card),
            *approval_blocks(allowance, config, is_waiting=card.is_waiting, taken_back="Revoked"),
            *left_out_blocks(allowance),
            *actions(
                *act_buttons(allowance, config, now),
                *card_button(config, allowance, card.status),
                *_details(card),
                story_button(allowance.id),
            ),
        ],
        rest=in_full(allowance.id),
    )


def _grounds(card: Card) -> list[Block]:
    """What a decision rests on: in full while it is to be made or reviewed, the level of risk afterwards."""
    lines = risk_lines(card.allowance.risk)
    if not card.is_judged:
        return [context(lines[0])]
    room = card.ahead.room if card.is_waiting else ""
    return [section(fold(lines, RISK_ROOM)), context(f"{touches(card.allowance.scope)}{room}")]


def _details(card: Card) -> list[Block]:
    """What the card leaves out once it is decided."""
    has_button = not is_whole(card.allowance, card.config)  # beside the destinations
    return [] if card.is_judged or has_button else [details_button(card.allowance)]


def standing(card: Card) -> str:
    """Say in one sentence what happens next."""
    allowance = card.allowance
    is_open = card.status in (Status.LIVE, Status.EXPIRING)
    return STANDING[card.status].format(
        waiting=WAITS if card.is_dry else card.ahead.wait,
        **standing_facts(allowance),
        until=until(allowance),
        closed=escape(allowance.closed.reason) if allowance.closed else "",
        suspended=escape(allowance.suspended or ""),
        expired=when(allowance.expires_at) if allowance.expires_at else "",
        removal=_removal(allowance, is_dry=card.is_dry),
        probed=probed_text(allowance) if is_open else "",
        used=used_text(allowance) if is_open else "",
    )


def until(allowance: Allowance) -> str:
    """Say how long it stays open, as far as known; empty if it was ended early."""
    if allowance.denied or allowance.revoked or allowance.closed:
        return ""
    if allowance.expires_at is not None:
        ends = f" {person(allowance.let_expire.by.user)} lets it expire." if allowance.let_expire else ""
        return f"Open until {when(allowance.expires_at)}.{ends}"
    if allowance.ask.duration is None:
        return "Open until revoked."
    return f"Open for {duration_text(allowance.ask.duration)} once live."


def _removal(allowance: Allowance, *, is_dry: bool) -> str:
    was_never_open = allowance.applying_at is None or (allowance.failure is not None and allowance.live_at is None)
    if was_never_open:
        return "Nothing was opened."
    if allowance.gone_at:
        return "The rule is gone from the firewall."
    return STAYS if is_dry else "The rule is being taken out of the firewall."


def _facts(allowance: Allowance) -> tuple[str, str]:
    """Where and for how long; who asked, and the id to name it by."""
    scope, ask = allowance.scope, allowance.ask
    pool = f"node pool {code(scope.pool)}" if scope.pool else "whole cluster"
    lasts = f"{duration_text(ask.duration)} once live" if ask.duration else "no end"
    return f"{escape(scope.environment)}, {pool}. For {lasts}.", f"{code(allowance.id)}. {asked_by(allowance)}"


def allowance_news(allowance: Allowance, body: Mapping[str, str], config: Configuration) -> Message:
    """One event, as the thread under the card and the person who asked get it.

    Args:
        allowance: The facts.
        body: Of the notice: ``event``, and what its words need beside the allowance.
        config: Knows what bundles contain.
    """
    event, text = body.get("event", ""), news_text(allowance, body, config)
    named = names_of(allowance, config, room=NEWS_ROOM)
    about = f"{code(allowance.id)}, {code(allowance.scope.cluster_name)} to {named}"
    parts = [section(text), *narrowing_blocks(body), *given_reason(allowance, event), context(about)]
    return message(f"{text} {about}", parts, rest=in_full(allowance.id))


def news_text(allowance: Allowance, body: Mapping[str, str], config: Configuration) -> str:
    """The words of one event, without what it is about; arguments as of ``allowance_news``."""
    return (
        news_words(allowance, body.get("event", ""), config.dry_run)
        .format(
            **news_facts(allowance, body, config),
            **break_glass_facts(allowance, config),
            filer=person(allowance.filed_by.user) if allowance.filed_by else "The bot",
            by=person(body.get("by", "")),
            id=allowance.id,
            removal=_removal(allowance, is_dry=is_dry(config.dry_run, allowance)),
            until=until(allowance),
            used=used_text(allowance),
        )
        .strip()
    )
