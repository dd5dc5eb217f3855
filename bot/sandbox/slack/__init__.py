"""A simulated Slack workspace, as strict as the vendor.

``SlackWorkspace`` is the state, ``WebApi`` what the bot may do with it, ``People`` what its members may do.
"""

from bot.sandbox.slack.errors import Impossible, SlackError
from bot.sandbox.slack.faults import fault_from_json
from bot.sandbox.slack.installation import Installation
from bot.sandbox.slack.people import People
from bot.sandbox.slack.pressing import Press
from bot.sandbox.slack.web_api import WebApi
from bot.sandbox.slack.workspace import SlackWorkspace

__all__ = [
    "Impossible",
    "Installation",
    "People",
    "Press",
    "SlackError",
    "SlackWorkspace",
    "WebApi",
    "fault_from_json",
]
