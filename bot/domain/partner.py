"""Partners: who outside has allowlisted a cluster's outbound IPs, and where they are told of changes."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.people import Identity
from bot.errors import InvalidInput

LONGEST_NAME = 60
"""Characters of a partner's name."""

LONGEST_NOTE = 300
"""Characters of a note."""

MOST_PARTNERS = 50
"""Partners of one cluster: what a card can name."""


class ContactKind(StrEnum):
    """How a partner is reached."""

    CHANNEL = "channel"
    PERSON = "person"
    EMAIL = "email"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Contact:
    """Where a partner is told.

    Args:
        kind: How; Slack channels and people are told by the bot, everybody else by a person.
        address: Channel id, user id or email address; empty for none.
    """

    kind: ContactKind = ContactKind.NONE
    address: str = ""

    @property
    def recipient(self) -> str:
        """The Slack channel or user id that the bot writes to; empty where a person must tell them."""
        return self.address if self.kind in (ContactKind.CHANNEL, ContactKind.PERSON) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """Somebody who depends on the outbound IPs of one cluster.

    Args:
        cluster_id: Lower-case ARM id of the cluster.
        name: What people call them; unique for the cluster, whatever its case.
        contact: Where they are told of changes.
        note: What they allowlist and why; may be empty.
        added_by: Who added them.
        added_at: When.
    """

    cluster_id: str
    name: str
    contact: Contact
    note: str
    added_by: Identity
    added_at: datetime

    @property
    def key(self) -> str:
        """The name as it is compared."""
        return key_of(self.name)


def key_of(name: str) -> str:
    """A partner's name as it is compared: in lower case, with single spaces."""
    return " ".join(name.split()).casefold()


_EMAIL = re.compile(r"[^\s@<>|]+@[^\s@<>|]+\.[^\s@<>|]+")
_CONTACTS = (
    (ContactKind.CHANNEL, re.compile(r"<#([CG][A-Z0-9]+)(?:\|[^<>]*)?>")),
    (ContactKind.PERSON, re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^<>]*)?>")),
    (ContactKind.EMAIL, re.compile(rf"<mailto:({_EMAIL.pattern})(?:\|[^<>]*)?>")),
    (ContactKind.EMAIL, re.compile(rf"(?<!\S)({_EMAIL.pattern})(?!\S)")),
)
_UNKNOWN = re.compile(r"(?<!\S)([#@][\w.-]*[^\W\d][\w.-]*)(?!\S)")
_QUOTED = re.compile(r"[\"“”„]([^\"“”„]+)[\"“”„]\s*")


@dataclass(frozen=True, slots=True)
class PartnerDraft:
    """A partner as somebody types it.

    Args:
        name: 1 to 60 characters.
        contact: Where they are told.
        note: At most 300 characters.
    """

    name: str
    contact: Contact
    note: str


def draft_from_text(text: str) -> PartnerDraft:
    """Read ``NAME [#channel | @user | email] NOTE`` as Slack hands it over, with ids for channels and people.

    A name of several words stands in quotes, or before the contact.

    Raises:
        InvalidInput: No name, one or a note that is too long, a channel or person that Slack does not know, or
            several contacts.
    """
    contact, before, after = _split(text)
    unknown = _UNKNOWN.search(before) if not contact.address else None
    if unknown is not None:
        raise InvalidInput(f"Slack does not know {unknown[1][:60]}. Pick the channel or person from Slack's list.")
    quoted = _QUOTED.match(before.lstrip())
    if quoted:
        name, rest = quoted[1], before.lstrip()[quoted.end() :]
    elif contact.address:
        name, rest = before, ""
    else:
        name, _, rest = before.strip().partition(" ")
    return _checked(PartnerDraft(" ".join(name.split()), contact, " ".join(f"{rest} {after}".split())))


def _split(text: str) -> tuple[Contact, str, str]:
    """The contact, and the text before and after it."""
    found = sorted(
        ((match.start(), match.end(), kind, match[1]) for kind, form in _CONTACTS for match in form.finditer(text))
    )
    distinct = {(kind, address) for _, _, kind, address in found}
    if len(distinct) > 1:
        raise InvalidInput("Name one contact: a channel, a person or an email address. Add the others to the note.")
    if not found:
        return Contact(), text, ""
    start, end, kind, address = found[0]
    return Contact(kind, address), text[:start], text[end:]


def _checked(draft: PartnerDraft) -> PartnerDraft:
    if not draft.name:
        raise InvalidInput("Name the partner: `/egress partners CLUSTER add NAME [#channel | @user | email] NOTE`.")
    if len(draft.name) > LONGEST_NAME:
        raise InvalidInput(f"The name has {len(draft.name)} characters; the limit is {LONGEST_NAME}.")
    if len(draft.note) > LONGEST_NOTE:
        raise InvalidInput(f"The note has {len(draft.note)} characters; the limit is {LONGEST_NOTE}.")
    return draft


def recipients(partners: Iterable[Partner], *, without: str = "") -> tuple[str, ...]:
    """The Slack channels and people that the bot tells, each once.

    Args:
        partners: Who depends on the addresses.
        without: A channel that hears of it anyway.
    """
    found = dict.fromkeys(one.contact.recipient for one in partners)
    return tuple(one for one in found if one and one != without)


def to_tell(partners: Iterable[Partner]) -> Sequence[Partner]:
    """Those whom the bot cannot reach: a person has to tell them."""
    return [one for one in partners if not one.contact.recipient]
