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

from tests.driver import SandboxProcess, wait_for
from tests.outside.provision import PLACE, node, node_packages
from tests.outside.report import Found, Missing

SHEET = PLACE / "cards.png"
"""The contact sheet; ignored by Git."""

COMMANDS = {
    "UDEV0001": ("help", "show aks-udr", "check aks-udr example.com", "list", "requests", "denied aks-udr"),
    "UAPP0001": ("scale aks-lb 3", "capacity", "partners aks-lb"),
    "UAUD0001": ("review start", "audit", "stats", "history aks-udr"),
}
CARDS = ("Live: aks-udr", "Break-glass", "Probe of aks-udr", "0 of 2 done: review of all")
"""Titles of the cards that must be among those of the sheet."""

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
        before = _lived(sandbox)
        state = sandbox.get("slack")
    finally:
        sandbox.stop()
    messages = [(f"message {n}", each["blocks"]) for n, each in enumerate(state["messages"]) if each["blocks"]]
    homes = [(f"home {user}", view["blocks"]) for user, view in sorted(state["home"].items())]
    views = [(f"form {view['title']['text']}", view["blocks"]) for each in state["views"].values() for view in each]
    _require(messages)
    return [{"name": name, "blocks": blocks} for name, blocks in [*before, *messages, *homes, *views]]


def _require(messages: list[tuple[str, Any]]) -> None:
    """What the sheet is about was really drawn.

    Raises:
        AssertionError: If one of them is missing.
    """
    drawn = json.dumps([blocks for _, blocks in messages])
    absent = [words for words in CARDS if words not in drawn]
    assert not absent, f"Not among the cards: {absent}"


def _lived(sandbox: SandboxProcess) -> list[tuple[str, Any]]:
    """Something of everything happens, and two forms stay open; answers the card that changes, as it was before."""
    sandbox.request("UDEV0001", "aks-udr", "mirror.example.com")
    sandbox.settle()
    waiting = sandbox.cards()[-1]
    sandbox.press("UAPP0001", "approve", waiting)
    sandbox.request("UOPS0001", "aks-udr", "urgent.example.com", duration="4h", break_glass="yes")
    sandbox.settle()
    sandbox.press("UAPP0001", "probe", waiting)
    for user, texts in COMMANDS.items():
        for text in texts:
            sandbox.type(user, text)
        sandbox.post("slack/home", user=user)
    sandbox.settle()
    sandbox.press("UDEV0001", "review_open", next(each for each in sandbox.cards() if "review of all" in each["text"]))
    sandbox.type("UAPP0001", "request aks-udr")
    wait_for(lambda: sandbox.views("UDEV0001") and sandbox.views("UAPP0001"), "No form was opened", 10)
    return [("allowance, waiting", waiting["blocks"])]


def _measured(browser: tuple[str, ...], page: Path) -> list[dict[str, Any]]:
    sheet = (*browser, "--window-size=1520,10000", f"--screenshot={SHEET}", page.as_uri())
    subprocess.run(sheet, check=True, capture_output=True, timeout=60)
    dump = (*browser, "--window-size=1520,10000", "--dump-dom", page.as_uri())
    text = subprocess.run(dump, check=True, capture_output=True, timeout=60, text=True).stdout
    held = re.search(r'id="measured">(.*?)</script>', text, re.DOTALL)
    assert held is not None, "The page was not measured."
    measured: list[dict[str, Any]] = json.loads(unescape(held[1]))
    return measured
