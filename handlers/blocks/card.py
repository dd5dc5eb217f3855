"""The card of an allowance: one message in the channel, drawn again from the facts after each change."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from bot.domain.allowance import MAY_ACT, Act, Allowance, Status, digest, status
from bot.domain.approval import Verdict, VerdictKind
from bot.domain.duration import duration_text
from bot.domain.risk import Level, Risk
from bot.domain.settings import Rulebook
from bot.domain.target import TargetKind
from handlers.blocks.ahead import Ahead
from handlers.blocks.kit import (
    actions,
    button,
    code,
    confirm,
    context,
    escape,
    fields,
    fold,
    header,
    message,
    person,
    said,
    section,
    small_plain,
    value,
    when,
)
from handlers.blocks.states import HEADLINES, MARKS, STANDING
from handlers.blocks.words import NEWS
from handlers.replies import Block, Message

RISK_MARKS: Mapping[Level, str] = MappingProxyType(
    {
        Level.LOW: ":white_small_square:",
        Level.MEDIUM: ":small_orange_diamond:",
        Level.HIGH: ":large_orange_diamond:",
        Level.CRITICAL: ":red_circle:",
    }
)
"""One mark for each level, so that it is seen at a glance."""

DESTINATIONS_ROOM = 1500
RISK_ROOM = 1200
MOST_PEOPLE = 10


@dataclass(frozen=True, slots=True)
class Card:
    """What a card is drawn from.

    Args:
        allowance: The facts.
        rulebook: Names people and user groups.
        now: The time at which it is drawn.
        ahead: What lies before it.
    """

    allowance: Allowance
    rulebook: Rulebook
    now: datetime
    ahead: Ahead

    @property
    def status(self) -> Status:
        """What the allowance is now."""
        return status(self.allowance, self.now)


def allowance_card(allowance: Allowance, rulebook: Rulebook, now: datetime, ahead: Ahead) -> Message:
    """The card."""
    card = Card(allowance, rulebook, now, ahead)
    scope, ask = allowance.scope, allowance.ask
    return message(
        f"{HEADLINES[card.status]}: {code(scope.cluster_name)} to {names_of(allowance)} ({allowance.id})",
        [
            header(f"{HEADLINES[card.status]}: {scope.cluster_name} → {names_of(allowance, plain_text=True)}"),
            context(f"{MARKS[card.status]} {_standing(card)}"),
            *fields(_facts(card)),
            section(f"*Destinations*{_bundle(card)}\n{_destinations(allowance)}"),
            section("*Reason*"),
            said(ask.reason),
            *([small_plain(f"Ticket: {ask.ticket}")] if ask.ticket else []),
            *_risk(allowance.risk),
            context(_touches(card)),
            context(decides(allowance.verdict, rulebook, is_open=card.status is Status.WAITING)),
            *_endings(allowance),
            *actions(*_buttons(card)),
        ],
    )


def names_of(allowance: Allowance, *, plain_text: bool = False) -> str:
    """A bundle as one with the number of its names; else the first destination, and how many others there are."""
    if allowance.ask.bundle:
        bundle = allowance.ask.bundle if plain_text else code(allowance.ask.bundle)
        return f"{bundle} ({_names(len(allowance.destinations))})"
    first, *others = [str(destination) for destination in allowance.destinations]
    shown = first if plain_text else code(first)
    return f"{shown} and {len(others)} more" if others else shown


def _names(count: int) -> str:
    return f"{count} name{'' if count == 1 else 's'}"


def _standing(card: Card) -> str:
    """What happens next, in one sentence."""
    allowance = card.allowance
    return STANDING[card.status].format(
        waiting=card.ahead.wait,
        lapses=when(allowance.lapses_at),
        until=until(allowance),
        failure=escape(allowance.failure or ""),
        closed=escape(allowance.closed.reason) if allowance.closed else "",
        suspended=escape(allowance.suspended or ""),
        expired=when(allowance.expires_at) if allowance.expires_at else "",
        removal=_removal(allowance),
        missing=max(0, allowance.verdict.needed - len(allowance.approvals)),
    )


def until(allowance: Allowance) -> str:
    """How long it stays open, as far as that is known; nothing of what was ended before."""
    if allowance.denied or allowance.revoked or allowance.closed:
        return ""
    if allowance.expires_at is not None:
        return f"Open until {when(allowance.expires_at)}."
    if allowance.ask.duration is None:
        return "Open until somebody revokes it."
    return f"Open for {duration_text(allowance.ask.duration)} from then on."


def _removal(allowance: Allowance) -> str:
    was_never_open = allowance.applying_at is None or (allowance.failure is not None and allowance.live_at is None)
    if was_never_open:
        return "Nothing was opened."
    return (
        "The rule is gone from the firewall." if allowance.gone_at else "The rule is being taken out of the firewall."
    )


def _facts(card: Card) -> list[tuple[str, str]]:
    allowance = card.allowance
    scope, ask = allowance.scope, allowance.ask
    pool = f", node pool {code(scope.pool)}" if scope.pool else ", whole cluster"
    return [
        ("Cluster", f"{code(scope.cluster_name)}{pool}"),
        ("Environment", escape(scope.environment)),
        ("Asked by", f"{person(allowance.requester.user)}, {when(allowance.requested_at)}"),
        ("How long", f"{duration_text(ask.duration)} from being live" if ask.duration else "no end"),
        ("Continues", code(ask.renews) if ask.renews else ""),
        ("Id", code(allowance.id)),
    ]


def _bundle(card: Card) -> str:
    """The bundle's title, how many of its names are asked for, and where its owner documents them."""
    allowance = card.allowance
    if not allowance.ask.bundle:
        return ""
    bundle = card.rulebook.bundles.get(allowance.ask.bundle)
    if bundle is None:
        return f" of the bundle {code(allowance.ask.bundle)}, which is no longer configured"
    missing = set(bundle.destinations) - set(allowance.destinations)
    rest = f"; {len(missing)} of its {_names(len(bundle.destinations))} not asked for" if missing else ""
    source = f"; see {escape(bundle.source)}" if bundle.source else ""
    return f": {escape(bundle.title)} ({_names(len(allowance.destinations))}{rest}{source})"


def _destinations(allowance: Allowance) -> str:
    """One on each line; those of a bundle beside each other, because they are one thing."""
    joint = ", " if allowance.ask.bundle else "\n"
    return fold([code(str(destination)) for destination in allowance.destinations], DESTINATIONS_ROOM, joint=joint)


def _risk(risk: Risk) -> list[Block]:
    lines = [f"• {escape(reason.sentence)}" for reason in risk.reasons]
    title = f"{RISK_MARKS[risk.level]} *Risk: {risk.level}* ({risk.score} of 100)"
    return [section("\n".join([title, fold(lines, RISK_ROOM)] if lines else [title]))]


def _touches(card: Card) -> str:
    kinds = {TargetKind.POLICY: "firewall policy", TargetKind.CLASSIC: "classic firewall"}
    scope = card.allowance.scope
    sources = fold([code(source) for source in scope.sources], 1000, joint=", ")
    changed = f"Changes {kinds[scope.target.kind]} {code(scope.target.name)}, for traffic from {sources} only."
    return changed + (card.ahead.room if card.status is Status.WAITING else "")


def decides(verdict: Verdict, rulebook: Rulebook, *, is_open: bool = True) -> str:
    """Who decides and why. Groups are mentioned, which calls them, only while something is to be decided."""
    rule = f"{escape(verdict.reason)} (approval policy rule {code(verdict.rule)})"
    if verdict.kind is VerdictKind.GRANT:
        return f"*Granted at once.* {rule}"
    if verdict.kind is VerdictKind.REFUSE:
        return f"*Refused.* {rule}"
    named = [_group(rulebook, name) if is_open else escape(name) for name in verdict.approvers]
    people = "Somebody" if verdict.needed == 1 else f"{verdict.needed} people"
    return f"*{people} of {' or '.join(named) or 'nobody'} must approve.* {rule}"


def _group(rulebook: Rulebook, name: str) -> str:
    group = rulebook.groups.get(name)
    if group is None:
        return escape(name)
    people = [person(user) for user in sorted(group.users)[:MOST_PEOPLE]]
    called = [f"<!subteam^{group.usergroup}>"] if group.usergroup else []
    return " ".join([*called, *people]) or escape(name)


def _endings(allowance: Allowance) -> list[Block]:
    """Who said what, each in their own words."""
    blocks: list[Block] = []
    if allowance.approvals:
        named = [f"{person(one.by.user)} {when(one.at)}" for one in allowance.approvals[:MOST_PEOPLE]]
        blocks.append(context(f"Approved by {', '.join(named)}."))
    for word, ending in (("Denied", allowance.denied), ("Revoked", allowance.revoked)):
        if ending is not None:
            blocks.append(context(f"{word} by {person(ending.by.user)} {when(ending.at)}."))
            blocks += [small_plain(f"Why: {ending.reason}")] if ending.reason else []
    return blocks


def _buttons(card: Card) -> list[Block]:
    """Only what is possible now; who may is decided when somebody presses."""
    allowance = card.allowance
    carried = value(id=allowance.id, digest=digest(allowance.scope, allowance.ask))
    is_waiting = card.status is Status.WAITING
    offered = (
        (Act.APPROVE, button("Approve", "approve", carried, style="primary", confirm=_caution(allowance))),
        (Act.APPROVE, button("Approve less…", "narrow", carried)),
        (Act.DENY, button("Deny…", "deny", carried, style="danger")),
        (Act.RENEW, button("Renew", "renew", carried)),
        (Act.REVOKE, _end_button(carried, is_waiting=is_waiting)),
    )
    return [one for act, one in offered if card.status in MAY_ACT[act]]


def _caution(allowance: Allowance) -> Block | None:
    """What is risky asks twice."""
    if allowance.risk.level.rank < Level.HIGH.rank:
        return None
    why = " ".join(reason.sentence for reason in allowance.risk.reasons)
    return confirm(f"Risk is {allowance.risk.level}", why or "Approve anyway?", yes="Approve")


def _end_button(carried: str, *, is_waiting: bool) -> Block:
    if is_waiting:
        return button("Withdraw", "revoke", carried, confirm=confirm("Withdraw?", "Nothing will open.", yes="Withdraw"))
    text = "The rule is taken out of the firewall. Connections through it will fail."
    return button("Revoke", "revoke", carried, style="danger", confirm=confirm("Revoke it now?", text, yes="Revoke"))


def allowance_news(allowance: Allowance, body: Mapping[str, str]) -> Message:
    """One event, as the thread under the card and the person who asked get it.

    Args:
        allowance: The facts.
        body: Of the notice: ``event``, and what its words need beside the allowance.
    """
    event = body.get("event", "")
    ending = allowance.denied or allowance.revoked
    approver = allowance.approvals[-1].by.user if allowance.approvals else "-"
    text = (
        NEWS["a"]
        .get(event, "Something changed: see the card.")
        .format(
            who=person(allowance.requester.user),
            id=allowance.id,
            approver=person(approver),
            missing=max(0, allowance.verdict.needed - len(allowance.approvals)),
            ender=person(ending.by.user) if ending else "the bot",
            removal=_removal(allowance),
            until=until(allowance),
            failure=escape(allowance.failure or ""),
            lapses=when(allowance.lapses_at),
            what=escape(body.get("what", "")),
        )
        .strip()
    )
    about = f"{code(allowance.id)}, {code(allowance.scope.cluster_name)} to {names_of(allowance)}"
    reason = ending.reason if ending and event in ("denied", "revoked") else ""
    return message(f"{text} {about}", [section(text), *([said(reason)] if reason else []), context(about)])
