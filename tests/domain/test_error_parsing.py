"""From pasted errors to destinations, and the words for what they mean."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.error_parsing import find_destinations, read_destinations
from bot.domain.fqdn import SERVICES, Destination, parse_destination
from bot.errors import InvalidFqdn
from tests.strategies import pasted_texts

HUB = [
    "registry-1.docker.io",
    "auth.docker.io",
    "production.cloudflare.docker.com",
    "production.cloudfront.docker.com",
    "docker-images-prod.6aa30f8b08e16409b46e0173d6de2f56.r2.cloudflarestorage.com",
]
JSON_ROW = (
    '{"Protocol":"HTTPS","SourceIp":"10.1.0.4","SourcePort":50000,"DestinationPort":8443,"Fqdn":"api.example.com",'
    '"Action":"%s","ActionReason":"Default Action"}'
)
TABLE = "TimeGenerated\tProtocol\tSourceIp\tDestinationPort\tFqdn\tAction\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("HTTPS request from 10.1.2.3:50000 to example.com:443. Action: Deny. No rule matched.", ["example.com"]),
        ("HTTP request from 10.1.2.3:50000 to example.com:80. Action: Deny.", ["http:example.com"]),
        ("MSSQL request from 10.1.2.3:50000 to db.example.com:1433. Action: Deny.", ["mssql:db.example.com"]),
        (
            "HTTPS request from 10.1.2.3:5 to example.com:8443. Url: x.example. Action: Deny.",
            ["https:example.com:8443"],
        ),
        ("HTTPS request from 10.1.2.3:50000 to example.com:443. Action: Allow. Rule Collection: a.", []),
        ("HTTPS request from 10.1.2.3:50000. Action: Deny. Reason: SNI TLS extension was missing.", []),
        (JSON_ROW % "Deny", ["https:api.example.com:8443"]),
        (JSON_ROW.replace('"', '\\"') % "Deny", ["https:api.example.com:8443"]),
        (JSON_ROW % "Allow", []),
        (
            TABLE + "now\tHTTP\t10.0.0.1\t80\tdeb.example.com\tDeny\nnow\tHTTP\t1\t80\tok.example\tAllow",
            ["http:deb.example.com"],
        ),
        ("Protocol,Fqdn,Action\nHTTPS,a.example.com,Deny\n", ["a.example.com"]),
        ("curl: (6) Could not resolve host: api.example.com", ["api.example.com"]),
        (
            "curl: (28) Failed to connect to api.example.com port 8080 after 1 ms: Timed out",
            ["https:api.example.com:8080"],
        ),
        ("curl: (35) SSL_connect: SSL_ERROR_SYSCALL in connection to api.example.com:443", ["api.example.com"]),
        ('Failed to pull image "ghcr.io/org/app:1": rpc error: code = Unknown', ["ghcr.io"]),
        ('Failed to pull image "registry.example.com:5000/app:1"', ["https:registry.example.com:5000"]),
        ('Back-off pulling image "nginx"', HUB),
        ('Back-off pulling image "docker.io/library/nginx:1"', HUB),
        ('failed to resolve reference "quay.io/org/app:1": unexpected status', ["quay.io"]),
        (
            (
                'Head "https://registry-1.docker.io/v2/library/nginx/manifests/latest": dial tcp: '
                "lookup registry-1.docker.io on 10.0.0.10:53: no such host"
            ),
            ["registry-1.docker.io"],
        ),
        ("HTTPSConnectionPool(host='pypi.org', port=443): Max retries exceeded with url: /simple/x/", ["pypi.org"]),
        ("NameResolutionError: Failed to resolve 'files.pythonhosted.org' ([Errno -2])", ["files.pythonhosted.org"]),
        ("aiohttp: Cannot connect to host api.example.com:443 ssl:default", ["api.example.com"]),
        ("npm ERR! network getaddrinfo ENOTFOUND registry.npmjs.org", ["registry.npmjs.org"]),
        (
            "Err:1 http://archive.ubuntu.com/ubuntu jammy InRelease\n Could not resolve 'archive.ubuntu.com'",
            ["http:archive.ubuntu.com"],
        ),
        ("Could not connect to deb.debian.org:80 (1.2.3.4), connection timed out", ["http:deb.debian.org"]),
        ("Err:1 http://deb.example.org/x InRelease\n Could not resolve 'deb.example.org'", ["http:deb.example.org"]),
        ("W: Temporary failure resolving 'deb.debian.org'", ["deb.debian.org"]),
        ('Get "https://proxy.golang.org/x/@v/list": dial tcp 142.250.1.1:443: i/o timeout', ["proxy.golang.org"]),
        ("dial tcp: lookup sum.golang.org: no such host", ["sum.golang.org"]),
        ("java.net.UnknownHostException: repo.maven.apache.org", ["repo.maven.apache.org"]),
        ("Connect to repo.maven.apache.org:443 [repo.maven.apache.org/1.2.3.4] failed", ["repo.maven.apache.org"]),
        (
            "fatal: unable to access 'https://github.com/o/r.git/': Failed to connect to github.com port 443",
            ["github.com"],
        ),
        ('Error: Get "https://charts.example.com/index.yaml": EOF', ["charts.example.com"]),
        ("Server=tcp:db.database.windows.net,1433;Database=x", ["mssql:db.database.windows.net"]),
        ("jdbc:sqlserver://db.example.com:1433;encrypt=true", ["mssql:db.example.com"]),
        ("see <https://a.example.com/x|a.example.com>", ["a.example.com"]),
        ("hxxps://evil[.]example/x", ["evil.example"]),
        ("a.example.com, b.example.com", ["a.example.com", "b.example.com"]),
        ("ssh: connect to host github.com port 22: Connection timed out", ["tcp:github.com:22"]),
        ('Get "https://kubernetes.default.svc:443/api"', []),
        ("nothing to see here", []),
        ("", []),
    ],
)
def test_destinations(text: str, expected: list[str]) -> None:
    """Host, protocol and port are found as the tool or the firewall wrote them."""
    assert [str(destination) for destination in find_destinations(text).destinations] == expected


@pytest.mark.parametrize(
    ("text", "part_of_explanation"),
    [
        ("HTTPS request from 10.1.2.3:5. Action: Deny. Reason: SNI TLS extension was missing.", "sent no server name"),
        ("Action: Deny. Reason: No rule matched. Proceeding with default action", "It needs an allowance"),
        ("Action: Deny. Policy: p. Rule Collection Group: g. Rule Collection: c. Rule: r", "A rule denied it"),
        ('{"Fqdn":"a.example","RuleCollection":"c","Rule":"r","Action":"Deny"}', "A rule denied it"),
        ("Action: Deny. ThreatIntel: Bot Networks", "threat intelligence"),
        ("HTTP/1.1 470 status code 470", "own answer"),
        ("read: connection reset by peer", "cut during the TLS"),
        ("ssl.SSLEOFError: EOF occurred in violation of protocol", "cut during the TLS"),
        ("lookup a.example.com: no such host", "did not resolve"),
        ("dial tcp 1.2.3.4:443: i/o timeout", "No answer in time"),
        ("x509: certificate signed by unknown authority", "must trust its CA"),
        ("dial tcp github.com:9999: connect: refused", "Port 9999 does not tell"),
        ("dial tcp 10.0.0.1:443: connect: refused", "10.0.0.1 is an IP address"),
        ("lookup db.shop.svc.cluster.local: refused", "inside the cluster"),
    ],
)
def test_explanations(text: str, part_of_explanation: str) -> None:
    """The meaning of the text is said in plain words."""
    assert any(part_of_explanation in sentence for sentence in find_destinations(text).explanations)


def test_addresses_beside_a_name_are_not_mentioned() -> None:
    """A resolved address is dropped when the name itself was found."""
    found = find_destinations('Get "https://a.example.com/": dial tcp 1.2.3.4:443: connect: refused')
    assert not any("IP address" in sentence for sentence in found.explanations)


CASES = [json.loads(line) for line in Path(__file__).with_name("pasted.jsonl").read_text("utf-8").splitlines()]


@pytest.mark.parametrize("case", CASES, ids=[case["about"] for case in CASES])
def test_what_people_paste(case: dict[str, Any]) -> None:
    """Only what failed is taken, with its port; what no allowance can mend is explained."""
    found = find_destinations(case["text"])
    assert [str(destination) for destination in found.destinations] == case["destinations"]
    assert case.get("says", "") in " ".join(found.explanations)


@pytest.mark.parametrize("case", CASES, ids=[case["about"] for case in CASES])
def test_an_explanation_is_never_replaced_by_a_parse_error(case: dict[str, Any]) -> None:
    """Typed behind ``check`` or ``request``, the text gives its destinations or what it means."""
    if case["destinations"]:
        assert [str(destination) for destination in read_destinations(case["text"])] == case["destinations"]
        return
    with pytest.raises(InvalidFqdn) as refused:
        read_destinations(case["text"])
    assert case["says"] in refused.value.sentence


COLUMNS = ["TimeGenerated [UTC]", "Action", "ActionReason", "DestinationPort", "Fqdn", "Protocol", "SourceIp"]


@st.composite
def logged(draw: st.DrawFn) -> tuple[list[list[str]], list[str]]:
    """Rows of the firewall's log with their columns in any order, and the destinations that they deny."""
    order = draw(st.permutations(range(len(COLUMNS))))
    rows, denied = [[COLUMNS[place] for place in order]], []
    hosts = st.from_regex(r"[a-z]{2,8}\.(example|contoso)\.(com|net)", fullmatch=True)
    for host in draw(st.lists(hosts, min_size=1, max_size=4, unique=True)):
        action, port = draw(st.sampled_from(["Deny", "Allow", "deny"])), draw(st.sampled_from([443, 8443, 4443]))
        row = ["11/26/2025, 2:16:47 PM", action, "Default Action", str(port), host, "HTTPS", "10.1.2.3"]
        rows.append([row[place] for place in order])
        denied += [str(Destination(host, port=port))] if action != "Allow" else []
    return rows, denied


def as_csv(rows: list[list[str]], delimiter: str) -> str:
    """A table with quotes where the delimiter needs them."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return text.getvalue()


def as_table(rows: list[list[str]]) -> str:
    """A table as the Azure CLI prints it."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def as_json(rows: list[list[str]]) -> str:
    """JSON, a line for each record."""
    return "\n".join(json.dumps(dict(zip(rows[0], row, strict=True))) for row in rows[1:])


def as_fields(rows: list[list[str]], mark: str) -> str:
    """A field a line, and an empty line between records."""
    return "\n\n".join(
        "\n".join(f"{name}{mark}{cell}" for name, cell in zip(rows[0], row, strict=True)) for row in rows[1:]
    )


@given(logged(), st.sampled_from([*",;\t|^~"]), st.sampled_from([": ", "\t", " = ", "\n"]))
def test_every_form_of_a_table_says_the_same(log: tuple[list[list[str]], list[str]], delimiter: str, mark: str) -> None:
    """Whatever the delimiter, the order of columns and the form, only denied rows are taken, with their ports."""
    rows, denied = log
    for text in (as_csv(rows, delimiter), as_table(rows), as_json(rows), as_fields(rows, mark)):
        assert sorted(map(str, find_destinations(text).destinations)) == sorted(denied), text


ERRORS = [
    "curl: (6) Could not resolve host: {host}",
    "wget: unable to resolve host address '{host}'",
    'Error: Get "https://{host}/x": net/http: TLS handshake timeout',
    "dial tcp: lookup {host} on 10.0.0.10:53: no such host",
    "npm ERR! network request to https://{host}/x failed, reason: getaddrinfo ENOTFOUND {host}",
    "HTTPSConnectionPool(host='{host}', port=443): Max retries exceeded with url: /x",
    "java.net.UnknownHostException: {host}: Name or service not known",
    "No such host is known. ({host}:443)",
    "fatal: unable to access 'https://{host}/a.git/': Could not resolve host: {host}",
    "HTTPS request from 10.0.0.4:1234 to {host}:443. Action: Deny. No rule matched.",
    'Failed to pull image "{host}/a/b:1": EOF',
]
BESIDE = [
    "Hit:1 http://azure.archive.ubuntu.com/ubuntu jammy InRelease",
    "Get:2 https://packages.microsoft.com/ubuntu prod InRelease [3632 B]",
    "For more information see https://learn.microsoft.com/azure/aks",
    "Looking in indexes: https://pypi.org/simple",
    "HTTPS request from 10.0.0.4:1234 to ok.example.com:443. Action: Allow. Rule Collection: c. Rule: r",
    '{"Fqdn":"ok.example.com","Action":"Allow","Protocol":"HTTPS","DestinationPort":443}',
    "    at Socket.connect (/app/node_modules/net/index.js:12:5)",
    "\t/go/src/main.go:123 +0x1d",
    "maintainer: team@corp.example.com",
    'Successfully pulled image "quay.io/a/b:1" in 2s',
]


@given(st.sampled_from(ERRORS), st.lists(st.sampled_from(BESIDE), max_size=4), st.booleans())
def test_only_what_failed_is_taken(error: str, beside: list[str], is_first: bool) -> None:
    """Whatever stands around an error, its host is the only destination."""
    lines = [error.format(host="api.partner.example"), *beside]
    found = find_destinations("\n".join(lines if is_first else lines[::-1]))
    assert [str(destination) for destination in found.destinations] == ["api.partner.example"]


@given(st.sampled_from(sorted(SERVICES)))
def test_ports_of_other_protocols_are_never_https(port: int) -> None:
    """Typed or pasted, such a port is the TCP or UDP that a network rule opens."""
    expected = (parse_destination(f"{SERVICES[port].transport}:api.example.com:{port}"),)
    assert read_destinations(f"api.example.com:{port}") == expected
    assert find_destinations(f"dial tcp api.example.com:{port}: i/o timeout").destinations == expected


def test_a_port_that_says_nothing_is_asked_back() -> None:
    """Neither taken for HTTPS nor left out."""
    with pytest.raises(InvalidFqdn, match=r"write https:api\.example\.com:9999"):
        read_destinations("api.example.com:9999")
    found = find_destinations("dial tcp api.example.com:9999: i/o timeout")
    assert found.destinations == ()
    assert "tcp:api.example.com:9999" in " ".join(found.explanations)


@pytest.mark.parametrize(
    "piece", ["see https://", '{"a":[', "Fqdn,Action\n", "lookup a", "a.b HTTPS:443 ", "image 'a/b' "]
)
def test_a_long_text_is_read(piece: str) -> None:
    """The longest message of one repeated piece gives an answer."""
    assert len(find_destinations((piece * 40_000)[:40_000]).explanations) < 10


@given(st.text(max_size=200) | st.lists(pasted_texts(), max_size=5).map("\n".join))
def test_never_raises(text: str) -> None:
    """Any text gives an answer, without repeats."""
    found = find_destinations(text)
    assert len(set(found.destinations)) == len(found.destinations)
    assert len(set(found.explanations)) == len(found.explanations)
