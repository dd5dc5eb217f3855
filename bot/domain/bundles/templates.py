"""Parameters, and destinations with placeholders for them.

A value is a piece of one label of a host name, whatever its pattern says, so that filling in never makes a wildcard, a
further label or another domain.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import Field

from bot.domain.fields import NotWritten, Pattern, Text
from bot.domain.fqdn import Destination, Protocol, fill_named, parse_destination, parts_of_template, registrable

Values = Mapping[str, str]
"""The values of parameters by name."""

NO_VALUES: Values = MappingProxyType({})

_VALUE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
"""What a value may be: a label of a host name (RFC 1123 section 2.1), or a piece of one."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One value that whoever asks for a bundle fills in.

    Args:
        name: What stands in braces in the destinations: ``{account}``.
        title: What people read in the form.
        pattern: A regular expression that the whole value must match, in lower case.
        example: A value, for people whose own does not match.
        from_cluster: What of the cluster is taken where nothing was filled in: its Azure region.
    """

    name: Annotated[str, NotWritten()]
    title: Annotated[str, Field(min_length=1, max_length=60)]
    pattern: Pattern
    example: Text
    from_cluster: Literal["location"] | None = None

    def fits(self, value: str) -> bool:
        """Whether it is a value for it."""
        return _VALUE.fullmatch(value) is not None and re.fullmatch(self.pattern, value) is not None

    @property
    def field(self) -> str:
        """The name of its field in the form, and of errors about it."""
        return f"bundle.{self.name}"


@dataclass(frozen=True, slots=True, order=True)
class HostTemplate:
    """A destination with placeholders for parameters, as ``{account}.blob.core.windows.net``.

    Args:
        labels: The labels of the name; placeholders in braces stand in one label each.
        protocol: As of a destination.
        port: As of a destination.
        text: As it is written.
    """

    labels: tuple[str, ...]
    protocol: Protocol
    port: int
    text: str

    @property
    def names(self) -> frozenset[str]:
        """The names in its braces."""
        return names_in(self.labels)

    @property
    def is_of_one_domain(self) -> bool:
        """Whether all that it can become lies below one registered domain."""
        domain = registrable(fill_named(".".join(self.labels), dict.fromkeys(self.names, "zzz")))
        return not names_in(self.labels[-len(domain.split(".")) :])

    def fill(self, values: Mapping[str, str]) -> Destination:
        """The destination with these values.

        Raises:
            InvalidFqdn: It is none.
        """
        return parse_destination(fill_named(self.text, values))


def read_template(text: str) -> Destination | HostTemplate:
    """A destination, or a template of one."""
    names = parts_of_template(text)[1::2]
    if not names:
        return parse_destination(text)
    marks = {name: f"q{at}z{at}q" for at, name in enumerate(dict.fromkeys(names))}
    sample = parse_destination(fill_named(text, marks))
    labels = sample.fqdn.split(".")
    for name, mark in marks.items():
        labels = [label.replace(mark, f"{{{name}}}") for label in labels]
    return HostTemplate(tuple(labels), sample.protocol, sample.port, text)


def names_in(labels: Iterable[str]) -> frozenset[str]:
    """The names in braces in some labels."""
    return frozenset(name for label in labels for name in parts_of_template(label)[1::2])


def bindings(
    parameters: Mapping[str, Parameter],
    labels: Sequence[str],
    name: Sequence[str],
    bound: Values = NO_VALUES,
) -> Iterator[Values]:
    """The values with which labels with placeholders become as many labels of a name.

    Args:
        parameters: What the placeholders may stand for.
        labels: Of a template.
        name: Labels of a host name.
        bound: Values that are settled.
    """
    if not labels:
        yield bound
        return
    for found in _in_label(parameters, parts_of_template(labels[0]), name[0], bound):
        yield from bindings(parameters, labels[1:], name[1:], found)


def _in_label(
    parameters: Mapping[str, Parameter], pieces: Sequence[str], label: str, bound: Values
) -> Iterator[Values]:
    """Pieces are text and names in turn."""
    text, *rest = pieces
    if not label.startswith(text):
        return
    left = label.removeprefix(text)
    if not rest:
        yield from () if left else (bound,)
        return
    name, *others = rest
    for end in range(1, len(left) + 1):
        value = left[:end]
        if bound.get(name, value) == value and parameters[name].fits(value):
            yield from _in_label(parameters, others, left[end:], {**bound, name: value})
