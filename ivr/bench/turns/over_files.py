"""Turns over prompts in virtual time: the whole call but SIP and RTP, minutes in place of an hour.

For tuning and for tests. What a line adds, 60 to 100 ms both ways, is not in these figures; those
that count are measured over RTP.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from ivr.audio.pcm import FRAME_BYTES, FRAME_SAMPLES, LINE_RATE_HZ, PcmFrame
from ivr.audio.rings import PlaybackRing
from ivr.bench.turns.caller import AFTER_INTERRUPTION_S, ECHO_DB, ECHO_S, WATCH_S, softer
from ivr.bench.turns.figures import TurnOutcome
from ivr.bench.turns.judge import Trace, fault_of, outcome_of
from ivr.bench.turns.rows import Kind, TurnRow
from ivr.bench.turns.sounds import SoundBank, SpokenTurn
from ivr.bench.turns.tracks import speaks_on
from ivr.config import Settings
from ivr.events import TurnCompleted
from ivr.nlu.model_choice import choose_model
from ivr.nlu.rasa_server import RasaServer
from ivr.regress.file_leg import FileLeg, Manners
from ivr.regress.lab import Lab, LabPlan, Stage, open_lab
from ivr.regress.virtual import THE_DAY
from ivr.sip.causes import HangupCause, HangupSide
from ivr.sip.leg import Dtmf, LegFrame
from ivr.speech.models import in_use

CALLER: Final = "9030000001"
KEY_GAP_S: Final = 0.4
"""Between two keys; also from the answer to the first one."""
PROMPT_OVER_S: Final = 0.75
ECHO_DELAY_S: Final = 0.12
LONGEST_S: Final = 60.0
_SILENCE: Final = bytes(FRAME_BYTES)


class TalkOverLeg(FileLeg):
    """Presses keys until the prompt plays, speaks over it, listens on, hangs up."""

    def __init__(
        self, row: TurnRow, spoken: SpokenTurn | None, undisturbed: bytes, stage: Stage
    ) -> None:
        """Without `spoken` it hears the prompt out, or echoes it where the row is an echo."""
        speech = b"" if spoken is None else spoken.samples
        super().__init__(
            speech,
            ani=CALLER,
            clock=stage.clock,
            stillness=stage.stillness,
            finished=lambda: False,
        )
        self._row = row
        self._undisturbed = undisturbed
        # Those before it lead from within a call to the open question, which a new one begins with.
        self._keys = list(row.keys[-1:])
        self._next_key_s = KEY_GAP_S
        self._ring = PlaybackRing()
        self._quiet_s = 0.0
        self.heard = bytearray()
        """What the bot sent from the prompt's beginning on."""
        self.prompt_from_s: float | None = None
        """Audio time of its first sample."""
        self.said_from_s: float | None = None
        """Of the caller's first."""

    @property
    def queued_samples(self) -> int:
        return self._ring.queued

    async def next_frame(self) -> LegFrame | None:
        await self._stillness.reached()
        if self._ended is None and self._listened_enough():
            self._end(HangupCause(200, "heard enough", HangupSide.REMOTE))
        if self._ended is not None:
            return None
        self._press()
        frame = PcmFrame(self._said(), LINE_RATE_HZ, self._index)
        self._index += FRAME_SAMPLES
        self._clock.audio_s = frame.end_s
        sent, _ = self._ring.read()
        if self.prompt_from_s is not None:
            self.heard += sent or _SILENCE
            self._quiet_s = 0.0 if sent else self._quiet_s + frame.duration_s
        return LegFrame(frame, self._ring.played, self._ring.flushed)

    def _press(self) -> None:
        if self._keys and self._clock.audio_s >= self._next_key_s:
            self._events.put_nowait(Dtmf(self._keys.pop(0)))
            self._next_key_s = self._clock.audio_s + KEY_GAP_S

    def _said(self) -> bytes:
        if self.said_from_s is None:
            if not self._undisturbed or not self._may_begin():
                return _SILENCE
            self.said_from_s = self._clock.audio_s
        if self._row.kind is Kind.ECHO:
            end = len(self.heard) - round(ECHO_DELAY_S * LINE_RATE_HZ) * 2
            return softer(bytes(self.heard[max(0, end - FRAME_BYTES) : max(0, end)]), ECHO_DB)
        samples = self._speech[self._spoken : self._spoken + FRAME_BYTES]
        self._spoken += FRAME_BYTES
        return samples.ljust(FRAME_BYTES, b"\0")

    def _may_begin(self) -> bool:
        """Into the prompt as far as the turn wants, and not where it is about to pause."""
        if self.prompt_from_s is None or len(self.heard) < self._row.into_ms * 16:
            return False
        return self._row.kind is not Kind.INTERRUPTION or speaks_on(
            self._undisturbed, len(self.heard) // 2
        )

    def _listened_enough(self) -> bool:
        if self._clock.audio_s >= LONGEST_S:
            return True
        if not self._undisturbed:
            return self._quiet_s >= PROMPT_OVER_S
        if self.said_from_s is None:
            return False
        lasts_s = len(self._speech) / 2 / LINE_RATE_HZ
        if self._row.kind is Kind.ECHO:
            lasts_s = ECHO_S
        after_s = AFTER_INTERRUPTION_S if self._row.kind is Kind.INTERRUPTION else WATCH_S
        return self._clock.audio_s >= self.said_from_s + lasts_s + after_s

    def play(self, samples: bytes) -> None:
        if not self._keys and self.prompt_from_s is None:
            self.prompt_from_s = self._clock.audio_s
        self._ring.write(samples)

    def set_playback_gain(self, gain: float) -> None:
        self._ring.set_gain(gain)

    def stop_playback(self) -> None:
        self._ring.stop()


@dataclass(slots=True)
class Replay:
    """Speaks turns over prompts in one lab, one after the other."""

    lab: Lab
    sounds: SoundBank
    undisturbed: bytes = b""
    stage: Stage | None = None
    """Of the last turn, for looking into."""

    async def outcome(self, row: TurnRow) -> TurnOutcome:
        """One call, one turn."""
        if not self.undisturbed:
            self.undisturbed = bytes((await self._call(row, None)).heard)
        spoken = None if row.kind is Kind.ECHO else self.sounds.spoken(row)
        leg = await self._call(row, spoken)
        if leg.said_from_s is None or leg.prompt_from_s is None:
            return fault_of(row, "the prompt to speak over was not heard")
        begins_s, lasts_s = 0.0, ECHO_S
        if spoken is not None:
            begins_s, lasts_s = spoken.starts / LINE_RATE_HZ, spoken.ends / LINE_RATE_HZ
        trace = Trace(
            heard=bytes(leg.heard),
            onset_s=leg.said_from_s + begins_s - leg.prompt_from_s,
            ended_s=leg.said_from_s + lasts_s - leg.prompt_from_s,
            undisturbed=self.undisturbed,
        )
        return outcome_of(row, trace, self._turns_since(leg.said_from_s))

    async def turns(self, row: TurnRow, samples: bytes) -> Sequence[TurnCompleted]:
        """What the records say of a call in which these samples are said over the row's prompt."""
        if not self.undisturbed:
            self.undisturbed = bytes((await self._call(row, None)).heard)
        leg = await self._call(row, SpokenTurn(samples, ((0, len(samples) // 2),)))
        return () if leg.said_from_s is None else self._turns_since(leg.said_from_s)

    async def _call(self, row: TurnRow, spoken: SpokenTurn | None) -> TalkOverLeg:
        self.stage = self.lab.stage()
        undisturbed = self.undisturbed
        leg = TalkOverLeg(row, spoken, undisturbed, self.stage)
        await self.lab.run(self.stage, leg)
        return leg

    def _turns_since(self, audio_s: float) -> Sequence[TurnCompleted]:
        assert self.stage is not None
        since = THE_DAY + timedelta(seconds=audio_s)
        events = [event for _, event in self.stage.journal.entries]
        return [event for event in events if isinstance(event, TurnCompleted) and event.at >= since]


@asynccontextmanager
async def open_replay(settings: Settings, folder: Path) -> AsyncIterator[Replay]:
    """Rasa of its own unless the settings name one. `IvrError` when a part is missing."""
    async with AsyncExitStack() as stack:
        url, token = settings.nlu.url, settings.nlu.token
        if not url:
            model = choose_model(settings.nlu).archive
            rasa = RasaServer(
                python=Path(settings.nlu.python), model=model, runtime=folder / "rasa"
            )
            stack.push_async_callback(rasa.aclose)
            await rasa.start()
            url, token = rasa.url, rasa.token
        plan = LabPlan(
            settings=settings,
            model=in_use(settings.speech).path,
            nlu_url=url,
            nlu_token=token,
            folder=folder,
            caller=CALLER,
            manners=Manners.WAIT,
        )
        yield Replay(await stack.enter_async_context(open_lab(plan)), SoundBank())
