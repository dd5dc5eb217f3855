"""The request form: what is offered in it, how it is drawn, and what was typed into it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import ClassVar

from bot.allowances import Draft
from bot.domain.batch import MOST_TOGETHER, place_from_text
from bot.domain.bundles import Bundle, BundleRef, Parameter
from bot.domain.configuration import Configuration
from bot.domain.duration import duration_from_text, duration_text
from bot.domain.egress import ClusterEgress
from bot.domain.fqdn import parse_destinations
from bot.domain.phrases import counted
from bot.errors import InvalidInput
from handlers.blocks.block_kit import (
    OPTION_VALUE,
    actions,
    button,
    context,
    input_,
    modal,
    option,
    paragraphs,
    text_input,
    whole,
)
from handlers.blocks.renewals import renewal_offers
from handlers.blocks.selects import checkboxes, multi_select, people_select, select
from handlers.calls import NOTHING
from handlers.choices import Choices, bundle_label, has_several_ways
from handlers.hosts import host_fields, hosts_in
from handlers.modals import MAX_TICKET, REASON_HINT, durations, long_text, preset
from handlers.replies import Block, View


@dataclass(frozen=True, slots=True)
class Offers:
    """What could be done in place of the request in the form.

    Args:
        renewable: Ids of allowances by which it is open already.
        bundles: Bundles, filled in, to which hosts in the form belong.
    """

    renewable: tuple[str, ...] = ()
    bundles: tuple[Bundle, ...] = ()


NO_OFFERS = Offers()

EDIT = "edit"
"""Callback id of the form where it changes a request that waits."""

VALUE = "bundle."
"""How the fields begin that hold values of the bundle's."""

MAX_VALUE = 63
"""Characters of a value: a label of a host name is no longer (RFC 1035 section 2.3.4)."""

DISPATCH = {"dispatch_action": True}
"""The form is drawn again when somebody chooses."""


@dataclass(frozen=True, slots=True)
class RequestForm:
    """The request form, as it was typed. Field names are block ids, action ids and names of errors at once.

    ``also`` has the further clusters and node pools that it is for, one on a line, as ``place_text`` writes them.
    """

    CALLBACK: ClassVar[str] = "request"

    cluster: str = ""
    destinations: str = ""
    reason: str = ""
    duration: str = ""
    ticket: str = ""
    pool: str = ""
    bundle: str = ""
    suggested: str = ""
    break_glass: str = ""
    edits: str = ""
    seen: str = ""
    owner: str = ""
    also: str = ""

    @classmethod
    def parse(cls, form: Mapping[str, str], carried: Mapping[str, str] = NOTHING) -> "RequestForm":
        """Read the fields; a bundle has its values in fields of their own, and the modal carries what it changes."""
        values = {name.removeprefix(VALUE): text for name, text in form.items() if name.startswith(VALUE)}
        chosen = form.get("bundle", "")
        bundle = str(BundleRef.of(chosen, values)) if chosen else ""
        fields = {name: form.get(name, "") for name in cls.__slots__}
        fields |= {"edits": carried.get("id", ""), "seen": carried.get("digest", "")}
        return cls(**fields | {"destinations": hosts_in(form), "bundle": bundle})

    def draft(self) -> Draft:
        """The request in the form.

        Raises:
            InvalidInput: With the field that is wrong.
        """
        if not self.cluster:
            raise InvalidInput("Choose a cluster.", field="cluster")
        return Draft(
            cluster=self.cluster,
            destinations=parse_destinations(self.destinations) if self.destinations.strip() or not self.asked else (),
            reason=self.reason,
            duration=duration_from_text(self.duration),
            pool=self.pool or None,
            ticket=whole(self.ticket, MAX_TICKET, "ticket"),
            bundle=self.asked or None,
            is_break_glass=bool(self.break_glass),
            owner=self.owner,
        )

    def drafts(self) -> list[Draft]:
        """The same request for each cluster and node pool that was chosen.

        Raises:
            InvalidInput: With the field that is wrong.
        """
        first = self.draft()
        others = (place_from_text(each) for each in self.places)
        return [first, *(replace(first, cluster=cluster, pool=pool) for cluster, pool in others)]

    @property
    def places(self) -> list[str]:
        """The further clusters and node pools that it is for."""
        return [] if self.edits else self.also.splitlines()

    @property
    def asked(self) -> str:
        """The bundle that is asked for: the one that was chosen, or else the suggested one that was taken."""
        return self.bundle or self.suggested

    def with_duration(self, config: Configuration) -> "RequestForm":
        """Fill in the form's default duration if none was chosen yet."""
        return replace(self, duration=self.duration or preset(config.durations.offered))

    def fitting(self, config: Configuration) -> "RequestForm":
        """Without values that the chosen bundle does not take: they were for the one chosen before."""
        ref = self._ref(config)
        taken = config.bundles[ref.name].parameters if ref.name in config.bundles else {}
        kept = {name: value for name, value in ref.values if name in taken}
        return replace(self, bundle=str(BundleRef.of(ref.name, kept))) if taken else self

    def lacks_values(self, config: Configuration) -> bool:
        """Whether the chosen bundle has parameters that nobody has filled in yet."""
        ref = self._ref(config)
        taken = config.bundles[ref.name].parameters if ref.name in config.bundles else {}
        return any(name not in dict(ref.values) and not one.from_cluster for name, one in taken.items())

    def _ref(self, config: Configuration) -> BundleRef:
        return BundleRef(self.bundle) if self.bundle in config.bundles else BundleRef.parse(self.bundle)

    def build(self, choices: Choices, notes: Sequence[str] = (), offers: Offers = NO_OFFERS) -> View:
        """Draw the form.

        Args:
            choices: What is offered.
            notes: Sentences on top: what is wrong, or who will decide and why.
            offers: What could be done in place of it.
        """
        egress = choices.find(self.cluster)
        pools = self._pools(egress) if egress else []
        blocks = [
            *paragraphs("", notes),
            *renewal_offers(offers.renewable),
            self._cluster(choices),
            *pools,
            *self._also(choices),
            *self._destinations(choices.config),
            *self._bundles(choices, egress),
            *([] if self.bundle else _suggested(offers.bundles, self.suggested)),
            input_("reason", "Why it is needed", long_text(self.reason), hint=REASON_HINT),
            input_(
                "duration",
                "For how long",
                durations(self._offered(choices), self.duration),
                hint="Starts when the rule is live.",
            ),
            *self._break_glass(choices),
            input_("ticket", "Ticket", text_input(self.ticket, limit=MAX_TICKET), optional=True),
            *(_owner(self.owner) if choices.is_filer or self.owner else ()),
            *actions(button("What's allowed, and who decides?", "preview")),
            context("Nothing opens before approval. The rule applies only to this cluster's own addresses."),
        ]
        if not self.edits:
            return modal(self.CALLBACK, "Request egress", blocks, submit="Request")
        return modal(EDIT, f"Change {self.edits}", blocks, submit="Save", id=self.edits, digest=self.seen)

    def _offered(self, choices: Choices) -> Sequence[timedelta | None]:
        """The configured durations, and the longest of break-glass for whoever may use it."""
        offered, longest = choices.config.durations.offered, choices.config.break_glass.longest
        if not choices.may_break_glass or any(one is not None and one <= longest for one in offered):
            return offered
        return (longest, *offered)

    def _break_glass(self, choices: Choices) -> list[Block]:
        if not choices.may_break_glass or self.edits:
            return []
        settings = choices.config.break_glass
        hint = (
            f"For emergencies, {duration_text(settings.longest)} at most. It is announced in the channel and must be "
            f"reviewed by somebody else within {duration_text(settings.review_within)}."
        )
        boxes = checkboxes([option("Open it at once, without an approval", "yes")], self.break_glass)
        return [input_("break_glass", "Break-glass", boxes, hint=hint, optional=True)]

    def _cluster(self, choices: Choices) -> Block:
        egress = choices.find(self.cluster)
        element = select(choices.options(), choices.key(egress) if egress else "", placeholder="Choose a cluster")
        return input_("cluster", "Cluster", element) | DISPATCH

    def _also(self, choices: Choices) -> list[Block]:
        """The field for further clusters; not where a request that waits is changed."""
        if self.edits or len(choices.clusters) < 2:
            return []
        chosen, offered = choices.chosen_places(self.places), choices.places()
        known = {one["value"] for one in offered}
        every = [*offered, *(one for one in chosen if one["value"] not in known)]
        element = multi_select(every, chosen, most=MOST_TOGETHER - 1, placeholder="None: only the cluster above")
        hint = "The same for each, on one card. What cannot be filed for one of them is left out, and you are told."
        return [input_("also", "Also for", element, hint=hint, optional=True)]

    def _pools(self, egress: ClusterEgress) -> list[Block]:
        if not has_several_ways(egress) and not self.pool:
            return []
        offered = [option(f"{pool.name} ({counted(pool.nodes, 'node')})", pool.name) for pool in egress.pools]
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

    def _bundles(self, choices: Choices, egress: ClusterEgress | None) -> list[Block]:
        offered, config = choices.bundles(), choices.config
        ref = self._ref(config)
        element = select(offered, ref.name, placeholder="A predefined set of hosts")
        chosen = config.bundles.get(ref.name)
        values = dict(ref.values)
        fields = [_value_field(one, values, egress) for one in chosen.parameters.values()] if chosen else []
        return [input_("bundle", "Or a bundle", element, optional=True) | DISPATCH, *fields] if offered else []


def _value_field(parameter: Parameter, values: Mapping[str, str], egress: ClusterEgress | None) -> Block:
    """The field for a value of the bundle's; one that the cluster has is left empty for that."""
    region = egress.ref.region if egress else ""
    from_cluster = f"Leave it empty for the cluster's region{f', {region}' if region else ''}."
    return input_(
        parameter.field,
        parameter.title,
        text_input(values.get(parameter.name, ""), placeholder=region or parameter.example, limit=MAX_VALUE),
        hint=from_cluster if parameter.from_cluster else f"Such as {parameter.example}.",
        optional=parameter.from_cluster is not None,
    )


def _owner(chosen: str) -> list[Block]:
    """The field for whoever it is for."""
    hint = "They own it, their access to the cluster counts, and neither of you can decide it."
    element = people_select(chosen, placeholder="Yourself")
    return [input_("owner", "For somebody else", element, hint=hint, optional=True)]


def _suggested(bundles: Sequence[Bundle], taken: str) -> list[Block]:
    """A choice among the bundles that typed hosts belong to."""
    offered = [option(bundle_label(one), one.name) for one in bundles if len(one.name) <= OPTION_VALUE]
    if not offered:
        return []
    hint = "All of its names are then asked for, decided and listed as one."
    element = select(offered, taken, placeholder="Only the hosts above")
    return [input_("suggested", "These hosts are part of a bundle", element, hint=hint, optional=True)]
