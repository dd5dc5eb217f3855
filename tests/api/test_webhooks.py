"""Other systems hear of decisions and of what became of them: signed, in order, in nobody's way."""

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, get_args

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bot import allowances, inventory, proofs
from bot.approvals import Decision
from bot.domain.chain import AuditKey, checkpoints_in
from bot.domain.integration import LIFE, Webhook, WebhookEvent
from bot.errors import BadConfiguration, ChainBroken
from bot.ports import ChannelEvent, NoticeEvent
from bot.ports.lanes import EVERYTHING
from bot.wiring.signing import signing_keys
from handlers.blocks.delivery import refusal_blocks, refusal_sentence
from tests.api.stage import ASKED, KEY, ApiStage, opened_api
from tests.build import APPROVER, DEV, config
from tests.flows.test_inventory_history import move

Json = dict[str, Any]


class Receiver:
    """Another system: it takes events, or answers as it is told."""

    def __init__(self) -> None:
        self.taken: list[Json] = []
        self.seen: list[tuple[dict[str, str], bytes]] = []
        self.answer = 204
        self.refused: set[str] = set()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.seen.append((dict(self.headers), body))
                event = json.loads(body)
                is_taken = receiver.answer < 300 and event.get("request", {}).get("id") not in receiver.refused
                receiver.taken += [event] if is_taken else []
                self.send_response(receiver.answer if receiver.answer >= 300 or is_taken else 500)
                self.send_header("Location", "http://127.0.0.1:9/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        self.hook = Webhook("ops", f"http://127.0.0.1:{self._server.server_port}/egress?v=1")

    def heard(self, request_id: str) -> list[str]:
        """The events of one request, in the order in which they were taken."""
        return [one["event"] for one in self.taken if one["request"]["id"] == request_id]

    def stop(self) -> None:
        """Close."""
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def connected(database_url: str, *more: WebhookEvent) -> Iterator[tuple[ApiStage, Receiver]]:
    """The product with one webhook, which wants further events."""
    receiver = Receiver()
    with opened_api(database_url, hooks=(replace(receiver.hook, events=LIFE | {*more}),)) as api:
        yield api, receiver
    receiver.stop()


@pytest.fixture
def both(database_url: str) -> Iterator[tuple[ApiStage, Receiver]]:
    """At rest."""
    with connected(database_url) as made:
        yield made


def filed(api: ApiStage, host: str = "api.example.com") -> str:
    """A request that waits."""
    return str(api.post({**ASKED, "destinations": [host]}).json["id"])


def test_decisions_and_lives_are_sent_signed(both: tuple[ApiStage, Receiver]) -> None:
    """The receiver proves each by its secret, and reads in it what the API says of the request."""
    api, receiver = both
    made = filed(api)
    api.approve(made)
    api.world.settle()
    assert receiver.heard(made) == ["approved", "live"]
    assert receiver.taken[-1]["request"] == {**api.get(f"/api/v1/requests/{made}").json}
    for headers, body in receiver.seen:
        at, proof = (part.partition("=")[2] for part in headers["Egress-Signature"].split(","))
        assert hmac.compare_digest(hmac.new(KEY, f"{at}.".encode() + body, hashlib.sha256).hexdigest(), proof)
        assert abs(int(at) - api.world.clock.now().timestamp()) < 3600
        assert headers["Egress-Delivery"] == json.loads(body)["id"]
    api.world.work(timedelta(hours=8))
    api.world.settle()
    assert receiver.heard(made) == ["approved", "live", "expired"]
    denied = filed(api, "denied.example.com")
    allowances.decide(api.ctx, APPROVER, Decision(denied, is_approved=False, reason="no"))
    api.world.settle()
    assert receiver.heard(denied) == ["denied"]
    assert receiver.taken[-1]["request"]["ended"]["reason"] == "no"


def test_a_receiver_that_is_down_gets_everything_in_order_later(both: tuple[ApiStage, Receiver]) -> None:
    """It is tried again with longer and longer pauses; Slack hears everything meanwhile."""
    api, receiver = both
    receiver.answer = 503
    first, second = filed(api, "a.example.com"), filed(api, "b.example.com")
    for one in (first, second):
        api.approve(one)
    for _ in range(60):
        api.world.work(timedelta(seconds=10))
    assert receiver.taken == []
    assert 3 < len(receiver.seen) < 25
    with api.world.store.read() as tx:
        assert (tx.outbox.failures("hook:ops") > 1, tx.outbox.failures(EVERYTHING)) == (True, 0)
    assert all("Live" in api.office.cards(one)[0]["text"] for one in (first, second))
    receiver.answer = 200
    api.world.work(timedelta(minutes=20))
    api.world.settle()
    assert [receiver.heard(one) for one in (first, second)] == [["approved", "live"]] * 2
    assert api.office.dead() == 0


def test_an_event_that_its_receiver_chokes_on_holds_up_its_own_request_only(sqlite_url: str) -> None:
    """The others pass it; those of the same request wait behind it."""
    with connected(sqlite_url) as (api, receiver):
        stuck, free = filed(api, "a.example.com"), filed(api, "b.example.com")
        receiver.refused = {stuck}
        for one in (stuck, free):
            api.approve(one)
        for _ in range(60):
            api.world.work(timedelta(seconds=20))
        assert (receiver.heard(stuck), receiver.heard(free)) == ([], ["approved", "live"])
        receiver.refused = set()
        api.world.work(timedelta(minutes=20))
        api.world.settle()
        assert receiver.heard(stuck) == ["approved", "live"]


@pytest.mark.parametrize("status", [401, 302, 404])
def test_a_receiver_that_refuses_is_named_to_operators(sqlite_url: str, status: int) -> None:
    """What nobody can be waited for is said on Home and by ``/readyz``, kept for a week, and then given up."""
    with connected(sqlite_url) as (api, receiver):
        receiver.answer = status
        made = filed(api)
        api.approve(made)
        api.world.settle()
        (pause,) = inventory.refusals(api.ctx)
        sentence = refusal_sentence(pause)
        assert sentence.startswith(f"Webhook ops answers HTTP {status}: correct webhooks.ops")
        assert "2 events are waiting" in sentence
        assert "A webhook does not take" in str(refusal_blocks([pause]))
        assert "Live" in api.office.cards(made)[0]["text"]
        api.world.work(timedelta(days=8))
        for _ in range(5):
            api.world.work(timedelta(minutes=20))
        assert receiver.taken == []
        assert api.office.dead() >= 2


def test_a_slack_that_is_away_holds_up_no_webhook(sqlite_url: str) -> None:
    """And whatever Slack refuses of messages has nothing to do with them."""
    with connected(sqlite_url) as (api, receiver):
        api.office.fault("chat.postMessage", times=500, status=503)
        made = filed(api)
        api.approve(made)
        for _ in range(12):
            api.world.work(timedelta(seconds=30))
        assert receiver.heard(made) == ["approved", "live"]
        assert api.office.cards(made) == []


def test_only_what_is_wanted_is_sent_and_to_webhooks_that_are_configured(sqlite_url: str) -> None:
    """One that was taken out of the configuration is given up, and nothing waits behind it."""
    quiet = Receiver()
    hook = Webhook("few", quiet.hook.url, events=frozenset({"requested"}))
    with opened_api(sqlite_url, hooks=(hook,)) as api:
        made = filed(api)
        allowances.end(api.ctx, DEV, made)
        api.world.settle()
        assert quiet.heard(made) == ["requested"]
        filed(api, "b.example.com")
        api.hooks._config = config()
        api.world.settle()
        assert (len(quiet.taken), api.office.dead()) == (1, 1)
    quiet.stop()


def test_changes_of_outbound_ips_are_sent_on_request(sqlite_url: str) -> None:
    """What came and went, what is there, and through which proposal; for receivers that asked for it."""
    with connected(sqlite_url, "egress-change") as (api, receiver):
        move(api.world, "20.126.14.246", "20.99.1.1")
        inventory.refresh(api.ctx)
        api.world.settle()
        (event,) = receiver.taken
        change = event["change"]
        assert event["event"] == "egress-change"
        assert (change["cluster"], change["added"], change["removed"]) == ("aks-lb", ["20.99.1.1"], ["20.126.14.246"])
        assert (change["outbound_ips"], change["scale"], change["kind"]) == (["20.99.1.1"], None, "changed")


def test_what_proves_the_audit_log_is_sent_on_request(sqlite_url: str) -> None:
    """Each signed checkpoint as it can be verified, again and again until it is taken; and damage."""
    private = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    key = AuditKey(private)
    with connected(sqlite_url, *AUDIT) as (api, receiver):
        filed(api)
        api.world.ctx = replace(api.ctx, audit_key=lambda: key)
        receiver.answer = 503
        made = proofs.make_checkpoint(api.ctx, is_forced=True)
        api.world.work(timedelta(seconds=1))
        assert (receiver.taken, len(receiver.seen)) == ([], 1)
        receiver.answer = 200
        proofs.raise_alarm(api.ctx, ChainBroken("Audit event 1 was altered.", seq=1))
        for _ in range(5):
            api.world.work(timedelta(minutes=3))
        first, second = [one for one in receiver.taken if one["event"] in AUDIT][:2]
        [checkpoint] = checkpoints_in(json.dumps(first["checkpoint"], separators=(",", ":")))
        key.require_signed(checkpoint)
        assert (checkpoint, second["event"]) == (made, "audit-damaged")
        assert second["audit"] == {"message": "Audit event 1 was altered."}


AUDIT: tuple[WebhookEvent, ...] = ("audit-checkpoint", "audit-damaged", "audit-intact")


def test_every_event_that_can_be_configured_exists() -> None:
    """The configuration cannot name them by ``NoticeEvent`` and ``ChannelEvent``, which lie above it."""
    assert LIFE < set(get_args(WebhookEvent)) <= {*NoticeEvent, *AUDIT, ChannelEvent.EGRESS_CHANGE}


def test_each_webhook_needs_a_secret(tmp_path: Any) -> None:
    """From its file, or the common one; without either, the bot does not start."""
    file = tmp_path / "secret"
    file.write_text("of-its-own-and-long\n")
    book = config()
    with_file = Webhook("a", "https://hooks.example.com/a", str(file))
    without = Webhook("b", "https://hooks.example.com/b")
    both = type(book)(book.slack, book.azure, webhooks={"a": with_file, "b": without})
    keys = signing_keys(both, "the-common-secret")
    assert {name: key() for name, key in keys.items()} == {"a": b"of-its-own-and-long", "b": b"the-common-secret"}
    file.write_text("too-short\n")
    assert keys["a"]() == b"of-its-own-and-long"
    file.write_text("another-one-without-a-restart\n")
    assert keys["a"]() == b"another-one-without-a-restart"
    with pytest.raises(BadConfiguration, match=r"webhooks\.b needs a secret of at least 16 characters"):
        signing_keys(both, "short")
    file.unlink()
    with pytest.raises(BadConfiguration, match=r"webhooks\.a\.secret_file: cannot read"):
        signing_keys(both, "the-common-secret")
