"""The other modals. Each class owns its ids, builds its view and reads back what was typed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import ClassVar

from bot.approvals import MAX_REASON
from bot.domain.allowance import Allowance
from bot.domain.configuration import Configuration
from bot.domain.duration import duration_code, duration_text
from bot.domain.scale_proposal import Scale
from bot.domain.snat import Goal, goal_from_text, smaller_steps, steps_text
from bot.errors import InvalidInput
from handlers.blocks.block_kit import code, escape, input_, modal, option, section, text_input
from handlers.blocks.naming import names_of
from handlers.blocks.selects import select
from handlers.hosts import host_fields, hosts_in, written
from handlers.replies import Block, View

REASON_HINT = "Shown to approvers and auditors."
MAX_TICKET = 200
"""Characters of a ticket reference: a key or a link."""


NAMES_ROOM = 2500
"""Characters of the names that a form says it is about."""


def durations(offered: Sequence[timedelta | None], chosen: str) -> Block:
    """A choice of durations."""
    options = [option(duration_text(one), duration_code(one)) for one in offered]
    return select(options, chosen if chosen in _codes(offered) else preset(offered))


def _codes(offered: Sequence[timedelta | None]) -> list[str]:
    return [duration_code(one) for one in offered]


def preset(offered: Sequence[timedelta | None]) -> str:
    """The default choice: the second shortest."""
    return _codes(offered)[:2][-1]


def long_text(initial: str) -> Block:
    """A field for several lines in somebody's own words."""
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

    def build(self, subject: str, seen: str, about: str, *, key: str = "digest") -> View:
        """Draw the form.

        Args:
            subject: Id of the allowance or scale proposal.
            seen: The digest of what the person looked at.
            about: What it is, one line.
            key: The name under which the digest comes back.
        """
        blocks = [
            section(about),
            input_("reason", "Why not", long_text(self.reason), hint="The requester and auditors can read it."),
        ]
        return modal(self.CALLBACK, f"Deny {subject}", blocks, submit="Deny", id=subject, **{key: seen})


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
            input_("reason", "Why less", long_text(""), optional=True),
        ]
        return modal(
            NarrowForm.CALLBACK, "Approve less", blocks, submit="Approve", id=allowance.id, digest=allowance.digest
        )


def _is_shorter(offered: timedelta | None, asked: timedelta | None) -> bool:
    return offered is not None and (asked is None or offered < asked)


GOALS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "count": ("Outbound IPs: how many", "{}"),
        "ipv6": ("Outbound IPv6 IPs: how many", "ipv6 {}"),
        "ports": ("SNAT ports per node (0: Azure's table)", "ports {}"),
        "idle": ("Idle timeout in minutes", "idle {}"),
        "ips": ("Your own IPs and prefixes: +ID -ID", "ips {}"),
        "nodes": ("Room for so many nodes", "for {} nodes"),
        "node_ports": ("IPs and ports for so many ports per node", "for {} ports per node"),
    }
)
"""What a proposal can be about: what the form calls it, and the words of the command that mean the same."""


@dataclass(frozen=True, slots=True)
class ScaleForm:
    """The form for a proposal: what is wanted, and the reason."""

    CALLBACK: ClassVar[str] = "scale"

    knob: str = "count"
    count: str = ""
    reason: str = ""

    @classmethod
    def parse(cls, form: Mapping[str, str]) -> "ScaleForm":
        """Read the fields."""
        return cls(form.get("knob") or "count", form.get("count", "").strip(), form.get("reason", ""))

    @classmethod
    def again(cls, typed: str, reason: str) -> "ScaleForm":
        """The form filled with what was proposed, as it is typed behind the command."""
        word, _, rest = typed.partition(" ")
        if word == "for":
            return cls("node_ports", rest.partition(" ")[0], reason)
        return cls(word, rest, reason) if word in GOALS else cls("count", typed, reason)

    def build(self, cluster: str, name: str) -> View:
        """Draw the form, filled with what it holds.

        Args:
            cluster: The cluster's ARM id.
            name: Its name.
        """
        knobs = select([option(label, key) for key, (label, _) in GOALS.items()], self.knob)
        blocks = [
            section(f"Outbound settings of {code(name)}. The plan uses the cluster's state when you submit."),
            input_("knob", "What to change", knobs),
            input_("count", "To what", text_input(self.count, limit=MAX_REASON)),
            input_("reason", "Why", long_text(self.reason), optional=True, hint=REASON_HINT),
        ]
        return modal(ScaleForm.CALLBACK, "Propose a scale", blocks, submit="Propose", id=cluster, name=name)

    def goal(self, name: str) -> Goal:
        """What is wanted.

        Args:
            name: The cluster, for the sentence.

        Raises:
            InvalidInput: It cannot be read.
        """
        goal, rest = goal_from_text(GOALS.get(self.knob, GOALS["count"])[1].format(self.count), name)
        if rest:
            raise InvalidInput(f"“{rest[:40]}” is not part of a value. Write the reason below.", field="count")
        return goal


@dataclass(frozen=True, slots=True)
class SmallerStepForm:
    """Approving a smaller step than was proposed."""

    CALLBACK: ClassVar[str] = "narrow_scale"

    count: str = ""
    reason: str = ""

    @classmethod
    def parse(cls, form: Mapping[str, str]) -> "SmallerStepForm":
        """Read the fields."""
        return cls(form.get("count", ""), form.get("reason", ""))

    @staticmethod
    def build(scale: Scale) -> View:
        """Draw the form, with the numbers that are possible.

        Raises:
            InvalidInput: The proposal has no smaller step.
        """
        change = scale.plan.change
        steps = smaller_steps(change)
        if not steps:
            raise InvalidInput(f"There is no smaller step than to {change.goal}. Approve it as it is, or deny it.")
        blocks = [
            section(f"{code(scale.id)}: {code(scale.cluster_name)} {escape(change.text)}"),
            input_("count", "Approve instead", text_input("", limit=MAX_REASON), hint=f"{steps_text(steps)}."),
            input_("reason", "Why less", long_text(""), optional=True),
        ]
        form = SmallerStepForm.CALLBACK
        return modal(form, "Approve a smaller step", blocks, submit="Approve", id=scale.id, digest=scale.digest)


def closing(title: str, sentence: str, more: Sequence[Block] = ()) -> View:
    """A modal that has nothing left to ask."""
    return modal("closed", title, [section(sentence), *more])
