"""The composition root: the only module that knows every concrete class."""

import fcntl
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

import handlers
from bot import auditing, inventory
from bot.azure import AzureArm
from bot.azure.settings import ArmSettings
from bot.config import ConfigurationFile, Settings, configuration_from, rulebook_from
from bot.domain.audit import AuditFilter
from bot.domain.people import Identity, Person, Role
from bot.domain.settings import Rulebook
from bot.errors import BadConfiguration, EgressError
from bot.inventory import FLEET
from bot.ports import NOTICES, Arm, Caller, Clock, Context, Pace
from bot.reconciler import Reconciler
from bot.store import SqlStore
