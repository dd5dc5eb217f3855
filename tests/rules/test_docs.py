"""Everything that the documents name in the repository exists: files, folders, commands."""

import re
from pathlib import Path

from tests.rules.tree import ROOT

DOCUMENTS = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "deploy/**/*.md", "docs/**/*.md")
FOLDERS = ("bot", "handlers", "tests", "migrations", "docs", "bench", "deploy")
PATH = re.compile(rf"`((?:{'|'.join(FOLDERS)})/[\w./*{{}},-]*)(?:::(\w+))?`")
LINK = re.compile(r"\]\(([^)#:]*)(#[^)]*)?\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
NAMED_IN_CODE = re.compile(r"\b((?:bot|tests|bench)/[\w/]+\.py)(?:::(\w+))?")


def documents() -> dict[str, str]:
    """Every document that people read, by its path."""
    found = (path for pattern in DOCUMENTS for path in sorted(ROOT.glob(pattern)))
    return {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in found}


def named() -> set[tuple[str, str, str]]:
    """Document, path and perhaps test of everything in backticks, or in a command, that looks like ours."""
    found = set()
    for document, text in documents().items():
        fenced = "\n".join(FENCED.findall(text))
        for path, test in (*PATH.findall(text), *NAMED_IN_CODE.findall(fenced)):
            found.add((document, path, test))
    return found


def test_paths_in_documents_exist() -> None:
    """A file that was renamed is renamed where newcomers are sent to it."""
    assert [f"{document}: {path}" for document, path, _ in sorted(named()) if not list(ROOT.glob(path))] == []


def test_tests_in_documents_exist() -> None:
    """A test that is said to complain can complain."""
    tests = [(document, path, test) for document, path, test in sorted(named()) if test]
    assert tests
    missing = [each for each in tests if f"def {each[2]}(" not in ROOT.joinpath(each[1]).read_text(encoding="utf-8")]
    assert missing == []


def anchors_of(path: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a page: lower case, dashes, nothing but letters and digits."""
    text = FENCED.sub("", path.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in HEADING.findall(text)}


def test_links_in_documents_lead_somewhere() -> None:
    """Relative links, from where the document lies, and the headings in them."""
    links = [(document, *link) for document, text in documents().items() for link in LINK.findall(text)]
    places = [
        (f"{one}: {to}{anchor}", (ROOT / one).parent / to if to else ROOT / one, anchor) for one, to, anchor in links
    ]
    assert any(anchor for *_, anchor in places)
    assert [said for said, path, _ in places if not path.exists()] == []
    assert [said for said, path, anchor in places if anchor and anchor[1:] not in anchors_of(path)] == []
