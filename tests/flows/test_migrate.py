"""``/egress migrate``: from the question to the plan and the files, over the simulated subscription."""

from collections.abc import Iterator

import pytest

from bot.errors import InvalidInput, NotScalable, UnknownCluster
from handlers import migrations, partners
from handlers.replies import File
from tests.build import APPROVER, DEV, World, make_world
from tests.listeners.calling import text_of, typed


@pytest.fixture
def world(sqlite_url: str) -> Iterator[World]:
    """A world at rest; the database does not matter here."""
    made = make_world(sqlite_url)
    yield made
    made.store.close()


def say(world: World, words: str) -> str:
    """What ``/egress migrate`` answers."""
    return text_of(migrations.migrate(world.ctx, typed(DEV, words)))


def test_what_a_cluster_could_become(world: World) -> None:
    """Permitted ones first, and why the others are not."""
    said = say(world, "aks-lb")
    assert "aks-lb: outbound type loadBalancer" in said
    assert said.index(":white_check_mark: *managedNATGateway*") < said.index(":no_entry_sign: *userDefinedRouting*")
    assert "the same page describes the command" in say(world, "aks-natgateway")
    assert "so does `bicep`" in say(world, "aks-lb none")


def test_the_plan_of_solution_two(world: World) -> None:
    """What goes, who is told first, what stays, and the command."""
    partners.partners(world.ctx, typed(APPROVER, "aks-lb add Acme ops@acme.example"))
    said = say(world, "aks-lb managednatgateway 3")
    assert "Azure permits this change" in said
    assert "20.126.14.246" in said
    assert "Public services keep their load balancer" in said
    assert "*Acme* (tell them at ops@acme.example)" in said
    assert "--nat-gateway-managed-outbound-ip-count 3" in said


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("aks-lb userDefinedRouting", "takes a new cluster"),
        ("aks-lb-own managedNATGateway", ""),
        ("aks-natgateway userAssignedNATGateway", "takes a new cluster"),
        ("aks-usernat managedNATGateway", "your virtual network"),
        ("aks-udr managedNATGateway", "your virtual network"),
        ("aks-udr block", "for networks that AKS made"),
        ("aks-natgateway-v2 managedNATGateway", "lists no such change"),
    ],
)
def test_refusals_for_each_network(world: World, words: str, says: str) -> None:
    """What Azure's tables do not permit is refused with the reason."""
    if not says:
        assert "You keep them" in say(world, words)
        return
    with pytest.raises(NotScalable, match=says):
        say(world, words)


def test_what_is_missing_is_said(world: World) -> None:
    """aks-udr has no NAT gateway on its subnet, and its route would come first; aks-usernat has no route."""
    said = say(world, "aks-udr userAssignedNATGateway")
    assert "Not yet: 2 prerequisites are missing" in said
    assert "traffic keeps taking it" in said
    assert "comes first on the subnet" in say(world, "aks-usernat loadBalancer")
    assert "has no route table" in say(world, "aks-usernat userDefinedRouting")


@pytest.mark.parametrize(("form", "part"), [("az", "az aks update"), ("terraform", "outbound_type"), ("bicep", "var ")])
def test_the_plan_as_a_file(world: World, form: str, part: str) -> None:
    """Each format is sent as a file."""
    replies = migrations.migrate(world.ctx, typed(DEV, f"aks-lb managedNATGateway 2 {form}"))
    assert isinstance(replies, tuple)
    file = replies[0]
    assert isinstance(file, File)
    assert file.name.startswith("aks-lb-managedNATGateway.")
    assert part in file.content


def test_words_that_are_not_expected(world: World) -> None:
    """Nothing typed is dropped in silence."""
    for words in ("", "aks-lb managedNATGateway 2 pulumi", "aks-lb natgateway", "aks-lb managedNATGateway 99"):
        with pytest.raises(InvalidInput):
            say(world, words)
    with pytest.raises(UnknownCluster):
        say(world, "aks-nowhere managedNATGateway")
