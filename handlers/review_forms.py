"""The forms of review campaigns: keep, remove, sign off."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from bot.allowances.campaigns import Glance
from handlers.blocks.block_kit import code, fold, input_, modal, section, text_input
from handlers.modals import long_text
from handlers.replies import View

MAX_UNTIL = 40
"""Characters of a date or a duration."""


@dataclass(frozen=True, slots=True)
class KeepForm:
    """Keeping an allowance, to its end or for a shorter time."""

    CALLBACK: ClassVar[str] = "review_keep"

    reason: str = ""
    until: str = ""

    @classmethod
    def parse(cls, form: Mapping[str, str]) -> "KeepForm":
        """Read the fields."""
        return cls(form.get("reason", ""), form.get("until", ""))

    @staticmethod
    def build(campaign: str, allowance: str, about: str) -> View:
        """Draw the form for one allowance of a campaign."""
        until = text_input("", placeholder="30d or 2026-12-31", limit=MAX_UNTIL)
        blocks = [
            section(about),
            input_("reason", "Why it is still needed", long_text(""), hint="Auditors can read it."),
            input_(
                "until",
                "Keep until",
                until,
                optional=True,
                hint="A duration from now or a date (UTC), earlier than its end. Leave it empty to keep it to its end.",
            ),
        ]
        return modal(KeepForm.CALLBACK, f"Keep {allowance}", blocks, submit="Keep", id=campaign, of=allowance)


@dataclass(frozen=True, slots=True)
class RemoveForm:
    """Removing an allowance."""

    CALLBACK: ClassVar[str] = "review_remove"

    reason: str = ""

    @classmethod
    def parse(cls, form: Mapping[str, str]) -> "RemoveForm":
        """Read the fields."""
        return cls(form.get("reason", ""))

    @staticmethod
    def build(campaign: str, allowance: str, about: str) -> View:
        """Draw the form for one allowance of a campaign, and what its removal does."""
        blocks = [
            section(about),
            input_("reason", "Why it is not needed", long_text(""), hint="Its owner and auditors can read it."),
        ]
        return modal(RemoveForm.CALLBACK, f"Remove {allowance}", blocks, submit="Remove", id=campaign, of=allowance)


@dataclass(frozen=True, slots=True)
class SignForm:
    """Signing off a campaign."""

    CALLBACK: ClassVar[str] = "review_sign"

    reason: str = ""

    @classmethod
    def parse(cls, form: Mapping[str, str]) -> "SignForm":
        """Read the fields."""
        return cls(form.get("reason", ""))

    @staticmethod
    def build(glance: Glance, about: str, reason: str = "") -> View:
        """Draw the form: what is unanswered is listed, because whoever signs states it.

        Args:
            glance: The campaign.
            about: It in one line.
            reason: What was typed already.
        """
        campaign = glance.whole.campaign
        left = [one.allowance for one in glance.whole.open_items]
        blocks = [
            section(about),
            *([section(_unanswered(left))] if left else []),
            input_("reason", "What the review found", long_text(reason), hint="Goes to the audit log."),
        ]
        more = {"open": str(len(left))} if left else {}
        return modal(SignForm.CALLBACK, f"Sign off {campaign.id}", blocks, submit="Sign off", id=campaign.id, **more)


def _unanswered(left: Sequence[str]) -> str:
    named = fold([code(one) for one in left], 2000, joint=", ", rest="the review lists them")
    return f":warning: *{len(left)} unanswered*: {named}. They stay as they are, and the audit log names them."
