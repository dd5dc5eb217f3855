"""The commands for the audit log, for whoever may use the database; some need only files."""

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import IO, Any

import click
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic_core import to_json

from bot import auditing, proofs
from bot.domain.audit import AuditFilter
from bot.domain.audit_schema import schema
from bot.domain.chain import AuditKey, Checkpoint, checkpoints_in
from bot.domain.chain.lines import check_lines, check_proof
from bot.domain.evidence import quarter_from_text
from bot.domain.phrases import counted
from bot.errors import BadConfiguration, HookUnreachable, InvalidInput
from bot.ports import Caller, Context
from bot.reporting import write_evidence
from bot.siem import Access, Take, receiver
from bot.wiring.production import at_the_terminal, opened_store
from bot.wiring.secret_files import secret_headers
from bot.wiring.terminal import Terminal

FILE = click.Path(path_type=Path, dir_okay=False)


@click.group()
def audit() -> None:
    """The audit log without Slack."""


@audit.command("schema")
def show_schema() -> None:
    """Write docs/audit-event.schema.json: the form of exported events."""
    click.echo(json.dumps(schema(), indent=2))


@audit.command("key")
@click.argument("file", type=FILE)
def make_key(file: Path) -> None:
    """Make a key that signs checkpoints, in FILE; its public half goes to standard output."""
    private = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(private)
    except OSError as error:
        raise InvalidInput(f"Cannot write {file}: {error.strerror}.") from error
    key = AuditKey(private)
    click.echo(f"Key {key.id} is in {file}. Keep it out of the database; give auditors the public half:", err=True)
    click.echo(key.public_pem, nl=False)


@audit.command()
@click.option("--checkpoints", type=FILE, help="Checkpoints that were kept: lines, or text copied from Slack.")
@click.option("--from-export", "exported", type=FILE, help="Verify this file (jsonl, or a proof), not the database.")
@click.option("--key", type=FILE, help="The public key that signed the checkpoints.")
@click.pass_obj
def verify(terminal: Terminal, /, checkpoints: Path | None, exported: Path | None, key: Path | None) -> None:
    """Prove that every event is what was written and none is missing; status 2 names the first that is not."""
    known = checkpoints_in(_read(checkpoints)) if checkpoints else []
    signer = AuditKey(_read(key).encode()) if key else None
    if exported:
        known = [*known, *_check_file(exported, known)]
    else:
        with _at_work(terminal) as (ctx, caller):
            signer = signer or (ctx.audit_key() if ctx.audit_key else None)
            verified = auditing.prove(ctx, caller, known)
        click.echo(f"{_verified(verified.end.seq)}, {_compared(verified.checkpoints)}.")
    _check_signatures(known, signer)


@audit.command()
@click.pass_obj
def checkpoint(terminal: Terminal, /) -> None:
    """Sign where the log stands now, send it to the channel, and write it to standard output."""
    with _at_work(terminal) as (ctx, _):
        made = proofs.make_checkpoint(ctx, is_forced=True)
    if made is None:
        raise BadConfiguration("No checkpoint was made: audit.key_file is not configured, or there is no event yet.")
    click.echo(made.line)


@audit.command()
@click.argument("seq", type=click.IntRange(min=1))
@click.pass_obj
def prove(terminal: Terminal, /, seq: int) -> None:
    """Prove event SEQ without the others; audit verify --from-export checks what this writes."""
    with _at_work(terminal) as (ctx, _):
        click.echo(to_json(proofs.prove_event(ctx, seq), indent=2).decode())


@audit.command()
@click.option("--format", "form", type=click.Choice(["csv", "jsonl"]), default="jsonl", show_default=True)
@click.option("--manifest", type=FILE, help="Also write what belongs to the export, to this file.")
@click.pass_obj
def export(terminal: Terminal, /, form: str, manifest: Path | None) -> None:
    """Write every event to standard output, oldest first."""
    with _at_work(terminal) as (ctx, caller):
        _write(manifest, auditing.export(ctx, caller, AuditFilter(), form).write(sys.stdout.write, form))


@audit.command()
@click.argument("quarter")
@click.argument("file", type=FILE)
@click.option("--cluster", default="", help="Only of this cluster.")
@click.pass_obj
def evidence(terminal: Terminal, /, quarter: str, file: Path, cluster: str) -> None:
    """Write the evidence of a QUARTER such as 2026-Q3 to FILE, a ZIP archive."""
    meant = quarter_from_text(quarter)
    with _at_work(terminal) as (ctx, caller), _to(file) as out:
        said = write_evidence(ctx, caller, meant, out, cluster=cluster.lower())
    click.echo(said)


@contextmanager
def _to(path: Path) -> Iterator[IO[bytes]]:
    """A file that is replaced only once all of it could be written; nothing else stays behind."""
    fresh = path.with_name(f"{path.name}.new")
    try:
        with fresh.open("wb") as out:
            yield out
        fresh.replace(path)
    except OSError as error:
        raise InvalidInput(f"Cannot write {path}: {error.strerror}.") from error
    finally:
        with suppress(OSError):
            fresh.unlink()


@audit.command()
@click.option("--after", type=click.IntRange(min=0), default=0, help="Begin after this event.")
@click.option("--cursor", type=FILE, help="Begin where this file says, and keep it up to date.")
@click.option("--follow", is_flag=True, help="Go on when there are new events.")
@click.option(
    "--to",
    help="Send them there, not to standard output: https://HOST/PATH, otlp+https://HOST, syslog+tls://HOST:PORT "
    "or syslog://HOST:PORT.",
)
@click.option("--headers", type=FILE, help="HTTP headers to send, such as Authorization: Bearer …, one on each line.")
@click.option("--certificate", type=FILE, help="The bot's certificate with its key (PEM), for syslog over TLS.")
@click.pass_obj
def tail(terminal: Terminal, /, after: int, cursor: Path | None, to: str | None, **how: Any) -> None:
    """Pass on events as JSON Lines, in order; with a cursor at least once, whatever ends in between."""
    after = max(after, _cursor(cursor))
    with _at_work(terminal) as (ctx, caller), _receiver(to, how["headers"], how["certificate"]) as take:
        for lines, last in auditing.follow(ctx, caller, after=after, wait=_pause if how["follow"] else None):
            _hand_over(take, lines)
            _write(cursor, f"{last}\n")


def _receiver(to: str | None, headers: Path | None, certificate: Path | None) -> AbstractContextManager[Take]:
    if to is not None:
        return receiver(to, Access(secret_headers(headers, "--headers") if headers else str, certificate))
    if headers or certificate:
        raise InvalidInput("--headers and --certificate need --to.")
    return nullcontext(_print)


def _print(lines: str) -> None:
    click.echo(lines, nl=False)
    sys.stdout.flush()


def _hand_over(take: Take, lines: str) -> None:
    """Until the receiver has them: it may be away for a while."""
    while True:
        try:
            take(lines)
            return
        except HookUnreachable as error:
            click.echo(f"{error.sentence} Trying again.", err=True)
            _pause()


@audit.command()
@click.pass_obj
def archive(terminal: Terminal, /) -> None:
    """Move events older than audit.archive_after to a sealed file in audit.archive_folder."""
    with _at_work(terminal) as (ctx, _):
        made = proofs.archive_older(ctx, ctx.clock.now() - ctx.config.audit.archive_after)
    click.echo(f"Events {made.first_seq} to {made.last_seq} are in {made.file}." if made else "Nothing is old enough.")


POLL_S = 1.0
"""Seconds between two looks for new events."""


def _pause() -> None:
    time.sleep(POLL_S)


@contextmanager
def _at_work(terminal: Terminal) -> Iterator[tuple[Context, Caller]]:
    settings = terminal.settings()
    with opened_store(settings) as store:
        store.require_migrated()
        yield at_the_terminal(settings, store, terminal.account())


def _check_file(path: Path, known: list[Checkpoint]) -> list[Checkpoint]:
    """Verify an export or a proof; the checkpoints that came with it."""
    text_start = _read_start(path)
    if text_start.lstrip().startswith("{\n"):
        record, found = check_proof(_read(path))
        click.echo(f"Event {record.seq} is in the log of the checkpoint of event {found.seq} ({found.at}).")
        return [found]
    with path.open(encoding="utf-8") as lines:
        checked = check_lines(lines, known)
    gaps = "without gaps" if checked.is_whole else "with gaps, as a filter leaves them"
    click.echo(
        f"{_verified(checked.events)}, {checked.first} to {checked.last} {gaps}; {_compared(len(checked.checkpoints))}."
    )
    return []


def _verified(events: int) -> str:
    return f"{counted(events, 'event')} verified"


def _compared(checkpoints: int) -> str:
    return f"{counted(checkpoints, 'checkpoint')} compared"


def _check_signatures(known: list[Checkpoint], signer: AuditKey | None) -> None:
    if not known:
        return
    if signer is None:
        click.echo("Signatures were not checked: name the public key with --key.")
        return
    for one in known:
        signer.require_signed(one)
    click.echo(f"{counted(len(known), 'signature')} of the key {signer.id} verified.")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"Cannot read {path}: {error}.") from error


def _read_start(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(100)
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"Cannot read {path}: {error}.") from error


def _cursor(path: Path | None) -> int:
    text = _read(path).strip() if path and path.exists() else "0"
    if not text.isdecimal():
        raise InvalidInput(f"{path} does not hold the number of an event.")
    return int(text)


def _write(path: Path | None, text: str) -> None:
    """Replace a file as a whole, so that a process that ends here leaves the old one or the new one."""
    if path is None:
        return
    try:
        fresh = path.with_name(f"{path.name}.new")
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(path)
    except OSError as error:
        raise InvalidInput(f"Cannot write {path}: {error.strerror}.") from error
