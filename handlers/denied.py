"""Listeners of ``/egress denied``: what the firewall denied for a cluster."""

from datetime import datetime

from bot import checking, denials
from bot.denials import DeniedReport, DeniedWords
from bot.errors import InvalidInput
from bot.ports import Context
from handlers.blocks.denied import denied_message
from handlers.blocks.watch_card import watch_begun, watch_stopped
from handlers.calls import Call, plain_words
from handlers.hosts import written
from handlers.replies import Ephemeral, Message, Reply


def denied(ctx: Context, call: Call) -> Reply:
    """Show what was denied, or begin to watch."""
    words = DeniedWords.parse(plain_words(call.text))
    began = words.began(ctx.clock.now(), ctx.directory.zone(call.caller.identity))
    if words.is_watch:
        since = began if words.since else None
        return Ephemeral(watch_begun(denials.watch(ctx, call.caller, words.cluster, since)))
    return Ephemeral(drawn(ctx, denials.denied(ctx, call.caller, words.cluster, began)))


def of_cluster(ctx: Context, call: Call) -> Reply:
    """Show what was denied in the last day, from a button of the cluster."""
    began = DeniedWords("").began(ctx.clock.now())
    return Ephemeral(drawn(ctx, denials.denied(ctx, call.caller, call.value["cluster"], began)))


def again(ctx: Context, call: Call) -> Reply:
    """The same once more, in the place of the answer before."""
    found = denials.denied(ctx, call.caller, call.value["cluster"], _moment(call.value.get("since", "")))
    return Ephemeral(drawn(ctx, found), replaces=True)


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput("This button is too old: run the command again.") from error


def drawn(ctx: Context, found: DeniedReport) -> Message:
    """The answer, with what can be requested kept for its button."""
    hosts = written(found.requestable[: checking.MAX_DESTINATIONS])
    return denied_message(found, checking.keep(ctx, hosts) if hosts else "")


def watch(ctx: Context, call: Call) -> Reply:
    """Go on looking, from a button."""
    return Ephemeral(watch_begun(denials.watch(ctx, call.caller, call.value["cluster"])))


def stop(ctx: Context, call: Call) -> Reply:
    """End a watch before its time."""
    return Ephemeral(watch_stopped(denials.stop(ctx, call.caller, call.value["id"])))


def learn(ctx: Context, call: Call) -> Reply:
    """Collect what a cluster needs until a day, or stop."""
    name, *rest = plain_words(call.text).split() or [""]
    if name and [word.lower() for word in rest] == ["stop"]:
        return Ephemeral(watch_stopped(denials.stop_learning(ctx, call.caller, name)))
    until = [word[len("until:") :] for word in rest if word.lower().startswith("until:")]
    if not name or len(rest) != 1 or not until:
        raise InvalidInput("Say for which cluster and until when: `/egress learn CLUSTER until:friday`, or `stop`.")
    return Ephemeral(watch_begun(denials.learn(ctx, call.caller, name, until[0])))
