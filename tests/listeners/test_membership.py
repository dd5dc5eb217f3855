"""“Could not ask” is never “no”: who somebody is, when Slack throttles, fails, is slow or is set up wrongly."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot import allowances
from bot.allowances import Draft
from bot.domain.audit import AuditFilter
from bot.domain.configuration import ClusterScope
from bot.domain.fqdn import parse_destination
from bot.ports import Caller
from bot.sandbox.slack.faults import Fault, Faults
from handlers.identity import FRESH, KEEP
from tests.build import DEV, config
from tests.listeners.test_workspace import FORM, Town, settled
from tests.sandbox.slack_stage import until

GROUPS = "usergroups.users.list"
UNCHECKED = "Could not check"

UNREADABLE: list[dict[str, Any]] = [
    {"status": 429, "retry_after_s": 7},
    {"status": 503},
    {"latency_s": 2.6},
    {"error": "plan_upgrade_required"},
    {"error": "missing_scope"},
    {"error": "no_such_subteam"},
    {"error": "fatal_error"},
]
"""Every way in which a user group cannot be read."""


@pytest.fixture
def town(sqlite_url: str) -> Iterator[Town]:
    """The bot is reached through signed HTTP."""
    with settled(sqlite_url) as made:
        made.stage.serve_http(made.app.bolt)
        yield made


def age(town: Town, by: timedelta = FRESH) -> None:
    """Let everything that was read of Slack become too old for a decision."""
    town.world.tick(by + timedelta(seconds=1))


def whisper(town: Town, user: str, part: str) -> dict[str, Any]:
    """The message that only this person reads, once it is there."""

    def found() -> list[dict[str, Any]]:
        messages = town.stage.state["messages"]
        return [m for m in messages if m["ephemeral_for"] == user and part in m["text"]]

    try:
        until(found, 8)
    except AssertionError:
        heard = [m["text"] for m in town.stage.state["messages"] if m["ephemeral_for"] == user]
        raise AssertionError(f"{user} did not read “{part}” but {heard}.") from None
    return found()[-1]


def refusals(town: Town) -> int:
    """Return how many refused acts are on record."""
    with town.ctx.store.read() as tx:
        return len(tx.audit.find(AuditFilter(action="act"), limit=100))


def calls(town: Town, method: str) -> int:
    """Return how often the bot has called a method."""
    return [call["method"] for call in town.stage.state["calls"]].count(method)


def state_of(town: Town, allowance_id: str) -> str:
    """Return who approved it, and whether it was ended."""
    found = allowances.get(town.ctx, DEV, allowance_id)
    return "approved" if found.approved_at else "denied" if found.denied else "revoked" if found.revoked else "waiting"


def file(town: Town, host: str = "api.example.com", who: Caller = DEV) -> str:
    """A request, filed without its form."""
    draft = Draft("aks-udr", (parse_destination(host),), "billing", timedelta(hours=8))
    return allowances.request(town.ctx, who, draft).id


@pytest.mark.parametrize("fault", UNREADABLE, ids=str)
def test_a_click_that_could_not_be_checked_is_kept(town: Town, fault: dict[str, Any]) -> None:
    """No refusal, nothing on record; the same button is under the answer, and works once Slack answers."""
    made = town.ask()
    age(town)
    town.stage.post("fault", method=GROUPS, times=1, **fault)
    town.press("UAPP0001", "approve")
    said = whisper(town, "UAPP0001", UNCHECKED)
    assert "not in that group" not in str(said)
    assert "Nothing was decided" in said["text"]
    assert "ry again" in said["text"]
    assert refusals(town) == 0
    assert state_of(town, made) == "waiting"
    (card,) = town.cards()
    assert repeated(said) == next(e for e in elements(card) if e["action_id"] == "approve")["value"]
    age(town)
    town.stage.do("action", user="UAPP0001", action_id="approve", channel=said["channel"], message_ts=said["ts"])
    until(lambda: state_of(town, made) == "approved")
    assert not [one for one in town.stage.state["deliveries"] if one["error"]]


def elements(message: dict[str, Any]) -> list[dict[str, Any]]:
    """The buttons of a message."""
    return [element for block in message["blocks"] if block["type"] == "actions" for element in block["elements"]]


def repeated(said: dict[str, Any]) -> str:
    """The value of an answer's button."""
    (again,) = elements(said)
    assert again["action_id"] == "approve"
    return str(again["value"])


def test_a_slow_account_is_no_refusal(town: Town) -> None:
    """``users.info`` is asked, too: where it is not responding, the click is kept as well."""
    made = town.ask()
    age(town)
    town.stage.post("fault", method="users.info", times=1, status=503)
    town.press("UAPP0001", "approve")
    whisper(town, "UAPP0001", "full member")
    assert (refusals(town), state_of(town, made)) == (0, "waiting")


def test_a_typed_decision_is_no_refusal_either(town: Town) -> None:
    """The same through ``/egress approve``."""
    made = town.ask()
    age(town)
    town.stage.post("fault", method=GROUPS, times=1, status=503)
    town.command("UAPP0001", f"approve {made}")
    whisper(town, "UAPP0001", UNCHECKED)
    assert (refusals(town), state_of(town, made)) == (0, "waiting")


def test_a_real_outsider_is_refused_and_on_record(town: Town) -> None:
    """Where Slack does answer, a no is a no."""
    town.ask()
    town.press("UDEV0002", "approve")
    whisper(town, "UDEV0002", "not in that group")
    assert refusals(town) == 1


def test_the_reason_of_a_denial_is_not_lost(town: Town) -> None:
    """The error is in the form, which stays open with what was typed; sent again, it denies."""
    made = town.ask()
    town.press("UAPP0001", "deny")
    town.view("UAPP0001")
    age(town)
    town.stage.post("fault", method=GROUPS, times=1, status=503)
    answer = town.submit("UAPP0001", reason="too wide for production")
    assert UNCHECKED in answer["errors"]["reason"]
    assert "too wide for production" in str(town.view("UAPP0001")["state"])
    assert not town.submit("UAPP0001", reason="too wide for production")["errors"]
    assert state_of(town, made) == "denied"
    assert refusals(town) == 0


def test_a_decision_reads_only_its_own_groups(town: Town) -> None:
    """One of the two user groups, once."""
    town.ask()
    age(town)
    before = calls(town, GROUPS)
    town.press("UAPP0001", "approve")
    whisper(town, "UAPP0001", "Approved")
    assert calls(town, GROUPS) - before == 1


class Tier2(Faults):
    """Slack's limit of a Tier 2 method: a burst, then twenty a minute.

    Source: https://docs.slack.dev/apis/web-api/rate-limits, read 2026-11.
    """

    def __init__(self, now: Callable[[], Any]) -> None:
        super().__init__()
        self._now, self._left, self._at = now, 5.0, now()
        self.refused = 0

    def for_method(self, method: str) -> Fault | None:
        """A 429 where the bucket is empty."""
        if method != GROUPS:
            return super().for_method(method)
        now = self._now()
        self._left = min(5.0, self._left + (now - self._at).total_seconds() / 3)
        self._at = now
        if self._left < 1:
            self.refused += 1
            return Fault(method=method, status=429, retry_after_s=3)
        self._left -= 1
        return None


def test_forty_decisions_in_half_a_minute(town: Town) -> None:
    """Under Slack's real limit: forty clicks of two approvers are forty decisions, and no refusal."""
    made = [file(town, f"host{number}.example.com") for number in range(40)]
    town.stage.workspace.faults = limit = Tier2(town.world.clock.now)
    for number, one in enumerate(made):
        town.command(f"UAPP000{1 + number % 2}", f"approve {one}")
        town.world.tick(timedelta(seconds=29 / 40))
    assert [state_of(town, one) for one in made] == ["approved"] * 40
    assert (refusals(town), limit.refused) == (0, 0)


def test_clicks_at_once_share_one_look(town: Town) -> None:
    """Eight people press while Slack takes its time: it is asked once."""
    made = [file(town, f"host{number}.example.com") for number in range(8)]
    age(town)
    before = calls(town, GROUPS)
    town.stage.post("fault", method=GROUPS, times=1, latency_s=0.5)
    with ThreadPoolExecutor(8) as people:
        list(people.map(lambda one: town.command("UAPP0001", f"approve {one}"), made))
    assert [state_of(town, one) for one in made] == ["approved"] * 8
    assert calls(town, GROUPS) - before == 1


def test_a_throttled_method_is_left_alone(town: Town) -> None:
    """While Slack asks us to wait, nothing is sent, and people are told how long it is."""
    town.ask()
    age(town)
    town.stage.post("fault", method=GROUPS, times=1, status=429, retry_after_s=30)
    town.press("UAPP0001", "approve")
    whisper(town, "UAPP0001", "Try again in 30 seconds")
    before = calls(town, GROUPS)
    town.press("UAPP0002", "approve")
    whisper(town, "UAPP0002", UNCHECKED)
    assert calls(town, GROUPS) == before


def test_who_left_a_group_does_not_decide(town: Town) -> None:
    """Nothing older than the bound ever counts, also while Slack does not answer."""
    made = town.ask()
    town.stage.do("people", user="UAPP0001", usergroups=[])
    age(town)
    town.stage.post("fault", method=GROUPS, times=1, status=503)
    town.press("UAPP0001", "approve")
    whisper(town, "UAPP0001", UNCHECKED)
    town.press("UAPP0001", "approve")
    whisper(town, "UAPP0001", "not in that group")
    assert state_of(town, made) == "waiting"


def test_a_request_is_filed_although_deciders_are_unknown(town: Town) -> None:
    """Unknown is not nobody: it is filed, and the answer says what could not list them just now."""
    town.stage.post("fault", method=GROUPS, times=20, status=503)
    town.command("UDEV0001", "request")
    assert not town.submit("UDEV0001", **FORM)["errors"]
    whisper(town, "UDEV0001", "could not list them just now")
    assert len(allowances.requests(town.ctx, DEV, "mine")) == 1
    assert refusals(town) == 0


def test_revoking_asks_slack_only_where_it_must(town: Town) -> None:
    """Who asked for it revokes while Slack is away; an approver is told to try again, and then may."""
    mine, other = file(town), file(town, "other.example.com")
    age(town)
    town.stage.post("fault", method=GROUPS, times=20, status=503)
    town.command("UDEV0001", f"revoke {mine}")
    assert state_of(town, mine) == "revoked"
    town.command("UAPP0001", f"revoke {other}")
    whisper(town, "UAPP0001", UNCHECKED)
    assert (state_of(town, other), refusals(town)) == ("waiting", 0)
    town.stage.workspace.faults.clear()
    town.command("UAPP0001", f"revoke {other}")
    assert state_of(town, other) == "revoked"


def test_home_says_what_it_does_not_know(town: Town) -> None:
    """Never silently fewer rights."""
    town.ask()
    age(town, KEEP)
    town.stage.post("fault", method=GROUPS, times=2, error="missing_scope")
    town.stage.do("home", user="UAPP0001")
    until(lambda: town.stage.state["home"].get("UAPP0001"))
    shown = str(town.stage.state["home"]["UAPP0001"])
    assert "Could not read `platform`, `auditors`" in shown
    assert "Nothing is waiting for your decision" not in shown


def test_whoami_names_what_could_not_be_read(town: Town) -> None:
    """And does not say that there are no groups without it."""
    town.stage.post("fault", method=GROUPS, times=2, error="plan_upgrade_required")
    town.command("UAPP0001", "whoami")
    said = whisper(town, "UAPP0001", "You are")
    assert "Could not read `platform`, `auditors`" in str(said)
    assert "no user groups" in str(said)


def test_the_audit_log_is_not_refused_unasked(town: Town) -> None:
    """An auditor whose group cannot be read is told that, and not to be none."""
    town.stage.post("fault", method=GROUPS, times=2, status=503)
    town.command("UAUD0001", "audit")
    whisper(town, "UAUD0001", UNCHECKED)
    assert refusals(town) == 0


def test_clusters_of_developer_groups(sqlite_url: str) -> None:
    """``list``, ``show`` and the form: a cluster that somebody might see is not said to be absent."""
    book = replace(config(), scopes=(ClusterScope(("*",), developers=("auditors",)),))
    with settled(sqlite_url, book=book) as town:
        town.stage.serve_http(town.app.bolt)
        for words, part in (("list", "confirmed to have access"), ("show aks-udr", UNCHECKED), ("request", UNCHECKED)):
            age(town, KEEP)
            town.stage.post("fault", method=GROUPS, times=2, status=503)
            town.command("UDEV0001", words)
            assert "Slack reported an internal error" in str(whisper(town, "UDEV0001", part))
        age(town, KEEP)
        town.command("UDEV0001", "show aks-udr")
        whisper(town, "UDEV0001", "There is no cluster aks-udr")
