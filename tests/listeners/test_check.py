"""``check``, the trace behind it, and the request form that knows what is allowed already."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from bot import allowances, checking
from bot.errors import AlreadyAllowed, CannotTakeEffect, InvalidFqdn, InvalidInput
from bot.ports import Caller
from bot.sandbox.slack.content import content_from_args
from handlers import actions, commands, views
from handlers.calls import Call
from handlers.hosts import HostWords
from handlers.replies import Ephemeral, OpenModal, UpdateModal
from tests.blockkit import assert_valid
from tests.build import DEV, World, make_world
from tests.listeners.calling import FORM, pressed, submitted, text_of, typed


@pytest.fixture
def world(sqlite_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(sqlite_url)
    yield made
    made.store.close()


def checked(world: World, words: str) -> str:
    """The text of a check."""
    return text_of(commands.check(world.ctx, typed(DEV, words)))


def buttons(world: World, words: str) -> dict[str, Mapping[str, str]]:
    """The buttons of a check, with what they carry."""
    reply = commands.check(world.ctx, typed(DEV, words))
    assert isinstance(reply, Ephemeral)
    rows = [block["elements"] for block in reply.message.blocks if block["type"] == "actions"]
    accessories = [block["accessory"] for block in reply.message.blocks if "accessory" in block]
    every = [*accessories, *(one for row in rows for one in row)]
    return {one["action_id"]: json.loads(one["value"]) for one in every}


def form_of(opened: Any) -> dict[str, str]:
    """The fields of an opened form, as they would be submitted."""
    assert isinstance(opened, OpenModal)
    assert_valid(opened.view, "modal")
    inputs = {b["block_id"]: b["element"] for b in opened.view["blocks"] if b["type"] == "input"}
    return {
        name: element.get("initial_value") or element.get("initial_option", {}).get("value", "")
        for name, element in inputs.items()
    }


def notes_of(opened: Any) -> str:
    """The sentences on top of a form once the firewall's rules were read."""
    assert isinstance(opened, OpenModal)
    assert opened.then is not None
    view = opened.then()
    assert_valid(view, "modal")
    first = view["blocks"][0]
    return str(first["text"]["text"]) if first["type"] == "section" else ""


SAID = [
    ("aks-udr github.com", ["github.com: allowed", "`tools`", "`hub-policy`", "`rcg-platform`", "priority 200"]),
    (
        "aks-udr github.com",
        ["github.com: allowed by rule github in rule collection tools. No request needed."],
    ),
    (
        "aks-udr mcr.microsoft.com",
        [
            "mcr.microsoft.com: allowed by FQDN tag AzureKubernetesService in rule fqdn. No request needed.",
            "which Microsoft may change",
        ],
    ),
    ("aks-udr example.com", ["example.com: denied: no rule allows it. Request it below.", "open_request"]),
    (
        "aks-udr *.microsoft.com",
        [
            (
                "*.microsoft.com: depends on which name below the wildcard it is (rule fqdn). "
                "Check the names you need one by one, or request it below."
            ),
            "open_request",
        ],
    ),
    (
        "aks-udr vault.azure.net",
        [
            (
                "depends on whether the FQDN tag AzureKubernetesService includes names of add-ons (rule fqdn). "
                "Look for the name in the firewall's application rule log, or request it below."
            ),
            "the Key Vault provider",
        ],
    ),
    ("aks-udr https:example.com:8443", ["denied: no rule allows it", "open_request", "10.10.0.0/22"]),
    (
        "aks-udr https:mail.example.com:25",
        [
            "denied by rule smtp in rule collection deny-mail. An allowance cannot change this: ",
            "Ask its owner.",
            "`smtp`",
            "`base-policy`",
        ],
    ),
    (
        "aks-udr github.com http:example.net mssql:db.example.net *.azmk8s.io",
        [
            "1 of 4 allowed, 2 denied, 1 depends",
            "`github.com` allowed by rule github in rule collection tools.",
            "`http:example.net` denied: no rule allows it.",
            "`*.azmk8s.io` depends on which name below the wildcard it is (rule fqdn): check the names",
            "Full trace",
        ],
    ),
    (
        "aks-udr ssh.dev.azure.com:22",
        ["tcp:ssh.dev.azure.com:22: denied: no rule allows it", "open_request", "Make 10.0.0.4 the DNS server of"],
    ),
    ("aks-udr postgres://app@db.example.com:6432/orders", ["tcp:db.example.com:6432: denied: no rule allows it"]),
    (
        "aks-udr ntp.ubuntu.com:123",
        ["udp:ntp.ubuntu.com:123: allowed by rule time in rule collection aksfwnr", "No request needed."],
    ),
    (
        "aks-udr-classic tcp:db.example.com:5432",
        ["An allowance cannot change this yet. The DNS proxy of legacy-firewall is off", "--enable-dns-proxy true"],
    ),
    ("aks-udr-classic bundle:docker-hub", ["6 of 6 allowed", "docker-hub"]),
    ("aks-udr pool:nodepool1 github.com", ["node pool `nodepool1`"]),
    ("aks-udr curl: (6) Could not resolve host: github.com", ["github.com: allowed"]),
    ("aks-lb example.com", ["not filtered", "leaves directly"]),
    ("aks-udr-nva example.com", ["not known", "10.99.0.4"]),
    ("aks-none example.com", ["not filtered", "may leave through an address that Azure chooses"]),
    ("aks-block example.com", ["nothing leaves"]),
]


@pytest.mark.parametrize(("words", "parts"), SAID)
def test_the_verdict_comes_first(world: World, words: str, parts: list[str]) -> None:
    """In the headline, in words; then the rule and its place."""
    said = checked(world, words)
    assert [part for part in parts if part not in said] == []


def test_only_what_is_missing_can_be_asked_for(world: World) -> None:
    """The button's form holds it; what is allowed has no button."""
    assert "open_request" not in buttons(world, "aks-udr github.com")
    assert "open_request" not in buttons(world, "aks-udr mcr.microsoft.com")
    carried = buttons(world, "aks-udr github.com http:example.net example.com:8443")["open_request"]
    form = form_of(actions.open_request(world.ctx, pressed(DEV, **carried)))
    assert (form["cluster"], form["destinations"]) == ("aks-udr", "https:example.com:8443\nhttp:example.net")
    carried = buttons(world, "aks-udr bundle:pypi")["open_request"]
    form = form_of(actions.open_request(world.ctx, pressed(DEV, **carried)))
    assert (form["bundle"], form["destinations"]) == ("pypi", "")


def test_many_hosts_still_fit_a_button(world: World) -> None:
    """A hundred long names: the card and what its button carries are within Slack's limits."""
    hosts = " ".join(f"{'a' * 60}.{'b' * 60}.host{number}.example.com" for number in range(100))
    assert "0 of 100 allowed" in checked(world, f"aks-udr {hosts}")
    carried = buttons(world, f"aks-udr {hosts}")["open_request"]
    opened = actions.open_request(world.ctx, pressed(DEV, **carried))
    assert isinstance(opened, OpenModal)
    assert "host99.example.com" in str(opened.view)
    with pytest.raises(InvalidInput, match="Too many"):
        checked(world, f"aks-udr {hosts} one.more.example.com")


def test_the_whole_trace_is_a_button_away(world: World) -> None:
    """Nine steps for this host, in the firewall's order: parents first, then priorities; each with its why."""
    carried = buttons(world, "aks-udr example.com:8443")["trace"]
    opened = actions.trace(world.ctx, pressed(DEV, **carried))
    assert isinstance(opened, OpenModal)
    assert_valid(opened.view, "modal")
    assert opened.then is not None
    view = opened.then()
    assert_valid(view, "modal")
    text = str(view["blocks"])
    order = ["deny-mail", "aksfwnr", "databases", "allow-updates", "aksfwar", "tools", "built-in", "default deny"]
    places = [text.index(word) for word in order]
    assert places == sorted(places)
    assert "9. " in text


@pytest.mark.parametrize("words", ["", "aks-udr", "aks-udr pool:x"])
def test_a_check_needs_a_cluster_and_a_host(world: World, words: str) -> None:
    """The sentence says how it is written."""
    with pytest.raises(InvalidInput, match="/egress check CLUSTER"):
        commands.check(world.ctx, typed(DEV, words))


def test_a_wrong_host_is_refused_with_its_sentence(world: World) -> None:
    """As in a request."""
    with pytest.raises(InvalidFqdn, match="underscore"):
        commands.check(world.ctx, typed(DEV, "aks-udr bad_host"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", HostWords()),
        ("a", HostWords("a")),
        ("a  b.c\nd.e", HostWords("a", hosts="b.c\nd.e")),
        ("a pool:p bundle:x b.c", HostWords("a", "p", "x", "b.c")),
        ("a http:b.c pool:p", HostWords("a", hosts="http:b.c pool:p")),
        ("a POOL:p", HostWords("a", "p")),
        ("a pool: b.c", HostWords("a", hosts="pool: b.c")),
    ],
)
def test_words_are_taken_apart(text: str, words: HostWords) -> None:
    """Cluster, then what is named, then hosts as they were typed."""
    assert HostWords.parse(text) == words


def request(world: World, words: str, who: Caller = DEV) -> Any:
    """Type ``/egress request``."""
    return commands.request(world.ctx, typed(who, words))


def test_the_form_says_what_is_allowed_already(world: World) -> None:
    """With the rule, before submit; with narrower names for a wildcard, and the risk in sentences."""
    notes = notes_of(request(world, "aks-udr github.com *.docker.com"))
    assert "`github.com` is already allowed by rule github" in notes
    assert "hub.docker.com" in notes
    assert "opens every name of the whole domain docker.com" in notes
    assert "No request needed" in notes_of(request(world, "aks-udr github.com"))
    assert "by FQDN tag AzureKubernetesService in rule fqdn" in notes_of(request(world, "aks-udr mcr.microsoft.com"))
    assert "would have no effect: rule smtp" in notes_of(request(world, "aks-udr https:mail.example.com:25"))
    assert "no firewall filters it" in notes_of(request(world, "aks-lb"))


def test_a_submit_drops_what_is_allowed_and_says_so(world: World) -> None:
    """The form had the rules read; the answer names what was left out."""
    views.preview(world.ctx, submitted(DEV, FORM))
    told = text_of(views.request(world.ctx, submitted(DEV, FORM | {"destinations": "github.com api.example.com"})))
    assert "Left out because already allowed: `github.com`" in told
    with pytest.raises(AlreadyAllowed, match="rule github"):
        views.request(world.ctx, submitted(DEV, FORM | {"destinations": "github.com"}))
    with pytest.raises(CannotTakeEffect, match="rule smtp"):
        views.request(world.ctx, submitted(DEV, FORM | {"destinations": "https:mail.example.com:25"}))
    (made,) = allowances.requests(world.ctx, DEV, "mine")
    assert [str(one) for one in made.destinations] == ["api.example.com"]


def test_the_form_works_without_azure(world: World) -> None:
    """Who decides is still said; what is allowed is said not to be known."""
    fault = {"method": "GET", "path": "firewallPolicies", "times": 50, "status": 403, "code": "AuthorizationFailed"}
    world.arm.add_fault(fault)
    redrawn = views.preview(world.ctx, submitted(DEV, FORM))
    assert isinstance(redrawn, UpdateModal)
    assert_valid(redrawn.view, "modal")
    assert "could not be read" in str(redrawn.view["blocks"][0])
    assert "must approve" in str(redrawn.view["blocks"][0])


DENY_LINE = (
    "HTTPS request from 10.12.0.9:51234 to api.stripe.com:443. Action: Deny. No rule matched. "
    "Proceeding with default action"
)
PASTED = [
    (DENY_LINE, "aks-udr-classic", "api.stripe.com", "No rule matched"),
    (DENY_LINE.replace("No rule matched", "SNI TLS extension was missing"), "aks-udr-classic", "api.stripe.com", "SNI"),
    ('{"SourceIp":"10.14.0.7","Fqdn":"api.stripe.com","Action":"Deny"}', "aks-vwan", "api.stripe.com", ""),
    (f"aks-udr {DENY_LINE}", "aks-udr", "api.stripe.com", "No rule matched"),
    ("aks-udr curl: (6) Could not resolve host: api.stripe.com", "aks-udr", "api.stripe.com", "did not resolve"),
    ("curl: (6) Could not resolve host: api.stripe.com", "", "api.stripe.com", "did not resolve"),
    ("aks-udr https://pypi.org/simple/", "aks-udr", "pypi.org", ""),
    (
        "aks-udr *.hcp.&lt;region&gt;.azmk8s.io",
        "aks-udr",
        "*.hcp.westeurope.azmk8s.io",
        "replaced with the cluster's region, westeurope",
    ),
    (
        "aks-udr HTTPS request from 10.10.0.1:65. Action: Deny. Reason: SNI TLS extension was missing.",
        "aks-udr",
        "",
        "SNI",
    ),
    ("aks-udr bundle:docker-hub", "aks-udr", "", ""),
]


@pytest.mark.parametrize(("words", "cluster", "hosts", "note"), PASTED)
def test_an_error_becomes_a_request(world: World, words: str, cluster: str, hosts: str, note: str) -> None:
    """Hosts, what the error means, and the cluster whose ranges hold the source address."""
    opened = request(world, words)
    form = form_of(opened)
    assert (form["cluster"], form["destinations"]) == (cluster, hosts)
    assert note in str(opened.view["blocks"][0])


def test_the_shortcut_guesses_the_cluster(world: World) -> None:
    """From the deny line in the message."""
    form = form_of(actions.request_from_message(world.ctx, Call(DEV, text=DENY_LINE)))
    assert (form["cluster"], form["destinations"]) == ("aks-udr-classic", "api.stripe.com")


def test_a_bundle_is_shown_as_one(world: World) -> None:
    """In the answer and in the list."""
    told = text_of(views.request(world.ctx, submitted(DEV, FORM | {"destinations": "", "bundle": "docker-hub"})))
    assert "`docker-hub` (6 names)" in told
    assert "(6 names)" in text_of(commands.requests(world.ctx, typed(DEV, "mine")))
    checking.prepare(world.ctx, DEV, "aks-udr")
    told = text_of(views.request(world.ctx, submitted(DEV, FORM | {"destinations": "", "bundle": "github"})))
    assert "`github` (5 of its 7 names)" in told
    assert "Left out" in told


def test_a_mistyped_node_pool_is_no_request_for_the_whole_cluster(world: World) -> None:
    """It is refused with those that there are, before a form could lose it."""
    with pytest.raises(InvalidInput, match=r"has no node pool typo. Its node pools: \w+"):
        commands.request(world.ctx, typed(DEV, "aks-udr pool:typo example.com"))


def test_many_hosts_fit_one_answer(world: World) -> None:
    """Forty hosts, allowed and denied: every one has its line, within what Slack takes of a message."""
    hosts = [f"service-{number}.{'long-name-' * 3}example.com" for number in range(40)]
    reply = commands.check(world.ctx, typed(DEV, f"aks-udr {' '.join(hosts)}"))
    assert isinstance(reply, Ephemeral)
    content_from_args({"text": reply.message.text, "blocks": list(reply.message.blocks)})
    assert all(host in str(reply.message.blocks) for host in hosts)
