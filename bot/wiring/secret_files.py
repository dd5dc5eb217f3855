"""Secrets in files, which may be replaced at any time, as mounted secrets are."""

from collections.abc import Callable
from pathlib import Path

import structlog

from bot.errors import BadConfiguration, InvalidInput
from bot.logs import hide
from bot.siem import headers_in

log = structlog.get_logger(__name__)

Stamp = tuple[int, int, int]
"""When a file was written, which one it is, and its size: looked at each time, because that costs some microseconds."""


class SecretFile:
    """Reads a secret, and reads it again once the file is another one.

    While a new one cannot be read, the last one stays: whoever replaces a file may not do it in one step.

    Args:
        path: The file.
        setting: What names it.
        shortest: Characters that it must have: fewer can be guessed.
        require: Raises ``InvalidInput`` for a text that is no such secret.

    Raises:
        BadConfiguration: It cannot be read, or holds too little.
    """

    def __init__(
        self, path: Path, setting: str, shortest: int = 1, require: Callable[[str], object] = lambda _secret: None
    ) -> None:
        self._path = path
        self._setting = setting
        self._shortest = shortest
        self._require = require
        self._known: tuple[Stamp | None, str] = self._read()

    def __call__(self) -> str:
        """The secret of now."""
        stamp, secret = self._known
        if self._stamp() != stamp:
            secret = self._renewed()
        return secret

    def _renewed(self) -> str:
        before = self._known[1]
        try:
            self._known = self._read()
        except BadConfiguration as error:
            self._known = (self._stamp(), before)  # said once for each state of the file
            log.warning("secret_not_renewed", setting=self._setting, error=str(error))
        if self._known[1] != before:
            log.info("secret_renewed", setting=self._setting)
        return self._known[1]

    def _read(self) -> tuple[Stamp | None, str]:
        stamp = self._stamp()
        try:
            secret = self._path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise BadConfiguration(f"{self._setting}: cannot read {self._path}: {error}.") from error
        if not secret:
            raise BadConfiguration(f"{self._setting}: {self._path} is empty.")
        if len(secret) < self._shortest:
            raise BadConfiguration(f"{self._setting}: {self._path} needs at least {self._shortest} characters.")
        try:
            self._require(secret)
        except InvalidInput as error:
            raise BadConfiguration(f"{self._setting}: {self._path} cannot be used. {error}") from error
        hide((secret,))
        return stamp, secret

    def _stamp(self) -> Stamp | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino, found.st_size


MASKED = 8
"""Characters from which on the value of a header is masked: shorter ones are no secrets, and parts of other words."""


def secret_headers(path: Path, setting: str) -> Callable[[], str]:
    """Reads lines of HTTP headers anew each time, and masks each value by itself: the file as a whole is never sent.

    Args:
        path: The file.
        setting: What names it.

    Raises:
        BadConfiguration: It cannot be read, or is empty.
    """
    file = SecretFile(path, setting)

    def read() -> str:
        text = file()
        parts = (part for value in headers_in(text).values() for part in (value, value.rpartition(" ")[2]))
        hide(part for part in parts if len(part) >= MASKED)
        return text

    return read
