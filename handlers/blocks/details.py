"""Shows the subject of a decision: as much as fits on a card, and in full in a modal."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from bot.domain.allowance import Allowance, Scope
from bot.domain.configuration import Configuration
from bot.domain.duration import duration_text
from bot.domain.partner import Partner
from bot.domain.risk import Level, Risk
from bot.domain.scale_proposal import Scale
from handlers.blocks.approval_card import carried
from handlers.blocks.block_kit import (
    SECTION_TEXT,
    button,
    code,
    context,
    escape,
    fits,
    fold,
    input_,
    modal,
    paragraphs,
    person,
    said,
    section,
    text_input,
    when,
)
from handlers.blocks.deciders import approved_by, decides, ticket_blocks
from handlers.blocks.naming import Listing, listings
from handlers.blocks.scale_card import scale_parts
from handlers.replies import Block, View

RISK_MARKS: Mapping[Level, str] = MappingProxyType(
    {
        Level.LOW: ":white_small_square:",
        Level.MEDIUM: ":small_orange_diamond:",
        Level.HIGH: ":large_orange_diamond:",
        Level.CRITICAL: ":red_circle:",
    }
)
"""One mark for each level, so that it is seen at a glance."""

APPROVE = "approve"
"""Callback id of the modal that shows all of it before it is approved."""

DESTINATIONS_ROOM = 2400
RISK_ROOM = 2400
SOURCES_ROOM = 1000


def risk_lines(risk: Risk) -> list[str]:
    """The level, and each reason."""
    title = f"{RISK_MARKS[risk.level]} *Risk: {risk.level}* ({risk.score} of 100)"
    return [title, *(f"• {escape(reason.sentence)}" for reason in risk.reasons)]


def touches(scope: Scope) -> str:
    """Name the firewall that changes, and the traffic affected."""
    sources = fold(_sources(scope), SOURCES_ROOM, joint=", ")
    return f"Changes {scope.target.noun} {code(scope.target.name)}, for traffic from {sources} only."


def _sources(scope: Scope) -> list[str]:
    return [code(source) for source in scope.sources]


def destinations(allowance: Allowance, config: Configuration) -> list[Block]:
    """The destinations as far as they fit; where not everything on the card does, with the button that shows it."""
    lists = listings(allowance.ask, config)
    first, *others = [section(_folded(each, DESTINATIONS_ROOM // len(lists))) for each in lists]
    if is_whole(allowance, config):
        return [first, *others]
    return [{**first, "accessory": details_button(allowance)}, *others]


def _folded(listing: Listing, room: int) -> str:
    return f"{listing.title}\n{fold(listing.lines, room, joint=listing.joint)}"


def is_whole(allowance: Allowance, config: Configuration) -> bool:
    """Whether a card has room for everything that is decided on."""
    lists = listings(allowance.ask, config)
    return (
        all(fits(each.lines, DESTINATIONS_ROOM // len(lists), joint=each.joint) for each in lists)
        and fits(risk_lines(allowance.risk), RISK_ROOM)
        and fits(_sources(allowance.scope), SOURCES_ROOM, joint=", ")
        and fits(decides(allowance.verdict, config), SECTION_TEXT)
    )


def details_button(subject: Allowance | Scale) -> Block:
    """Opens everything that is decided on."""
    count = 0 if isinstance(subject, Scale) else len(subject.destinations)
    text = f"All {count} destinations" if count > 1 else "Details"
    return button(text, "details", carried(subject))


def details_view(subject: Allowance | Scale, config: Configuration, partners: Sequence[Partner] = ()) -> View:
    """All of it, to read; of a scale proposal also who depends on the addresses."""
    return modal("details", f"{subject.id} in full", _parts(subject, config, partners))


def approval_view(allowance: Allowance, config: Configuration, reason: str = "") -> View:
    """All of it, to approve exactly this; with the reason that was typed, if one was."""
    why = input_("reason", "Why", text_input(reason, multiline=True), optional=True)
    parts = [*_parts(allowance, config), why]
    return modal(APPROVE, f"{allowance.id} in full", parts, submit="Approve", id=allowance.id, digest=allowance.digest)


def _parts(subject: Allowance | Scale, config: Configuration, partners: Sequence[Partner] = ()) -> list[Block]:
    if isinstance(subject, Scale):
        return [*scale_parts(subject, config.prices, partners), *_decided(subject, config)]
    scope, ask = subject.scope, subject.ask
    where = f"node pool {code(scope.pool)}" if scope.pool else "whole cluster"
    lasts = f"{duration_text(ask.duration)} once live" if ask.duration else "no end"
    lists = listings(ask, config)
    return [
        section(
            f"{code(scope.cluster_name)} ({escape(scope.environment)}), {where}: {_counted(len(ask.destinations))}"
        ),
        *(block for each in lists for block in paragraphs(each.title, each.lines, joint=each.joint)),
        section(f"*How long* {lasts}"),
        *paragraphs("", risk_lines(subject.risk)),
        section("*Reason*"),
        said(ask.reason),
        *ticket_blocks(ask.ticket, config),
        context(f"In {scope.target.noun} {code(scope.target.name)}."),
        *paragraphs("*For traffic from*", _sources(scope), joint=", "),
        *_decided(subject, config),
    ]


def _decided(subject: Allowance | Scale, config: Configuration) -> list[Block]:
    """Who decides and why, who has approved, who asked."""
    return [
        *paragraphs("*Who decides*", decides(subject.verdict, config, is_open=False)),
        *approved_by(subject.verdict, subject.approvals),
        context(asked_by(subject), _beside(subject)),
    ]


def _beside(subject: Allowance | Scale) -> str:
    """What was requested in the same act and shares its card; empty where there is nothing."""
    others = [code(one) for one in subject.batch if one != subject.id]
    return f"Requested together with {', '.join(others)}." if others else ""


def asked_by(subject: Allowance | Scale) -> str:
    """Who asked, when, and through which API token; who filed it, who owns it now, and what it continues."""
    who = person(subject.requester.user)
    token, renewed = (subject.token, subject.ask.renews) if isinstance(subject, Allowance) else ("", None)
    first = f"API token {code(token)} of {who}" if token else who
    more = [f"filed by {person(subject.filed_by.user)}"] if subject.filed_by else []
    more += [f"owned by {person(subject.owner.user)}"] if subject.owned_by else []
    more += [f"continues {code(renewed)}"] if renewed else []
    return ", ".join((f"Asked by {first} {when(subject.requested_at)}", *more)) + "."


def _counted(count: int) -> str:
    return f"{count} destination{'' if count == 1 else 's'}"
