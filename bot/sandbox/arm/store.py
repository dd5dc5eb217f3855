"""All resources of the simulated tenant: generated inhabitants below, journaled changes above."""

from collections.abc import Iterator, Mapping

from bot.sandbox.arm.ids import RESOURCE_GROUP, parse_id
from bot.sandbox.arm.wire import Json
from bot.sandbox.journal import Journal

_KIND = "arm.resource"


def type_of(key: str) -> str:
    """The type, in lower case, of a resource or resource group with this key."""
    parsed = parse_id(key)
    return parsed.type_key if parsed else RESOURCE_GROUP


class ResourceStore:
    """Resource bodies by lower-case id.

    Bodies are never changed in place, so that they can be handed out without copying.

    Args:
        journal: Where changes are kept.
        generated: Inhabitants that can be generated again: only changes to them are journaled.
    """

    def __init__(self, journal: Journal, generated: Mapping[str, Json]) -> None:
        self._journal = journal
        self._types: dict[str, dict[str, Json]] = {}
        self.revision = 0
        for key, body in {**generated, **journal.load(_KIND)}.items():
            if body is not None:
                self._types.setdefault(type_of(key), {})[key] = body

    def get(self, key: str) -> Json | None:
        """The stored body, or None."""
        return self._types.get(type_of(key), {}).get(key)

    def of_type(self, type_key: str) -> Mapping[str, Json]:
        """All bodies of one type, by key."""
        return self._types.get(type_key, {})

    def put(self, key: str, body: Json) -> None:
        """Keep a body."""
        self._journal.put(_KIND, key, body)
        self._types.setdefault(type_of(key), {})[key] = body
        self.revision += 1

    def delete(self, key: str) -> None:
        """Forget a resource; a mark stays in the journal, because a generated one would come back."""
        self._journal.put(_KIND, key, None)
        self._types.get(type_of(key), {}).pop(key, None)
        self.revision += 1

    def __iter__(self) -> Iterator[tuple[str, Json]]:
        for bodies in self._types.values():
            yield from bodies.items()
