"""What people do with what is theirs, and who reviews it: end it, hand it over, keep it."""

from datetime import timedelta

from hypothesis import strategies as st

from bot import allowances
from bot.allowances import AfterReview, campaigns
from bot.allowances.campaigns import Wanted
from bot.domain.allowance import Status
from bot.domain.audit import Action
from bot.domain.break_glass import ReviewOutcome
from bot.domain.campaign import AnswerKind, Campaign
from bot.domain.people import Identity
from bot.ports import Caller
from tests.build import AUDITOR, OPERATOR, TEAM
from tests.histories.acting import Acting
from tests.histories.failing import step
from tests.histories.town import DECIDERS, EVERYBODY, OPEN_CLUSTER, REQUESTERS

NUMBER = st.integers(0, 7)
ANYBODY = st.sampled_from(EVERYBODY)
REQUESTER = st.sampled_from([*REQUESTERS, *REQUESTERS, *EVERYBODY])
DECIDER = st.sampled_from([*DECIDERS, *DECIDERS, *EVERYBODY])
OPEN = (Status.LIVE, Status.EXPIRING, Status.APPLYING, Status.APPROVED)


def mostly(owner: Identity, who: Caller) -> Caller:
    """Whose it is, in the place of anybody else who may ask; others try as themselves."""
    return Caller(owner, who.via) if who in REQUESTERS else who


class Owning(Acting):
    """A machine in which people end, hand over and review what is open."""

    # Owning.

    @step(who=REQUESTER, number=NUMBER, states=st.sampled_from([OPEN, (Status.WAITING,)]))
    def revoke(self, who: Caller, number: int, states: tuple[Status, ...]) -> None:
        """Somebody ends one, or withdraws it."""
        if row := self.pick(number, *states):
            who = mostly(row.owner, who)
            self.act(who, lambda ctx: allowances.end(ctx, who, row.id, reason="no"), (Action.ALLOWANCE_REVOKE,))

    @step(who=REQUESTER, number=NUMBER)
    def let_expire(self, who: Caller, number: int) -> None:
        """Somebody lets one end."""
        if row := self.pick(number, Status.EXPIRING, Status.LIVE):
            who = mostly(row.owner, who)
            self.act(who, lambda ctx: allowances.let_expire(ctx, who, row.id), (Action.ALLOWANCE_LET_EXPIRE,))

    @step(who=REQUESTER, number=NUMBER, owner=ANYBODY)
    def transfer(self, who: Caller, number: int, owner: Caller) -> None:
        """Somebody hands one over."""
        if row := self.pick(number, *OPEN):
            who = mostly(row.owner, who)
            to = Identity(TEAM, owner.identity.user)
            self.act(who, lambda ctx: allowances.transfer(ctx, who, row.id, to), (Action.ALLOWANCE_TRANSFER,))

    @step(who=DECIDER, number=NUMBER, outcome=st.sampled_from(ReviewOutcome))
    def review_break_glass(self, who: Caller, number: int, outcome: ReviewOutcome) -> None:
        """Somebody reviews what was opened at once."""
        row = next((row for row in self.witness.rows.values() if row.needs_review), None) or self.pick(number)
        if row is not None:
            said = AfterReview(row.id, outcome, "seen", timedelta(minutes=30), row.digest)
            self.act(who, lambda ctx: allowances.review_break_glass(ctx, who, said), (Action.ALLOWANCE_REVIEW,))

    # Reviewing.

    @step(who=st.sampled_from([AUDITOR, OPERATOR, *EVERYBODY]), words=st.sampled_from(["", OPEN_CLUSTER]))
    def start_campaign(self, who: Caller, words: str) -> None:
        """Somebody starts a review."""
        self.open_campaign(who, words)

    def open_campaign(self, who: Caller, words: str) -> None:
        """Let somebody start one."""
        self.act(who, lambda ctx: campaigns.start(ctx, who, words), (Action.REVIEW_START,))

    @step(
        who=st.sampled_from([*REQUESTERS, *REQUESTERS, *EVERYBODY]),
        number=NUMBER,
        kind=st.sampled_from(AnswerKind),
        until=st.sampled_from(["", "1h"]),
    )
    def answer_campaign(self, who: Caller, number: int, kind: AnswerKind, until: str) -> None:
        """Somebody keeps or removes one; mostly its owner."""
        campaign = self._campaign()
        if campaign is None:
            return
        asked = {one.allowance for one in campaign.items}
        item = [id_ for id_ in self.witness.rows if id_ in asked][number % len(asked)]
        who = mostly(self.witness.rows[item].owner, who)
        wanted = Wanted(campaign.id, item, kind, "looked", until)
        kept = ((Action.ALLOWANCE_KEEP, Action.REVIEW_KEEP), (Action.ALLOWANCE_SHORTEN, Action.REVIEW_KEEP))
        removed = ((Action.ALLOWANCE_REVOKE, Action.REVIEW_REMOVE),)
        expected = kept if kind is AnswerKind.KEEP else removed
        self.act(who, lambda ctx: campaigns.answer(ctx, who, wanted), *expected)

    @step(who=st.sampled_from([AUDITOR, OPERATOR, *EVERYBODY]), with_open=st.booleans())
    def sign_campaign(self, who: Caller, with_open: bool) -> None:
        """Somebody signs a review off."""
        if campaign := self._campaign():
            self.act(
                who,
                lambda ctx: campaigns.sign(ctx, who, campaign.id, "done", with_open=with_open),
                (Action.REVIEW_SIGN,),
            )

    def _campaign(self) -> Campaign | None:
        with self.store.read() as tx:
            return next(iter(tx.campaigns.find()), None)
