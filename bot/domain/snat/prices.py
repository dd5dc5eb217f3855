"""What AKS's own outbound resources cost, at the prices that the configuration names."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from bot.domain.egress import OutboundType
from bot.domain.fields import Text, Unit
from bot.domain.snat.changes import Change, CountChange, OwnIpsChange, PortsChange, TypeChange
from bot.domain.snat.scale_plan import ScalePlan

HOURS = 730
"""Hours of a month: the 8,760 of a year by twelve."""

Price = Annotated[float, Field(ge=0), Unit("of the currency, per hour")]

NAT_GATEWAYS = (OutboundType.MANAGED_NAT_GATEWAY, OutboundType.MANAGED_NAT_GATEWAY_V2)


@dataclass(frozen=True, slots=True)
class Prices:
    """Unit prices, from your own agreement; plans name a monthly price where every price that it takes is set.

    Args:
        currency: Behind each amount.
        public_ip: A static Standard public IPv4 address.
        nat_gateway: A NAT gateway, without the data that it processes.
    """

    currency: Text = "USD"
    public_ip: Price | None = None
    nat_gateway: Price | None = None


@dataclass(frozen=True, slots=True)
class Managed:
    """What AKS makes for a cluster to leave through: IPv4 addresses and NAT gateways, each by its number."""

    ips: int
    gateways: int


def monthly(prices: Prices, what: Managed) -> float | None:
    """What it costs in a month; None where a price that it takes is not configured."""
    parts = ((what.ips, prices.public_ip), (what.gateways, prices.nat_gateway))
    if any(count and price is None for count, price in parts):
        return None
    return sum(count * (price or 0) for count, price in parts) * HOURS


def managed_after(after: OutboundType, count: int | None) -> Managed:
    """What AKS makes for an outbound type."""
    return Managed(count or 0, int(after in NAT_GATEWAYS))


def price_text(prices: Prices, after: Managed, before: Managed | None = None) -> str:
    """A sentence with the monthly price, from what to what where both are known; empty where it cannot be said."""
    then = monthly(prices, after)
    was = monthly(prices, before) if before else None
    if then is None or (before and was is None):
        return ""
    amount = f"{then:,.2f}" if was is None else f"{was:,.2f} → {then:,.2f}"
    return (
        f"Monthly price of what AKS makes for it, at the configured prices: {amount} {prices.currency}. "
        "Data and load balancer rules are not included."
    )


def plan_price(plan: ScalePlan, prices: Prices) -> str:
    """The sentence of a plan; empty where it changes nothing that AKS makes, or a price is not configured."""
    change = plan.change
    if isinstance(change, TypeChange):
        return price_text(prices, managed_after(change.after, change.count))
    counts = _managed_ips(change)
    if counts is None:
        return ""
    gateways = int(plan.kind == "managedNATGateway")
    return price_text(prices, Managed(counts[1], gateways), Managed(counts[0], gateways))


def _managed_ips(change: Change) -> tuple[int, int] | None:
    """Managed IPv4 addresses before and after; None where they stay."""
    match change:
        case PortsChange(ips=CountChange() as brought):
            return _managed_ips(brought)
        case CountChange(ipv6=False):
            return change.there, change.after
        case OwnIpsChange() if change.replaced:
            return change.replaced, 0
    return None
