"""The naive evaluator's view of one destination: addresses by ``ipaddress``, names letter by letter, tags one by one.

Beside the evaluator in ``reference_firewall``; the lists that were read off Microsoft's pages are values and shared.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from bot.domain.firewall import Flow
from bot.domain.firewall.aks_names import TagName
from bot.domain.firewall.owners import MICROSOFT_DOMAINS, PRIVATE_LINK_ZONES
from bot.domain.firewall.tags import contents_of

Address = IPv4Address | IPv6Address
YES, PART, UNKNOWN, NO = "yes", "part", "unknown", "no"


def ends(text: str) -> tuple[Address, Address] | None:
    """The first and last address of a text in a rule, or None if it is no address."""
    try:
        if "/" in text:
            network = ip_network(text, strict=False)
            return network[0], network[-1]
        if "-" in text:
            first, last = text.split("-")
            return ip_address(first), ip_address(last)
        return ip_address(text), ip_address(text)
    except ValueError:
        return None


def is_in(address: Address, text: str) -> bool:
    """Return whether an address is among those of one text in a rule."""
    if text == "*":
        return True
    found = ends(text)
    if found is None or found[0].version != address.version:
        return False
    return int(found[0]) <= int(address) <= int(found[1])


def is_opaque(text: str) -> bool:
    """Return whether a text is a service tag."""
    return text != "*" and ends(text) is None


NOWHERE_PUBLIC = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "224.0.0.0-255.255.255.255",
)


def first_public(text: str) -> Address | None:
    """The first address among those of a text to which a public name could resolve."""
    first, last = ends("0.0.0.0/0" if text == "*" else text) or (None, None)
    if first is None or last is None:
        return None
    if first.version == 6:
        unicast = ip_network("2000::/3")
        return first if int(first) <= int(unicast[-1]) and int(unicast[0]) <= int(last) else None
    position = int(first)
    while position <= int(last):
        beyond = [int(end) + 1 for start, end in map(span, NOWHERE_PUBLIC) if int(start) <= position <= int(end)]
        if not beyond:
            return ip_address(position)
        position = beyond[0]
    return None


def span(text: str) -> tuple[Address, Address]:
    """The ends of what is known to be addresses."""
    found = ends(text)
    assert found is not None
    return found


def name_is(pattern: str, name: str) -> str:
    """Return whether a pattern matches a name, or all or some of the names below a wildcard."""
    if "*" in pattern[1:]:
        return NO
    if not name.startswith("*"):
        return YES if matches(pattern, name) else NO
    if pattern.startswith("*") and ("any" + name[1:]).endswith(pattern[1:]) and len(pattern) <= len(name):
        return YES
    example = pattern.replace("*", "any", 1)
    return PART if example.endswith(name[1:]) and len(example) > len(name[1:]) else NO


def matches(pattern: str, name: str) -> bool:
    """Return whether a pattern without a second asterisk matches a plain name."""
    return name.endswith(pattern[1:]) if pattern.startswith("*") else name == pattern


def belongs_to(name: str, domains: tuple[str, ...]) -> bool:
    """Return whether a name is one of the domains or below one, or a wildcard may hold a name that is."""
    for domain in domains:
        if f".{name.removeprefix('*.')}".endswith(f".{domain}"):
            return True
        if name.startswith("*") and f".{domain}".endswith(name[1:]):
            return True
    return False


INTERNAL_TOPS = ("internal", "local", "corp", "lan")


def may_be_private(name: str) -> bool:
    """Return whether a name may resolve into private ranges."""
    labels = name.split(".")
    return labels[-1] in INTERNAL_TOPS or "privatelink" in labels or belongs_to(name, PRIVATE_LINK_ZONES)


def tag_may_hold(text: str, name: str) -> bool:
    """Return whether a name may resolve into a service tag, or into whatever else is not known."""
    if text in ("VirtualNetwork", "AzureLoadBalancer"):
        return may_be_private(name)
    return text == "unread group" or (text != "Internet" and belongs_to(name, MICROSOFT_DOMAINS))


def destination_is(texts: list[str], flow: Flow, *, opaque: bool) -> str:
    """Return whether the destination's addresses are among the texts."""
    name = flow.destination.fqdn
    opaque = opaque or any(is_opaque(text) and tag_may_hold(text, name) for text in texts)
    if not flow.addresses:
        return unresolved_is(texts, name, opaque=opaque)
    inside = [any(holds(text, ip_address(address)) for text in texts) for address in flow.addresses]
    if any(inside):
        return YES if all(inside) else PART
    return UNKNOWN if opaque else NO


def holds(text: str, address: Address) -> bool:
    """Return whether a text of a rule has an address; the service tag Internet has every public one."""
    return is_in(address, text) or (text == "Internet" and first_public(str(address)) is not None)


def unresolved_is(texts: list[str], name: str, *, opaque: bool) -> str:
    """The same for a name of which no address is known: it may have any that names like it can have."""
    known = [text for text in texts if not is_opaque(text)]
    if "Internet" in texts:
        known += PUBLIC_PIECES
    if covers_ipv4(known) or (not may_be_private(name) and covers_ipv4([*known, *NOWHERE_PUBLIC])):
        return YES
    is_near = any(may_be_private(name) or first_public(text) is not None for text in known)
    return UNKNOWN if is_near or opaque else NO


PUBLIC_PIECES = (
    "1.0.0.0-9.255.255.255",
    "11.0.0.0-100.63.255.255",
    "100.128.0.0-126.255.255.255",
    "128.0.0.0-169.253.255.255",
    "169.255.0.0-172.15.255.255",
    "172.32.0.0-192.167.255.255",
    "192.169.0.0-223.255.255.255",
)


def covers_ipv4(texts: list[str]) -> bool:
    """Whether the texts together hold every IPv4 address: each end of one is inside another, or the very last."""
    found = [span for span in map(ends, texts) if span is not None and span[0].version == 4]
    spans = [(int(first), int(last)) for first, last in found]
    address = 0
    while any(first <= address <= last for first, last in spans):
        address = max(last for first, last in spans if first <= address <= last) + 1
        if address == 2**32:
            return True
    return "*" in texts


def both(left: str, right: str) -> str:
    """Two conditions that must hold together."""
    if NO in (left, right):
        return NO
    if UNKNOWN in (left, right):
        return UNKNOWN
    return PART if PART in (left, right) else YES


def strongest(verdicts: list[str]) -> str:
    """The verdict that says most."""
    return next(verdict for verdict in (YES, PART, UNKNOWN, NO) if verdict in [*verdicts, NO])


def tag_is(tag: str, flow: Flow) -> str:
    """Return how much of the destination an FQDN tag holds: what is listed, what AKS publishes, what is plausible."""
    name, service = flow.destination.fqdn, (str(flow.destination.protocol), flow.destination.port)
    contents = contents_of(tag)
    verdicts = [listed_is(each, flow) for each in contents.names if each.service == service]
    if tag.lower() == "azurekubernetesservice":
        verdicts += [name_is(d.fqdn, name) for d in flow.published if (str(d.protocol), d.port) == service]
    if strongest(verdicts) == NO and belongs_to(name, contents.domains):
        return UNKNOWN
    return strongest(verdicts)


def listed_is(listed: TagName, flow: Flow) -> str:
    """Whether one listed name matches; where the region is not known, whether it does for any label in its place."""
    region, name = flow.region, flow.destination.fqdn
    cloud = {"usgov": "government", "usdod": "government", "china": "china"}.get(region[:5], "public")
    if region and listed.clouds and cloud not in [str(each) for each in listed.clouds]:
        return NO
    regions = [region] if region else ["anywhere", *(label for label in name.split(".") if label != "*")]
    verdict = strongest([name_is(listed.pattern.replace("<region>", each), name) for each in regions])
    return UNKNOWN if listed.addon and verdict != NO else verdict
