"""The buttons of acts on a request, with their confirmations: the same on cards, on the Home tab and in lists."""

from collections.abc import Collection
from datetime import datetime

from bot.domain.allowance import MAY_ACT, Act, Allowance, Status, status
from bot.domain.configuration import Configuration
from bot.domain.risk import Level
from bot.domain.scale_proposal import ASKABLE_AGAIN, Scale, ScaleStatus, scale_status
from bot.domain.snat import TypeChange, smaller_steps
from bot.ports import Place
from handlers.blocks.approval_card import carried
from handlers.blocks.block_kit import CONFIRM_TEXT, button, confirm
from handlers.blocks.dryrun import ENDS, is_dry
from handlers.replies import Block

EVERY = (
    "review_break_glass",
    "approve",
    "narrow",
    "deny",
    "ask_question",
    "answer_question",
    "edit",
    "renew",
    "let_expire",
    "revoke",
    "request_again",
    "propose_again",
)
"""The action ids of what people do about a request, in the order in which cards show them."""


def act_buttons(
    subject: Allowance | Scale, config: Configuration, now: datetime, *, only: Collection[str] = EVERY
) -> list[Block]:
    """Only what is possible now; who may is decided when somebody presses.

    Args:
        subject: What they act on.
        config: Knows where nothing is written.
        now: The time at which they are drawn.
        only: The action ids that the place has room for.
    """
    made = _of_scale(subject, now) if isinstance(subject, Scale) else _of_allowance(subject, config, now)
    return [block for block in made if block["action_id"] in only]


def _of_scale(scale: Scale, now: datetime) -> list[Block]:
    state = scale_status(scale, now)
    if state in ASKABLE_AGAIN:
        return [button("Propose again…", "propose_again", carried(scale))]
    if state is not ScaleStatus.WAITING:
        return []
    less = [button("Approve a smaller step…", "narrow", carried(scale))] if smaller_steps(scale.plan.change) else []
    return [_approve(scale), *less, _deny(scale), *_talk(scale), _withdraw(scale, "Nothing changes.")]


def _of_allowance(allowance: Allowance, config: Configuration, now: datetime) -> list[Block]:
    state = status(allowance, now)
    offered = (
        (Act.APPROVE, _approve(allowance)),
        (Act.APPROVE, button("Approve less…", "narrow", carried(allowance))),
        (Act.DENY, _deny(allowance)),
        *((Act.ASK, one) for one in _talk(allowance)),
        (Act.EDIT, button("Edit…", "edit", carried(allowance))),
        (Act.RENEW, button("Renew", "renew", carried(allowance))),
        *_expiring(allowance, state),
        (Act.REVOKE, _end(allowance, state, is_held=is_dry(config.dry_run, allowance))),
        (Act.ASK_AGAIN, button("Request again…", "request_again", carried(allowance))),
    )
    review = [button("Review…", "review_break_glass", carried(allowance), style="primary")]
    return [*(review if allowance.needs_review else []), *(made for act, made in offered if state in MAY_ACT[act])]


def _expiring(allowance: Allowance, state: Status) -> list[tuple[Act, Block]]:
    """The equal choice beside renewing, where it is about to end and nobody has made it."""
    if state is not Status.EXPIRING or allowance.let_expire is not None:
        return []
    return [(Act.LET_EXPIRE, button("Let it expire", "let_expire", carried(allowance)))]


def _approve(subject: Allowance | Scale) -> Block:
    return button("Approve", "approve", carried(subject), style="primary", confirm=caution(subject))


def _deny(subject: Allowance | Scale) -> Block:
    """Opens the form that asks why not."""
    return button("Deny…", "deny", carried(subject), style="danger")


def _talk(subject: Allowance | Scale) -> list[Block]:
    """Opens the forms for a question before deciding, and for its answer."""
    asks = button("Ask a question…", "ask_question", carried(subject))
    return [asks, *([button("Answer…", "answer_question", carried(subject))] if subject.open_questions else [])]


def _withdraw(subject: Allowance | Scale, consequence: str) -> Block:
    """Takes it back before it is decided."""
    return button("Withdraw", "revoke", carried(subject), confirm=confirm("Withdraw?", consequence, yes="Withdraw"))


def _end(allowance: Allowance, state: Status, *, is_held: bool) -> Block:
    if state is Status.WAITING:
        return _withdraw(allowance, "Nothing will open.")
    text = ENDS if is_held else "The rule is taken out of the firewall. Connections through it will fail."
    asked = confirm("Revoke it now?", text, yes="Revoke")
    return button("Revoke", "revoke", carried(allowance), style="danger", confirm=asked)


def caution(subject: Allowance | Scale) -> Block | None:
    """Ask for confirmation before an approval that is risky or takes addresses away; None before any other."""
    if isinstance(subject, Scale):
        return _scale_caution(subject) if subject.plan.change.direction == "down" else None
    if subject.risk.level.rank < Level.HIGH.rank:
        return None
    why = " ".join(reason.sentence for reason in subject.risk.reasons) or "Approve anyway?"
    if len(why) > CONFIRM_TEXT:
        why = f"Read the {len(subject.risk.reasons)} reasons before you approve."
    return confirm(f"Risk is {subject.risk.level}", why, yes="Approve")


def _scale_caution(scale: Scale) -> Block:
    text = "Open connections may break. Partners who allowlist addresses that may go must be told before."
    verb = "Change" if isinstance(scale.plan.change, TypeChange) else "Down"
    return confirm(f"{verb} to {scale.plan.change.goal}?", text, yes="Approve")


def position_text(place: Place) -> str:
    """The position of a row in a list, as a button or view carries it."""
    return f"{int(place.is_open)}{place.id}"
