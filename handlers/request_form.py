"""The request form: what is offered in it, how it is drawn, and what was typed into it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from bot.allowances import Draft
from bot.domain.configuration import Bundle, Configuration
from bot.domain.duration import duration_from_text
from bot.domain.egress import ClusterEgress
from bot.domain.fqdn import parse_destinations
from bot.errors import InvalidInput
from handlers.blocks.block_kit import (
    OPTION_TEXT,
    OPTION_VALUE,
    OPTIONS,
    PLACEHOLDER,
    actions,
    button,
    context,
    cut,
    input_,
    modal,
    option,
    paragraphs,
    plain,
    select,
    text_input,
    whole,
)
from handlers.blocks.check import renewal_offers
from handlers.hosts import host_fields, hosts_in
from handlers.modals import MAX_TICKET, REASON_HINT, durations, long_text, preset
from handlers.replies import Block, View


@dataclass(frozen=True, slots=True)
class Choices:
    """The choices of the request form for one person.

    Args:
        config: Durations and bundles.
        clusters: Those that the person may see, by name.
    """

    config: Configuration
    clusters: tuple[ClusterEgress, ...] = ()

    def options(self, typed: str = "") -> list[Block]:
        """The clusters as options, those that fit what was typed; at most as many as a select takes."""
        fitting = [one for one in self.clusters if typed.strip().lower() in one.ref.name.lower()]
        by_key = {self.key(one): one for one in fitting}
        return [option(self.label(one), key) for key, one in list(by_key.items())[:OPTIONS]]

    def key(self, egress: ClusterEgress) -> str:
        """The cluster's name, or its id where several share the name.

        Where the id is longer than an option may be, the name stays, and the answer to it lists the full ids.
        """
        is_shared = sum(one.ref.name.lower() == egress.ref.name.lower() for one in self.clusters) > 1
        return egress.ref.id if is_shared and len(egress.ref.id) <= OPTION_VALUE else egress.ref.name

    def find(self, typed: str) -> ClusterEgress | None:
        """The cluster that was chosen or typed, if there is exactly one."""
        wanted = typed.strip().lower()
        found = [one for one in self.clusters if wanted in (one.ref.name.lower(), one.ref.id)]
        return found[0] if len(found) == 1 else None

    def label(self, egress: ClusterEgress) -> str:
        """The label in the select."""
        return f"{egress.ref.name} ({egress.declared}, {egress.ref.resource_group})"


@dataclass(frozen=True, slots=True)
class RequestForm:
    """The request form, as it was typed. Field names are block ids, action ids and names of errors at once."""

    CALLBACK: ClassVar[str] = "request"

    cluster: str = ""
    destinations: str = ""
    reason: str = ""
    duration: str = ""
    ticket: str = ""
    pool: str = ""
    bundle: str = ""

    @classmethod
    def parse(cls, form: Mapping[str, str]) -> "RequestForm":
        """Read the fields."""
        return cls(**{name: form.get(name, "") for name in cls.__slots__} | {"destinations": hosts_in(form)})

    def draft(self) -> Draft:
        """The request in the form.

        Raises:
            InvalidInput: With the field that is wrong.
        """
        if not self.cluster:
            raise InvalidInput("Choose a cluster.", field="cluster")
        return Draft(
            cluster=self.cluster,
            destinations=parse_destinations(self.destinations) if self.destinations.strip() or not self.bundle else (),
            reason=self.reason,
            duration=duration_from_text(self.duration),
            pool=self.pool or None,
            ticket=whole(self.ticket, MAX_TICKET, "ticket"),
            bundle=self.bundle or None,
        )

    def with_duration(self, config: Configuration) -> "RequestForm":
        """Fill in the form's default duration if none was chosen yet."""
        return replace(self, duration=self.duration or preset(config.durations.offered))

    def build(self, choices: Choices, notes: Sequence[str] = (), renewable: Sequence[str] = ()) -> View:
        """Draw the form.

        Args:
            choices: What is offered.
            notes: Sentences on top: what is wrong, or who will decide and why.
            renewable: Ids of allowances by which it is open already.
        """
        egress = choices.find(self.cluster)
        pools = self._pools(egress) if egress else []
        blocks = [
            *paragraphs("", notes),
            *renewal_offers(renewable),
            self._cluster(choices),
            *pools,
            *self._destinations(choices.config),
            *self._bundles(choices.config),
            input_("reason", "Why it is needed", long_text(self.reason), hint=REASON_HINT),
            input_(
                "duration",
                "For how long",
                durations(choices.config.durations.offered, self.duration),
                hint="Starts when the rule is live.",
            ),
            input_("ticket", "Ticket", text_input(self.ticket, limit=MAX_TICKET), optional=True),
            *actions(button("What's allowed, and who decides?", "preview")),
            context("Nothing opens before approval. The rule applies only to this cluster's own addresses."),
        ]
        return modal(self.CALLBACK, "Request egress", blocks, submit="Request")

    def _cluster(self, choices: Choices) -> Block:
        egress = choices.find(self.cluster)
        chosen = choices.key(egress) if egress else ""
        if len(choices.clusters) > OPTIONS:
            element: Block = {"type": "external_select", "min_query_length": 0}
            element |= {"placeholder": plain("Type part of its name", PLACEHOLDER)}
            element |= {"initial_option": option(choices.label(egress), chosen)} if egress else {}
        else:
            element = select(choices.options(), chosen, placeholder="Choose a cluster")
        return input_("cluster", "Cluster", element) | {"dispatch_action": True}

    def _pools(self, egress: ClusterEgress) -> list[Block]:
        if len({path.target for path in egress.paths}) < 2 and not self.pool:
            return []
        offered = [option(f"{pool.name} ({pool.nodes} nodes)", pool.name) for pool in egress.pools]
        hint = "Its node pools use different egress paths. Choose the one that needs this."
        return [input_("pool", "Node pool", select(offered, self.pool), hint=hint, optional=True)] if offered else []

    def _destinations(self, config: Configuration) -> list[Block]:
        hint = (
            "One or many, with any separator; pasted lists work. The default is https on 443. Also http:, "
            "mssql:, and tcp: or udp: with a port."
        )
        example = "api.example.com, *.example.org, tcp:db.example.com:5432"
        is_optional = bool(config.bundles)
        return host_fields("Hosts to reach", self.destinations, hint=hint, optional=is_optional, placeholder=example)

    def _bundles(self, config: Configuration) -> list[Block]:
        offered = [option(_bundle(one), one.name) for one in config.bundles.values()]
        element = select(offered, self.bundle, placeholder="A predefined set of hosts")
        return [input_("bundle", "Or a bundle", element, optional=True)] if offered else []


def _bundle(bundle: Bundle) -> str:
    """Title and size: what is cut off where it is too long is the title."""
    size = f" ({len(bundle.destinations)} names)"
    return f"{cut(bundle.title or bundle.name, OPTION_TEXT - len(size))}{size}"
