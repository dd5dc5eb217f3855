"""What must be true of whoever acts, and of whatever is approved: from the people as they are, not from the product."""

from collections.abc import Callable, Mapping

from bot.domain.allowance import Allowance
from bot.domain.approval import Approval, Quorum
from bot.domain.audit import Action, Event
from bot.domain.people import SYSTEM, Identity
from tests.build import TEAM
from tests.histories.town import APPROVING, LAPSE_AFTER, OFFICE, REVIEWING, TEAM_CLUSTER, Town
from tests.histories.witness import Seen


class Judge:
    """Judges everything that is seen.

    Args:
        town: The people.
        has_hours: Whether people may only be reminded in working hours.

    Attributes:
        may: What people do to allowances, each with who may.
    """

    def __init__(self, town: Town, *, has_hours: bool) -> None:
        self._town = town
        self._has_hours = has_hours

    def judge(self, seen: Seen | Event) -> None:
        """Refuse what should not have happened.

        Raises:
            AssertionError: It should not have.
        """
        if isinstance(seen, Event):
            self._judge_other(seen)
            return
        self._judge_end(seen)
        if seen.event is None:
            return
        if seen.event.actor != SYSTEM:
            may = self.may[seen.event.action]
            assert may(self, seen, seen.event.actor), f"{seen.event.actor} may not {seen.event.action}: {seen.after}"
            self._judge_change(seen, seen.event.actor)
        self._judge_time(seen.event, seen)
        if seen.event.action is Action.ALLOWANCE_APPROVE and seen.after.approved_at is not None:
            check_quorums(self._town, seen.after)

    def _judge_other(self, event: Event) -> None:
        self._town.note(event)
        if event.action in (Action.REVIEW_START, Action.REVIEW_SIGN):
            assert self._is(event.actor, *REVIEWING), event
        elif event.action in (Action.REVIEW_KEEP, Action.REVIEW_REMOVE):
            is_owner = dict(event.detail)["owner"] == event.actor.user
            assert is_owner or self._is(event.actor, *APPROVING), event

    def _judge_end(self, seen: Seen) -> None:
        """What was approved for a time ends by then; an end never moves away."""
        before, after = seen.before, seen.after
        if before is not None and before.expires_at is not None:
            assert after.expires_at is not None, after
            assert after.expires_at <= before.expires_at, after
        if after.expires_at is not None and after.live_at is not None and after.ask.duration is not None:
            assert after.expires_at <= after.live_at + after.ask.duration, after

    def _judge_change(self, seen: Seen, actor: Identity) -> None:
        """What was approved before a request was edited or narrowed was something else."""
        if seen.before is not None and seen.before.ask != seen.after.ask and seen.before.approved_at is None:
            others = {one.by for one in seen.after.approvals} - {actor}
            assert not others, f"{seen.after.id}: an approval of something else counts: {others}."

    def _judge_time(self, event: Event, seen: Seen) -> None:
        if event.action is Action.ALLOWANCE_REMIND and self._has_hours:
            assert OFFICE.contains(event.at), f"Somebody was reminded at {event.at}."
        if event.action is Action.ALLOWANCE_LAPSE:
            asked_at = seen.after.edited_at or seen.after.requested_at
            assert event.at - asked_at >= LAPSE_AFTER, "It lapsed too early."
            assert seen.after.approved_at is None

    def _is(self, who: Identity, *groups: str) -> bool:
        return self._town.is_member(who) and self._town.is_in(who.user, *groups)

    # Who may do what.

    def _may_ask(self, seen: Seen, actor: Identity) -> bool:
        row = seen.after
        return all(self._may_see(who, row) for who in (actor, row.requester)) and actor.team == TEAM

    def _may_see(self, who: Identity, row: Allowance) -> bool:
        is_trusted = self._town.is_in(who.user, *APPROVING, *REVIEWING)
        return row.scope.cluster_name != TEAM_CLUSTER or is_trusted or self._town.is_in(who.user, "team")

    def _may_file(self, seen: Seen, actor: Identity) -> bool:
        is_own = seen.after.requester == actor
        return self._may_ask(seen, actor) and (is_own or self._is(actor, "platform"))

    def _may_break_glass(self, seen: Seen, actor: Identity) -> bool:
        return self._is(seen.after.requester, "operators") and self._may_file(seen, actor)

    def _may_renew(self, seen: Seen, actor: Identity) -> bool:
        is_own = seen.after.requester == actor
        return self._may_ask(seen, actor) and (is_own or self._is(actor, *APPROVING))

    def _may_decide(self, seen: Seen, actor: Identity) -> bool:
        assert seen.event is not None
        is_asker = actor in seen.after.askers
        return not is_asker and self._town.counts_for(seen.after.verdict.asks, actor, seen.event.at)

    def _may_edit(self, seen: Seen, actor: Identity) -> bool:
        return actor == seen.after.requester

    def _may_answer(self, seen: Seen, actor: Identity) -> bool:
        return actor in seen.after.askers

    def _may_end(self, seen: Seen, actor: Identity) -> bool:
        owner = (seen.before or seen.after).owner
        return actor in (*seen.after.askers, owner) or self._is(actor, *APPROVING)

    def _may_review(self, seen: Seen, actor: Identity) -> bool:
        assert seen.event is not None
        asked = seen.after.verdict.reviewers
        is_theirs = actor in (*seen.after.askers, seen.after.owner)
        return asked is not None and not is_theirs and self._town.counts_for([asked], actor, seen.event.at)

    def _may_always(self, _seen: Seen, actor: Identity) -> bool:
        return actor.team == TEAM

    def _may_try(self, _seen: Seen, _actor: Identity) -> bool:
        return True

    may: Mapping[str, Callable[["Judge", Seen, Identity], bool]] = {
        Action.ALLOWANCE_REQUEST: _may_file,
        Action.ALLOWANCE_RENEW: _may_renew,
        Action.ALLOWANCE_GRANT: _may_ask,
        Action.ALLOWANCE_BREAK_GLASS: _may_break_glass,
        Action.ALLOWANCE_FOLLOW: _may_always,
        Action.ALLOWANCE_APPROVE: _may_decide,
        Action.ALLOWANCE_NARROW: _may_decide,
        Action.ALLOWANCE_DENY: _may_decide,
        Action.ALLOWANCE_QUESTION: _may_decide,
        Action.ALLOWANCE_ANSWER: _may_answer,
        Action.ALLOWANCE_EDIT: _may_edit,
        Action.ALLOWANCE_REVOKE: _may_end,
        Action.ALLOWANCE_LET_EXPIRE: _may_end,
        Action.ALLOWANCE_TRANSFER: _may_end,
        Action.ALLOWANCE_KEEP: _may_end,
        Action.ALLOWANCE_SHORTEN: _may_end,
        Action.ALLOWANCE_REVIEW: _may_review,
        Action.ACT_REFUSE: _may_try,
    }


def check_quorums(town: Town, row: Allowance) -> None:
    """Every quorum is filled by as many different people who may, none of whom asked; later stages after earlier ones.

    Raises:
        AssertionError: One is not.
    """
    given, givers = row.approvals, [one.by for one in row.approvals]
    assert row.verdict.asks, f"{row.id} was approved although nobody was asked."
    assert len(set(givers)) == len(givers), f"{row.id}: somebody approved twice."
    assert not set(givers) & set(row.askers), f"{row.id} was approved by whoever asked."
    for quorum in row.verdict.asks:
        assert len(_seats(town, quorum, given)) >= quorum.needed, f"{row.id}: {quorum} is not met by {given}."
    for place, one in enumerate(given):
        earlier = [q for q in row.verdict.asks if len(_seats(town, q, given[:place])) < q.needed]
        stage = min((q.stage for q in earlier), default=0)
        asked = [q for q in earlier if q.stage == stage]
        assert not asked or town.counts_for(asked, one.by, one.at), f"{row.id}: {one.by} approved before their turn."


def _seats(town: Town, quorum: Quorum, given: tuple[Approval, ...]) -> set[str]:
    return {seat for one in given if (seat := town.seat(quorum, one.by, one.at)) is not None}
