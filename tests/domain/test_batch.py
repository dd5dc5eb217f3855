"""Allowances that were filed together: what they are called, and what a click on their card decides."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.allowance import Act
from bot.domain.approval import Ending
from bot.domain.batch import Batch, noun_for, place_from_text, place_text
from bot.errors import AlreadyDecided, StaleView
from tests.domain.values import APPROVER, NOW, an_allowance


@pytest.mark.parametrize("cluster", ["aks-a", "/subscriptions/s/resourceGroups/g/providers/p/managedClusters/aks-a"])
@pytest.mark.parametrize("pool", [None, "np1"])
def test_a_place_is_read_as_it_is_written(cluster: str, pool: str | None) -> None:
    """Names and ARM ids, with and without a pool."""
    assert place_from_text(place_text(cluster, pool)) == (cluster, pool)


def test_a_batch_is_named_after_what_it_is_for() -> None:
    """Clusters, node pools, or both."""
    assert [noun_for(each) for each in ([None, None], ["a", "b"], [None, "b"])] == [
        "clusters",
        "node pools",
        "clusters and node pools",
    ]


def test_a_click_decides_exactly_what_waits() -> None:
    """Whoever is decided, withdrawn or lapsed changes the digest; approvals that are not enough do not."""
    first, second = replace(an_allowance(), id="a1"), replace(an_allowance(), id="a2")
    both = Batch((first, second))
    seen = both.digest(NOW)
    both.require_same(seen, NOW)
    withdrawn = Batch((first, replace(second, revoked=Ending(APPROVER, NOW))))
    other = Batch((first, replace(second, ask=replace(second.ask, duration=timedelta(hours=1)))))
    for changed in (withdrawn, other):
        with pytest.raises(StaleView):
            changed.require_same(seen, NOW)
    gone = Batch(tuple(replace(one, denied=Ending(APPROVER, NOW)) for one in both.members))
    with pytest.raises(AlreadyDecided):
        gone.require_undecided(Act.APPROVE, NOW)
