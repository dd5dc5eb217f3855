"""Partners: who depends on a cluster's outbound IPs, and what they are told."""

from collections.abc import Sequence

from bot.domain.egress import ClusterRef
from bot.domain.partner import Contact, ContactKind, Partner
from bot.domain.partner_text import present_text
from bot.domain.phrases import counted
from bot.partners import PartnerList
from handlers.blocks.block_kit import (
    SECTION_TEXT,
    code,
    context,
    escape,
    fold,
    header,
    message,
    paragraphs,
    person,
    rows_that_fit,
    section,
    when,
)
from handlers.replies import Block, Message

PARTNERS_ROOM = 1500
"""Characters of a card for its partners."""

USAGE = "`/egress partners CLUSTER add NAME [#channel | @user | email] NOTE`"


def partner_list(found: PartnerList) -> Message:
    """The partners of a cluster, and the addresses that they should have allowlisted, to be copied."""
    name = found.ref.name
    title = f"{counted(len(found.partners), 'partner')} of {name}"
    lines = [_line(one) for one in found.partners]
    none = [section(f"Nobody is recorded as depending on the outbound IPs of {code(name)}.")]
    below = [*_present(found), context(f"{USAGE} adds one; `remove NAME` removes one.")]
    where = (
        f"{code(f'/egress audit cluster:{name} action:partner:add')} finds them for auditors, approvers and operators."
    )

    def drawn(rows: int) -> list[Block]:
        rest = len(lines) - rows
        more = [context(f"and {counted(rest, 'more partner')}: {where}")] if rest else []
        return [header(title), *(paragraphs("", lines[:rows]) if lines else none), *more, *below]

    return message(title, drawn(rows_that_fit(len(lines), drawn)))


def _line(one: Partner) -> str:
    note = f"\n{escape(one.note)}" if one.note else ""
    return (
        f"*{escape(one.name)}*, {contact_text(one.contact)}. Added by {person(one.added_by.user)} "
        f"{when(one.added_at)}.{note}"
    )


def _present(found: PartnerList) -> list[Block]:
    if found.read_at is None:
        return [context("The cluster no longer exists.")]
    if found.ips is None:
        return [context(f":warning: Its outbound IPs could not be read from Azure {when(found.read_at)}.")]
    return [copyable(present_text(found.ref.name, found.ips, found.read_at))]


def copyable(text: str) -> Block:
    """Plain text in a block that can be copied as a whole; what does not fit is counted."""
    lines = [escape(line.replace("`", "'")) for line in text.splitlines()]
    return section(f"```{fold(lines, SECTION_TEXT - 10)}```")


def contact_text(contact: Contact) -> str:
    """How a partner is told."""
    told = {
        ContactKind.CHANNEL: f"told in <#{contact.address}>",
        ContactKind.PERSON: f"told through {person(contact.address)}",
        ContactKind.EMAIL: f"tell them at {escape(contact.address)}",
        ContactKind.NONE: "no contact: tell them yourself",
    }
    return told[contact.kind]


def partner_blocks(partners: Sequence[Partner]) -> list[Block]:
    """The line of a plan that says who depends on the addresses; nothing where nobody is recorded."""
    lines = [f"*{escape(one.name)}* ({contact_text(one.contact)})" for one in partners]
    title = "*Partners who depend on these addresses*"
    return [section(f"{title}\n{fold(lines, PARTNERS_ROOM, rest='`/egress partners CLUSTER`')}")] if lines else []


def partner_added(ref: ClusterRef, made: Partner) -> Message:
    """Confirm a new partner, and what has to be done for the bot to reach them."""
    how = {
        ContactKind.CHANNEL: f"Changes are told in <#{made.contact.address}>; invite the bot there.",
        ContactKind.PERSON: f"{person(made.contact.address)} is told of changes.",
        ContactKind.EMAIL: "The bot sends no mail: it asks you to tell them, with a text to copy.",
        ContactKind.NONE: "They have no contact: the bot asks you to tell them, with a text to copy.",
    }
    return message(
        f"Added {escape(made.name)} as a partner of {code(ref.name)}. Plans that change its outbound IPs name them. "
        f"{how[made.contact.kind]}"
    )


def partner_removed(ref: ClusterRef, gone: Partner) -> Message:
    """Confirm that somebody is no longer a partner."""
    return message(f"{escape(gone.name)} is no longer a partner of {code(ref.name)}.")
