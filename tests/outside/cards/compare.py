"""The bot's cards drawn by another renderer of Block Kit, at the width of a phone: one contact sheet, nothing cut."""

import json
import os
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.driver import SandboxProcess
from tests.outside.provision import PLACE, node, node_packages
from tests.outside.report import Found, Missing

SHEET = PLACE / "cards.png"
"""The contact sheet; ignored by Git."""

COMMANDS = {
    "UDEV0001": ("help", "show aks-udr", "check aks-udr example.com", "list", "requests", "denied aks-udr"),
    "UAPP0001": ("scale aks-lb 3", "capacity", "partners aks-lb"),
    "UAUD0001": ("audit", "stats", "history aks-udr"),
}
CHROMIUM = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-background-networking")


def compare(found: Found) -> None:
    """Draw every message and Home of a sandbox, and see that each stays within its width."""
    browser = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if browser is None:
        raise Missing("Chromium is not here: apt-get install chromium, or set CHROMIUM.")
    packages = node_packages("cards")
    with TemporaryDirectory() as folder:
        cards, page = Path(folder) / "cards.json", Path(folder) / "page.html"
        cards.write_text(json.dumps(_cards(Path(folder) / "data")))
        subprocess.run([str(node()), str(packages / "draw.js"), str(cards), str(page)], check=True)
        profile = f"--user-data-dir={folder}/profile"
        for each in _measured((browser, *CHROMIUM, profile), page):
            wide = [f"needs {each['needs']} of {each['width']} pixels"] if each["needs"] > each["width"] + 1 else []
            found.check(each["name"], [*wide, *(f"cut: {text}" for text in each["out"])])


def _cards(data: Path) -> list[dict[str, Any]]:
    sandbox = SandboxProcess(data)
    sandbox.start()
    try:
        for user, texts in COMMANDS.items():
            for text in texts:
                sandbox.type(user, text)
            sandbox.post("slack/home", user=user)
        sandbox.post("settle", timeout_s=60)
        state = sandbox.get("slack")
    finally:
        sandbox.stop()
    messages = [(f"message {n}", each["blocks"]) for n, each in enumerate(state["messages"]) if each["blocks"]]
    homes = [(f"home {user}", view["blocks"]) for user, view in sorted(state["home"].items())]
    return [{"name": name, "blocks": blocks} for name, blocks in [*messages, *homes]]


def _measured(browser: tuple[str, ...], page: Path) -> list[dict[str, Any]]:
    sheet = (*browser, "--window-size=1520,6000", f"--screenshot={SHEET}", page.as_uri())
    subprocess.run(sheet, check=True, capture_output=True, timeout=60)
    dump = (*browser, "--window-size=1520,6000", "--dump-dom", page.as_uri())
    text = subprocess.run(dump, check=True, capture_output=True, timeout=60, text=True).stdout
    held = re.search(r'id="measured">(.*?)</script>', text, re.DOTALL)
    assert held is not None, "The page was not measured."
    measured: list[dict[str, Any]] = json.loads(unescape(held[1]))
    return measured
