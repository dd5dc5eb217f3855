"""During a rollout the release before this one goes on beside the schema of this one."""

import subprocess
import tarfile
from io import BytesIO
from pathlib import Path

import pytest

from tests.driver import SandboxProcess, wait_for
from tests.processes.stage import ended
from tests.rules.tree import ROOT

PREVIOUS = "a95863a"
"""The commit of 0.2.0, where no tag of a release is fetched."""


def git(*words: str) -> bytes:
    """What git answers about this checkout."""
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, (
        f"git {' '.join(words)} failed, so the release before this one cannot be run. This test needs its history: "
        f"git fetch --unshallow --tags. {done.stderr.decode()}"
    )
    return done.stdout


@pytest.fixture
def previous(tmp_path: Path) -> Path:
    """The code of the newest release."""
    tags = git("tag", "--list", "v*", "--sort=-v:refname", "--merged").decode().split()
    folder = tmp_path / "previous"
    with tarfile.open(fileobj=BytesIO(git("archive", tags[0] if tags else PREVIOUS))) as archive:
        archive.extractall(folder, filter="data")
    return folder


def test_the_previous_release_works_on_this_schema(unmigrated_url: str, previous: Path, tmp_path: Path) -> None:
    """It was started before the migration, and still files, decides, writes and removes; then this one takes over."""
    before = SandboxProcess(tmp_path / "data", "--database", unmigrated_url, code=previous)
    before.start()
    try:
        before.request("UDEV0001", "aks-udr", "one.example.com")
        before.settle()
        assert ended("migrate", EGRESS_DATABASE_URL=unmigrated_url).returncode == 0
        before.request("UDEV0002", "aks-udr", "two.example.com")
        before.settle()
        for card in before.cards():
            before.press("UAPP0001", "approve", card)
        before.settle()
        assert sorted(before.our_rules().values()) == [["one.example.com"], ["two.example.com"]]
        wait_for(lambda: all(card["text"].startswith("Live") for card in before.cards()), "It was not told", 10)
        before.stop()
        assert "Traceback" not in before.log()
    finally:
        before.kill()
    after = SandboxProcess(tmp_path / "data", "--database", unmigrated_url)
    after.start()
    try:
        after.settle()
        asked = str(after.check("aks-udr two.example.com"))
        assert "allowed" in asked.lower()
    finally:
        after.stop()
    verified = ended("audit", "verify", EGRESS_DATABASE_URL=unmigrated_url)
    assert verified.returncode == 0, verified.stdout + verified.stderr
