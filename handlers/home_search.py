"""What a Home tab shows: its page and its search, which travel with the view; and the form of the search."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

from bot.domain.request_search import STATES, RequestSearch
from bot.errors import StaleView
from bot.ports import Place
from handlers.blocks.block_kit import input_, modal, option, section, text_input
from handlers.blocks.buttons import position_text
from handlers.blocks.selects import people_select, select
from handlers.calls import number_from, position_from
from handlers.replies import View

MAX_WORDS = 200
"""Characters of the words that one searches for."""

_USER = re.compile(r"[UW][A-Z0-9]{2,20}")

LONGEST_TRAIL = 150
"""Pages of a search that can be turned back one by one: a view carries 3,000 characters. Then the first one follows."""


@dataclass(frozen=True, slots=True)
class HomeState:
    """Which part of everything a Home tab shows.

    Args:
        search: What is searched for; without it the tab shows what waits, and the person's own.
        page: From 1; of a search the one before those of the trail.
        trail: Where the last pages of a search begin; the first page needs no place.
    """

    search: RequestSearch = field(default_factory=RequestSearch)
    page: int = 1
    trail: tuple[Place, ...] = ()

    @classmethod
    def parse(cls, carried: Mapping[str, str]) -> "HomeState":
        """Read what the view carried.

        Raises:
            StaleView: The page is no number, or a place is none.
        """
        words, person, state = (carried.get(name, "") for name in ("words", "person", "state"))
        known = person if _USER.fullmatch(person) else ""
        search = RequestSearch(words[:MAX_WORDS], known, state if state in STATES else "")
        trail = tuple(map(position_from, carried.get("trail", "").split()))
        page = max(number_from(carried, "page", 1), 1)
        return cls(search, page if search.is_empty or trail else 1, trail)

    def older(self, after: str) -> "HomeState":
        """The page after this one; of a search the one that begins behind a place.

        Raises:
            StaleView: The tab shows a search and was drawn before searches had places.
        """
        self._require(has_place=bool(after))
        if after:
            trail = (*self.trail, position_from(after))
            return replace(self, page=self.page + len(trail[:-LONGEST_TRAIL]), trail=trail[-LONGEST_TRAIL:])
        return replace(self, page=self.page + 1)

    def newer(self) -> "HomeState":
        """The page before this one; of a search the first one, where the place of the one before was given up.

        Raises:
            StaleView: As of ``older``.
        """
        self._require(has_place=bool(self.trail))
        if not self.trail:
            return replace(self, page=max(1, self.page - 1))
        return replace(self, page=self.page if self.trail[1:] else 1, trail=self.trail[:-1])

    def _require(self, *, has_place: bool) -> None:
        if not (has_place or self.search.is_empty):
            raise StaleView("This page is out of date. Use *Refresh*.")

    @property
    def number(self) -> int:
        """The page that is shown, from 1."""
        return self.page + len(self.trail)

    @property
    def is_far(self) -> bool:
        """Whether the place of the page before was given up."""
        return self.page > 1 and len(self.trail) == 1

    @property
    def carried(self) -> dict[str, str]:
        """What the view carries."""
        found = {"words": self.search.words, "person": self.search.person, "state": self.search.state}
        found |= {"trail": " ".join(map(position_text, self.trail))}
        return {name: text for name, text in found.items() if text} | {"page": str(self.page)}


@dataclass(frozen=True, slots=True)
class SearchForm:
    """The form of the search."""

    CALLBACK: ClassVar[str] = "home_search"

    @staticmethod
    def parse(form: Mapping[str, str]) -> HomeState:
        """The first page of what was searched for."""
        return HomeState.parse({name: form.get(name, "") for name in ("words", "person", "state")})

    @staticmethod
    def build(search: RequestSearch) -> View:
        """Draw the form, filled with the search before."""
        states = select([option(state, state) for state in STATES], search.state, placeholder="Any state")
        words = text_input(search.words, placeholder="api.example.com aks-prod", limit=MAX_WORDS)
        blocks = [
            section("Requests and proposals that you can see, whatever you fill in; all of it must hold."),
            input_("words", "Host, cluster, id, bundle or ticket", words, optional=True, hint="Parts will do."),
            input_("person", "Who asked or decided", people_select(search.person), optional=True),
            input_("state", "State", states, optional=True),
        ]
        return modal(SearchForm.CALLBACK, "Search requests", blocks, submit="Search")
