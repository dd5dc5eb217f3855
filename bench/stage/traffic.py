"""Signed requests of many people, sent at fixed times whether or not the ones before were answered (open loop)."""

import asyncio
import gc
import hmac
import json
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from tests.build import TEAM

SECRET = "bench-signing-secret"

GIVEN_UP_S = 60.0
"""How long an answer is waited for, to see how late it would have come; Slack itself gives up after three seconds."""


@dataclass(frozen=True, slots=True)
class Act:
    """What one person does: its name in the tables, and the body that Slack would send."""

    name: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Planned:
    """An act, when it is sent (seconds from the start), and the port it is sent to."""

    at_s: float
    port: int
    act: Act


@dataclass(frozen=True, slots=True)
class Answered:
    """How long an act took from its time to the last byte of the ack; status 0 where there was no answer."""

    planned: Planned
    took_s: float
    status: int
    body: bytes


def command(user: str, text: str, respond: str, *, name: str) -> Act:
    """A slash command."""
    fields = {
        "token": "bench", "team_id": TEAM, "team_domain": "bench", "channel_id": "CEGRESS01", "channel_name": "egress",
        "user_id": user, "user_name": user.lower(), "command": "/egress", "text": text, "api_app_id": "A0BENCH",
        "is_enterprise_install": "false", "response_url": respond, "trigger_id": "1.2.bench",
    }  # fmt: skip
    return Act(name, urlencode(fields).encode())


def _interaction(name: str, kind: str, user: str, **more: Any) -> Act:
    payload = {
        "type": kind, "token": "bench", "api_app_id": "A0BENCH", "team": {"id": TEAM, "domain": "bench"},
        "user": {"id": user, "username": user.lower(), "name": user.lower(), "team_id": TEAM},
        "enterprise": None, "is_enterprise_install": False, "trigger_id": "1.2.bench", **more,
    }  # fmt: skip
    return Act(name, urlencode({"payload": json.dumps(payload)}).encode())


def press(user: str, action: str, value: Mapping[str, str], respond: str) -> Act:
    """A button on a card in the channel."""
    pressed = {"action_id": action, "block_id": "b", "type": "button", "value": json.dumps(value), "action_ts": "1.1"}
    container = {"type": "message", "message_ts": "1.1", "channel_id": "CEGRESS01", "is_ephemeral": False}
    place = {"id": "CEGRESS01", "name": "egress"}
    return _interaction(action, "block_actions", user, container=container, channel=place, actions=[pressed],
                        response_url=respond, message={"type": "message", "ts": "1.1", "text": "A card."})  # fmt: skip


def submit(user: str, form: Mapping[str, str]) -> Act:
    """The request form, filled in."""
    values = {block: {block: {"type": "plain_text_input", "value": text}} for block, text in form.items()}
    blocks = [{"type": "input", "block_id": block} for block in form]
    view = {"id": "V1", "team_id": TEAM, "type": "modal", "callback_id": "request", "hash": "1.h", "blocks": blocks,
            "private_metadata": "{}", "state": {"values": values}}  # fmt: skip
    return _interaction("submit", "view_submission", user, view=view, response_urls=[])


def every(acts: Sequence[Act], port: int, per_s: float, *, start_s: float = 0.0) -> list[Planned]:
    """One after the other at a steady rate."""
    return [Planned(start_s + number / per_s, port, act) for number, act in enumerate(acts)]


def interleaved(acts: Sequence[Act], ports: Sequence[int], per_s: int) -> list[Planned]:
    """The same acts to each port in turn, a second's worth each: all of them see the same machine."""
    planned: list[Planned] = []
    for second, first in enumerate(range(0, len(acts), per_s)):
        for turn, port in enumerate(ports):
            planned += every(acts[first : first + per_s], port, per_s, start_s=second * len(ports) + turn)
    return planned


def run(planned: Sequence[Planned]) -> list[Answered]:
    """Send everything at its time; blocks until all are answered or given up.

    The sender collects no garbage meanwhile: one collection holds up a second's answers by 150 ms (measured 2026-11).
    """
    gc.collect()
    gc.disable()
    try:
        return asyncio.run(_run(planned))
    finally:
        gc.enable()


async def _run(planned: Sequence[Planned]) -> list[Answered]:
    began, wires = time.monotonic() + 0.2, dict[int, deque[_Wire]]()
    tasks: list[asyncio.Task[Answered]] = []
    for one in planned:
        await asyncio.sleep(max(0.0, began + one.at_s - time.monotonic()))
        tasks.append(asyncio.create_task(_send(one, began + one.at_s, wires.setdefault(one.port, deque()))))
    return list(await asyncio.gather(*tasks))


_Wire = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _send(one: Planned, due: float, idle: "deque[_Wire]") -> Answered:
    try:
        async with asyncio.timeout(GIVEN_UP_S):
            status, body = await _exchange(one, idle)
    except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError) as error:
        return Answered(one, time.monotonic() - due, 0, repr(error).encode())
    return Answered(one, time.monotonic() - due, status, body)


async def _exchange(one: Planned, idle: "deque[_Wire]") -> tuple[int, bytes]:
    while idle and (idle[-1][0].at_eof() or idle[-1][1].is_closing()):
        idle.pop()
    wire = idle.pop() if idle else await asyncio.open_connection("127.0.0.1", one.port)
    reader, writer = wire
    writer.write(_signed(one.act.body))
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = int(head.partition("content-length:")[2].partition("\r\n")[0] or 0)
    body = await reader.readexactly(length)
    if "connection: close" in head:
        writer.close()
    else:
        idle.append(wire)
    return int(head.split(" ", 2)[1]), body


def _signed(body: bytes) -> bytes:
    stamp = str(int(time.time()))
    signature = hmac.new(SECRET.encode(), b"v0:" + stamp.encode() + b":" + body, sha256).hexdigest()
    return (
        f"POST /slack/events HTTP/1.1\r\nHost: bench\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n"
        f"X-Slack-Request-Timestamp: {stamp}\r\nX-Slack-Signature: v0={signature}\r\n\r\n"
    ).encode() + body


def percentile(took: Sequence[float], share: float) -> float:
    """The value below which that share of all lies; 0 of none."""
    ordered = sorted(took)
    return ordered[min(len(ordered) - 1, round(len(ordered) * share))] if ordered else 0.0


def by_name(answers: Sequence[Answered]) -> Iterator[tuple[str, list[Answered]]]:
    """The answers of each kind of act, by name."""
    for name in sorted({one.planned.act.name for one in answers}):
        yield name, [one for one in answers if one.planned.act.name == name]
