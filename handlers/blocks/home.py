"""The Home tab."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import TypeVar

from bot.allowances import FoundRequests
from bot.allowances.campaigns import Glance
from bot.domain.allowance import Allowance, Status, status
from bot.domain.batch import Batch
from bot.domain.configuration import Configuration
from bot.domain.egress import ClusterEgress
from bot.domain.people import Unread
from bot.domain.phrases import counted
from bot.domain.request_search import RequestSearch
from bot.domain.saved_search import SavedSearch
from bot.domain.scale_proposal import Scale
from bot.domain.snat import capacity
from bot.ports import Pause
from bot.ports.notice_levels import NoticeLevel
from handlers.blocks.batch_card import batch_buttons, batch_line
from handlers.blocks.block_kit import (
    METADATA,
    VIEW_BLOCKS,
    actions,
    button,
    carried_text,
    code,
    context,
    divider,
    fold,
    header,
    left_out_words,
    person,
    section,
    value,
    when,
    whole,
)
from handlers.blocks.break_glass import ALARM
from handlers.blocks.buttons import act_buttons, position_text
from handlers.blocks.clusters import allowance_line
from handlers.blocks.delivery import refusal_blocks
from handlers.blocks.details import details_button
from handlers.blocks.dryrun import dry_line
from handlers.blocks.notice_choice import level_select
from handlers.blocks.offers import decision_buttons
from handlers.blocks.review_card import review_button, review_line
from handlers.blocks.saved_searches import search_list
from handlers.blocks.scale_card import scale_line
from handlers.blocks.words import NO_CLUSTER, unread_lines
from handlers.replies import Block, View

ROWS = 8
"""Requests in each part; with their buttons all parts together stay below the 100 blocks of a view."""


MOST_DENIED = 3
"""Clusters whose denied traffic is offered, a block each."""

MOST_REVIEWS = 3
"""Review campaigns, a block each."""

One = TypeVar("One", Allowance, Allowance | Batch, Scale)


@dataclass(frozen=True, slots=True)
class Found:
    """One page of what a search found.

    Args:
        search: What was searched for.
        page: At most ``ROWS`` requests, and where the search goes on.
    """

    search: RequestSearch
    page: FoundRequests


@dataclass(frozen=True, slots=True)
class Desktop:
    """The contents of one person's Home tab.

    Args:
        waiting: Requests that the person may decide, filed by themselves.
        batches: Requests for several clusters of which the person may decide something.
        scales: Scale proposals that the person may decide.
        reviews: Review campaigns that wait for an answer of the person.
        mine: The person's own that have not ended.
        clusters: Those that the person may see, as last read.
        now: The time at which it is drawn.
        config: Knows what bundles contain.
        unread: The user groups that could not be read: there may be more for the person than this shows.
        refusals: What Slack does not take until somebody acts; for operators.
        unreviewed: What was opened by break-glass and waits for a review by the person.
        notices: How much the person is told.
        searches: Their saved searches of the audit log.
        page: The page of each list that is shown, from 1.
        found: What a search found; without one the lists are shown.
        is_far: Whether *Newer* leads to the first page, because nobody knows where the one before begins.
    """

    waiting: tuple[Allowance, ...]
    scales: tuple[Scale, ...]
    mine: tuple[Allowance, ...]
    clusters: tuple[ClusterEgress, ...]
    now: datetime
    config: Configuration
    batches: tuple[Batch, ...] = ()
    reviews: tuple[Glance, ...] = ()
    unread: tuple[Unread, ...] = ()
    refusals: tuple[Pause, ...] = ()
    unreviewed: tuple[Allowance, ...] = ()
    notices: NoticeLevel = NoticeLevel.ALL
    searches: tuple[SavedSearch, ...] = ()
    page: int = 1
    found: Found | None = None
    is_far: bool = False

    @property
    def undecided(self) -> Sequence[Allowance | Batch]:
        """What the person may decide, an entry for each decision."""
        return *self.batches, *self.waiting

    @property
    def pages(self) -> int:
        """How many pages the longest list has, at least one."""
        lists = (self.undecided, self.scales, self.unreviewed, self.mine)
        return max(1, *(-(-len(one) // ROWS) for one in lists))


def home_view(uow: Desktop, carried: Mapping[str, str] = MappingProxyType({})) -> View:
    """Draw it; ``carried`` is what has to come back with each act on it."""
    lists = _overview(uow) if uow.found is None else _search_results(uow, uow.found)
    blocks = [
        *actions(*_first_buttons(uow)),
        *unread_lines(uow.unread, "You may have access to more than this. Use *Refresh* to check again."),
        *refusal_blocks(uow.refusals),
        *dry_line(uow.config.dry_run),
        *lists,
        *_turning(uow),
        divider(),
        header("Clusters"),
        *_health(uow.clusters, is_certain=not uow.unread),
        *_denied(uow),
        *search_list(uow.searches),
        *level_select(uow.notices),
        context(f"Updated {when(uow.now)}. `/egress help` lists all commands."),
    ]
    return {"type": "home", "blocks": _fitting(blocks), "private_metadata": whole(carried_text(carried), METADATA)}


def _fitting(blocks: Sequence[Block]) -> list[Block]:
    if len(blocks) <= VIEW_BLOCKS:
        return list(blocks)
    rest = "`/egress requests` lists everything, `/egress help` the other commands."
    return [*blocks[: VIEW_BLOCKS - 1], context(left_out_words(len(blocks) - VIEW_BLOCKS + 1, rest))]


def _first_buttons(uow: Desktop) -> list[Block]:
    several = [button("Decide several…", "decide_several")] if len(uow.waiting) > 1 else []
    clear = [button("Clear search", "home_clear")] if uow.found else []
    return [
        button("Request egress…", "open_request", style="primary"),
        *several,
        button("Search…", "home_search"),
        *clear,
        button("Refresh", "refresh_home"),
    ]


def _overview(uow: Desktop) -> list[Block]:
    shown = _page(uow, sorted(uow.mine, key=lambda one: status(one, uow.now) is not Status.EXPIRING))
    ending = [one for one in shown if status(one, uow.now) is Status.EXPIRING]
    others = [one for one in shown if status(one, uow.now) is not Status.EXPIRING]
    nothing = "None on this page." if uow.page > 1 else "You have none. Use `/egress request` or the button above."
    return [
        header("Waiting for you"),
        *_waiting(uow),
        *_reviews(uow.reviews),
        *([header("Ending soon"), *_mine(uow, ending)] if ending else []),
        header("Your allowances"),
        *(_mine(uow, others) or [section(nothing)] * (not ending)),
    ]


def _search_results(uow: Desktop, found: Found) -> list[Block]:
    """What the search found on this page, each with the acts that are possible."""
    blocks: list[Block] = []
    for one in found.page.found:
        line = scale_line(one, uow.now) if isinstance(one, Scale) else allowance_line(one, uow.now, uow.config)
        blocks += [section(f"{line}\nRequested by {person(one.requester.user)}"), *_result_buttons(uow, one)]
    if found.page.is_partial:
        blocks.append(section(f"{SO_FAR[bool(blocks)]} *Go on* searches older requests."))
    nothing = "Nothing found." if uow.page == 1 else "Nothing more found."
    return [header("Search results"), context(_sought(found.search)), *(blocks or [section(nothing)])]


SO_FAR = (
    ":hourglass_flowing_sand: Nothing found so far; there may be older requests.",
    ":hourglass_flowing_sand: That is all so far; there may be older requests.",
)
"""Where a search looked at as many as it may: not to be taken for the end."""


def _sought(search: RequestSearch) -> str:
    parts = [code(search.words)] if search.words.strip() else []
    parts += [f"asked or decided by {person(search.person)}"] if search.person else []
    parts += [f"state {search.state}"] if search.state else []
    return f"For {', '.join(parts)} among all that you can see; what is open comes first."


def _result_buttons(uow: Desktop, one: Allowance | Scale) -> list[Block]:
    for batch in uow.batches:
        if one.id in batch.lead.batch:
            return _batch_buttons(uow, batch)
    if any(one.id == each.id for each in (*uow.waiting, *uow.scales)):
        return decision_buttons(one, uow.config, uow.now)
    is_own = any(one.id == each.id for each in uow.mine)
    own = act_buttons(one, uow.config, uow.now, only=("renew", "revoke")) if is_own else []
    return actions(details_button(one), *own)


def _turning(uow: Desktop) -> list[Block]:
    """Newer and Older, as far as there is something, and how much there is."""
    newer = [button("First page" if uow.is_far else "Newer", "home_newer")] if uow.page > 1 else []
    if uow.found is None:
        older = [button("Older", "home_older")] if uow.page < uow.pages else []
        return [*([context(_amount(uow))] if uow.pages > 1 else []), *actions(*newer, *older)]
    onward = uow.found.page.onward
    text = "Go on" if uow.found.page.is_partial else "Older"
    older = [button(text, "home_older", value(after=position_text(onward)))] if onward else []
    return actions(*newer, *older)


def _amount(uow: Desktop) -> str:
    waiting = len(uow.undecided) + len(uow.scales) + len(uow.unreviewed)
    lists = "`/egress requests pending` and `/egress requests mine` list them, too; *Search…* finds one."
    return f"Page {uow.page:,} of {uow.pages:,}: {waiting:,} waiting for you, {len(uow.mine):,} of your own. {lists}"


def _page(uow: Desktop, rows: Sequence[One]) -> Sequence[One]:
    return rows[(uow.page - 1) * ROWS : uow.page * ROWS]


def _waiting(uow: Desktop) -> list[Block]:
    blocks: list[Block] = []
    for one in _page(uow, uow.unreviewed):
        line = f"{ALARM} {allowance_line(one, uow.now, uow.config)}\nOpened by {person(one.requester.user)}"
        review = act_buttons(one, uow.config, uow.now, only=("review_break_glass",))
        blocks += [section(line), *actions(details_button(one), *review)]
    for scale in _page(uow, uow.scales):
        blocks += [section(scale_line(scale, uow.now)), *decision_buttons(scale, uow.config, uow.now)]
    for entry in _page(uow, uow.undecided):
        blocks += _undecided(uow, entry)
    if blocks or uow.reviews:
        return blocks
    which = "that you are confirmed to be able to decide" if uow.unread else "for your decision"
    is_all = not (uow.scales or uow.waiting or uow.unreviewed or uow.batches)
    return [section(f"Nothing is waiting {which}." if is_all else "Nothing on this page.")]


def _undecided(uow: Desktop, one: Allowance | Batch) -> list[Block]:
    """One entry for what is decided at once."""
    if isinstance(one, Batch):
        return [section(batch_line(one, uow.now, uow.config)), *_batch_buttons(uow, one)]
    line = (
        f"{allowance_line(one, uow.now, uow.config)}\nRisk {one.risk.level}, requested by {person(one.requester.user)}"
    )
    return [section(line), *decision_buttons(one, uow.config, uow.now)]


def _batch_buttons(uow: Desktop, batch: Batch) -> list[Block]:
    return actions(*batch_buttons(batch, uow.now, only=("details", "approve", "deny")))


def _reviews(reviews: Sequence[Glance]) -> list[Block]:
    rest = len(reviews) - MOST_REVIEWS
    shown = [section(review_line(one), accessory=review_button(one.whole.campaign)) for one in reviews[:MOST_REVIEWS]]
    more = f"and {counted(rest, 'more review')}: `/egress review`"
    return [*shown, *([context(more)] if rest > 0 else [])]


def _mine(uow: Desktop, allowances: Sequence[Allowance]) -> list[Block]:
    lines = ((section(allowance_line(one, uow.now, uow.config)), *_own(uow, one)) for one in allowances)
    return [block for blocks in lines for block in blocks]


def _own(uow: Desktop, one: Allowance) -> list[Block]:
    return actions(*act_buttons(one, uow.config, uow.now, only=("renew", "revoke")))


def _health(clusters: Sequence[ClusterEgress], *, is_certain: bool) -> list[Block]:
    if not clusters:
        return [section(NO_CLUSTER)] if is_certain else [section("None that you are confirmed to have access to.")]
    tight = [one.ref.name for one in clusters if capacity(one).near_exhaustion]
    warned = [one.ref.name for one in clusters if one.warnings and one.ref.name not in tight]
    lines = [f"{counted(len(clusters), 'cluster')}, as last read from Azure."]
    lines += [f":red_circle: SNAT ports near exhaustion: {_names(tight)}"] if tight else []
    lines += [f":warning: Has warnings: {_names(warned)}"] if warned else []
    lines += [":large_green_circle: Nothing needs attention."] if not tight and not warned else []
    return [section("\n".join(lines))]


def _denied(uow: Desktop) -> list[Block]:
    """Where to look for denied traffic: the clusters of the person's own requests, else the first that they see."""
    own = {one.scope.cluster_id for one in uow.mine}
    filtered = [one for one in uow.clusters if any(path.firewall for path in one.paths)]
    ordered = sorted(filtered, key=lambda one: one.ref.id not in own) if uow.config.logs.enabled else []
    shown = [
        section(code(one.ref.name), accessory=button("Denied traffic", "denied", value(cluster=one.ref.id)))
        for one in ordered[:MOST_DENIED]
    ]
    rest = len(ordered) - MOST_DENIED
    more = f"and {counted(rest, 'more cluster')} behind a firewall: `/egress denied CLUSTER`"
    return [*shown, *([context(more)] if rest > 0 else [])]


def _names(names: Sequence[str]) -> str:
    return fold([code(name) for name in names], 1200, most=20, joint=", ", rest="`/egress list` marks them")
