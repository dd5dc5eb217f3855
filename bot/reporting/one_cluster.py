"""Which events of a page concern one cluster: firewalls and reviews serve several."""

from collections.abc import Iterator, Sequence

from bot.domain.audit import ChainedEvent
from bot.domain.story import counts_more
from bot.errors import UnknownReview
from bot.ports import AllowanceFilter, Context


class OneCluster:
    """The events that concern a cluster.

    Args:
        ctx: The context.
        name: In lower case.
    """

    def __init__(self, ctx: Context, name: str) -> None:
        self._ctx = ctx
        self._name = name
        self._reviews: dict[str, bool] = {}
        with ctx.store.read() as tx:
            self._targets = {one.id for one in tx.allowances.targets_of(name)}

    def among(self, page: Sequence[ChainedEvent]) -> list[ChainedEvent]:
        """Those of a page: what names the cluster, one of its allowances, or, naming none, one of its firewalls."""
        named = {one.seq: set(_named(one)) for one in page}
        own = self._own({each for ids in named.values() for each in ids})
        return [one for one in page if self._is_meant(one, named[one.seq], own)]

    def _is_meant(self, one: ChainedEvent, named: set[str], own: set[str]) -> bool:
        is_written = one.event.action.startswith("firewall:") and one.event.subject in self._targets
        if one.event.cluster or named:
            is_named = one.event.cluster == self._name or not named.isdisjoint(own)
            return is_named or (is_written and counts_more(one, named))
        if one.event.action.startswith("review:"):
            return self._has_reviewed(one.event.subject)
        return is_written

    def _own(self, ids: set[str]) -> set[str]:
        with self._ctx.store.read() as tx:
            rows = tx.allowances.find(AllowanceFilter(ids=tuple(sorted(ids)))) if ids else []
        return {row.id for row in rows if row.scope.cluster_name.lower() == self._name}

    def _has_reviewed(self, campaign: str) -> bool:
        """Whether a review has an allowance of the cluster."""
        if campaign not in self._reviews:
            try:
                with self._ctx.store.read() as tx:
                    ids = {item.allowance for item in tx.campaigns.get(campaign).items}
            except UnknownReview:
                ids = set()
            self._reviews[campaign] = bool(self._own(ids))
        return self._reviews[campaign]


def _named(one: ChainedEvent) -> Iterator[str]:
    """The allowances that an event names."""
    facts = dict(one.event.detail)
    if one.event.action.startswith(("firewall:", "review:")):
        yield from (each for each in facts.get("allowances", "").split() if not each.isdecimal())
        yield from facts.get("allowance", "").split()
