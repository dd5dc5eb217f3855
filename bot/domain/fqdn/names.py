"""One FQDN: parsed strictly, matched as Azure Firewall matches it.

What Azure Firewall accepts as a target FQDN is not published as a grammar. This parser takes what is safe under all
that is known, because one refused name makes Azure refuse the whole rule collection group, with everybody's rules:

* ``*`` only as the left-most character, ``*.contoso.com`` for any depth but not the apex:
  https://learn.microsoft.com/azure/firewall/firewall-faq (read 2026-11).
* Letters, digits, hyphens and dots, never two of the latter in a row; so no underscore and no double hyphen. That is
  the form Microsoft's own client checks for the firewall's FQDN lists (https://github.com/Azure/azure-powershell,
  ``PSAzureFirewallThreatIntelWhitelist``, read 2026-11), and the portal refuses ``test--a.com``
  (https://github.com/MicrosoftDocs/azure-docs/issues/69563, read 2026-11). The one exception is the prefix ``xn--`` of
  A-labels, without which no internationalised name could be written; that Azure takes it is not documented.
* Lengths: RFC 1035 section 2.3.4 (label 63 octets, name 253 characters in text form); host names: RFC 1123 section 2.1.
* Internationalised names: UTS 46 mapping, then IDNA 2008 (RFC 5890 to 5893) without exceptions.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

import idna

from bot.domain.fqdn.placeholders import find_placeholder
from bot.domain.fqdn.private import reason_inside, without_private_link
from bot.domain.fqdn.suffixes import suffix_of
from bot.errors import InvalidFqdn

MAX_LABEL = 63
"""Octets in one label (RFC 1035 section 2.3.4)."""
MAX_NAME = 253
"""Characters in a whole name without its trailing dot (RFC 1035 section 2.3.4: 255 octets on the wire)."""
_MAX_TEXT = 1024
"""Longer text is refused unread: no name, however escaped, needs it."""
_MAX_CORRECTIONS = 3
"""A text may be wrong in several ways at once (scheme, missing dot, doubled dot); beyond that nothing is suggested."""

_ADDRESS_SENTENCE = (
    "{shown} is an IP address. Application rules match names: use the host's name, "
    "or ask the platform team for a network rule."
)
_NUMBER = r"(?:0x[0-9a-f]*|[0-9]+)"
_IPV4 = rf"{_NUMBER}(?:\.{_NUMBER}){{0,3}}"
_IPV6 = r"\[?[0-9a-f.]*:[0-9a-f.]*:[0-9a-f:.]*(?:%\w+)?\]?(?::[0-9]+)?"
_ADDRESS = re.compile(rf"\.?(?:{_IPV4}(?::[0-9]+)?|{_IPV6})(?:/[0-9]+)?\.?")


@dataclass(frozen=True, slots=True)
class _Refusal:
    """One form that is refused: how it is recognised, the sentence, and how it is put right if it can be."""

    pattern: re.Pattern[str]
    sentence: str
    correct: Callable[[str], str] | None = None


def _host(text: str) -> str:
    """The host inside something like an URL; empty if there is none."""
    rest = re.sub(r"^(?:[a-z][a-z0-9+.-]*:)?[/\\]+", "", text)
    authority = re.split(r"[/\\?#]", rest, maxsplit=1)[0]
    return re.sub(r":[0-9]*$", "", authority.rsplit("@", 1)[-1])


def is_address(text: str) -> bool:
    """Whether a text is an IP address or range in any form that a resolver might read, its port included."""
    return _ADDRESS.fullmatch(text.lower()) is not None


def _form(pattern: str, sentence: str, correct: Callable[[str], str] | None = None) -> _Refusal:
    return _Refusal(re.compile(pattern), sentence, correct)


_REFUSALS = (
    _form(r"^$", "No host given: write a host name such as example.com."),
    _form(r"^[a-z][a-z0-9+.-]*:[/\\]", "{shown} is a URL. Only the host goes in a firewall rule.", _host),
    _Refusal(re.compile(f"^{_ADDRESS.pattern}$"), _ADDRESS_SENTENCE),
    _form(r"@", "{shown} contains a user name. Only the host goes in a firewall rule.", _host),
    _form(r"[/\\?#]", "{shown} contains a path. Azure Firewall matches the host only, so the path is left out.", _host),
    _form(r"\s", "{shown} contains a space. Write one host name, or separate several with commas."),
    _form(r":", "{shown} contains a colon. The port goes after the name, not in it.", _host),
    _form(r"^\*\.?$", "* alone would open every destination. Name the host, or a wildcard: *.example.com."),
    _form(
        r"^\*[^.*]+(?:\.[^*]*)?$",
        (
            "{shown} would also match names that merely end the same way, such as evil-example.com. Put a dot "
            "after the asterisk."
        ),
        lambda text: f"*.{text[1:]}",
    ),
    _form(r".\*", "{shown} has an asterisk in the wrong place. It can only be the whole left-most label: *.a.com."),
    _form(
        r"^\.",
        "{shown} begins with a dot. Write example.com for the name itself, or *.example.com for the names below it.",
        lambda text: text.lstrip("."),
    ),
    _form(r"\.\.", "{shown} has an empty label: two dots in a row.", lambda text: re.sub(r"\.+", ".", text)),
    _form(r"_", "{shown} contains an underscore, which Azure Firewall does not accept in a host name."),
)


def parse_fqdn(text: str) -> str:
    """Read one host name or left-most wildcard.

    Args:
        text: As typed: any case, Unicode or A-labels, at most one trailing dot, white space around it.

    Returns:
        The canonical form: A-labels, lower case, no trailing dot, optionally a left-most ``*.`` label.

    Raises:
        InvalidFqdn: Azure Firewall would refuse the name, or read it more widely than it looks; with the corrected
            form as ``suggestion`` where one exists.
    """
    check_placeholder(text)
    return _read(text, corrections=_MAX_CORRECTIONS)


def check_placeholder(text: str) -> None:
    """Ask for the value of a placeholder; case counts, so this looks at what was typed.

    Raises:
        InvalidFqdn: There is one; the sentence names it.
    """
    if placeholder := find_placeholder(text[:_MAX_TEXT]):
        raise InvalidFqdn(
            f"{shown(text)} contains a placeholder. Replace {shown(placeholder)} with the real value, such as "
            "the region or the account."
        )


def _read(text: str, *, corrections: int) -> str:
    mapped = _map(text.strip())
    for refusal in _REFUSALS:
        if refusal.pattern.search(mapped):
            raise _refused(refusal, mapped, corrections)
    bare = mapped.removesuffix(".")
    is_wildcard = bare.startswith("*.")
    base = _a_labels(bare.removeprefix("*."))
    name = f"*.{base}" if is_wildcard else base
    _check_inside(name, base)
    _check_whole(name, base)
    if is_wildcard:
        _check_breadth(name, base)
    return name


def _check_inside(name: str, base: str) -> None:
    if reason := reason_inside(base):
        raise InvalidFqdn(reason.replace(base, name, 1), suggestion=without_private_link(name))


def _refused(refusal: _Refusal, text: str, corrections: int) -> InvalidFqdn:
    suggestion = _corrected(refusal.correct(text), corrections) if refusal.correct else None
    return InvalidFqdn(refusal.sentence.format(shown=shown(text)), suggestion=suggestion)


def _corrected(candidate: str, corrections: int) -> str | None:
    """A correction is only offered if it would be accepted, if need be after further corrections."""
    if not corrections:
        return None
    try:
        return _read(candidate, corrections=corrections - 1)
    except InvalidFqdn as error:
        return error.suggestion


def shown(text: str) -> str:
    """Text as it is quoted in a sentence: printable, at most 80 characters, in quotes."""
    printable = "".join(char if char.isprintable() else "\ufffd" for char in text)
    return f'"{printable[:79]}…"' if len(printable) > 80 else f'"{printable}"'


def _map(text: str) -> str:
    """UTS 46 mapping: lower case, full-width forms, ideographic dots, invisible characters dropped."""
    if len(text) > _MAX_TEXT:
        raise InvalidFqdn(f"{shown(text)} is too long to be a host name ({MAX_NAME} characters at most).")
    try:
        return idna.uts46_remap(text, std3_rules=False)
    except idna.IDNAError as error:
        raise InvalidFqdn(_idna_sentence(error, text)) from None


def _a_labels(name: str) -> str:
    labels = name.split(".")
    unicode_labels = [_u_label(label) for label in labels]
    if any(not label.isascii() for label in unicode_labels):
        _check_bidi(unicode_labels)
    return ".".join(label if label.isascii() else _a_label(label) for label in labels)


def _u_label(label: str) -> str:
    """The Unicode form of one valid label; of an ASCII label itself."""
    if label.startswith("xn--"):
        return _decoded(label)
    if label.isascii():
        _check_ascii(label)
    return label


def _decoded(label: str) -> str:
    """The Unicode form of an A-label that is exactly what encoding would give."""
    try:
        decoded = idna.ulabel(label)
        if idna.alabel(decoded) == label.encode():
            return decoded
    except (idna.IDNAError, UnicodeError):
        pass
    raise InvalidFqdn(f"{shown(label)} is not a valid internationalised label: its xn-- part does not decode.")


def _a_label(label: str) -> str:
    try:
        return idna.alabel(label).decode("ascii")
    except idna.IDNAError as error:
        raise InvalidFqdn(_idna_sentence(error, label)) from None


def _check_bidi(labels: list[str]) -> None:
    """RFC 5893: once one label is right-to-left, every label of the name must keep the rule."""
    try:
        is_bidi = any(idna.check_bidi(label) and _is_right_to_left(label) for label in labels)
        if is_bidi:
            for label in labels:
                idna.check_bidi(label, check_ltr=True)
    except idna.IDNAError as error:
        raise InvalidFqdn(_idna_sentence(error, ".".join(labels))) from None


def _is_right_to_left(label: str) -> bool:
    return any(unicodedata.bidirectional(char) in {"R", "AL", "AN"} for char in label)


def _idna_sentence(error: idna.IDNAError, text: str) -> str:
    if isinstance(error, idna.IDNABidiError):
        return (
            f"{shown(text)} mixes right-to-left and left-to-right text in a way that host names do not allow "
            "(RFC 5893)."
        )
    if isinstance(error, idna.InvalidCodepointContext):
        return f"{shown(text)} contains an invisible joiner or a mark where host names do not allow one (RFC 5892)."
    if isinstance(error, idna.InvalidCodepoint):
        return f"{shown(text)} contains a character that host names do not allow (IDNA 2008)."
    if "too long" in str(error).lower():
        return f"{shown(text)} has a label longer than {MAX_LABEL} characters once it is encoded."
    return f"{shown(text)} is not a valid internationalised name (IDNA 2008)."


def _check_ascii(label: str) -> None:
    if re.search(r"[^a-z0-9-]", label):
        raise InvalidFqdn(f"{shown(label)} contains a character other than letters, digits and hyphens.")
    if len(label) > MAX_LABEL:
        raise InvalidFqdn(f"{shown(label)} is longer than {MAX_LABEL} characters, the limit for a label.")
    if label.startswith("-") or label.endswith("-"):
        raise InvalidFqdn(f"{shown(label)} begins or ends with a hyphen, which is not allowed in a label.")
    if "--" in label:
        raise InvalidFqdn(f"{shown(label)} has two hyphens in a row, which Azure Firewall does not accept.")


def _check_whole(name: str, base: str) -> None:
    top = base.rpartition(".")[2]
    if len(name) > MAX_NAME:
        raise InvalidFqdn(f"{shown(name)} has {len(name)} characters; the limit is {MAX_NAME}.")
    if "." not in name:
        raise InvalidFqdn(
            f"{shown(name)} is a single label: such names are looked up inside the cluster. Write the full name with "
            "its domain, such as api.example.com."
        )
    if not re.fullmatch(r"[a-z][a-z0-9-]*[a-z0-9]", top):
        raise InvalidFqdn(f"{shown(name)} ends in {shown(top)}, which is not a top-level domain.")


def _check_breadth(name: str, base: str) -> None:
    """A wildcard may not span a suffix under which anybody registers names."""
    if "." not in base or suffix_of(base).registry == base:
        raise InvalidFqdn(f"{shown(name)} would open every domain under {base}. Name the domain you need below it.")


def covers(pattern: str, name: str) -> bool:
    """Whether a target FQDN of a rule admits a name, by Azure Firewall's rule.

    ``*.contoso.com`` admits any depth below but not ``contoso.com``; ``*contoso.com``, which foreign rules may hold,
    admits everything that ends so; ``*`` admits everything. Source: "How do wildcards work in target URLs and target
    FQDNs in application rules?" in https://learn.microsoft.com/azure/firewall/firewall-faq (read 2026-11).

    Args:
        pattern: A target FQDN as written in a rule, any case.
        name: A name or a wildcard; a wildcard is covered if every name that it admits is.
    """
    pattern, name = pattern.lower().removesuffix("."), name.lower().removesuffix(".")
    if pattern.startswith("*"):
        return name.removeprefix("*").endswith(pattern[1:])
    return pattern == name
