"""ARM's own front door: endpoints, tenants, subscriptions and resource groups."""

import re

from bot.sandbox.arm import network
from bot.sandbox.arm.ids import RESOURCE_GROUP
from bot.sandbox.arm.tokens import TENANT
from bot.sandbox.arm.wire import ArmError, ArmRequest, ArmResponse, Json, gateway_error
from bot.sandbox.arm.world import World

_JSON = {"content-type": "application/json; charset=utf-8"}
_Match = re.Match[str]


def group_key(subscription: str, group: str) -> str:
    """The key of a resource group."""
    return f"/subscriptions/{subscription}/resourcegroups/{group}".lower()


def group_body(subscription: str, name: str, location: str, tags: Json | None = None) -> Json:
    """A resource group."""
    return {
        "id": f"/subscriptions/{subscription}/resourceGroups/{name}",
        "name": name,
        "type": "Microsoft.Resources/resourceGroups",
        "location": location,
        "tags": tags or {},
        "properties": {"provisioningState": "Succeeded"},
    }


def check_group(world: World, subscription: str, group: str) -> None:
    """Nothing is found where the resource group does not exist.

    Raises:
        ArmError: 404 SubscriptionNotFound or ResourceGroupNotFound.
    """
    if world.store.get(group_key(subscription, group)) is None:
        _check_subscription(world, subscription)
        raise gateway_error(404, "ResourceGroupNotFound", f"Resource group '{group}' could not be found.")


def unauthenticated() -> ArmError:
    """401 for a request without a bearer token."""
    challenge = f'Bearer authorization_uri="https://login.windows.net/{TENANT}", error="invalid_token"'
    message = "Authentication failed. The 'Authorization' header is missing."
    error = gateway_error(401, "AuthenticationFailed", message)
    return ArmError(401, error.body, {**error.headers, "www-authenticate": challenge})


def no_api_version() -> ArmError:
    """400 for a request without an api-version."""
    message = "The api-version query parameter (?api-version=) is required for all requests."
    return gateway_error(400, "MissingApiVersionParameter", message)


def metadata(_world: World, request: ArmRequest, _match: _Match, _failure: Json | None) -> ArmResponse:
    """``/metadata/endpoints``: everything that Azure's command line needs to know about a cloud."""
    base = request.base_url
    host = base.split("://", 1)[1]
    authentication = {"loginEndpoint": base, "audiences": [base, "https://management.azure.com"], "tenant": "common"}
    cloud = {
        "name": "AzureCloud",
        "resourceManager": base,
        "authentication": {**authentication, "identityProvider": "AAD"},
        "graph": base,
        "graphAudience": base,
        "microsoftGraphResourceId": base,
        "portal": base,
        "gallery": base,
        "batch": base,
        "logAnalyticsResourceId": base,
        "suffixes": {"keyVaultDns": "vault.azure.net", "storage": "core.windows.net", "acrLoginServer": host},
    }
    return ArmResponse(200, _JSON, [cloud] if "2019" <= request.query.get("api-version", "") < "2022" else cloud)


def tenants(_world: World, _request: ArmRequest, _match: _Match, _failure: Json | None) -> ArmResponse:
    """The one tenant."""
    return ArmResponse(
        200, _JSON, {"value": [{"id": f"/tenants/{TENANT}", "tenantId": TENANT, "displayName": "Sandbox"}]}
    )


def subscriptions(world: World, _request: ArmRequest, _match: _Match, _failure: Json | None) -> ArmResponse:
    """All subscriptions that have a resource group."""
    return ArmResponse(200, _JSON, {"value": [_subscription(name) for name in known(world)]})


def subscription(world: World, _request: ArmRequest, match: _Match, _failure: Json | None) -> ArmResponse:
    """One subscription."""
    _check_subscription(world, match["sub"])
    return ArmResponse(200, _JSON, _subscription(match["sub"]))


def groups(world: World, _request: ArmRequest, match: _Match, _failure: Json | None) -> ArmResponse:
    """The resource groups of a subscription."""
    _check_subscription(world, match["sub"])
    prefix = f"/subscriptions/{match['sub']}/".lower()
    return ArmResponse(200, _JSON, {"value": [b for key, b in world.views(RESOURCE_GROUP) if key.startswith(prefix)]})


def group(world: World, _request: ArmRequest, match: _Match, _failure: Json | None) -> ArmResponse:
    """One resource group."""
    check_group(world, match["sub"], match["group"])
    return ArmResponse(200, _JSON, world.store.get(group_key(match["sub"], match["group"])))


def group_exists(world: World, _request: ArmRequest, match: _Match, _failure: Json | None) -> ArmResponse:
    """204 or 404, without a body."""
    return ArmResponse(204 if world.store.get(group_key(match["sub"], match["group"])) else 404)


def put_group(world: World, request: ArmRequest, match: _Match, _failure: Json | None) -> ArmResponse:
    """Create or change a resource group, immediately."""
    key = group_key(match["sub"], match["group"])
    status = 200 if world.store.get(key) else 201
    sent = request.body or {}
    world.store.put(key, group_body(match["sub"], match["group"], sent.get("location", "westeurope"), sent.get("tags")))
    return ArmResponse(status, _JSON, world.store.get(key))


def delete_group(world: World, request: ArmRequest, match: _Match, _failure: Json | None) -> ArmResponse:
    """Delete a resource group with everything in it, immediately; the answer says where to ask whether it is over.

    Raises:
        ArmError: 404 for a group that does not exist, 409 where something outside the group depends on something in it.
    """
    check_group(world, match["sub"], match["group"])
    group = group_key(match["sub"], match["group"])
    inside = [key for key, _ in world.everything() if key == group or key.startswith(f"{group}/")]
    for key in inside:
        if user := network.user_outside(world, key, group):
            text = f"Deletion of resource group '{match['group']}' failed: {key} is in use by {user}."
            raise gateway_error(409, "ResourceGroupDeletionBlocked", text)
    for key in [*inside, *_node_groups(world, inside)]:
        world.ledger.forget(key)
        world.store.delete(key)
    url = f"{request.base_url}/subscriptions/{match['sub']}/operationresults/{match['group']}?api-version=2021-04-01"
    return ArmResponse(202, {**_JSON, "location": url, "retry-after": "1"})


def deleted(_world: World, _request: ArmRequest, _match: _Match, _failure: Json | None) -> ArmResponse:
    """The end of a deletion."""
    return ArmResponse(200, _JSON)


def _node_groups(world: World, keys: list[str]) -> list[str]:
    """The node resource groups of clusters, with everything in them."""
    clusters = [body for key in keys if "/managedclusters/" in key and (body := world.store.get(key))]
    groups = [group_key(each["id"].split("/")[2], each["properties"]["nodeResourceGroup"]) for each in clusters]
    return [key for key, _ in world.everything() if any(key == one or key.startswith(f"{one}/") for one in groups)]


def known(world: World) -> list[str]:
    """The ids of all subscriptions that have a resource group."""
    return list(dict.fromkeys(key.split("/")[2] for key, _ in world.views(RESOURCE_GROUP)))


def _check_subscription(world: World, name: str) -> None:
    if name.lower() not in known(world):
        raise gateway_error(404, "SubscriptionNotFound", f"The subscription '{name}' could not be found.")


def _subscription(name: str) -> Json:
    return {
        "id": f"/subscriptions/{name}",
        "subscriptionId": name,
        "tenantId": TENANT,
        "displayName": f"Sandbox {name[-4:]}",
        "state": "Enabled",
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
    }
