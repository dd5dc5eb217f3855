"""A probe's command holds nothing that anybody typed; what it says is read and compared as it is meant."""

import base64
import io
import os
import re
import socket
import subprocess
import zipfile
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain.access import require_prober
from bot.domain.configuration import Group
from bot.domain.egress_filter import FilterKind
from bot.domain.fqdn import Destination, Protocol, parse_destination
from bot.domain.people import SYSTEM, AccountStatus, Person, Role, Unread
from bot.domain.probe import (
    COMMAND,
    Agreement,
    ConnectionAttempt,
    Expectation,
    Expected,
    Probe,
    ProbeSettings,
    Reach,
    Report,
    context_of,
    disagreement_text,
    files_of,
    is_echo,
    lines_of,
    not_run,
    read_report,
    unfiltered,
)
from bot.domain.probe.comparison import agreement_of
from bot.domain.probe.script import SCRIPT
from bot.errors import EgressError, InvariantBroken, MembershipUnknown, NotPermitted
from tests.build import DEV, config
from tests.strategies import pasted_texts

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
EXAMPLE = parse_destination("example.com")
LINE = re.compile(r"0 (https|http|tcp) [a-z0-9_][a-z0-9._-]* [0-9]{1,5}\n")
HOSTILE = [
    "example.com",
    "_dmarc.example.com",
    "a;touch x",
    "$(touch x)",
    "`touch x`",
    "-o.com",
    "a.com\n1 tcp b.com 1",
    "a.com'",
    "*.a.com",
    "a\\.com",
    "",
]


@given(
    st.builds(Destination, pasted_texts() | st.sampled_from(HOSTILE), st.sampled_from(Protocol), st.integers(1, 65_535))
)
@example(Destination("example.com\n"))
@example(Destination("a" * 254))
def test_what_was_typed_is_one_plain_line_or_nothing(asked: Destination) -> None:
    """Whatever the name is: the command and the script stay what they are, and its line has no sign that means more."""
    try:
        files = files_of([asked])
    except InvariantBroken:
        return
    assert LINE.fullmatch(files["targets"])
    assert files == {"probe.sh": SCRIPT, "targets": files["targets"]}
    packed = zipfile.ZipFile(io.BytesIO(base64.b64decode(context_of(files))))
    assert {name: packed.read(name).decode() for name in packed.namelist()} == files


@given(pasted_texts())
def test_an_echo_service_is_a_plain_url(text: str) -> None:
    """No other text is ever written into its file."""
    for url in (text, f"https://echo.example/{text}"):
        assert not is_echo(url) or re.fullmatch(r"https://[A-Za-z0-9.:/_~-]+", url)
        with suppress(EgressError):
            assert files_of([], url).get("echo", "") == url


def run(folder: Path, files: dict[str, str]) -> str:
    """Run the command as the image does, with a curl that only notes its arguments."""
    tools = folder / "tools"
    tools.mkdir()
    curl = tools / "curl"
    curl.write_text('#!/bin/sh\nprintf "%s\\n" "$*" >>arguments\nprintf "200 192.0.2.1"\n')
    curl.chmod(0o755)
    for name, text in files.items():
        (folder / name).write_text(text)
    path = f"{tools}:{os.environ['PATH']}"
    return subprocess.run(
        COMMAND.split(), cwd=folder, env={"PATH": path}, capture_output=True, text=True, check=True
    ).stdout


def test_the_script_tries_each_host_and_runs_none(tmp_path: Path) -> None:
    """Even where a file held what validation refuses, the shell takes it for a name."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        asked = [EXAMPLE, Destination("localhost", Protocol.TCP, port), Destination("localhost", Protocol.TCP, 1)]
        files = files_of(asked, "https://echo.example/ip")
        evil = "3 https $(touch${IFS}pwned) 443\n4 tcp ;touch${IFS}pwned 1\n5 https `touch pwned` 1\n"
        said = run(tmp_path, {**files, "targets": files["targets"] + evil})
    report = read_report(said, asked)
    assert [one.reach for one in report.attempts] == [Reach.REACHED, Reach.REACHED, Reach.REFUSED]
    assert (report.attempts[0].status, report.attempts[0].address) == (200, "192.0.2.1")
    assert report.is_complete
    assert not report.is_proxied
    assert not (tmp_path / "pwned").exists()
    arguments = (tmp_path / "arguments").read_text()
    assert "--head" in arguments
    assert "-- https://example.com:443/\n" in arguments
    assert "-- https://$(touch${IFS}pwned):443/\n" in arguments


END = "egress-probe end"


@pytest.mark.parametrize(
    ("said", "reach", "status"),
    [
        (f"egress-probe attempt 0 curl 0 200 192.0.2.1\n{END}", Reach.REACHED, 200),
        (f"egress-probe attempt 0 curl 0 470 192.0.2.1\n{END}", Reach.DENIED, 470),
        (f"egress-probe attempt 0 curl 35 000 192.0.2.1\n{END}", Reach.CUT, 0),
        (f"egress-probe attempt 0 curl 60 000 192.0.2.1\n{END}", Reach.UNVERIFIED, 0),
        (f"egress-probe attempt 0 curl 28 000\n{END}", Reach.SILENT, 0),
        (f"egress-probe attempt 0 curl 6 000\n{END}", Reach.UNRESOLVED, 0),
        (f"egress-probe attempt 0 curl 127\n{END}", Reach.UNTESTED, 0),
        (f"egress-probe attempt 0 tcp 124\n{END}", Reach.SILENT, 0),
        (f"egress-probe attempt 0 none 0\n{END}", Reach.UNTESTED, 0),
        (f"egress-probe attempt 1 curl 0 200 192.0.2.1\n{END}", Reach.UNTESTED, 0),
        (f"egress-probe attempt 0 curl 0 200 rm\nprefix egress-probe attempt 0 tcp 0\n{END}", Reach.UNTESTED, 0),
        ("egress-probe attempt 0 tcp 0\nnoise", Reach.CONNECTED, 0),
    ],
)
def test_output_is_read(said: str, reach: Reach, status: int) -> None:
    """Every way an attempt ends; lines of anybody else count for nothing, and a missing end says that it was cut."""
    report = read_report(f"Defaulted container\n{said}", [EXAMPLE])
    assert (report.attempts[0].reach, report.attempts[0].status) == (reach, status)
    assert report.is_complete == said.endswith(END)


@given(
    st.text(max_size=300) | st.lists(st.sampled_from(["egress-probe", " ", "attempt", "0", "curl", "\n"])).map("".join)
)
def test_any_output_is_read(said: str) -> None:
    """Nothing that a cluster says breaks the reading."""
    assert len(read_report(said, [EXAMPLE, EXAMPLE]).attempts) == 2


@pytest.mark.parametrize(
    ("reach", "open_", "shut"),
    [
        (Reach.REACHED, "agrees", "disagrees"),
        (Reach.UNVERIFIED, "agrees", "disagrees"),
        (Reach.DENIED, "disagrees", "agrees"),
        (Reach.CUT, "disagrees", "agrees"),
        (Reach.SILENT, "disagrees", "agrees"),
        (Reach.CONNECTED, "open", "open"),
        (Reach.REFUSED, "open", "open"),
        (Reach.UNRESOLVED, "open", "open"),
        (Reach.UNTESTED, "open", "open"),
    ],
)
def test_what_was_seen_is_compared(reach: Reach, open_: str, shut: str) -> None:
    """With what the bot expects; a proxy, or an expectation that says nothing, proves nothing."""
    attempt = ConnectionAttempt(EXAMPLE, reach)
    for expected, agreement in ((Expected.OPEN, open_), (Expected.SHUT, shut), (Expected.UNKNOWN, "open")):
        assert agreement_of(attempt, Expectation(expected, "why")) == agreement
        assert agreement_of(attempt, Expectation(expected, "why"), is_proxied=True) is Agreement.OPEN


def probe(
    report: Report, expected: Expected = Expected.OPEN, known: tuple[str, ...] | None = ("20.1.0.0/28",)
) -> Probe:
    """One that has ended."""
    asked = Probe(
        id="p0",
        cluster_id="/c",
        cluster_name="aks",
        asked_by=SYSTEM,
        asked_at=NOW,
        via="bot",
        destinations=(EXAMPLE,),
        echo="https://echo.example/ip",
    )
    return asked.begin(NOW, [Expectation(expected, "Allowed by rule r")], known).accept("url").answer(report, NOW)


def test_a_difference_is_said() -> None:
    """Of a host, of the address; not where the firewall changed meanwhile, or the addresses are not known."""
    fine = probe(Report((ConnectionAttempt(EXAMPLE, Reach.REACHED, "192.0.2.1", 200),), "20.1.0.7"))
    assert not fine.disagrees
    assert fine.is_reached
    assert disagreement_text(fine) == ""
    assert lines_of(fine) == (
        (
            "example.com: connected, TLS verified (HTTP 200, 192.0.2.1). "
            "The bot's own check agrees: “Allowed by rule r”."
        ),
        "The world sees 20.1.0.7, one of the cluster's known outbound IPs.",
    )
    cut = probe(Report((ConnectionAttempt(EXAMPLE, Reach.CUT),), "9.9.9.9", is_complete=False))
    assert cut.disagrees
    assert "says it is reachable: “Allowed by rule r”. The world sees 9.9.9.9, which is none of" in disagreement_text(
        cut
    )
    assert lines_of(cut)[-1] == "The output was cut, so a part of the result is missing."
    assert not probe(Report((ConnectionAttempt(EXAMPLE, Reach.REACHED),), "9.9.9.9"), known=None).disagrees
    began = probe(Report((ConnectionAttempt(EXAMPLE, Reach.CUT),)))
    assert began.report is not None
    assert not began.answer(began.report, NOW, is_shaken=True).disagrees


@pytest.mark.parametrize("reach", Reach)
def test_what_could_not_be_tried_is_neither_reached_nor_missed(reach: Reach) -> None:
    """A card never says of a host that it was not reached where nothing was tried."""
    found = probe(Report((ConnectionAttempt(EXAMPLE, reach),)))
    got, tried = reach in (Reach.REACHED, Reach.UNVERIFIED), reach not in (Reach.CONNECTED, Reach.UNTESTED)
    assert (found.is_reached, found.is_unreached) == (got, tried and not got)


def test_what_no_firewall_filters_is_expected_as_it_leaves() -> None:
    """A way that is open, closed, or not known."""
    assert [unfiltered(kind, "why.").expected for kind in (FilterKind.OPEN, FilterKind.CLOSED, FilterKind.MIXED)] == [
        Expected.OPEN,
        Expected.SHUT,
        Expected.UNKNOWN,
    ]


BOOK = config()
STANDINGS = st.sampled_from(AccountStatus)
GROUPS = st.frozensets(st.sampled_from(["platform", "auditors", "operators", "devs"]))


@given(STANDINGS, GROUPS, st.lists(st.sampled_from(["platform", "auditors", "devs"]), unique=True), st.booleans())
def test_nobody_else_may_probe(standing: AccountStatus, groups: frozenset[str], named: list[str], unread: bool) -> None:
    """Full members of a named group, approvers where none is named; what could not be read lets nobody in."""
    given_roles = {"platform": Role.APPROVER, "auditors": Role.AUDITOR, "operators": Role.OPERATOR}
    tables = {name: Group(name, roles=frozenset({role})) for name, role in given_roles.items()} | {
        "devs": Group("devs")
    }
    book = replace(BOOK, groups=tables, probe=ProbeSettings(enabled=True, groups=tuple(named)))
    roles = frozenset(given_roles[name] for name in groups if name in given_roles)
    missing = (Unread("platform", frozenset({Role.APPROVER}), "Slack is away."),) if unread else ()
    someone = Person(DEV.identity, roles, groups, standing=standing, unread=missing)
    may = standing is AccountStatus.ACTIVE and bool(groups & set(named or ["platform"]))
    try:
        require_prober(book, someone)
    except (NotPermitted, MembershipUnknown):
        assert not may
    else:
        assert may


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("ImagePullBackoff", "mcr.microsoft.com has to be reachable from them. Azure says: ImagePullBackoff."),
        ("0/3 nodes are available: untolerated taint {CriticalAddonsOnly: true}", "Every Linux node has a taint"),
        ("something\nelse. ", "did not run in the cluster. Azure says: something else."),
        ("", "The command did not run in the cluster."),
    ],
)
def test_what_did_not_run_says_what_to_do(reason: str, said: str) -> None:
    """Then Azure's own words."""
    assert said in not_run(reason)
