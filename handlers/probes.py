"""Listeners of ``/egress probe`` and its button: what the inside of a cluster sees."""

from dataclasses import dataclass
from typing import ClassVar

from bot import inventory, probing
from bot.domain.egress import ClusterRef
from bot.domain.fqdn import parse_destinations
from bot.domain.probe import MOST_HOSTS
from bot.errors import InvalidInput
from bot.ports import Context
from bot.probing import ProbeWish
from handlers.blocks.block_kit import code, input_, modal, section, text_input
from handlers.blocks.probe import COVERS, USAGE, probe_begun
from handlers.calls import Call, plain_words
from handlers.hosts import HostWords
from handlers.replies import Ephemeral, OpenModal, Reply, View


def probe(ctx: Context, call: Call) -> Reply:
    """Try hosts, or only see the outbound address, from inside a cluster."""
    words = HostWords.parse(plain_words(call.text))
    if not words.cluster or words.bundle or len(words.places) > 1:
        raise InvalidInput(f"Give one cluster and, optionally, hosts: {USAGE}.")
    if words.pool:
        raise InvalidInput(f"Azure chooses the node that a probe runs on, so a node pool cannot be named: {USAGE}.")
    return _asked(ctx, call, ProbeWish(words.cluster, parse_destinations(words.hosts) if words.hosts else ()))


@dataclass(frozen=True, slots=True)
class ProbeForm:
    """What to try from inside a cluster."""

    CALLBACK: ClassVar[str] = "probe"

    @staticmethod
    def build(ref: ClusterRef, *, has_echo: bool) -> View:
        """Draw the form; with an echo service hosts may be left out."""
        field = text_input(placeholder="example.com, tcp:db.example.com:5432", multiline=True)
        also = " Leave it empty to see the outbound address alone." if has_echo else ""
        hint = f"At most {MOST_HOSTS} exact names.{also}"
        blocks = [
            section(f"Tries hosts from a pod inside {code(ref.name)}. {COVERS}"),
            input_("destinations", "Hosts", field, hint=hint, optional=has_echo),
        ]
        return modal(ProbeForm.CALLBACK, "Probe from inside", blocks, submit="Probe", cluster=ref.id)


def open_form(ctx: Context, call: Call) -> Reply:
    """Ask which hosts."""
    found = inventory.find(ctx, inventory.person(ctx, call.caller), call.value["cluster"])
    return OpenModal(ProbeForm.build(found.ref, has_echo=bool(ctx.config.probe.echo)))


def submitted(ctx: Context, call: Call) -> Reply:
    """Try what was typed into the form."""
    hosts = plain_words(call.form.get("destinations", ""))
    return _asked(ctx, call, ProbeWish(call.value["cluster"], parse_destinations(hosts) if hosts.strip() else ()))


def pressed(ctx: Context, call: Call) -> Reply:
    """The same for what a card or an answer shows."""
    if "allowance" in call.value:
        return _asked(ctx, call, ProbeWish(allowance=call.value["allowance"]))
    hosts = call.value["hosts"]
    return _asked(ctx, call, ProbeWish(call.value["cluster"], parse_destinations(hosts) if hosts else ()))


def _asked(ctx: Context, call: Call, wish: ProbeWish) -> Reply:
    return Ephemeral(probe_begun(probing.ask(ctx, call.caller, wish)))
