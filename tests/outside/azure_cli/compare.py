"""Azure's command line against the simulated Azure, and then the product beside it: both must tell the same truth."""

import json
import re
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from bot.sandbox.arm.tokens import CLIENT, TENANT
from tests.driver import SandboxProcess
from tests.outside.azure_cli.commands import STEPS
from tests.outside.azure_cli.tool import Az
from tests.outside.azure_cli.truth import egress_of, listed
from tests.outside.report import Found
from tests.processes.stage import ended

HERE = "/subscriptions/00000000-0000-0000-0000-00000000a001"
SPOKE = f"{HERE}/resourceGroups/rg-outside/providers/Microsoft.Network/virtualNetworks/spoke/subnets"
IDS = {"{subnet}": f"{SPOKE}/nodes", "{nat_subnet}": f"{SPOKE}/nat"}
LEGACY = f"{HERE}/resourceGroups/rg-legacy/providers/Microsoft.Network/azureFirewalls/legacy-firewall"
CLASSIC_VERSION = "2021-08-01"
"""The API version that the tool's extension for classic rules uses."""


@dataclass(frozen=True)
class Site:
    """The sandbox with its bot, and the tool."""

    sandbox: SandboxProcess
    az: Az

    def ask(self, path: str) -> Any:
        """Ask the product's API."""
        shown = re.search(r"API: (http://\S+)/api/v1 with the token (\S+)", self.sandbox.log())
        assert shown, self.sandbox.log()[-2000:]
        asked = urllib.request.Request(f"{shown[1]}/api/v1/{path}", headers={"Authorization": f"Bearer {shown[2]}"})
        try:
            with urllib.request.urlopen(asked, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            return json.load(error)


@contextmanager
def opened_site() -> Iterator[Site]:
    """At a pace that lets one command meet the operation of another."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="outside-")))
        sandbox = SandboxProcess(folder / "data", "--speed", "20")
        stack.callback(sandbox.kill)
        sandbox.start()
        yield Site(sandbox, Az(sandbox, folder))


def compare(found: Found) -> None:
    """The commands, what they fail with, what the product says afterwards."""
    with opened_site() as site:
        for step in STEPS:
            command = step.command
            for name, value in IDS.items():
                command = command.replace(name, value)
            code = site.az.run(*command.split()).code
            found.compare(f"az {step.command}", code, code if fnmatchcase(code, step.code) else step.code)
        _compare_rules(found, site)
        _compare_truth(found, site)
        _compare_scale(found, site)
        _compare_sign_in(found, site)


def _compare_rules(found: Found, site: Site) -> None:
    """The document's rule for Docker Hub, as the tool's extension writes it: the whole firewall."""
    firewall = site.az.rest("get", LEGACY, CLASSIC_VERSION).output
    rule = {
        "name": "docker",
        "sourceAddresses": ["*"],
        "protocols": [{"protocolType": "Https", "port": 443}],
        "targetFqdns": ["outside.example.net", "*.outside.example.net"],
    }
    inner = {"priority": 900, "action": {"type": "Allow"}, "rules": [rule]}
    firewall["properties"]["applicationRuleCollections"].append({"name": "outside", "properties": inner})
    before = _check(site, "outside.example.net")
    found.compare(
        "az rest PUT of a classic firewall", site.az.rest("put", LEGACY, CLASSIC_VERSION, firewall).code, "ok"
    )
    busy = site.az.rest("put", LEGACY, CLASSIC_VERSION, firewall).code
    found.compare("a second PUT meanwhile", busy, "AnotherOperationInProgress")
    site.sandbox.settle(120)
    found.compare("check before and after", (before, _check(site, "outside.example.net")), (False, True))


def _check(site: Site, host: str) -> Any:
    said = site.ask(f"check?cluster=aks-udr-classic&destination={host}")
    verdicts = said.get("destinations", [])
    return verdicts[0]["allowed"] if verdicts else said


def _compare_truth(found: Found, site: Site) -> None:
    all_ = listed(site.az)
    for cluster in all_.clusters.values():
        said = _shown(site, cluster["name"])
        name, profile = cluster["name"], cluster["networkProfile"]
        found.compare(f"{name}: outbound type", said["outbound_type"], profile["outboundType"])
        ours = {each["address"] for each in said["outbound_ips"]}
        found.compare(f"{name}: egress IPs", sorted(ours), sorted(egress_of(all_, cluster)))
        nodes = {each["name"]: each["nodes"] for each in said["node_pools"]}
        theirs = {pool["name"]: pool["count"] for pool in cluster["agentPoolProfiles"]}
        found.compare(f"{name}: nodes", nodes, theirs)


def _shown(site: Site, name: str) -> Any:
    """What the product says of a cluster that it may only just have heard of."""
    said: Any = None
    for _ in range(30):
        said = site.ask(f"clusters/{name}")
        if "outbound_type" in said:
            return said
        time.sleep(1)
    return {"outbound_type": said, "outbound_ips": [], "node_pools": []}


def _compare_scale(found: Found, site: Site) -> None:
    """What the product changes, the tool sees."""
    site.sandbox.type("UDEV0001", "scale aks-lb 4")
    site.sandbox.settle(120)
    card = next(m for m in reversed(site.sandbox.cards()) if "aks-lb" in m["text"])
    site.sandbox.press("UAPP0001", "approve", card)
    site.sandbox.settle(300)
    cluster = site.az.run("aks", "show", "-g", "rg-aks-lb", "-n", "aks-lb").output
    profile = cluster["networkProfile"]["loadBalancerProfile"]
    counts = profile["managedOutboundIPs"]["count"], len(profile["effectiveOutboundIPs"])
    found.compare("aks-lb after the product's scale", counts, (4, 4))


SIGN_IN = f"login --service-principal -u {CLIENT} --tenant {TENANT} -p"


def _compare_sign_in(found: Found, site: Site) -> None:
    """The tool signs in as an application, and then the bot as whoever the tool is."""
    site.sandbox.put("arm/app", secret="outside~secret")
    for secret, expected in (("wrong", "AADSTS7000215:*"), ("outside~secret", "ok")):
        code = site.az.run(*SIGN_IN.split(), secret).code
        found.compare(f"az login with {secret}", code, code if fnmatchcase(code, expected) else expected)
    environment = {**site.az.environment, "EGRESS_ARM_ENDPOINT": site.sandbox.arm_url, "AZURE_TOKEN_CREDENTIALS": "dev"}
    with tempfile.TemporaryDirectory() as folder:
        done = ended("doctor", EGRESS_DATABASE_URL=f"sqlite:///{folder}/bot.sqlite3", **environment)
    as_az = re.search(r"Azure +\d+ clusters at \S+ as the login of az", done.stdout)
    found.compare("doctor as the login of az", as_az is not None or done.stdout[-300:], True)
