"""Every route of a whole bot under whatever can be sent: refused with 4xx, no trace, and nothing in it grows."""

import re
import socket
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.config import checked_configuration, configuration_from, settings_from
from bot.ports import Pace
from bot.store import SqlStore
from bot.wiring.product import World, applications, assemble, routes, sign_in
from bot.wiring.production import SystemClock, azure_from, slack_from
from handlers.api.feed import FORMS, PLACE
from handlers.api.openapi import BASE, DOCUMENT
from handlers.api.operations import OPERATIONS
from handlers.connections import CONNECTIONS, REQUEST_WITHIN_S
from handlers.http import EVENTS
from tests.build import CONFIG
from tests.driver import wait_for
from tests.listeners.test_hostile_requests import head
from tests.outages import hostile
from tests.outages.stage import Cluster
from tests.processes.stage import SETTINGS, BotProcess, ended, free_port

OPTIONS = """
[api]
enabled = true
calls_per_minute = 6000

[egress_ips]
enabled = true

[step_up]
issuer = "http://127.0.0.1:9"
client_id = "bot"
public_url = "https://egress.example.com"
"""
"""Everything that serves something, on."""

NO_DEFECT = {100, *range(200, 500), 501, 503}
"""501 is for codings of a body that nobody speaks; 503 says that all places are taken or somebody else is away."""

BENT = 4_000
"""Requests with bytes that are wrong somewhere."""

GROWTH_KB = 12 * 1024
"""What a process may grow by while it is sent everything once more; a leak of a hundredth of it would be more."""


@dataclass(frozen=True)
class Size:
    """What a process holds."""

    memory_kb: int
    files: int
    threads: int


@dataclass
class Target:
    """A bot with everything on, a port for each of its listeners, and the paths that it answers."""

    bot: BotProcess
    ports: tuple[int, ...]
    paths: tuple[str, ...]
    token: str
    defects: list[object] = field(default_factory=list)

    def size(self) -> Size:
        """What it holds now."""
        own = Path(f"/proc/{self.bot.pid}")
        status = (own / "status").read_text()
        kept, threads = (int(re.findall(rf"{name}:\s+(\d+)", status)[0]) for name in ("VmRSS", "Threads"))
        return Size(kept, len(list((own / "fd").iterdir())), threads)

    def listening(self) -> set[int]:
        """The ports that it listens on, as the system says it."""
        own = Path(f"/proc/{self.bot.pid}")
        sockets = {re.sub(r"\D", "", str(file.readlink())) for file in (own / "fd").iterdir()}
        lines = [line.split() for line in (own / "net" / "tcp").read_text().splitlines()[1:]]
        return {int(line[1].split(":")[1], 16) for line in lines if line[3] == "0A" and line[9] in sockets}

    def send(self, requests: Iterable[bytes], *ports: int) -> None:
        """Send all of them to each port, eight at a time; none is answered as a defect."""
        with ThreadPoolExecutor(8) as pool:
            done = [pool.submit(self._send, port, each) for each in requests for port in ports or self.ports]
        for each in done:
            each.result()
        assert self.defects == []

    def _send(self, port: int, request: bytes) -> None:
        statuses = hostile.answers(port, request)
        if not set(statuses) <= NO_DEFECT:
            self.defects.append((port, request[:300], statuses))


def every_path(cluster: Cluster, config: Path) -> tuple[str, ...]:
    """What this bot answers, from its code: a route that is new is here by itself."""
    book = settings_from({**SETTINGS, **cluster.settings, "EGRESS_CONFIG": str(config)})
    file = configuration_from(config)
    store = SqlStore(book.database_url)
    world = World(store, azure_from(book, file), SystemClock(), checked_configuration(file), slack_from(book), Pace())
    product = assemble(world)
    calls = {f"{BASE}{each.path}".replace("{id}", "r1").replace("{name}", "aks-udr") for each in OPERATIONS}
    lists = {f"{PLACE}{form}" for form in FORMS}
    pages = {f"{place}{rest}" for place in sign_in(product) for rest in ("", "callback", f"go/{'a' * 43}")}
    store.close()
    return tuple(sorted({*routes(product), EVENTS, DOCUMENT, *applications(product), *calls, *lists, *pages}))


@pytest.fixture(scope="module")
def target(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """One bot for all of it."""
    folder = tmp_path_factory.mktemp("fuzz")
    config = folder / "egress.toml"
    config.write_text(f"{CONFIG.read_text()}\n{OPTIONS}")
    ports = (free_port(), free_port())
    names = ("EGRESS_HEALTH_LISTEN", "EGRESS_STEP_UP_LISTEN")
    more = {name: f"127.0.0.1:{port}" for name, port in zip(names, ports, strict=True)}
    with Cluster(folder, f"sqlite:///{folder}/bot.sqlite3", "http") as cluster:
        bot = cluster.begin(EGRESS_CONFIG=str(config), **more)
        wait_for(lambda: bot.get("/readyz", port=ports[0])[0] == 200, "It did not become ready", 60)
        made = ended("token", "create", "fuzz", "--owner", "UDEV0001", "--cluster", "*", **cluster.settings)
        token = re.findall(r"egr_\S+", made.stdout)[0]
        yield Target(bot, (bot.port, *ports), every_path(cluster, config), token)
        assert bot.end() == 0
        assert "Traceback" not in bot.log()


def test_nothing_that_is_not_let_in_leaves_a_trace(target: Target) -> None:
    """Every path on every listener, every way of asking; not a line in the log, and no growth.

    The listeners are counted as the system sees them, so that a new one cannot be forgotten here.
    """
    assert target.listening() == set(target.ports)
    requests = [each for path in target.paths for each in hostile.asked(path)] + list(hostile.unsigned())
    written = len(target.bot.log())
    target.send(requests)
    before = target.size()
    target.send(requests)
    after = target.size()
    assert target.bot.log()[written:] == ""
    assert after.memory_kb - before.memory_kb < GROWTH_KB
    assert (after.files - before.files, after.threads - before.threads) <= (2, 2)


def test_what_is_let_in_and_malformed_is_no_defect(target: Target) -> None:
    """Signed by Slack, or with a token: whole, and then with bytes that are wrong anywhere."""
    whole = [*hostile.malformed(), *hostile.called(target.paths, target.token)]
    target.send(whole, target.bot.port)
    before = target.size()
    target.send(hostile.bent(whole[seed % len(whole)], seed) for seed in range(BENT))
    after = target.size()
    assert after.memory_kb - before.memory_kb < GROWTH_KB
    assert (after.files - before.files, after.threads - before.threads) <= (2, 2)
    assert not re.search(r"listener_failed|uncaptured|Traceback", target.bot.log())


@pytest.mark.parametrize("said", [b"", b"GET /hea", b"POST /slack/events HTTP/1.1\r\nContent-Length: 9999\r\n\r\n{"])
def test_slow_callers_keep_nobody_out(target: Target, said: bytes) -> None:
    """A byte a second, on more connections than are kept: others are answered at once, the slow ones are closed."""
    with ExitStack() as undo:
        slow = [
            undo.enter_context(socket.create_connection(("127.0.0.1", port), 20))
            for port in target.ports
            for _ in range(CONNECTIONS + 20)
        ]
        ends = time.monotonic() + REQUEST_WITHIN_S + 3
        for each in slow:
            hostile.drip(each, said)
        while time.monotonic() < ends:
            for port in target.ports:
                began = time.monotonic()
                assert hostile.answers(port, head("/", 0, method="GET")) in ([404], [403])
                assert time.monotonic() - began < 2
            for each in slow:
                hostile.drip(each, b"a")
            time.sleep(1)
        assert sum(hostile.is_open(each) for each in slow) == 0
    assert target.bot.get("/readyz", port=target.ports[1])[0] == 200
