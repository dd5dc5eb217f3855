"""The configuration as far as it can be read: what does not fit in it has a line of its own and hides no other."""

from bot.config import Settings, configuration_from
from bot.doctor.results import UNREAD
from bot.domain.configuration import Configuration
from bot.errors import BadConfiguration


def readable_configuration(settings: Settings) -> Configuration:
    """The configuration, also one whose parts do not fit each other.

    Raises:
        BadConfiguration: Nothing of it can be read; the sentence is ``UNREAD``.
    """
    try:
        return configuration_from(settings.config).joined()
    except BadConfiguration as error:
        raise BadConfiguration(UNREAD) from error
