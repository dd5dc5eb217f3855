"""The part of the fleet that a review campaign is about, as people type it."""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from bot.domain.allowance import Scope
from bot.errors import InvalidInput

EVERYTHING = "all"
OWNERLESS = "owner:left"
USAGE = "Use a cluster name or a pattern such as `aks-*`, `environment:NAME`, `tag:KEY=VALUE`, `bundle:NAME`, or `all`."
MOST_WORDS = 20


@dataclass(frozen=True, slots=True)
class ReviewScope:
    """Which allowances are reviewed: one of each kind that is named must fit; nothing named means all.

    Args:
        clusters: Names or ARM ids, ``*`` and ``?`` allowed, in lower case.
        environments: In lower case.
        tags: Names and values of tags of the cluster, in lower case.
        bundles: Asked for as one of these.
        is_ownerless: Only those whose owner left when it was looked up; it is started from that list.
    """

    clusters: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    bundles: tuple[str, ...] = ()
    is_ownerless: bool = False

    @property
    def words(self) -> str:
        """The scope as it can be typed again."""
        tags = (f"tag:{name}={value}" for name, value in self.tags)
        environments = (f"environment:{name}" for name in self.environments)
        bundles = (f"bundle:{name}" for name in self.bundles)
        if self.is_ownerless:
            return OWNERLESS
        return " ".join((*self.clusters, *environments, *tags, *bundles)) or EVERYTHING

    def fits(self, scope: Scope, bundle: str | None, tags: Mapping[str, str]) -> bool:
        """Whether an allowance belongs to it.

        Args:
            scope: Where the allowance applies.
            bundle: What it was asked as.
            tags: The tags of its cluster, in lower case; none where they are not known.
        """
        return (
            (not self.clusters or any(_names(pattern, scope) for pattern in self.clusters))
            and (not self.environments or scope.environment.lower() in self.environments)
            and (not self.tags or any(tags.get(name) == value for name, value in self.tags))
            and (not self.bundles or (bundle or "").lower() in self.bundles)
        )


def _names(pattern: str, scope: Scope) -> bool:
    return any(fnmatchcase(text, pattern) for text in (scope.cluster_name.lower(), scope.cluster_id))


def scope_from_words(text: str) -> ReviewScope:
    """``aks-* environment:production``, ``bundle:docker-hub``, ``tag:team=web``, ``all`` or nothing.

    Raises:
        InvalidInput: With the word that is not understood.
    """
    words = sorted(set(text.lower().split()) - {EVERYTHING})
    if OWNERLESS in words:
        raise InvalidInput("`/egress review left` lists the allowances whose owners left; start the review from there.")
    if len(words) > MOST_WORDS:
        raise InvalidInput(f"{len(words)} words are too many; at most {MOST_WORDS} say what to review. {USAGE}")
    found: dict[str, list[str]] = {"cluster": [], "environment": [], "tag": [], "bundle": []}
    for word in words:
        kind, name = _kind(word)
        found[kind].append(name)
    pairs = (word.partition("=") for word in found["tag"])
    return ReviewScope(
        tuple(found["cluster"]),
        tuple(found["environment"]),
        tuple((name, value) for name, _, value in pairs),
        tuple(found["bundle"]),
    )


KINDS = {"cluster": "cluster", "environment": "environment", "env": "environment", "tag": "tag", "bundle": "bundle"}


def _kind(word: str) -> tuple[str, str]:
    prefix, colon, name = word.partition(":")
    if not colon:
        return "cluster", word
    kind = KINDS.get(prefix, "")
    tag, equals, value = name.partition("=")
    if not kind or not name or (kind == "tag" and not (tag and equals and value)):
        raise InvalidInput(f"“{word[:60]}” does not say what to review. {USAGE}")
    return kind, name
