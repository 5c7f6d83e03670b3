"""Collects one turn after the other and publishes each as a `TurnCompleted` event."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ivr.call.floor import Answer, Pressed, Spoken
from ivr.clock import Clock
from ivr.events import CallId, TurnCompleted
from ivr.nlu.schema import NluResult
from ivr.storage.ports import TranscriptLine

CALLER = "caller"
BOT = "bot"
QUEUE = "queue"
"""Kind of a turn in which somebody who waits is told where they stand."""


@dataclass(slots=True)
class TurnLog:
    """One call's turns. Event loop only."""

    call_id: CallId
    clock: Clock
    publish: Callable[[TurnCompleted], None]
    lines: list[TranscriptLine] = field(default_factory=list)
    intent: str = ""
    """Last intent that was understood with confidence; for the operator."""
    served: bool = False
    """True once something the caller wanted was understood or answered."""
    slots: dict[str, str] = field(default_factory=dict)
    """Last value of every kind of entity heard; for the operator."""
    _index: int = 0
    _fields: dict[str, Any] = field(default_factory=dict)
    _reply: list[str] = field(default_factory=list)
    _ended_at: float | None = None

    def begin(self, kind: str, question: str = "") -> None:
        """A new turn: everything noted from now on belongs to it."""
        self._fields = {"kind": kind, "question": question, "at": self.clock.now()}
        self._reply = []
        self._ended_at = None

    def answered(self, answer: Answer, question: str) -> None:
        """The caller's part of a new turn."""
        match answer:
            case Spoken(utterance=utterance):
                heard = utterance.hypothesis
                self.begin("heard" if heard.text else "unintelligible", question)
                self._ended_at = utterance.ended_at
                self._note_caller(heard.text)
                self._fields |= {
                    "speech_start_s": utterance.start_s,
                    "speech_end_s": utterance.end_s,
                    "text": heard.text,
                    "last_partial": utterance.last_partial,
                    "asr_confidence": heard.confidence,
                    "endpoint": utterance.endpoint,
                    "patience_ms": utterance.patience_ms,
                    "asr_ms": utterance.asr_ms,
                    "barge_in": answer.barge_in,
                    "played_s": answer.played_s,
                    "played_item": answer.item,
                }
            case Pressed(digits=digits):
                self.begin("keyed", question)
                self._ended_at = self.clock.monotonic()
                self._note_caller(f"[{digits}]")
                self._fields |= {
                    "text": digits,
                    "barge_in": answer.barge_in,
                    "played_s": answer.played_s,
                }
            case _:
                self.begin("no_input", question)

    def understood(self, result: NluResult, decision: str, nlu_ms: float) -> None:
        """What NLU made of it."""
        self._fields |= {
            "intent": result.intent.name,
            "intent_confidence": result.intent.confidence,
            "entities": result.entities,
            "decision": decision,
            "nlu_ms": nlu_ms,
        }
        if decision == "accept":
            self.intent = result.intent.name
            self.served = True
        self.slots |= {str(entity.kind): entity.value for entity in result.entities}

    def replied(self, text: str) -> None:
        """A part of the bot's answer was just handed to the wire."""
        if not text:
            return
        if self._ended_at is not None and "response_ms" not in self._fields:
            self._fields["response_ms"] = (self.clock.monotonic() - self._ended_at) * 1000
        self._reply.append(text)
        self.lines.append(TranscriptLine(BOT, text))

    def complete(self) -> None:
        """The bot now waits for the caller, or the call ends: publish the turn."""
        if not self._fields:
            return
        if self._fields["kind"] == QUEUE and not self._reply:
            return  # music went on
        self.publish(
            TurnCompleted(
                call_id=self.call_id,
                index=self._index,
                reply=" ".join(self._reply),
                **self._fields,
            )
        )
        self._index += 1
        self._fields = {}

    def _note_caller(self, text: str) -> None:
        self.lines.append(TranscriptLine(CALLER, text))
