"""Any input in any state: a sensible list of actions, and no caller who goes round for ever."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.dialogue.actions import (
    Action,
    Ask,
    CallService,
    CancelCallback,
    HangUp,
    Join,
    RequestCallback,
    ReturnToLine,
    Say,
    ServiceCall,
    Transfer,
)
from ivr.dialogue.inputs import (
    CallbackRefused,
    CallbackStored,
    CallStarted,
    Closed,
    Heard,
    Keyed,
    Moment,
    NluUnavailable,
    NoInput,
    OperatorReady,
    PromiseCancelled,
    Queued,
    Refusal,
    ServiceFailed,
    ServiceReplied,
    TransferFailed,
    Unintelligible,
    UserInput,
)
from ivr.dialogue.intents import TREATMENTS
from ivr.dialogue.policy import DialogueState, Policy, PolicySettings
from ivr.dialogue.state import Errand, Line, Phase, Question, Topic
from ivr.nlu.schema import Entity, EntityKind, NluResult, ScoredIntent
from ivr.queue.model import ContactId, ContactKind, ContactState, Place
from ivr.services.port import (
    Balance,
    Charge,
    ChargeKind,
    ConnectedService,
    FeePeriod,
    Outage,
    Package,
    PackageKind,
    Payment,
    PromisedPaymentTerms,
    Tariff,
)
from ivr.speech.grammar import spoken_parts
from ivr.speech.prompt_texts import PromptTexts
from tests.unit.dialogue.conftest import NOW, Script, place

pytestmark = pytest.mark.unit

WAITS = (
    *(Ask, CallService, Transfer, Join, RequestCallback, CancelCallback, ReturnToLine, HangUp),
)
TEXTS = [
    *("да", "нет", "", "оператор", "ну это", "не работает", "подключите", "!?", "а" * 5000),
    *("сколько ещё ждать", "я подожду", "не буду ждать", "перезвоните мне", "отмените звонок"),
    *("остаться на линии", "дождаться звонка", "сейчас", "завтра в девять утра", "через час"),
]
SLOTS = tuple(datetime(2026, 11, day, hour, tzinfo=UTC) for day in (22, 23) for hour in (13, 18))

amounts = st.decimals(-9999, 9999, places=2, allow_nan=False)
positive = st.decimals(0, 9999, places=2, allow_nan=False)
days = st.dates(date(2026, 1, 1), date(2027, 12, 31))
terms = st.builds(
    PromisedPaymentTerms, st.booleans(), st.booleans(), positive, st.integers(0, 90), positive
)
replies = st.one_of(
    st.none(),
    st.builds(Balance, amounts, positive, st.booleans(), positive, days),
    st.builds(
        Tariff,
        st.sampled_from(["Первый", "Tariff-X", ""]),
        positive,
        st.sampled_from(FeePeriod),
        days,
        st.lists(
            st.builds(
                Package, st.sampled_from(PackageKind), st.one_of(st.none(), positive), positive
            ),
            max_size=4,
        ).map(tuple),
    ),
    st.lists(st.builds(ConnectedService, st.text(max_size=9), positive), max_size=12).map(tuple),
    st.lists(st.builds(Charge, st.sampled_from(ChargeKind), positive, days), max_size=9).map(tuple),
    st.builds(Payment, positive, days),
    st.builds(Outage, st.just("Казань"), st.just(()), st.one_of(st.none(), st.datetimes())),
    terms,
)
entities = st.builds(
    Entity,
    st.sampled_from(EntityKind),
    st.sampled_from(["Казань", "9161234567", "300", "", "чушь", "12"]),
    st.just("text"),
    st.just(0),
    st.just(4),
)
heard = st.builds(
    Heard,
    st.builds(
        NluResult,
        st.sampled_from(TEXTS),
        st.builds(ScoredIntent, st.sampled_from([*TREATMENTS, "unheard_of"]), st.floats(0, 1)).map(
            lambda best: (best,)
        ),
        st.lists(entities, max_size=2).map(tuple),
    ),
)
seconds = st.one_of(st.none(), st.floats(0, 10**6))
places = st.builds(
    Place,
    contact_id=st.just(ContactId("contact")),
    kind=st.sampled_from([ContactKind.CALL, ContactKind.CALLBACK]),
    state=st.sampled_from(ContactState),
    ahead=st.integers(0, 2000),
    waited_s=st.floats(0, 10**6),
    wait_s=seconds,
    wait_bound_s=seconds,
    due_at=st.sampled_from([0.0, 1.8e9]),
)
some_slots = st.sampled_from([(), SLOTS, SLOTS[:1]])
queued = st.builds(
    Queued,
    place=places,
    callback=st.booleans(),
    slots=some_slots,
    ringing=st.booleans(),
    after_failure=st.booleans(),
)
inputs: st.SearchStrategy[UserInput] = st.one_of(
    heard,
    heard,
    heard,
    st.sampled_from([Keyed(key) for key in "1234567890*#"]),
    st.sampled_from([Keyed("A"), Keyed(""), Keyed("12"), NoInput(), Unintelligible()]),
    st.builds(NluUnavailable, st.sampled_from(TEXTS)),
    st.builds(
        CallStarted,
        st.sampled_from(["9030000001", "", "0611"]),
        st.booleans(),
        st.lists(places, max_size=2).map(tuple),
    ),
    queued,
    queued,
    st.builds(Closed, st.sampled_from([None, *SLOTS]), some_slots),
    st.sampled_from([OperatorReady(), PromiseCancelled()]),
    st.builds(CallbackRefused, st.sampled_from(Refusal), some_slots),
    st.builds(ServiceReplied, st.sampled_from(ServiceCall), replies),
    st.builds(
        ServiceFailed,
        st.one_of(st.none(), st.sampled_from(ServiceCall)),
        st.sampled_from(["timeout", "unknown_subscriber", "denied", ""]),
    ),
    st.builds(TransferFailed, st.sampled_from(["busy", "no_answer", "failed", "closed"])),
    st.builds(
        CallbackStored,
        st.just("9030000001"),
        st.one_of(st.none(), st.integers(0, 500)),
        st.sampled_from([None, *SLOTS]),
    ),
)
policies = st.builds(
    Policy, st.builds(PolicySettings, operator_available=st.booleans(), accept=st.floats(0, 1))
)


def check(actions: tuple[Action, ...], texts: PromptTexts) -> None:
    assert actions
    assert isinstance(actions[-1], WAITS)
    assert all(isinstance(action, Say) for action in actions[:-1])
    for action in actions:
        if isinstance(action, Say | Ask):
            spoken_parts(action.phrase, texts)
        if isinstance(action, RequestCallback):
            assert len(action.number) == 10


@settings(max_examples=300, deadline=None)
@given(policy=policies, happenings=st.lists(inputs, max_size=40), answers=st.data())
def test_any_walk_gives_speakable_actions_that_wait_for_somebody(
    texts: PromptTexts, policy: Policy, happenings: list[UserInput], answers: st.DataObject
) -> None:
    state = DialogueState()
    for happening in happenings:
        state, actions = policy.step(state, happening, Moment(NOW))
        check(actions, texts)
        if isinstance(actions[-1], CallService):
            reply = answers.draw(replies)
            replied = ServiceReplied(actions[-1].call, reply)
            state, actions = policy.step(state, replied, Moment(NOW))
            check(actions, texts)


ONE_OF_EACH: tuple[UserInput, ...] = (
    CallStarted("9030000001", True),
    NoInput(),
    Unintelligible(),
    NluUnavailable("да"),
    NluUnavailable("чушь"),
    TransferFailed("busy"),
    CallbackStored("9030000001"),
    Queued(place=place()),
    Queued(place=place(0), callback=True, slots=SLOTS, ringing=True),
    Closed(None),
    Closed(SLOTS[0], SLOTS),
    OperatorReady(),
    PromiseCancelled(),
    *(CallbackRefused(reason) for reason in Refusal),
    CallbackRefused(Refusal.SLOT, SLOTS),
    NluUnavailable("завтра"),
    ServiceFailed(None, "timeout"),
    *(Keyed(key) for key in "0123456789*#A"),
    *(ServiceReplied(call, None) for call in ServiceCall),
    *(ServiceFailed(call, "unknown_subscriber") for call in ServiceCall),
    *(
        Heard(NluResult(intent, (ScoredIntent(intent, sure),)))
        for intent in (*TREATMENTS, "unheard_of")
        for sure in (0.0, 0.4, 1.0)
    ),
)


@pytest.mark.parametrize("phase", list(Phase))
@pytest.mark.parametrize("topic", list(Topic))
@pytest.mark.parametrize("number", ["9030000001", ""])
@pytest.mark.parametrize("waiting", [False, True])
def test_every_state_takes_every_input(
    texts: PromptTexts, phase: Phase, topic: Topic, number: str, waiting: bool
) -> None:
    policy = Policy(PolicySettings())
    line = Line(place=place(), seen_at=NOW, slots=SLOTS) if waiting else None
    for errand in (None, Errand("balance"), Errand("home_internet_issue"), Errand("unheard_of")):
        for pending in (None, ServiceCall.BALANCE, ServiceCall.OUTAGE):
            state = DialogueState(
                phase=phase,
                question=Question(topic),
                caller_number=number,
                errand=errand,
                pending_call=pending,
                line=line,
                promise=None if line else place(kind=ContactKind.CALLBACK),
            )
            for happening in ONE_OF_EACH:
                _, actions = policy.step(state, happening, Moment(NOW))
                check(actions, texts)


WANTS_TO_LEAVE = {"goodbye", "callback"}
"""Why somebody who waits may be hung up on: their own goodbye, and a call that was promised."""


@settings(max_examples=300, deadline=None)
@given(happenings=st.lists(inputs, min_size=1, max_size=30))
def test_nobody_who_waits_is_hung_up_on(happenings: list[UserInput]) -> None:
    policy = Policy(PolicySettings())
    state, _ = policy.step(DialogueState(), CallStarted("9030000001", False), Moment(NOW))
    state, _ = policy.step(state, Queued(place=place()), Moment(NOW))
    for happening in happenings:
        waiting = state.line is not None
        state, actions = policy.step(state, happening, Moment(NOW))
        if waiting and isinstance(actions[-1], HangUp):
            assert actions[-1].reason in WANTS_TO_LEAVE
        if isinstance(actions[-1], Transfer):
            assert state.line is None, "who waits already is not put in the queue again"


Hopeless = Callable[[int], UserInput]
HOPELESS: dict[str, Hopeless] = {
    "silent": lambda turn: NoInput(),
    "mumbling": lambda turn: Unintelligible(),
    "now silent, now mumbling": lambda turn: NoInput() if turn % 2 else Unintelligible(),
    "off topic": lambda turn: Heard(NluResult("чушь", (ScoredIntent("out_of_scope", 0.9),))),
    "half understood": lambda turn: Heard(NluResult("чушь", (ScoredIntent("balance", 0.4),))),
    "half understood and denying": lambda turn: Heard(
        NluResult("нет", (ScoredIntent("deny", 0.9),))
        if turn % 2
        else NluResult("чушь", (ScoredIntent("balance", 0.4),))
    ),
    "without an engine": lambda turn: NluUnavailable("чушь"),
    "on a meaningless key": lambda turn: Keyed("#"),
}
TURNS = 36


@pytest.mark.parametrize("caller", HOPELESS.values(), ids=HOPELESS)
@pytest.mark.parametrize("keys", ["", "1", "*"])
def test_the_hopeless_come_back_to_the_music(call: Script, caller: Hopeless, keys: str) -> None:
    call.queues(callback=True, slots=SLOTS)
    call.presses(keys)
    for turn in range(TURNS):
        call.happens(caller(turn))
        if call.hears_music or isinstance(call.last, RequestCallback | CancelCallback):
            return
    pytest.fail(f"no music after {TURNS} turns: {call.state}")


@pytest.mark.parametrize("caller", HOPELESS.values(), ids=HOPELESS)
@pytest.mark.parametrize("opening", ["", "4", "3"])
@pytest.mark.parametrize("number", ["9030000001", ""])
@pytest.mark.parametrize("operators", [True, False])
def test_nobody_goes_round_for_ever(
    script: Script, caller: Hopeless, opening: str, number: str, operators: bool
) -> None:
    script.settings = PolicySettings(operator_available=operators)
    offered = script.replies[ServiceCall.PROMISED_PAYMENT_TERMS]
    script.replies = dict.fromkeys(ServiceCall, "timeout")
    script.replies[ServiceCall.PROMISED_PAYMENT_TERMS] = offered
    script.starts(number)
    script.presses(opening)
    for turn in range(TURNS):
        if script.hung_up:
            return
        if script.transferred:
            script.transfer_fails()
        else:
            script.happens(caller(turn))
    pytest.fail(f"still talking after {TURNS} turns: {script.state}")
