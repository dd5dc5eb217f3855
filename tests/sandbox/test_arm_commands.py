"""The simulated run command is as strict as the service, and its pods see what the simulated network lets through."""

import base64
import io
import json
import zipfile
from datetime import timedelta
from typing import Any

import pytest

from bot.sandbox.arm import ArmSubscription
from bot.sandbox.clock import ManualClock
from bot.sandbox.journal import Journal

GROUP = "/subscriptions/00000000-0000-0000-0000-00000000a001/resourcegroups"
BEARER = {"authorization": "Bearer x"}


def cluster(name: str) -> str:
    """The id of a fixed inhabitant."""
    return f"{GROUP}/rg-{name}/providers/Microsoft.ContainerService/managedClusters/{name}"


def packed(**files: str) -> str:
    """Files as run command takes them."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, text in files.items():
            archive.writestr(name.replace("_", "."), text)
    return base64.b64encode(made.getvalue()).decode()


class Tenant:
    """A simulated tenant at Azure's own pace."""

    def __init__(self) -> None:
        self.clock, self.journal = ManualClock(), Journal()
        self.arm = ArmSubscription(self.clock, self.journal, speed=1.0)

    def post(self, name: str, **body: Any) -> Any:
        """Send a command."""
        return self.arm.handle("POST", f"{cluster(name)}/runCommand?api-version=2026-08-01", BEARER, json.dumps(body))

    def look(self, url: str) -> Any:
        """Ask for a result."""
        return self.arm.handle("GET", url, BEARER)

    def run(self, name: str, targets: str = "0 https example.com 443\n", **files: str) -> Any:
        """Run the known command, and wait for its end; its properties."""
        sent = self.post(name, command="sh probe.sh", context=packed(probe_sh="x", targets=targets, **files))
        self.clock.advance(timedelta(seconds=60))
        return self.look(sent.headers["location"]).body["properties"]


def test_it_answers_as_recorded() -> None:
    """202 and a Location without Retry-After; Running with 202; the result with 200, also in a process that follows."""
    tenant = Tenant()
    sent = tenant.post("aks-lb", command="sh probe.sh", context=packed(probe_sh="x", targets="0 tcp a.example 22\n"))
    location = sent.headers["location"]
    assert (sent.status, sent.content, "retry-after" in sent.headers) == (202, b"", False)
    assert "/providers/Microsoft.ContainerService/managedclusters/aks-lb/commandResults/" in location
    running = tenant.look(location)
    assert (running.status, running.body["properties"]) == (202, {"provisioningState": "Running"})
    tenant.clock.advance(timedelta(seconds=11))
    later = ArmSubscription(tenant.clock, tenant.journal, speed=1.0).handle("GET", location, BEARER)
    properties = later.body["properties"]
    assert (later.status, properties["exitCode"], "reason" in properties) == (200, 0, False)
    assert properties["logs"] == "egress-probe attempt 0 tcp 0\negress-probe end\n"
    assert tenant.look(location.replace("commandResults/", "commandResults/0")).status == 404


@pytest.mark.parametrize(
    ("changes", "body", "status", "said"),
    [
        ({}, {"command": ""}, 400, "command is missing"),
        ({}, {"command": "ls", "context": "no zip"}, 400, "base64 encoded zip"),
        ({"apiServerAccessProfile": {"disableRunCommand": True}}, {"command": "ls"}, 400, "disabled"),
        ({"powerState": {"code": "Stopped"}}, {"command": "ls"}, 409, "stopped"),
        ({"aadProfile": {"managed": True}}, {"command": "ls"}, 400, "clusterToken"),
    ],
)
def test_it_refuses(changes: dict[str, Any], body: dict[str, Any], status: int, said: str) -> None:
    """What the service would not take."""
    tenant = Tenant()
    found = tenant.arm.state()["resources"][cluster("aks-lb").lower()]
    tenant.arm.put_resource(found["id"], {**found, "properties": {**found["properties"], **changes}})
    answered = tenant.post("aks-lb", **body)
    assert (answered.status, said in answered.body["message"]) == (status, True)


def test_pods_see_what_the_network_lets_through() -> None:
    """The firewall's own evaluation, the way out of each cluster, names that are none, and what a test changes."""
    tenant = Tenant()
    hosts = "0 https mcr.microsoft.com 443\n1 https example.com 443\n2 http example.com 80\n3 tcp x.invalid 22\n"
    lines = tenant.run("aks-udr", hosts)["logs"].splitlines()
    assert [line.split()[3:5] for line in lines[:-1]] == [["curl", "0"], ["curl", "35"], ["curl", "0"], ["tcp", "6"]]
    assert lines[2].split()[5] == "470"
    seen = {
        name: tenant.run(name, echo="https://mcr.microsoft.com/ip")["logs"].splitlines()[0].split()[-1]
        for name in ("aks-lb", "aks-usernat", "aks-udr", "aks-vwan", "aks-udr-nva", "aks-block")
    }
    assert seen["aks-block"] == "-"
    assert len(set(seen.values())) == 6
    tenant.arm.put_inside({"cluster": "aks-udr", "reaches": ["example.com"], "curl": False, "chatter_kb": 600})
    assert len(tenant.run("aks-udr")["logs"]) == 512 * 1024
    tenant.arm.put_inside({"cluster": "aks-udr", "reaches": ["example.com"], "curl": False})
    assert tenant.run("aks-udr")["logs"].startswith("egress-probe attempt 0 tcp 0\n")
    for wrong in ({"cluster": "aks-udr", "what": 1}, {"cluster": "aks-udr", "curl": "no"}, {"cluster": "none"}):
        with pytest.raises(ValueError, match=r"\w"):
            tenant.arm.put_inside(wrong)
