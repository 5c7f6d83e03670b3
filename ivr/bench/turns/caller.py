"""The caller simulator: one caller's calls over real SIP and RTP, several turns in each."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import numpy as np

from ivr.audio.pcm import LINE_RATE_HZ, SAMPLE_BYTES
from ivr.bench.turns.figures import TurnOutcome
from ivr.bench.turns.judge import Trace, fault_of, outcome_of
from ivr.bench.turns.line import Line
from ivr.bench.turns.rows import Kind, Profile, TurnRow
from ivr.bench.turns.sounds import SoundBank, SpokenTurn
from ivr.bench.turns.tracks import ALIGN_S, begun, speaks_on
from ivr.errors import SipError
from ivr.events import TurnCompleted
from ivr.softphone.caller import PhoneCall
from ivr.softphone.phone import Softphone
from ivr.storage.queue_store import SqlQueueStore
from ivr.storage.sql import SqlStore
from ivr.testing.records import CallRecords

REPLY_S: Final = 6.0
"""A reply is waited for this long; it counts as missed long before."""
LISTEN_S: Final = 0.3
"""How much of a reply is listened to before the next key stops it."""
WATCH_S: Final = 2.5
"""How long a prompt is watched after what must not stop it."""
AFTER_INTERRUPTION_S: Final = 1.2
BEFORE_KEYS_S: Final = 0.3
ECHO_S: Final = 3.0
ECHO_DB: Final = -20.0
"""A handset's echo without a canceller."""
PROMPT_S: Final = 12.0
POLL_S: Final = 0.1


@dataclass(slots=True)
class _Done:
    """A turn that was spoken, until the call's record is read."""

    row: TurnRow
    trace: Trace
    began_at: datetime
    """Wall clock at the onset: recorded turns are found by it."""


@dataclass(slots=True, kw_only=True)
class Simulator:
    """One caller. Event loop only."""

    phone: Softphone
    target: str
    records: CallRecords
    store: SqlStore
    queue: SqlQueueStore
    sounds: SoundBank
    line: Line | None = None
    """Where packets are lost, for turns that need it."""
    undisturbed: dict[str, bytes] = field(default_factory=dict)
    """By caller's number: the prompt that is spoken over."""

    async def speak(self, number: str, rows: Sequence[TurnRow]) -> list[TurnOutcome]:
        """All these turns as that caller, in as many calls as it takes; an outcome each."""
        outcomes: list[TurnOutcome] = []
        left = list(rows)
        while left:
            outcomes += await self._call(number, left)
        return outcomes

    async def _call(self, number: str, left: list[TurnRow]) -> list[TurnOutcome]:
        """One call: takes turns off the list until the call is over."""
        done: list[_Done] = []
        faults: list[TurnOutcome] = []
        try:
            async with await self.phone.call(self.target, caller=number) as call:
                await call.answered(30.0)
                await self._learn_prompt(call, number, left)
                await call.passed(BEFORE_KEYS_S)
                while left and call.cause is None:
                    row = left.pop(0)
                    try:
                        done.append(await self._turn(call, number, row))
                    except SipError as exc:
                        if done and call.cause is not None:
                            left.insert(0, row)  # the turn before made the bot hang up
                        else:
                            faults.append(fault_of(row, exc.message))
                        break
                    if row.profile is Profile.YES_NO:
                        break  # «да» ends the call; what the bot made of it is not waited for
                    await call.passed(BEFORE_KEYS_S)
        except SipError as exc:
            if left:
                faults.append(fault_of(left.pop(0), exc.message))
        if not done and not faults:  # never the same turn for ever
            faults.append(fault_of(left.pop(0), "the bot hung up before it"))
        try:
            cdr = await self.records.next_of(number)
            await self._release(number)
        except SipError as exc:
            return [*faults, *(fault_of(item.row, exc.message) for item in done)]
        turns = await self.store.turns(cdr.call_id)
        return faults + [
            outcome_of(item.row, item.trace, _between(turns, item.began_at, _next(done, index)))
            for index, item in enumerate(done)
        ]

    async def _release(self, number: str) -> None:
        """Take back what «да» was promised: the next call would be about that and nothing else."""
        for contact in await self.queue.open_contacts(number):
            await self.queue.cancel(contact.contact_id)

    async def _learn_prompt(self, call: PhoneCall, number: str, rows: Sequence[TurnRow]) -> None:
        """Hear the prompt out that later turns are spoken over, once a number."""
        keys = next((row.keys for row in rows if row.profile is Profile.OVER_PROMPT), "")
        if keys and number not in self.undisturbed:
            await call.passed(BEFORE_KEYS_S)
            await call.press(keys)
            self.undisturbed[number] = await call.prompt_heard()

    async def _turn(self, call: PhoneCall, number: str, row: TurnRow) -> _Done:
        keyed_s = call.listening.now_s
        await call.press(row.keys)
        if row.profile is not Profile.OVER_PROMPT:
            await call.prompt_heard(PROMPT_S)
            return await self._answer(call, row)
        undisturbed = self.undisturbed[number]
        await self._into_prompt(call, row, undisturbed, keyed_s)
        return await self._over_prompt(call, row, undisturbed)

    async def _answer(self, call: PhoneCall, row: TurnRow) -> _Done:
        spoken = self.sounds.spoken(row)
        began_at, began_s = datetime.now(UTC), call.listening.now_s
        await self._say(call, row, spoken)
        start_s = _sent_from(call, began_s)
        ended_s = start_s + spoken.ends / LINE_RATE_HZ
        replied = _Replied(call, ended_s)
        with contextlib.suppress(SipError):  # a missed end is an outcome, not a fault
            await call.until(replied, REPLY_S, "a reply")
        await call.passed(LISTEN_S)
        return _Done(row, _trace(call, start_s + spoken.starts / LINE_RATE_HZ, ended_s), began_at)

    async def _say(self, call: PhoneCall, row: TurnRow, spoken: SpokenTurn) -> None:
        if self.line is None:
            await call.say(spoken.samples)
            return
        lost = self.line.lost
        async with self.line.worse(row, spoken):
            await call.say(spoken.samples)
        if self.line.lost == lost:
            raise SipError("line", "no packet of it was lost")

    async def _into_prompt(
        self, call: PhoneCall, row: TurnRow, undisturbed: bytes, keyed_s: float
    ) -> None:
        """Wait until the prompt has played for as long as the turn wants, and is not about to
        pause: when a bot stops that is silent anyhow cannot be heard."""
        into = row.into_ms * LINE_RATE_HZ // 1000
        give_up_s = call.listening.now_s + PROMPT_S
        while call.cause is None and call.listening.now_s < give_up_s:
            await call.passed(POLL_S)
            now_s = call.listening.now_s
            recent = call.listening.heard_between(now_s - ALIGN_S)
            position = begun(undisturbed, recent, now_s - keyed_s)
            if position is None or position < into:
                continue
            if row.kind is not Kind.INTERRUPTION or speaks_on(undisturbed, position):
                return
        raise SipError("prompt", "the prompt to speak over was not heard")

    async def _over_prompt(self, call: PhoneCall, row: TurnRow, undisturbed: bytes) -> _Done:
        began_at, began_s = datetime.now(UTC), call.listening.now_s
        if row.kind is Kind.ECHO:
            await _echo(call)
            start_s = _sent_from(call, began_s)
            onset_s, ended_s = start_s, start_s + ECHO_S
        else:
            spoken = self.sounds.spoken(row)
            await call.say(spoken.samples)
            start_s = _sent_from(call, began_s)
            onset_s = start_s + spoken.starts / LINE_RATE_HZ
            ended_s = start_s + spoken.ends / LINE_RATE_HZ
        await call.passed(AFTER_INTERRUPTION_S if row.kind is Kind.INTERRUPTION else WATCH_S)
        return _Done(row, _trace(call, onset_s, ended_s, undisturbed), began_at)


@dataclass(slots=True)
class _Replied:
    """True once the bot is audible after the caller's end."""

    call: PhoneCall
    ended_s: float

    def __call__(self) -> bool:
        listening = self.call.listening
        sounds = listening.quiet_s == 0.0 and listening.now_s > self.ended_s
        return sounds or self.call.cause is not None


def _next(done: Sequence[_Done], index: int) -> datetime | None:
    return done[index + 1].began_at if index + 1 < len(done) else None


def _between(
    turns: Sequence[TurnCompleted], start: datetime, end: datetime | None
) -> list[TurnCompleted]:
    return [turn for turn in turns if start <= turn.at and (end is None or turn.at < end)]


def _sent_from(call: PhoneCall, began_s: float) -> float:
    """Audio time of the first sample of what was said from `began_s` on."""
    start = round(began_s * LINE_RATE_HZ)
    sent = np.frombuffer(bytes(call.listening.spoken[start * SAMPLE_BYTES :]), dtype="<i2")
    sounding = np.flatnonzero(sent)
    if not len(sounding):
        raise SipError("unsent", "nothing of the turn was sent")
    return began_s + int(sounding[0]) / LINE_RATE_HZ


def _trace(call: PhoneCall, onset_s: float, ended_s: float, undisturbed: bytes = b"") -> Trace:
    """Cut out what was heard from shortly before the onset."""
    start_s = max(0.0, onset_s - ALIGN_S)
    return Trace(
        heard=call.listening.heard_between(start_s),
        onset_s=onset_s - start_s,
        ended_s=ended_s - start_s,
        undisturbed=undisturbed,
    )


async def _echo(call: PhoneCall) -> None:
    """Send back what is heard, softer, frame by frame."""
    position = len(call.listening.heard)
    until_s = call.listening.now_s + ECHO_S
    while call.listening.now_s < until_s and call.cause is None:
        await call.passed(0.02)
        heard = bytes(call.listening.heard[position:])
        position += len(heard)
        call.send(softer(heard, ECHO_DB))


def softer(pcm: bytes, decibels: float) -> bytes:
    """int16 audio at another level."""
    scaled = np.frombuffer(pcm, dtype="<i2") * 10 ** (decibels / 20)
    return scaled.astype("<i2").tobytes()
