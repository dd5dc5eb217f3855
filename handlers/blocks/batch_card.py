"""The card of one request for several clusters or node pools, and the news under it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from bot.domain.allowance import MAY_ACT, Act, Allowance, Status, status
from bot.domain.batch import Batch, place_text
from bot.domain.configuration import Configuration
from bot.domain.duration import duration_text
from bot.domain.grouping import grouped
from bot.domain.risk import Level
from handlers.blocks.allowance_card import NEWS_ROOM, Card, news_text, standing
from handlers.blocks.approval_card import approval_blocks, given_reason
from handlers.blocks.block_kit import (
    SECTION_TEXT,
    actions,
    button,
    code,
    confirm,
    context,
    escape,
    fold,
    header,
    message,
    paragraphs,
    person,
    said,
    section,
    sentence,
    value,
    when,
)
from handlers.blocks.deciders import decides, needs, ticket_blocks
from handlers.blocks.details import DESTINATIONS_ROOM, RISK_ROOM, asked_by, risk_lines, touches
from handlers.blocks.estimate import Waiting
from handlers.blocks.left_out import left_out_blocks
from handlers.blocks.naming import listings, names_of
from handlers.blocks.states import HEADLINES, MARKS
from handlers.blocks.words import EACH
from handlers.replies import Block, Message

BUTTONS = ("details", "approve", "deny", "revoke", "request_again")
"""The action ids of what people do about a batch. Everything else is done to one of it, by its id."""


def batch_card(batch: Batch, config: Configuration, now: datetime, ahead: Mapping[str, Waiting]) -> Message:
    """The card: the state, the hosts, a line for each cluster, then what is decided on.

    Args:
        batch: The facts.
        config: Names people, user groups and bundles.
        now: The time at which it is drawn.
        ahead: What lies before each of them, by id.
    """
    title, lead = _title(batch, now), batch.lead
    cards = [Card(one, config, now, ahead.get(one.id, Waiting())) for one in batch.members]
    lasts = f"For {duration_text(lead.ask.duration)} once live." if lead.ask.duration else "For no set time: no end."
    return message(
        f"{title} to {names_of(lead, config)} ({batch.id})",
        [
            header(title),
            *paragraphs("", [_line(card) for card in cards]),
            *_lapses(batch, now),
            *_hosts(batch, config),
            context(lasts, asked_by(lead)),
            said(f"Reason: {lead.ask.reason}"),
            *ticket_blocks(lead.ask.ticket, config),
            *_grounds(batch, now),
            *_decisions(batch, config, now),
            *left_out_blocks(lead),
            *actions(*batch_buttons(batch, now)),
        ],
        rest=f"*Details* has the rest; {EACH}",
    )


def _title(batch: Batch, now: datetime) -> str:
    states, count, noun = [status(one, now) for one in batch.members], len(batch.members), batch.noun
    waiting = states.count(Status.WAITING)
    if 0 < waiting < count:
        return f"{HEADLINES[Status.WAITING]}: {waiting} of {count} {noun}"
    if len(set(states)) == 1:
        return f"{HEADLINES[states[0]]}: {count} {noun}"
    return f"{count} {noun}: {', '.join(f'{states.count(each)} {each}' for each in dict.fromkeys(states))}"


def place(allowance: Allowance) -> str:
    """The cluster, or the pool of it: ``aks-a``, ``aks-a/pool1``."""
    return code(place_text(allowance.scope.cluster_name, allowance.scope.pool))


def _line(card: Card) -> str:
    """One cluster, and what happens next there."""
    one = card.allowance
    state = sentence(needs(one.verdict, one.approvals)) if card.is_waiting else f"{_headline(card)} {standing(card)}"
    return f"{MARKS[card.status]} {place(one)} ({escape(one.scope.environment)}), {code(one.id)}: {state}"


def _headline(card: Card) -> str:
    return f"*{HEADLINES[card.status].partition(':')[0]}.*"


def _lapses(batch: Batch, now: datetime) -> list[Block]:
    waiting = batch.waiting(now)
    return [context(f"What nobody decides lapses {when(min(one.lapses_at for one in waiting))}.")] if waiting else []


def _hosts(batch: Batch, config: Configuration) -> list[Block]:
    """The hosts, once where all ask for the same: what a cluster has open already is not asked for there."""
    by_hosts = grouped((one.ask.destinations, one) for one in batch.members)
    blocks = list[Block]()
    for together in by_hosts.values():
        named = f" ({_places(together)})" if len(by_hosts) > 1 else ""
        for each in listings(together[0].ask, config):
            lines = fold(each.lines, DESTINATIONS_ROOM // len(by_hosts), joint=each.joint)
            blocks.append(section(f"{each.title}{named}\n{lines}"))
    return blocks


def _places(members: Sequence[Allowance]) -> str:
    return ", ".join(place(one) for one in members)


def _grounds(batch: Batch, now: datetime) -> list[Block]:
    """What a decision rests on: in full while it is to be made, the level of risk afterwards."""
    waiting = batch.waiting(now)
    if not waiting:
        highest = max(batch.members, key=lambda one: one.risk.score)
        return [context(risk_lines(highest.risk)[0])]
    by_risk = grouped((tuple(risk_lines(one.risk)), one) for one in waiting)
    risks = [f"{lines[0]}{_where(members, batch)}\n" + "\n".join(lines[1:]) for lines, members in by_risk.items()]
    ranges = [f"{place(one)}: {touches(one.scope)}" for one in waiting]
    return [section(fold([each.strip() for each in risks], RISK_ROOM)), context(fold(ranges, SECTION_TEXT))]


def _where(members: Sequence[Allowance], batch: Batch) -> str:
    return "" if len(members) == len(batch.members) else f": {_places(members)}"


def _decisions(batch: Batch, config: Configuration, now: datetime) -> list[Block]:
    """Who decides, who has approved and who ended what; said once where it is the same."""

    def drawn(one: Allowance) -> list[Block]:
        return approval_blocks(one, config, is_waiting=one.is_waiting(now), taken_back="Revoked")

    return _said_once(batch, drawn)


def _said_once(batch: Batch, draw: Callable[[Allowance], list[Block]]) -> list[Block]:
    by_words = grouped((repr(draw(one)), one) for one in batch.members)
    blocks = list[Block]()
    for together in by_words.values():
        made = draw(together[0])
        names = [context(f"{_places(together)}:")] if made and len(by_words) > 1 else []
        blocks += [*names, *made]
    return blocks


def batch_buttons(batch: Batch, now: datetime, *, only: Sequence[str] = BUTTONS) -> list[Block]:
    """What is possible with all of it now; who may is decided when somebody presses."""
    carried, waiting = value(id=batch.id, batch=batch.digest(now)), batch.waiting(now)
    made = [button("Details", "details", carried)]
    if waiting:
        count = len(waiting)
        yes = f"Approve all {count}" if count > 1 else "Approve"
        no = f"Deny all {count}…" if count > 1 else "Deny…"
        made.append(button(yes, "approve", carried, style="primary", confirm=_caution(waiting)))
        made.append(button(no, "deny", carried, style="danger"))
    open_ = [one for one in batch.members if status(one, now) in MAY_ACT[Act.REVOKE]]
    if open_:
        made.append(_end(carried, has_rules=len(open_) > len(waiting)))
    if all(status(one, now) in MAY_ACT[Act.ASK_AGAIN] for one in batch.members):
        made.append(button("Request again…", "request_again", carried))
    return [one for one in made if one["action_id"] in only]


def _end(carried: str, *, has_rules: bool) -> Block:
    if not has_rules:
        asked = confirm("Withdraw all of it?", "Nothing will open anywhere.", yes="Withdraw")
        return button("Withdraw all", "revoke", carried, confirm=asked)
    text = "All of its rules are taken out of the firewalls. Connections through them will fail."
    return button("Revoke all", "revoke", carried, style="danger", confirm=confirm("Revoke all?", text, yes="Revoke"))


def _caution(waiting: Sequence[Allowance]) -> Block | None:
    """Ask for confirmation where one of them is risky."""
    risky = [one for one in waiting if one.risk.level.rank >= Level.HIGH.rank]
    if not risky:
        return None
    highest = max(risky, key=lambda one: one.risk.score)
    text = f"For {len(risky)} of {len(waiting)}. Read the reasons before you approve."
    return confirm(f"Risk is {highest.risk.level}", text, yes="Approve")


def batch_news(members: Sequence[Allowance], body: Mapping[str, str], config: Configuration) -> Message:
    """One event of several that were filed together: said once where the words are the same."""
    event = body.get("event", "")
    by_words = grouped((news_text(one, body, config), one) for one in members)
    blocks, texts = list[Block](), list[str]()
    for text, together in by_words.items():
        named = fold([_about(one, config, NEWS_ROOM // len(members)) for one in together], SECTION_TEXT)
        blocks += [section(text), *given_reason(together[0], event), context(named)]
        texts.append(f"{text} {_places(together)}")
    return message(" ".join(texts), blocks, rest=f"The card has the rest; {EACH}")


def _about(one: Allowance, config: Configuration, room: int) -> str:
    return f"{code(one.id)}, {place(one)} to {names_of(one, config, room=room)}"


def about_batch(batch: Batch, config: Configuration) -> str:
    """Describe it in one line."""
    return f"{code(batch.id)}: {_places(batch.members)} to {names_of(batch.lead, config)}"


def batch_parts(batch: Batch, config: Configuration) -> list[Block]:
    """All of it, to read: at most six blocks for each cluster."""
    return [block for one in batch.members for block in _member_parts(one, config)]


def _member_parts(one: Allowance, config: Configuration) -> list[Block]:
    lists = listings(one.ask, config)
    return [
        section(f"{place(one)} ({escape(one.scope.environment)}), {code(one.id)}"),
        *(section(f"{each.title}\n{fold(each.lines, DESTINATIONS_ROOM, joint=each.joint)}") for each in lists),
        section(fold(risk_lines(one.risk), RISK_ROOM)),
        context(touches(one.scope)),
        context(fold(decides(one.verdict, config, is_open=False))),
    ]


def batch_line(batch: Batch, now: datetime, config: Configuration) -> str:
    """One line of a list of what waits for somebody."""
    waiting = batch.waiting(now)
    highest = max(waiting or batch.members, key=lambda one: one.risk.score)
    asked = f"Risk {highest.risk.level}, requested by {person(batch.lead.requester.user)}"
    return f"{MARKS[Status.WAITING]} {about_batch(batch, config)}\n{asked}"
