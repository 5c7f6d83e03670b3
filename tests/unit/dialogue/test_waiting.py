"""Stories of callers who wait on the line, from «оператор» to the operator or a promise."""

from datetime import timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from ivr.dialogue.actions import (
    Ask,
    CancelCallback,
    Join,
    RequestCallback,
    ReturnToLine,
    Say,
    Transfer,
)
from ivr.dialogue.inputs import CallbackRefused, Closed, Queued, Refusal, ServiceFailed
from ivr.dialogue.policy import PolicySettings
from ivr.dialogue.state import Topic
from ivr.queue.model import ContactId, ContactKind, ContactState
from tests.unit.dialogue.conftest import NOW, Script, place

pytestmark = pytest.mark.unit

HOUR = timedelta(hours=1)
NOON = NOW.replace(minute=0)
SLOTS = (NOON + 2 * HOUR, NOON + 3 * HOUR, NOON + 5 * HOUR, NOON + 21 * HOUR, NOON + 22 * HOUR)
TWO = "Перед вами в очереди: два человека."
ONE = "Перед вами в очереди: один человек."
WAIT = " Примерное время ожидания: пять минут."
BOUND = " Почти наверняка уложимся в десять минут."
KEYS = "Чтобы мы вам перезвонили, нажмите один. Чтобы уйти из очереди, нажмите звёздочку."
EXPLAINED = f" Пока вы ждёте, можете задать вопрос мне. {KEYS}"
OFFER = " Вам не нужно ждать на линии. Мы перезвоним, когда подойдёт ваша очередь. Перезвонить?"
HERE = "Перезвонить на номер, с которого вы звоните?"
WHEN = "Когда вам перезвонить: сейчас, когда подойдёт очередь, или в удобное время?"
OWN_NUMBER = "Записала номер девятьсот три, ноль ноль ноль, ноль ноль, ноль один."


@pytest.fixture
def waiting(call: Script) -> Script:
    """Third in the queue, told so, no call back offered."""
    call.says("operator")
    assert call.transferred == "operator"
    assert call.queues(2, slots=SLOTS) == TWO + WAIT + BOUND + EXPLAINED
    assert call.hears_music
    return call


# ---- what is told, and when


def test_nobody_is_said_to_be_connected_before_a_place_is_known(call: Script) -> None:
    call.settings = PolicySettings(queued=True)
    assert call.says("operator") == "Одну минуту."
    assert call.transferred == "operator"


def test_the_next_refreshes_are_silent_until_something_changes(waiting: Script) -> None:
    assert waiting.music_plays(20) == ""
    assert waiting.music_plays(20) == ""
    assert waiting.music_plays(20, 1) == ONE + WAIT
    assert waiting.hears_music


def test_news_comes_less_and_less_often(waiting: Script) -> None:
    told_at = [NOW]
    for ahead in range(200, 100, -1):
        if waiting.music_plays(10, ahead):
            told_at.append(waiting.now)
    gaps = [(after - before).total_seconds() for before, after in pairwise(told_at)]
    assert gaps == [30, 50, 60, 90, *[120] * 6]


def test_a_little_less_time_is_no_news_and_much_less_is(waiting: Script) -> None:
    assert waiting.music_plays(40, wait_s=240.0) == ""
    assert waiting.music_plays(40, wait_s=120.0).endswith("Примерное время ожидания: две минуты.")


def test_a_place_that_got_worse_is_told_too(waiting: Script) -> None:
    assert waiting.music_plays(40, 5).startswith("Перед вами в очереди: пять человек.")


def test_who_hears_no_news_for_long_is_thanked(waiting: Script) -> None:
    assert [waiting.music_plays(50) for _ in range(6)] == [
        *("", "", "Спасибо, что ждёте."),
        *("", "", "Спасибо, что ждёте."),
    ]


def test_without_an_estimate_only_the_position_is_told(call: Script) -> None:
    call.says("operator")
    assert call.queues(2, wait_s=None, wait_bound_s=None) == TWO + EXPLAINED


def test_an_operator_who_is_free_is_not_talked_over(call: Script) -> None:
    call.says("operator")
    assert call.queues(0, ringing=True) == ""
    assert call.queues(0, wait_s=2.0, wait_bound_s=9.0) == ""
    assert call.hears_music
    assert isinstance(call.last, Ask)
    assert call.last.no_input_s < 10


def test_a_queue_that_does_not_answer_is_not_spoken_for(waiting: Script) -> None:
    for _ in range(20):
        assert waiting.is_silent() == ""
        assert waiting.hears_music
    waiting.now += timedelta(seconds=200)
    assert waiting.is_silent() == "Спасибо, что ждёте."


# ---- the bot stays reachable


def test_a_question_is_answered_and_the_place_is_kept(waiting: Script) -> None:
    heard = waiting.says("balance")
    assert heard.endswith(f"рубль пятьдесят копеек. {TWO}")
    assert waiting.hears_music


def test_after_a_long_errand_only_what_is_sure_is_said(waiting: Script) -> None:
    waiting.now += timedelta(seconds=90)
    assert waiting.says("own_number").endswith("Вы по-прежнему в очереди.")


def test_an_order_can_be_given_while_waiting(waiting: Script) -> None:
    assert waiting.says("promised_payment").endswith("Подключаем?")
    assert not waiting.hears_music
    heard = waiting.says("affirm", "да")
    assert heard.startswith("Готово. Обещанный платёж подключён.")
    assert heard.endswith(TWO)
    assert waiting.hears_music


@pytest.mark.parametrize("text", ["сколько ещё ждать", "какой я в очереди", "скоро соедините"])
def test_how_long(waiting: Script, text: str) -> None:
    assert waiting.says("out_of_scope", text, sure=0.1) == TWO + WAIT
    assert waiting.says_while_nlu_is_down(text) == TWO + WAIT


@pytest.mark.parametrize("intent", ["operator", "tariff_change", "complaint"])
def test_who_wants_a_person_hears_the_place(waiting: Script, intent: str) -> None:
    assert waiting.says(intent).endswith(TWO + WAIT)
    assert waiting.hears_music


def test_an_operator_is_not_offered_to_somebody_who_waits_for_one(waiting: Script) -> None:
    waiting.replies = dict.fromkeys(waiting.replies, "timeout")
    assert waiting.says("balance") == f"Извините, сейчас я не могу получить эти данные. {TWO}"
    assert waiting.hears_music


@pytest.mark.parametrize("key", ["0", "9"])
def test_keys_for_the_place(waiting: Script, key: str) -> None:
    assert waiting.presses(key).endswith(TWO + WAIT)


@pytest.mark.parametrize("text", ["я подожду", "минутку", "жду"])
def test_who_is_content_is_left_alone(waiting: Script, text: str) -> None:
    assert waiting.says("out_of_scope", text, sure=0.1) == "Хорошо."
    assert waiting.hears_music


@pytest.mark.parametrize("intent", ["thanks", "affirm", "deny", "wait"])
def test_words_that_ask_for_nothing_are_let_pass(waiting: Script, intent: str) -> None:
    assert waiting.says(intent, intent) == ""
    assert waiting.hears_music


def test_hello_is_answered(waiting: Script) -> None:
    assert waiting.says("greeting", "алло") == "Да, я вас слушаю."
    assert waiting.hears_music


def test_an_excuse_once_then_others_may_talk(waiting: Script) -> None:
    assert waiting.says("out_of_scope", "а он говорит", sure=0.9) == (
        f"Извините, я не поняла. {KEYS}"
    )
    for _ in range(9):
        assert waiting.says("out_of_scope", "а он говорит", sure=0.2) == ""
        assert waiting.mumbles() == ""
        assert waiting.presses("5") == ""
        assert waiting.hears_music


def test_a_closed_question_that_nobody_answers_leads_back(waiting: Script) -> None:
    waiting.says("promised_payment")
    assert waiting.is_silent().endswith("Подключаем?")
    assert waiting.is_silent() == TWO
    assert waiting.hears_music


# ---- the operator


def test_the_operator_comes(waiting: Script) -> None:
    assert waiting.operator_is_ready() == "Оператор подключается."
    assert waiting.last == Join()
    (said, _) = waiting.actions
    assert isinstance(said, Say)
    assert not said.barge_in


def test_the_operator_comes_in_the_middle_of_something_else(waiting: Script) -> None:
    waiting.says("promised_payment")
    assert waiting.operator_is_ready() == "Оператор подключается."


def test_the_operator_is_lost_again(waiting: Script) -> None:
    waiting.operator_is_ready()
    heard = waiting.happens(Queued(place=place(0), after_failure=True))
    assert heard == "Оператор не ответил. Ваше место в очереди сохранено."
    assert waiting.hears_music


def test_a_phone_that_rings_in_vain_is_not_spoken_of(waiting: Script) -> None:
    waiting.music_plays(20, 0, ringing=True)
    assert waiting.happens(Queued(place=place(2), after_failure=True)) == ""


def test_who_has_left_is_not_joined(waiting: Script) -> None:
    waiting.presses("*1")
    waiting.promise_is_cancelled()
    assert waiting.operator_is_ready() == ""
    assert isinstance(waiting.last, Ask)


# ---- leaving


def test_the_star_leaves_after_a_question(waiting: Script) -> None:
    assert waiting.presses("*") == "Уйти из очереди?"
    assert waiting.says("affirm", "да") == ""
    assert waiting.last == CancelCallback(contact_id=ContactId("contact"))
    assert waiting.promise_is_cancelled() == ("Хорошо, отменяю. Могу ли я ещё чем-нибудь помочь?")
    assert waiting.state.line is None


@pytest.mark.parametrize("text", ["нет", "я подожду", "нет я останусь"])
def test_a_no_stays(waiting: Script, text: str) -> None:
    waiting.presses("*")
    assert waiting.says("deny", text) == f"Хорошо. {TWO}"
    assert waiting.hears_music


def test_who_is_tired_of_waiting_is_offered_a_call_first(waiting: Script) -> None:
    assert waiting.says("cancel", "не буду больше ждать") == OFFER.strip()
    assert waiting.says("deny", "нет") == "Хорошо."
    assert waiting.says("cancel", "не буду больше ждать") == "Уйти из очереди?"
    waiting.says("deny", "не хочу ждать")
    assert isinstance(waiting.last, CancelCallback)


def test_a_place_that_cannot_be_given_up_stays(waiting: Script) -> None:
    waiting.presses("*1")
    heard = waiting.happens(ServiceFailed(None, "disk"))
    assert heard.startswith("К сожалению, отменить сейчас не получилось.")
    assert waiting.hears_music


def test_goodbye_ends_the_call(waiting: Script) -> None:
    assert waiting.says("goodbye", "до свидания") == "Спасибо за звонок! До свидания."
    assert waiting.hung_up == "goodbye"


def test_a_goodbye_that_was_guessed_is_asked_about(waiting: Script) -> None:
    assert waiting.says("goodbye", "ну всё тогда") == "Уйти из очереди?"
    waiting.says("deny", "нет")
    assert waiting.says("goodbye", "ну всё тогда", sure=0.4).startswith("Извините")
    assert waiting.hears_music


# ---- a call back instead


@pytest.fixture
def offered(call: Script) -> Script:
    """A long wait: the call back is offered with the first announcement."""
    call.says("complaint")
    assert call.queues(2, callback=True, slots=SLOTS) == TWO + WAIT + BOUND + OFFER
    return call


@pytest.mark.parametrize("text", ["нет", "нет спасибо я подожду", "останусь на линии", "не сейчас"])
def test_who_declines_waits_on(offered: Script, text: str) -> None:
    assert offered.says("out_of_scope", text, sure=0.1) == "Хорошо." + EXPLAINED
    assert offered.hears_music
    assert OFFER not in offered.music_plays(40, 1, callback=True), "offered once"


def test_who_says_nothing_waits_on(offered: Script) -> None:
    assert offered.is_silent() == OFFER.strip()
    assert offered.is_silent() == TWO
    assert offered.hears_music


def test_a_wait_that_becomes_long_brings_the_offer(waiting: Script) -> None:
    assert waiting.music_plays(40, callback=True, wait_s=900.0).endswith(OFFER)


def test_the_place_is_kept_for_the_call_back(offered: Script) -> None:
    assert offered.says("affirm", "перезвоните") == HERE
    assert offered.says("affirm", "да") == WHEN
    assert offered.says("out_of_scope", "сейчас", sure=0.1) == ""
    assert offered.last == RequestCallback(number="9030000001", reason="complaint")
    assert offered.callback_is_stored(2) == (
        f"{OWN_NUMBER} Ваше место в очереди сохранено. {TWO} "
        "Мы перезвоним, когда подойдёт ваша очередь. До свидания!"
    )
    assert offered.hung_up == "callback"


def test_all_of_it_by_key(waiting: Script) -> None:
    waiting.presses("1" * 3)
    assert waiting.last == RequestCallback(number="9030000001", reason="operator")
    assert waiting.callback_is_stored(0).endswith(
        "Вы следующий в очереди. Мы перезвоним, как только освободится оператор. До свидания!"
    )


@pytest.mark.parametrize(
    "text",
    ["перезвоните", "не хочу больше ждать перезвоните мне", "лучше закажите обратный звонок"],
)
def test_asked_for_by_voice(waiting: Script, text: str) -> None:
    assert waiting.says("out_of_scope", text, sure=0.1) == HERE


def test_another_number_is_read_back(waiting: Script) -> None:
    waiting.says("callback", "перезвоните мне")
    assert waiting.says("deny", "нет") == (
        "Назовите, пожалуйста, номер, на который вам перезвонить."
    )
    assert waiting.presses("89161234567").endswith("шестьдесят семь. Всё верно?")
    assert waiting.says("affirm", "да") == WHEN
    waiting.presses("1")
    assert waiting.last == RequestCallback(number="9161234567", reason="operator")


def test_a_number_said_at_once_is_read_back(waiting: Script) -> None:
    heard = waiting.says("callback", "перезвоните на другой телефон", phone="9161234567")
    assert heard.endswith("шестьдесят семь. Всё верно?")


def test_who_does_not_care_when_is_called_in_turn(offered: Script) -> None:
    offered.presses("11")
    assert offered.is_silent() == WHEN
    offered.is_silent()
    assert offered.last == RequestCallback(number="9030000001", reason="complaint")


NAMED = (
    "Можем перезвонить. Сегодня с четырнадцати до пятнадцати. Сегодня с пятнадцати до "
    "шестнадцати. Завтра с девяти до десяти. Завтра с десяти до одиннадцати. "
    "Какое время вам удобно?"
)
CHOSEN = {
    "second": ("второе", 1),
    "fourth": ("четвёртое", 4),
    "hour": ("в десять утра", 4),
    "day and hour": ("завтра в девять", 3),
    "not named": ("в пять вечера", 2),
    "as soon as possible": ("как можно скорее", None),
}


@pytest.mark.parametrize(("text", "index"), CHOSEN.values(), ids=CHOSEN)
def test_a_time_is_chosen_by_voice(waiting: Script, text: str, index: int | None) -> None:
    waiting.presses("11")
    assert waiting.says("out_of_scope", "в удобное время", sure=0.1) == NAMED
    waiting.says("out_of_scope", text, sure=0.1)
    slot = None if index is None else SLOTS[index]
    assert waiting.last == RequestCallback(number="9030000001", reason="operator", slot=slot)


def test_a_time_is_chosen_by_key_and_confirmed(waiting: Script) -> None:
    assert waiting.presses("112") == NAMED
    waiting.presses("3")
    assert waiting.callback_is_stored(0) == (
        f"{OWN_NUMBER} Мы перезвоним вам завтра с девяти до десяти. До свидания!"
    )


def test_other_times_follow_those_that_were_named(waiting: Script) -> None:
    waiting.queues(2, slots=(*SLOTS, NOON + 26 * HOUR))
    waiting.presses("112")
    assert waiting.says("out_of_scope", "попозже", sure=0.1) == (
        "Можем перезвонить. Завтра с четырнадцати до пятнадцати. Какое время вам удобно?"
    )
    assert waiting.says("out_of_scope", "в другой раз", sure=0.1).startswith(
        "К сожалению, на это время записать не получится. Можем перезвонить. Сегодня"
    )


def test_a_time_that_is_not_free_leads_to_those_that_are(waiting: Script) -> None:
    waiting.presses("112")
    assert waiting.says("out_of_scope", "завтра в восемь вечера", sure=0.1) == (
        f"К сожалению, на это время записать не получится. {NAMED}"
    )
    assert waiting.says("out_of_scope", "тогда завтра", sure=0.1) == (
        "Можем перезвонить. Завтра с девяти до десяти. Завтра с десяти до одиннадцати. "
        "Какое время вам удобно?"
    )


def test_a_time_taken_by_somebody_else(waiting: Script) -> None:
    waiting.presses("1123")
    assert waiting.happens(CallbackRefused(Refusal.SLOT, SLOTS[4:])) == (
        "К сожалению, на это время записать не получится. Можем перезвонить. "
        "Завтра с десяти до одиннадцати. Какое время вам удобно?"
    )
    waiting.presses("1")
    assert waiting.last == RequestCallback(number="9030000001", reason="operator", slot=SLOTS[4])


REFUSED = {
    Refusal.NUMBER: "На этот номер перезвонить не получится. Назовите, пожалуйста, другой.",
    Refusal.LIMIT: f"К сожалению, записать ещё один звонок на этот номер сегодня нельзя. {TWO}",
    Refusal.SLOT: f"К сожалению, на это время записать не получится. {TWO}",
}


@pytest.mark.parametrize(("reason", "heard"), REFUSED.items())
def test_a_call_that_is_refused_costs_no_place(
    waiting: Script, reason: Refusal, heard: str
) -> None:
    waiting.presses("111")
    assert waiting.happens(CallbackRefused(reason)) == heard
    assert waiting.state.line is not None


def test_a_store_that_fails_is_no_promise(waiting: Script) -> None:
    waiting.presses("111")
    heard = waiting.happens(ServiceFailed(None, "disk"))
    assert heard.startswith("К сожалению, записать номер не получилось.")
    assert heard.endswith(TWO)
    assert waiting.hears_music


def test_an_operator_found_meanwhile_is_better_than_a_promise(waiting: Script) -> None:
    waiting.presses("111")
    assert waiting.queues(0, ringing=True) == (
        "Оператор уже нашёлся. Оставайтесь, пожалуйста, на линии."
    )
    assert waiting.operator_is_ready() == "Оператор подключается."


def test_who_changes_their_mind_waits_on(waiting: Script) -> None:
    waiting.presses("1")
    assert waiting.presses("*") == f"Хорошо. {TWO}"
    waiting.presses("11")
    assert waiting.says("cancel", "отмена") == f"Хорошо. {TWO}"
    assert waiting.hears_music


def test_an_unknown_caller_is_asked_for_the_number(script: Script) -> None:
    script.starts("")
    script.says("operator")
    script.queues(2)
    assert script.presses("1") == "Назовите, пожалуйста, номер, на который вам перезвонить."
    script.presses("9161234567")
    script.says("affirm", "да")
    assert script.last == RequestCallback(number="9161234567", reason="operator")


def test_numbers_that_cannot_be_called_lead_back_to_the_music(waiting: Script) -> None:
    waiting.says("callback", "перезвоните мне")
    waiting.says("deny", "нет")
    for _ in range(4):
        waiting.says("out_of_scope", "номер", sure=0.1, phone="0001234567")
    assert waiting.hears_music


# ---- nobody works now


def test_closed_tells_when_it_opens_and_offers_a_time(call: Script) -> None:
    call.says("operator")
    assert call.happens(Closed(NOON + 21 * HOUR, SLOTS[3:])) == (
        "Сейчас операторы не работают. Они начнут отвечать завтра в девять часов. "
        "Перезвонить вам в рабочее время?"
    )
    assert call.says("affirm", "перезвоните") == HERE
    assert call.says("affirm", "да") == (
        "Можем перезвонить. Завтра с девяти до десяти. Завтра с десяти до одиннадцати. "
        "Какое время вам удобно?"
    )
    call.says("out_of_scope", "первое", sure=0.1)
    assert call.last == RequestCallback(number="9030000001", reason="operator", slot=SLOTS[3])


def test_hours_are_told_by_the_clock_of_the_callers_not_of_the_machine(call: Script) -> None:
    call.settings = PolicySettings(zone=ZoneInfo("Asia/Novosibirsk"))  # seven hours further on
    call.says("operator")
    told = call.happens(Closed(NOON + 14 * HOUR, SLOTS[3:]))
    assert told.startswith("Сейчас операторы не работают. Они начнут отвечать завтра в девять ча")


def test_closed_without_times_is_a_call_in_turn(call: Script) -> None:
    call.says("operator")
    assert call.happens(Closed()) == (
        "Сейчас операторы не работают. Перезвонить вам в рабочее время?"
    )
    call.presses("11")
    assert call.last == RequestCallback(number="9030000001", reason="operator")


def test_closed_and_no_call_wanted(call: Script) -> None:
    call.says("operator")
    call.happens(Closed(None, SLOTS))
    assert call.says("deny", "нет") == "Хорошо. Могу ли я ещё чем-нибудь помочь?"


# ---- what was promised before

PROMISE = place(1, kind=ContactKind.CALLBACK, contact_id=ContactId("earlier"))
LOST = place(1, state=ContactState.ABANDONED, contact_id=ContactId("lost"))
STAY_OR_BACK = " Остаться на линии или дождаться обратного звонка?"
MORE = " Могу ли я ещё чем-нибудь помочь?"


@pytest.fixture
def promised(script: Script) -> Script:
    heard = script.starts(promises=(LOST, PROMISE))
    assert heard.endswith(f"Вы уже в очереди на обратный звонок. {ONE}{STAY_OR_BACK}")
    return script


@pytest.mark.parametrize("text", ["остаться на линии", "я подожду тут", "останусь"])
def test_staying_takes_the_place_along(promised: Script, text: str) -> None:
    promised.says("out_of_scope", text, sure=0.1)
    assert promised.last == ReturnToLine(contact_id=ContactId("earlier"))
    assert promised.queues(1).startswith(ONE)
    assert promised.hears_music
    assert promised.state.promise is None


@pytest.mark.parametrize("key", ["1", "0"])
def test_staying_by_key(promised: Script, key: str) -> None:
    promised.presses(key)
    assert isinstance(promised.last, ReturnToLine)


@pytest.mark.parametrize("text", ["дождаться звонка", "перезвоните", "потом"])
def test_waiting_for_the_call(promised: Script, text: str) -> None:
    kept = "Хорошо. Ваше место в очереди сохранено." + MORE
    assert promised.says("out_of_scope", text, sure=0.1) == kept
    assert promised.state.promise == PROMISE


def test_something_else_is_served_and_the_promise_stands(promised: Script) -> None:
    assert "рубль" in promised.says("balance")
    assert promised.says("operator").startswith("Соединяю с оператором.")
    assert promised.last == ReturnToLine(contact_id=ContactId("earlier"))


@pytest.mark.parametrize("text", ["отмените звонок", "не надо мне перезванивать"])
def test_the_promise_is_taken_back_at_any_time(promised: Script, text: str) -> None:
    promised.presses("2")
    promised.says("balance")
    assert promised.says("out_of_scope", text, sure=0.1) == "Отменить обратный звонок?"
    promised.says("affirm", "да")
    assert promised.last == CancelCallback(contact_id=ContactId("earlier"))
    assert promised.promise_is_cancelled() == "Обратный звонок отменён." + MORE
    assert promised.says("operator").startswith("Соединяю с оператором.")
    assert isinstance(promised.last, Transfer)


def test_taking_back_by_key_and_thinking_better_of_it(promised: Script) -> None:
    assert promised.presses("*") == "Отменить обратный звонок?"
    assert promised.presses("2").startswith("Хорошо. Ваше место в очереди сохранено.")


def test_a_promise_that_cannot_be_taken_back(promised: Script) -> None:
    promised.presses("*1")
    heard = promised.happens(ServiceFailed(None, "disk"))
    assert heard.startswith("К сожалению, отменить сейчас не получилось.")
    assert promised.state.promise == PROMISE


def test_a_place_that_cannot_be_taken_up(promised: Script) -> None:
    promised.presses("1")
    heard = promised.happens(ServiceFailed(None, "disk"))
    assert heard == "К сожалению, вернуться в очередь сейчас не получилось." + MORE
    promised.says("operator")
    assert isinstance(promised.last, Transfer)


def test_silence_leads_to_keys_and_then_to_the_open_question(promised: Script) -> None:
    assert STAY_OR_BACK in promised.is_silent()
    assert "Чтобы отменить звонок, нажмите звёздочку." in promised.is_silent()
    assert promised.is_silent() == "Скажите, пожалуйста, чем я могу помочь?"
    assert promised.state.question.topic is Topic.OPEN


def test_a_booked_time_is_named(script: Script) -> None:
    booked = place(4, kind=ContactKind.CALLBACK, due_at=SLOTS[3].timestamp())
    assert script.starts(promises=(booked,)).endswith(
        "Мы перезвоним вам завтра с девяти до десяти." + STAY_OR_BACK
    )


def test_a_call_under_way_is_not_given_a_number(script: Script) -> None:
    offered = place(0, kind=ContactKind.CALLBACK, state=ContactState.OFFERED)
    assert script.starts(promises=(offered,)).endswith(
        "Вы уже в очереди на обратный звонок." + STAY_OR_BACK
    )


def test_a_lost_line_is_taken_up_again(script: Script) -> None:
    assert script.starts(promises=(LOST,)).endswith(
        "Прошлый звонок прервался. Ваше место в очереди сохранено. Вернуться в очередь?"
    )
    script.says("affirm", "да")
    assert script.last == ReturnToLine(contact_id=ContactId("lost"))


def test_a_lost_line_is_not_wanted_any_more(script: Script) -> None:
    script.starts(promises=(LOST,))
    assert script.says("deny", "нет") == "Хорошо. Скажите, пожалуйста, чем я могу помочь?"
    assert script.state.promise is None
