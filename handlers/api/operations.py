"""The operations of the API: one table, from which calls are routed, validated and documented."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from bot import allowances, checking, inventory
from bot.auditing import Attempt
from bot.checking import Query
from bot.domain.allowance import Allowance
from bot.domain.api_token import Token, TokenAct, require_cluster
from bot.domain.audit import Action
from bot.domain.batch import place_from_text
from bot.domain.duration import duration_from_text
from bot.domain.egress import ClusterEgress, ClusterRef
from bot.domain.fqdn import Destination, parse_destination
from bot.errors import AlreadyRequested, InvalidInput
from bot.inventory import FleetPage
from bot.ports import Caller, Context
from handlers.api.rendering import check_facts, cluster_line, request_facts
from handlers.api.shapes import CheckFacts, CheckQuery, ClusterPage, ClustersQuery, NewRequest, RequestFacts
from handlers.attempts import record_refusal
from handlers.blocks.clusters import egress_facts

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ApiCall:
    """A call that was let in.

    Args:
        caller: The token's owner, through the token.
        token: The token.
        path: The value in the path, empty where it has none.
        given: The query or the body, as the operation's ``takes``; None where it takes nothing.
    """

    caller: Caller
    token: Token
    path: str
    given: Any


@dataclass(frozen=True, slots=True)
class ApiAnswer:
    """What a call is answered.

    Args:
        value: As the operation's ``gives``.
        seen: What was looked at, for the audit log.
        status: 200 or 201.
    """

    value: Any
    seen: Attempt
    status: HTTPStatus = HTTPStatus.OK


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiOperation:
    """One operation.

    Args:
        method: ``GET`` or ``POST``.
        path: Below ``/api/v1``; ``{…}`` at its end takes the rest of the path.
        name: What clients call it.
        act: What a token must be for.
        action: What the audit log calls a look; None where the use case records what it does.
        summary: One sentence.
        more: Further sentences, may be empty.
        answer: Who answers.
        takes: The query of a GET, the body of a POST; None for nothing.
        gives: The answer's value; a mapping where its fields are described by ``more``.
        successes: The statuses of an answer, with their meaning.
    """

    method: str
    path: str
    name: str
    act: TokenAct
    action: Action | None = None
    summary: str
    more: str = ""
    answer: Callable[[Context, ApiCall], ApiAnswer]
    takes: type | None = None
    gives: Any
    successes: tuple[tuple[HTTPStatus, str], ...] = ((HTTPStatus.OK, "The answer."),)


def attempt_of(call: ApiCall) -> Attempt:
    """What a call is about, as it was sent: for the audit log when it is refused."""
    match call.given:
        case NewRequest(cluster=cluster, destinations=hosts, bundle=bundle, pool=pool, duration=duration, also=more):
            asked = {"bundle": bundle, "pool": pool, "duration": duration, "also": " ".join(more)}
        case CheckQuery(cluster=cluster, destination=hosts, bundle=bundle, pool=pool):
            asked = {"bundle": bundle, "pool": pool}
        case ClustersQuery(filter=words):
            return Attempt(detail=(("filters", words),) if words else ())
        case _:
            return Attempt(subject=call.path, cluster=call.path if "/" in call.path else "")
    return Attempt(
        cluster=cluster, destinations=hosts, detail=tuple((name, text) for name, text in asked.items() if text)
    )


def _file(ctx: Context, call: ApiCall) -> ApiAnswer:
    asked: NewRequest = call.given
    destinations, duration = _destinations(asked.destinations), duration_from_text(asked.duration)
    common = allowances.Draft("", destinations, asked.reason, duration, ticket=asked.ticket, bundle=asked.bundle)
    places = [(asked.cluster, asked.pool), *map(place_from_text, asked.also)]
    drafts = [replace(common, cluster=_cluster(ctx, call, name).id, pool=pool) for name, pool in places]
    for draft in drafts:
        checking.prepare(ctx, call.caller, draft.cluster, draft.pool)  # nobody waits for an ack here: Azure is asked
    try:
        filed = allowances.request_several(ctx, call.caller, drafts)
    except AlreadyRequested as error:
        record_refusal(ctx, call.caller, TokenAct.REQUEST, error, attempt_of(call))
        return _answered(ctx, allowances.get(ctx, call.caller, error.allowance))
    left_out = [(one.place, one.why) for one in filed.left_out]
    return _answered(ctx, filed.allowances[0], HTTPStatus.CREATED, left_out)


def _answered(
    ctx: Context, made: Allowance, status: HTTPStatus = HTTPStatus.OK, left_out: Sequence[tuple[str, str]] = ()
) -> ApiAnswer:
    return ApiAnswer(request_facts(made, ctx.clock.now(), left_out), Attempt(subject=made.id), status)


def _status(ctx: Context, call: ApiCall) -> ApiAnswer:
    found = allowances.get(ctx, call.caller, call.path)
    require_cluster(call.token, found.scope.cluster_name, found.scope.cluster_id)
    seen = Attempt(subject=found.id, cluster=found.scope.cluster_name)
    return ApiAnswer(request_facts(found, ctx.clock.now()), seen)


def _check(ctx: Context, call: ApiCall) -> ApiAnswer:
    asked: CheckQuery = call.given
    ref = _cluster(ctx, call, asked.cluster)
    query = Query(ref.id, _destinations(asked.destination), asked.pool, asked.bundle)
    found = checking.check(ctx, call.caller, query)
    seen = Attempt(cluster=ref.name, destinations=tuple(str(one) for one in found.query.destinations))
    return ApiAnswer(check_facts(found, ctx.clock.now()), seen)


def _clusters(ctx: Context, call: ApiCall) -> ApiAnswer:
    asked: ClustersQuery = call.given
    page = inventory.fleet(ctx, call.caller, asked.filter)
    mine = [egress for egress in page.clusters if call.token.covers(egress.ref.name, egress.ref.id)]
    return ApiAnswer(_page(ctx, asked, page, mine), attempt_of(call))


def _page(ctx: Context, asked: ClustersQuery, page: FleetPage, mine: list[ClusterEgress]) -> ClusterPage:
    first = 0
    if asked.after is not None:
        ids = [egress.ref.id for egress in mine]
        if asked.after not in ids:
            raise InvalidInput("There is no such page any more. Start again without after.", field="after")
        first = ids.index(asked.after) + 1
    shown = mine[first : first + asked.limit]
    return ClusterPage(
        clusters=tuple(cluster_line(egress, ctx.config) for egress in shown),
        read_at=page.read_at,
        gaps=(*page.gaps, *(f"Group {one.group} could not be read: {one.why}" for one in page.unread)),
        next=shown[-1].ref.id if shown and len(mine) > first + asked.limit else None,
    )


def _egress(ctx: Context, call: ApiCall) -> ApiAnswer:
    ref = _cluster(ctx, call, call.path)
    return ApiAnswer(egress_facts(inventory.show(ctx, call.caller, ref.id)), Attempt(cluster=ref.name))


def _cluster(ctx: Context, call: ApiCall, name: str) -> ClusterRef:
    """The cluster that is meant, if the owner may see it and the token is for it."""
    ref = inventory.find(ctx, inventory.person(ctx, call.caller), name).ref
    require_cluster(call.token, ref.name, ref.id)
    return ref


def _destinations(hosts: tuple[str, ...]) -> tuple[Destination, ...]:
    return tuple(dict.fromkeys(parse_destination(host) for host in hosts))


OPERATIONS = (
    ApiOperation(
        method="POST",
        path="/requests",
        name="fileRequest",
        act=TokenAct.REQUEST,
        summary="Ask for access to destinations.",
        more=(
            "It can be repeated: while the same request is open, the answer is that one with status 200, and nothing "
            "is filed again. The same means cluster, node pool, destinations and duration. What the firewall allows "
            "already is a problem with status 409 and the code already-allowed. With `also`, each cluster or node pool "
            "gets a request of its own, and the answer is the first one: what cannot be filed is left out, and an "
            "unknown cluster, or one that the token is not for, refuses the whole call."
        ),
        answer=_file,
        takes=NewRequest,
        gives=RequestFacts,
        successes=((HTTPStatus.CREATED, "It was filed."), (HTTPStatus.OK, "The same is requested already.")),
    ),
    ApiOperation(
        method="GET",
        path="/requests/{id}",
        name="getRequest",
        act=TokenAct.READ,
        action=Action.API_READ,
        summary="Read a request and what became of it.",
        answer=_status,
        gives=RequestFacts,
    ),
    ApiOperation(
        method="GET",
        path="/check",
        name="check",
        act=TokenAct.CHECK,
        action=Action.API_CHECK,
        summary="Find out whether a cluster may reach destinations now, by the rules as they are in Azure.",
        answer=_check,
        takes=CheckQuery,
        gives=CheckFacts,
    ),
    ApiOperation(
        method="GET",
        path="/clusters",
        name="listClusters",
        act=TokenAct.READ,
        action=Action.API_READ,
        summary="List the clusters that the token is for, as they were last read.",
        answer=_clusters,
        takes=ClustersQuery,
        gives=ClusterPage,
    ),
    ApiOperation(
        method="GET",
        path="/clusters/{name}",
        name="getCluster",
        act=TokenAct.READ,
        action=Action.API_READ,
        summary="Read from Azure how a cluster leaves it. The name may be its ARM id.",
        more="The fields are those of `/egress show CLUSTER json`.",
        answer=_egress,
        gives=Json,
    ),
)
"""Everything that a token can do. None of it approves."""
