"""From pasted errors to destinations, and the words for what they mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.paste import find_destinations
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
        ("ssh: connect to host github.com port 22: Connection timed out", []),
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
        ("Action: Deny. Reason: No rule matched. Proceeding with default action", "An allowance is what is missing"),
        ("Action: Deny. Policy: p. Rule Collection Group: g. Rule Collection: c. Rule: r", "A rule denied it"),
        ('{"Fqdn":"a.example","RuleCollection":"c","Rule":"r","Action":"Deny"}', "A rule denied it"),
        ("Action: Deny. ThreatIntel: Bot Networks", "threat intelligence"),
        ("HTTP/1.1 470 status code 470", "own answer"),
        ("read: connection reset by peer", "cut while TLS"),
        ("ssl.SSLEOFError: EOF occurred in violation of protocol", "cut while TLS"),
        ("lookup a.example.com: no such host", "did not resolve"),
        ("dial tcp 1.2.3.4:443: i/o timeout", "Nothing answered in time"),
        ("x509: certificate signed by unknown authority", "CA must be trusted"),
        ("ssh: connect to host github.com port 22: refused", "port 22 is SSH"),
        ("dial tcp 10.0.0.1:443: connect: refused", "10.0.0.1 is an IP address"),
        ("lookup db.shop.svc.cluster.local: refused", "inside the cluster"),
    ],
)
def test_explanations(text: str, part_of_explanation: str) -> None:
    """What the text means is said in plain words."""
    assert any(part_of_explanation in sentence for sentence in find_destinations(text).explanations)


def test_addresses_beside_a_name_are_not_mentioned() -> None:
    """What a name resolved to is no news when the name itself was found."""
    found = find_destinations('Get "https://a.example.com/": dial tcp 1.2.3.4:443: connect: refused')
    assert not any("IP address" in sentence for sentence in found.explanations)


@given(st.text(max_size=200) | st.lists(pasted_texts(), max_size=5).map("\n".join))
def test_never_raises(text: str) -> None:
    """Any text gives an answer, without repeats."""
    found = find_destinations(text)
    assert len(set(found.destinations)) == len(found.destinations)
    assert len(set(found.explanations)) == len(found.explanations)
