"""A PostgreSQL database from ``pg_dump``: complete, with the guards of the audit log, and verified."""

import os
import subprocess
from pathlib import Path

from sqlalchemy.engine import make_url

from bot.store import SqlStore
from tests.build import make_world
from tests.flows.writer_stage import ask
from tests.postgres import binaries
from tests.processes.stage import ended


def tool(name: str, *arguments: str) -> None:
    """Run a program of PostgreSQL's."""
    done = subprocess.run([binaries(os.environ) / name, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_dump_is_all_that_is_needed(postgres_url: str, tmp_path: Path) -> None:
    """What came after the dump is gone; the rest works, and proves itself."""
    plain = make_url(postgres_url).set(drivername="postgresql").render_as_string(hide_password=False)
    world = make_world(postgres_url)
    ask(world, "kept.example.com")
    world.settle()
    tool("pg_dump", "--format=custom", f"--file={tmp_path / 'dump'}", plain)
    ask(world, "lost.example.com")
    world.store.close()
    tool("pg_restore", "--clean", "--if-exists", f"--dbname={plain}", str(tmp_path / "dump"))
    store = SqlStore(postgres_url)
    assert store.missing_guards() == ()
    store.close()
    said = ended("restored", EGRESS_DATABASE_URL=postgres_url)
    assert (said.returncode, "The audit log ends with event" in said.stdout) == (0, True), said.stderr
    verified = ended("audit", "verify", EGRESS_DATABASE_URL=postgres_url)
    assert verified.returncode == 0, verified.stdout + verified.stderr
