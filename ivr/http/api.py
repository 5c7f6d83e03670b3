"""The HTTP API: health, metrics, what was recorded, the queue. Keep it on a local address."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated, Any, Final, TypeVar

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST

from ivr.analytics.cdr import Cdr
from ivr.analytics.metrics import Metrics
from ivr.analytics.queue_metrics import QueueMetrics
from ivr.errors import StoreError
from ivr.events import CallId, TurnCompleted
from ivr.handoff.running_talks import RunningTalks
from ivr.http.access import REFUSALS, bearer
from ivr.http.health import Health
from ivr.http.queue_routes import add_queue
from ivr.http.supervision_routes import add_supervision
from ivr.queue.destinations import DestinationRules
from ivr.queue.model import Contact
from ivr.queue.ports import QueueStore
from ivr.storage.ports import CallbackRequest, CallStore, HandoffAttempt, HandoffRecord

T = TypeVar("T")
REQUESTED: Final = "requested"
"""State of a promise that is still to be kept."""
OWN_NETWORK: Final = DestinationRules(own_network=True)
Limit = Annotated[int, Query(ge=1, le=1000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallDetails:
    """A call with everything kept of it."""

    call: Cdr
    turns: tuple[TurnCompleted, ...]
    handoffs: tuple[HandoffAttempt, ...]


def create_app(
    *,
    health: Callable[[], Health],
    store: CallStore,
    metrics: Metrics,
    token: str = "",
    address: str = "127.0.0.1",
    queue: QueueStore | None = None,
    talks: RunningTalks | None = None,
    guard: DestinationRules = OWN_NETWORK,
) -> FastAPI:
    """The ASGI application. With a `token`, records and queue need `Authorization: Bearer <token>`;
    `address` is the one it is served at; without `talks` nobody can be supervised; `guard` says
    where operators' and supervisors' phones may be."""
    # No documentation pages: they load scripts from a CDN. /openapi.json is served.
    app = FastAPI(title="ivr", docs_url=None, redoc_url=None)
    queue_metrics = QueueMetrics(queue, metrics.registry) if queue is not None else None
    app.include_router(_service_routes(health, metrics, queue_metrics), tags=["service"])
    app.include_router(
        _record_routes(store, queue),
        dependencies=[Depends(bearer(token))],
        responses=REFUSALS,
        tags=["records"],
    )
    if queue is not None:
        add_queue(app, queue, guard, token=token, address=address)
        if talks is not None:
            add_supervision(app, queue, talks, guard, token=token, address=address)
    app.add_exception_handler(StoreError, _on_store_error)
    return app


def _service_routes(
    health: Callable[[], Health], metrics: Metrics, queue: QueueMetrics | None
) -> APIRouter:
    router = APIRouter()

    @router.get("/healthz")
    async def alive() -> dict[str, str]:
        """The process and its event loop are alive."""
        return {"status": "alive"}

    @router.get("/readyz")
    async def ready(response: Response) -> dict[str, Any]:
        """Whether new calls are welcome: 200 or 503, with each part's state."""
        now = health()
        response.status_code = 200 if now.ready else 503
        return {
            "ready": now.ready,
            "draining": now.draining,
            "parts": {name: asdict(part) for name, part in now.parts.items()},
        }

    @router.get("/metrics")
    async def exposition() -> Response:
        """Prometheus text format. Of the queue: what it is like now, whichever node is asked."""
        if queue is not None:
            await queue.refresh()
        return Response(metrics.exposition(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return router


def _record_routes(store: CallStore, queue: QueueStore | None) -> APIRouter:
    router = APIRouter()

    @router.get("/handoffs/{handoff_id}")
    async def handoff(handoff_id: str) -> HandoffRecord:
        """What an operator gets to know of a call handed over: by the id of User-to-User."""
        return _found(await store.handoff(handoff_id), "hand-off", handoff_id)

    @router.get("/calls")
    async def calls(limit: Limit = 50, ani: str = "") -> tuple[Cdr, ...]:
        """Newest first."""
        return await store.calls(limit, ani=ani)

    @router.get("/calls/{call_id}")
    async def call(call_id: str) -> CallDetails:
        """One call with its turns and hand-offs; the beginning of the id is enough."""
        cdr = _found(await store.call(call_id), "call", call_id)
        return CallDetails(
            call=cdr,
            turns=await store.turns(cdr.call_id),
            handoffs=await store.handoff_attempts(cdr.call_id),
        )

    @router.get("/callback-requests")
    async def callback_requests(
        state: str = "requested", limit: Limit = 200
    ) -> tuple[CallbackRequest, ...]:
        """Who is owed a call, oldest first: promises of the queue, of which `/promises` tells more,
        and those on record from before there was one. Any state where `state` is empty; what the
        queue has kept or given up is told by `/promises/ID`."""
        found = list(await store.callback_requests(state=state, limit=limit))
        if queue is not None and state in ("", REQUESTED):
            snapshot = await queue.snapshot()
            served = [await queue.contact(one.contact_id) for one in snapshot.attempts]
            owed = (*snapshot.waiting, *(one for one in served if one is not None))
            found += [
                _as_request(contact) for contact in owed if contact.promised and contact.is_live
            ]
        return tuple(sorted(found, key=lambda request: request.requested_at)[:limit])

    return router


def _as_request(contact: Contact) -> CallbackRequest:
    return CallbackRequest(
        request_id=contact.contact_id,
        call_id=CallId(contact.call_id),
        number=contact.number,
        reason=contact.topic,
        requested_at=datetime.fromtimestamp(contact.first_promised_at).astimezone(),
        state=REQUESTED,
    )


def _found(value: T | None, what: str, name: str) -> T:
    if value is None:
        raise HTTPException(404, f"no {what} {name!r}")
    return value


async def _on_store_error(_request: Request, fault: Exception) -> JSONResponse:
    status = 409 if isinstance(fault, StoreError) and fault.code == "ambiguous" else 503
    return JSONResponse({"detail": str(fault)}, status)
