"""Acts on one request for several clusters: its card's buttons, and the form that asks why it is denied."""

from bot import allowances
from bot.allowances import DoneTogether
from bot.approvals import Decision
from bot.auditing import Attempt
from bot.domain.allowance import Act
from bot.ports import Caller, Context
from handlers.attempts import record_refusal
from handlers.blocks import lists
from handlers.blocks.batch_card import about_batch, batch_parts
from handlers.blocks.block_kit import code, message, modal, section
from handlers.blocks.words import EACH, error_text
from handlers.calls import Call
from handlers.modals import DenyForm
from handlers.replies import Message, OpenModal, Reply

KEY = "batch"
"""What a button or modal of a batch carries in place of ``digest``: the digest of all that it decides."""


def is_batch(call: Call) -> bool:
    """Whether a button or modal is about several allowances that were filed together."""
    return KEY in call.value


def approve(ctx: Context, call: Call) -> Message:
    """Say yes to everything that the card shows as waiting."""
    decision = Decision(call.value["id"], True, seen=call.value[KEY])
    return told(ctx, call.caller, "approve", allowances.decide_together(ctx, call.caller, decision))


def deny(ctx: Context, call: Call) -> Message:
    """Say no to it, with the reason."""
    reason = DenyForm.parse(call.form).reason
    decision = Decision(call.value["id"], False, seen=call.value[KEY], reason=reason)
    return told(ctx, call.caller, "deny", allowances.decide_together(ctx, call.caller, decision))


def end(ctx: Context, call: Call) -> Message:
    """Withdraw or revoke all of it."""
    return told(ctx, call.caller, "revoke", allowances.end_together(ctx, call.caller, call.value["id"]))


def ask_why(ctx: Context, call: Call) -> Reply:
    """Ask why not; a card that is out of date is answered before a form is filled in."""
    batch, now = allowances.get_batch(ctx, call.caller, call.value["id"]), ctx.clock.now()
    batch.require_undecided(Act.DENY, now)
    batch.require_same(call.value[KEY], now)
    return OpenModal(DenyForm().build(batch.id, call.value[KEY], about_batch(batch, ctx.config), key=KEY))


def details(ctx: Context, call: Call) -> Reply:
    """Show all of it, to read before a decision."""
    batch = allowances.get_batch(ctx, call.caller, call.value["id"])
    batch.require_same(call.value[KEY], ctx.clock.now())
    return OpenModal(modal("details", f"{batch.id} in full", batch_parts(batch, ctx.config)))


def told(ctx: Context, caller: Caller, verb: str, made: DoneTogether) -> Message:
    """What was done, line by line; what the person may not do is on record as an attempt, and said."""
    lines = [lists.decided(one, ctx.clock.now(), ctx.config.dry_run).text for one in made.done]
    for one, error in made.refused:
        record_refusal(ctx, caller, verb, error, Attempt(one.id))
        lines.append(f":no_entry_sign: {code(one.id)}, {code(one.cluster_name)}: {error_text(error, '')}")
    return message("\n".join(lines), [section(line) for line in lines], rest=EACH)
