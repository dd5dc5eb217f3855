"""What a pipeline can do through the API, as whom, and what is on record of it."""

import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import create_engine, inspect, text

from bot import inventory
from bot.domain.api_token import TokenAct
from bot.domain.audit import Action
from bot.domain.batch import MOST_TOGETHER
from bot.errors import EgressError, InvalidInput, NotPermitted
from bot.inventory import TokenDraft, present
from bot.ports import AllowanceFilter, Context
from bot.store import SqlStore
from tests.api.stage import ASKED, ApiStage, asked, opened_api, path_of
from tests.build import DEV, OPERATOR

REQUESTS = "/api/v1/requests"


@pytest.fixture
def api(database_url: str) -> Iterator[ApiStage]:
    """At rest."""
    with opened_api(database_url) as made:
        yield made


def filed(api: ApiStage) -> int:
    """How many requests there are."""
    with api.world.store.read() as tx:
        return len(tx.allowances.find(AllowanceFilter()))


def test_a_request_is_filed_decided_by_people_and_read_back(api: ApiStage) -> None:
    """The card says which token and whose it is; the audit log says through what; the status follows the life."""
    made = api.post(ASKED)
    assert (made.status, made.json["phase"], made.json["status"]) == (201, "pending", "waiting")
    assert (made.json["requester"], made.json["token"]) == ("UDEV0001", "ci")
    assert made.json["waits_for"] == ["1 from platform"]
    api.world.settle()
    (card,) = api.office.cards(made.json["id"])
    assert "API token `ci` of <@UDEV0001>" in str(card["blocks"])
    api.approve(made.json["id"])
    api.world.settle()
    (card,) = api.office.cards(made.json["id"])
    assert "API token `ci` of <@UDEV0001>" in str(card["blocks"])
    live = api.get(path_of("requests", made.json["id"])).json
    assert (live["phase"], live["status"], live["ended"]) == ("open", "live", None)
    assert live["expires_at"] > live["live_at"] > made.json["requested_at"]
    ours = [(one.action, one.subject, one.actor.user) for one in api.events() if one.via == "api:ci"]
    assert ours == [
        (Action.ALLOWANCE_REQUEST, made.json["id"], "UDEV0001"),
        (Action.API_READ, made.json["id"], "UDEV0001"),
    ]


def test_the_same_again_is_the_same_request(api: ApiStage) -> None:
    """A pipeline that lost the answer, or runs twice, files once; so does a second pipeline, whose owner follows it."""
    first, again = api.post(ASKED), api.post(ASKED)
    other = api.post(ASKED, secret=api.token("other", owner="UDEV0002"))
    assert [one.status for one in (first, again, other)] == [201, 200, 200]
    assert {one.json["id"] for one in (first, again, other)} == {first.json["id"]}
    assert filed(api) == 1
    api.approve(first.json["id"])
    api.world.settle()
    allowed = api.post(ASKED)
    assert (allowed.status, allowed.json["code"]) == (409, "already-allowed")
    assert allowed.json["allowances"] == [first.json["id"]]
    assert filed(api) == 1


def test_one_request_for_several_clusters(api: ApiStage) -> None:
    """By the rules of Slack: what cannot be filed is said, one card for the rest, and filing twice is filing once."""
    asked_for = {**ASKED, "also": ["aks-udr-agic", "aks-lb", "aks-udr"]}
    made, again = api.post(asked_for), api.post(asked_for)
    assert (made.status, again.status, filed(api)) == (201, 200, 2)
    first, second = made.json["together"]
    assert (made.json["id"], again.json["id"], made.json["cluster"]) == (first, first, "aks-udr")
    ((place, why),) = ((one["place"], one["why"]) for one in made.json["left_out"])
    assert (place, "aks-lb" in why) == ("aks-lb", True)
    other = api.get(path_of("requests", second)).json
    assert (other["cluster"], other["together"], other["left_out"]) == ("aks-udr-agic", [first, second], [])
    api.world.settle()
    assert len(api.office.cards(first)) == 1
    few = api.token("few", clusters=("aks-udr",))
    refused = api.post({**ASKED, "destinations": ["b.example.com"], "also": ["aks-udr-agic"]}, secret=few)
    assert (refused.status, filed(api)) == (403, 2)


def test_a_check_says_what_the_firewall_says(api: ApiStage) -> None:
    """By the rules as they are in Azure; what no firewall filters is allowed, and what cannot leave is not."""
    found = api.get("/api/v1/check", cluster="aks-udr", destination=["api.example.com", "mcr.microsoft.com"]).json
    assert found["allowed"] is False
    by_name = {one["destination"]: one for one in found["destinations"]}
    assert by_name["api.example.com"]["can_be_requested"]
    assert api.get("/api/v1/check", cluster="aks-lb", destination="api.example.com").json["allowed"] is True
    assert api.get("/api/v1/check", cluster="aks-block", destination="api.example.com").json["allowed"] is False
    assert api.get("/api/v1/check", cluster="aks-udr-nva", destination="api.example.com").json["allowed"] is None
    checks = [one for one in api.events(action="api:check") if one.cluster == "aks-udr"]
    assert [one.destinations for one in checks] == [("api.example.com", "mcr.microsoft.com")]


def test_clusters_are_listed_in_pages_and_read_from_azure(api: ApiStage) -> None:
    """Only those that the token is for; every one exactly once."""
    every = [one["name"] for one in api.get("/api/v1/clusters").json["clusters"]]
    assert "aks-udr" in every
    assert "aks-lb" in every
    names: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = api.get("/api/v1/clusters", limit=4, **after).json
        names += [one["name"] for one in page["clusters"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert names == every
    few = api.token("few", clusters=("aks-lb*",))
    assert {one["name"] for one in api.get("/api/v1/clusters", secret=few).json["clusters"]} == {
        "aks-lb",
        "aks-lb-own",
        "aks-lb-dual",
    }
    facts = api.get(path_of("clusters", "aks-udr")).json
    assert (facts["cluster"]["name"], facts["outbound_type"]) == ("aks-udr", "userDefinedRouting")
    assert api.call("GET", f"/api/v1/clusters/{facts['cluster']['id']}").json["cluster"] == facts["cluster"]


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"cluster": "aks-nowhere"}, 404, "unknown-cluster"),
        ({"cluster": ""}, 400, "invalid-input"),
        ({"destinations": ["not a host"]}, 400, "invalid-fqdn"),
        ({"destinations": []}, 400, "invalid-input"),
        ({"destinations": "api.example.com"}, 400, "invalid-input"),
        ({"duration": "soon"}, 400, "invalid-input"),
        ({"duration": "no end"}, 400, "invalid-input"),
        ({"reason": "  "}, 400, "invalid-input"),
        ({"reason": "a\x00b"}, 400, "invalid-input"),
        ({"bundle": "nothing"}, 400, "invalid-input"),
        ({"pool": "nothing"}, 400, "invalid-input"),
        ({"also": ["aks-udr-agic"] * MOST_TOGETHER}, 400, "invalid-input"),
        ({"also": ["aks-udr-agic", "aks-nowhere"]}, 404, "unknown-cluster"),
        ({"approve": True}, 400, "invalid-input"),
        ({"cluster": "aks-lb"}, 422, "cannot-take-effect"),
    ],
)
def test_what_is_wrong_is_said_and_on_record(
    sqlite_url: str, changed: dict[str, object], status: int, code: str
) -> None:
    """As a problem with the product's sentence; nothing is filed."""
    with opened_api(sqlite_url) as api:
        said = api.post({**ASKED, **changed})
        assert (said.status, said.json["code"], said.json["status"]) == (status, code, status)
        assert said.headers["Content-Type"] == "application/problem+json"
        assert said.json["detail"].endswith((".", "?"))
        assert filed(api) == 0
        (refused,) = api.events(action="act:refuse")
        assert (refused.via, refused.actor, dict(refused.detail)["act"]) == ("api:ci", DEV.identity, "request")


def test_a_token_is_for_its_acts_and_clusters_and_for_its_time(api: ApiStage) -> None:
    """What it is not for is refused and on record, before anything is looked at; it never approves."""
    made = api.post(ASKED).json["id"]
    checks = api.token("checks", acts={TokenAct.CHECK}, clusters=("aks-lb",))
    assert api.get("/api/v1/check", secret=checks, cluster="aks-lb", destination="example.com").status == 200
    assert api.get("/api/v1/check", secret=checks, cluster="aks-udr", destination="example.com").status == 403
    assert api.get(path_of("requests", made), secret=checks).status == 403
    assert api.post(ASKED, secret=checks).status == 403
    other = api.token("other", clusters=("aks-lb",))
    assert api.get(path_of("requests", made), secret=other).status == 403
    refused = [(one.via, dict(one.detail)["act"]) for one in api.events(action="act:refuse")]
    assert refused == [
        ("api:checks", "check"),
        ("api:checks", "read"),
        ("api:checks", "request"),
        ("api:other", "read"),
    ]
    boss = api.token("boss", owner="UAPP0001")
    assert {api.post({"approve": True}, secret=boss, path=path_of("requests", made)).status} == {405}
    assert api.get(path_of("requests", made), secret=boss).json["status"] == "waiting"
    short = api.token("short", life=timedelta(hours=1))
    inventory.revoke_token(api.ctx, OPERATOR, "other")
    api.world.tick(timedelta(hours=1))
    for secret, why in ((short, "expired"), (other, "was revoked"), ("egr_unknown", "does not exist"), ("", "Bearer")):
        said = api.get(path_of("requests", made), secret=secret)
        assert (said.status, said.headers["WWW-Authenticate"]) == (401, 'Bearer realm="egress"')
        assert why in said.json["detail"]
    assert [one.via for one in api.events(action="act:refuse")[4:]] == ["api:short", "api:other"]


def test_the_owner_counts_at_each_call(api: ApiStage) -> None:
    """Who was deactivated, lost the group or is not known to be there: their token does no more than they."""
    made = api.post(ASKED).json["id"]
    audits = api.token("audits", owner="UAUD0001")
    assert api.get(path_of("requests", made), secret=audits).status == 200
    api.slack("UDEV0001", deleted=True)
    for call in (api.get(path_of("requests", made)), api.post(ASKED), api.get("/api/v1/clusters")):
        assert (call.status, "deactivated" in call.json["detail"]) == (403, True)
    api.slack("UDEV0001", deleted=False)
    assert api.get(path_of("requests", made)).status == 200
    api.world.tick(timedelta(minutes=6))
    api.office.fault("users.info", times=9, status=503)
    unknown = api.get(path_of("requests", made))
    assert (unknown.status, unknown.json["code"]) == (503, "membership-unknown")
    assert int(unknown.headers["Retry-After"]) > 0


def test_who_may_see_nothing_sees_nothing_through_a_token(sqlite_url: str) -> None:
    """A cluster of another group is unknown to the owner, in person and through the API."""
    with opened_api(sqlite_url) as api:
        book = api.ctx.config
        scoped = replace(book, scopes=(replace(book.scopes[0], developers=("platform",)),))
        api.front._ctx = replace(api.ctx, config=scoped)
        assert api.post(ASKED).status == 404
        assert api.get("/api/v1/clusters").json["clusters"] == []
        assert api.get(path_of("clusters", "aks-udr"), secret=api.token("b", owner="UAPP0001")).status == 200


def test_each_token_has_its_own_calls_and_replicas_count_together(database_url: str) -> None:
    """Ten at once through two replicas: exactly as many are answered as it has; then it waits as long as it is told."""
    with (
        opened_api(database_url, calls=4) as api,
        closing(SqlStore(database_url, offset_s=api.world.clock.ahead_s)) as b,
    ):
        other = replace(api.ctx, store=b)
        taken: list[bool] = []

        def take(ctx: Context) -> None:
            try:
                present(ctx, api.secret)
                taken.append(True)
            except EgressError:
                taken.append(False)

        threads = [threading.Thread(target=take, args=(ctx,)) for ctx in (api.ctx, other) * 5]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        assert sorted(taken) == [False] * 6 + [True] * 4
        said = api.get("/api/v1/clusters")
        assert (said.status, said.json["code"]) == (429, "too-many-calls")
        assert api.get("/api/v1/clusters", secret=api.token("other")).status == 200
        assert api.events(action="act:refuse") == []
        api.world.tick(timedelta(seconds=int(said.headers["Retry-After"])))
        assert [api.get("/api/v1/clusters").status for _ in range(2)] == [200, 429]


def test_secrets_are_nowhere(api: ApiStage, database_url: str) -> None:
    """The database has a hash; the log, the audit log and the list of tokens have not even that."""
    api.post(ASKED)
    engine = create_engine(database_url)
    with engine.connect() as connection:
        tables = inspect(engine).get_table_names()
        dump = "".join(str(connection.execute(text(f"SELECT * FROM {name}")).all()) for name in tables)
    engine.dispose()
    assert "api:ci" in dump
    assert api.secret not in dump
    (token,) = inventory.list_tokens(api.ctx, OPERATOR)
    assert token.last_used_at == api.world.clock.now()
    assert token.digest not in repr(token)
    assert api.secret.startswith("egr_")
    assert len(api.secret) > 40


def test_operators_alone_manage_tokens_and_names_stay_taken(api: ApiStage) -> None:
    """A name in the audit log means one token for ever."""
    draft = TokenDraft("ci", "UDEV0001", ("*",), set(TokenAct), timedelta(days=1))
    for wrong in (
        draft,
        replace(draft, name="CI!"),
        replace(draft, name="n", acts=()),
        replace(draft, name="n", clusters=()),
        replace(draft, name="n", clusters=("a b",)),
        replace(draft, name="n", owner="someone@example.com"),
        replace(draft, name="n", life=timedelta(days=366)),
    ):
        with pytest.raises(InvalidInput):
            inventory.create_token(api.ctx, OPERATOR, wrong)
    for act in (
        lambda: inventory.create_token(api.ctx, DEV, replace(draft, name="n")),
        lambda: inventory.list_tokens(api.ctx, DEV),
        lambda: inventory.revoke_token(api.ctx, DEV, "ci"),
    ):
        with pytest.raises(NotPermitted):
            act()
    inventory.revoke_token(api.ctx, OPERATOR, "ci")
    for again in (lambda: inventory.revoke_token(api.ctx, OPERATOR, "ci"), lambda: api.token("ci")):
        with pytest.raises(InvalidInput):
            again()
    assert [one.action for one in api.events(action="token")] == [Action.TOKENS_CREATE, Action.TOKENS_REVOKE]


def test_calls_that_fit_nothing(sqlite_url: str) -> None:
    """Another path, method, kind of body, or size of one; Slack's requests keep their places at the door."""
    with opened_api(sqlite_url) as api:
        assert api.get("/api/v1/approve").status == 404
        assert api.get("/api/v2/clusters").status == 404
        assert api.call("DELETE", "/api/v1/clusters").headers["Allow"] == "GET"
        assert api.call("HEAD", "/api/v1/clusters").text == ""
        assert api.get("/api/v1/clusters", unknown="x").status == 400
        assert api.call("GET", "/api/v1/clusters", query="limit=1&limit=2").status == 400
        assert api.call("GET", "/api/v1/clusters", query="filter=%FF").status == 400
        assert api.call("POST", REQUESTS, body=b"{").status == 400
        assert api.call("POST", REQUESTS, body=b" " * 65_537).status == 413
        plain = {"REQUEST_METHOD": "POST", "PATH_INFO": REQUESTS, "HTTP_AUTHORIZATION": f"bearer {api.secret}"}
        assert asked(api.front, {**plain, "CONTENT_TYPE": "text/plain"}).status == 415
        for _ in range(6):
            assert api.front._places.acquire(blocking=False)
        busy = api.get("/api/v1/clusters")
        assert (busy.status, busy.headers["Retry-After"]) == (503, "1")
