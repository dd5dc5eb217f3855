"""Requests for somebody else: who may file them, whose they are, whose rights count, who decides, and who hears."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from bot import allowances, auditing
from bot.allowances import Draft
from bot.approvals import Decision
from bot.domain.allowance import Allowance, status
from bot.domain.approval import PolicyRule, VerdictKind
from bot.domain.audit import AuditFilter
from bot.domain.duration import duration_from_text
from bot.domain.people import AccountStatus, Identity, Person
from bot.errors import AlreadyRequested, InvalidInput, MembershipUnknown, NotPermitted, UserError
from bot.ports import Caller
from handlers import actions, commands, views
from handlers.blocks.allowance_card import allowance_card, allowance_news
from handlers.blocks.estimate import Waiting
from handlers.calls import owner_from
from handlers.replies import OpenModal, UpdateModal, View
from tests.blockkit import assert_valid
from tests.build import APPROVER, APPROVER2, AUDITOR, DEV, DEV2, EXAMPLE, TEAM, People, World, make_world
from tests.flows.writer_stage import stored
from tests.listeners.calling import all_text, pressed, submitted, text_of, typed

DRAFT = Draft("aks-udr", (EXAMPLE,), "They are on a plane.", duration_from_text("8h"), owner="UDEV0001")


@pytest.fixture
def world(sqlite_url: str) -> Iterator[World]:
    """A world in which platform may file for others."""
    made = make_world(sqlite_url)
    yield made
    made.store.close()


class Standing(People):
    """Slack's answer about one person's account."""

    def __init__(self, world: World, user: str, standing: AccountStatus) -> None:
        super().__init__(world.ctx.config)
        self._user, self._standing = user, standing

    def person(self, identity: Identity, **options: object) -> Person:
        """As usual, but for that account."""
        found = super().person(identity, **options)
        return replace(found, standing=self._standing) if identity.user == self._user else found


def with_standing(world: World, user: str, standing: AccountStatus) -> World:
    """The same world, with an account of that kind."""
    return replace(world, ctx=replace(world.ctx, directory=Standing(world, user, standing)))


def with_scope(world: World, *developers: str) -> World:
    """The same world, in which only these groups may see clusters."""
    (scope,) = world.ctx.config.scopes
    book = replace(world.ctx.config, scopes=(replace(scope, developers=developers),))
    return replace(world, ctx=replace(world.ctx, config=book, directory=People(book)))


def file(world: World) -> Allowance:
    """An approver files for a developer."""
    return allowances.request(world.ctx, APPROVER, DRAFT)


def heard(world: World, user: str, subject: str) -> list[str]:
    """What a person was told of it directly."""
    return [
        n.body["event"] for n in world.said.notices if (n.kind, n.recipient, n.subject) == ("direct", user, subject)
    ]


def form(world: World, who: Caller, words: str) -> View:
    """The form that a command opens."""
    reply = commands.request(world.ctx, typed(who, words))
    assert isinstance(reply, OpenModal)
    assert_valid(reply.view, "modal")
    return reply.view


def owner_field(view: View) -> dict[str, object] | None:
    """The field for somebody else, if the form has one."""
    return next((block["element"] for block in view["blocks"] if block.get("block_id") == "owner"), None)


def test_the_owner_owns_it_and_both_are_on_record(world: World) -> None:
    """Card, audit, lists and the words to both."""
    made = file(world)
    assert (made.requester, made.filed_by) == (DEV.identity, APPROVER.identity)
    card = all_text(allowance_card(made, world.ctx.config, world.clock.now(), Waiting()))
    assert "Asked by <@UDEV0001>" in card
    assert "filed by <@UAPP0001>" in card
    event = auditing.search(world.ctx, AUDITOR, AuditFilter(subject=made.id)).events[-1].event
    assert (event.actor, dict(event.detail)["requester"]) == (APPROVER.identity, "UDEV0001")
    assert [one.id for one in allowances.requests(world.ctx, DEV, "mine")] == [made.id]
    news = all_text(allowance_news(made, {"event": "filed"}, world.ctx.config))
    assert "<@UAPP0001> requested this for <@UDEV0001>" in news


def test_neither_decides_it_and_both_hear(world: World) -> None:
    """The owner that it was filed, both how it ends."""
    made = file(world)
    for who in (APPROVER, DEV):
        with pytest.raises(NotPermitted):
            allowances.decide(world.ctx, who, Decision(made.id, is_approved=True))
    allowances.decide(world.ctx, APPROVER2, Decision(made.id, is_approved=True))
    world.settle()
    assert heard(world, "UDEV0001", made.id) == ["filed", "approved", "live"]
    assert heard(world, "UAPP0001", made.id) == ["approved", "live"]


def test_both_may_end_it(world: World) -> None:
    """The owner at any time, and whoever filed it."""
    assert allowances.end(world.ctx, DEV, file(world).id).revoked is not None
    assert allowances.end(world.ctx, APPROVER, file(world).id).revoked is not None


def test_only_whom_the_policy_names_files_for_others(world: World) -> None:
    """By command, by form and where no group is named; oneself is nobody else."""
    with pytest.raises(NotPermitted, match="Only platform can request for somebody else"):
        allowances.request(world.ctx, DEV2, DRAFT)
    with pytest.raises(NotPermitted, match="Only platform"):
        commands.request(world.ctx, typed(DEV2, "aks-udr example.com for:<@UDEV0001|dev>"))
    mine = allowances.request(world.ctx, DEV, DRAFT)
    assert (mine.requester, mine.filed_by) == (DEV.identity, None)
    book = replace(world.ctx.config, policy=replace(world.ctx.config.policy, on_behalf=()))
    with pytest.raises(NotPermitted, match="names no group"):
        allowances.request(replace(world.ctx, config=book), APPROVER, DRAFT)


@pytest.mark.parametrize("standing", [AccountStatus.GUEST, AccountStatus.BOT, AccountStatus.DEACTIVATED])
def test_who_could_not_ask_owns_nothing(world: World, standing: AccountStatus) -> None:
    """Guests, bots and the deactivated: neither own nor file."""
    with pytest.raises(InvalidInput, match=f"Slack reports <@UDEV0001> as: {standing}") as refused:
        file(with_standing(world, "UDEV0001", standing))
    assert refused.value.field == "owner"
    with pytest.raises(NotPermitted):
        file(with_standing(world, "UAPP0001", standing))
    assert allowances.requests(world.ctx, DEV, "mine") == []


def test_an_account_that_slack_does_not_tell_of_is_no_no(world: World) -> None:
    """Nothing is filed, and it may be tried again."""
    with pytest.raises(MembershipUnknown, match="did not say whether <@UDEV0001>"):
        file(with_standing(world, "UDEV0001", AccountStatus.UNKNOWN))


def test_the_owner_must_see_the_cluster_and_so_must_whoever_files(world: World) -> None:
    """Approvers see each; a developer of another team sees none of these."""
    hidden = with_scope(world, "auditors")
    with pytest.raises(NotPermitted, match="<@UDEV0001> does not have access to that cluster"):
        file(hidden)
    book = replace(hidden.ctx.config, policy=replace(hidden.ctx.config.policy, on_behalf=("readers",)))
    readers = replace(book.groups["operators"], name="readers", users=frozenset({"UDEV0002"}), roles=frozenset())
    book = replace(book, groups={**book.groups, "readers": readers})
    blind = replace(world, ctx=replace(world.ctx, config=book, directory=People(book)))
    with pytest.raises(UserError, match="There is no cluster aks-udr"):
        allowances.request(blind.ctx, DEV2, replace(DRAFT, owner="UAPP0001"))


def test_an_open_twin_is_followed_by_both(world: World) -> None:
    """They hear how it ends."""
    made = allowances.request(world.ctx, DEV2, replace(DRAFT, owner=""))
    with pytest.raises(AlreadyRequested, match=made.id):
        file(world)
    assert [one.user for one in stored(world, made).followers] == ["UAPP0001", "UDEV0001"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("aks a.b for:<@U1|dana>", ("U1", "aks a.b")),
        ("aks for:<@U1> a.b", ("U1", "aks  a.b")),
        ("aks FOR: <@W1> a.b", ("W1", "aks  a.b")),
        ("aks a.b for:@dana", ("@dana", "aks a.b")),
        ("aks waiting for:a.b", ("", "aks waiting for:a.b")),
        ("aks therefor:<@U1>", ("", "aks therefor:<@U1>")),
    ],
)
def test_the_person_stands_anywhere(text: str, expected: tuple[str, str]) -> None:
    """As Slack writes a person; anything else is no owner."""
    assert owner_from(text) == expected


def test_the_command_fills_the_field_and_the_form_files_for_them(world: World) -> None:
    """What the form says of who decides is about the owner; the answer names them."""
    view = form(world, APPROVER, "aks-udr example.com for:<@UDEV0001|dev>")
    assert (owner_field(view) or {})["initial_user"] == "UDEV0001"
    fields = {"cluster": "aks-udr", "destinations": "example.com", "reason": "r", "duration": "8h", "owner": "UDEV0001"}
    drawn = views.preview(world.ctx, submitted(APPROVER, fields))
    assert isinstance(drawn, UpdateModal)
    assert "<@UAPP0002> can decide" in str(drawn.view)
    assert "Request filed for <@UDEV0001>" in text_of(views.request(world.ctx, submitted(APPROVER, fields)))
    with pytest.raises(InvalidInput, match="not a person whom Slack knows"):
        commands.request(world.ctx, typed(APPROVER, "aks-udr example.com for:@dana"))


def test_the_field_is_there_for_those_who_may(world: World) -> None:
    """And for nobody else."""
    assert owner_field(form(world, APPROVER, "aks-udr example.com")) is not None
    assert owner_field(form(world, DEV, "aks-udr example.com")) is None


def test_it_is_asked_again_for_the_same_person(world: World) -> None:
    """By whoever filed it; by the owner, for themselves."""
    made = file(world)
    allowances.decide(world.ctx, APPROVER2, Decision(made.id, is_approved=False, reason="no"))
    assert status(stored(world, made), world.clock.now()) == "denied"
    for who, owner in ((APPROVER, "UDEV0001"), (DEV, None)):
        reply = actions.request_again(world.ctx, pressed(who, id=made.id))
        assert isinstance(reply, OpenModal)
        assert (owner_field(reply.view) or {}).get("initial_user") == owner


def test_a_granted_one_is_told_to_the_owner_first(world: World) -> None:
    """Who filed it, and then what came of it."""
    grant = replace(world.ctx.config.policy, rules=(), default_approvers=("platform",))
    rule = PolicyRule("easy", VerdictKind.GRANT, "Everything goes.")
    book = replace(world.ctx.config, policy=replace(grant, rules=(rule,)))
    granted = replace(world, ctx=replace(world.ctx, config=book))
    made = file(granted)
    world.settle()
    assert heard(world, "UDEV0001", made.id) == ["filed", "granted", "live"]
    assert made.requester == Identity(TEAM, "UDEV0001")
