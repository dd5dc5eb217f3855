"""Acts on several ids that were typed at once: each is checked, done, recorded and answered by itself."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.auditing import Attempt
from bot.domain.ids import canonical_id, is_id
from bot.errors import ConfirmationNeeded, Conflict, InvalidInput, Unavailable, UserError
from bot.ports import Caller, Context
from handlers.attempts import record_refusal
from handlers.blocks.block_kit import code, message, section
from handlers.blocks.words import EACH, error_text
from handlers.calls import Call, plain_words
from handlers.replies import Ephemeral, Message, Reply

MOST = 10
"""Ids at once: all of them are decided before the ack, which is due after three seconds."""

_WORD = re.compile(r"[\s,]*([^\s,]+)[\s,]*")
_DURATION = re.compile(r"\d{1,5}(?:m|h|d|w)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class IdWords:
    """``ID… [REASON]``: ids first, separated by blanks or commas, then everything else.

    Args:
        ids: At least one, each once.
        reason: The rest as it was typed, may be empty.
    """

    ids: tuple[str, ...]
    reason: str = ""

    @classmethod
    def parse(cls, call: Call, verb: str) -> "IdWords":
        """Take the words apart. The first one is meant as an id, whatever it looks like.

        Raises:
            InvalidInput: No id, or too many.
        """
        rest, ids = plain_words(call.text), list[str]()
        while (word := _WORD.match(rest)) and (not ids or is_id(word[1])):
            ids.append(word[1])
            rest = rest[word.end() :]
        if not ids:
            raise InvalidInput(f"Give a request id: `/egress {verb} ID`. `/egress requests` shows the ids.")
        distinct = tuple({canonical_id(one): one for one in ids}.values())
        if len(distinct) > MOST:
            raise InvalidInput(f"Too many ids: {len(distinct)}; the limit is {MOST}. Nothing was done.")
        return cls(distinct, rest.strip())

    def duration_first(self) -> tuple[str, str]:
        """``30d`` in front of the reason, and the reason; an empty duration where none was typed."""
        first, _, rest = self.reason.partition(" ")
        return (first, rest.strip()) if _DURATION.fullmatch(first) else ("", self.reason)


@dataclass(frozen=True, slots=True)
class ActResult:
    """The result of one act among several.

    Args:
        text: What was done, or why it was not.
        is_done: Whether it was.
    """

    text: str
    is_done: bool


def answer_each(ctx: Context, call: Call, words: IdWords, act: Callable[[str], Message]) -> Reply:
    """Do it for each id that was typed.

    Raises:
        EgressError: With a single id, as the act raises it.
    """
    if len(words.ids) == 1:
        return Ephemeral(act(words.ids[0]))
    lines = [one.text for one in one_by_one(ctx, call.caller, call.value.get("word", ""), words.ids, act)]
    return Ephemeral(message("\n".join(lines), [section(line) for line in lines], rest=EACH))


def one_by_one(
    ctx: Context, caller: Caller, verb: str, ids: Sequence[str], act: Callable[[str], Message]
) -> list[ActResult]:
    """Do it for each id; what is refused is recorded as an attempt at ``verb`` and does not hold up the others."""
    return [_outcome(ctx, caller, verb, subject, act) for subject in ids]


def _outcome(ctx: Context, caller: Caller, verb: str, subject: str, act: Callable[[str], Message]) -> ActResult:
    try:
        return ActResult(act(subject).text, is_done=True)
    except (UserError, Conflict, Unavailable) as error:
        record_refusal(ctx, caller, verb, error, Attempt(subject))
        named = "" if subject in error.sentence else f"{code(subject)}: "
        sign = ":lock:" if isinstance(error, ConfirmationNeeded) else ":no_entry_sign:"
        return ActResult(f"{sign} {named}{error_text(error, '')}", is_done=False)
