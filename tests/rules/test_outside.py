"""``make outside`` judges as it says, and what it installs comes from locks that name no host."""

import json
import re

import pytest

from tests.outside.report import KNOWN, Comparison, Difference, Found, Known, Verdict, details, table
from tests.rules.tree import ROOT

OUTSIDE = ROOT / "tests" / "outside"


def verdict(differences: list[str], known: list[str], missing: str | None = None) -> Verdict:
    """The verdict on a comparison that found these."""
    found = Found(5, [Difference("call", each) for each in differences])
    listed = [Known("call", each, "because") for each in known]
    return Verdict(Comparison("one", "two things", lambda _: None), found, listed, missing)


@pytest.mark.parametrize(
    ("differences", "known", "missing", "result", "words"),
    [
        ([], [], None, "ok", ""),
        (["a", "a", "b"], ["?"], None, "ok", "known (2)"),
        (["a"], [], None, "FAILED", "NEW: call: a"),
        ([], ["a"], None, "FAILED", "GONE: call"),
        ([], ["a"], "no npm", "NOT RUN", "NOT RUN: no npm"),
    ],
)
def test_a_difference_is_known_or_fails(
    differences: list[str], known: list[str], missing: str | None, result: str, words: str
) -> None:
    """New ones, known ones that are gone, and what could not run."""
    judged = verdict(differences, known, missing)
    assert judged.is_good is (result == "ok")
    assert table([judged]).splitlines()[1].rstrip().endswith(result)
    assert words in details(judged)


def test_every_known_difference_has_its_reason() -> None:
    """In words that say more than that it is one."""
    listed = [each for entries in json.loads(KNOWN.read_text()).values() for each in entries]
    assert [each for each in listed if len(each["reason"].split()) < 4] == []


def test_the_locks_of_other_peoples_software_name_no_host() -> None:
    """Every package with its hash, and from wherever the machine gets its packages."""
    for lock in OUTSIDE.glob("*/requirements.lock"):
        text = lock.read_text()
        assert "://" not in text, lock
        assert len(re.findall(r"^[a-z0-9]", text, re.MULTILINE)) <= text.count("--hash=sha256:"), lock
    for lock in OUTSIDE.glob("*/package-lock.json"):
        packages = json.loads(lock.read_text())["packages"]
        assert [name for name, each in packages.items() if "resolved" in each] == [], lock
        assert [name for name, each in packages.items() if name and "integrity" not in each] == [], lock
