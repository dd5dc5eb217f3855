"""Whether the firewalls of ``writer.dry_run_targets`` exist: one that is misspelt would be written to."""

from collections.abc import Collection

from bot.domain.dry_run import DryRun
from bot.domain.phrases import listed
from bot.domain.target import Target
from bot.errors import BadConfiguration, EgressError
from bot.ports import Clusters, Store

MOST_NAMED = 10
"""Known firewalls that are said back."""


def require_known(dry_run: DryRun, store: Store, clusters: Clusters) -> None:
    """Refuse a name that no firewall has. The database is asked first, and Azure only where it does not know one.

    Raises:
        BadConfiguration: There is no such firewall, or Azure could not be asked: what is not known to exist may be
            misspelt, and then the bot would write where it was told not to.
    """
    if not dry_run.unknown(()):
        return
    known = _in_store(store)
    if not dry_run.unknown(known):
        return
    try:
        fleet = clusters.read_fleet()
    except EgressError as error:
        raise _unasked(dry_run, known, error.sentence) from error
    known |= fleet.targets
    if fleet.gaps and dry_run.unknown(known):
        raise _unasked(dry_run, known, " ".join(fleet.gaps))
    require_among(dry_run, known)


def _unasked(dry_run: DryRun, known: Collection[Target], why: str) -> BadConfiguration:
    names = ", ".join(dry_run.unknown(known))
    return BadConfiguration(f"writer.dry_run_targets names {names}, and whether that exists could not be asked: {why}")


def require_among(dry_run: DryRun, known: Collection[Target]) -> None:
    """Refuse a name that none of these has.

    Raises:
        BadConfiguration: With the names that there are.
    """
    if unknown := dry_run.unknown(known):
        names = listed(sorted({one.name for one in known}), MOST_NAMED) or "none"
        raise BadConfiguration(
            f"writer.dry_run_targets names {', '.join(unknown)}, and no cluster leaves through a firewall policy or "
            f"classic firewall of that name. Known are: {names}."
        )


def _in_store(store: Store) -> set[Target]:
    with store.read() as tx:
        return {*tx.allowances.targets(), *(target for egress in tx.snapshots.all() for target in egress.targets)}
