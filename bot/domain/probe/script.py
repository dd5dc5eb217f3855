"""The one command that a probe runs inside a cluster, and the files that go with it.

Azure runs the command with a shell, so nothing that a person typed is ever part of it: the command and the script are
constants, and the hosts go in a file that the script reads word by word.
"""

import base64
import io
import re
import zipfile
from collections.abc import Sequence

from bot.domain.fqdn import Destination, Protocol
from bot.errors import InvariantBroken

COMMAND = "sh probe.sh"
"""The command; the files are in its working directory."""

ATTEMPT_S = 10
"""Seconds that one attempt may take; all of them are made at the same time."""

SCRIPT = f"""#!/bin/sh
# A probe from inside the cluster: it connects, reads nothing but the status line, and changes nothing.
# The file "targets" has one line for each host: number, kind (https, http or tcp), host, port.
# The file "echo", if it is there, has the URL of a service that answers with the caller's address.
set -uf
say() {{ printf 'egress-probe %s\\n' "$*"; }}
has() {{ command -v "$1" >/dev/null 2>&1; }}

echo_address() {{
    said=$(curl -4 --silent --max-time {ATTEMPT_S} --max-filesize 1000 -- "$1" | head -c 100 | tr -cd '0-9a-fA-F:.')
    say echo "${{said:--}}"
}}

over_http() {{
    said=$(curl --silent --head --output /dev/null --max-time {ATTEMPT_S} --write-out '%{{http_code}} %{{remote_ip}}' \\
        -- "$2://$3:$4/")
    say attempt "$1" curl "$?" $said
}}

over_tcp() {{
    if has getent && ! getent hosts "$3" >/dev/null 2>&1; then
        say attempt "$1" tcp 6
    else
        timeout {ATTEMPT_S} bash -c 'exec 3<>"/dev/tcp/$1/$2"' probe "$3" "$4" 2>/dev/null
        say attempt "$1" tcp "$?"
    fi
}}

attempt() {{
    if [ "$2" != tcp ] && has curl; then over_http "$@"
    elif has bash && has timeout; then over_tcp "$@"
    else say attempt "$1" none 0
    fi
}}

if [ -n "${{HTTPS_PROXY:-}}${{https_proxy:-}}" ]; then say proxy yes; fi
if [ -f echo ]; then
    if has curl; then echo_address "$(cat echo)" & else say echo none; fi
fi
while read -r number kind host port; do
    attempt "$number" "$kind" "$host" "$port" &
done <targets
wait
say end
"""
"""The script. ``$said`` is unquoted on purpose: it is two words that curl made, a number and an address."""

MOST_HOSTS = 10
"""Hosts that one probe tries."""

_HOST = re.compile(r"(?!.{254})[a-z0-9_][a-z0-9_-]{0,62}(\.[a-z0-9_][a-z0-9_-]{0,62})*")
_ECHO = re.compile(r"https://[a-z0-9][a-z0-9.-]*(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?")
_KINDS = {Protocol.HTTPS: "https", Protocol.HTTP: "http"}
_MADE = (1980, 1, 1, 0, 0, 0)


def is_probeable(destination: Destination) -> bool:
    """Whether a connection can be tried: an exact name, and not UDP, which has no connections."""
    return _HOST.fullmatch(destination.fqdn) is not None and destination.protocol is not Protocol.UDP


def is_echo(url: str) -> bool:
    """Whether this may be asked for the address that the world sees: a plain https URL."""
    return _ECHO.fullmatch(url) is not None


def files_of(destinations: Sequence[Destination], echo: str = "") -> dict[str, str]:
    """The files of a probe, by name.

    Args:
        destinations: At most ``MOST_HOSTS``, each probeable.
        echo: The URL of the echo service; empty for none.

    Raises:
        InvariantBroken: Something is not what it was checked to be.
    """
    if not all(map(is_probeable, destinations)) or (echo and not is_echo(echo)) or len(destinations) > MOST_HOSTS:
        raise InvariantBroken("A probe was asked for something that cannot be probed.")
    lines = [
        f"{number} {_KINDS.get(one.protocol, 'tcp')} {one.fqdn} {one.port:d}\n"
        for number, one in enumerate(destinations)
    ]
    return {"probe.sh": SCRIPT, "targets": "".join(lines), **({"echo": echo} if echo else {})}


def context_of(files: dict[str, str]) -> str:
    """Files as run command takes them: a zip file in base64; the same files give the same text.

    Source: https://learn.microsoft.com/rest/api/aks/managed-clusters/run-command, read 2026-11.
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as made:
        for name, text in sorted(files.items()):
            made.writestr(zipfile.ZipInfo(name, _MADE), text)
    return base64.b64encode(packed.getvalue()).decode()
