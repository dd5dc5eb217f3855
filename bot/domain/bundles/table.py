"""Bundles as the configuration file has them, and what is wrong with them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated

from pydantic import Field

from bot.domain.bundles.bundle import Bundle
from bot.domain.bundles.templates import HostTemplate, Parameter, read_template
from bot.domain.fields import ReadAs, named
from bot.domain.fqdn import Destination


@dataclass(frozen=True, slots=True)
class BundleTable:
    """Several destinations that are asked for, decided and listed as one.

    Args:
        title: What people read.
        destinations: All of them; a name in braces, as in ``{account}.blob.core.windows.net``, stands for a parameter.
        source: Where their owner documents them.
        parameters: What whoever asks fills in: in the form, or behind the bundle as ``bundle:NAME KEY=VALUE``.
    """

    title: Annotated[str, Field(min_length=1, max_length=60)]
    destinations: Annotated[
        frozenset[
            Annotated[
                Destination | HostTemplate,
                ReadAs(str, read_template, "a destination: host, *.host, http:host, tcp:host:port"),
            ]
        ],
        Field(min_length=1, max_length=100),
    ]
    source: str = ""
    parameters: Annotated[Mapping[str, Parameter], ReadAs(Mapping[str, Parameter], named)] = field(
        default_factory=lambda: MappingProxyType({})
    )


def bundles_from(tables: Mapping[str, BundleTable]) -> Mapping[str, Bundle]:
    """The bundles of a file by name."""
    return MappingProxyType({name: _bundle(name, table) for name, table in tables.items()})


def _bundle(name: str, table: BundleTable) -> Bundle:
    plain = sorted(one for one in table.destinations if isinstance(one, Destination))
    templates = sorted(one for one in table.destinations if isinstance(one, HostTemplate))
    return Bundle(name, table.title, tuple(plain), table.source, tuple(templates), table.parameters)


def problems_of_bundle(bundle: Bundle) -> Iterator[str]:
    """Everything that is wrong with a bundle's parameters, one sentence each."""
    where, names = f"bundles.{bundle.name}", frozenset(name for one in bundle.templates for name in one.names)
    if bundle.parameters and not re.fullmatch(r"[\w.-]+", bundle.name, re.ASCII):
        yield f"{where}: the name of a bundle with parameters is one word of letters, digits, dots and hyphens."
    for name in sorted(names - bundle.parameters.keys()):
        yield f"{where}.destinations name {{{name}}}, which is not one of its parameters."
    for name, one in bundle.parameters.items():
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,29}", name):
            yield f"{where}.parameters.{name}: a parameter is named with up to 30 of a-z, 0-9 and _."
        elif name not in names:
            yield f"{where}.parameters.{name} has no effect: no destination names {{{name}}}."
        if not one.fits(one.example):
            yield f"{where}.parameters.{name}.example: {one.example} does not fit the pattern, or fits no host name."
    yield from (f"{where}.destinations: {text}" for text in _open_ended(bundle))


def _open_ended(bundle: Bundle) -> Iterator[str]:
    for template in bundle.templates:
        if not template.is_of_one_domain:
            yield f"{template.text} leaves open whose domain it is; parameters stand below a registered domain."
