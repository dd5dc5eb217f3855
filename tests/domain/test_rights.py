"""Which actions Azure's role assignments give."""

from bot.domain.rights import CLUSTER_WRITE, Grant, lacking


def test_rights_are_read_as_azure_reads_them() -> None:
    """Wildcards span segments, case does not matter, what one assignment takes away another may give."""
    read_all = Grant(("*/READ",))
    assert lacking([read_all], CLUSTER_WRITE) == CLUSTER_WRITE[1:]
    assert lacking([read_all, Grant(("microsoft.containerservice/*",))], CLUSTER_WRITE) == ()
    assert lacking([Grant(("*",), ("*/write",))], CLUSTER_WRITE) == CLUSTER_WRITE[1:]
    assert lacking([Grant(("*",), ("*/write",)), Grant(CLUSTER_WRITE)], CLUSTER_WRITE) == ()
    assert lacking([], CLUSTER_WRITE) == CLUSTER_WRITE
