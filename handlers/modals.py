"""The modals. Each class owns its ids, builds its view and reads back what was typed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import ClassVar

from bot.allowances import Draft
from bot.approvals import MAX_REASON
from bot.domain.allowance import Allowance
from bot.domain.configuration import Bundle, Configuration
from bot.domain.duration import duration_code, duration_from_text, duration_text
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
    checkboxes,
    code,
    context,
    cut,
    input_,
    modal,
    option,
    paragraphs,
    plain,
    section,
    select,
    text_input,
    whole,
)
from handlers.blocks.check import renewal_offers
from handlers.blocks.naming import names_of
from handlers.hosts import host_fields, hosts_in, written
from handlers.replies import Block, View

REASON_HINT = "Shown to approvers and auditors."
MAX_TICKET = 200
"""Characters of a ticket reference: a key or a link."""


NAMES_ROOM = 2500
"""Characters of the names that a form says it is about."""


@dataclass(frozen=True, slots=True)
class Choices:
    """The choices of the request form for one person.

    Args:
        config: Durations and bundles.
        clusters: Those that the person may see, by name.
        may_break_glass: Whether the approval policy lets the person open something at once.
    """

    config: Configuration
    clusters: tuple[ClusterEgress, ...] = ()
    may_break_glass: bool = False

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
    break_glass: str = ""

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
            is_break_glass=bool(self.break_glass),
        )

    def with_duration(self, config: Configuration) -> "RequestForm":
        """Fill in the form's default duration if none was chosen yet."""
        return replace(self, duration=self.duration or _preset(config.durations.offered))

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
            input_("reason", "Why it is needed", _long(self.reason), hint=REASON_HINT),
            input_(
                "duration",
                "For how long",
                durations(self._offered(choices), self.duration),
                hint="Starts when the rule is live.",
            ),
            *self._break_glass(choices),
            input_("ticket", "Ticket", text_input(self.ticket, limit=MAX_TICKET), optional=True),
            *actions(button("What's allowed, and who decides?", "preview")),
            context("Nothing opens before approval. The rule applies only to this cluster's own addresses."),
        ]
        return modal(self.CALLBACK, "Request egress", blocks, submit="Request")

    def _offered(self, choices: Choices) -> Sequence[timedelta | None]:
        """The configured durations, and the longest of break-glass for whoever may use it."""
        offered, longest = choices.config.durations.offered, choices.config.break_glass.longest
        if not choices.may_break_glass or any(one is not None and one <= longest for one in offered):
            return offered
        return (longest, *offered)

    def _break_glass(self, choices: Choices) -> list[Block]:
        if not choices.may_break_glass:
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


def durations(offered: Sequence[timedelta | None], chosen: str) -> Block:
    """A choice of durations."""
    options = [option(duration_text(one), duration_code(one)) for one in offered]
    return select(options, chosen if chosen in _codes(offered) else _preset(offered))


def _codes(offered: Sequence[timedelta | None]) -> list[str]:
    return [duration_code(one) for one in offered]


def _preset(offered: Sequence[timedelta | None]) -> str:
    """The default choice: the second shortest."""
    return _codes(offered)[:2][-1]


def _long(initial: str) -> Block:
    return text_input(initial, multiline=True, limit=MAX_REASON)


@dataclass(frozen=True, slots=True)
class DenyForm:
    """Why something is denied."""

    CALLBACK: ClassVar[str] = "deny"

    reason: str = ""

    @classmethod
    def parse(cls, form: Mapping[str, str]) -> "DenyForm":
        """Read the fields."""
        return cls(form.get("reason", ""))

    def build(self, subject: str, seen: str, about: str) -> View:
        """Draw the form.

        Args:
            subject: Id of the allowance or scale proposal.
            seen: The digest of what the person looked at.
            about: What it is, one line.
        """
        blocks = [
            section(about),
            input_("reason", "Why not", _long(self.reason), hint="The requester and auditors can read it."),
        ]
        return modal(self.CALLBACK, f"Deny {subject}", blocks, submit="Deny", id=subject, digest=seen)


@dataclass(frozen=True, slots=True)
class NarrowForm:
    """Approving less than was asked."""

    CALLBACK: ClassVar[str] = "narrow"

    destinations: str = ""
    duration: str = ""
    reason: str = ""

    @classmethod
    def parse(cls, form: Mapping[str, str]) -> "NarrowForm":
        """Read the fields."""
        return cls(hosts_in(form), form.get("duration", ""), form.get("reason", ""))

    @staticmethod
    def build(allowance: Allowance, config: Configuration) -> View:
        """Draw the form, filled with what was asked."""
        ask = allowance.ask
        shorter = [one for one in config.durations.offered if _is_shorter(one, ask.duration)]
        names = names_of(allowance, config, room=NAMES_ROOM)
        blocks = [
            section(f"{code(allowance.id)}: {code(allowance.scope.cluster_name)} to {names}"),
            *host_fields(
                "Hosts to approve",
                written(allowance.destinations),
                hint="Remove lines, or replace a wildcard with a narrower name. You cannot add anything.",
            ),
            input_("duration", "For how long", durations([*shorter, ask.duration], duration_code(ask.duration))),
            input_("reason", "Why less", _long(""), optional=True),
        ]
        return modal(
            NarrowForm.CALLBACK, "Approve less", blocks, submit="Approve", id=allowance.id, digest=allowance.digest
        )


def _is_shorter(offered: timedelta | None, asked: timedelta | None) -> bool:
    return offered is not None and (asked is None or offered < asked)


@dataclass(frozen=True, slots=True)
class ScaleForm:
    """The form for a proposal: the number of outbound IPs and the reason."""

    CALLBACK: ClassVar[str] = "scale"

    count: str = ""
    reason: str = ""

    @classmethod
    def parse(cls, form: Mapping[str, str]) -> "ScaleForm":
        """Read the fields."""
        return cls(form.get("count", "").strip(), form.get("reason", ""))

    @staticmethod
    def build(cluster: str, name: str) -> View:
        """Draw the form.

        Args:
            cluster: The cluster's ARM id.
            name: Its name.
        """
        blocks = [
            section(f"Managed outbound IPs of {code(name)}. The plan uses the cluster's state when you submit."),
            input_("count", "How many", text_input("")),
            input_("reason", "Why", _long(""), optional=True, hint=REASON_HINT),
        ]
        return modal(ScaleForm.CALLBACK, "Propose a scale", blocks, submit="Propose", id=cluster, name=name)


def count_from(typed: str, name: str) -> int:
    """A number of outbound IPs as somebody typed it.

    Raises:
        InvalidInput: If it is none.
    """
    if not typed.isdecimal() or len(typed) > 4:
        raise InvalidInput(
            f"“{typed}” is not a valid number of outbound IPs. Use `/egress scale {name} 3`.", field="count"
        )
    return int(typed)


def closing(title: str, sentence: str, more: Sequence[Block] = ()) -> View:
    """A modal that has nothing left to ask."""
    return modal("closed", title, [section(sentence), *more])
