"""When an allowance was last used: never “unused” where the log cannot know."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from bot.domain.firewall_log import Gap, LogGroup, LogKind, LogReach, LogReading
from bot.domain.firewall_log.last_use import (
    is_unused,
    kinds_of,
    last_use,
    last_use_phrase,
    last_use_text,
    newest_by_allowance,
)
from bot.domain.fqdn import parse_destination
from bot.domain.observed import LastUse

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
DAY = timedelta(days=1)
WEB, NET = LogKind.APPLICATION, LogKind.NETWORK
WHOLE = LogReading(
    NOW,
    reaches=(LogReach(WEB, NOW - 30 * DAY, NOW), LogReach(NET, NOW - 20 * DAY, NOW)),
    workspaces=("law",),
)


def hit(rule: str, last: datetime, kind: LogKind = WEB) -> LogGroup:
    """Records of a rule."""
    return LogGroup(kind, "", "", 0, "", "", "policy", "group", "collection", rule, 3, last - DAY, last)


def test_the_newest_record_of_each_allowance_counts() -> None:
    """Over its rules, and over firewalls; a rule of somebody else is nobody's here."""
    first = replace(WHOLE, groups=(hit("a1-https-443", NOW - DAY), hit("a1-http-80", NOW)))
    other = replace(WHOLE, groups=(hit("a2-https-443", NOW - 2 * DAY), hit("web", NOW)))
    found = newest_by_allowance((first, other))
    assert (found["a1"], found["a2"]) == (NOW, NOW - 2 * DAY)


def test_unused_is_said_only_where_every_log_could_know() -> None:
    """The shortest reach counts: of each firewall, and of each kind of rule that it has."""
    short = replace(WHOLE, reaches=(LogReach(WEB, NOW - 9 * DAY, NOW), WHOLE.reaches[1]))
    web = kinds_of([parse_destination("example.com")])
    both = kinds_of([parse_destination("example.com"), parse_destination("tcp:example.com:22")])
    cases = {
        (WHOLE,): (NOW - 30 * DAY, NOW - 20 * DAY),
        (WHOLE, short): (NOW - 9 * DAY, NOW - 9 * DAY),
    }
    for readings, (of_web, of_both) in cases.items():
        assert last_use(readings, None, web, None) == LastUse(NOW, since=of_web)
        assert last_use(readings, None, both, None) == LastUse(NOW, since=of_both)


@pytest.mark.parametrize("gap", Gap)
def test_every_gap_that_matters_makes_it_unknown(gap: Gap) -> None:
    """The other kind's category, and a log that is kept for a shorter time, do not."""
    reading = replace(WHOLE, gaps=((gap, "Why."),))
    harmless = {WEB: {Gap.NO_NETWORK, Gap.SHORT}, NET: {Gap.NO_APPLICATION, Gap.SHORT}}
    for kind, found in product(LogKind, (None, NOW - DAY)):
        used = last_use((WHOLE, reading), found, frozenset({kind}), None)
        assert (used.since is None, used.unknown) == ((False, "") if gap in harmless[kind] else (True, "Why."))
        assert (used.last, is_unused(used)) == (found, found is None and gap in harmless[kind])


def test_a_log_without_other_records_proves_nothing() -> None:
    """None of its kind, none of anybody for a day, or more rules than were read."""
    stale = replace(WHOLE, reaches=(LogReach(WEB, NOW - 30 * DAY, NOW - 2 * DAY),))
    cut = replace(WHOLE, groups=(hit("a2-https-443", NOW),), total=7)
    for reading, said in (
        (replace(WHOLE, reaches=()), "The log has no record of any application rule."),
        (stale, "The newest record of application rules, of anybody, is from 2026-11-27 12:00 UTC."),
        (cut, "The log names 7 rules, more than the 1 that were read."),
    ):
        used = last_use((reading,), None, frozenset({WEB}), None)
        assert (is_unused(used), used.unknown) == (False, said)
        assert last_use_text(used, NOW - DAY) == f"Last use unknown. {said} Log read 2026-11-29 12:00 UTC."


def test_what_was_once_seen_stays_known() -> None:
    """When the log no longer reaches back to it, and when it cannot be read any more: then it is said so."""
    before = LastUse(NOW - 9 * DAY, NOW - 40 * DAY, NOW - 39 * DAY)
    assert last_use((WHOLE,), None, frozenset({WEB}), before).last == NOW - 40 * DAY
    assert last_use((WHOLE,), NOW - DAY, frozenset({WEB}), before).last == NOW - DAY
    lost = last_use((LogReading(NOW, gaps=((Gap.FORBIDDEN, "No rights."),)),), None, frozenset({WEB}), before)
    assert last_use_text(lost, None) == (
        "Last seen used 2026-10-20 12:00 UTC. No rights. Log read 2026-11-29 12:00 UTC."
    )


@pytest.mark.parametrize(
    ("use", "live_at", "said"),
    [
        (None, NOW, "last use unknown"),
        (LastUse(NOW, NOW - DAY, NOW - 30 * DAY), NOW, "last used 2026-11-28 12:00 UTC"),
        (LastUse(NOW, None, NOW - 30 * DAY), NOW - 90 * DAY, "not used in the 30 days that the log reaches back"),
        (LastUse(NOW, None, NOW - 30 * DAY), NOW - 50 * DAY / 24, "not used in the 2 days since it went live"),
        (LastUse(NOW, None, NOW - 30 * DAY), NOW - DAY / 16, "not used in the 90 minutes since it went live"),
        (LastUse(NOW, None, NOW - 30 * DAY), NOW - DAY / 288, "too early to tell whether it is used"),
    ],
)
def test_it_is_said_in_a_few_words(use: LastUse | None, live_at: datetime, said: str) -> None:
    """With how far the log, or the rule, reaches back."""
    assert last_use_phrase(use, live_at) == said
