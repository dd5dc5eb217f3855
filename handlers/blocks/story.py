"""The story of a request as a timeline: what happened, when, how long after the request, and why."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

from bot.domain.audit import Action, Event
from bot.domain.phrases import counted
from bot.domain.story import Story, StoryStep
from handlers.blocks.block_kit import (
    actions,
    button,
    code,
    context,
    escape,
    fold,
    header,
    message,
    modal,
    person,
    plain,
    rows_that_fit,
    section,
    value,
    when,
)
from handlers.replies import Block, Message, View

STEPS = 15
"""Steps on one page, or fewer where a message does not hold them: two blocks each."""

REASON_ROOM = 400
"""Characters of a reason on a timeline; the log has all of it."""

WORDS: Mapping[Action, str] = MappingProxyType(
    {
        Action.ALLOWANCE_REQUEST: ":memo: *Requested* by {who} for {duration}, risk {risk}",
        Action.ALLOWANCE_RENEW: ":memo: *Renewal requested* by {who} for {duration}; continues {renewed}",
        Action.ALLOWANCE_GRANT: ":white_check_mark: *Granted* by the approval policy",
        Action.ALLOWANCE_BREAK_GLASS: ":rotating_light: *Break-glass* by {who}; to be reviewed by {review_by}",
        Action.STEP_UP_ASK: ":lock: {who} *was asked to sign in* to approve",
        Action.ALLOWANCE_APPROVE: ":white_check_mark: *Approved* by {who}",
        Action.ALLOWANCE_NARROW: ":pencil2: *Narrowed* by {who}",
        Action.ALLOWANCE_DENY: ":no_entry_sign: *Denied* by {who}",
        Action.ALLOWANCE_REVOKE: ":no_entry: *Revoked* by {who}",
        Action.ALLOWANCE_REVIEW: ":mag: *Reviewed* by {who}: {review}",
        Action.ALLOWANCE_LET_EXPIRE: ":hourglass: {who} *lets it expire*",
        Action.ALLOWANCE_TRANSFER: ":bust_in_silhouette: *Handed over* by {who} to {owner}",
        Action.ALLOWANCE_FOLLOW: ":bust_in_silhouette: {who} *asked for the same*",
        Action.ALLOWANCE_LIVE: ":large_green_circle: *Live* until {expires_at}",
        Action.ALLOWANCE_BLOCKED: ":warning: *Live, and still denied* by something else",
        Action.ALLOWANCE_EXPIRE: ":white_circle: *Expired*",
        Action.ALLOWANCE_QUESTION: ":question: {who} *asked a question*",
        Action.ALLOWANCE_ANSWER: ":speech_balloon: {who} *answered*",
        Action.ALLOWANCE_EDIT: ":pencil2: *Edited* by {who}",
        Action.ALLOWANCE_REMIND: ":bell: *Reminded* whoever has to decide",
        Action.ALLOWANCE_ESCALATE: ":bell: *Escalated*: further groups are asked",
        Action.ALLOWANCE_LAPSE: ":white_circle: *Lapsed*",
        Action.ALLOWANCE_GONE: ":white_circle: *Gone* from the firewall",
        Action.ALLOWANCE_FAIL: ":red_circle: *Failed*",
        Action.ALLOWANCE_MOVE: ":arrow_right: *Moved* to another firewall",
        Action.ALLOWANCE_CHANGE: ":gear: *Address ranges changed*",
        Action.ALLOWANCE_SUSPEND: ":double_vertical_bar: *Suspended*",
        Action.ALLOWANCE_RESUME: ":large_green_circle: *Resumed*",
        Action.ALLOWANCE_CLOSE: ":white_circle: *Closed*",
        Action.ALLOWANCE_ORPHAN: ":warning: *Its owner has left*",
        Action.ALLOWANCE_KEEP: ":mag: *Kept* by {who} in a review",
        Action.ALLOWANCE_SHORTEN: ":mag: *Shortened* by {who} in a review, until {expires_at}",
        Action.PROBE_ASK: ":mag: {who} *asked for a probe* from inside the cluster",
        Action.PROBE_RESULT: ":mag: *Probed* from inside the cluster",
        Action.PROBE_DISAGREE: ":warning: *The probe saw something else* than the bot expects",
        Action.FIREWALL_BEGIN: ":gear: *Write began*, for {carried}",
        Action.FIREWALL_ACCEPT: ":gear: *Azure accepted the write* as operation {operation}",
        Action.FIREWALL_DONE: ":gear: *Azure finished the write* after {seconds}",
        Action.FIREWALL_FAIL: ":red_circle: *The write failed* ({status} {error_code})",
        Action.FIREWALL_DRIFT: ":warning: *Somebody changed its rules* by hand",
        Action.SCALE_PROPOSE: ":memo: *Proposed* by {who}: {change}",
        Action.SCALE_GRANT: ":white_check_mark: *Granted* by the approval policy",
        Action.SCALE_APPROVE: ":white_check_mark: *Approved* by {who}",
        Action.SCALE_REPLAN: ":pencil2: *Planned again*: {change}",
        Action.SCALE_NARROW: ":pencil2: *Narrowed* by {who}: {change}",
        Action.SCALE_DENY: ":no_entry_sign: *Denied* by {who}",
        Action.SCALE_WITHDRAW: ":no_entry: *Withdrawn* by {who}",
        Action.SCALE_QUESTION: ":question: {who} *asked a question*",
        Action.SCALE_ANSWER: ":speech_balloon: {who} *answered*",
        Action.SCALE_REMIND: ":bell: *Reminded* whoever has to decide",
        Action.SCALE_ESCALATE: ":bell: *Escalated*: further groups are asked",
        Action.SCALE_LAPSE: ":white_circle: *Lapsed*",
        Action.SCALE_BEGIN: ":gear: *Change began*",
        Action.SCALE_ACCEPT: ":gear: *Azure accepted the change* as operation {operation}",
        Action.SCALE_DONE: ":large_green_circle: *Done* after {seconds}: {ips_after}",
        Action.SCALE_FAIL: ":red_circle: *Failed*",
        Action.ACT_REFUSE: ":lock: {who} *was refused* ({act})",
    }
)
"""What a step says; every other action by its own name."""


def story_message(story: Story, first: int = 0) -> Message:
    """One page of a story, for the person who typed its id.

    Args:
        story: All of it.
        first: How many steps come before the page.
    """

    def drawn(rows: int) -> list[Block]:
        turns = actions(*_turning(story, first, rows))
        return [header(f"Story of {story.subject}"), *_timeline(story, first, rows), *turns]

    rows = rows_that_fit(min(STEPS, len(story.steps) - first), drawn)
    return message(f"Story of {story.subject}: {counted(len(story.steps), 'step')}", drawn(rows))


def story_view(story: Story, first: int = 0) -> View:
    """One page of a story, over the card that it was opened from."""
    turns = actions(*_turning(story, first, STEPS))
    return modal("story", "Story", [section(f"{code(story.subject)}"), *_timeline(story, first, STEPS), *turns])


def story_button(subject: str) -> Block:
    """Opens the story of an allowance or proposal."""
    return button("Story", "story", value(id=subject))


def _timeline(story: Story, first: int, rows: int) -> list[Block]:
    missing = [section(fold([f":warning: {escape(one)}" for one in story.missing]))] if story.missing else []
    if not story.steps:
        return [*missing, section("Nothing is on record of it.")]
    blocks = [block for step in story.steps[first : first + rows] for block in _step(step, story.subject)]
    cut_off = "" if story.is_whole else "There is more on record than this shows: narrow `/egress audit` by time. "
    shown = _position(story, first, rows)
    return [*missing, *blocks, context(f"{cut_off}{shown} Times are yours; +2h is counted from the first step.")]


def _position(story: Story, first: int, rows: int) -> str:
    count = len(story.steps)
    end = min(first + rows, count)
    if end - first == count:
        return f"{counted(count, 'step')}."
    return f"Step {end} of {count}." if end - first == 1 else f"Steps {first + 1} to {end} of {count}."


def _turning(story: Story, first: int, rows: int) -> list[Block]:
    carried, end = story.subject, first + rows
    earlier = [button("Earlier", "story_earlier", value(id=carried, first=max(0, first - STEPS)))] if first else []
    is_more = len(story.steps) > end
    return [*earlier, *([button("Later", "story_later", value(id=carried, first=end))] if is_more else [])]


def _step(step: StoryStep, subject: str) -> list[Block]:
    event = step.chained.event
    blocks = [section(f"{when(event.at)}  {relative(step.since_start)}\n{step_words(event)}")]
    small = _why(event) if event.subject == subject or event.action is not Action.FIREWALL_BEGIN else []
    return [*blocks, *small]


def step_words(event: Event) -> str:
    """What happened, in a line."""
    facts = dict(event.detail)
    known = WORDS.get(event.action) if isinstance(event.action, Action) else None
    words = known or escape(event.action).replace("{", "(").replace("}", ")")
    return words.format_map(
        _Facts(
            {name: escape(text) for name, text in facts.items()},
            who=person(event.actor.user),
            owner=person(facts.get("owner", "")),
            operation=code(facts.get("operation", "")),
            renewed=code(facts.get("renews", "")),
            expires_at=_time(facts.get("expires_at", "")),
            review_by=_time(facts.get("review_by", "")),
            carried=counted(int(facts.get("carried") or 1), "allowance"),
            error_code=escape(facts.get("code", "")),
            change=escape(facts.get("change") or f"from {facts.get('before')} to {facts.get('after')}"),
            seconds=relative(timedelta(seconds=float(facts.get("seconds") or 0))).removeprefix("+"),
        )
    )


def _time(text: str) -> str:
    return when(datetime.fromisoformat(text)) if text else "it is revoked"


class _Facts(dict[str, str]):
    """The facts of an event; older events have fewer."""

    def __missing__(self, name: str) -> str:
        return "an unrecorded " + name.replace("_", " ")


def _why(event: Event) -> list[Block]:
    """The policy's verdict, and the reason in somebody's own words."""
    facts = dict(event.detail)
    verdict = facts.get("verdict", "")
    asked = f", asks {facts['asked']}" if facts.get("asked") else ""
    policy = (
        [f"Policy: {verdict}{asked} (rule {event.policy_rule}). {facts.get('verdict_reason', '')}"] if verdict else []
    )
    lines = [*policy, *([event.reason] if event.reason else []), *_hosts(event)]
    return [{"type": "context", "elements": [plain(fold(lines, REASON_ROOM * 2))]}] if lines else []


def _hosts(event: Event) -> Sequence[str]:
    shown = event.action in (Action.ALLOWANCE_REQUEST, Action.ALLOWANCE_NARROW, Action.ALLOWANCE_EDIT)
    return [fold(event.destinations, REASON_ROOM, joint=", ")] if shown and event.destinations else []


def relative(time: timedelta) -> str:
    """How long after the start: ``+0s``, ``+3m 20s``, ``+2h 5m``, ``+12d 4h``."""
    seconds = int(time.total_seconds())
    units = (("d", seconds // 86400), ("h", seconds // 3600 % 24), ("m", seconds // 60 % 60), ("s", seconds % 60))
    first = next((at for at, (_, count) in enumerate(units) if count), 3)
    return "+" + " ".join(f"{count}{unit}" for unit, count in units[first : first + 2] if count or unit == "s")
