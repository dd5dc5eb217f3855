"""The monthly price of what AKS makes, at configured prices."""

import pytest

from bot.domain.egress import OutboundType
from bot.domain.snat import (
    Change,
    CountChange,
    IdleChange,
    Managed,
    OwnIpsChange,
    PortsChange,
    Prices,
    ScalePlan,
    TypeChange,
    managed_after,
    plan_price,
    price_text,
)
from bot.domain.snat.scale_plan import ScaleKind

PRICES = Prices(public_ip=0.005, nat_gateway=0.045)


def priced(change: Change, *, gateway: bool = False, prices: Prices = PRICES) -> str:
    """What a plan with this change says."""
    kind: ScaleKind = "managedNATGateway" if gateway else "loadBalancer"
    return plan_price(ScalePlan("/c", "c", kind, None, change, (), (), 0, 0, (), ""), prices)


@pytest.mark.parametrize(
    ("change", "gateway", "amount"),
    [
        (CountChange(1, 5, there=1), False, "3.65 → 18.25 USD"),
        (CountChange(2, 1, there=3), True, "43.80 → 36.50 USD"),
        (PortsChange(1024, 4096, 1024, 4096, ips=CountChange(1, 2, there=1)), False, "3.65 → 7.30 USD"),
        (OwnIpsChange((), ("/ip",), replaced=2), False, "7.30 → 0.00 USD"),
        (TypeChange(OutboundType.LOAD_BALANCER, OutboundType.MANAGED_NAT_GATEWAY, count=2), False, "prices: 40.15 USD"),
    ],
)
def test_what_comes_and_goes_has_a_price(change: Change, gateway: bool, amount: str) -> None:
    """730 hours of each address and gateway."""
    assert amount in priced(change, gateway=gateway)
    assert "not included" in priced(change, gateway=gateway)


@pytest.mark.parametrize(
    "change",
    [
        IdleChange(30, 4),
        PortsChange(1024, 2048, 1024, 2048),
        CountChange(1, 2, there=1, ipv6=True),
        OwnIpsChange((), ("/ip",)),
    ],
)
def test_what_costs_the_same_says_nothing(change: Change) -> None:
    """Nothing that AKS makes comes or goes."""
    assert priced(change) == ""


def test_nothing_is_guessed() -> None:
    """A price that is needed and not configured: no sentence."""
    assert priced(CountChange(1, 2, there=1), prices=Prices()) == ""
    assert priced(CountChange(1, 2, there=1), gateway=True, prices=Prices(public_ip=0.005)) == ""
    assert "7.30 EUR" in priced(CountChange(1, 2, there=1), prices=Prices("EUR", public_ip=0.005))
    assert price_text(Prices(nat_gateway=1), Managed(0, 0)) != ""
    assert managed_after(OutboundType.NONE, None) == Managed(0, 0)
