"""A small file system of its own, so that a disk can be full, stalled or read-only without anybody else noticing.

It is an ext4 in a file, mounted through a loop device; that needs root.
"""

import contextlib
import subprocess
from pathlib import Path

SIZE = 24 * 1024 * 1024
"""Bytes: a database with its journal, and room to fill."""


def run(*words: str) -> None:
    """Run a program of the system's.

    Raises:
        AssertionError: It failed, or is not there.
    """
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(words)} failed; these tests need root on Linux: {done.stderr}"


class Disk(contextlib.AbstractContextManager["Disk"]):
    """A mounted disk.

    Args:
        folder: Where its file and its mount point are made.
    """

    def __init__(self, folder: Path) -> None:
        image, self.path = folder / "disk.img", folder / "disk"
        self.path.mkdir()
        with image.open("wb") as file:
            file.truncate(SIZE)
        run("mkfs.ext4", "-q", "-F", str(image))
        run("mount", "-o", "loop", str(image), str(self.path))

    def __exit__(self, *_error: object) -> None:
        """Leave nothing mounted."""
        run("umount", "--lazy", str(self.path))

    @property
    def url(self) -> str:
        """A SQLite database on it."""
        return f"sqlite:///{self.path}/bot.sqlite3"

    def fill(self) -> None:
        """Leave no block free."""
        with contextlib.suppress(OSError), (self.path / "ballast").open("wb", buffering=0) as file:
            while True:
                file.write(b"x" * 4096)

    def empty(self) -> None:
        """Take out what filled it."""
        (self.path / "ballast").unlink()

    def stall(self) -> None:
        """Whoever writes from now on waits in the kernel, where nothing interrupts them."""
        run("fsfreeze", "--freeze", str(self.path))

    def go_on(self) -> None:
        """End that."""
        run("fsfreeze", "--unfreeze", str(self.path))

    def protect(self, *, is_so: bool) -> None:
        """Let nobody write the database and its journal, those who have them open included.

        The index of the journal is mapped into memory: the kernel would end whoever writes there, with SIGBUS.
        """
        files = [str(self.path / f"bot.sqlite3{end}") for end in ("", "-wal")]
        run("chattr", "+i" if is_so else "-i", *files)
