"""The readers put together: destinations, sentences, and where the traffic came from."""

import re
from collections.abc import Iterator
from ipaddress import ip_address

from bot.domain.error_parsing.clients import read_failures
from bot.domain.error_parsing.lines import read_lines
from bot.domain.error_parsing.links import FAILED, Rank, read_links
from bot.domain.error_parsing.meanings import read_meanings
from bot.domain.error_parsing.records import read_records
from bot.domain.error_parsing.rows import address_denied
from bot.domain.error_parsing.values import ErrorReading, Findings, Mention, blank, join
from bot.domain.fqdn import (
    SCHEMES,
    WEB_PORTS,
    Destination,
    Problem,
    Protocol,
    find_placeholder,
    is_address,
    parse_destination,
    parse_destinations,
    parse_fqdn,
    parse_many,
    reason_inside,
    refang,
)
from bot.errors import InvalidFqdn

_MAX_TEXT = 40_000
"""Characters that are read: Slack's own limit for a message (https://docs.slack.dev/reference/methods/chat.postMessage)."""

_MOST_SENTENCES = 8
_ALLOWED = "The firewall allowed this traffic: no request needed."
_SPOKEN = frozenset({*Protocol, *SCHEMES, "ws", "wss"})


def _within(text: str) -> str:
    """Truncate the text at the end of a word: a name that was cut would be another name."""
    if len(text) <= _MAX_TEXT:
        return text
    kept = text[: _MAX_TEXT + 1]
    return kept[: max(kept.rfind(sign) for sign in " \t\n")] if any(sign in kept for sign in " \t\n") else ""


def find_destinations(text: str) -> Findings:
    """Find what a pasted error or firewall log could not reach. Never raises, whatever the text.

    Only what failed counts: not what was let through, not what was fetched before, not pages that explain the error. A
    host that is named with its port counts more than the same host named without. Names and protocols that no allowance
    can open and, where no name is found, bare addresses become explanations.
    """
    clean = _unlinked(refang(_within(text)))
    if listed := _plain_list(clean):
        return Findings(listed, ())
    logs = _logs(clean)
    rest = blank(clean, logs.spans).replace('\\"', '"')
    mentions = _without_vague(
        sorted((*logs.mentions, *_failed(rest, is_known=bool(logs.spans))), key=lambda one: one.at)
    )
    outcomes = [_outcome(mention) for mention in mentions]
    found = tuple(dict.fromkeys(one for one in outcomes if isinstance(one, Destination)))
    if not logs.spans and not FAILED.search(rest):
        found = tuple(dict.fromkeys((*_linked(_within(text)), *found)))
    obstacles = [one for one in outcomes if isinstance(one, str)]
    addresses = () if found or logs.spans else _addresses(mentions)
    sentences = (*read_meanings(rest), *logs.meanings, *obstacles, *addresses)
    if not found and not sentences:
        sentences = (_ALLOWED,) if logs.allowed else ()
    return Findings(found, _few(tuple(dict.fromkeys(sentences))), tuple(dict.fromkeys(_addressed(logs.sources))))


def _few(sentences: tuple[str, ...]) -> tuple[str, ...]:
    """Keep the first few sentences, and count the rest."""
    left = len(sentences) - _MOST_SENTENCES
    more = (f"The same goes for {left} more in the text.",) if left > 0 else ()
    return (*sentences[:_MOST_SENTENCES], *more)


def is_read(text: str, found: Findings) -> bool:
    """Whether an error was understood, so that the person does not have to correct the pasted text.

    Args:
        text: What was pasted.
        found: What it says.
    """
    return bool(found.destinations or (found.explanations and not _is_list(parse_many(text).problems)))


def read_destinations(text: str) -> tuple[Destination, ...]:
    """Read the destinations in a text: a list of them, or an error that names them.

    Raises:
        InvalidFqdn: Nothing of it can be asked for. Where the text is an error, the sentence is what it means.
    """
    found = find_destinations(text)
    if not found.destinations and is_read(text, found):
        raise InvalidFqdn(" ".join(found.explanations))
    return found.destinations or parse_destinations(text)


def _logs(text: str) -> ErrorReading:
    """The firewall's own records. JSON whose quotes are escaped, as in a log of a log, is tried a second time."""
    records = read_records(text)
    text = blank(text, records.spans)
    unquoted = text.replace('\\"', ' "')
    escaped = read_records(unquoted) if '\\"' in text else ErrorReading()
    return join((records, escaped, read_lines(blank(unquoted, escaped.spans))))


_LINK = re.compile(r"<(?P<target>[^<>|\s]{1,3000})(?:\|(?P<label>[^<>\n]{0,3000}))?>")
_MARKUP = re.compile(r"mailto:|tel:|[@#!]")
_LABEL = re.compile(r"[a-z][a-z0-9-]{0,61}[a-z0-9]")
_NO_NAMES = re.compile(
    r"the|host|server|remote|upstream|proxy|database|peer|this|url|endpoint|service|cluster|backend|client|node|broker|"
    r"docker|mysql|redis|mongodb|registry|unknown|none|null|undefined|localhost|example"
)
"""Words that stand where an error of another kind has a host."""
_WORD = re.compile(r"[\w-]{1,100}")
"""Text in angle brackets that is not a link, such as a placeholder."""
_TYPED = re.compile(r"\S{0,1000}\.\S{1,1000}")


def _unlinked(text: str) -> str:
    """Slack's links undone: what was typed is the label where it looks like a host or a URL, else the target."""

    def typed(link: re.Match[str]) -> str:
        if _MARKUP.match(link["target"]):
            return f" {link['label'] or ''} "
        if _WORD.fullmatch(link["target"]):
            return link[0]
        label = link["label"] or ""
        if label and not _TYPED.fullmatch(label):
            return f"see {link['target']}"
        return label or link["target"]

    bare = _LINK.sub(typed, text)
    return bare.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _linked(text: str) -> Iterator[Destination]:
    """Names that somebody typed and Slack made a link of, where nothing says that they failed."""
    for link in _LINK.finditer(text):
        if not _MARKUP.match(link["target"]) and _TYPED.fullmatch(link["label"] or ""):
            yield from _plain_list(link["label"])


def _failed(text: str, *, is_known: bool) -> Iterator[Mention]:
    """Find the hosts that tools report as failed, with their URLs.

    Args:
        text: What the readers of logs have left.
        is_known: Whether they have read something; a URL that is only mentioned then says nothing.
    """
    named = list(read_failures(text))
    links = list(read_links(text))
    yield from named
    hosts = {mention.host.lower() for mention in named}
    best = max((link.rank for link in links), default=Rank.HELP)
    is_known = is_known or bool(named) or (best is Rank.HELP and FAILED.search(text) is not None)
    least = Rank.FAILED if is_known else best
    yield from (link.mention for link in links if link.rank >= least or link.mention.host.lower() in hosts)


def _addressed(sources: tuple[str, ...]) -> Iterator[str]:
    for source in sources:
        try:
            yield str(ip_address(source.strip("[]")))
        except ValueError:
            continue


def _plain_list(text: str) -> tuple[Destination, ...]:
    """A text that is nothing but a list of destinations and URLs."""
    parsed = parse_many(text)
    urls = [one.suggestion for one in parsed.problems if one.suggestion and "/" in one.text]
    if len(urls) < len(parsed.problems):
        return ()
    return tuple(dict.fromkeys((*parsed.destinations, *map(parse_destination, urls))))


def _is_list(problems: tuple[Problem, ...]) -> bool:
    """Whether what cannot be read of a text are names all the same, and not the words of an error."""
    return all(re.search(r"[.:/]", one.text) for one in problems)


def _without_vague(mentions: list[Mention]) -> list[Mention]:
    """Without the mentions that say less than another one of the same host."""
    exact = {mention.host.lower() for mention in mentions if mention.port or mention.protocol}
    return [one for one in mentions if one.port or one.protocol or one.host.lower() not in exact]


def _outcome(mention: Mention) -> Destination | str | None:
    """Return the destination, or the reason why there is none, or None for text that only looked like a host."""
    host = mention.host.strip("*.").lower() if mention.host[:1] == "*" and mention.host[:2] != "*." else mention.host
    host = host.rstrip(".")
    if is_address(host):
        return None
    if placeholder := find_placeholder(host):
        return f"{host} contains a placeholder, {placeholder}: write the name that the client actually requests."
    if reason := reason_inside(host.lower().removeprefix("*.")):
        return reason
    if _LABEL.fullmatch(host.lower()) and not _NO_NAMES.fullmatch(host.lower()):
        return f"{host} is a name inside the cluster: its traffic never reaches the firewall."
    return _by_protocol(host.lower(), mention)


def _by_protocol(host: str, mention: Mention) -> Destination | str | None:
    """Determine the protocol from the text; ``TCP`` next to a web or SQL port adds nothing."""
    said, port = (mention.protocol or "").lower(), int(mention.port or 443)
    known = said if said in _SPOKEN and not (said in ("tcp", "udp") and port in WEB_PORTS) else ""
    try:
        return parse_destination(":".join(part for part in (known, host, mention.port) if part))
    except InvalidFqdn as error:
        return error.sentence if (known or mention.port) and _is_name(host) else None


def _is_name(host: str) -> bool:
    try:
        parse_fqdn(host)
    except InvalidFqdn:
        return False
    return True


def _addresses(mentions: list[Mention]) -> Iterator[str]:
    """Explain bare addresses; next to a name they are only what it resolved to, and are ignored."""
    for mention in mentions:
        if is_address(mention.host):
            yield address_denied(mention.host)
