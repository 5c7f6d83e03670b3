"""Settings -> this node's part in the virtual queue, wired. Belongs to `ivr.app`."""

import logging
import socket
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ivr.app_queue_rules import (
    bookable_slots,
    calling_hours,
    destination_rules,
    operator_rules,
    queue_rules,
)
from ivr.audio.pcm import LINE_RATE_HZ, SAMPLE_BYTES
from ivr.audio.rings import scaled
from ivr.audio.tones import tone
from ivr.audio.wav import load_audio
from ivr.call.called_back import CalledBack
from ivr.call.identifying import Identifying, IdentifyingParts
from ivr.call.patience import PatienceSettings
from ivr.call.queue_desk import QueueDesk, QueueManners
from ivr.call.session_parts import SharedParts
from ivr.config import Settings
from ivr.config_queue import CallbackSettings
from ivr.dialogue.policy import Policy
from ivr.errors import AudioError, ConfigError, SynthesisError
from ivr.events import Event
from ivr.handoff.attempt import LiveAttempt
from ivr.handoff.callers import WaitingCallers
from ivr.handoff.calling_back import Answer, CallingBack, CustomerSide
from ivr.handoff.delivery import Delivery, OperatorSide
from ivr.handoff.dispatcher import Dispatcher, DispatcherSettings
from ivr.handoff.guarded import guarded
from ivr.handoff.outlook import Outlook
from ivr.handoff.promising import Promising
from ivr.handoff.running_talks import RunningTalks
from ivr.media.pool import MediaPool
from ivr.queue.model import AttemptOutcome, Contact, NodeId
from ivr.sip.leg import Leg
from ivr.speech.phrase import Phrase
from ivr.storage.queue_store import SqlQueueStore

log = logging.getLogger(__name__)

CHORD_HZ: Final = (220.0, 277.2, 329.6)
CHORD_NOTE_S: Final = 0.9
CHORD_EVERY_S: Final = 5.0
"""After three seconds of silence people ask whether anybody is there."""
CHORD_GAIN: Final = 0.5
BEEP: Final = tone(440.0, 0.4)
"""What an operator hears where nothing can be spoken."""


@dataclass(slots=True, kw_only=True)
class QueueNode:
    """What the service keeps of it."""

    store: SqlQueueStore
    dispatcher: Dispatcher
    desk: QueueDesk
    talks: RunningTalks


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What calls and attempts share."""

    callers: WaitingCallers
    promising: Promising
    talks: RunningTalks
    music: bytes


def node_id(settings: Settings) -> NodeId:
    """The same after a restart, another for every service that shares the queue."""
    if settings.queue.node:
        return NodeId(settings.queue.node)
    port = settings.sip.port or Path(settings.service.runtime).resolve()
    return NodeId(f"{socket.gethostname()}:{port}")


async def open_queue(
    stack: AsyncExitStack,
    settings: Settings,
    parts: SharedParts,
    pool: MediaPool,
    *,
    patience: PatienceSettings,
    staffed_policy: Policy,
) -> QueueNode:
    """The queue's store, and everything of this node that works on it; nothing runs yet."""
    store = await SqlQueueStore.open(settings.queue.database, queue_rules(settings))
    stack.push_async_callback(store.aclose)
    house = House(
        callers=WaitingCallers(),
        promising=Promising(
            store=store,
            guard=destination_rules(settings.callback),
            hours=calling_hours(settings.callback),
            slots=bookable_slots(settings.callback),
        ),
        talks=RunningTalks(),
        music=_music(settings.queue.music),
    )
    identifying = IdentifyingParts(
        renderer=parts.renderer,
        recognizers=parts.recognizers,
        understanding=parts.understanding,
        patience=patience,
        vad_aggressiveness=settings.speech.vad_aggressiveness,
        clock=parts.clock,
    )
    dispatcher = _dispatcher(settings, parts, store, pool, house, identifying)
    desk = QueueDesk(
        store=store,
        node=dispatcher.node,
        callers=house.callers,
        manners=QueueManners(
            skills=settings.queue.skills,
            vip_numbers=frozenset(settings.queue.vip_numbers),
            offer_callback_after_s=settings.queue.offer_callback_s,
        ),
        outlook=Outlook(
            store=store,
            wrap_up_s=settings.queue.wrap_up_s,
            guess_s=settings.queue.handling_s or None,
        ),
        clock=parts.clock,
        promising=house.promising,
        wake=dispatcher.wake,
        policy=staffed_policy,
        music=house.music,
    )
    return QueueNode(store=store, dispatcher=dispatcher, desk=desk, talks=house.talks)


def _dispatcher(
    settings: Settings,
    parts: SharedParts,
    store: SqlQueueStore,
    pool: MediaPool,
    house: House,
    identifying: IdentifyingParts,
) -> Dispatcher:
    operators = OperatorSide(
        ring_s=settings.queue.ring_s,
        whispers=settings.queue.whisper,
        speak=lambda phrase: _spoken(parts, phrase),
        music=house.music,
        clock=parts.clock,
        talks=house.talks,
    )
    customers = _customer_side(settings, parts.publish, identifying, pool, house)
    delivery = Delivery(house.callers, operators)
    calling_back = CallingBack(operators, customers)
    return Dispatcher(
        node=node_id(settings),
        queue=store,
        carry_out=guarded(_carrier(delivery, calling_back), operator_rules(settings)),
        callback_room=lambda: _callback_room(settings.callback, pool),
        clock=parts.clock,
        settings=DispatcherSettings(lease_grace_s=settings.queue.lease_grace_s),
    )


def _carrier(
    delivery: Delivery, calling_back: CallingBack
) -> Callable[[LiveAttempt], Awaitable[AttemptOutcome]]:
    async def carry_out(live: LiveAttempt) -> AttemptOutcome:
        return await (calling_back.run(live) if live.is_callback else delivery.run(live))

    return carry_out


def _customer_side(
    settings: Settings,
    publish: Callable[[Event], None],
    identifying: IdentifyingParts,
    pool: MediaPool,
    house: House,
) -> CustomerSide:
    callback, records = settings.callback, settings.records

    async def dial(target: str, *, headers: dict[str, str], caller: str) -> Leg:
        return await pool.dial(target, headers=headers, caller=caller, keep_free=callback.keep_free)

    async def may_call(contact: Contact) -> bool:
        return await house.promising.may_dial(contact, identifying.clock.now())

    async def identify(leg: Leg) -> Answer:
        return await Identifying(leg, identifying).run()

    return CustomerSide(
        dial=dial,
        uri=lambda number: callback.customer_uri.replace("{number}", number),
        may_call=may_call,
        identify=identify,
        ring_s=callback.ring_s,
        caller=callback.caller_id or settings.sip.numbers[0],
        calls_again=lambda contact: contact.faults + 1 < callback.faults,
        listener=CalledBack(
            publish=publish,
            clock=identifying.clock,
            recordings=Path(records.recordings_folder) if records.recordings else None,
        ),
    )


def _callback_room(callback: CallbackSettings, pool: MediaPool) -> int:
    if not callback.customer_uri:
        return 0
    return min(callback.at_once, pool.free_places - callback.keep_free)


async def _spoken(parts: SharedParts, phrase: Phrase) -> bytes:
    try:
        return (await parts.renderer.render(phrase)).pcm
    except SynthesisError as exc:
        log.error("x phrase not spoken: %s", exc.message, extra={"action": "render"})
        return BEEP


def _music(file: str) -> bytes:
    """The configured file, or a soft chord every few seconds."""
    if file:
        try:
            return load_audio(file)
        except AudioError as exc:
            raise ConfigError("queue.music", file, f"an audio file ({exc.message})") from exc
    chord = b"".join(tone(frequency, CHORD_NOTE_S) for frequency in CHORD_HZ)
    soft = scaled(chord, CHORD_GAIN, CHORD_GAIN)
    return soft + bytes(round(CHORD_EVERY_S * LINE_RATE_HZ) * SAMPLE_BYTES - len(soft))
