"""The commands for pipelines: ``request``, ``check`` and ``status``. They speak to a bot that runs, through its API.

Exit status, the same for all: 0 open or allowed (or filed, without ``--wait``); 1 not open: denied, ended, not allowed
or not known; 2 the call was wrong or refused; 3 still waiting when ``--timeout`` was over; 4 the API did not answer.
"""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, NoReturn

import click

from bot.domain.duration import duration_from_text
from bot.domain.phrases import listed
from bot.errors import InvalidInput
from bot.wiring.api_client import ApiClient, ApiSilent
from bot.wiring.terminal import Terminal

OPEN, NOT_OPEN, WRONG, WAITING, NO_ANSWER = range(5)
"""The exit status."""

LOOK_S = (2.0, 30.0)
"""Seconds between the first looks at a request that is waited for, and later on."""

_PHASES = {"open": OPEN, "ended": NOT_OPEN, "pending": WAITING}

as_json = click.option("--json", "is_json", is_flag=True, help="Write the API's answer as JSON.")
wait = click.option("--wait", "is_waiting", is_flag=True, help="Wait until it is open or has ended.")
timeout = click.option("--timeout", "at_most", default="30m", show_default=True, help="How long to wait at most.")


@click.command()
@click.argument("cluster")
@click.argument("hosts", nargs=-1, metavar="[HOST]...")
@click.option("--reason", required=True, help="Why it is needed.")
@click.option("--for", "duration", required=True, help="For how long once live: 30m, 8h, 7d, 2w or “no end”.")
@click.option("--bundle", help="A configured bundle of hosts.")
@click.option("--pool", help="One node pool only.")
@click.option("--ticket", default="", help="A reference in another system.")
@wait
@timeout
@as_json
@click.pass_obj
def request(terminal: Terminal, /, *, is_waiting: bool, at_most: str, is_json: bool, **asked: Any) -> None:
    """Ask for access of CLUSTER to HOSTs, through the API of a bot that runs."""
    with _answers():
        seconds, api = _seconds(at_most), _client(terminal)
        status_, found = api.request({"destinations": list(asked.pop("hosts")), **asked})
        if found.get("code") == "already-allowed":
            _end(found, is_json=is_json, code=OPEN)
        _require(status_, found, is_json=is_json)
        if is_waiting:
            _follow(api, found, seconds, is_json=is_json)
        _end(found, is_json=is_json, code=NOT_OPEN if found["phase"] == "ended" else OPEN)


@click.command()
@click.argument("cluster")
@click.argument("hosts", nargs=-1, metavar="[HOST]...")
@click.option("--bundle", help="A configured bundle of hosts.")
@click.option("--pool", help="One node pool only.")
@as_json
@click.pass_obj
def check(terminal: Terminal, /, *, is_json: bool, hosts: tuple[str, ...], **asked: Any) -> None:
    """Check whether CLUSTER may reach HOSTs now, through the API of a bot that runs."""
    with _answers():
        named = {name: value for name, value in asked.items() if value is not None}
        status_, found = _client(terminal).check({**named, "destination": hosts})
        _require(status_, found, is_json=is_json)
        _end(found, is_json=is_json, code=OPEN if found["allowed"] else NOT_OPEN)


@click.command()
@click.argument("request_id", metavar="ID")
@wait
@timeout
@as_json
@click.pass_obj
def status(terminal: Terminal, /, *, request_id: str, is_waiting: bool, at_most: str, is_json: bool) -> None:
    """Show what became of the request ID, through the API of a bot that runs."""
    with _answers():
        seconds, api = _seconds(at_most), _client(terminal)
        status_, found = api.status(request_id)
        _require(status_, found, is_json=is_json)
        _follow(api, found, seconds if is_waiting else 0.0, is_json=is_json)


def _client(terminal: Terminal) -> ApiClient:
    settings = terminal.settings()
    return ApiClient(settings.api_url, settings.api_token.get_secret_value())


@contextmanager
def _answers() -> Iterator[None]:
    """End the process with its status where the API does not answer."""
    try:
        yield
    except ApiSilent as error:
        click.echo(str(error), err=True)
        sys.exit(NO_ANSWER)


def _seconds(text: str) -> float:
    span = duration_from_text(text)
    if span is None:
        raise InvalidInput("--timeout must end: write 30m or 2h.")
    return span.total_seconds()


def _follow(api: ApiClient, found: Any, at_most_s: float, *, is_json: bool) -> NoReturn:
    """Look until it is open or has ended, or the time is over; less and less often."""
    ends, (pause_s, longest_s) = time.monotonic() + at_most_s, LOOK_S
    while found["phase"] == "pending" and (left_s := ends - time.monotonic()) > 0:
        time.sleep(min(pause_s, left_s))
        pause_s = min(pause_s * 1.5, longest_s)
        code, found = api.status(found["id"])
        _require(code, found, is_json=is_json)
    _end(found, is_json=is_json, code=_PHASES.get(found["phase"], NOT_OPEN))


def _require(status: int, found: Any, *, is_json: bool) -> None:
    if status >= HTTPStatus.MULTIPLE_CHOICES:
        _end(found, is_json=is_json, code=WRONG)


def _end(found: Any, *, is_json: bool, code: int) -> NoReturn:
    text = json.dumps(found, indent=2, ensure_ascii=False) if is_json else _words(found)
    click.echo(text, err=code == WRONG and not is_json)
    sys.exit(code)


def _words(found: Any) -> str:
    """One line; of a check, one for each destination more."""
    if "detail" in found:
        return str(found["detail"])
    if "phase" in found:
        hosts = listed(found["destinations"], 3)
        why = found["failure"] or (found["ended"] or {}).get("reason", "") or "; ".join(found["waits_for"])
        return f"{found['id']} {found['status']}: {found['cluster']} → {hosts}{f' ({why})' if why else ''}"
    lines = [f"{_MARKS[one['allowed']]} {one['destination']}: {one['why']}" for one in found["destinations"]]
    return "\n".join([found["sentence"], *lines])


_MARKS = {True: "allowed  ", False: "denied   ", None: "depends  "}
