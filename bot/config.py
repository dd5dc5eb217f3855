"""Loads settings: secrets and endpoints from the environment, everything else from one TOML file.

Both are read once and checked as a whole, by the annotations of their dataclasses. Everything that is wrong is said, in
one sentence each that begins with its place.
"""

import json
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import unquote, unquote_plus, urlsplit

from pydantic import ConfigDict, SecretStr, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from bot.domain.configuration import Configuration
from bot.domain.configuration_checks import problems_of
from bot.domain.fields import ReadAs
from bot.domain.policy_examples import Example, Examples
from bot.domain.shape import annotation_at, keys_of, settings_of, words
from bot.errors import BadConfiguration
from bot.http_client import PROXIES
from bot.logs import LogFormat, LogLevel

_T = TypeVar("_T")
_LONGEST_SHOWN = 60
_NEAR = 0.62  # of difflib's 0 to 1: lapse is near lapse_after, writes is not near risk
_NONE = SecretStr("")
_DATE = {"a date": ""}


def _address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError
    return value


def _listen(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65_535:
        raise ValueError
    return value


def _file(value: str) -> Path:
    if not Path(value).is_file():
        raise ValueError
    return Path(value)


Address = Annotated[str, ReadAs(str, _address, "an address such as https://host/")]
ExistingFile = Annotated[Path, ReadAs(str, _file, "a file that exists")]
Listen = Annotated[str, ReadAs(str, _listen, "an address to listen on such as 0.0.0.0:8080")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The environment.

    Args:
        config: The configuration file (TOML).
        database_url: ``sqlite:///FILE`` for one replica, ``postgresql+psycopg://…`` for several.
        slack_mode: ``socket``: nothing is exposed; ``http``: Slack calls ``/slack/events``.
        slack_bot_token: ``xoxb-…``, of the app in ``manifest.json``.
        slack_app_token: ``xapp-…``, with ``connections:write``; Socket Mode only.
        slack_signing_secret: Of the app; HTTP mode only.
        slack_bot_token_file: A file with the bot token, such as a mounted secret, in place of the variable; it may be
            replaced at any time, without a restart, and so may the next two.
        slack_app_token_file: A file with the app token.
        slack_signing_secret_file: A file with the signing secret.
        slack_api_url: Slack's Web API.
        azure_cloud: The cloud whose hosts are used for signing in, Azure Resource Manager, metrics and logs.
        arm_endpoint: Azure Resource Manager, where it is not that of the cloud: a simulator, or Azure Stack.
        arm_ca_file: CA certificates to trust for it, in place of the system's.
        listen: Address of ``/slack/events`` (HTTP mode) and of the API, and of the health routes where they have no
            address of their own; port 0 takes a free one.
        health_listen: Address of ``/healthz``, ``/readyz`` and ``/metrics``, so that neither can be kept busy by others
            nor be read from outside.
        otlp_endpoint: Where traces go, from the request to the live rule: the address of an OTLP collector over HTTP,
            such as ``http://collector:4318/v1/traces``; needs the extra ``tracing``.
        step_up_listen: Address of the pages of `[step_up]` alone, for where browsers come in another way than pipelines
            and Slack; without it they are at `EGRESS_LISTEN`.
        step_up_client_secret: The client secret at the identity provider of `[step_up]`, where that has no
            `client_secret_file`.
        webhook_secret: Signs the events of webhooks that have no ``secret_file``.
        api_url: Where ``python -m bot request``, ``check`` and ``status`` find the API of a bot that runs.
        api_token: ``egr_…``: the API token of these commands.
        log_format: How log lines are written.
        log_level: The least level that is written; libraries are never more talkative than ``warning``.
    """

    __pydantic_config__ = ConfigDict(strict=True)

    config: Annotated[Path, ReadAs(str, Path, "a path")] = Path("egress.toml")
    database_url: str = field(default="sqlite:///egress.sqlite3", repr=False)
    slack_mode: Literal["socket", "http"] = "socket"
    slack_bot_token: SecretStr = _NONE
    slack_app_token: SecretStr = _NONE
    slack_signing_secret: SecretStr = _NONE
    slack_bot_token_file: ExistingFile | None = None
    slack_app_token_file: ExistingFile | None = None
    slack_signing_secret_file: ExistingFile | None = None
    slack_api_url: Address = "https://slack.com/api/"
    azure_cloud: Literal["public", "usgovernment", "china"] = "public"
    arm_endpoint: Address | None = None
    arm_ca_file: ExistingFile | None = None
    listen: Listen = "0.0.0.0:8080"
    health_listen: Listen | None = None
    otlp_endpoint: Address | None = None
    step_up_listen: Listen | None = None
    step_up_client_secret: SecretStr = _NONE
    webhook_secret: SecretStr = _NONE
    api_url: Address = "http://127.0.0.1:8080"
    api_token: SecretStr = _NONE
    log_format: LogFormat = "json"
    log_level: LogLevel = "info"


_ADAPTERS: Mapping[type, TypeAdapter[Any]] = {kind: TypeAdapter(kind) for kind in (Settings, Configuration, Examples)}


def variable(name: str) -> str:
    """The environment variable of a field of ``Settings``."""
    return f"EGRESS_{name.upper()}"


def secrets_of(settings: Settings, variables: Mapping[str, str]) -> list[str]:
    """Every secret that the process is given, in each form in which it may turn up.

    Args:
        settings: With tokens, and a password in the database's URL.
        variables: The environment, with what azure-identity and HTTP clients read from it.
    """
    slack = (settings.slack_bot_token, settings.slack_app_token, settings.slack_signing_secret)
    tokens = (*slack, settings.webhook_secret, settings.api_token, settings.step_up_client_secret)
    proxies = [variables.get(form(name), "") for name in PROXIES for form in (str.upper, str.lower)]
    passwords = [one for url in (settings.database_url, *proxies) for one in _passwords_in(url)]
    azure = [variables.get(name, "") for name in AZURE_SECRETS]
    found = [*(token.get_secret_value() for token in tokens), *passwords, *map(unquote_plus, passwords), *azure]
    return [one for one in found if one]


def _passwords_in(url: str) -> list[str]:
    """As they are written; none of a URL that cannot be read, which is refused before anything is done with it."""
    try:
        parts = urlsplit(url if "//" in url else f"//{url}")  # a proxy's may have no scheme
        own = parts.password or ""
    except ValueError:
        return []
    pairs = (pair.partition("=") for pair in parts.query.split("&"))
    return [own, unquote(own), *(value for key, _, value in pairs if key in ("password", "sslpassword"))]


AZURE_SECRETS = (
    "AZURE_CLIENT_SECRET",
    "AZURE_CLIENT_CERTIFICATE_PASSWORD",
    "AZURE_PASSWORD",
    "IDENTITY_HEADER",
)
"""Variables with secrets that azure-identity reads.

Source: https://learn.microsoft.com/python/api/overview/azure/identity-readme#environment-variables, read 2026-11.
"""


def settings_from(variables: Mapping[str, str]) -> Settings:
    """The settings in an environment; other variables are somebody else's, and empty ones count as unset.

    Raises:
        BadConfiguration: With one sentence for each wrong variable.
    """
    names = (one.name for one in settings_of(Settings))
    return _read(Settings, {name: variables[variable(name)] for name in names if variables.get(variable(name))})


def configuration_from(path: Path) -> Configuration:
    """Read the configuration file, and check each of its values by itself.

    Raises:
        BadConfiguration: If it is missing, no TOML, or says something that cannot be; the sentences say where.
    """
    try:
        content = _toml(path)
    except FileNotFoundError as error:
        raise BadConfiguration(
            f"Configuration file {path} not found. Set EGRESS_CONFIG, or begin with "
            "python -m bot config example > egress.toml and edit it."
        ) from error
    return _read(Configuration, content, f"{path}: ")


def examples_from(path: Path) -> tuple[Example, ...]:
    """Read a file of examples for the approval policy.

    Raises:
        BadConfiguration: If it is missing, no TOML, or says something that cannot be; the sentences say where.
    """
    try:
        return _read(Examples, _toml(path), f"{path}: ").examples
    except FileNotFoundError as error:
        raise BadConfiguration(f"{path} not found. bot/sandbox/policy-examples.toml is one to copy.") from error


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise
    except (OSError, UnicodeDecodeError) as error:
        raise BadConfiguration(f"Cannot read configuration file {path}: {error}.") from error
    except tomllib.TOMLDecodeError as error:
        raise BadConfiguration(f"{path} is not valid TOML: {error}.") from error


def checked_configuration(file: Configuration) -> Configuration:
    """The configuration with which the product works, if its parts fit each other.

    Raises:
        BadConfiguration: One sentence for each misfit, with its place in the file.
    """
    book = file.joined()
    if problems := problems_of(book):
        raise BadConfiguration(" ".join(problems))
    return book


def _read(kind: type[_T], content: Mapping[str, Any], where: str = "") -> _T:
    """As strictly as JSON: no text is a number, a list may be any collection. Dates, which JSON lacks, fit nothing."""
    try:
        read: _T = _ADAPTERS[kind].validate_json(json.dumps(content, default=lambda _date: _DATE))
        return read
    except ValidationError as error:
        problems = dict.fromkeys(_problem(kind, each) for each in error.errors())
        raise BadConfiguration(where + " ".join(problems)) from error


def _problem(root: type, found: ErrorDetails) -> str:
    loc, said = found["loc"], found["msg"].removeprefix("Value error, ").rstrip(".")
    path = ".".join(str(part) for part in loc if part != "[key]")
    place = variable(path) if root is Settings else path
    match found["type"]:
        case "unexpected_keyword_argument" | "unknown_key":
            known = found.get("ctx", {}).get("known") or keys_of(annotation_at(root, loc[:-1]))
            return f"{place} is not a setting of this version{_hint(str(path.rpartition('.')[2]), known)}"
        case "missing":
            return f"{place} is missing: it must be {words(annotation_at(root, loc))}."
        case "value_error" if said:
            return f"{place}: {said}."
        case _:
            return f"{place} must be {words(annotation_at(root, loc))}, not {_shown(found['input'])}."


def _hint(name: str, known: Collection[str]) -> str:
    if close := get_close_matches(name, known, 1, _NEAR):
        return f"; did you mean {close[0]}?"
    return f". Known are: {', '.join(known)}."


def _shown(value: object) -> str:
    match value:
        case str():
            return f"“{value[:_LONGEST_SHOWN]}{'…' if value[_LONGEST_SHOWN:] else ''}”"
        case list():
            return f"a list of {len(value)}"
        case dict():
            return "a date" if value == _DATE else "a table"
    return json.dumps(value)
