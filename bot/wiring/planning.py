"""``python -m bot plan``: looks at Azure and the database, and changes neither."""

from bot.azure import AzureArm
from bot.config import Settings
from bot.domain.forecast import Forecast
from bot.reconciler import foresee
from bot.wiring.dryrun import require_known
from bot.wiring.production import at_the_terminal, opened_store


def plan(settings: Settings, name: str | None = None, *, arm: AzureArm | None = None) -> Forecast:
    """Forecast the next writes.

    Args:
        settings: The environment.
        name: A cluster, firewall policy or classic firewall, by name or ARM id; None for all that is written.
        arm: Azure, in place of the one that the settings lead to.

    Raises:
        BadConfiguration: A setting is wrong, or the database lacks this version's schema.
        UnknownCluster, AmbiguousCluster: The name.
        Unavailable, Refused: The database, or Azure while the name was looked for, could not be read.
    """
    with opened_store(settings) as store:
        store.require_migrated()
        ctx, _ = at_the_terminal(settings, store, "plan", arm=arm)
        require_known(ctx.config.dry_run, store, ctx.clusters)
        return foresee(ctx, name)
