"""The state that a run keeps for the next one, and its transitions."""

from dataclasses import replace
from datetime import timedelta

from bot.domain.writer_notes import GroupPriorities
from bot.domain.writer_state import (
    DURATIONS_AT_MOST,
    ONE_GROUP,
    UNCONFIRMED_AT_MOST,
    UNCONFIRMED_FOR,
    VERSION,
    PendingOperation,
    WriteAttempt,
    WriterState,
)
from tests.domain.values import NOW

NEW = WriterState()
SECOND = timedelta(seconds=1)
ATTEMPT = WriteAttempt("7", "before", "after", "theirs")
OPERATION = PendingOperation("https://management.azure.com/o/1", 10 * SECOND, NOW)


def test_a_new_state_knows_nothing() -> None:
    """Whatever is there may be another database's."""
    assert NEW.is_blank
    assert not NEW.knows("any", NOW)
    assert NEW.verify("any").knows("any", NOW)
    assert NEW.begin(ATTEMPT, group=1, priority=300).desired_digest == "after"


def test_a_write_on_its_way() -> None:
    """Recorded, accepted, ended: each step keeps what the next one needs."""
    begun = NEW.begin(ATTEMPT, group=1, priority=300)
    assert (begun.attempt, begun.desired_digest, begun.group_priority) == (ATTEMPT, "after", 300)
    waiting = begun.wait_for(OPERATION)
    assert (waiting.operation, waiting.foreign_digest) == (OPERATION, "theirs")
    ended = waiting.drop_operation().end_attempt(240 * SECOND)
    assert (ended.operation, ended.attempt, ended.update_durations) == (None, None, (240 * SECOND,))
    assert ended.foreign_digest == "theirs", "It is compared with what is there afterwards."
    assert ended.compare_foreign().foreign_digest is None


def test_a_write_gives_the_group_its_priority() -> None:
    """A group that had to be created anew may have another one than before."""
    assert replace(NEW, group_priority=300).begin(ATTEMPT, group=1, priority=400).group_priority == 400


def test_a_scale_operation_leaves_the_rest_alone() -> None:
    """It has no attempt and changes nothing foreign."""
    assert NEW.wait_for(OPERATION) == replace(NEW, operation=OPERATION)


def test_only_the_last_durations_are_kept() -> None:
    """And none of a write that failed."""
    state = NEW
    for seconds in range(10):
        state = state.end_attempt(seconds * SECOND).end_attempt()
    assert state.update_durations == tuple(seconds * SECOND for seconds in range(10 - DURATIONS_AT_MOST, 10))


def test_a_lost_write_is_ours_for_a_while() -> None:
    """If it lands late, that is no drift; the oldest are forgotten."""
    lost = (
        NEW.begin(ATTEMPT, group=1, priority=300)
        .lose_attempt(NOW)
        .begin(replace(ATTEMPT, after="next"), group=1, priority=300)
    )
    assert lost.knows("after", NOW + UNCONFIRMED_FOR - SECOND)
    assert not lost.knows("after", NOW + UNCONFIRMED_FOR)
    assert [each.digest for each in lost.lose_attempt(NOW + UNCONFIRMED_FOR).unconfirmed] == ["next"]
    for number in range(10):
        lost = lost.begin(replace(ATTEMPT, after=str(number)), group=1, priority=300).lose_attempt(NOW)
    assert [each.digest for each in lost.unconfirmed] == [str(n) for n in range(10 - UNCONFIRMED_AT_MOST, 10)]
    assert NEW.lose_attempt(NOW) == NEW


def test_rest_ends_what_was_said_on_the_way() -> None:
    """But not what is still owed: an alert is ended by saying so."""
    stuck = (
        NEW.begin(ATTEMPT, group=1, priority=300)
        .wait_for(OPERATION)
        .stall("Azure is busy.")
        .say("Azure is busy.")
        .alert()
    )
    rest = stuck.drop_operation().end_attempt().settle("after", {1: 300}, NOW)
    assert (rest.problem, rest.last_message, rest.foreign_digest) == (None, None, None)
    assert rest.verified_digest == rest.desired_digest == "after"
    assert rest.has_open_alert
    assert not rest.end_alert().has_open_alert


def test_waits_count_from_their_beginning() -> None:
    """A later look does not begin them again."""
    later = NOW + SECOND
    assert NEW.find_busy(NOW).find_busy(later).busy_since == NOW
    assert NEW.find_busy(NOW).find_idle().find_busy(later).busy_since == later
    assert NEW.find_incomplete(NOW).find_incomplete(later).incomplete_since == NOW


def test_a_moved_group_is_put_back_or_left() -> None:
    """Either way the same priority is not reported again."""
    ours = replace(NEW, group_priority=300)
    healed, left = (ours.report_priority(1, 400, is_kept=is_kept) for is_kept in (False, True))
    assert (healed.group_priority, healed.reported_priority) == (300, 400)
    assert (left.group_priority, left.reported_priority) == (400, 400)


def test_further_groups_have_priorities_of_their_own() -> None:
    """An older process, which would take their rules for missing, does not go on with such a state."""
    one = NEW.begin(ATTEMPT, group=1, priority=300)
    two = one.begin(ATTEMPT, group=2, priority=301)
    assert (one.version, two.version, two.written_group) == (ONE_GROUP, VERSION, 2)
    assert [two.priorities_of(number).kept for number in (1, 2, 3)] == [300, 301, None]
    moved = two.report_priority(2, 400, is_kept=False)
    assert (moved.priorities_of(2), moved.priorities_of(1).reported) == (GroupPriorities(301, 400), None)
    assert moved.settle("after", {1: 300, 2: 301}, NOW).priorities_of(2) == GroupPriorities(301, 400)
    gone = moved.lose_attempt(NOW).settle("after", {1: 300}, NOW)
    assert (gone.priorities_of(2), gone.version) == (GroupPriorities(None, 400), VERSION), "It may be created late."
    for later in (moved.settle("after", {1: 300}, NOW), gone.settle("after", {1: 300}, NOW + UNCONFIRMED_FOR)):
        assert (later.further_groups, later.version) == ({}, ONE_GROUP), "A group of that name would be another bot's."
    assert one.settle("after", {1: 300}, NOW).version == ONE_GROUP


def test_sets_are_sorted_and_grow_by_name() -> None:
    """So that equal states are stored alike."""
    assert NEW.quarantine(["b"]).quarantine(["a", "b"]).quarantined == ("a", "b")
    assert NEW.quarantine(["b"]).end_quarantine() == NEW
    assert NEW.hand_over(["b"]).hand_over(["a"]).see_absent("b").handed_over == ("a",)
    assert NEW.ignore_drift([("c", "b")]).ignore_drift([("c", "a")]).ignored_drift == (("c", "a"), ("c", "b"))


def test_clusters_that_were_asked_long_ago_are_forgotten() -> None:
    """When another one is asked."""
    asked = NEW.ask_cluster("/a", NOW, forget_before=NOW - SECOND).read_cluster("/a", NOW)
    assert asked.cluster_reads["/a"].is_answered
    later = asked.ask_cluster("/b", NOW + SECOND, forget_before=NOW)
    assert list(later.cluster_reads) == ["/b"]
    assert not later.cluster_reads["/b"].is_answered
    assert list(asked.cluster_reads) == ["/a"]
