"""What a watch keeps of one reading of the log after another."""

from datetime import UTC, datetime, timedelta

from bot.domain.firewall_log import Denied, LogKind, StepKind
from bot.domain.firewall_log.watch import MOST_KEPT, Watch, WatchItem, WatchKind
from handlers.blocks.watch_card import watch_card
from tests.build import DEV, config
from tests.listeners.calling import all_text

NOW = datetime(2026, 11, 2, tzinfo=UTC)


def item(number: int) -> WatchItem:
    """A denied host."""
    denied = Denied(LogKind.APPLICATION, f"h{number}.example.com", "", 443, "https", 1, NOW, NOW, "no rule allows it")
    return WatchItem(denied, StepKind.REQUEST, "Can be requested.")


def test_what_is_left_over_again_and_again_is_counted_once() -> None:
    """The log still has at the next look what did not fit at the last."""
    begun = Watch(
        id="w1",
        version=1,
        kind=WatchKind.LEARN,
        cluster_id="/aks",
        cluster_name="aks",
        starter=DEV.identity,
        started_at=NOW,
        until=NOW + timedelta(days=1),
    )
    found = [item(number) for number in range(MOST_KEPT + 2)]
    once = begun.seen(found, (), NOW)
    again = once.seen(found, (), NOW)
    assert (len(again.items), once.dropped, again.dropped) == (MOST_KEPT, 2, 2)
    assert "At least 2 more destinations seen and not kept." in all_text(watch_card(again, config()))


def test_an_empty_log_is_no_proof() -> None:
    """A card that ended says what the log shows, and no more."""
    watch = Watch(
        id="w1",
        version=1,
        kind=WatchKind.TEST,
        cluster_id="/aks",
        cluster_name="aks",
        starter=DEV.identity,
        started_at=NOW,
        until=NOW,
        looked_at=NOW,
        ended_at=NOW,
    )
    assert "The log shows nothing denied." in all_text(watch_card(watch, config()))
