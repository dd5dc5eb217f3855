"""Approvals that need a sign-in: from the click to the identity provider and back, and what can go wrong."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot import allowances, scaling
from bot.allowances import Draft
from bot.approvals import Decision
from bot.domain.allowance import Status, status
from bot.domain.audit import Action
from bot.domain.people import Identity
from bot.domain.scale_proposal import ScaleStatus, scale_status
from bot.domain.snat import CountGoal
from bot.errors import (
    CommitUnknown,
    ConfirmationNeeded,
    InvalidInput,
    MembershipUnknown,
    NotPermitted,
)
from bot.ports import Caller, Store, Transaction
from bot.scaling import Wish
from handlers import commands
from handlers.oidc import OidcProvider
from handlers.step_up import StepUpFront
from tests.build import APPROVER, DEV, EXAMPLE, People
from tests.flows.step_up_stage import Browser, Confirming, confirming, link_in, provider
from tests.listeners.calling import asked, text_of, typed

pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning")  # in the provider


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """One identity provider for all tests: it keeps nothing that they could see of each other."""
    with provider() as name:
        yield name


def clicked(made: Confirming, decision: Decision, who: Caller = APPROVER) -> str:
    """The link that an approver gets."""
    with pytest.raises(ConfirmationNeeded) as needed:
        allowances.decide(made.world.ctx, who, decision)
    return link_in(needed.value.sentence)


def state_of(made: Confirming, subject: str) -> Status:
    """The status of an allowance."""
    return status(allowances.get(made.world.ctx, DEV, subject), made.world.clock.now())


def test_an_approval_counts_once_its_giver_has_signed_in(database_url: str, issuer: str) -> None:
    """Not before, and on exactly what was seen; on record with who the provider says that it was."""
    with confirming(database_url, issuer) as made:
        subject, digest = asked(made.world)
        link = clicked(
            made, Decision(subject, is_approved=True, seen=digest, reason="fine"), replace(APPROVER, correlation="c1")
        )
        assert state_of(made, subject) is Status.WAITING
        browser = made.browser()
        assert browser.open(link).headers["Location"].startswith(issuer)
        shown = browser.follow(link, "ada")  # opening a link twice is no harm: mail scanners do it, too
        assert (shown.status, "Approved" in shown.words) == (200, True)
        assert shown.headers["Content-Security-Policy"].startswith("default-src 'none'")
        (given,) = allowances.get(made.world.ctx, DEV, subject).approvals
        assert (given.by, given.reason, given.confirmed and given.confirmed.subject) == (
            APPROVER.identity,
            "fine",
            "ada",
        )
        begun, approved = made.events(subject=subject)[1:3]
        assert (begun.action, begun.policy_rule, approved.action) == (
            Action.STEP_UP_ASK,
            "confirmed",
            Action.ALLOWANCE_APPROVE,
        )
        facts = dict(approved.detail)
        assert (facts["issuer"], facts["sub"], approved.via) == (issuer, "ada", "browser")
        assert (approved.correlation, begun.correlation) == ("c1", "c1")
        again = made.browser().follow(link, "ada").words
        assert "already" in again
        assert "Nothing was approved" not in again
        assert state_of(made, subject) is not Status.WAITING


def test_whatever_proves_nothing_approves_nothing(sqlite_url: str, issuer: str) -> None:
    """Each refusal has its sentence on the page, in Slack and in the audit log, and ends the link."""

    def expired(made: Confirming, _subject: str) -> None:
        made.world.tick(timedelta(minutes=10))

    def edited(made: Confirming, subject: str) -> None:
        seen = allowances.get(made.world.ctx, DEV, subject).digest
        draft = Draft("aks-udr", (EXAMPLE,), "billing", timedelta(days=7))
        allowances.edit(made.world.ctx, DEV, allowances.Edit(subject, seen, draft))

    def nothing(_made: Confirming, _subject: str) -> None:
        return

    cases: list[tuple[str, str, Callable[[Confirming, str], None], str]] = [
        ("amir", "", nothing, "You signed in as amir@sandbox.example, but this link is for somebody else."),
        ("unchecked", "", nothing, "The identity provider has not verified your e-mail address"),
        ("nobody", "", nothing, "The identity provider did not say who you are (claim email)."),
        ("ada", "deny", nothing, "You declined to sign in."),
        ("ada", "", expired, "This link expired at"),
        ("ada", "", edited, "has changed since this card was posted"),
    ]
    with confirming(sqlite_url, issuer) as made:
        subject, _ = asked(made.world)
        for sub, act, meanwhile, sentence in cases:
            link = clicked(made, Decision(subject, is_approved=True))
            meanwhile(made, subject)
            shown = made.browser().follow(link, sub, **({"action": act} if act else {}))
            assert sentence in shown.words, sub
            assert "Nothing was approved" in shown.words
            last = made.events(subject=subject)[-1]
            assert (last.action, dict(last.detail)["act"], sentence in last.reason) == (
                Action.ACT_REFUSE,
                "confirm",
                True,
            )
            assert "already" in made.browser().follow(link, "ada").words
            assert state_of(made, subject) is Status.WAITING
        assert len(made.events(action=str(Action.ACT_REFUSE))) == len(cases), "one for each link, however often opened"
        for said, (*_, sentence) in zip(made.told(), cases, strict=True):
            assert sentence in said
            assert "Nothing was approved" in said
        link = clicked(made, Decision(subject, is_approved=True))
        assert "unknown" in made.browser().open(f"{link[:-4]}AAAA").words
        assert made.browser().open(link, "POST").status == 405


def test_only_the_browser_that_went_out_comes_back(sqlite_url: str, issuer: str) -> None:
    """An answer of the provider that somebody else brings is worth nothing, also to whoever began."""
    with confirming(sqlite_url, issuer) as made:
        subject, _ = asked(made.world)
        link = clicked(made, Decision(subject, is_approved=True))
        ctx = made.world.ctx
        public = replace(ctx.config.step_up, public_url="https://egress.example.com")
        front = StepUpFront(replace(ctx, config=replace(ctx.config, step_up=public)), made.front._provider)
        cookie = Browser(front).open(link).headers["Set-Cookie"]
        assert (cookie.startswith("__Host-step-up-"), "Secure" in cookie.split("; ")) == (True, True)
        own = made.browser()
        back = own.sign_in(own.open(link).headers["Location"], "ada")
        for _ in range(2):
            assert "another browser" in made.browser().open(back).words
        assert "unknown" in own.open(f"{back}&state=again").words
        assert (state_of(made, subject), made.told()) == (Status.WAITING, [])
        assert not made.events(action=str(Action.ACT_REFUSE))
        assert own.open(back).status == 200, "whoever knows the state alone does not end the link"
        assert "already" in made.browser().open(back).words


class CutOff:
    """A store whose connection is lost in the moment in which the last of some transactions is committed."""

    def __init__(self, store: Store, commits: int) -> None:
        self._store, self._commits = store, commits

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """As ever, and the answer to the commit does not arrive."""
        self._commits -= 1
        with self._store.write() as tx:
            yield tx
        if self._commits == 0:
            raise CommitUnknown(cause="the connection was lost")


def test_what_went_wrong_after_the_approval_is_not_called_not_approved(sqlite_url: str, issuer: str) -> None:
    """What is on record is read back, not guessed from the error."""
    taken, approved = 1, 2
    with confirming(sqlite_url, issuer) as made:
        subject, _ = asked(made.world)
        shown = {}
        for commits in (taken, approved):
            link = clicked(made, Decision(subject, is_approved=True))
            cut = replace(made.world.ctx, store=CutOff(made.world.store, commits))
            front = StepUpFront(cut, OidcProvider(cut.config.step_up, lambda: "secret"))
            shown[commits] = Browser(front).follow(link, "ada").words
        assert "Nothing was approved" in shown[taken]
        assert "Your approval is recorded" in shown[approved]
        assert "Nothing" not in shown[approved]
        assert [text for text in (*shown.values(), *made.told()) if "did not confirm" in text] == []
        assert state_of(made, subject) is not Status.WAITING
        assert not made.told()[1:]


class Left(People):
    """Slack, after an approver was taken out of every group."""

    def members(self, _group: str) -> tuple[Identity, ...]:
        """Nobody any more."""
        return ()


def test_rights_are_those_of_the_moment_of_the_sign_in(sqlite_url: str, issuer: str) -> None:
    """Whoever is no approver any more when they come back approves nothing."""
    with confirming(sqlite_url, issuer) as made:
        subject, _ = asked(made.world)
        link = clicked(made, Decision(subject, is_approved=True))
        later = replace(made.world.ctx, directory=Left(made.world.ctx.config))
        gone = Browser(StepUpFront(later, OidcProvider(later.config.step_up, lambda: "secret")))
        assert "you are not in that group" in gone.follow(link, "ada").words
        assert state_of(made, subject) is Status.WAITING


class Silent(People):
    """Slack, when it does not answer."""

    def email(self, _identity: Identity) -> str:
        """No answer."""
        raise MembershipUnknown("Slack did not say which e-mail address you have.")


def test_what_could_not_be_asked_is_no_yes(sqlite_url: str, issuer: str) -> None:
    """The identity provider away, Slack away, another workspace: each is said, and nothing is approved."""
    with confirming(sqlite_url, issuer) as made:
        ctx, secret = made.world.ctx, "secret"
        subject, _ = asked(made.world)
        away = OidcProvider(replace(ctx.config.step_up, issuer="http://127.0.0.1:9"), lambda: secret)
        mute = replace(ctx, directory=Silent(ctx.config))
        fronts = {
            "The identity provider does not answer.": StepUpFront(ctx, away),
            "Slack did not say": StepUpFront(mute, OidcProvider(ctx.config.step_up, lambda: secret)),
        }
        for sentence, front in fronts.items():
            shown = Browser(front).follow(clicked(made, Decision(subject, is_approved=True)), "ada")
            assert (shown.status, sentence in shown.words) == (503, True)
            assert sentence in made.events(subject=subject)[-1].reason
        assert [sentence in said for sentence, said in zip(fronts, made.told(), strict=True)] == [True, True]
        with pytest.raises(NotPermitted, match="another Slack workspace"):
            allowances.decide(
                ctx, replace(APPROVER, identity=Identity("TOTHER", "UAPP0001")), Decision(subject, is_approved=True)
            )
        assert state_of(made, subject) is Status.WAITING


def test_more_than_one_allowance_and_less_than_was_asked_are_confirmed_as_seen(sqlite_url: str, issuer: str) -> None:
    """A card of several clusters with one sign-in; a narrower request and a smaller step as they were chosen."""
    with confirming(sqlite_url, issuer) as made:
        ctx = made.world.ctx
        draft = Draft("aks-udr", (EXAMPLE,), "billing", timedelta(hours=8))
        filed = allowances.request_several(ctx, DEV, [draft, replace(draft, cluster="aks-udr-agic")])
        batch = allowances.get_batch(ctx, APPROVER, filed.allowances[0].id)
        seen = batch.digest(made.world.clock.now())
        with pytest.raises(ConfirmationNeeded) as needed:
            allowances.decide_together(ctx, APPROVER, Decision(batch.id, is_approved=True, seen=seen))
        assert "somebody else" in made.browser().follow(link_in(needed.value.sentence), "amir").words
        with pytest.raises(ConfirmationNeeded) as needed:
            allowances.decide_together(ctx, APPROVER, Decision(batch.id, is_approved=True, seen=seen))
        assert made.browser().follow(link_in(needed.value.sentence), "ada").status == 200
        assert Status.WAITING not in {state_of(made, one.id) for one in filed.allowances}
        made.world.tick(timedelta(seconds=1))
        subject, digest = asked(made.world)
        (kept, _) = allowances.get(ctx, DEV, subject).destinations
        hour = timedelta(hours=1)
        less = Decision(subject, is_approved=True, seen=digest, reason="enough", destinations=(kept,), duration=hour)
        assert made.browser().follow(clicked(made, less), "ada").status == 200
        assert allowances.get(ctx, DEV, subject).destinations == (kept,)
        scale = scaling.propose(ctx, DEV, Wish("aks-lb", CountGoal(10), "more ports"))
        with pytest.raises(ConfirmationNeeded) as needed:
            scaling.approve_smaller(ctx, APPROVER, Decision(scale.id, is_approved=True, reason="six", typed="6"))
        assert made.browser().follow(link_in(needed.value.sentence), "ada").status == 200
        with made.world.store.read() as tx:
            stored = tx.scales.get(scale.id)
        assert (scale_status(stored, made.world.clock.now()), stored.plan.change.ends[1]) == (ScaleStatus.APPROVED, "6")
        assert dict(made.events(subject=scale.id)[-1].detail)["sub"] == "ada"


def test_several_ids_get_a_link_each(sqlite_url: str, issuer: str) -> None:
    """As a command answers them; having to sign in first is no refused attempt."""
    with confirming(sqlite_url, issuer) as made:
        ctx, draft = made.world.ctx, Draft("aks-udr", (EXAMPLE,), "billing", timedelta(hours=8))
        ids = [allowances.request(ctx, DEV, replace(draft, cluster=name)).id for name in ("aks-udr", "aks-udr-agic")]
        said = text_of(commands.approve(ctx, typed(APPROVER, " ".join(ids), "approve")))
        links = re.findall(r"<(http://[^|>]+/go/[^|>]+)\|", said)
        assert len(set(links)) == len(ids)
        assert [made.browser().follow(link, "ada").status for link in dict.fromkeys(links)] == [200, 200]
        assert not made.events(action=str(Action.ACT_REFUSE))


def test_nothing_is_decided_with_others(sqlite_url: str, issuer: str) -> None:
    """A sign-in is for one card."""
    with confirming(sqlite_url, issuer) as made:
        subject, _ = asked(made.world)
        with pytest.raises(InvalidInput, match="needs a sign-in"):
            allowances.decide(made.world.ctx, APPROVER, Decision(subject, is_approved=True, is_bulk=True))
