"""Listeners of review campaigns: the command, the buttons, the forms."""

from functools import partial

from bot.allowances import campaigns
from bot.allowances.campaigns import Glance, Wanted
from bot.approvals import brief
from bot.domain.access import REVIEWERS, require_reviewer
from bot.domain.campaign import AnswerKind, ReviewItem, ReviewSheet, already_signed
from bot.domain.ids import is_id
from bot.errors import InvalidInput
from bot.ports import Caller, Context
from handlers.blocks.block_kit import code, escape, message
from handlers.blocks.review_card import ROWS, review_line, review_list
from handlers.blocks.review_left import left_loading, left_view
from handlers.blocks.review_sheet import Page, answered_line, removal_line, review_view, subject_line
from handlers.calls import Call, plain_words, position_from
from handlers.modals import closing
from handlers.replies import Ephemeral, Message, OpenModal, Reply, UpdateModal, View
from handlers.review_forms import KeepForm, RemoveForm, SignForm


def review(ctx: Context, call: Call) -> Reply:
    """List reviews, show one, start one, sign one off."""
    word, _, rest = plain_words(call.text).strip().partition(" ")
    if not word:
        return Ephemeral(review_list(campaigns.browse(ctx, call.caller, rows=ROWS)))
    if word.lower() == "start":
        return _start(ctx, call.caller, rest)
    if word.lower() == "sign":
        return _sign(ctx, call.caller, rest)
    if word.lower() == "left":
        return OpenModal(left_loading(), partial(_left, ctx, call.caller))
    if not is_id(word):
        raise InvalidInput(
            f"“{word[:60]}” is not a review. Use `/egress review`, `/egress review start SCOPE`, `/egress review ID` "
            "or `/egress review sign ID REASON`."
        )
    return OpenModal(review_view(campaigns.look(ctx, call.caller, word), ctx.config))


def older(ctx: Context, call: Call) -> Reply:
    """The next reviews of the list, in the place of these."""
    found = campaigns.browse(ctx, call.caller, rows=ROWS, after=position_from(call.value.get("after", "")))
    return Ephemeral(review_list(found), replaces=True)


def _start(ctx: Context, caller: Caller, words: str) -> Reply:
    return Ephemeral(_started(campaigns.start(ctx, caller, words)))


def _left(ctx: Context, caller: Caller) -> View:
    found = campaigns.ownerless(ctx, caller)
    may_start = bool(found.found) and bool(found.who.roles & REVIEWERS)
    return left_view(found, ctx.config, campaigns.keep_list(ctx, found) if may_start else "")


def start_left(ctx: Context, call: Call) -> Reply:
    """Start a review of the listed allowances whose owners left."""
    sheet = campaigns.start_ownerless(ctx, call.caller, call.value.get("list", ""))
    return UpdateModal(closing("Review started", _started(sheet).text))


def _started(sheet: ReviewSheet) -> Message:
    campaign, count = sheet.campaign, len(sheet.campaign.items)
    counted = f"{count} open allowance{'' if count == 1 else 's'}"
    return message(
        f"Review {code(campaign.id)} of {escape(campaign.scope.words)} has started: {counted}. Owners are being told; "
        f"`/egress review {campaign.id}` shows it."
    )


def _sign(ctx: Context, caller: Caller, words: str) -> Reply:
    """Sign it off; where something is unanswered, the form says what."""
    subject, _, reason = words.strip().partition(" ")
    if not subject:
        raise InvalidInput("Give a review: `/egress review sign ID REASON`. `/egress review` lists them.")
    glance = campaigns.look(ctx, caller, subject)
    if glance.whole.open_items or not reason.strip():
        return OpenModal(_sign_form(glance, brief(reason)))
    sheet = campaigns.sign(ctx, caller, subject, reason)
    return Ephemeral(message(f"Signed off: review {code(sheet.campaign.id)}."))


def _sign_form(glance: Glance, reason: str = "") -> View:
    require_reviewer(glance.who)
    campaign = glance.whole.campaign
    if campaign.signed is not None:
        raise already_signed(campaign, campaign.signed)
    return SignForm.build(glance, review_line(glance), reason)


def show(ctx: Context, call: Call) -> Reply:
    """Open the allowances of the button's review, or another page of them."""
    page = Page(call.value.get("which", ""), call.value.get("after", ""))
    view = review_view(campaigns.look(ctx, call.caller, call.value["id"]), ctx.config, page)
    return _shown(call, view)


def _shown(call: Call, view: View) -> Reply:
    return UpdateModal(view) if call.caller.via == "slack:modal" else OpenModal(view)


def keep_form(ctx: Context, call: Call) -> Reply:
    """Ask until when it is kept, and why."""
    glance, item = _open_item(ctx, call)
    return _shown(call, KeepForm.build(call.value["id"], item.allowance, subject_line(glance, item, ctx.config)))


def remove_form(ctx: Context, call: Call) -> Reply:
    """Ask why it is removed."""
    glance, item = _open_item(ctx, call)
    about = f"{subject_line(glance, item, ctx.config)}\n{removal_line(glance, item, ctx.config)}"
    return _shown(call, RemoveForm.build(call.value["id"], item.allowance, about))


def _open_item(ctx: Context, call: Call) -> tuple[Glance, ReviewItem]:
    """The item of a button; what is decided already is said before a form is filled in."""
    glance = campaigns.look(ctx, call.caller, call.value["id"])
    item = glance.sheet.campaign.item(call.value.get("of", ""))
    glance.sheet.require_open(item)
    return glance, item


def keep(ctx: Context, call: Call) -> Reply:
    """Keep it, and show the others again."""
    form = KeepForm.parse(call.form)
    return _answer(
        ctx, call, Wanted(call.value["id"], call.value.get("of", ""), AnswerKind.KEEP, form.reason, form.until)
    )


def remove(ctx: Context, call: Call) -> Reply:
    """Remove it, and show the others again."""
    reason = RemoveForm.parse(call.form).reason
    return _answer(ctx, call, Wanted(call.value["id"], call.value.get("of", ""), AnswerKind.REMOVE, reason))


def _answer(ctx: Context, call: Call, wanted: Wanted) -> Reply:
    done = campaigns.answer(ctx, call.caller, wanted)
    return _done(
        ctx, call, done.sheet, answered_line(done.item, done.sheet.allowances[done.item.allowance], ctx.config)
    )


def _done(ctx: Context, call: Call, sheet: ReviewSheet, note: str) -> Reply:
    """Say what was done, and show the rest where it can be shown."""
    glance = campaigns.seen_by(ctx, call.caller, sheet)
    return UpdateModal(closing("Done", note) if glance is None else review_view(glance, ctx.config, note=note))


def sign_form(ctx: Context, call: Call) -> Reply:
    """Ask for the conclusion."""
    return _shown(call, _sign_form(campaigns.look(ctx, call.caller, call.value["id"])))


def sign(ctx: Context, call: Call) -> Reply:
    """Sign it off; what the form listed as unanswered is put on record."""
    reason = SignForm.parse(call.form).reason
    sheet = campaigns.sign(ctx, call.caller, call.value["id"], reason, with_open="open" in call.value)
    return _done(ctx, call, sheet, ":white_check_mark: Signed off.")
