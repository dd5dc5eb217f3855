"""Bundles with parameters in Slack: typed, in the form, renewed, asked for again, and kept true everywhere."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot import allowances, auditing
from bot.allowances import Draft
from bot.approvals import Decision
from bot.config import checked_configuration, configuration_from
from bot.domain.allowance import Allowance
from bot.domain.audit import AuditFilter
from bot.domain.fqdn import parse_destinations
from bot.errors import InvalidInput
from handlers import actions, commands, views
from handlers.blocks.allowance_card import allowance_card
from handlers.blocks.estimate import Waiting
from handlers.hosts import HostWords
from handlers.replies import Message, OpenModal, UpdateModal, View
from handlers.request_form import RequestForm
from tests.blockkit import assert_valid
from tests.build import APPROVER, AUDITOR, CONFIG, DEV, World, make_world
from tests.listeners.calling import all_text, pressed, submitted, typed
from tests.listeners.test_whole_input import fields_of

REGIONAL = """
[bundles.flux]
title = "Flux on AKS"
destinations = ["{region}.dp.kubernetesconfiguration.azure.com", "{tenant}.{region}.config.example.com"]
[bundles.flux.parameters.region]
title = "Azure region"
pattern = "[a-z0-9]{4,30}"
example = "northeurope"
from_cluster = "location"
[bundles.flux.parameters.tenant]
title = "Tenant"
pattern = "[a-z]+"
example = "acme"
[[approval.rules]]
name = "storage"
then = "grant"
reason = "Our own accounts."
bundles = ["azure-storage"]
"""
NAMES = [f"mydata.{kind}.core.windows.net" for kind in ("blob", "dfs", "file", "queue", "table")]


@pytest.fixture
def world(sqlite_url: str, tmp_path: Path) -> Iterator[World]:
    """A world with a bundle that has the cluster's region in it, and a grant for storage accounts."""
    path = tmp_path / "egress.toml"
    path.write_text(CONFIG.read_text(encoding="utf-8") + REGIONAL)
    made = make_world(sqlite_url, book=checked_configuration(configuration_from(path)))
    yield made
    made.store.close()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("aks bundle:azure-storage account=mydata a.b", HostWords("aks", "", "azure-storage(account=mydata)", "a.b")),
        ("aks bundle:s(account=a, region=b) a.b", HostWords("aks", "", "s(account=a,region=b)", "a.b")),
        ("aks BUNDLE:s(account=a,region=b)", HostWords("aks", "", "s(account=a,region=b)", "")),
        ("aks bundle:s pool:np1 account=a, region=b a.b", HostWords("aks", "np1", "s(account=a,region=b)", "a.b")),
        ("aks bundle:s \u201ckey\u201d=v", HostWords("aks", "", "s", "\u201ckey\u201d=v")),
        ("aks account=a a.b", HostWords("aks", "", "", "account=a a.b")),
    ],
)
def test_values_are_typed_behind_the_bundle(words: str, expected: HostWords) -> None:
    """In parentheses, or as words of their own."""
    assert HostWords.parse(words) == expected


def opened(world: World, words: str) -> View:
    """The form that a command opens."""
    reply = commands.request(world.ctx, typed(DEV, words))
    assert isinstance(reply, OpenModal)
    assert_valid(reply.view, "modal")
    return reply.view


def newest(world: World) -> Allowance:
    """What was asked last."""
    return allowances.requests(world.ctx, DEV, "mine")[0]


def card(world: World, one: Allowance) -> Message:
    """Its card."""
    return allowance_card(one, world.ctx.config, world.clock.now(), Waiting())


def test_what_is_typed_is_filed_granted_and_shown_with_its_value(world: World) -> None:
    """Card, audit and export of the form say the same; the grant is for these names."""
    form = fields_of(opened(world, "aks-udr bundle:azure-storage account=mydata"))
    assert (form["bundle"], form["bundle.account"]) == ("azure-storage", "mydata")
    views.request(world.ctx, submitted(DEV, form | {"reason": "billing"}))
    made = newest(world)
    assert made.ask.bundle == "azure-storage(account=mydata)"
    assert [str(one) for one in made.destinations] == NAMES
    assert (made.verdict.kind, made.verdict.rule) == ("grant", "storage")
    said = all_text(card(world, made))
    assert "`azure-storage(account=mydata)` (5 names)" in said
    assert "Azure Storage account: account mydata" in said
    assert "not in the bundle" not in said
    event = auditing.search(world.ctx, AUDITOR, AuditFilter(subject=made.id)).events[-1].event
    assert ("bundle", "azure-storage(account=mydata)") in event.detail
    assert not dict(event.detail).get("beyond_bundle")


def test_another_account_beside_it_is_beyond_the_bundle(world: World) -> None:
    """People decide about it, and are told."""
    hosts = parse_destinations("other.blob.core.windows.net")
    draft = Draft("aks-udr", hosts, "why", timedelta(hours=8), bundle="azure-storage account=mydata")
    made = allowances.request(world.ctx, DEV, draft)
    assert made.verdict.kind == "ask"
    assert "`other.blob.core.windows.net`" in all_text(card(world, made))
    event = auditing.search(world.ctx, AUDITOR, AuditFilter(subject=made.id)).events[-1].event
    assert ("beyond_bundle", "other.blob.core.windows.net") in event.detail


def test_choosing_the_bundle_draws_the_fields_for_its_values(world: World) -> None:
    """Without a complaint about what nobody could fill in yet; the region is optional and names the cluster's."""
    form = fields_of(opened(world, "aks-udr")) | {"bundle": "flux"}
    drawn = views.choose_bundle(world.ctx, submitted(DEV, form))
    assert isinstance(drawn, UpdateModal)
    assert_valid(drawn.view, "modal")
    by_id = {block.get("block_id"): block for block in drawn.view["blocks"]}
    assert by_id["bundle"]["dispatch_action"] is True
    assert by_id["bundle.region"]["optional"] is True
    assert by_id["bundle.region"]["element"]["placeholder"]["text"] == "westeurope"
    assert (by_id["bundle.tenant"]["label"]["text"], by_id["bundle.tenant"]["optional"]) == ("Tenant", False)
    assert ":warning:" not in str(drawn.view)
    again = views.choose_bundle(world.ctx, submitted(DEV, form | {"bundle": "azure-storage", "bundle.tenant": "acme"}))
    assert isinstance(again, UpdateModal)
    assert [one for one in fields_of(again.view) if one.startswith("bundle.")] == ["bundle.account"]


def test_the_region_is_the_clusters_and_stays_what_it_was(world: World) -> None:
    """It is in the stored name; a renewal asks for the same names."""
    form = fields_of(opened(world, "aks-udr")) | {"bundle": "flux", "bundle.tenant": "acme", "reason": "gitops"}
    views.request(world.ctx, submitted(DEV, form))
    made = newest(world)
    assert made.ask.bundle == "flux(region=westeurope,tenant=acme)"
    assert "westeurope.dp.kubernetesconfiguration.azure.com" in [str(one) for one in made.destinations]
    allowances.decide(world.ctx, APPROVER, Decision(made.id, is_approved=True))
    world.settle()
    again = allowances.renew(world.ctx, DEV, made.id)
    assert (again.ask.bundle, again.destinations) == (made.ask.bundle, made.destinations)


def test_a_wrong_value_is_said_at_its_field(world: World) -> None:
    """And recorded with what was tried."""
    form = fields_of(opened(world, "aks-udr bundle:azure-storage account=My_Data")) | {"reason": "why"}
    assert form["bundle.account"] == "my_data"
    with pytest.raises(InvalidInput, match="“my_data” is not a valid account") as refused:
        views.request(world.ctx, submitted(DEV, form))
    assert refused.value.field == "bundle.account"


def test_typed_hosts_suggest_the_bundle_and_one_field_takes_it(world: World) -> None:
    """The form says so; what is taken stays taken when the form is drawn again."""
    view = opened(world, f"aks-udr {NAMES[0]}")
    assert "This is part of bundle `azure-storage(account=mydata)`" in str(view)
    (field,) = (one for one in view["blocks"] if one.get("block_id") == "suggested")
    (offered,) = field["element"]["options"]
    form = fields_of(view) | {"suggested": offered["value"], "reason": "why"}
    drawn = views.preview(world.ctx, submitted(DEV, form))
    assert isinstance(drawn, UpdateModal)
    assert_valid(drawn.view, "modal")
    assert fields_of(drawn.view)["suggested"] == offered["value"]
    views.request(world.ctx, submitted(DEV, fields_of(drawn.view) | {"reason": "why"}))
    made = newest(world)
    assert (made.ask.bundle, [str(one) for one in made.destinations]) == (offered["value"], NAMES)


def test_a_plain_bundle_is_suggested_too(world: World) -> None:
    """And none where nothing belongs to any, or where one was chosen."""
    assert "This is part of bundle `pypi`" in str(opened(world, "aks-udr pypi.org"))
    assert "part of" not in str(opened(world, "aks-udr nothing.example.com"))
    assert "part of bundle" not in str(opened(world, "aks-udr bundle:npm pypi.org"))


def test_it_is_asked_for_again_with_its_values(world: World) -> None:
    """The form has them in their fields, and hosts beyond the bundle beside it."""
    hosts = parse_destinations("other.blob.core.windows.net")
    draft = Draft("aks-udr", hosts, "why", timedelta(hours=8), bundle="azure-storage account=mydata")
    made = allowances.request(world.ctx, DEV, draft)
    allowances.decide(world.ctx, APPROVER, Decision(made.id, is_approved=False, reason="no"))
    reply = actions.request_again(world.ctx, pressed(DEV, id=made.id))
    assert isinstance(reply, OpenModal)
    form = RequestForm.parse(fields_of(reply.view))
    assert (form.bundle, form.destinations) == ("azure-storage(account=mydata)", "other.blob.core.windows.net")
    views.request(world.ctx, submitted(DEV, fields_of(reply.view)))
    assert newest(world).ask == made.ask


def test_a_pattern_that_became_narrower_is_no_bundle_any_more(world: World) -> None:
    """What was filed before is shown name by name, and no grant for the bundle holds."""
    draft = Draft("aks-udr", (), "why", timedelta(hours=8), bundle="flux tenant=acme")
    made = allowances.request(world.ctx, DEV, draft)
    flux = world.ctx.config.bundles["flux"]
    tenant = replace(flux.parameters["tenant"], pattern="[a-c]")
    narrower = replace(flux, parameters={**flux.parameters, "tenant": tenant})
    book = replace(world.ctx.config, bundles={**world.ctx.config.bundles, "flux": narrower})
    assert dict(book.filled(made.ask.bundle)) == {}
    assert book.beyond(made.ask.bundle, made.destinations) == made.destinations
    said = all_text(allowance_card(made, book, world.clock.now(), Waiting()))
    assert "no longer configured" in said


def test_a_check_fills_the_bundle_and_its_button_keeps_the_values(world: World) -> None:
    """Each of its names is evaluated."""
    reply = commands.check(world.ctx, typed(DEV, "aks-udr bundle:azure-storage account=mydata"))
    assert not isinstance(reply, tuple)
    assert "azure-storage(account=mydata)" in str(reply)
    assert all(name in str(reply) for name in NAMES)


@pytest.mark.parametrize(
    ("words", "cluster", "hosts"),
    [
        ("aks-a,aks-b a.com b.com", "aks-a,aks-b", "a.com b.com"),
        ("aks-a, aks-b a.com", "aks-a,aks-b", "a.com"),
        ("aks-a ,aks-b/np1 a.com, b.com", "aks-a,aks-b/np1", "a.com, b.com"),
        ("aks-a a.com, b.com", "aks-a", "a.com, b.com"),
        ("aks-a", "aks-a", ""),
        ("", "", ""),
    ],
)
def test_commas_join_clusters(words: str, cluster: str, hosts: str) -> None:
    """Not hosts: those come after the first word without a comma."""
    found = HostWords.parse(words)
    assert (found.cluster, found.hosts) == (cluster, hosts)
