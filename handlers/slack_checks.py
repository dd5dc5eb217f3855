"""Whether the Slack app is installed as the bot needs it: one look for each thing that can be missing."""

from collections.abc import Callable, Collection, Iterator, Mapping
from email.utils import parsedate_to_datetime
from functools import partial
from types import MappingProxyType
from typing import Any

from slack_sdk import WebClient

from bot.domain.approval import Quorum, VerdictKind
from bot.domain.configuration import Configuration, Group
from bot.domain.people import AccountStatus
from bot.errors import BadConfiguration, SlackUnreachable
from handlers.identity import account_from_json
from handlers.notify import slack_errors

SlackCheck = tuple[str, Callable[[], str]]
"""A check: its name, and a function that returns a sentence or raises an error that says what to do."""

EVENT_SCOPES = frozenset({"channels:history", "groups:history"})
"""The scopes that let Slack deliver what is written in the threads of cards."""

SCOPES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "channels:history": (),
        "channels:read": ("conversations.info",),
        "chat:write": ("chat.postMessage", "chat.update", "chat.postEphemeral"),
        "commands": (),
        "files:read": ("files.info",),
        "files:write": ("files.getUploadURLExternal", "files.completeUploadExternal"),
        "groups:history": (),
        "groups:read": ("conversations.info",),
        "im:write": ("conversations.open",),
        "usergroups:read": ("usergroups.users.list",),
        "users:read": ("users.info",),
    }
)
"""The scopes of the manifest and the methods that the bot calls with each.

``conversations.info`` needs one of the two, by the kind of channel: it is the one documented way to learn whether the
bot is in a channel that writes nothing into it. ``commands`` is for the slash command and the shortcuts; the two of
``history`` let Slack deliver what is written in the threads of cards.
Source: https://docs.slack.dev/reference/scopes, read 2026-11.
"""


def slack_checks(client: WebClient, config: Configuration) -> Iterator[SlackCheck]:
    """Everything that the bot needs of the workspace with its own token."""
    yield "Slack token", lambda: _token(client, config)
    yield "Slack scopes", lambda: _scopes(client)
    if config.step_up.reads_email:
        yield "Slack e-mail addresses", lambda: _email(client)
    yield f"Slack channel {config.channel}", lambda: _channel(client, config.channel)
    for group in config.groups.values():
        yield f"group {group.name}", partial(_group, client, group)
    for number, quorum in enumerate(asked := list(_asking(config))):
        stage = sum(other.rule == quorum.rule for other in asked[:number])
        named = f"{quorum.rule}, stage {stage + 1}" if stage else quorum.rule
        yield f"approval rule {named}", partial(_approvers, client, config, quorum)


def socket_check(app_client: WebClient) -> SlackCheck:
    """Whether the app token opens a socket; none is opened."""
    return "Slack socket", lambda: _socket(app_client)


def slack_time_s(client: WebClient) -> float:
    """Slack's own clock, in seconds since 1970, to the second.

    Raises:
        EgressError: Slack did not answer, or not with a time.
    """
    headers = {name.lower(): value for name, value in _call(client.api_test).headers.items()}
    try:
        return parsedate_to_datetime(str(headers.get("date", ""))).timestamp()
    except ValueError as error:
        raise SlackUnreachable("Slack's answer does not say what time it is.") from error


def _token(client: WebClient, config: Configuration) -> str:
    if not client.token:
        raise BadConfiguration("EGRESS_SLACK_BOT_TOKEN is missing; the README says where to find it.")
    me = _call(client.auth_test)
    if me["team_id"] != config.team:
        raise BadConfiguration(f"The token belongs to workspace {me['team_id']}, but slack.team is {config.team}.")
    return f"{me['user']} in {me['team']}."


def _scopes(client: WebClient) -> str:
    lacking = sorted(set(SCOPES) - _granted(client))
    if lacking:
        raise BadConfiguration(f"The app lacks {', '.join(lacking)}; reinstall it from manifest.json.")
    return f"{len(SCOPES)} granted."


def _email(client: WebClient) -> str:
    if "users:read.email" not in _granted(client):
        raise BadConfiguration("The app lacks users:read.email, by which step-up compares people.")
    return "can be read."


def _granted(client: WebClient) -> set[str]:
    headers = {name.lower(): value for name, value in _call(client.auth_test).headers.items()}
    return {scope.strip() for scope in str(headers.get("x-oauth-scopes", "")).split(",")}


def _channel(client: WebClient, channel: str) -> str:
    found = _call(client.conversations_info, channel=channel)["channel"]
    if found.get("is_archived"):
        raise BadConfiguration("The channel is archived; unarchive it, or set another one in slack.channel.")
    if not found.get("is_member"):
        raise BadConfiguration(f"The bot is not in #{found.get('name')}; invite it there: /invite @egress.")
    return f"#{found.get('name')}, and the bot is in it."


def _group(client: WebClient, group: Group) -> str:
    people = _active(client, _users(client, group))
    if not people:
        where = f"user group {group.usergroup}" if group.usergroup else "configuration"
        raise BadConfiguration(f"It has no members; add people to the {where}.")
    return f"{len(people)} {'person' if len(people) == 1 else 'people'}."


def _approvers(client: WebClient, config: Configuration, quorum: Quorum) -> str:
    groups = [config.groups[name] for name in quorum.groups]
    people = _active(client, set(quorum.people).union(*(_users(client, group) for group in groups)))
    named = " or ".join((*quorum.groups, *quorum.people)) or "any group"
    if len(people) < quorum.needed:
        raise BadConfiguration(
            f"only {len(people)} of the {quorum.needed} approvers needed are in {named}; add more people."
        )
    return f"{quorum.needed} of {len(people)} people in {named}."


def _users(client: WebClient, group: Group) -> frozenset[str]:
    if group.usergroup is None:
        return group.users
    return group.users | frozenset(_call(client.usergroups_users_list, usergroup=group.usergroup)["users"])


def _active(client: WebClient, users: Collection[str]) -> frozenset[str]:
    """Those whose accounts may decide."""
    accounts = {user: account_from_json(_call(client.users_info, user=user)["user"]) for user in sorted(users)}
    return frozenset(user for user, account in accounts.items() if account.standing is AccountStatus.ACTIVE)


def _asking(config: Configuration) -> Iterator[Quorum]:
    policy = config.policy
    yield policy.default("")
    for rule in policy.rules:
        if rule.then is VerdictKind.ASK:
            yield from policy.quorums(rule)


def _socket(app_client: WebClient) -> str:
    if not app_client.token:
        raise BadConfiguration(
            "EGRESS_SLACK_APP_TOKEN is missing; Socket Mode needs it (the README says where to find it)."
        )
    _call(app_client.apps_connections_open, app_token=app_client.token)
    return "Slack opened one."


def _call(method: Callable[..., Any], **arguments: Any) -> Any:
    with slack_errors():
        return method(**arguments)
