"""Whether a destination lies in the addresses of a rule, with and without knowing what its name resolves to."""

from bot.domain.firewall.fit import NO_FIT, Fit
from bot.domain.firewall.matchers import AddressSet
from bot.domain.firewall.names import Match
from bot.domain.firewall.owners import PUBLIC, PUBLIC_IPV4, Whereabouts
from bot.domain.firewall.ranges import IPV4, Spans, overlap, text_from_spans, union
from bot.domain.phrases import listed

INTERNET = "internet"
"""The service tag of every public address (https://learn.microsoft.com/azure/virtual-network/service-tags-overview)."""

PRIVATE_TAGS = frozenset({"virtualnetwork", "azureloadbalancer"})
"""Service tags of private addresses and of Azure's own probes, from the same page (read 2026-11)."""


def address_match(name: str, destinations: AddressSet, addresses: Spans, where: Whereabouts) -> Fit:
    """Whether the addresses of the destination are among those of a rule.

    Args:
        name: Of the rule, for the sentence.
        destinations: Of the rule.
        addresses: Of the destination, one span each; empty if they are not known.
        where: Where the name may lead, whatever it resolves to now.
    """
    spans, unknown = destinations.spans, destinations.unread
    if destinations.tags:
        spans, unknown = _with_tags(destinations, where)
    if addresses:
        return _resolved(name, spans, addresses, unknown) or _elsewhere(name, AddressSet((), destinations.tags))
    if overlap(IPV4, spans) == IPV4:
        return Fit(Match.YES, f"{name} covers every address.")
    if not where.may_be_private and overlap(PUBLIC_IPV4, spans) == PUBLIC_IPV4:
        return Fit(Match.YES, f"{name} covers every public address.")
    near = spans if where.may_be_private else overlap(spans, PUBLIC)
    if near or unknown:
        return _unsure(name, (text_from_spans(near),) if near else (), unknown)
    return _elsewhere(name, destinations)


def _with_tags(destinations: AddressSet, where: Whereabouts) -> tuple[Spans, tuple[str, ...]]:
    """Split service tags into known ranges, and tags the name may resolve into in addition to unread sources."""
    tags = {tag.lower(): tag for tag in destinations.tags}
    spans = union((*destinations.spans, *PUBLIC)) if INTERNET in tags else destinations.spans
    possible = (
        f"service tag {tag}"
        for lower, tag in tags.items()
        if (where.may_be_private if lower in PRIVATE_TAGS else where.is_microsofts and lower != INTERNET)
    )
    return spans, (*possible, *destinations.unread)


def _resolved(name: str, spans: Spans, addresses: Spans, unknown: tuple[str, ...]) -> Fit | None:
    inside = sum(bool(overlap((address,), spans)) for address in addresses)
    if inside == len(addresses):
        return Fit(Match.YES, f"{name} covers every address that the name resolves to.")
    if inside:
        why = f"{name} covers {inside} of the {len(addresses)} addresses that the name resolves to."
        return Fit(Match.PART, why, on="which of its addresses is used", look=f"request all of them in rule {name}")
    return _unsure(name, (), unknown) if unknown else None


def _unsure(name: str, ranges: tuple[str, ...], unknown: tuple[str, ...]) -> Fit:
    places = listed((*ranges, *unknown), 3)
    if unknown and not ranges and unknown[0].startswith("IP group"):
        look = f"check {unknown[0]} in Azure, which the bot could not read"
    else:
        look = f"resolve it in a pod (nslookup) and compare with {places}"
    return Fit(
        Match.UNKNOWN,
        f"{name} matches if the name resolves to an address in {places}.",
        on="what the name resolves to",
        look=look,
    )


def _elsewhere(name: str, destinations: AddressSet) -> Fit:
    """Why a rule is for other names, with the exception."""
    if destinations.spans:
        where = text_from_spans(destinations.spans)
        why = f"{name} is for {where}: a public name does not resolve to a private address, unless private DNS says so."
    elif destinations.tags:
        tags = listed(destinations.tags, 3)
        why = (
            f"{name} is for the service tag {tags}: only Microsoft's names, and names that others host there, "
            "resolve to it."
        )
    else:
        return NO_FIT
    return Fit(Match.NO, why)
