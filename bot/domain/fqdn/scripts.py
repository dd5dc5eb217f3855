"""The appearance of a name to people: its Unicode form, mixed scripts, and look-alike letters.

The rules are those of Unicode Technical Standard 39 (https://www.unicode.org/reports/tr39/): a label in one script is
fine, and so are the combinations of its "highly restrictive" level. The table of look-alikes is a selection by
judgement (2026-11) of letters that imitate lower-case Latin ones, not its whole ``confusables.txt``.
"""

import unicodedata
from functools import lru_cache

import idna

_NO_SCRIPT = frozenset({"DIGIT", "HYPHEN-MINUS", "MIDDLE", "COMBINING", "ZERO", "ARABIC-INDIC", "EXTENDED", "MODIFIER"})
_TOGETHER = (
    frozenset({"LATIN", "CJK", "HIRAGANA", "KATAKANA"}),
    frozenset({"LATIN", "CJK", "BOPOMOFO"}),
    frozenset({"LATIN", "CJK", "HANGUL"}),
)
# Cyrillic (04xx, 05xx), Greek (03xx), Armenian (0561 to 0585), uncommon Latin letters: by the letter that they imitate.
_IMITATIONS = {
    "a": "\u0251\u03b1\u0430",
    "b": "\u0432",
    "c": "\u0441",
    "d": "\u0111\u0501",
    "e": "\u03b5\u0435",
    "g": "\u0261\u0581",
    "h": "\u0127\u04bb\u0570",
    "i": "\u0131\u0269\u03b9\u0456\u0457",
    "j": "\u0458\u0575",
    "k": "\u03ba\u043a",
    "l": "\u0142\u04cf",
    "m": "\u043c",
    "n": "\u03b7\u043f\u0578",
    "o": "\u00f8\u03bf\u043e\u0585",
    "p": "\u03c1\u0440",
    "q": "\u051b\u0566",
    "r": "\u0433",
    "s": "\u017f\u0455",
    "t": "\u03c4\u0442",
    "u": "\u03c5\u057d",
    "v": "\u03bd\u0475",
    "w": "\u051d",
    "x": "\u03c7\u0445",
    "y": "\u03b3\u0443\u04af",
}
_LOOKS_LIKE = str.maketrans({char: letter for letter, chars in _IMITATIONS.items() for char in chars})
_DIGITS_AS_LETTERS = str.maketrans({"0": "o", "1": "l"})


def unicode_form(fqdn: str) -> str:
    """A canonical name as its owner would write it; labels that do not decode stay as they are."""
    return ".".join(_unicode_label(label) for label in fqdn.split("."))


def _unicode_label(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return idna.ulabel(label)
    except (idna.IDNAError, UnicodeError):
        return label


def is_mixed_script(fqdn: str) -> bool:
    """Whether a label mixes scripts that no language writes together (Latin with Cyrillic, for example)."""
    return "xn--" in fqdn and any(_is_mixed(label) for label in unicode_form(fqdn).split("."))


def _is_mixed(label: str) -> bool:
    scripts = {_script(char) for char in label} - _NO_SCRIPT
    return len(scripts) > 1 and not any(scripts <= allowed for allowed in _TOGETHER)


def _script(char: str) -> str:
    """The first word of a character's Unicode name, which is its script for every letter that IDNA admits."""
    return unicodedata.name(char, "UNKNOWN").split(" ")[0]


@lru_cache(maxsize=4096)
def skeleton(fqdn: str) -> str:
    """Reduce a name to its visual skeleton: names with the same skeleton are easily confused."""
    bare = unicodedata.normalize("NFD", unicode_form(fqdn).translate(_LOOKS_LIKE))
    letters = "".join(char for char in bare if not unicodedata.combining(char))
    return letters.translate(_DIGITS_AS_LETTERS).replace("rn", "m").replace("vv", "w").replace("cl", "d")


def homograph_reasons(fqdn: str) -> tuple[str, ...]:
    """Why a name may not be the one that it looks like, one sentence each; empty for an honest name."""
    reasons = []
    if is_mixed_script(fqdn):
        reasons.append(f"{unicode_form(fqdn)} mixes letters of several scripts; its real name is {fqdn}.")
    elif any(_imitates_latin(label) for label in unicode_form(fqdn).split(".")):
        reasons.append(f"{unicode_form(fqdn)} is written in letters that only look Latin; its real name is {fqdn}.")
    return tuple(reasons)


def _imitates_latin(label: str) -> bool:
    has_latin = "LATIN" in {_script(char) for char in label}
    return not label.isascii() and not has_latin and label.translate(_LOOKS_LIKE).isascii()
