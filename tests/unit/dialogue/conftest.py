"""A caller and a back office for the policy: scripted inputs in, Russian text out."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ivr.dialogue.actions import (
    Action,
    Ask,
    CallService,
    CancelCallback,
    HangUp,
    RequestCallback,
    Say,
    ServiceCall,
    Transfer,
)
from ivr.dialogue.inputs import (
    CallbackStored,
    CallStarted,
    Heard,
    Keyed,
    Moment,
    NluUnavailable,
    NoInput,
    OperatorReady,
    PromiseCancelled,
    Queued,
    ServiceFailed,
    ServiceReplied,
    TransferFailed,
    Unintelligible,
    UserInput,
)
from ivr.dialogue.policy import DialogueState, Policy, PolicySettings
from ivr.dialogue.state import Topic
from ivr.nlu.schema import Entity, EntityKind, NluResult, ScoredIntent
from ivr.queue.model import ContactId, ContactKind, ContactState, Place
from ivr.services.port import (
    Balance,
    Charge,
    ChargeKind,
    ConnectedService,
    FeePeriod,
    Package,
    PackageKind,
    Payment,
    PromisedPaymentTerms,
    Tariff,
)
from ivr.speech.grammar import text_of
from ivr.speech.prompt_texts import PromptTexts, load_prompt_texts

NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)
VOICE = Path(__file__).parents[3] / "models" / "voice-elena"


def place(ahead: int = 2, **changes: Any) -> Place:
    """A place on the line: five minutes, ten at most."""
    usual = Place(
        contact_id=ContactId("contact"),
        kind=ContactKind.CALL,
        state=ContactState.WAITING,
        ahead=ahead,
        waited_s=0.0,
        wait_s=300.0,
        wait_bound_s=600.0,
        operators=3,
    )
    return replace(usual, **changes)


def usual_replies() -> dict[ServiceCall, Any]:
    """A subscriber with money and nothing wrong."""
    return {
        ServiceCall.BALANCE: Balance(
            Decimal("321.50"), Decimal(0), False, Decimal(300), date(2026, 12, 1)
        ),
        ServiceCall.TARIFF: Tariff(
            "Близкие люди",
            Decimal(300),
            FeePeriod.MONTH,
            date(2026, 12, 1),
            (
                Package(PackageKind.VOICE_MINUTES, Decimal(600), Decimal(341)),
                Package(PackageKind.DATA_MEGABYTES, Decimal(20480), Decimal(12800)),
            ),
        ),
        ServiceCall.SERVICES: (
            ConnectedService("Гудок", Decimal(90)),
            ConnectedService("Погода", Decimal(30)),
        ),
        ServiceCall.DISCONNECT_SERVICE: (ConnectedService("Погода", Decimal(30)),),
        ServiceCall.PROMISED_PAYMENT_TERMS: PromisedPaymentTerms(
            True, False, Decimal(300), 3, Decimal(50)
        ),
        ServiceCall.CONNECT_PROMISED_PAYMENT: PromisedPaymentTerms(
            False, True, Decimal(300), 3, Decimal(50)
        ),
        ServiceCall.LAST_PAYMENT: Payment(Decimal(500), date(2026, 11, 19)),
        ServiceCall.LAST_CHARGES: (
            Charge(ChargeKind.TARIFF_FEE, Decimal(300), date(2026, 11, 1)),
            Charge(ChargeKind.SUBSCRIPTION, Decimal(30), date(2026, 11, 21)),
        ),
        ServiceCall.OUTAGE: None,
    }


@dataclass
class Script:
    """One dialogue. Every method is one thing that happens and returns what the bot says then."""

    texts: PromptTexts
    settings: PolicySettings = field(default_factory=PolicySettings)
    now: datetime = NOW
    replies: dict[ServiceCall, Any] = field(default_factory=usual_replies)
    """What the back office answers; a string is the code of a failure."""
    state: DialogueState = field(default_factory=DialogueState)
    actions: tuple[Action, ...] = ()
    calls: list[CallService] = field(default_factory=list)

    def starts(
        self,
        number: str = "9030000001",
        *,
        recorded: bool = False,
        promises: tuple[Place, ...] = (),
    ) -> str:
        return self.happens(CallStarted(number, recorded, promises))

    def queues(self, ahead: int = 2, *, callback: bool = False, **changes: Any) -> str:
        """The caller has asked for an operator and waits, or waits on."""
        slots = changes.pop("slots", ())
        ringing = changes.pop("ringing", False)
        where = place(ahead, **changes)
        return self.happens(Queued(place=where, callback=callback, slots=slots, ringing=ringing))

    def music_plays(self, seconds: float, ahead: int = 2, **changes: Any) -> str:
        """So much time goes by, then the place is looked up again."""
        self.now += timedelta(seconds=seconds)
        return self.queues(ahead, **changes)

    def operator_is_ready(self) -> str:
        return self.happens(OperatorReady())

    def promise_is_cancelled(self) -> str:
        assert isinstance(self.last, CancelCallback)
        return self.happens(PromiseCancelled())

    def says(
        self,
        intent: str,
        text: str = "",
        *,
        sure: float = 0.9,
        item: int | None = None,
        **entities: str,
    ) -> str:
        found = tuple(
            Entity(EntityKind(kind), value, value, 0, len(value))
            for kind, value in entities.items()
        )
        ranking = (ScoredIntent(intent, sure), ScoredIntent("other", 0.01))
        return self.happens(Heard(NluResult(text or intent, ranking, found), item=item))

    def presses(self, keys: str) -> str:
        said = ""
        for key in keys:
            said = self.happens(Keyed(key))
        return said

    def is_silent(self) -> str:
        return self.happens(NoInput())

    def mumbles(self) -> str:
        return self.happens(Unintelligible())

    def says_while_nlu_is_down(self, text: str) -> str:
        return self.happens(NluUnavailable(text))

    def transfer_fails(self, reason: str = "no_answer") -> str:
        return self.happens(TransferFailed(reason))

    def callback_is_stored(self, ahead: int | None = None) -> str:
        assert isinstance(self.last, RequestCallback)
        return self.happens(CallbackStored(self.last.number, ahead, self.last.slot))

    def happens(self, user_input: UserInput) -> str:
        spoken: list[str] = []
        happening: UserInput | None = user_input
        while happening is not None:
            self.state, self.actions = Policy(self.settings).step(
                self.state, happening, Moment(self.now)
            )
            spoken += [
                text_of(action.phrase, self.texts)
                for action in self.actions
                if isinstance(action, Say | Ask) and action.phrase
            ]
            happening = self._served()
        return " ".join(spoken)

    def _served(self) -> UserInput | None:
        if not isinstance(self.last, CallService):
            return None
        self.calls.append(self.last)
        reply = self.replies[self.last.call]
        if isinstance(reply, str):
            return ServiceFailed(self.last.call, reply)
        return ServiceReplied(self.last.call, reply)

    @property
    def last(self) -> Action:
        return self.actions[-1]

    @property
    def hears_music(self) -> bool:
        music = isinstance(self.last, Ask) and self.last.music
        assert not music or self.state.question.topic is Topic.IN_QUEUE
        return music

    @property
    def hung_up(self) -> str:
        return self.last.reason if isinstance(self.last, HangUp) else ""

    @property
    def transferred(self) -> str:
        return self.last.reason if isinstance(self.last, Transfer) else ""


@pytest.fixture(scope="session")
def texts() -> PromptTexts:
    return load_prompt_texts(VOICE)


@pytest.fixture
def script(texts: PromptTexts) -> Script:
    return Script(texts)


@pytest.fixture
def call(script: Script) -> Script:
    """A dialogue in which the greeting is over."""
    script.starts()
    return script
