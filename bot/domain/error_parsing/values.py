"""Values shared by the readers of a pasted text."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from bot.domain.fqdn import Destination


@dataclass(frozen=True, slots=True)
class Findings:
    """The findings of a pasted text.

    Attributes:
        destinations: What could not be reached, in order and without repeats.
        explanations: What the text means, in plain words, one sentence or two each.
        sources: The private addresses that the firewall's lines say the traffic came from, in order, without repeats.
    """

    destinations: tuple[Destination, ...]
    explanations: tuple[str, ...]
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mention:
    """One host that the text names, with what it says beside it.

    Attributes:
        at: Its position in the text.
        host: As it was written.
        port: Digits, if it is said.
        protocol: Of the firewall, or a URL's scheme, if it is said.
    """

    at: int
    host: str
    port: str | None = None
    protocol: str | None = None


@dataclass(frozen=True, slots=True)
class ErrorReading:
    """The result of one reader.

    Attributes:
        spans: The parts of the text that it has read, begin and end.
        mentions: What failed.
        meanings: Sentences for what no mention can say.
        sources: Where the traffic came from, as it was written.
        allowed: How many records say that the traffic was let through.
    """

    spans: tuple[tuple[int, int], ...] = ()
    mentions: tuple[Mention, ...] = ()
    meanings: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    allowed: int = field(default=0)


def join(readings: Iterable[ErrorReading]) -> ErrorReading:
    """Several readings as one, in order."""
    parts = tuple(readings)
    return ErrorReading(
        spans=tuple(span for part in parts for span in part.spans),
        mentions=tuple(one for part in parts for one in part.mentions),
        meanings=tuple(one for part in parts for one in part.meanings),
        sources=tuple(one for part in parts for one in part.sources),
        allowed=sum(part.allowed for part in parts),
    )


def blank(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """The text with these parts blanked: places stay where they are, and line ends stay line ends."""
    pieces, at = [], 0
    for start, end in sorted(spans):
        if end > at:
            first = max(start, at)
            pieces += [text[at:first], "".join(char if char == "\n" else " " for char in text[first:end])]
            at = end
    return "".join((*pieces, text[at:]))
