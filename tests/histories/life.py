"""The whole life of allowances: everybody who may do something, and everybody who may not, over days."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from bot import allowances, approvals
from bot.allowances import ALLOWANCES, Draft, Edit
from bot.approvals import Decision, Inquiry
from bot.domain.allowance import Allowance, Status, status
from bot.domain.audit import Action
from bot.domain.fqdn import Destination, parse_destinations
from bot.domain.people import Identity
from bot.ports import Caller
from bot.ports.notice_levels import NoticeLevel
from handlers import bulk
from handlers.calls import Call
from tests.build import APPROVER, APPROVER2, AUDITOR, DEV, DEV2, OPERATOR, TEAM
from tests.histories.acting import Events
from tests.histories.failing import step
from tests.histories.living import check_life
from tests.histories.owning import ANYBODY, DECIDER, NUMBER, REQUESTER, Owning, mostly
from tests.histories.rights import Judge
from tests.histories.stage import build
from tests.histories.town import (
    CLUSTERS,
    DECIDERS,
    GROUPS,
    OPEN_CLUSTER,
    Town,
    book_of,
    moved_in,
)

HOUR = timedelta(hours=1)
HOURS = st.sampled_from([2, 8, 30, 100])
HOSTS = {
    "plain": "h{n}.example.com",
    "two": "h{n}.example.com api{n}.example.org",
    "auto": "quay.io cdn0{n}.quay.io",
    "wide": "*.w{n}.example.net",
    "never": "mssql:db{n}.example.com",
}
"""What is asked for: by default, several, what is granted, what needs two stages, what is refused."""
WHAT = st.sampled_from(["plain", "plain", "two", "auto", "wide", "never"])

REQUESTED: tuple[Events, ...] = (
    (Action.ALLOWANCE_REQUEST,),
    (Action.ALLOWANCE_REQUEST, Action.ALLOWANCE_GRANT),
    (Action.ALLOWANCE_REQUEST, Action.ALLOWANCE_BREAK_GLASS),
)
RENEWED: tuple[Events, ...] = ((Action.ALLOWANCE_RENEW,), (Action.ALLOWANCE_RENEW, Action.ALLOWANCE_GRANT))
EDITED: tuple[Events, ...] = ((Action.ALLOWANCE_EDIT,), (Action.ALLOWANCE_EDIT, Action.ALLOWANCE_GRANT))
APPROVED: tuple[Events, ...] = ((Action.ALLOWANCE_APPROVE,), (Action.ALLOWANCE_NARROW, Action.ALLOWANCE_APPROVE))


@dataclass(frozen=True)
class Wish:
    """What somebody asks for: one of ``HOSTS``, for how long, its number, where, for whom."""

    what: str
    hours: int
    number: int
    cluster: str = OPEN_CLUSTER
    owner: str = ""
    is_glass: bool = False

    @property
    def hosts(self) -> tuple[Destination, ...]:
        """The destinations."""
        number = self.number % 3 + 1 if self.what == "auto" else self.number
        return parse_destinations(HOSTS[self.what].format(n=number))

    @property
    def draft(self) -> Draft:
        """The form."""
        span = self.hours * HOUR
        return Draft(self.cluster, self.hosts, "why", span, owner=self.owner, is_break_glass=self.is_glass)


class Life(Owning):
    """Whoever acts, whoever dies, however much time passes: each act counts once, and nobody gets more than theirs."""

    @initialize(
        replicas=st.integers(1, 2),
        has_hours=st.booleans(),
        scenes=st.sets(st.integers(0, 4), min_size=2),
        has_campaign=st.booleans(),
    )
    def begin(self, replicas: int, has_hours: bool, scenes: set[int], has_campaign: bool) -> None:
        """Some replicas, working hours or none, and lives that have begun."""
        book = book_of(has_hours=has_hours)
        self.town = Town(book)
        self.put_on(build(self.store, self.clock, book=book, directory=self.town, replicas=replicas))
        moved_in(self.stage.slack)
        self.witness.judges.append(Judge(self.town, has_hours=has_hours).judge)
        for scene in sorted(scenes):
            self._play(scene)
        self.stage.pass_time(timedelta(minutes=10), step=timedelta(seconds=30))
        if has_campaign:
            self.open_campaign(AUDITOR, "")

    def _play(self, scene: int) -> None:
        asked: list[Callable[[], Allowance | None]] = [
            lambda: self._ask(DEV, Wish("plain", 100, 9)),
            lambda: self._ask(DEV2, Wish("wide", 8, 9)),
            lambda: self._ask(DEV, Wish("auto", 2, 1)),
            lambda: self._ask(OPERATOR, Wish("plain", 2, 8, is_glass=True)),
            lambda: self._ask(APPROVER2, Wish("two", 8, 9, owner=DEV.identity.user)),
        ]
        made = asked[scene]()
        if made is not None and scene == 0:
            self._decide(APPROVER, made, is_approved=True)
        elif made is not None and scene == 1:
            self._inquire(APPROVER, made)

    # Asking.

    @step(who=REQUESTER, what=WHAT, number=NUMBER, hours=HOURS, cluster=st.sampled_from(CLUSTERS))
    def request(self, who: Caller, what: str, number: int, hours: int, cluster: str) -> None:
        """Somebody asks."""
        self._ask(who, Wish(what, hours, number, cluster))

    @step(who=st.sampled_from([OPERATOR, OPERATOR, DEV, APPROVER]), what=WHAT, number=NUMBER, hours=HOURS)
    def break_glass(self, who: Caller, what: str, number: int, hours: int) -> None:
        """Somebody opens something at once."""
        self._ask(who, Wish(what, hours, number, is_glass=True))

    @step(who=DECIDER, owner=ANYBODY, wish=st.builds(Wish, WHAT, HOURS, NUMBER, is_glass=st.booleans()))
    def request_for(self, who: Caller, owner: Caller, wish: Wish) -> None:
        """Somebody asks for somebody else."""
        self._ask(who, replace(wish, owner=owner.identity.user))

    def _ask(self, who: Caller, wish: Wish) -> Allowance | None:
        return self.act(who, lambda ctx: allowances.request(ctx, who, wish.draft), *REQUESTED)

    @step(who=REQUESTER, number=NUMBER, what=WHAT, hours=HOURS)
    def edit(self, who: Caller, number: int, what: str, hours: int) -> None:
        """Somebody changes what waits; mostly whoever asked."""
        row = self.pick(number, Status.WAITING)
        if row is None:
            return
        who = mostly(row.requester, who)
        change = Edit(row.id, row.digest, Wish(what, hours, number, row.scope.cluster_name).draft)
        self.act(who, lambda ctx: allowances.edit(ctx, who, change), *EDITED)

    @step(who=REQUESTER, number=NUMBER, duration=st.sampled_from(["", "2h", "4d"]))
    def renew(self, who: Caller, number: int, duration: str) -> None:
        """Somebody asks for the same again."""
        if row := self.pick(number, Status.LIVE, Status.EXPIRING):
            self.act(who, lambda ctx: allowances.renew(ctx, who, row.id, duration=duration), *RENEWED)

    # Deciding.

    @step(who=DECIDER, number=NUMBER, is_approved=st.sampled_from([True, True, True, False]))
    def decide(self, who: Caller, number: int, is_approved: bool) -> None:
        """Somebody decides."""
        if row := self.pick(number, Status.WAITING):
            who = self._able(row, who)
            self._decide(who, row, is_approved=is_approved)

    def _decide(self, who: Caller, row: Allowance, *, is_approved: bool) -> None:
        expected = APPROVED if is_approved else ((Action.ALLOWANCE_DENY,),)
        decision = Decision(row.id, is_approved, seen=row.digest, reason="so")
        self.act(who, lambda ctx: allowances.decide(ctx, who, decision), *expected, is_decision=True)

    def _able(self, row: Allowance, who: Caller) -> Caller:
        """Somebody who is asked now, in the place of some of those who decide; others try as themselves."""
        asked, now = row.verdict.current(row.approvals), self.clock.now()
        able = [one for one in DECIDERS if self.town.counts_for(asked, one.identity, now)]
        return able[DECIDERS.index(who) % len(able)] if able and who in DECIDERS[:4] else who

    @step(who=DECIDER, number=NUMBER, hours=st.sampled_from([1, 8]))
    def narrow(self, who: Caller, number: int, hours: int) -> None:
        """Somebody approves less, or tries to approve more."""
        if row := self.pick(number, Status.WAITING):
            who = self._able(row, who)
            less = Decision(row.id, True, seen=row.digest, destinations=row.destinations[:1], duration=hours * HOUR)
            self.act(who, lambda ctx: allowances.decide(ctx, who, less), *APPROVED, is_decision=True)

    @step(who=DECIDER, numbers=st.sets(NUMBER, min_size=1, max_size=3), decision=st.sampled_from(["approve", "deny"]))
    def decide_several(self, who: Caller, numbers: set[int], decision: str) -> None:
        """Somebody decides several in one form; each is checked and recorded alone."""
        picked = {row.id: row for number in sorted(numbers) if (row := self.pick(number, Status.WAITING))}
        form = {bulk.CHOICE + id_: f"{id_} {row.digest}" for id_, row in picked.items()}
        form |= {"decision": decision, "reason": "all of them"}
        word = Action.ALLOWANCE_APPROVE if decision == "approve" else Action.ALLOWANCE_DENY
        ends = _mixes((word, Action.ACT_REFUSE), len(picked))
        self.act(who, lambda ctx: bulk.submitted(ctx, Call(who, form=form)), *ends, is_decision=True)

    @step(who=DECIDER, number=NUMBER)
    def ask_question(self, who: Caller, number: int) -> None:
        """Somebody wants to know more first."""
        if row := self.pick(number, Status.WAITING):
            self._inquire(self._able(row, who), row)

    def _inquire(self, who: Caller, row: Allowance) -> None:
        said, left = Inquiry(row.id, "why?", row.digest), (Action.ALLOWANCE_QUESTION,)
        self.act(who, lambda ctx: approvals.ask_question(ctx, who, said, ALLOWANCES), left)

    @step(who=REQUESTER, number=NUMBER)
    def answer(self, who: Caller, number: int) -> None:
        """Somebody answers; mostly whoever asked."""
        asked = [row for row in self.witness.rows.values() if row.open_questions]
        if row := asked[-1] if asked else self.pick(number, Status.WAITING):
            who = mostly(row.requester, who)
            said = Inquiry(row.id, "because")
            self.act(who, lambda ctx: approvals.answer_question(ctx, who, said, ALLOWANCES), (Action.ALLOWANCE_ANSWER,))

    @step(who=DECIDER, delegate=DECIDER, hours=HOURS)
    def leave(self, who: Caller, delegate: Caller, hours: int) -> None:
        """Somebody is away."""
        until = self.clock.now() + hours * HOUR
        self.act(who, lambda ctx: approvals.leave(ctx, who, delegate.identity, until), (Action.PERSON_AWAY,), ())

    @step(who=DECIDER)
    def come_back(self, who: Caller) -> None:
        """Somebody is back; mostly whoever is away."""
        away = [one.who for one in self.town.absences if one.until > self.clock.now()]
        who = Caller(Identity(TEAM, away[-1]), who.via) if away else who
        self.act(who, lambda ctx: approvals.come_back(ctx, who), (Action.PERSON_BACK,))

    @step(who=st.sampled_from([DEV, DEV2, OPERATOR]), level=st.sampled_from(NoticeLevel))
    def choose_notices(self, who: Caller, level: NoticeLevel) -> None:
        """Somebody who never decides wants to be told more, or less."""
        self.act(who, lambda ctx: allowances.choose_notices(ctx, who, level), ())
        self.witness.note_level(who.identity.user)

    # What happens to people and processes.

    @rule(steps=st.integers(0, 5))
    def kill_next_act(self, steps: int) -> None:
        """The process in which somebody acts next will be killed some steps further on."""
        self.dies_after = steps

    @rule(is_silent=st.booleans())
    def silence(self, is_silent: bool) -> None:
        """Slack does not say who is in a user group, or says it again."""
        self.town.is_silent = is_silent

    @rule(who=st.sampled_from(DECIDERS), is_leaving=st.booleans())
    def change_groups(self, who: Caller, is_leaving: bool) -> None:
        """Somebody leaves their groups, or is back in them."""
        mine = {(who.identity.user, group) for group, users in GROUPS.items() if who.identity.user in users}
        self.town.removed = self.town.removed | mine if is_leaving else self.town.removed - mine

    @rule(hours=st.sampled_from([5, 26, 50, 75]))
    def pass_hours(self, hours: int) -> None:
        """Days pass while everybody works."""
        self.stage.pass_time(hours * HOUR, step=hours * HOUR / 10)

    # What must hold.

    @invariant()
    def what_is_called_live_is_open(self) -> None:
        """At every step: nobody's access is cut while they read that they have it."""
        if hasattr(self, "stage"):
            self.witness.look()
            now, there = self.clock.now(), {name.split("-")[0] for name in self.stage.our_rules()}
            live = {row.id for row in self.witness.rows.values() if status(row, now) in (Status.LIVE, Status.EXPIRING)}
            assert live <= there, f"Live and not open: {live - there}."

    def heal(self) -> None:
        """Everything works again, and Slack answers."""
        super().heal()
        self.town.is_silent = False

    def check(self) -> None:
        """Everything that must hold once all is well again."""
        check_life(self.stage, self.witness)


def _mixes(words: Events, most: int) -> list[Events]:
    """Every order of these words, up to so many."""
    mixes: list[Events] = [()]
    for _ in range(most):
        mixes += [(*mix, word) for mix in mixes for word in words]
    return list(dict.fromkeys(mixes))
