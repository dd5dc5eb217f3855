"""Questions before a decision: the forms, the buttons, and answers written in the card's thread."""

from dataclasses import dataclass
from typing import ClassVar

from bot.approvals import Inquiry
from bot.domain.allowance import Act
from bot.errors import AlreadyDecided
from bot.ports import Context
from handlers.blocks import lists
from handlers.blocks.block_kit import code, input_, message, modal, paragraphs, person, section
from handlers.calls import Call, require_readable
from handlers.home import redrawn
from handlers.modals import long_text
from handlers.replies import Ephemeral, OpenModal, Reply, View
from handlers.subjects import Subject, answer, ask, look_up, on_card, require_decidable


@dataclass(frozen=True, slots=True)
class QuestionForm:
    """A question to whoever asked, or the answer to those that are open."""

    CALLBACKS: ClassVar[tuple[str, str]] = ("ask_question", "answer_question")

    @staticmethod
    def build_question(subject: Subject, about: str) -> View:
        """Draw the form of a question; ``about`` is the request in one line."""
        hint = "It goes to the requester and into the thread. The request does not lapse while it waits for the answer."
        field = input_("reason", "Your question", long_text(""), hint=hint)
        carried = {"id": subject.id, "digest": subject.digest}
        return modal(QuestionForm.CALLBACKS[0], "Ask a question", [section(about), field], submit="Ask", **carried)

    @staticmethod
    def build_answer(subject: Subject) -> View:
        """Draw the form of the answer, with the questions that are open."""
        asked = [block for one in subject.open_questions for block in paragraphs(f"{person(one.by.user)}:", [one.text])]
        field = input_("reason", "Your answer", long_text(""))
        return modal(QuestionForm.CALLBACKS[1], "Answer", [*asked, field], submit="Answer", id=subject.id)


def open_question(ctx: Context, call: Call) -> Reply:
    """Ask what the approver wants to know."""
    found, seen = look_up(ctx, call.caller, call.value["id"]), call.value["digest"]
    require_decidable(found, seen, Act.ASK, ctx.clock.now())
    return OpenModal(QuestionForm.build_question(found, lists.about(found, ctx.config)))


def open_answer(ctx: Context, call: Call) -> Reply:
    """Ask for the answer."""
    found = look_up(ctx, call.caller, call.value["id"])
    if not found.open_questions:
        raise AlreadyDecided(f"No question about {found.id} is open.")
    return OpenModal(QuestionForm.build_answer(found))


def submit_question(ctx: Context, call: Call) -> tuple[Reply, ...]:
    """Put the question."""
    asked = ask(ctx, call.caller, Inquiry(call.value["id"], call.form.get("reason", ""), call.value["digest"]))
    said = f"Asked {person(asked.requester.user)}. You'll be notified of the answer. {code(asked.id)}"
    return Ephemeral(message(said)), *redrawn(ctx, call)


def submit_answer(ctx: Context, call: Call) -> tuple[Reply, ...]:
    """Give the answer."""
    given = answer(ctx, call.caller, Inquiry(call.value["id"], call.form.get("reason", "")))
    return Ephemeral(message(f"Answered. The approvers were told. {code(given.id)}")), *redrawn(ctx, call)


def answered_in_thread(ctx: Context, call: Call) -> tuple[Reply, ...]:
    """Take what the requester writes under the card as the answer, while a question is open; else it is just talk."""
    with ctx.store.read() as tx:
        subject = tx.outbox.subject_of(call.value["channel"], call.value["thread_ts"])
    if subject is None:
        return ()
    asked = (one for one in on_card(ctx, subject) if one.open_questions and one.is_waiting(ctx.clock.now()))
    for one in asked:
        if call.caller.identity in one.askers:
            require_readable(call.text)
            answer(ctx, call.caller, Inquiry(one.id, call.text))
    return ()
