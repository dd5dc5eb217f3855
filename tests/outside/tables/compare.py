"""Our CSV files in pandas, and from there in a workbook: every cell as we wrote it, and no text a formula."""

import csv
import io
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from bot import auditing
from bot.domain.audit import AuditFilter
from bot.domain.csv_text import csv_text
from bot.store import SqlStore
from handlers import views
from tests.build import AUDITOR, DEV, make_world
from tests.listeners.calling import FORM, submitted
from tests.outside.provision import python_packages
from tests.outside.report import Found

HOSTILE = (
    *('=HYPERLINK("http://x","y")', "=1+1", "+1", "-1", "@SUM(1)", "\tx", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠x"),
    *(
        "=cmd|' /C calc'!A0",
        '"=1"',
        "a,b;c",
        'say "no"',
        "two\nlines",
        "“ä\U0001f6a6”",
        "'=1",
        " =1",
        "NULL",
        "NaN",
        "007",
    ),
)
"""What a spreadsheet may evaluate, or take for something else than the text that it is."""


def compare(found: Found) -> None:
    """An export of the audit log with hostile reasons, and a table of every hostile text alone."""
    python = python_packages("tables") / "python"
    with TemporaryDirectory() as folder:
        for name, text in _tables(Path(folder)):
            file = Path(folder) / f"{name}.csv"
            file.write_text(text, encoding="utf-8", newline="")
            command = [str(python), str(Path(__file__).with_name("read.py")), str(file)]
            read = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
            columns, *rows = csv.reader(io.StringIO(text, newline=""))
            found.compare(f"{name}: columns", columns, read["columns"])
            found.compare(f"{name}: rows", len(rows), len(read["rows"]))
            for ours, theirs in zip(rows, read["rows"], strict=False):
                found.compare(f"{name}: {ours[0]}", ours, theirs)
            found.check(f"{name}: formulas", read["formulas"])


def _tables(folder: Path) -> Iterator[tuple[str, str]]:
    yield "texts", csv_text(["number", "text"], list(enumerate(HOSTILE)))
    url = f"sqlite:///{folder / 'bot.sqlite3'}"
    store = SqlStore(url)
    store.migrate()
    store.close()
    world = make_world(url)
    for number, reason in enumerate(HOSTILE):
        views.request(world.ctx, submitted(DEV, FORM | {"destinations": f"host{number}.example.com", "reason": reason}))
    part, _ = auditing.export(world.ctx, AUDITOR, AuditFilter(action="allowance:request"), "csv").parts("log", "csv")
    world.store.close()
    yield "export", part.text
