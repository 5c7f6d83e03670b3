"""The queue over HTTP: looking, operators, promises. Every order is checked by the queue itself."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, FastAPI, HTTPException, Path, Query, Request
from fastapi.responses import JSONResponse

from ivr.analytics.queue_board import Board
from ivr.analytics.queue_reading import read_stories
from ivr.analytics.queue_report import make_report
from ivr.analytics.queue_rules import AbandonRule, FigureRules
from ivr.http.access import REFUSALS, WRITE_REFUSALS, bearer, writing
from ivr.http.queue_models import (
    CancelByNumber,
    Cancelled,
    ContactView,
    Fault,
    FiguresView,
    NewOperator,
    OperatorChange,
    OperatorView,
    Pause,
    PlaceView,
    QueueView,
)
from ivr.http.queue_views import (
    contact_view,
    figures_view,
    operator_view,
    place_view,
    queue_view,
)
from ivr.queue import desk
from ivr.queue.desk import DeskError
from ivr.queue.destinations import DestinationRules
from ivr.queue.ports import QueueStore
from ivr.queue.transitions import InvalidStateError

STATUS = {"unknown": 404, "known": 409, "over": 409, "invalid": 422}
"""Code of a `DeskError` -> status."""
MOST_INTERVALS = 2000

OperatorName = Annotated[str, Path(description="The operator's id.")]
PromiseName = Annotated[str, Path(description="The contact's id.")]
Responses = dict[int | str, dict[str, Any]]


def add_queue(
    app: FastAPI, store: QueueStore, guard: DestinationRules, *, token: str, address: str
) -> None:
    """Add the routes; `guard`: where operators' phones may be. Reading needs the `token` where
    there is one; changing without a token is allowed to programs of this machine only, and not at
    all where `address` is no loopback."""
    app.add_exception_handler(DeskError, _on_desk_error)
    app.add_exception_handler(InvalidStateError, _on_invalid_state)
    reads = [Depends(bearer(token))]
    writes = [Depends(bearer(token)), Depends(writing(token, address))]
    for routes in (_queue_routes(store), _operator_reads(store), _promise_reads(store)):
        app.include_router(routes, dependencies=reads, responses=REFUSALS)
    for routes in (_operator_orders(store, guard), _duty_orders(store), _promise_orders(store)):
        app.include_router(routes, dependencies=writes, responses=WRITE_REFUSALS)


def _queue_routes(store: QueueStore) -> APIRouter:
    router = APIRouter(tags=["queue"])
    board = Board(store)

    @router.get("/queue")
    async def queue() -> QueueView:
        """Who waits in which order, who talks, operators, nodes, figures of the last hour."""
        return queue_view(await board.look())

    @router.get("/queue/figures", responses=faults(422))
    async def figures(
        since: Annotated[
            datetime | None, Query(description="Default: an hour before `until`.")
        ] = None,
        until: Annotated[datetime | None, Query(description="Not included; default: now.")] = None,
        interval_s: Annotated[
            float | None, Query(ge=60, description="Length of the intervals; default: none.")
        ] = None,
        skill: Annotated[str, Query(description="Default: all, and each of them.")] = "",
        target_s: Annotated[float, Query(ge=0, description="Service level: answered within.")] = 20,
        goal: Annotated[float, Query(ge=0, le=1, description="Share of calls to be so.")] = 0.8,
        short_abandon_s: Annotated[
            float, Query(ge=0, description="Hang-ups within this time are left out.")
        ] = 5,
        abandons: Annotated[
            AbandonRule, Query(description="What other hang-ups do to the service level.")
        ] = AbandonRule.MISSED,
    ) -> FiguresView:
        """Service level, waits, promises, handling and estimates; docs/operators.md has the rules.

        Times without a zone are UTC.
        """
        now = (await store.snapshot()).at
        end = _seconds(until) if until else now
        start = _seconds(since) if since else end - timedelta(hours=1).total_seconds()
        if end <= start:
            raise HTTPException(422, "until has to be after since")
        if interval_s and (end - start) / interval_s > MOST_INTERVALS:
            raise HTTPException(422, f"more than {MOST_INTERVALS} intervals")
        rules = FigureRules(
            target_s=target_s, goal=goal, short_abandon_s=short_abandon_s, abandons=abandons
        )
        report = make_report(
            await read_stories(store, start),
            since=start,
            until=end,
            now=now,
            interval_s=interval_s,
            skill=skill,
            rules=rules,
        )
        return figures_view(report)

    return router


def _operator_reads(store: QueueStore) -> APIRouter:
    router = APIRouter(prefix="/operators", tags=["operators"])

    @router.get("")
    async def operators() -> list[OperatorView]:
        """All operators, also those who are not logged in."""
        snapshot = await store.snapshot()
        busy = {one.operator_id: one.contact_id for one in snapshot.attempts}
        return [operator_view(one, busy.get(one.operator_id)) for one in snapshot.operators]

    @router.get("/{operator_id}", responses=faults(404))
    async def operator(operator_id: OperatorName) -> OperatorView:
        """One operator."""
        return operator_view(await desk.known_operator(store, operator_id))

    return router


def _operator_orders(store: QueueStore, guard: DestinationRules) -> APIRouter:
    router = APIRouter(prefix="/operators", tags=["operators"])

    @router.post("", status_code=201, responses=faults(409, 422))
    async def add(new: NewOperator) -> OperatorView:
        """Add an operator, offline at first."""
        operator = desk.new_operator(
            new.operator_id,
            new.target,
            guard=guard,
            name=new.name,
            skills=new.skills,
            languages=new.languages,
        )
        return operator_view(await desk.add_operator(store, operator))

    @router.patch("/{operator_id}", responses=faults(404, 422))
    async def change(operator_id: OperatorName, wanted: OperatorChange) -> OperatorView:
        """Change name, target, skills or languages; the state stays."""
        known = await desk.known_operator(store, operator_id)
        operator = desk.new_operator(
            known.operator_id,
            known.target if wanted.target is None else wanted.target,
            guard=guard,
            name=known.name if wanted.name is None else wanted.name,
            skills=known.skills if wanted.skills is None else wanted.skills,
            languages=known.languages if wanted.languages is None else wanted.languages,
        )
        return operator_view(await store.save_operator(operator))

    @router.delete("/{operator_id}", status_code=204, responses=faults(404, 409))
    async def remove(operator_id: OperatorName) -> None:
        """Forget an operator; refused during a contact."""
        await desk.remove_operator(store, operator_id)

    return router


def _duty_orders(store: QueueStore) -> APIRouter:
    router = APIRouter(prefix="/operators", tags=["operators"])

    @router.post("/{operator_id}/login", responses=faults(404))
    async def login(operator_id: OperatorName) -> OperatorView:
        """The shift begins; ends a pause too."""
        return operator_view(await desk.log_in(store, operator_id))

    @router.post("/{operator_id}/logout", responses=faults(404))
    async def logout(operator_id: OperatorName) -> OperatorView:
        """The shift ends; during a contact it becomes a `wish`, granted when that is over."""
        return operator_view(await desk.log_out(store, operator_id))

    @router.post("/{operator_id}/pause", responses=faults(404, 409, 422))
    async def pause(
        operator_id: OperatorName, order: Annotated[Pause | None, Body()] = None
    ) -> OperatorView:
        """No contacts for a while; during a contact it becomes a `wish`. 409: not logged in."""
        reason = (order or Pause()).reason
        return operator_view(await desk.pause(store, operator_id, reason))

    @router.post("/{operator_id}/ready", responses=faults(404, 409))
    async def ready(operator_id: OperatorName) -> OperatorView:
        """The next contact is welcome: ends wrap-up or pause. 409: not logged in."""
        return operator_view(await desk.ready(store, operator_id))

    return router


def _promise_reads(store: QueueStore) -> APIRouter:
    router = APIRouter(prefix="/promises", tags=["promises"])

    @router.get("", responses=faults(422))
    async def promises(
        number: Annotated[
            str, Query(description="Only what this number is owed or asked for; any common form.")
        ] = "",
    ) -> list[ContactView]:
        """Promised calls that are still owed, in the order in which they will be made."""
        snapshot = await store.snapshot()
        if number:
            found = await store.open_contacts(desk.national_number(number))
        else:
            served = [await store.contact(one.contact_id) for one in snapshot.attempts]
            found = (*snapshot.waiting, *(one for one in served if one is not None))
        order = {one.contact_id: place for place, one in enumerate(snapshot.waiting, start=1)}
        return [
            contact_view(
                one,
                snapshot.at,
                position=order.get(one.contact_id) if one.due_at <= snapshot.at else None,
            )
            for one in found
            if one.promised and one.is_live
        ]

    @router.get("/{contact_id}", responses=faults(404))
    async def promise(contact_id: PromiseName) -> PlaceView:
        """One promised call, also when it is over, and its place."""
        contact = await desk.promise(store, contact_id)
        at = (await store.snapshot()).at
        return place_view(contact, await store.place(contact.contact_id), at)

    return router


def _promise_orders(store: QueueStore) -> APIRouter:
    router = APIRouter(prefix="/promises", tags=["promises"])

    @router.delete("/{contact_id}", status_code=204, responses=faults(404, 409))
    async def cancel(contact_id: PromiseName) -> None:
        """Take a promise back; a phone that rings for it stops. 409: it is over."""
        await desk.cancel_promise(store, contact_id)

    @router.post("/cancel", responses=faults(422))
    async def cancel_by_number(order: CancelByNumber) -> Cancelled:
        """Take back what a number is owed: the hook for a gateway that receives «отмена» by SMS.

        Who waits on the line at present is left there.
        """
        found = await desk.cancel_promises(store, order.number, order.topic)
        return Cancelled(cancelled=[one.contact_id for one in found])

    return router


def faults(*statuses: int) -> Responses:
    reasons = {
        404: "There is no such thing.",
        409: "It does not fit the present state.",
        422: "A value is not allowed.",
    }
    return {status: {"model": Fault, "description": reasons[status]} for status in statuses}


def _seconds(at: datetime) -> float:
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


async def _on_desk_error(_request: Request, fault: Exception) -> JSONResponse:
    code = fault.code if isinstance(fault, DeskError) else ""
    return JSONResponse({"detail": str(fault)}, STATUS.get(code, 400))


async def _on_invalid_state(_request: Request, fault: Exception) -> JSONResponse:
    return JSONResponse({"detail": f"somebody else was quicker: {fault}"}, 409)
