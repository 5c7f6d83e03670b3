"""The review page: one HTML document and a small JSON interface, for one trainer on this machine.

Every request needs the token that is in the address the command prints. Nothing is loaded from
elsewhere and nothing may be kept by the browser: what callers said is on these pages.
"""

import asyncio
import hmac
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Final

import jinja2
from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException, Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.middleware.base import RequestResponseEndpoint

from ivr.errors import AudioError, IvrError, ReviewError
from ivr.nlu.schema import EntityKind
from ivr.review.audio import as_wav, cut, waveform
from ivr.review.desk import Decision, Desk, Marked
from ivr.review.effect import EffectRow
from ivr.review.journal import Choice, Standing
from ivr.review.masking import mask
from ivr.review.views import KINDS, PERSONAL, detail, row, similar_word, summary
from ivr.review.writing import Written

TOKEN_HEADER: Final = "X-Review-Token"
CONFLICTS: Final = frozenset({"decided", "not_decided", "written"})

EffectOf = Callable[[], Awaitable[tuple[EffectRow, ...]]]


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """A text as the trainer has it at the moment."""

    text: str
    entities: tuple[Marked, ...] = ()


@dataclass(frozen=True, slots=True)
class DecideRequest:
    """`Decision` as the page sends it."""

    key: str
    choice: Choice
    text: str = ""
    intent: str = ""
    entities: tuple[Marked, ...] = ()
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PageParts:
    """What the page is made of."""

    desk: Desk
    effect: EffectOf
    finish: Callable[[], None]
    """Ends the command; called after everything is written."""


def create_app(parts: PageParts, token: str) -> FastAPI:
    """The ASGI application; requests without the token get 403."""
    app = FastAPI(title="ivr review", docs_url=None, redoc_url=None, openapi_url=None)
    guard = [Depends(_token_check(token))]
    app.include_router(_page_routes(parts), dependencies=guard)
    app.include_router(_item_routes(parts.desk), dependencies=guard)
    app.include_router(_decision_routes(parts), dependencies=guard)
    app.add_exception_handler(IvrError, _on_fault)
    app.middleware("http")(_keep_nothing)
    return app


def _page_routes(parts: PageParts) -> APIRouter:
    router = APIRouter()
    desk = parts.desk
    measuring = asyncio.Lock()

    @router.get("/")
    async def page() -> HTMLResponse:
        """The document with its style and script; a nonce lets nothing else run."""
        nonce = secrets.token_urlsafe(16)
        policy = (
            f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; "
            "img-src data:; media-src blob:; connect-src 'self'; base-uri 'none'; "
            "form-action 'none'; frame-ancestors 'none'"
        )
        return HTMLResponse(_document(nonce), headers={"Content-Security-Policy": policy})

    @router.get("/api/queue")
    async def queue() -> dict[str, Any]:
        """All items in their order, and what they can be decided for."""
        return {
            "who": desk.settings.who,
            "model": desk.settings.model,
            "share": desk.settings.share,
            "intents": [asdict(entry) for entry in desk.catalogue],
            "kinds": {kind.value: name for kind, name in KINDS.items()},
            "personal": {kind.value: name for kind, name in PERSONAL.items()},
            **_state(desk),
        }

    @router.get("/api/effect")
    async def effect() -> dict[str, Any]:
        """What the reviews have brought; takes as long as two models take to start."""
        async with measuring:  # two at once would start four models
            return {"rows": [asdict(one) for one in await parts.effect()]}

    return router


def _item_routes(desk: Desk) -> APIRouter:
    router = APIRouter()

    @router.get("/api/item")
    async def item(key: str) -> dict[str, Any]:
        """Everything about one turn but its sound."""
        found = desk.item(key)
        similar = tuple(mask(one.turn.text).text for one in found.similar)
        view = asdict(detail(found, similar))
        try:
            samples = await asyncio.to_thread(cut, found.turn.recording, found.turn.turn)
            view |= {"waveform": waveform(samples), "no_audio": ""}
        except AudioError as exc:
            view |= {"waveform": (), "no_audio": exc.message}
        return view | {"similar_word": similar_word(len(similar))}

    @router.get("/api/audio")
    async def audio(key: str) -> Response:
        """The caller's side of the turn as WAV."""
        found = desk.item(key)
        samples = await asyncio.to_thread(cut, found.turn.recording, found.turn.turn)
        return Response(as_wav(samples), media_type="audio/wav")

    @router.post("/api/check")
    async def check(request: CheckRequest) -> dict[str, Any]:
        """The text without personal data, and what the model makes of it."""
        checked = await desk.check(request.text)
        offered = desk.offered_words(checked.text, request.entities)
        return asdict(checked) | {"fault": desk.suggester.fault, "offered_words": offered}

    return router


def _decision_routes(parts: PageParts) -> APIRouter:
    router = APIRouter()
    desk = parts.desk

    @router.post("/api/decide")
    async def decide(request: DecideRequest) -> dict[str, Any]:
        """Take a decision; it is on disk when this is answered."""
        decision = Decision(**{name: getattr(request, name) for name in request.__slots__})
        entry = await asyncio.to_thread(desk.decide, decision)
        why = desk.objection(entry.text, entry.intent) if entry.text else ""
        return {"objection": why, **_state(desk)}

    @router.post("/api/undo")
    async def undo() -> dict[str, Any]:
        """Take the last decision back."""
        entry = await asyncio.to_thread(desk.undo)
        return {"key": entry.key, "text": entry.text, **_state(desk)}

    @router.post("/api/write")
    async def write() -> dict[str, Any]:
        """Decisions -> training files."""
        return {**_written(await asyncio.to_thread(desk.write)), **_state(desk)}

    @router.post("/api/finish")
    async def finish() -> dict[str, Any]:
        """The same, then the command ends."""
        written = await asyncio.to_thread(desk.write)
        parts.finish()
        return _written(written)

    return router


def _state(desk: Desk) -> dict[str, Any]:
    """The queue with its decisions, others' included."""
    standing: Standing = desk.standing()
    of_turn = {key: entry for entry in standing.decided.values() for key in entry.keys}
    rows = [row(item, of_turn.get(key)) for key, item in desk.items.items()]
    return {
        "items": [asdict(one) | {"similar_word": similar_word(one.similar)} for one in rows],
        "done": sum(bool(one.choice) for one in rows),
        "pending": len(standing.pending),
    }


def _written(written: Written) -> dict[str, Any]:
    training, held_out = len(written.training), len(written.held_out)
    return {
        "summary": summary(training, held_out, len(written.words), len(written.refused)),
        "refused": [asdict(one) for one in written.refused],
    }


def _document(nonce: str) -> str:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("ivr.review", "."), autoescape=True
    )
    return environment.get_template("page.html.j2").render(nonce=nonce, kinds=list(EntityKind))


def _token_check(expected: str) -> Callable[[str, str], None]:
    def check(
        token: Annotated[str, Query()] = "",
        header: Annotated[str, Header(alias=TOKEN_HEADER)] = "",
    ) -> None:
        if not hmac.compare_digest((header or token).encode(), expected.encode()):
            raise HTTPException(403, "откройте страницу по адресу, который напечатала команда")

    return check


async def _on_fault(_request: Request, fault: Exception) -> JSONResponse:
    code = fault.code if isinstance(fault, IvrError) else ""
    if isinstance(fault, AudioError) or code == "unknown":
        status = 404
    elif isinstance(fault, ReviewError):
        status = 409 if code in CONFLICTS else 422
    else:
        status = 503
    return JSONResponse({"detail": str(fault), "code": code}, status)


async def _keep_nothing(request: Request, call_next: RequestResponseEndpoint) -> Response:
    response = await call_next(request)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
