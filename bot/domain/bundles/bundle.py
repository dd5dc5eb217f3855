"""A bundle: its destinations, with values in place of its parameters."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import quote, unquote

from bot.domain.bundles.templates import HostTemplate, Parameter, bindings
from bot.domain.fqdn import Destination, is_within
from bot.errors import InvalidFqdn, InvalidInput

_QUOTES = "\"'\u2018\u2019\u201c\u201d"


@dataclass(frozen=True, slots=True)
class BundleRef:
    """A bundle as a person asks for it.

    Args:
        name: Of the bundle.
        values: Of its parameters by name, sorted; not checked.
    """

    name: str
    values: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, text: str) -> "BundleRef":
        """Read ``NAME(KEY=VALUE,…)`` or ``NAME KEY=VALUE …``."""
        name, *pieces = re.split(r"[\s,()]+", text.strip())
        pairs = (piece.partition("=") for piece in pieces if piece)
        return cls.of(name, {key: unquote(value.strip(_QUOTES)) for key, _, value in pairs})

    @classmethod
    def of(cls, name: str, values: Mapping[str, str]) -> "BundleRef":
        """With the values that are not empty, in lower case as host names are."""
        kept = {key.lower(): value.strip().lower() for key, value in values.items()}
        return cls(name, tuple(sorted((key, value) for key, value in kept.items() if value)))

    def __str__(self) -> str:
        """One word that parses back to the same."""
        values = ",".join(f"{key}={quote(value, safe='')}" for key, value in self.values)
        return f"{self.name}({values})" if values else self.name


@dataclass(frozen=True, slots=True)
class Bundle:
    """Several destinations that are asked for, decided and listed as one.

    Args:
        name: What people type; of a filled-in one with its values.
        title: What people read.
        destinations: Those without placeholders, sorted; of a filled-in one all.
        source: Where their owner documents them.
        templates: Those with placeholders, sorted.
        parameters: By name; none of a filled-in one.
    """

    name: str
    title: str
    destinations: tuple[Destination, ...]
    source: str = ""
    templates: tuple[HostTemplate, ...] = ()
    parameters: Mapping[str, Parameter] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def count(self) -> int:
        """How many names it has."""
        return len(self.destinations) + len(self.templates)

    def fill(self, ref: BundleRef, location: str = "") -> "Bundle":
        """It with values in place of its parameters; itself where it has none.

        Args:
            ref: The values.
            location: The cluster's region, for parameters that are taken from there; empty where none is known.

        Raises:
            InvalidInput: A value is missing, is none, or belongs to no parameter; with the field of the form.
        """
        values = self._values(ref, location)
        if not self.parameters:
            return self
        try:
            filled = {template.fill(values) for template in self.templates}
        except InvalidFqdn as error:
            raise InvalidInput(error.sentence, field=next(iter(self.parameters.values())).field) from error
        made = BundleRef.of(self.name, values)
        said = ", ".join(f"{key} {value}" for key, value in made.values)
        return Bundle(str(made), f"{self.title}: {said}", tuple(sorted({*self.destinations, *filled})), self.source)

    def _values(self, ref: BundleRef, location: str) -> dict[str, str]:
        given = dict(ref.values)
        if strange := sorted(given.keys() - self.parameters.keys()):
            known = f"Its parameters: {', '.join(self.parameters)}." if self.parameters else "It takes none."
            raise InvalidInput(f"{self.name} has no parameter {strange[0][:60]}. {known}", field="bundle")
        taken = {name: location for name, one in self.parameters.items() if one.from_cluster}
        return {name: self._value(one, given.get(name) or taken.get(name, "")) for name, one in self.parameters.items()}

    def _value(self, parameter: Parameter, value: str) -> str:
        name, example = parameter.name, parameter.example
        if not value:
            text = f"{self.name} needs a value for {name} ({parameter.title}): `bundle:{self.name} {name}={example}`."
            raise InvalidInput(text, field=parameter.field)
        if not parameter.fits(value):
            text = f"“{value[:60]}” is not a valid {name} ({parameter.title}); write one such as {example}"
            raise InvalidInput(f"{text} (pattern {parameter.pattern}).", field=parameter.field)
        return value

    def fillings(self, part: Destination) -> Iterator[BundleRef]:
        """The values with which one of its templates becomes this destination, or a wildcard around it."""
        above = ["*", *part.fqdn.removeprefix("*.").split(".")]
        names = [part.fqdn.split("."), *(["*", *above[at:]] for at in range(2, len(above)))]
        for template in self._like(part):
            for labels in names:
                found = bindings(self.parameters, template.labels, labels)
                if len(labels) == len(template.labels):
                    yield from (BundleRef.of(self.name, values) for values in found)

    def could_contain(self, part: Destination) -> bool:
        """Whether there are values with which it opens this destination."""
        return next(self.fillings(part), None) is not None

    def could_lie_in(self, part: Destination) -> bool:
        """Whether there are values with which this wildcard opens one of its names."""
        base = part.fqdn.removeprefix("*.").split(".")
        if not part.is_wildcard:
            return False
        tails = (one.labels[-len(base) :] for one in self._like(part) if len(one.labels) > len(base))
        return any(True for tail in tails for _ in bindings(self.parameters, tail, base))

    def _like(self, part: Destination) -> Iterator[HostTemplate]:
        return (one for one in self.templates if (one.protocol, one.port) == (part.protocol, part.port))


def suggest(bundles: Iterable[Bundle], destinations: Iterable[Destination], location: str = "") -> tuple[Bundle, ...]:
    """The bundles, filled in, that contain one of some destinations."""
    found: dict[str, Bundle] = {}
    for bundle in bundles:
        for part in destinations:
            refs = [BundleRef(bundle.name)] if not bundle.parameters else list(bundle.fillings(part))
            filled = (_filled(bundle, ref, location) for ref in refs)
            found |= {one.name: one for one in filled if one and any(is_within(part, own) for own in one.destinations)}
    return tuple(found.values())


def _filled(bundle: Bundle, ref: BundleRef, location: str) -> Bundle | None:
    try:
        return bundle.fill(ref, location)
    except InvalidInput:
        return None
