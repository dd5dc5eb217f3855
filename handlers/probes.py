"""Listeners of ``/egress probe`` and its button: what the inside of a cluster sees."""

from bot import probing
from bot.domain.fqdn import parse_destinations
from bot.errors import InvalidInput
from bot.ports import Context
from bot.probing import ProbeWish
from handlers.blocks.probe import USAGE, probe_begun
from handlers.calls import Call, plain_words
from handlers.hosts import HostWords
from handlers.replies import Ephemeral, Reply


def probe(ctx: Context, call: Call) -> Reply:
    """Try hosts, or only see the outbound address, from inside a cluster."""
    words = HostWords.parse(plain_words(call.text))
    if not words.cluster or words.bundle or len(words.places) > 1:
        raise InvalidInput(f"Give one cluster and, optionally, hosts: {USAGE}.")
    if words.pool:
        raise InvalidInput(f"Azure chooses the node that a probe runs on, so a node pool cannot be named: {USAGE}.")
    return _asked(ctx, call, ProbeWish(words.cluster, parse_destinations(words.hosts) if words.hosts else ()))


def pressed(ctx: Context, call: Call) -> Reply:
    """The same for what a card or an answer shows."""
    if "allowance" in call.value:
        return _asked(ctx, call, ProbeWish(allowance=call.value["allowance"]))
    hosts = call.value["hosts"]
    return _asked(ctx, call, ProbeWish(call.value["cluster"], parse_destinations(hosts) if hosts else ()))


def _asked(ctx: Context, call: Call, wish: ProbeWish) -> Reply:
    return Ephemeral(probe_begun(probing.ask(ctx, call.caller, wish)))
