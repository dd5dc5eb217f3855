"""The state that a piece of background work keeps from one run to the next, and each of its transitions.

The state is a value: a run takes it from its claim, replaces it step by step with the methods below, and it is stored
with the facts that it belongs to. Most of it is about the one writer of one firewall; the other kinds of work use the
part that says what people were told, and a scale run the pending operation.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.domain.rule_diff import Key
from bot.domain.writer_notes import ClusterRead, GroupPriorities, UnconfirmedWrite

VERSION = 2
"""The version of the stored state. It grows with every field that an older process must not drop when it stores the
state again: a process refuses a state whose version it does not know, and leaves it as it is."""

ONE_GROUP = 1
"""The version of a state that knows one rule collection group: an older process, too, may go on with it."""

UNCONFIRMED_FOR = timedelta(minutes=30)
"""How long a write of which nobody knows whether it will still land is remembered as ours."""

UNCONFIRMED_AT_MOST = 8
"""Unconfirmed writes that are remembered, the newest."""

DURATIONS_AT_MOST = 5
"""Durations of earlier updates that estimates are made from."""


@dataclass(frozen=True, slots=True)
class PendingOperation:
    """An ARM long-running operation that was accepted and whose end is not known yet.

    Args:
        url: The ``Azure-AsyncOperation`` URL, signed by Azure: followed as it is.
        look_after: How long Azure wants not to be asked, counted from its last answer.
        started_at: When it was accepted; None for a scale operation, of which only the end counts.
        request_id: Azure's id of the accepted write; empty if it gave none.
    """

    url: str
    look_after: timedelta
    started_at: datetime | None = None
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class WriteAttempt:
    """A write that was recorded before it was sent, and whose end is not on record yet.

    Args:
        token: The fencing token of the run that sent it, as text: what the audit log calls the attempt.
        before: Content digest of our rule collections before it.
        after: Content digest of what it puts there.
        foreign: Digest of everything in the written resource that is not ours, before it.
        allowances: Ids of the allowances whose rules it adds, changes or removes, sorted.
        begun_at: When it was recorded; None in a state that an earlier release stored.
        request_id: Azure's id of the write; empty until it is accepted.
    """

    token: str
    before: str
    after: str
    foreign: str
    allowances: tuple[str, ...] = ()
    begun_at: datetime | None = None
    request_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriterState:
    """The state for the next run. Content digests are 16 hexadecimal digits; times are in UTC.

    Args:
        version: Of the stored form.
        operation: The operation that is waited for.
        attempt: The write that is under way or was cut off.
        verified_digest: Content digest of our rule collections as they were last read back, or before the last write;
            None if they never were.
        desired_digest: Content digest of what was last to be written; None if nothing ever was.
        unconfirmed: Writes that may still land, oldest first.
        foreign_digest: Digest of everything that is not ours, before the last accepted write, until it is compared.
        group_priority: Priority of our first rule collection group; see ``GroupPriorities.kept``.
        reported_priority: See ``GroupPriorities.reported``.
        further_groups: The priorities of the other groups, by number.
        written_group: The number of the group of the last write; 0 where there was none, or only the first one.
        refused_groups: The numbers of groups whose last write was refused, sorted.
        strange_groups: The numbers of groups that are named like ours and are not, as they were reported last.
        ignored_drift: Rules that were reported and are left as somebody made them, sorted.
        quarantined: Ids of allowances that the next write leaves out because Azure refused one of them, sorted.
        handed_over: Ids of allowances that are written elsewhere now and whose rules here were not yet seen absent.
        cluster_reads: When the writer last asked Azure for each cluster, by ARM id.
        draft: Who or what the draft of the firewall policy is that was reported last; None for no draft.
        busy_since: Since when Azure was seen to work on something else.
        incomplete_since: Since when a finished scale operation was seen to lack outbound IPs.
        size_bytes: Bytes of our rule collection groups as they were last read.
        foreign_groups: Rule collection groups of others in the firewall policy, as last read.
        update_durations: How long the last updates took from acceptance to end, the newest last.
        problem: What keeps the work from going on, in one sentence; None where nothing does.
        last_message: What the channel was told last of this work.
        is_dry: Whether the last round was one of a dry run, so that cards are drawn again when one begins and ends.
        has_open_alert: Whether something was said in the channel that has to be said to be over once it is.
    """

    version: int = ONE_GROUP
    operation: PendingOperation | None = None
    attempt: WriteAttempt | None = None
    verified_digest: str | None = None
    desired_digest: str | None = None
    unconfirmed: tuple[UnconfirmedWrite, ...] = ()
    foreign_digest: str | None = None
    group_priority: int | None = None
    reported_priority: int | None = None
    further_groups: Mapping[int, GroupPriorities] = field(default_factory=dict)
    written_group: int = 0
    refused_groups: tuple[int, ...] = ()
    strange_groups: tuple[int, ...] = ()
    ignored_drift: tuple[Key, ...] = ()
    quarantined: tuple[str, ...] = ()
    handed_over: tuple[str, ...] = ()
    cluster_reads: Mapping[str, ClusterRead] = field(default_factory=dict)
    draft: str | None = None
    busy_since: datetime | None = None
    incomplete_since: datetime | None = None
    size_bytes: int = 0
    foreign_groups: int = 0
    update_durations: tuple[timedelta, ...] = ()
    problem: str | None = None
    last_message: str | None = None
    has_open_alert: bool = False
    is_dry: bool = False

    @property
    def is_blank(self) -> bool:
        """Whether this database never wrote there."""
        return self.verified_digest is None and self.desired_digest is None

    def knows(self, digest: str, now: datetime) -> bool:
        """Whether this content was read back, was meant to be written, or may have been without our knowing."""
        return digest in {self.verified_digest, self.desired_digest, *(each.digest for each in self._in_doubt(now))}

    def _in_doubt(self, now: datetime) -> tuple[UnconfirmedWrite, ...]:
        return tuple(each for each in self.unconfirmed if each.at > now - UNCONFIRMED_FOR)

    def priorities_of(self, number: int) -> GroupPriorities:
        """The priorities of one of our rule collection groups."""
        if number == 1:
            return GroupPriorities(self.group_priority, self.reported_priority)
        return self.further_groups.get(number, GroupPriorities())

    def keep_priorities(self, number: int, found: GroupPriorities) -> "WriterState":
        """These are the priorities of one of our rule collection groups."""
        if number == 1:
            return replace(self, group_priority=found.kept, reported_priority=found.reported)
        return replace(self, version=VERSION, further_groups={**self.further_groups, number: found})

    # What is there

    def observe(self, *, size_bytes: int, foreign_groups: int, ignored_drift: Iterable[Key]) -> "WriterState":
        """Our part of the target was read."""
        ignored = tuple(sorted(ignored_drift))
        return replace(self, size_bytes=size_bytes, foreign_groups=foreign_groups, ignored_drift=ignored)

    def verify(self, digest: str) -> "WriterState":
        """This content was read back and is known from now on, whoever made it."""
        return replace(self, verified_digest=digest)

    def settle(self, digest: str, priorities: Mapping[int, int | None], now: datetime) -> "WriterState":
        """The content is as wanted; earlier announcements are over.

        A group that is gone is ours no longer, and another bot may use its name, except while a write that was lost may
        still create it.

        Args:
            digest: Of the content.
            priorities: Of the groups that exist, by number.
            now: The time.
        """
        kept = self.further_groups if self._in_doubt(now) else ()
        numbers = sorted({*kept, *priorities} - {1})
        further = {n: self.priorities_of(n)._replace(kept=priorities.get(n)) for n in numbers}
        settled = replace(self, verified_digest=digest, desired_digest=digest, group_priority=priorities.get(1))
        settled = replace(settled, further_groups=further, refused_groups=(), version=VERSION if further else ONE_GROUP)
        return replace(settled.go_on(), foreign_digest=None)

    def find_busy(self, since: datetime) -> "WriterState":
        """Azure works on something else, since this time or an earlier one."""
        return replace(self, busy_since=self.busy_since or since)

    def find_idle(self) -> "WriterState":
        """Azure works on nothing else."""
        return replace(self, busy_since=None)

    def find_incomplete(self, since: datetime) -> "WriterState":
        """A finished scale operation lacks outbound IPs, since this time or an earlier one."""
        return replace(self, incomplete_since=self.incomplete_since or since)

    # What is written

    def begin(self, attempt: WriteAttempt, *, group: int, priority: int | None) -> "WriterState":
        """A write is about to be sent.

        What was there before it was judged already. Should the write never go out, nobody is accused of it.

        Args:
            attempt: The write.
            group: The number of the group that it replaces.
            priority: The priority that it gives the group; None for a classic firewall.
        """
        begun = replace(self.verify(attempt.before), attempt=attempt, desired_digest=attempt.after, written_group=group)
        return begun.keep_priorities(group, self.priorities_of(group)._replace(kept=priority))

    def wait_for(self, operation: PendingOperation) -> "WriterState":
        """Azure accepted it."""
        foreign = self.foreign_digest if self.attempt is None else self.attempt.foreign
        attempt = self.attempt and replace(self.attempt, request_id=operation.request_id)
        refused = tuple(number for number in self.refused_groups if number != self.written_group)
        return replace(self, operation=operation, foreign_digest=foreign, attempt=attempt, refused_groups=refused)

    def refuse_group(self, number: int) -> "WriterState":
        """A group cannot be written as it would have to be."""
        return replace(self, refused_groups=tuple(sorted({*self.refused_groups, number})))

    def forget_group(self, number: int) -> "WriterState":
        """A group was not created after all: one of that name would be somebody else's."""
        further = {each: found for each, found in self.further_groups.items() if each != number}
        return replace(self, further_groups=further, version=VERSION if further else ONE_GROUP)

    def drop_operation(self) -> "WriterState":
        """There is nothing more to ask the operation for."""
        return replace(self, operation=None)

    def end_attempt(self, took: timedelta | None = None) -> "WriterState":
        """The end of the write is known, and how long it took if it was done."""
        durations = self.update_durations if took is None else (*self.update_durations, took)[-DURATIONS_AT_MOST:]
        return replace(self, attempt=None, update_durations=durations)

    def lose_attempt(self, now: datetime) -> "WriterState":
        """The write is not there. If it lands late, that is the bot's own doing and no drift."""
        if self.attempt is None:
            return self
        lost = (*self._in_doubt(now), UnconfirmedWrite(self.attempt.after, now))[-UNCONFIRMED_AT_MOST:]
        return replace(self, attempt=None, unconfirmed=lost)

    def compare_foreign(self) -> "WriterState":
        """The foreign content was compared with what it was before the write."""
        return replace(self, foreign_digest=None)

    # What somebody else did

    def ignore_drift(self, keys: Iterable[Key]) -> "WriterState":
        """These rules, too, are left as somebody made them."""
        return replace(self, ignored_drift=tuple(sorted({*self.ignored_drift, *keys})))

    def report_priority(self, group: int, priority: int | None, *, is_kept: bool) -> "WriterState":
        """Somebody else's priority of one of our groups was reported; it is left as it is, or put back."""
        kept = priority if is_kept else self.priorities_of(group).kept
        return self.keep_priorities(group, GroupPriorities(kept, priority))

    def report_strangers(self, groups: tuple[int, ...]) -> "WriterState":
        """Groups that are named like ours and are not were reported, or are gone."""
        return replace(self, strange_groups=groups)

    def report_draft(self, draft: str | None) -> "WriterState":
        """A draft, or its end, was reported."""
        return replace(self, draft=draft)

    # Which allowances

    def quarantine(self, ids: Collection[str]) -> "WriterState":
        """The next write leaves these out, too."""
        return replace(self, quarantined=tuple(sorted({*self.quarantined, *ids})))

    def end_quarantine(self) -> "WriterState":
        """Everybody takes part in the next write."""
        return replace(self, quarantined=())

    def hand_over(self, ids: Iterable[str]) -> "WriterState":
        """These allowances are written elsewhere from now on."""
        return replace(self, handed_over=tuple(sorted({*self.handed_over, *ids})))

    def see_absent(self, id_: str) -> "WriterState":
        """The rules of an allowance that is written elsewhere are gone here."""
        return replace(self, handed_over=tuple(each for each in self.handed_over if each != id_))

    # Which clusters

    def ask_cluster(self, cluster_id: str, at: datetime, *, forget_before: datetime) -> "WriterState":
        """A cluster is about to be read; what was asked so long ago that it does not count is forgotten."""
        recent = {id_: read for id_, read in self.cluster_reads.items() if read.at > forget_before}
        return replace(self, cluster_reads={**recent, cluster_id: ClusterRead(at, is_answered=False)})

    def read_cluster(self, cluster_id: str, at: datetime) -> "WriterState":
        """It was read."""
        return replace(self, cluster_reads={**self.cluster_reads, cluster_id: ClusterRead(at, is_answered=True)})

    # What people were told

    def stall(self, problem: str) -> "WriterState":
        """Something keeps the work from going on."""
        return replace(self, problem=problem)

    def go_on(self) -> "WriterState":
        """Nothing keeps the work from going on any more; what does so again is said again."""
        return replace(self, problem=None, last_message=None)

    def say(self, text: str) -> "WriterState":
        """The channel was told this."""
        return replace(self, last_message=text)

    def alert(self) -> "WriterState":
        """Remember to announce the end of a problem that was announced."""
        return replace(self, has_open_alert=True)

    def end_alert(self) -> "WriterState":
        """It was said to be over."""
        return replace(self, has_open_alert=False)

    # A dry run

    def begin_dry_run(self) -> "WriterState":
        """Nothing is written from now on, so nothing stands in the way of writing either."""
        return replace(self, is_dry=True, last_message=None, problem=None)

    def end_dry_run(self) -> "WriterState":
        """It is written again."""
        return replace(self, is_dry=False)
