"""Two people act on the same request at the very same time: one act counts, once, and the other person is told why not.

On both databases; thousands of rounds under the profile ``histories``.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from hypothesis import settings

from bot import allowances, approvals
from bot.allowances import ALLOWANCES, AfterReview, Draft, Edit
from bot.approvals import Decision, Inquiry
from bot.domain.allowance import Allowance
from bot.domain.audit import Action
from bot.domain.break_glass import ReviewOutcome
from bot.domain.fqdn import parse_destination
from bot.errors import AlreadyDecided, EgressError, StaleVersion, StaleView
from bot.ports import Caller, NoticeKind
from tests.build import APPROVER, APPROVER2, DEV, OPERATOR, World, make_world
from tests.flows.writer_stage import HOUR, events, stored
from tests.histories.test_histories import is_gate

ROUNDS = 4 if is_gate() else settings().max_examples // 4
Act = Callable[[World, Allowance], object]


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(database_url)
    yield made
    made.store.close()


def draft(number: int, host: str = "race") -> Draft:
    """A request of its own for each round."""
    return Draft("aks-udr", (parse_destination(f"{host}{number}.example.com"),), "why", 4 * HOUR)


def approve(world: World, one: Allowance) -> object:
    """One approver says yes."""
    return allowances.decide(world.ctx, APPROVER, Decision(one.id, is_approved=True, seen=one.digest))


def approve_too(world: World, one: Allowance) -> object:
    """The other one as well."""
    return allowances.decide(world.ctx, APPROVER2, Decision(one.id, is_approved=True, seen=one.digest))


def deny(world: World, one: Allowance) -> object:
    """The other one says no."""
    return allowances.decide(world.ctx, APPROVER2, Decision(one.id, is_approved=False, seen=one.digest, reason="no"))


def edit(world: World, one: Allowance) -> object:
    """The requester wants something else."""
    return allowances.edit(world.ctx, DEV, Edit(one.id, one.digest, draft(int(one.id[-4:], 36), "other")))


def answer(world: World, one: Allowance) -> object:
    """The requester answers."""
    return approvals.answer_question(world.ctx, DEV, Inquiry(one.id, "because"), ALLOWANCES)


def confirm(world: World, one: Allowance) -> object:
    """One reviewer finds it right."""
    answered = AfterReview(one.id, ReviewOutcome.CONFIRM, "fine")
    return allowances.review_break_glass(world.ctx, APPROVER, answered)


def take_away(world: World, one: Allowance) -> object:
    """The other one does not."""
    answered = AfterReview(one.id, ReviewOutcome.REVOKE, "not needed")
    return allowances.review_break_glass(world.ctx, APPROVER2, answered)


def filed(world: World, number: int) -> Allowance:
    """A request that waits."""
    return allowances.request(world.ctx, DEV, draft(number))


def inquired(world: World, number: int) -> Allowance:
    """One with an open question."""
    made = filed(world, number)
    return approvals.ask_question(world.ctx, APPROVER, Inquiry(made.id, "why?"), ALLOWANCES)


def broken(world: World, number: int) -> Allowance:
    """One that was opened by break-glass."""
    asked = Draft(**{name: getattr(draft(number), name) for name in Draft.__slots__} | {"is_break_glass": True})
    return allowances.request(world.ctx, OPERATOR, asked)


def together(world: World, number: int) -> Allowance:
    """The first of two that were requested at once, for clusters behind one firewall."""
    both = [draft(number), replace(draft(number), cluster="aks-udr-agic")]
    return allowances.request_several(world.ctx, DEV, both).allowances[0]


def click(who: Caller, *, yes: bool) -> Act:
    """Decide all of it, as its card shows it."""

    def act(world: World, one: Allowance) -> object:
        with world.store.read() as tx:
            batch = allowances.batch_of(tx, one)
        assert batch is not None
        seen = batch.digest(one.requested_at)
        return allowances.decide_together(world.ctx, who, Decision(one.id, yes, seen=seen, reason="so"))

    return act


DECISIONS = (Action.ALLOWANCE_APPROVE, Action.ALLOWANCE_DENY, Action.ALLOWANCE_EDIT)
PAIRS: list[tuple[Callable[[World, int], Allowance], Act, Act, tuple[Action, ...]]] = [
    (filed, approve, approve_too, DECISIONS),
    (filed, approve, deny, DECISIONS),
    (filed, approve, edit, DECISIONS),
    (filed, deny, edit, DECISIONS),
    (together, click(APPROVER, yes=True), click(APPROVER2, yes=True), DECISIONS),
    (together, click(APPROVER, yes=True), click(APPROVER2, yes=False), DECISIONS),
    (inquired, answer, answer, (Action.ALLOWANCE_ANSWER,)),
    (broken, confirm, take_away, (Action.ALLOWANCE_REVIEW,)),
]


@pytest.mark.parametrize(("begin", "one", "other", "actions"), PAIRS)
def test_one_of_two_acts_counts(
    world: World, begin: Callable[[World, int], Allowance], one: Act, other: Act, actions: tuple[Action, ...]
) -> None:
    """One decision, one event, one card; the slower one is refused with a reason, and nothing is done twice."""
    for number in range(ROUNDS):
        made = begin(world, number)
        refused = at_once(partial(one, world, made), partial(other, world, made))
        assert len(refused) == 1, f"{made.id}: {refused}"
        assert isinstance(refused[0], AlreadyDecided | StaleView | StaleVersion), refused
        assert len(events(world, made.id, *actions)) == 1
        assert stored(world, made).version == made.version + 1
        world.tick(timedelta(minutes=1))  # the database may have been slow to note when it is due
        with world.store.read() as tx:
            owed = [notice for notice in tx.outbox.due(limit=500) if notice.subject == made.id]
        assert len([notice for notice in owed if notice.kind is NoticeKind.CARD]) == 1
        world.work(timedelta(minutes=1))
    with world.store.read() as tx:
        assert len(tx.audit.chain(after=0, limit=10_000)) == tx.audit.head()[0]


def at_once(*acts: Callable[[], object]) -> list[EgressError]:
    """Do them in threads that wait for each other; what was refused."""
    barrier, refused = threading.Barrier(len(acts)), list[EgressError]()

    def run(act: Callable[[], object]) -> None:
        barrier.wait()
        try:
            act()
        except EgressError as error:
            refused.append(error)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return refused
