"""The bot's permissions in Azure and its deployment stay as narrow as intended."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.rules.tree import ROOT

KUBERNETES = ROOT / "deploy" / "kubernetes"
ROLES = ROOT / "deploy" / "roles"
ACTION = re.compile(r"^Microsoft\.[A-Za-z]+(/[A-Za-z]+)+/(read|write|(join|assign|runcommand)/action)$")
WRITES = {
    "reader": set(),
    "rule-writer": {"Microsoft.Network/firewallPolicies/ruleCollectionGroups/write"},
    "classic-rule-writer": {"Microsoft.Network/azureFirewalls/write"},
    "scaler": {"Microsoft.ContainerService/managedClusters/write"},
    "migrator": {"Microsoft.ContainerService/managedClusters/write"},
    "metrics-reader": set(),
    "log-reader": set(),
    "prober": set(),
}


def roles() -> dict[str, dict[str, Any]]:
    """Every role definition by the name of its file."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(ROLES.glob("*.json"))}


def test_roles_write_only_what_their_name_says() -> None:
    """One write per writing role, none for the reader."""
    written = {
        name: {action for action in role["Actions"] if action.endswith("/write")} for name, role in roles().items()
    }
    assert written == WRITES


def test_roles_name_every_action_in_full() -> None:
    """No wildcard, nothing deleted, nothing twice, in order."""
    for name, role in roles().items():
        actions = role["Actions"]
        assert [action for action in actions if not ACTION.match(action)] == [], name
        assert actions == sorted(set(actions)), name
        assert not role["NotActions"] + role["DataActions"] + role["NotDataActions"], name


def test_every_action_is_explained() -> None:
    """In one table, with the roles that have it; nothing is explained that no role has."""
    table = (ROLES / "README.md").read_text(encoding="utf-8")
    said = {
        action: set(names.split(", "))
        for action, names in re.findall(r"^\| `(Microsoft\.\S+)` \| .+ \| (.+) \|$", table, re.MULTILINE)
    }
    held = {action for role in roles().values() for action in role["Actions"]}
    assert said == {a: {name for name, role in roles().items() if a in role["Actions"]} for a in held}
    assert all(f"`{name}.json` | {role['Description']}" in table for name, role in roles().items())


def test_the_image_is_locked_down() -> None:
    """Hashed install, an unprivileged user by number, instructions that older builders know."""
    dockerfile = Path(ROOT, "Dockerfile").read_text(encoding="utf-8")
    assert "--require-hashes --no-deps --only-binary :all: -r requirements.lock" in dockerfile
    assert "ARG REQUIREMENTS=requirements.lock\nCOPY ${REQUIREMENTS} requirements.lock" in dockerfile
    assert re.search(r"^USER 10001:10001$", dockerfile, re.MULTILINE)
    assert "HOME=/opt/egress" in dockerfile  # the user has no entry, and Slack's SDK looks for a home
    assert 'ENTRYPOINT ["python", "-OO", "-m", "bot"]' in dockerfile
    # Nothing can be compiled later: neither for -OO nor without, neither the bot nor Python's own modules.
    assert "compileall -q -f -j 0 -o 0 -o 2" in dockerfile
    assert re.search(r"^RUN python -m compileall (.*\\\n)*.*get_path..stdlib", dockerfile, re.MULTILINE)
    assert "<<" not in dockerfile
    assert "--link" not in dockerfile


def test_the_pods_are_locked_down() -> None:
    """The manifests grant the containers nothing that the image does not need."""
    manifest = "\n".join(path.read_text(encoding="utf-8") for path in sorted(KUBERNETES.rglob("*.yaml")))
    for line in (
        "runAsNonRoot: true",
        "readOnlyRootFilesystem: true",
        "allowPrivilegeEscalation: false",
        "automountServiceAccountToken: false",
        'azure.workload.identity/use: "true"',
        "minAvailable: 1",
    ):
        assert line in manifest


def test_probes_ask_where_the_image_listens() -> None:
    """The image, its own check, the probes, the scrape and the network policy name one port."""
    dockerfile = Path(ROOT, "Dockerfile").read_text(encoding="utf-8")
    (port,) = re.findall(r"EGRESS_HEALTH_LISTEN=0\.0\.0\.0:(\d+)", dockerfile)
    deployment = (KUBERNETES / "base" / "deployment.yaml").read_text(encoding="utf-8")
    policy = (KUBERNETES / "base" / "networkpolicy.yaml").read_text(encoding="utf-8")
    assert f"http://127.0.0.1:{port}/healthz" in dockerfile
    assert f"- name: health\n              containerPort: {port}" in deployment
    assert f'prometheus.io/port: "{port}"' in deployment
    assert f"- port: {port}" in policy
    assert deployment.count("port: health") == 3


@pytest.mark.parametrize("overlay", sorted(path.name for path in (KUBERNETES / "overlays").iterdir()))
def test_an_overlay_is_whole(overlay: str) -> None:
    """It names files that there are, all of its own, and the version of this tree."""
    folder = KUBERNETES / "overlays" / overlay
    text = (folder / "kustomization.yaml").read_text(encoding="utf-8")
    named = set(re.findall(r"^  - (?:path: )?(\S+\.yaml)$", text, re.MULTILINE))
    assert named == {path.name for path in folder.iterdir()} - {"kustomization.yaml"}
    version = tomllib.loads(Path(ROOT, "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert f"newTag: {version}" in text


def test_infrastructure_code_takes_every_role() -> None:
    """Terraform by the names of the files, Bicep by a list of them."""
    bicep = Path(ROOT, "deploy", "azure", "bicep", "main.bicep").read_text(encoding="utf-8")
    assert re.findall(r"loadJsonContent\('\.\./\.\./roles/(.+)\.json'\)", bicep) == [
        *("reader", "rule-writer", "classic-rule-writer", "scaler"),
        *("migrator", "metrics-reader", "log-reader", "prober"),
    ]
    assert len(roles()) == bicep.count("loadJsonContent(")
