"""The form that asks for more time."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from bot.approvals import MAX_REASON
from bot.domain.allowance import Allowance
from bot.domain.configuration import Configuration
from bot.domain.duration import duration_code
from handlers.blocks.block_kit import input_, modal, section, text_input
from handlers.modals import durations
from handlers.replies import View


@dataclass(frozen=True, slots=True)
class RenewForm:
    """The renewal form: duration and reason."""

    CALLBACK: ClassVar[str] = "renew"

    duration: str = ""
    reason: str = ""

    @classmethod
    def parse(cls, form: Mapping[str, str]) -> "RenewForm":
        """Read the fields."""
        return cls(form.get("duration", ""), form.get("reason", ""))

    @staticmethod
    def build(allowance: Allowance, config: Configuration, about: str) -> View:
        """Draw the form, filled with how it was asked for before.

        Args:
            allowance: What is open.
            config: The durations that are offered.
            about: What it is, one line.
        """
        before = allowance.ask.duration
        offered = list(dict.fromkeys((*config.durations.offered, before)))
        reason = text_input("", multiline=True, limit=MAX_REASON)
        blocks = [
            section(
                f"{about}. The current allowance stays open until its end; the new period starts when the renewal "
                "is live."
            ),
            input_("duration", "For how long", durations(offered, duration_code(before))),
            input_(
                "reason",
                "Why it is still needed",
                reason,
                optional=True,
                hint="Leave empty to keep the previous reason.",
            ),
        ]
        return modal(RenewForm.CALLBACK, "Request more time", blocks, submit="Ask", id=allowance.id)
