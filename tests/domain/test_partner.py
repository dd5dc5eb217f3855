"""Partners as people type them."""

import pytest

from bot.domain.partner import Contact, ContactKind, PartnerDraft, draft_from_text, key_of
from bot.errors import InvalidInput

CHANNEL = Contact(ContactKind.CHANNEL, "C0ACME001")
PERSON = Contact(ContactKind.PERSON, "UDEV0002")
EMAIL = Contact(ContactKind.EMAIL, "net-ops@acme.example")


@pytest.mark.parametrize(
    ("typed", "draft"),
    [
        ("Acme", PartnerDraft("Acme", Contact(), "")),
        ("Acme <#C0ACME001|acme> their firewall", PartnerDraft("Acme", CHANNEL, "their firewall")),
        ("Acme Corp <#C0ACME001>", PartnerDraft("Acme Corp", CHANNEL, "")),
        ("Acme  <@UDEV0002|devi>  asks  weekly", PartnerDraft("Acme", PERSON, "asks weekly")),
        ("Acme net-ops@acme.example mail them", PartnerDraft("Acme", EMAIL, "mail them")),
        ("Acme <mailto:net-ops@acme.example|net-ops@acme.example> x", PartnerDraft("Acme", EMAIL, "x")),
        ('"Acme Corp" their edge firewall', PartnerDraft("Acme Corp", Contact(), "their edge firewall")),
        ("“Acme Corp” old note <@UDEV0002> new", PartnerDraft("Acme Corp", PERSON, "old note new")),
        ("Acme see ticket #123", PartnerDraft("Acme", Contact(), "see ticket #123")),
        ("Acme <@UDEV0002> and @them", PartnerDraft("Acme", PERSON, "and @them")),
    ],
)
def test_what_is_typed(typed: str, draft: PartnerDraft) -> None:
    """The name first, then the contact, then the note."""
    assert draft_from_text(typed) == draft


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "Name the partner"),
        ("<#C0ACME001|acme> no name", "Name the partner"),
        ("Acme #acme-ops", "does not know #acme-ops"),
        ("Acme @nobody", "does not know @nobody"),
        ("Acme <#C0ACME001> and <@UDEV0002>", "one contact"),
        (f"{'A' * 61}", "61 characters; the limit is 60"),
        (f"Acme {'n' * 301}", "301 characters; the limit is 300"),
    ],
)
def test_what_is_not_clear(typed: str, words: str) -> None:
    """Each gets the sentence that says what would be right."""
    with pytest.raises(InvalidInput, match=words):
        draft_from_text(typed)


def test_names_are_compared_without_case() -> None:
    """And without extra spaces."""
    assert key_of("  Acme  CORP ") == key_of("acme corp")
