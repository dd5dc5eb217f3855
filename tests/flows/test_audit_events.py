"""Audit events tell the whole story: what was written where, for whom, through which operation, and what came of it."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from jsonschema import Draft202012Validator

from bot import allowances, auditing, exporting, scaling
from bot.allowances import Draft
from bot.approvals import Decision
from bot.domain.audit import Action, AuditFilter, Event
from bot.domain.audit_schema import schema
from bot.domain.fqdn import parse_destination
from bot.domain.people import SYSTEM
from bot.domain.snat import CountGoal
from bot.errors import NotPermitted
from bot.ports import Caller
from bot.scaling import Wish
from tests.build import APPROVER, AUDITOR, DEV, DEV2, TEAM, World, make_world
from tests.flows.writer_stage import HOUR, ask, by_hand, events, resource

GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SECRETS = re.compile(r"sig=|bearer |t=\d{10,}|xox[bp]-", re.IGNORECASE)


@pytest.fixture
def world(sqlite_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(sqlite_url)
    yield made
    made.store.close()


def facts(event: Event) -> dict[str, str]:
    """Its facts by name."""
    return dict(event.detail)


def of(world: World, action: Action) -> list[Event]:
    """The events of one kind, oldest first."""
    return events(world, "", action)


def as_exported(world: World) -> list[dict[str, object]]:
    """Every event as auditors get it."""
    [events, _] = auditing.export(world.ctx, AUDITOR, AuditFilter(), "jsonl").parts("log", "jsonl")
    return [json.loads(line) for line in events.text.splitlines()]


def test_a_write_names_what_it_carried_and_how_azure_called_it(world: World) -> None:
    """Begun, accepted and done have one correlation; what is removed is carried, too."""
    one, two = ask(world, "a.example.com"), ask(world, "b.example.com")
    world.settle()
    begun, accepted, done = (of(world, action)[0] for action in _WRITE)
    assert begun.correlation == accepted.correlation == done.correlation != ""
    assert facts(done)["allowances"].split() == sorted([one.id, two.id])
    assert facts(done)["target"] == begun.subject
    assert (facts(done)["target_kind"], facts(done)["status"]) == ("policy", "Succeeded")
    assert (facts(done)["before"], facts(done)["after"]) == (facts(begun)["before"], facts(begun)["after"])
    assert GUID.fullmatch(facts(accepted)["operation"])
    assert GUID.fullmatch(facts(done)["request_id"])
    assert 200 < float(facts(done)["seconds"]) < 400
    allowances.end(world.ctx, DEV, one.id)
    world.settle()
    assert facts(of(world, Action.FIREWALL_DONE)[-1])["allowances"] == one.id


_WRITE = (Action.FIREWALL_BEGIN, Action.FIREWALL_ACCEPT, Action.FIREWALL_DONE)


def test_a_refused_write_has_azures_request_id(world: World) -> None:
    """Support asks for it."""
    world.arm.add_fault({"method": "PUT", "path": "rcg-aks-egress$", "times": 1, "status": 400, "code": "Wrong"})
    asked = ask(world)
    world.settle()
    refused = facts(of(world, Action.FIREWALL_FAIL)[0])
    assert (refused["status"], refused["code"], refused["allowances"]) == ("Refused", "Wrong", asked.id)
    assert GUID.fullmatch(refused["request_id"])


def test_a_repeated_write_carries_what_waits_for_it(world: World) -> None:
    """Azure ended the first one as failed; the rules may be there already, and they count once they were written."""
    world.arm.add_fault({"method": "PUT", "path": "rcg-aks-egress$", "times": 1, "fail_operation": True})
    asked = ask(world)
    world.settle()
    assert facts(of(world, Action.FIREWALL_FAIL)[0])["allowances"] == asked.id
    assert facts(of(world, Action.FIREWALL_DONE)[-1])["allowances"] == asked.id


def test_drift_names_whose_rules_it_is_about(world: World) -> None:
    """Somebody removed all of them."""
    asked = ask(world)
    world.settle()
    by_hand(world, "/rulecollectiongroups/rcg-aks-egress", ruleCollections=[])
    world.work(timedelta(minutes=15))
    drift = facts(of(world, Action.FIREWALL_DRIFT)[0])
    assert (drift["allowances"], drift["carried"]) == (asked.id, "1")
    world.settle()


def test_a_scale_names_operation_and_outcome(world: World) -> None:
    """From the proposal to the addresses that were read back."""
    asked = scaling.propose(world.ctx, DEV, Wish("aks-lb", CountGoal(2), "more ports"))
    if asked.approved_at is None:
        scaling.decide(world.ctx, APPROVER, Decision(asked.id, is_approved=True))
    world.settle()
    accepted, done = of(world, Action.SCALE_ACCEPT)[0], of(world, Action.SCALE_DONE)[0]
    assert (accepted.subject, accepted.cluster) == (asked.id, "aks-lb")
    assert GUID.fullmatch(facts(accepted)["request_id"])
    assert (facts(accepted)["before"], facts(accepted)["after"], facts(done)["status"]) == ("1", "2", "Succeeded")
    assert float(facts(done)["seconds"]) > 60
    assert len(facts(done)["ips_after"].split()) == 2


def test_an_act_has_its_actors_name_and_connects_with_its_notices(world: World) -> None:
    """The display name then, and one id from the act to what people are told."""
    asked = ask(world)
    (requested,) = of(world, Action.ALLOWANCE_REQUEST)
    assert requested.actor_name == "Name of UDEV0001"
    assert facts(requested)["verdict"] == "ask"
    assert "then=ask" in facts(requested)["rule_text"]
    world.settle()
    denier = Caller(DEV.identity, "slack:button", "c0ffee42")
    allowances.end(world.ctx, denier, asked.id)
    assert of(world, Action.ALLOWANCE_REVOKE)[0].correlation == "c0ffee42"
    world.settle()
    told = [n for n in world.said.notices if n.body.get("correlation") == "c0ffee42"]
    assert {notice.body["event"] for notice in told} == {"revoked"}


def test_every_event_of_a_life_has_the_documented_form_and_no_secret(world: World) -> None:
    """Requested, narrowed, approved, live, renewed, revoked, refused, drifted, scaled, exported, read."""
    test_a_write_names_what_it_carried_and_how_azure_called_it(world)
    test_a_scale_names_operation_and_outcome(world)
    allowances.request(world.ctx, DEV, Draft("aks-udr", (parse_destination("c.example.com"),), "why", 8 * HOUR))
    auditing.refuse(world.ctx, DEV2, "approve", NotPermitted("No."), auditing.Attempt("a1", "aks-udr"))
    exporting.export(world.ctx, DEV, "aks-udr", "bicep")
    assert of(world, Action.RULES_EXPORT)[0].cluster == "aks-udr"
    check = Draft202012Validator(schema(), format_checker=Draft202012Validator.FORMAT_CHECKER)
    exported = as_exported(world)
    assert len(exported) > 20
    assert [error.message for event in exported for error in check.iter_errors(event)] == []
    assert not SECRETS.search(json.dumps(exported))
    assert resource(world, "/managedclusters/aks-lb")["id"].startswith("/subscriptions")
    assert {event["team"] for event in exported} <= {TEAM, SYSTEM.team}
