"""Risk: each reason, the order, the sum, and that more never weighs less."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.fqdn import SERVICES, Destination, parse_destinations, parse_fqdn, skeleton, suffix_of
from bot.domain.risk import DEFAULT_TABLE, Level, Subject, assess, narrower
from bot.domain.risk.hosts import PORT_RISKS
from tests.strategies import destinations, durations

WEEK = timedelta(days=7)


def codes(text: str, duration: timedelta | None = WEEK, environment: str = "", private: str = "") -> list[str]:
    """The reason codes for a list of destinations."""
    private_names = frozenset(private.split())
    subject = Subject(parse_destinations(text), duration, environment=environment, private_names=private_names)
    return [reason.code for reason in assess(subject).reasons]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("registry-1.docker.io", []),
        ("mcr.microsoft.com", []),
        ("login.microsoftonline.com", []),
        ("www.google.com.hk", []),
        ("*.docker.io", ["wildcard_domain"]),
        ("*.data.mcr.microsoft.com", ["wildcard_deep"]),
        ("*.blob.core.windows.net", ["wildcard_shared"]),
        ("*.windows.net", ["wildcard_shared"]),
        ("*.mine.blob.core.windows.net", ["wildcard_deep"]),
        ("mine.blob.core.windows.net", ["shared_hosting"]),
        ("*.s3.eu-west-1.amazonaws.com", ["wildcard_shared"]),
        ("*.eu-west-1.amazonaws.com", ["wildcard_shared"]),
        ("*.mybucket.s3.eu-west-1.amazonaws.com", ["wildcard_deep"]),
        ("mybucket.s3.eu-west-1.amazonaws.com", ["shared_hosting"]),
        ("*.execute-api.eu-central-1.amazonaws.com", ["wildcard_shared"]),
        ("*.elb.eu-west-1.amazonaws.com", ["wildcard_shared"]),
        ("*.eu-west-1.elb.amazonaws.com", ["wildcard_shared"]),
        ("*.elb.amazonaws.com", ["wildcard_shared"]),
        ("*.lambda-url.eu-west-1.on.aws", ["wildcard_shared"]),
        ("*.a.run.app", ["wildcard_shared"]),
        ("*.run.app", ["wildcard_shared"]),
        ("*.europe-west1.run.app", ["wildcard_shared"]),
        ("x-uc.a.run.app", ["shared_hosting"]),
        ("*.postgres.database.azure.com", ["wildcard_shared"]),
        ("*.database.azure.com", ["wildcard_shared"]),
        ("*.azconfig.io", ["wildcard_shared"]),
        ("*.z6.blob.storage.azure.net", ["wildcard_shared"]),
        ("*.blob.storage.azure.net", ["wildcard_shared"]),
        ("md-1.z6.blob.storage.azure.net", ["shared_hosting"]),
        ("*.servicebus.windows.net", ["wildcard_shared"]),
        ("*.redis.cache.windows.net", ["wildcard_shared"]),
        ("*.westeurope.redis.azure.net", ["wildcard_shared"]),
        ("*.westeurope.cloudapp.azure.com", ["wildcard_shared"]),
        ("*.mine.westeurope.cloudapp.azure.com", ["wildcard_deep"]),
        ("mine.westeurope.cloudapp.azure.com", ["shared_hosting"]),
        ("*.z6.web.core.windows.net", ["wildcard_shared"]),
        ("*.core.windows.net", ["wildcard_shared"]),
        ("*.westeurope.azurecontainer.io", ["wildcard_shared"]),
        ("*.westeurope-01.azurewebsites.net", ["wildcard_shared"]),
        ("mine.azurewebsites.net", ["shared_hosting"]),
        ("*.fra1.digitaloceanspaces.com", ["wildcard_shared"]),
        ("*.eu.r2.cloudflarestorage.com", ["wildcard_shared"]),
        ("http:example.com", ["plain_http"]),
        ("https:example.com:8443", ["unusual_port"]),
        ("mssql:db.example.com", ["mssql"]),
        ("tcp:db.example.com:5432", ["by_address", "database"]),
        ("tcp:git.example.com:22", ["remote_login", "by_address"]),
        ("tcp:smtp.example.com:587", ["mail", "by_address"]),
        ("tcp:files.example.com:445", ["file_transfer", "by_address"]),
        ("tcp:x.example.com:23", ["by_address", "cleartext"]),
        ("udp:ntp.example.com:123", ["by_address", "udp"]),
        ("tcp:x.example.com:9999", ["by_address", "unusual_port"]),
        ("tcp:kafka.example.com:9093", ["by_address"]),
        ("x.ngrok-free.app", ["tunnel", "shared_hosting"]),
        ("*.pastebin.com", ["paste", "wildcard_domain"]),
        ("www.torproject.org", ["anonymiser"]),
        ("transfer.sh", ["file_drop"]),
        ("me.duckdns.org", ["dynamic_dns", "shared_hosting"]),
        ("raw.githubusercontent.com", ["raw_content", "shared_hosting"]),
        ("*.githubusercontent.com", ["wildcard_shared", "raw_content"]),
        ("bit.ly", ["shortener"]),
        ("rnicrosoft.com", ["look_alike"]),
        ("g00gle.com", ["look_alike"]),
        ("github.com.evil.example", ["look_alike"]),
        ("b\u00fccher.example", ["international"]),
        ("g\u043eogle.com", ["homograph", "look_alike", "international"]),
    ],
)
def test_reasons_of_one_destination(text: str, expected: list[str]) -> None:
    """Each list and each rule finds its own, heaviest first, and ordinary names have no reason."""
    assert codes(text) == expected


def test_reasons_of_the_whole() -> None:
    """Duration, production, number and private addresses count beside the names."""
    assert codes("example.com", timedelta(days=31)) == ["long_duration"]
    assert codes("example.com", timedelta(days=30)) == []
    assert codes("example.com", None) == ["unlimited_duration"]
    assert codes("example.com", environment="Production") == ["production"]
    assert codes("example.com", private="example.com") == ["private_name"]
    many = " ".join(f"n{number}.example.com" for number in range(11))
    assert codes(many) == ["many_destinations"]
    in_bundle = Subject(parse_destinations(many), WEEK, is_bundle=True)
    assert assess(in_bundle).reasons == ()


def test_every_risk_of_a_port_is_about_a_known_protocol() -> None:
    """The table speaks of names that the services have."""
    assert set(PORT_RISKS) <= {service.name for service in SERVICES.values()}
    assert set(PORT_RISKS.values()) <= set(DEFAULT_TABLE.weights)


def test_other_dns_servers_count_for_network_rules_only() -> None:
    """The firewall itself resolves names in application rules."""
    told = "Pods resolve names elsewhere."
    by_name, by_address = (parse_destinations(text) for text in ("example.com", "tcp:example.com:22"))
    assert "other_dns" not in {reason.code for reason in assess(Subject(by_name, WEEK, dns=told)).reasons}
    assert told in [reason.sentence for reason in assess(Subject(by_address, WEEK, dns=told)).reasons]


def test_levels_and_sum() -> None:
    """The score is the sum of the weights, at most 100, and the level follows the thresholds."""
    risk = assess(Subject(parse_destinations("http:pastebin.com"), None, "prod"))
    assert risk.score == min(100, sum(reason.weight for reason in risk.reasons))
    assert risk.level is Level.CRITICAL
    assert assess(Subject(parse_destinations("*.docker.io"), WEEK)).level is Level.MEDIUM
    assert assess(Subject((), WEEK)).score == 0
    assert [level.rank for level in Level] == [0, 1, 2, 3]


def test_one_sentence_for_many() -> None:
    """A reason that several destinations share is told once, with the number of the others."""
    (reason,) = assess(Subject(parse_destinations("http:a.example http:b.example http:c.example"), WEEK)).reasons
    assert reason.sentence == (
        "a.example is reached over plain HTTP: traffic can be read and changed in transit. The same goes for 2 more."
    )


@given(st.lists(destinations(), max_size=12), destinations(), durations(), durations(), st.sampled_from(["", "prod"]))
def test_more_never_weighs_less(
    asked: list[Destination], other: Destination, one: timedelta | None, two: timedelta | None, environment: str
) -> None:
    """Another destination, or a longer duration, never lowers the score."""
    shorter, longer = sorted((one, two), key=lambda duration: duration or timedelta.max)
    base = assess(Subject(tuple(asked), shorter, environment))
    assert base.score <= assess(Subject((other, *asked), shorter, environment)).score
    assert base.score <= assess(Subject(tuple(asked), longer, environment)).score
    assert list(base.reasons) == sorted(base.reasons, key=lambda reason: (-reason.weight, reason.code))


def test_tables_are_canonical_and_distinct() -> None:
    """Every name of the tables parses to itself, and no two well-known domains are taken for each other."""
    listed = {host for listing in DEFAULT_TABLE.hosts.values() for host in listing.hosts}
    shared = {suffix.replace("*", "region") for suffix in DEFAULT_TABLE.shared_suffixes}
    for name in listed | shared | DEFAULT_TABLE.well_known:
        assert parse_fqdn(name) == name
    assert len({skeleton(name) for name in DEFAULT_TABLE.well_known}) == len(DEFAULT_TABLE.well_known)
    assert set(DEFAULT_TABLE.hosts) <= set(DEFAULT_TABLE.weights)


@given(st.sampled_from(sorted(DEFAULT_TABLE.shared_suffixes)), st.sampled_from(["westeurope", "eu-west-1", "z6"]))
def test_no_wildcard_takes_every_customer_of_a_shared_suffix(suffix: str, region: str) -> None:
    """Whatever its depth: the suffix itself, and every domain above it that somebody registered."""
    base = suffix.replace("*", region)
    while base.count(".") >= 1 and base != suffix_of(base).registry:
        found = {reason.code for reason in assess(Subject((Destination(f"*.{base}"),), WEEK)).reasons}
        assert "wildcard_shared" in found, base
        base = base.partition(".")[2]


def test_narrower() -> None:
    """A wildcard is answered with the known names below it; a name has nothing narrower."""
    known = ["b.example.com", "a.example.com", "*.example.com", "*.x.example.com", "example.com", "a.example.com"]
    assert narrower(Destination("*.example.com"), known) == ("*.x.example.com", "a.example.com", "b.example.com")
    assert narrower(Destination("a.example.com"), known) == ()
