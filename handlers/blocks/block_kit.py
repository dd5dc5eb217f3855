"""Block Kit's parts, each within its limit, so that no text of any length makes a payload that Slack refuses.

Limits: https://docs.slack.dev/reference/block-kit and https://docs.slack.dev/reference/views, read 2026-11.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from bot.domain.chart import Chart
from bot.domain.dates import time_text
from bot.errors import InvalidInput
from handlers.replies import Block, Message, View

SECTION_TEXT = 3000
FIELD_TEXT = 2000
FIELDS = 10
HEADER_TEXT = 150
BUTTON_TEXT = 75
BUTTON_VALUE = 2000
METADATA = 3000
CONTEXT_ELEMENTS = 10
OPTION_TEXT = 75
OPTION_VALUE = 150
OPTIONS = 100
MESSAGE_BLOCKS = 50
MESSAGE_SIZE = 13_000
"""Characters of all blocks of a message as JSON; Slack names no number, https://github.com/slackapi/bolt-js/issues/2509
measured 13,200 (read 2026-11)."""
VIEW_BLOCKS = 100
VIEW_TITLE = 24
PLACEHOLDER = 150
HINT = 2000
INPUT_TEXT = 3000
CONFIRM_TEXT = 300
MESSAGE_TEXT = 4000
"""Bytes of a message's text, escaped: ``chat.update`` refuses more with ``msg_too_long``, as others have measured
(https://gitlab.com/gitlab-org/gitlab/-/merge_requests/258898, read 2026-11)."""


def cut(text: str, limit: int) -> str:
    """A text of at most so many characters, with an ellipsis where something is missing; never empty."""
    shown = text if text.strip() else "(nothing)"
    return shown if len(shown) <= limit else f"{shown[: limit - 1]}…"


def sentence(text: str) -> str:
    """With a capital at its start and a full stop at its end."""
    return f"{text[:1].upper()}{text[1:]}."


def escape(text: str) -> str:
    """Escape user text so that it cannot become a mention or a link in mrkdwn."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def code(text: str) -> str:
    """A name, an address or a command as one types it; fits names that hold no markup of their own."""
    return f"`{escape(text.replace('`', ''))}`"


def plain(text: str, limit: int = SECTION_TEXT) -> Block:
    """Text that is shown exactly as it is."""
    return {"type": "plain_text", "text": cut(text, limit), "emoji": False}


def mrkdwn(text: str, limit: int = SECTION_TEXT) -> Block:
    """The bot's own text, its times in the reader's time zone; nothing in it becomes a link automatically."""
    drawn = local_times(text)
    return {"type": "mrkdwn", "text": drawn if 0 < len(drawn.strip()) <= limit else cut(text, limit), "verbatim": True}


def header(text: str) -> Block:
    """A headline."""
    return {"type": "header", "text": plain(text, HEADER_TEXT)}


def section(text: str, *, accessory: Block | None = None) -> Block:
    """A paragraph of the bot's own text."""
    return {"type": "section", "text": mrkdwn(text)} | ({"accessory": accessory} if accessory else {})


def said(text: str) -> Block:
    """A paragraph in somebody's own words."""
    return {"type": "section", "text": plain(text)}


def fields(pairs: Iterable[tuple[str, str]]) -> list[Block]:
    """Names and values from the bot, two side by side; empty values are left out."""
    texts = [mrkdwn(f"*{name}*\n{value}", FIELD_TEXT) for name, value in pairs if value]
    return [{"type": "section", "fields": texts[at : at + FIELDS]} for at in range(0, len(texts), FIELDS)]


def context(*texts: str) -> Block:
    """Small print in the bot's own words."""
    shown = [text for text in texts if text]
    last = CONTEXT_ELEMENTS - 1
    joined = [*shown[:last], "\n".join(shown[last:])] if len(shown) > CONTEXT_ELEMENTS else shown
    return {"type": "context", "elements": [mrkdwn(text) for text in joined]}


def small_plain(text: str) -> Block:
    """Small print that holds somebody's own words."""
    return {"type": "context", "elements": [plain(text)]}


def divider() -> Block:
    """A line."""
    return {"type": "divider"}


def whole(text: str, limit: int, field: str | None = None) -> str:
    """Return text that comes back as input unchanged: never cut, because a cut name is another name.

    Raises:
        InvalidInput: If it does not fit.
    """
    if len(text) > limit:
        raise InvalidInput(f"Too long: {len(text):,} characters, and the limit is {limit:,}.", field=field)
    return text


def value(**ids: object) -> str:
    """Encode a button's value: ids, digests and short words.

    Raises:
        InvalidInput: If they do not fit.
    """
    return whole(carried_text(ids), BUTTON_VALUE)


def carried_text(ids: Mapping[str, object]) -> str:
    """Encode ids as they come back with a button or a view."""
    return json.dumps({name: str(one) for name, one in ids.items()}, separators=(",", ":"), ensure_ascii=False)


def button(text: str, action_id: str, carried: str = "{}", *, style: str = "", confirm: Block | None = None) -> Block:
    """A button; ``style`` is ``primary``, ``danger`` or nothing."""
    made: Block = {"type": "button", "text": plain(text, BUTTON_TEXT), "action_id": action_id, "value": carried}
    return made | ({"style": style} if style else {}) | ({"confirm": confirm} if confirm else {})


def confirm(title: str, text: str, *, yes: str, no: str = "Cancel") -> Block:
    """A question before an act."""
    return {
        "title": plain(title, 100),
        "text": plain(text, CONFIRM_TEXT),
        "confirm": plain(yes, 30),
        "deny": plain(no, 30),
    }


def actions(*buttons: Block) -> list[Block]:
    """A row of buttons; no row without any."""
    return [{"type": "actions", "elements": list(buttons)}] if buttons else []


def option(text: str, chosen: str) -> Block:
    """One choice."""
    return {"text": plain(text, OPTION_TEXT), "value": whole(chosen, OPTION_VALUE)}


def input_(name: str, label: str, element: Block, *, hint: str = "", optional: bool = False) -> Block:
    """A field of a modal; block id and action id are its name."""
    made: Block = {"type": "input", "block_id": name, "label": plain(label, HINT), "optional": optional}
    made |= {"element": {**element, "action_id": name}}
    return made | ({"hint": plain(hint, HINT)} if hint else {})


def text_input(initial: str = "", *, placeholder: str = "", multiline: bool = False, limit: int = INPUT_TEXT) -> Block:
    """A field to type into.

    Raises:
        InvalidInput: If what it begins with does not fit; ``handlers.hosts.host_fields`` are for long lists.
    """
    made: Block = {"type": "plain_text_input", "multiline": multiline, "max_length": limit}
    made |= {"initial_value": whole(initial, limit)} if initial else {}
    return made | ({"placeholder": plain(placeholder, PLACEHOLDER)} if placeholder else {})


def modal(callback_id: str, title: str, blocks: Sequence[Block], **more: str) -> View:
    """A modal.

    Args:
        callback_id: Which listener gets it.
        title: At most 24 characters.
        blocks: At most 100.
        more: ``submit`` for the text of its button; every other name is an id or digest that comes back with it.

    Raises:
        InvalidInput: If a field or an id would be left out.
    """
    submit = more.pop("submit", "")
    view: View = {"type": "modal", "callback_id": callback_id, "title": plain(title, VIEW_TITLE)}
    if len(blocks) > VIEW_BLOCKS:
        raise InvalidInput(f"Too much for one form: {len(blocks)} blocks, and the limit is {VIEW_BLOCKS}.")
    view |= {"blocks": list(blocks), "close": plain("Cancel" if submit else "Close", VIEW_TITLE)}
    view |= {"private_metadata": whole(carried_text(more), METADATA)}
    return view | ({"submit": plain(submit, VIEW_TITLE)} if submit else {})


def left_out_words(parts: int, rest: str = "") -> str:
    """Say how many parts are missing, and where they are."""
    return f"{parts} more {'part does' if parts == 1 else 'parts do'} not fit here. {rest}".rstrip()


def message(text: str, blocks: Sequence[Block] = (), charts: Sequence[Chart] = (), *, rest: str = "") -> Message:
    """A message; without blocks its text is one.

    Args:
        text: What notifications and screen readers get.
        blocks: Those that do not fit are left out from the end; how many is said.
        charts: Those whose text is among the blocks.
        rest: A sentence that says where to find what does not fit.
    """
    shown, left = list(blocks) or [section(text)], 0
    while not fits_in_message([*shown, context(left_out_words(left, rest))] if left else shown):
        del shown[max((at for at, block in enumerate(shown) if block["type"] not in KEPT), default=-1)]
        left += 1
    if left:
        shown.append(context(left_out_words(left, rest)))
    drawn = local_times(text)
    whole_text = drawn if len(drawn.encode()) <= MESSAGE_TEXT and text.strip() else _cut_bytes(text, MESSAGE_TEXT)
    return Message(whole_text, tuple(shown), tuple(charts))


def _cut_bytes(text: str, limit: int) -> str:
    shown = cut(text, limit)
    return shown if len(shown.encode()) <= limit else f"{shown.encode()[: limit - 3].decode(errors='ignore')}…"


KEPT = frozenset({"header", "actions"})
"""Kinds of blocks that a message keeps when it is too long: what it is about, and what can be done."""


def fits_in_message(blocks: Sequence[Block]) -> bool:
    """Whether a message takes all of these blocks."""
    size = len(json.dumps(blocks, ensure_ascii=False, separators=(",", ":")))
    return len(blocks) <= MESSAGE_BLOCKS and size <= MESSAGE_SIZE


def rows_that_fit(count: int, draw: Callable[[int], list[Block]]) -> int:
    """How many rows of a list, from the first, one message takes; at least one, as far as there is one.

    Args:
        count: How many there are.
        draw: Makes the blocks with so many rows, and with what leads to the others.
    """
    return next((rows for rows in range(count, 0, -1) if fits_in_message(draw(rows))), min(count, 1))


REST = 30
"""Characters that are kept free for how many lines are left out."""


def fits(lines: Sequence[str], limit: int, *, joint: str = "\n") -> bool:
    """Whether ``fold`` would show all of it."""
    return sum(len(line) + len(joint) for line in lines) <= limit - REST


def paragraphs(title: str, lines: Sequence[str], *, joint: str = "\n") -> list[Block]:
    """All of it, in as many sections as that takes; a line is split only if it is longer than a section."""
    pieces = [line[at : at + SECTION_TEXT] for line in lines for at in range(0, len(line), SECTION_TEXT)]
    texts, text = [], title
    for piece in pieces:
        glue = joint if text != title else "\n"
        if len(text) + len(glue) + len(piece) > SECTION_TEXT:
            texts.append(text)
            text = piece
        else:
            text = f"{text}{glue}{piece}" if text else piece
    return [section(each) for each in (*texts, text) if each]


def fold(
    lines: Sequence[str], limit: int = SECTION_TEXT, *, most: int = 1000, joint: str = "\n", rest: str = ""
) -> str:
    """Join as many lines as fit, then say how many are left, and where they are.

    Args:
        lines: With markup.
        limit: Characters of all of it.
        most: Lines of which more are not shown.
        joint: The separator.
        rest: Where all of them are, as a phrase or command; without it, whatever is beside the text says so.
    """
    where = f": {rest}" if rest else ""
    kept: list[str] = []
    room = limit - REST - len(where)
    for line in lines[:most]:
        room -= len(line) + len(joint)
        if room < 0:
            break
        kept.append(line)
    if not kept and lines:
        kept = [cut(lines[0], limit if len(lines) == 1 else limit - REST - len(where) - len(joint))]
    left = len(lines) - len(kept)
    return joint.join([*kept, *([f"and {left:,} more{where}"] if left else [])])


def when(time: datetime) -> str:
    """A time in the reader's own time zone.

    Source: https://docs.slack.dev/messaging/formatting-message-text#date-formatting, read 2026-11.
    """
    return f"<!date^{int(time.timestamp())}^{{date_short_pretty}} {{time}}|{time_text(time)}>"


_TIME = re.compile(r"`[^`]*`|<[^<>]*>|(\d{4}-\d{2}-\d{2} \d{2}:\d{2}) UTC\b")
"""A time as ``bot.domain.dates.time_text`` writes it; code and markup, which stay as they are, come first."""


def local_times(text: str) -> str:
    """Markup in which the times of a sentence become times in the reader's own time zone."""
    return _TIME.sub(_local_time, text)


def _local_time(found: re.Match[str]) -> str:
    try:
        return when(datetime.fromisoformat(f"{found[1]}+00:00")) if found[1] else found[0]
    except (ValueError, OverflowError):
        return found[0]  # somebody's own words, and no time


def person(user: str) -> str:
    """A person of this workspace, or the bot itself."""
    return f"<@{user}>" if user.isalnum() and user[:1] in "UW" else "the bot"
