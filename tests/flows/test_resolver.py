"""A name that lies in private space is a risk, where the bot is told to look names up."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from bot import allowances
from bot.allowances import Draft
from bot.wiring.resolver import SystemResolver
from tests.build import DEV, EXAMPLE, World, make_world


class Known:
    """A zone file."""

    def __init__(self, zone: Mapping[str, tuple[str, ...]]) -> None:
        self._zone = zone

    def addresses(self, names: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
        """Those that the zone file has."""
        return {name: self._zone[name] for name in names if name in self._zone}


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(database_url)
    yield made
    made.store.close()


def test_a_private_name_is_a_reason(world: World) -> None:
    """It is said on the card; without a resolver nothing is known."""
    draft = Draft("aks-udr", (EXAMPLE,), "why", timedelta(hours=8))
    plain = allowances.request(world.ctx, DEV, draft)
    assert "private_name" not in {reason.code for reason in plain.risk.reasons}
    looking = replace(world.ctx, resolver=Known({EXAMPLE.fqdn: ("10.1.2.3",)}))
    asked = allowances.request(looking, DEV, replace(draft, duration=timedelta(hours=9)))
    assert "private_name" in {reason.code for reason in asked.risk.reasons}


def test_the_machines_own_dns() -> None:
    """``localhost`` is as private as it gets; what cannot be resolved is left out."""
    assert "127.0.0.1" in SystemResolver().addresses(["localhost"])["localhost"]
    assert SystemResolver().addresses([]) == {}
    assert SystemResolver(timedelta()).addresses(["localhost"]).keys() <= {"localhost"}
