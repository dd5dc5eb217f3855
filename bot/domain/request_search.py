"""Searching requests by what people know of them: a host, a cluster, an id, a person, a state."""

from dataclasses import dataclass
from datetime import datetime

from bot.domain.allowance import Allowance, Status, status
from bot.domain.scale_proposal import Scale, ScaleStatus, scale_status

STATES = tuple(dict.fromkeys([*map(str, Status), *map(str, ScaleStatus)]))
"""The states that can be searched for, in the order of a life."""


@dataclass(frozen=True, slots=True)
class RequestSearch:
    """A search; everything that is set must hold.

    Args:
        words: Parts of hosts, cluster names, ids, bundles, tickets or states, all of which must occur.
        person: The Slack user id of whoever asked or decided.
        state: One of ``STATES``.
    """

    words: str = ""
    person: str = ""
    state: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether it would find everything."""
        return not (self.words.strip() or self.person or self.state)

    def fits(self, one: Allowance | Scale, now: datetime) -> bool:
        """Whether a request is among what is searched for."""
        state = str(scale_status(one, now) if isinstance(one, Scale) else status(one, now))
        if self.state and state != self.state:
            return False
        if self.person and self.person not in _people(one):
            return False
        text = _text(one, state)
        return all(word in text for word in self.words.lower().split())


def _people(one: Allowance | Scale) -> set[str]:
    involved = [*one.askers, *(given.by for given in one.approvals), one.ending.by if one.ending else None]
    return {who.user for who in involved if who is not None}


def _text(one: Allowance | Scale, state: str) -> str:
    parts = [one.id, one.cluster_name, state]
    if isinstance(one, Allowance):
        parts += [one.ask.bundle or "", one.ask.ticket, *map(str, one.destinations)]
    return "\n".join(parts).lower()
