"""What a Home tab shows: its page and its search, which travel with the view; and the form of the search."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

from bot.domain.request_search import STATES, RequestSearch
from handlers.blocks.block_kit import input_, modal, option, people_select, section, select, text_input
from handlers.calls import number_from
from handlers.replies import View

MAX_WORDS = 200
"""Characters of the words that one searches for."""

_USER = re.compile(r"[UW][A-Z0-9]{2,20}")

LAST_PAGE = 500
"""A page that nobody turns to."""


@dataclass(frozen=True, slots=True)
class HomeState:
    """Which part of everything a Home tab shows.

    Args:
        search: What is searched for; without it the tab shows what waits, and the person's own.
        page: From 1.
    """

    search: RequestSearch = field(default_factory=RequestSearch)
    page: int = 1

    @classmethod
    def parse(cls, carried: Mapping[str, str]) -> "HomeState":
        """Read what the view carried.

        Raises:
            StaleView: The page is no number.
        """
        words, person, state = (carried.get(name, "") for name in ("words", "person", "state"))
        known = person if _USER.fullmatch(person) else ""
        search = RequestSearch(words[:MAX_WORDS], known, state if state in STATES else "")
        return cls(search, min(max(number_from(carried, "page", 1), 1), LAST_PAGE))

    def turned(self, by: int) -> "HomeState":
        """The page before or after this one."""
        return replace(self, page=max(1, self.page + by))

    @property
    def carried(self) -> dict[str, str]:
        """What the view carries."""
        found = {"words": self.search.words, "person": self.search.person, "state": self.search.state}
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
