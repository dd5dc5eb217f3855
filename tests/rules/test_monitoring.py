"""What is watched: metrics, alerts, dashboard and runbook agree with each other and with the code."""

import json
import re

from bot.metrics import Facts, scrape
from tests.build import make_world
from tests.rules.tree import ROOT

MONITORING = ROOT / "deploy" / "monitoring"
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
ALERTS = (MONITORING / "alerts.yaml").read_text(encoding="utf-8")
CASES = (MONITORING / "alerts_test.yaml").read_text(encoding="utf-8")
SUFFIX = re.compile("_(bucket|count|sum)$")
NAME = re.compile(r"\begress_[a-z_]+")


def documented() -> set[str]:
    """The metrics of the table."""
    return set(re.findall(r"^\| `(egress_[a-z_]+)` \| (?:counter|gauge|histogram) \|", OPERATIONS, re.MULTILINE))


def test_every_metric_is_in_the_table(sqlite_url: str) -> None:
    """And the table has no other."""
    world = make_world(sqlite_url)
    _, _, text = scrape(Facts(world.store, world.clock))
    world.store.close()
    exposed = set(re.findall(r"^# TYPE (egress_[a-z_]+) ", text, re.MULTILINE))
    assert {name for name in exposed if not name.endswith("_created")} == documented()


def test_alerts_and_panels_ask_for_metrics_that_there_are() -> None:
    """By their names in Prometheus."""
    dashboard = json.loads((MONITORING / "dashboard.json").read_text(encoding="utf-8"))
    panels = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    asked = {SUFFIX.sub("", name) for name in NAME.findall("\n".join([*panels, *re.findall("expr: (.+)", ALERTS)]))}
    assert asked - documented() == set()
    assert documented() - {SUFFIX.sub("", name) for name in NAME.findall(" ".join(panels))} == set()


def test_every_alert_has_its_section_and_its_case() -> None:
    """The link leads to a heading of the runbook; promtool is given a time when it fires."""
    alerts = re.findall("- alert: (.+)", ALERTS)
    assert re.findall("^### (.+)", OPERATIONS, re.MULTILINE) == alerts
    assert re.findall(r"runbook_url: \S+/docs/operations.md#(\S+)", ALERTS) == [name.lower() for name in alerts]
    assert re.findall("^  - name: (Egress.+)", CASES, re.MULTILINE) == alerts
