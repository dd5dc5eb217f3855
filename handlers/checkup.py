"""Whether the Slack app is installed as the bot needs it."""

from slack_sdk import WebClient

from bot.domain.settings import Rulebook
from bot.errors import BadConfiguration
from handlers.notify import slack_errors


def check_slack(client: WebClient, rulebook: Rulebook) -> str:
    """Ask Slack who we are, whether the channel is ours to write in, and whether each user group can be read.

    Raises:
        BadConfiguration: The token belongs to another workspace.
        SlackRefused: What Slack will not do, in a sentence.
        SlackUnreachable: Slack does not answer.
    """
    with slack_errors():
        me = client.auth_test()
        if me["team_id"] != rulebook.team:
            raise BadConfiguration(
                f"The token belongs to the workspace {me['team_id']}, slack.team is {rulebook.team}."
            )
        groups = [group.usergroup for group in rulebook.groups.values() if group.usergroup]
        for usergroup in groups:
            client.usergroups_users_list(usergroup=usergroup)
    return f"{me['user']} in {me['team']}; {len(groups)} user groups can be read."
