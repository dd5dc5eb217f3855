"""The Bicep files of ``deploy/azure/bicep`` read by a grammar that is not ours.

It knows the syntax, not the types of resources: Microsoft's compiler comes through no registry that this build uses.
"""

import json
import subprocess
import tempfile
from pathlib import Path

from tests.outside.provision import HERE, ROOT, python_packages
from tests.outside.report import Found

BROKEN = "param x string = \nresource a 'b' = {\n"


def compare(found: Found) -> None:
    """Each file; and that the grammar finds an error where there is one."""
    files = sorted(ROOT.joinpath("deploy", "azure", "bicep").glob("*.bicep"))
    with tempfile.TemporaryDirectory() as folder:
        broken = Path(folder) / "broken.bicep"
        broken.write_text(BROKEN)
        said = _errors([*files, broken])
    found.compare("a broken file is refused", bool(said.pop(str(broken))), theirs=True)
    for name, wrong in said.items():
        found.check(Path(name).name, wrong)
        text = Path(name).read_text()
        loaded = [part.split("'")[0] for part in text.split("loadJsonContent('")[1:]]
        found.check(
            f"{Path(name).name}: what it loads", [one for one in loaded if not (Path(name).parent / one).is_file()]
        )


def _errors(files: list[Path]) -> dict[str, list[str]]:
    command = [str(python_packages("bicep") / "python"), str(HERE / "bicep" / "parse.py"), *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    read: dict[str, list[str]] = json.loads(done.stdout)
    return read
