"""Public IPs and prefixes that somebody wants a cluster to leave with."""

from collections.abc import Collection

from bot.azure.clients import NETWORK_API, Clients, Json
from bot.azure.translate.shapes import dig, ip_version, items
from bot.domain.snat import OwnIp
from bot.errors import ArmForbidden, ArmNotFound


def read_public_ips(clients: Clients, ids: Collection[str]) -> dict[str, OwnIp | None]:
    """Each by its id; None for one that does not exist; without those that may not be read."""
    found = clients.in_parallel(lambda id_: _read(clients, id_), list(ids))
    return {id_: one for part in found for id_, one in part.items()}


def _read(clients: Clients, id_: str) -> dict[str, OwnIp | None]:
    try:
        return {id_: _own_ip(id_, clients.get(id_, NETWORK_API))}
    except ArmNotFound:
        return {id_: None}
    except ArmForbidden:
        return {}


def _own_ip(id_: str, body: Json) -> OwnIp:
    properties = body.get("properties")
    address = dig(properties, "ipAddress") or dig(properties, "ipPrefix")
    return OwnIp(
        id=id_,
        address=str(address or ""),
        version=ip_version(dig(properties, "publicIPAddressVersion")),
        location=str(body.get("location") or ""),
        sku=str(dig(body, "sku", "name") or "Basic"),
        used_by=_user(properties),
    )


def _user(properties: object) -> str:
    """The resource that uses it: a configuration, a NAT gateway, a frontend or, of a prefix, its first address."""
    configuration = str(dig(properties, "ipConfiguration", "id") or "")
    frontend = str(dig(properties, "loadBalancerFrontendIpConfiguration", "id") or "")
    first = next(iter(items(properties, "publicIPAddresses")), {})
    parent = "/".join((configuration or frontend).split("/")[:9])
    return parent or str(dig(properties, "natGateway", "id") or first.get("id") or "")
