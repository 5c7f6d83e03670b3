"""Supervision over HTTP: rings a supervisor's phone beside an operator who talks on this node."""

from fastapi import APIRouter, Depends, FastAPI

from ivr.handoff.running_talks import RunningTalks
from ivr.http.access import WRITE_REFUSALS, bearer, writing
from ivr.http.queue_models import Supervise
from ivr.http.queue_routes import OperatorName, faults
from ivr.queue import desk
from ivr.queue.desk import DeskError
from ivr.queue.destinations import DestinationRules
from ivr.queue.model import OperatorId
from ivr.queue.ports import QueueStore


def add_supervision(
    app: FastAPI,
    store: QueueStore,
    talks: RunningTalks,
    guard: DestinationRules,
    *,
    token: str,
    address: str,
) -> None:
    """Add the route, protected as every other that changes something; `guard`: where a supervisor's
    phone may be."""
    router = APIRouter(prefix="/operators", tags=["operators"])

    @router.post("/{operator_id}/supervise", status_code=202, responses=faults(404, 409, 422))
    async def supervise(operator_id: OperatorName, order: Supervise) -> Supervise:
        """Ring a supervisor's phone, to listen to the operator's conversation, whisper to the
        operator or barge in. Told once the phone is being rung; it rings for 25 s at most.

        409: no conversation on this node, a supervisor there already, or no leg to lend."""
        operator = await desk.known_operator(store, operator_id)
        # The same rules for this address as for the phones of operators.
        target = desk.new_operator(operator.operator_id, order.target, guard=guard).target
        if operator.operator_id not in talks:
            raise DeskError("over", await _absence(store, operator.operator_id))
        await talks.supervise(operator.operator_id, target, order.mode)
        return order

    app.include_router(
        router,
        dependencies=[Depends(bearer(token)), Depends(writing(token, address))],
        responses=WRITE_REFUSALS,
    )


async def _absence(store: QueueStore, operator_id: OperatorId) -> str:
    """Why this node has no conversation of the operator."""
    for attempt in (await store.snapshot()).attempts:
        if attempt.operator_id == operator_id and attempt.joined_at:
            return f"{operator_id} does not talk on this node but on {attempt.node}: ask that one"
    return f"{operator_id} has no conversation at present"
