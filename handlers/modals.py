"""The other modals. Each class owns its ids, builds its view and reads back what was typed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from bot.approvals import MAX_REASON
from bot.domain.allowance import Allowance
from bot.domain.configuration import Configuration
from bot.domain.duration import duration_code, duration_text
from bot.errors import InvalidInput
from handlers.blocks.block_kit import (
    code,
    input_,
    modal,
    option,
    section,
    select,
    text_input,
)
from handlers.blocks.naming import names_of
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

    def build(self, subject: str, seen: str, about: str) -> View:
        """Draw the form.

        Args:
            subject: Id of the allowance or scale proposal.
            seen: The digest of what the person looked at.
            about: What it is, one line.
        """
        blocks = [
            section(about),
            input_("reason", "Why not", long_text(self.reason), hint="The requester and auditors can read it."),
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
            input_("reason", "Why less", long_text(""), optional=True),
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

    def build(self, cluster: str, name: str) -> View:
        """Draw the form, filled with what it holds.

        Args:
            cluster: The cluster's ARM id.
            name: Its name.
        """
        blocks = [
            section(f"Managed outbound IPs of {code(name)}. The plan uses the cluster's state when you submit."),
            input_("count", "How many", text_input(self.count)),
            input_("reason", "Why", long_text(self.reason), optional=True, hint=REASON_HINT),
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
