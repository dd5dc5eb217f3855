"""The audit log as files: exports in parts, a stream with a cursor, and proofs that need no database."""

import csv
import hashlib
import io
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import chdir
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest
from click.testing import CliRunner, Result
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from bot import auditing
from bot.command_line import main
from bot.domain.audit import AuditFilter
from bot.errors import InvalidInput, NotPermitted
from bot.siem import receiver
from handlers import views
from tests.build import AUDITOR, CONFIG, DEV, World, make_world
from tests.listeners.calling import FORM, submitted
from tests.tampering import tamper

json_format: Any = import_module("google.protobuf.json_format")  # it has no types
HOSTILE = ('=HYPERLINK("x")', "+1", "-1", "@SUM(1)", "\tx", '“ä\n\U0001f6a6”, "quoted"', "＝1")


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """Some requests with reasons that a spreadsheet might take for formulas."""
    made = make_world(database_url)
    for number, reason in enumerate(HOSTILE):
        views.request(made.ctx, submitted(DEV, FORM | {"destinations": f"host{number}.example.com", "reason": reason}))
    yield made
    made.store.close()


Run = Callable[..., Result]


@pytest.fixture
def run(world: World, tmp_path: Path) -> Iterator[Run]:
    """Commands at a terminal beside the bot, with a key."""
    url = world.store._engine.url.render_as_string(hide_password=False)
    config = tmp_path / "egress.toml"
    with chdir(tmp_path):
        made = CliRunner().invoke(main, ["audit", "key", "key.pem"])
        assert made.exit_code == 0, made.output
        (tmp_path / "public.pem").write_text(made.stdout)
        audit = f"\n[audit]\nkey_file = '{tmp_path}/key.pem'\ncheckpoint_file = '{tmp_path}/kept.jsonl'\n"
        config.write_text(CONFIG.read_text(encoding="utf-8") + audit, encoding="utf-8")
        variables = {"EGRESS_DATABASE_URL": url, "EGRESS_CONFIG": str(config)}
        yield lambda *words: CliRunner().invoke(main, ["audit", *words], env=variables)


def test_an_export_comes_in_parts_with_a_manifest(world: World) -> None:
    """Every event once, in order; the manifest has the digest of each part, and where the log stood."""
    made = auditing.export(world.ctx, AUDITOR, AuditFilter(), "jsonl")
    *parts, manifest = made.parts("log", "jsonl", size=1)
    text = "".join(part.text for part in parts)
    assert [json.loads(line)["seq"] for line in text.splitlines()] == list(range(1, len(HOSTILE) + 2))
    content = json.loads(manifest.text)
    assert content["events"] == len(HOSTILE) + 1 == content["head"]["seq"]
    assert [one["sha256"] for one in content["files"]] == [hashlib.sha256(p.text.encode()).hexdigest() for p in parts]
    with pytest.raises(NotPermitted):
        auditing.export(world.ctx, DEV, AuditFilter(), "jsonl")


def test_csv_is_text_for_whoever_reads_it(world: World) -> None:
    """Read by a CSV reader; nothing begins like a formula; every part has its header."""
    made = auditing.export(world.ctx, AUDITOR, AuditFilter(action="allowance:request"), "csv")
    part, _ = made.parts("log", "csv")
    rows = list(csv.DictReader(io.StringIO(part.text)))
    assert [row["detail"] for row in rows] == [row["detail"] for row in rows if json.loads(row["detail"])["digest"]]
    assert [row["hash"] for row in rows] == [one.hash for page in made.pages() for one in page]
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@", "\t", "＝"))]
    empty = auditing.export(world.ctx, AUDITOR, AuditFilter(cluster="nowhere"), "csv").parts("log", "csv")
    assert next(empty).text.startswith("seq,version,at,action")


def test_files_are_verified_without_the_database(run: Run, tmp_path: Path) -> None:
    """An export against kept checkpoints and their key; one event by its proof."""
    assert run("checkpoint").exit_code == 0
    exported = run("export", "--manifest", "manifest.json")
    (tmp_path / "log.jsonl").write_text(exported.stdout)
    assert json.loads((tmp_path / "manifest.json").read_text())["checkpoint"]["seq"] == len(HOSTILE)
    (tmp_path / "proof.json").write_text(run("prove", "3").stdout)
    offline: dict[str, Any] = {"env": {"EGRESS_DATABASE_URL": "", "EGRESS_CONFIG": "nowhere"}}

    def verify(*words: str) -> Result:
        return CliRunner().invoke(main, ["audit", "verify", *words], **offline)

    kept = ("--checkpoints", "kept.jsonl", "--key", "public.pem")
    whole = verify("--from-export", "log.jsonl", *kept)
    assert (whole.exit_code, "without gaps; 1 checkpoint compared" in whole.stdout) == (0, True), whole.output
    assert "1 signature of" in whole.stdout
    proven = verify("--from-export", "proof.json", "--key", "public.pem")
    assert (proven.exit_code, "Event 3 is in the log" in proven.stdout) == (0, True), proven.output

    text = (tmp_path / "log.jsonl").read_text().replace("host4.example.com", "evil.example.com")
    (tmp_path / "changed.jsonl").write_text(text)
    assert "event 5 was altered" in verify("--from-export", "changed.jsonl").output
    lines = exported.stdout.splitlines(keepends=True)
    (tmp_path / "removed.jsonl").write_text("".join(lines[:2] + lines[3:]))
    assert "with gaps" in verify("--from-export", "removed.jsonl").output
    (tmp_path / "proof.json").write_text((tmp_path / "proof.json").read_text().replace("host2", "host9"))
    changed = verify("--from-export", "proof.json")
    assert (changed.exit_code, "Audit event 3 was altered" in changed.output) == (2, True), changed.output


def test_a_stream_goes_on_where_its_reader_was(world: World, run: Run, tmp_path: Path) -> None:
    """Every event at least once and in order; each reading is an event that the next one shows."""
    first = [json.loads(line)["seq"] for line in run("tail", "--cursor", "cursor").stdout.splitlines()]
    assert first == list(range(1, len(HOSTILE) + 2))
    views.request(world.ctx, submitted(DEV, FORM | {"destinations": "later.example.com"}))
    second = [json.loads(line)["seq"] for line in run("tail", "--cursor", "cursor").stdout.splitlines()]
    assert second == [first[-1] + 1, first[-1] + 2]
    assert (tmp_path / "cursor").read_text() == f"{second[-1]}\n"


def test_a_damaged_log_ends_a_verification_in_words(world: World, run: Run) -> None:
    """Status 2 and the first bad event; a wrong key, a missing file and a wrong file are said, too."""
    assert run("checkpoint").exit_code == 0
    assert "7 events verified, 1 checkpoint compared" in run("verify").stdout
    tamper(world.store, "UPDATE audit_event SET reason = 'x' WHERE seq = 4")
    for words in (("verify",), ("verify", "--checkpoints", "kept.jsonl")):
        ended = run(*words)
        assert (ended.exit_code, "Audit event 4 was altered" in ended.output) == (2, True), ended.output
    for wrong in (("verify", "--from-export", "key.pem"), ("verify", "--checkpoints", "nowhere"), ("prove", "999")):
        assert run(*wrong).exit_code == 2


class Siem(BaseHTTPRequestHandler):
    """A receiver that is not ready the first time."""

    taken: ClassVar[list[str]] = []
    answers: ClassVar[list[int]] = []
    paths: ClassVar[list[str]] = []
    said: ClassVar[bytes] = b""

    def do_POST(self) -> None:
        """Take a page, unless it is too early."""
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        status = self.answers.pop(0) if self.answers else 200
        if status == 200:
            Siem.taken.extend(body.splitlines())
        Siem.paths.append(self.path)
        self.send_response(status)
        self.end_headers()
        self.wfile.write(self.said)

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


def test_events_reach_a_siem(run: Run, tmp_path: Path) -> None:
    """Over HTTP and syslog: all of them, in order; the cursor moves only once they were taken."""
    Siem.taken, Siem.answers = [], [503]
    with ThreadingHTTPServer(("127.0.0.1", 0), Siem) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        (tmp_path / "headers").write_text("Authorization: Bearer t\n")
        place = f"http://127.0.0.1:{server.server_port}/events"
        sent = run("tail", "--cursor", "cursor", "--headers", "headers", "--to", place)
        assert (sent.exit_code, "Trying again" in sent.output) == (0, True), sent.output
        assert [json.loads(line)["seq"] for line in Siem.taken] == list(range(1, len(HOSTILE) + 2))
        Siem.answers = [400]
        refused = run("tail", "--cursor", "cursor", "--to", place)
        assert (refused.exit_code, (tmp_path / "cursor").read_text()) == (2, f"{len(HOSTILE) + 1}\n")
        server.shutdown()
    assert run("tail", "--to", "ftp://nowhere").exit_code == run("tail", "--headers", "headers").exit_code == 2


def test_evidence_that_cannot_be_written_whole(run: Run, tmp_path: Path) -> None:
    """The file of before stays, and no half of the new one beside it."""
    (tmp_path / "q.zip").write_text("before")
    (tmp_path / "q.zip.new").symlink_to("/dev/full")
    refused = run("evidence", "2026-Q4", "q.zip")
    assert (refused.exit_code, "Cannot write q.zip: No space left" in refused.output) == (2, True), refused.output
    assert (sorted(one.name for one in tmp_path.glob("q*")), (tmp_path / "q.zip").read_text()) == (["q.zip"], "before")


@pytest.mark.parametrize(
    "to", ["ftp://h", "syslog://h", "syslog://h:99999", "https://h:x/", "https://[h", "https://h/a b"]
)
def test_an_address_that_is_no_receiver(to: str) -> None:
    """One sentence, and nothing is tried."""
    with pytest.raises(InvalidInput, match="The receiver must be https://HOST/PATH"), receiver(to):
        pass


def test_events_reach_an_opentelemetry_collector(run: Run, tmp_path: Path) -> None:
    """As OpenTelemetry's own schema reads them: the whole event, its time and its number; none that was rejected."""
    Siem.taken, Siem.answers, Siem.said = [], [], b'{"partialSuccess":{}}'
    with ThreadingHTTPServer(("127.0.0.1", 0), Siem) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        place = f"otlp+http://127.0.0.1:{server.server_port}"
        sent = run("tail", "--cursor", "cursor", "--to", place)
        assert (sent.exit_code, Siem.paths[-1]) == (0, "/v1/logs"), sent.output
        [logs] = json_format.Parse(Siem.taken[0], ExportLogsServiceRequest()).resource_logs
        records = logs.scope_logs[0].log_records
        events = [json.loads(one.body.string_value) for one in records]
        assert [one["seq"] for one in events] == list(range(1, len(HOSTILE) + 2))
        assert [one.attributes[0].value.int_value for one in records] == [one["seq"] for one in events]
        assert records[0].time_unix_nano == 1793610000 * 10**9
        assert (records[0].event_name, events[0]["reason"]) == ("allowance:request", HOSTILE[0])
        Siem.said = b'{"partialSuccess": {"rejectedLogRecords": "1", "errorMessage": "too old"}}'
        refused = run("tail", "--cursor", "cursor", "--to", f"{place}/custom/v1/logs")
        assert (refused.exit_code, Siem.paths[-1]) == (2, "/custom/v1/logs"), refused.output
        assert "rejected 1 of 1" in refused.output
        assert (tmp_path / "cursor").read_text() == f"{len(HOSTILE) + 1}\n"
        server.shutdown()


def test_events_reach_a_syslog_server(run: Run) -> None:
    """Each as one RFC 5424 message with its length before it."""
    received: list[bytes] = []

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            while part := connection.recv(65_536):
                received.append(part)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        reader = Thread(target=serve, args=(listener,), daemon=True)
        reader.start()
        assert run("tail", "--to", f"syslog://127.0.0.1:{listener.getsockname()[1]}").exit_code == 0
        reader.join(10)
    text, seqs = b"".join(received), []
    while text:
        length, _, rest = text.partition(b" ")
        message, text = rest[: int(length)].decode(), rest[int(length) :]
        assert message.startswith("<110>1 2026-")
        seqs.append(json.loads(message[message.index("{") :])["seq"])
    assert seqs == list(range(1, len(HOSTILE) + 2))
