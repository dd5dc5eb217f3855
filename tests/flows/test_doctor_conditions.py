"""Whether Azure refuses a write on another state: asked on demand only, with a write that cannot change anything."""

from datetime import timedelta
from typing import Any

from bot.azure import AzureArm
from bot.azure.identity import IssuedToken
from bot.azure.settings import ArmSettings
from bot.doctor.azure import look_at_conditions
from bot.doctor.results import DoctorResult, looked_at
from bot.sandbox.arm_transport import ArmTransport
from tests.build import SUBSCRIPTION, World, make_world

WHAT = "If-Match on hub-policy"


class Deaf(ArmTransport):
    """An Azure that takes no notice of If-Match."""

    def send(self, request: Any, **options: Any) -> Any:
        """One request, without it."""
        request.headers.pop("If-Match", None)
        return super().send(request, **options)


def azure_of(world: World, transport: type[ArmTransport] = ArmTransport) -> AzureArm:
    """The bot's Azure."""
    through = transport(world.arm, world.clock)
    settings = ArmSettings(subscriptions=(SUBSCRIPTION,))
    return AzureArm(IssuedToken(world.arm.issue_token), settings, transport=through, now=world.clock.now)


def asked(azure: AzureArm) -> DoctorResult:
    """What the doctor finds."""
    found = [looked_at(what, look) for what, look in look_at_conditions(azure, azure.read_fleet())]
    assert WHAT in [one.what for one in found]
    assert "If-Match on legacy-firewall" not in [one.what for one in found]  # all of it would have to be sent
    return next(one for one in found if one.what == WHAT)


def statuses(world: World) -> list[int]:
    """Of each write that Azure was sent."""
    return [one["status"] for one in world.arm.state()["requests"] if one["method"] == "PUT"]


def test_a_write_on_another_state(sqlite_url: str) -> None:
    """A group that is not there is not made; one that is there is as it was, whatever Azure does."""
    world = make_world(sqlite_url)
    azure, deaf = azure_of(world), azure_of(world, Deaf)
    before = statuses(world)
    assert "nothing there yet" in asked(azure).sentence
    assert statuses(world) == before
    place = azure.open(next(one for one in azure.read_fleet().targets if one.name == "hub-policy"))
    place.begin_write((), place.prepare(place.observe().group(1)))
    busy = asked(azure)
    assert (busy.is_ok, "Ask again" in busy.remedy) == (False, True)
    world.tick(timedelta(minutes=10))
    assert asked(azure).is_ok
    assert statuses(world)[-1] == 412
    state = place.observe()
    assert not asked(deaf).is_ok
    world.tick(timedelta(minutes=10))
    assert (place.observe().collections, place.observe().group(1).foreign) == (
        state.collections,
        state.group(1).foreign,
    )
    world.store.close()
