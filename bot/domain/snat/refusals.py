"""Azure's refusals of a change of outbound settings that somebody can mend: what it was, and what to do next."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Refusal:
    """One kind of refusal.

    Args:
        what: What Azure said, without a full stop.
        next: What to do about it, as sentences.
    """

    what: str
    next: str


_POLICY = Refusal(
    "Azure Policy does not permit the change",
    "Ask whoever owns the policy assignment for an exemption, then propose the change again.",
)
_QUOTA = Refusal(
    "The subscription's quota does not suffice for the change",
    "Request more quota for the region (Azure portal, Quotas), or propose a smaller change.",
)
_IP_LIMIT = Refusal(
    "The subscription has reached its limit of public IPs in the region",
    "Delete public IPs that nobody uses or request a higher limit (Azure portal, Quotas, Networking), then propose "
    "the change again; fewer outbound IPs may fit.",
)

_REFUSALS: Mapping[str, Refusal] = MappingProxyType(
    {
        "requestdisallowedbypolicy": _POLICY,
        "quotaexceeded": _QUOTA,
        "publicipcountlimitreached": _IP_LIMIT,
        "publicipprefixcountlimitreached": _IP_LIMIT,
    }
)
"""Lower-case error codes of ARM.

Source, read 2026-11: https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors.
"""


def refusal_of(code: str | None) -> Refusal | None:
    """The kind of refusal that a code of Azure means; None for any other."""
    return _REFUSALS.get((code or "").lower())


def with_next_step(sentence: str, code: str | None) -> str:
    """A sentence about a failure, with what to do next where it is known."""
    found = refusal_of(code)
    return f"{sentence.rstrip('. ')}. {found.next}" if found else sentence
