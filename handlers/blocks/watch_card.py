"""The card of a watch of a firewall's log, and what is said under it."""

from collections.abc import Mapping, Sequence
from functools import partial

from bot.denials import DeniedItem, ends_at
from bot.domain.configuration import Configuration
from bot.domain.firewall_log import NextStep
from bot.domain.firewall_log.learned import LearnedGroup, learned
from bot.domain.firewall_log.watch import Watch, WatchItem, WatchKind
from bot.domain.fqdn import Destination
from bot.domain.phrases import counted
from bot.ports import WatchEvent
from handlers.blocks.block_kit import (
    actions,
    button,
    code,
    context,
    escape,
    fold,
    header,
    message,
    rows_that_fit,
    section,
    value,
    when,
)
from handlers.blocks.denied import host_blocks, too_many
from handlers.replies import Block, Message

GROUPS_SHOWN = 15
NAMES_SHOWN = 12


def watch_card(watch: Watch, config: Configuration) -> Message:
    """What was found so far, and what to do with it."""
    title = _title(watch)
    told = [*watch.limits, *too_many(len(watch.requestable)), *_dropped(watch)]
    limits = [context(fold([escape(line) for line in told], 1900))] if told else []
    nothing = [] if watch.items else [section(_nothing(watch))]
    above, below = [header(title), *nothing], [*limits, context(_state(watch)), *actions(*_offers(watch))]
    draw = (
        partial(_learned_blocks, watch, config)
        if watch.kind is WatchKind.LEARN
        else partial(host_blocks, items_of(watch))
    )
    return message(title, draw(above, below))


def items_of(watch: Watch) -> tuple[DeniedItem, ...]:
    """What was found, as the answer to ``/egress denied`` has it."""
    return tuple(DeniedItem(one.denied, NextStep(one.step, one.sentence)) for one in watch.items)


def _title(watch: Watch) -> str:
    hosts = counted(len({one.denied.name for one in watch.items}), "destination")
    if watch.kind is WatchKind.LEARN:
        return (
            f"What {watch.cluster_name} needs: {hosts} so far"
            if watch.is_open
            else f"{watch.cluster_name} needs {hosts}"
        )
    return f"{'Watching' if watch.is_open else 'Watched'} {watch.cluster_name}: {hosts} denied"


def _dropped(watch: Watch) -> list[str]:
    return [f"At least {counted(watch.dropped, 'more destination')} seen and not kept."] if watch.dropped else []


def _nothing(watch: Watch) -> str:
    if watch.looked_at is None:
        return "The log has not been read yet." if watch.is_open else "The log could not be read."
    return "Nothing so far." if watch.is_open else "The log shows nothing denied."


def _state(watch: Watch) -> str:
    read = f" Last read {when(watch.looked_at)}." if watch.looked_at else ""
    if watch.stopped:
        return f"Stopped {when(watch.stopped.at)}.{read}"
    if watch.ended_at:
        return f"Ended {when(watch.ended_at)}. {escape(watch.why)}{read}".replace("  ", " ")
    promise = " Nothing opens without an approval." if watch.kind is WatchKind.LEARN else ""
    return f"Until {when(watch.until)}; because the log lags, the last look is {when(ends_at(watch))}.{read}{promise}"


def _offers(watch: Watch) -> list[Block]:
    asked = value(cluster=watch.cluster_id, draft=watch.draft)
    ask = [button("Request…", "open_request", asked, style="primary")] if watch.draft else []
    return [*ask, *([button("Stop", "watch_stop", value(id=watch.id))] if watch.is_open else [])]


def _learned_blocks(watch: Watch, config: Configuration, above: Sequence[Block], below: Sequence[Block]) -> list[Block]:
    """By bundle or registrable domain, each name that was seen; what no allowance helps comes last."""
    named: dict[Destination, WatchItem] = {}
    for one in watch.items:
        if one.denied.destination is not None:
            named[one.denied.destination] = one
    groups = learned(named, [one for one in config.bundles.values() if not one.parameters])
    where = "*Request…* lists what can be requested" if watch.draft else f"`/egress denied {watch.cluster_name}`"
    rows = [section(_group(group, named, where)) for group in groups[:GROUPS_SHOWN]]
    others = [_other(one) for one in watch.items if one.denied.destination is None]
    last = [section(fold(others, 2000, rest=f"`/egress denied {watch.cluster_name}`"))] if others else []

    def drawn(shown: int) -> list[Block]:
        rest = len(groups) - shown
        more = [context(f"and {counted(rest, 'more domain')}: {where}")] if rest else []
        return [*above, *rows[:shown], *more, *last, *below]

    return drawn(rows_that_fit(len(rows), drawn))


def _group(group: LearnedGroup, named: Mapping[Destination, WatchItem], where: str) -> str:
    kind = "bundle " if group.is_bundle else ""
    hits = sum(named[one].denied.hits for one in group.destinations)
    lines = [f"• {code(str(one))} {_brief(named[one])}" for one in group.destinations]
    head = f"*{kind}{escape(group.name)}*: {counted(hits, 'time')}"
    return fold([head, *lines], 2900, most=NAMES_SHOWN + 1, rest=where)


def _brief(item: WatchItem) -> str:
    used = "used, " if item.is_used else ""
    return f"{used}{item.denied.hits:,}×. {escape(item.sentence)}"


def _other(item: WatchItem) -> str:
    return f"• {escape(item.denied.name)} {item.denied.protocol.upper()} {item.denied.port}: {escape(item.sentence)}"


def watch_news(watch: Watch, body: Mapping[str, str]) -> Message:
    """What is said under the card."""
    if body.get("event") == WatchEvent.SEEN:
        names = set(body.get("names", "").split("\n"))
        rest = int(body.get("rest", "0"))
        more = [context(f"and {counted(rest, 'more host')}: see the card.")] if rest else []
        rows = host_blocks([one for one in items_of(watch) if one.denied.name in names], (), more)
        return message(f"New in the log of {watch.cluster_name}", rows)
    count = counted(len(watch.requestable), "destination")
    if watch.requestable:
        text = f"Ended. {count} can be requested at once; nothing opens without an approval."
    else:
        text = f"Ended. {escape(watch.why) or 'Nothing is left to request.'}"
    asked = [one for one in _offers(watch) if one["action_id"] == "open_request"]
    return message(text, [section(text), *actions(*asked)])


def watch_begun(watch: Watch) -> Message:
    """The answer to whoever began it."""
    name, place = escape(watch.cluster_name), "The card is in your messages with the bot"
    if watch.kind is WatchKind.TEST:
        return message(f"Watching {name} until {when(watch.until)}. {place}; new denials appear in its thread.")
    return message(
        f"Learning what {name} needs until {when(watch.until)}. {place}; it ends with a request that you can send. "
        "Nothing opens without an approval."
    )


def watch_stopped(watch: Watch) -> Message:
    """The answer to whoever stopped it."""
    return message(f"Stopped watching {escape(watch.cluster_name)}. The card keeps what was found.")
