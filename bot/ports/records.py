"""The interfaces to stored records."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from bot.domain.absence import Absence
from bot.domain.allowance import Allowance
from bot.domain.api_token import Token
from bot.domain.campaign import Campaign
from bot.domain.people import Identity
from bot.domain.saved_search import SavedSearch
from bot.domain.scale_proposal import Scale
from bot.domain.step_up import Challenge
from bot.domain.target import Target

Row_co = TypeVar("Row_co", covariant=True)


@dataclass(frozen=True, slots=True)
class AllowanceFilter:
    """Selects allowances, newest first; all conditions that are set must hold.

    Args:
        target: Written by this writer.
        cluster: Name or id of the cluster.
        requester: Owned by this person: asked by them, or handed over to them.
        renews: Those that continue this allowance.
        only_open: Only those to which something may still happen.
        first_host: Of which this is the first destination's name.
        is_in_line: Approved, and not known to be in the firewall: the writer's line and what has ended since.
        is_for_review: Only those that were opened by break-glass, reviewed or not.
        is_waiting: Only those that nobody has decided finally.
        before: Only ids that sort before this one: the key of the next page.
        limit: At most so many; None for all.
        ids: Only these.
    """

    target: Target | None = None
    cluster: str | None = None
    requester: Identity | None = None
    renews: str | None = None
    only_open: bool = False
    first_host: str | None = None
    is_in_line: bool = False
    is_for_review: bool = False
    is_waiting: bool = False
    before: str | None = None
    limit: int | None = None
    ids: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """The position of a row in a list: open ones first, then by id, the newest first.

    Args:
        is_open: Whether something may still happen to it, as stored.
        id: Of an allowance or a scale proposal; without its first letter it sorts by time.
    """

    is_open: bool
    id: str

    @property
    def key(self) -> tuple[bool, str, str]:
        """The sort key of lists, descending; one order for allowances and proposals together."""
        return self.is_open, self.id[1:], self.id[:1]


@dataclass(frozen=True, slots=True)
class PlacedRow(Generic[Row_co]):
    """A row and its position."""

    place: Place
    value: Row_co


@dataclass(frozen=True, slots=True)
class ListFilter:
    """Selects the rows of a list, in the order of ``Place``.

    Args:
        clusters: Ids of clusters; None for none in particular.
        requester: Owned or proposed by this person. Where both are set, one of them must hold.
        is_waiting: Only those that nobody has decided finally.
        after: The last row of the page before.
        limit: At most so many.
    """

    clusters: tuple[str, ...] | None = None
    requester: Identity | None = None
    is_waiting: bool = False
    after: Place | None = None
    limit: int = 200


class Allowances(Protocol):
    """Allowances as rows."""

    def get(self, allowance_id: str) -> Allowance:
        """One by id; raises ``UnknownAllowance``."""
        ...

    def find(self, wanted: AllowanceFilter) -> list[Allowance]:
        """The matching rows, newest first."""
        ...

    def reread(self, wanted: AllowanceFilter) -> list[Allowance]:
        """The same as they are stored at this moment, each read in full: for who looks for changes by other hands.

        Raises:
            ChainBroken: One cannot be read, or its columns say something else than it says itself.
        """
        ...

    def page(self, wanted: ListFilter) -> list[PlacedRow[Allowance]]:
        """One page of a list."""
        ...

    def stored(self, ids: Collection[str]) -> set[str]:
        """Those of these ids that are stored."""
        ...

    def targets(self) -> list[Target]:
        """Every target that has an open allowance."""
        ...

    def targets_of(self, cluster: str) -> list[Target]:
        """Every target in which a cluster of that name has, or had, an allowance."""
        ...

    def new_id(self, now: datetime) -> str:
        """An id that no allowance has."""
        ...

    def add(self, allowance: Allowance) -> None:
        """Store a new one."""
        ...

    def save(self, allowance: Allowance, *, is_open: bool) -> Allowance:
        """Store a changed one and return it with its next version; raises ``StaleVersion`` if somebody was faster."""
        ...


class Scales(Protocol):
    """Scale proposals as rows."""

    def get(self, scale_id: str) -> Scale:
        """One by id; raises ``UnknownScale``."""
        ...

    def find(self, cluster_id: str | None = None, *, only_open: bool = True) -> list[Scale]:
        """The rows of one cluster or of all, newest first."""
        ...

    def page(self, wanted: ListFilter) -> list[PlacedRow[Scale]]:
        """One page of a list."""
        ...

    def stored(self, ids: Collection[str]) -> set[str]:
        """Those of these ids that are stored."""
        ...

    def new_id(self, now: datetime) -> str:
        """An id that no proposal has."""
        ...

    def add(self, scale: Scale) -> None:
        """Store a new one."""
        ...

    def save(self, scale: Scale, *, is_open: bool) -> Scale:
        """Store a changed one and return it with its next version; raises ``StaleVersion`` if somebody was faster."""
        ...


class Campaigns(Protocol):
    """Review campaigns as rows."""

    def get(self, campaign_id: str) -> Campaign:
        """One by id; raises ``UnknownReview``."""
        ...

    def find(self, *, only_open: bool = True, limit: int | None = None, after: Place | None = None) -> list[Campaign]:
        """Those that were not signed off yet, or all; open ones first, then the newest, from behind a place on."""
        ...

    def new_id(self, now: datetime) -> str:
        """An id that no campaign has."""
        ...

    def add(self, campaign: Campaign) -> None:
        """Store a new one."""
        ...

    def save(self, campaign: Campaign) -> Campaign:
        """Store a changed one and return it with its next version; raises ``StaleVersion`` if somebody was faster."""
        ...


class Absences(Protocol):
    """Who is away, and who decides in their place."""

    def get(self, who: Identity) -> Absence | None:
        """The last absence of somebody, over or not."""
        ...

    def put(self, absence: Absence) -> None:
        """Record one, in the place of the last."""
        ...

    def delegated_to(self, delegate: Identity, now: datetime) -> list[Absence]:
        """The absences in which somebody decides for others now, by person."""
        ...


class SavedSearches(Protocol):
    """Searches of the audit log that people keep."""

    def of(self, who: Identity) -> list[SavedSearch]:
        """Those of one person, by name."""
        ...

    def put(self, who: Identity, search: SavedSearch) -> None:
        """Keep one, in the place of the last of that name."""
        ...

    def remove(self, who: Identity, name: str) -> None:
        """Keep it no longer."""
        ...


class Challenges(Protocol):
    """Approvals that wait for a sign-in at the identity provider."""

    def add(self, challenge: Challenge) -> None:
        """Store a new one."""
        ...

    def get(self, challenge_id: str) -> Challenge | None:
        """One by id; None where there is none, or none any more."""
        ...

    def end(self, challenge_id: str, at: datetime) -> bool:
        """End one; False if it had ended: of all who try, one alone gets True."""
        ...


class Drafts(Protocol):
    """Stores for a few days the contents of buttons that are too long for Slack."""

    def keep(self, text: str) -> str:
        """Store a text and return its id."""
        ...

    def get(self, draft_id: str) -> str | None:
        """The text, or None if it is no longer stored."""
        ...


class Tokens(Protocol):
    """API tokens as rows."""

    def get(self, name: str) -> Token | None:
        """One by name."""
        ...

    def all(self) -> list[Token]:
        """Every token, revoked ones included, by name."""
        ...

    def add(self, token: Token) -> None:
        """Store a new one."""
        ...

    def revoke(self, name: str, at: datetime) -> None:
        """It counts no longer."""
        ...

    def use(self, digest: str, at: datetime, per_minute: int) -> tuple[Token | None, float]:
        """Take one call of the token with this digest.

        Returns:
            The token, None where there is none; and how many seconds to wait where it has no call left, else 0.
        """
        ...
