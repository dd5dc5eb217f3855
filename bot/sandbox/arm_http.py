"""The simulated Azure over HTTP: a Starlette application for the TLS port, its control routes, and its certificates."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from bot.sandbox.arm import ArmResponse, ArmSubscription
from bot.sandbox.arm.entra import EntraError, discovery, require_tenant, token_answer
from bot.sandbox.arm.subscription import DATA_PLANES
from bot.sandbox.arm.tokens import CLIENT, LIFETIME, managed_identity_answer, require_token, unsigned_token
from bot.sandbox.arm.wire import ArmError

CA_LIFETIME = timedelta(days=3650)
_METHODS = ["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE"]
_SCOPE_KEY = "arm.send"
OPEN = ("/metadata/", *DATA_PLANES)
"""Paths that need no token of Azure Resource Manager: they have none, or ask for one of their own."""


def arm_app(arm: ArmSubscription) -> Starlette:
    """The application for the TLS port: ARM itself, managed identity and Entra's token endpoint.

    Args:
        arm: The tenant.
    """

    async def everything(request: Request) -> Response:
        body = await request.body()
        try:
            _require_token(request)
        except ArmError as error:
            return _response(error.response)
        return await _carried(
            await run_in_threadpool(arm.handle, request.method, str(request.url), dict(request.headers), body)
        )

    return _App(routes=[*_Tokens(arm).routes(), Route("/{path:path}", everything, methods=_METHODS)])


def _require_token(request: Request) -> None:
    """What comes over the wire has a real client's token; who has none is told by the tenant itself."""
    path = request.url.path
    if "authorization" in request.headers and not path.startswith(OPEN) and not path.endswith("/metrics:getBatch"):
        require_token(request.headers, f"{request.url.scheme}://{request.url.netloc}", datetime.now(UTC))


def control_routes(arm: ArmSubscription) -> list[Route]:
    """State, changes by hand and faults: the ``/_sandbox/arm`` routes of the sandbox's control port."""

    async def state(_request: Request) -> Response:
        return Response(json.dumps(await run_in_threadpool(arm.state)), media_type="application/json")

    async def put(request: Request) -> Response:
        def change(body: Any) -> Any:
            if not isinstance(body, dict) or not {"id", "body"} <= set(body):
                raise ValueError('Send {"id": resource id, "body": resource}.')
            return arm.put_resource(body["id"], body["body"])

        return await _controlled(request, change)

    async def delete(request: Request) -> Response:
        return await _answered(lambda: arm.delete_resource(request.query_params.get("id", "")))

    async def fault(request: Request) -> Response:
        return await _controlled(request, arm.add_fault)

    return [
        *_traffic_routes(arm),
        *_identity_routes(arm),
        Route("/_sandbox/arm/fault", _without_body(arm.clear_faults), methods=["DELETE"]),
        Route("/_sandbox/arm", state, methods=["GET"]),
        Route("/_sandbox/arm/resource", put, methods=["PUT"]),
        Route("/_sandbox/arm/resource", delete, methods=["DELETE"]),
        Route("/_sandbox/arm/fault", fault, methods=["POST"]),
    ]


def _identity_routes(arm: ArmSubscription) -> list[Route]:
    async def rights(request: Request) -> Response:
        return await _controlled(request, partial(_put_rights, arm))

    async def app(request: Request) -> Response:
        return await _controlled(request, arm.register)

    return [
        Route("/_sandbox/arm/rights", rights, methods=["PUT"]),
        Route("/_sandbox/arm/app", app, methods=["PUT"]),
    ]


def _traffic_routes(arm: ArmSubscription) -> list[Route]:
    async def begin(request: Request) -> Response:
        return await _controlled(request, arm.add_traffic)

    async def inside(request: Request) -> Response:
        return await _controlled(request, arm.put_inside)

    async def stop(request: Request) -> Response:
        return await _answered(lambda: arm.stop_traffic(request.query_params.get("id")))

    return [
        Route("/_sandbox/arm/traffic", begin, methods=["POST"]),
        Route("/_sandbox/arm/traffic", _without_body(arm.traffic), methods=["GET"]),
        Route("/_sandbox/arm/traffic", stop, methods=["DELETE"]),
        Route("/_sandbox/arm/inside", inside, methods=["PUT"]),
    ]


def _without_body(change: Callable[[], Any]) -> Callable[[Request], Awaitable[Response]]:
    async def answer(_request: Request) -> Response:
        return await _answered(change)

    return answer


def _put_rights(arm: ArmSubscription, body: Any) -> None:
    given = body if isinstance(body, dict) else {}
    arm.put_rights(str(given.get("id") or ""), given)


def make_ca(folder: Path, *hosts: str) -> tuple[Path, Path, Path]:
    """Certificates for 127.0.0.1 and localhost: written once, reused while they are valid for another day.

    Args:
        folder: Where ``ca.pem``, ``server.pem`` and ``server-key.pem`` are kept.
        hosts: Further hosts that the server is.

    Returns:
        The paths of the server's certificate chain, of its key and of the CA certificate.
    """
    certificate, key, authority = folder / "server.pem", folder / "server-key.pem", folder / "ca.pem"
    if not (certificate.exists() and key.exists() and authority.exists() and _valid(certificate)):
        folder.mkdir(parents=True, exist_ok=True)
        _write_certificates(certificate, key, authority, hosts)
    return certificate, key, authority


async def _controlled(request: Request, change: Callable[[Any], Any]) -> Response:
    try:
        body = json.loads(await request.body() or b"null")
    except ValueError:
        return JSONResponse({"error": "The body is not JSON."}, 400)
    return await _answered(lambda: change(body))


async def _answered(change: Callable[[], Any]) -> Response:
    try:
        return JSONResponse(await run_in_threadpool(change) or {})
    except ValueError as error:
        return JSONResponse({"error": str(error)}, 400)


async def _carried(answer: ArmResponse) -> Response:
    await asyncio.sleep(answer.latency.total_seconds())
    return _Dropped() if answer.dropped else _response(answer)


def _response(answer: ArmResponse) -> Response:
    return Response(answer.content, answer.status, dict(answer.headers))


class _App(Starlette):
    """Remembers the server's own ``send``, through which a connection can be closed."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[_SCOPE_KEY] = send
        await super().__call__(scope, receive, send)


class _Dropped(Response):
    """No answer: the connection is closed; a server that hides it gets an answer that breaks off."""

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        cycle = getattr(scope.get(_SCOPE_KEY), "__self__", None)
        transport = getattr(cycle, "transport", None)
        if transport is not None:
            transport.abort()
        await send({"type": "http.response.start", "status": 500, "headers": [(b"content-length", b"1")]})


class _Tokens:
    """Managed identity in both styles, and Entra; both live by the machine's clock, as their clients do."""

    def __init__(self, arm: ArmSubscription) -> None:
        self._arm = arm

    def routes(self) -> list[Route]:
        """The token routes."""
        return [
            Route("/metadata/identity/oauth2/token", self.managed_identity),
            Route("/msi/token", self.managed_identity),
            Route("/{tenant}/oauth2/v2.0/token", self.entra, methods=["POST"]),
            Route("/{tenant}/v2.0/.well-known/openid-configuration", self.discovery),
        ]

    async def managed_identity(self, request: Request) -> Response:
        """Instance metadata service (``Metadata: true``) and App Service (``X-IDENTITY-HEADER``)."""
        if struck := await self._struck(request):
            return struck
        asked = request.headers.get("metadata", "").lower() == "true" or request.headers.get("x-identity-header")
        resource = request.query_params.get("resource")
        if not asked or not resource or "api-version" not in request.query_params:
            text = "A token needs resource and api-version, and the header Metadata or X-IDENTITY-HEADER."
            return JSONResponse({"error": "invalid_request", "error_description": text}, 400)
        if request.query_params.get("client_id", CLIENT) != CLIENT:
            return JSONResponse({"error": "invalid_request", "error_description": "Identity not found"}, 400)
        now, lifetime = datetime.now(UTC), self._arm.registration.lifetime(LIFETIME)
        token = unsigned_token(resource, now, lifetime)
        return JSONResponse(managed_identity_answer(token, resource, now, lifetime))

    async def entra(self, request: Request) -> Response:
        """The token endpoint."""
        if struck := await self._struck(request):
            return struck
        form, now = dict(parse_qsl((await request.body()).decode())), datetime.now(UTC)
        base, tenant = f"{request.url.scheme}://{request.url.netloc}", request.path_params["tenant"]
        try:
            return JSONResponse(token_answer(self._arm.registration, base, tenant, form, now))
        except EntraError as error:
            return JSONResponse(error.body(now), error.status)

    async def discovery(self, request: Request) -> Response:
        """Return where the token endpoint is."""
        if struck := await self._struck(request):
            return struck
        tenant = request.path_params["tenant"]
        try:
            require_tenant(tenant, "invalid_tenant")
        except EntraError as error:
            return JSONResponse(error.body(datetime.now(UTC)), error.status)
        return JSONResponse(discovery(f"{request.url.scheme}://{request.url.netloc}/{tenant}"))

    async def _struck(self, request: Request) -> Response | None:
        """What a fault makes of it."""
        answer = await run_in_threadpool(self._arm.struck, request.method, str(request.url))
        return await _carried(answer) if answer else None


def _valid(certificate: Path) -> bool:
    loaded = x509.load_pem_x509_certificate(certificate.read_bytes())
    return loaded.not_valid_after_utc > datetime.now(UTC) + timedelta(days=1)


def _write_certificates(certificate: Path, key: Path, authority: Path, hosts: Sequence[str]) -> None:
    ca_key, server_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = _name("Sandbox CA")
    ca = _builder(ca_name, ca_name, ca_key.public_key())
    ca = ca.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    ca = ca.add_extension(_usage(signs_certificates=True), critical=True)
    ca = ca.add_extension(x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key()), critical=False)
    server = _server(_builder(_name("localhost"), ca_name, server_key.public_key()), ca_key.public_key(), hosts)
    signed_ca, signed = ca.sign(ca_key, hashes.SHA256()), server.sign(ca_key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    key.touch(mode=0o600)
    key.write_bytes(
        server_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )
    certificate.write_bytes(signed.public_bytes(pem) + signed_ca.public_bytes(pem))
    authority.write_bytes(signed_ca.public_bytes(pem))


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + CA_LIFETIME)
    )


def _server(
    builder: x509.CertificateBuilder, ca_key: ec.EllipticCurvePublicKey, hosts: Sequence[str]
) -> x509.CertificateBuilder:
    names = [*map(x509.DNSName, ("localhost", *hosts)), x509.IPAddress(ip_address("127.0.0.1"))]
    return (
        builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
