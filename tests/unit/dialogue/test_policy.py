"""The conversation around the tasks, as stories: greeting, ladders, operator, callback, goodbye."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from ivr.dialogue.actions import Ask, HangUp, QuestionKind, RequestCallback, Say
from ivr.dialogue.inputs import (
    CallbackStored,
    Heard,
    Keyed,
    ServiceFailed,
    ServiceReplied,
    Unintelligible,
)
from ivr.dialogue.policy import PolicySettings
from ivr.dialogue.state import Phase, Topic
from ivr.nlu.schema import NluResult, ScoredIntent

pytestmark = pytest.mark.unit

MORE = "Могу ли я ещё чем-нибудь помочь?"
BALANCE = "На вашем счёте триста двадцать один рубль пятьдесят копеек. " + MORE
MENU = (
    "Нажмите один, чтобы узнать баланс. Два: тариф и услуги. Три: не работает связь или "
    "интернет. Четыре: обещанный платёж. Пять: последние списания. Ноль: оператор."
)
OPEN = "Скажите, пожалуйста, чем я могу помочь?"
CONNECTING = "Соединяю с оператором. Оставайтесь, пожалуйста, на линии."
HERE = "Перезвонить на номер, с которого вы звоните?"
BUSY = "К сожалению, сейчас все операторы заняты."
KEYS = "Скажите: да или нет. Или нажмите один, если да, и два, если нет."


@pytest.mark.parametrize(
    ("hour", "hello"),
    [
        (0, "Доброй ночи!"),
        (4, "Доброй ночи!"),
        (5, "Доброе утро!"),
        (11, "Доброе утро!"),
        (12, "Добрый день!"),
        (18, "Добрый вечер!"),
        (23, "Доброй ночи!"),
    ],
)
def test_the_greeting_knows_the_time_of_day(script: Any, hour: int, hello: str) -> None:
    script.now = datetime(2026, 11, 22, hour)
    assert script.starts() == f"{hello} Это виртуальный помощник. {OPEN}"


def test_a_recorded_call_is_announced_and_cannot_be_talked_over(script: Any) -> None:
    heard = script.starts(recorded=True)
    assert "Это виртуальный помощник. Разговор может быть записан. " in heard
    assert script.actions[0].barge_in is False
    assert script.actions[-1].barge_in is True


def test_a_served_caller_says_no_and_hears_thanks(call: Any) -> None:
    assert call.says("balance") == BALANCE
    assert call.says("deny", "нет") == "Спасибо за звонок! До свидания."
    assert call.hung_up == "goodbye"


@pytest.mark.parametrize("intent", ["goodbye", "thanks", "deny"])
def test_ways_to_say_that_is_all(call: Any, intent: str) -> None:
    call.says("balance")
    call.says(intent)
    assert call.hung_up == "goodbye"


def test_a_goodbye_ends_any_question(call: Any) -> None:
    call.says("promised_payment")
    call.says("goodbye")
    assert call.hung_up == "goodbye"


def test_yes_to_anything_else_listens(call: Any) -> None:
    call.says("balance")
    assert call.says("affirm", "да") == "Да, я вас слушаю."
    assert call.says("own_number").startswith("Ваш номер")


def test_silence_climbs_to_a_goodbye(call: Any) -> None:
    assert call.is_silent() == "Я вас не слышу. Скажите, пожалуйста, что вас интересует?"
    assert call.is_silent().startswith("Я вас не слышу. Вы можете задать вопрос своими словами.")
    assert call.is_silent().startswith("Вас по-прежнему не слышно. Если вам удобнее нажимать")
    assert call.last.kind is QuestionKind.MENU
    assert call.is_silent().startswith("К сожалению, я вас не слышу.")
    assert call.hung_up == "no_input"


def test_silence_of_somebody_who_was_heard_before_ends_at_an_operator(call: Any) -> None:
    call.says("promised_payment")
    for _ in range(4):
        call.is_silent()
    assert call.transferred == "no_input"


def test_silence_after_an_answer_is_a_satisfied_caller(call: Any) -> None:
    call.says("balance")
    assert call.is_silent().startswith("Я вас не слышу.")
    assert call.is_silent() == "Спасибо за звонок! До свидания."
    assert call.hung_up == "goodbye"


def test_silence_at_yes_or_no_asks_again_then_says_how_then_names_keys(script: Any) -> None:
    script.settings = PolicySettings(operator_available=False)
    script.starts()
    offer = script.says("promised_payment")
    assert script.is_silent() == offer
    assert script.is_silent() == "Скажите: да или нет."
    assert script.is_silent() == KEYS
    script.is_silent()
    assert script.hung_up == "no_input"


def test_gibberish_climbs_to_an_operator(call: Any) -> None:
    sorry = "Извините, я не поняла. Скажите, пожалуйста, другими словами."
    assert call.mumbles() == sorry
    heard = call.says("balance", sure=0.1)
    assert heard.startswith("Простите, я снова не поняла. Скажите коротко, о чём ваш вопрос")
    assert call.mumbles() == f"Извините, я не поняла. {MENU}"
    assert call.last.kind is QuestionKind.MENU
    assert call.mumbles() == "Лучше я соединю вас с оператором."
    assert call.transferred == "no_match"


def test_gibberish_at_yes_or_no_names_keys_then_an_operator(call: Any) -> None:
    offer = call.says("promised_payment")
    assert call.mumbles() == "Извините, я не поняла. " + offer
    assert call.mumbles() == "Извините, я не поняла. Скажите: да или нет."
    assert call.mumbles() == "Извините, я не поняла. " + KEYS
    call.mumbles()
    assert call.transferred == "no_match"


def test_being_understood_resets_both_ladders(call: Any) -> None:
    call.mumbles()
    call.mumbles()
    call.is_silent()
    call.says("balance")
    assert (call.state.no_inputs, call.state.no_matches) == (0, 0)
    assert call.mumbles().startswith("Извините, я не поняла.")


def test_off_topic_tells_how_to_ask(call: Any) -> None:
    assert call.says("out_of_scope").startswith("Извините, я не поняла. Вы можете задать")
    call.says("out_of_scope")
    call.says("out_of_scope")
    call.says("an_intent_nobody_knows")
    assert call.transferred == "no_match"


def test_a_half_sure_intent_is_confirmed(call: Any) -> None:
    heard = call.says("balance", sure=0.4)
    assert heard == "Правильно ли я поняла, вы хотите узнать баланс."
    assert call.last.kind is QuestionKind.YES_NO
    assert call.says("affirm", "да") == BALANCE


def test_a_wrong_guess_costs_a_rung(call: Any) -> None:
    call.says("balance", sure=0.4)
    assert call.says("deny", "нет").startswith("Извините, я не поняла.")
    call.says("balance", sure=0.4)
    assert call.presses("2").startswith("Простите, я снова не поняла.")
    for _ in range(2):
        call.says("balance", sure=0.4)
        call.says("deny", "нет")
    assert call.transferred == "no_match"


def test_a_wrong_guess_may_be_corrected_at_once(call: Any) -> None:
    call.says("balance", sure=0.4)
    assert call.says("own_number", "нет мой номер").startswith("Ваш номер")


def test_the_confirmed_wish_keeps_its_entities(call: Any) -> None:
    call.says("outage", sure=0.4, city="Казань")
    assert call.says("affirm", "да").startswith("Казань.")


def test_a_half_sure_goodbye_is_asked_about(call: Any) -> None:
    assert call.says("goodbye", sure=0.4) == MORE


@pytest.mark.parametrize("intent", ["goodbye", "thanks", "deny"])
def test_a_half_sure_end_does_not_end_the_call(call: Any, intent: str) -> None:
    call.says("balance")
    call.says(intent, "не расслышать", sure=0.5)
    assert call.hung_up == ""


def test_an_operator_named_in_so_many_words_needs_no_sureness(call: Any) -> None:
    call.says("promised_payment")
    call.says("operator", "ну оператора хочу", sure=0.4)
    assert call.transferred == "operator"


@pytest.mark.parametrize("question", [None, "promised_payment", "voice_issue", "callback"])
@pytest.mark.parametrize("by_key", [False, True])
def test_an_operator_is_given_at_once(call: Any, question: str | None, by_key: bool) -> None:
    if question:
        call.says(question)
    heard = call.presses("0") if by_key else call.says("operator")
    assert heard == CONNECTING
    assert call.transferred == "operator"


@pytest.mark.parametrize(
    ("intent", "first"),
    [
        ("complaint", "Я понимаю, что ситуация неприятная. Давайте разберёмся."),
        ("tariff_change", "Поняла вас."),
        ("service_connect", "Поняла вас."),
    ],
)
def test_what_only_an_operator_can_do_is_handed_over(call: Any, intent: str, first: str) -> None:
    assert call.says(intent) == f"{first} {CONNECTING}"
    assert call.transferred == intent


def test_a_fixed_answer(call: Any) -> None:
    heard = call.says("jobs")
    assert heard.startswith("Мы всегда рады новым коллегам.")
    assert heard.endswith(MORE)


def test_nobody_answers_and_a_callback_is_left(call: Any) -> None:
    call.says("complaint")
    assert call.transfer_fails() == f"{BUSY} {HERE}"
    assert call.says("affirm", "да") == ""
    assert call.last == RequestCallback(number="9030000001", reason="complaint")
    assert call.callback_is_stored() == (
        "Записала номер девятьсот три, ноль ноль ноль, ноль ноль, ноль один. "
        "Мы перезвоним, как только освободится оператор. До свидания!"
    )
    assert call.hung_up == "callback"


def test_nobody_answers_and_no_callback_is_wanted(call: Any) -> None:
    call.says("operator")
    call.transfer_fails("busy")
    assert call.says("deny", "нет") == f"Хорошо. {MORE}"


def test_after_hours_the_caller_is_not_told_that_operators_are_busy(call: Any) -> None:
    call.says("operator")
    assert call.transfer_fails("closed") == (f"Сейчас соединить с оператором не получится. {HERE}")


def test_a_callback_to_another_number_that_was_said(call: Any) -> None:
    call.says("callback")
    heard = call.says("callback", "нет на другой", phone="9161234567")
    assert heard == (
        "Записала номер девятьсот шестнадцать, сто двадцать три, сорок пять, шестьдесят семь. "
        "Всё верно?"
    )
    call.presses("1")
    assert call.last == RequestCallback(number="9161234567", reason="callback")


@pytest.mark.parametrize("words", ["нет на другой", "перезвоните на другой номер"])
def test_a_callback_to_another_number_that_is_asked_for(call: Any, words: str) -> None:
    call.says("callback")
    heard = call.says("callback", words)
    assert heard == "Назовите, пожалуйста, номер, на который вам перезвонить."


def test_a_callback_asked_for_twice_is_a_yes(call: Any) -> None:
    assert call.says("callback") == HERE
    call.says("callback", "перезвоните мне пожалуйста")
    assert call.last == RequestCallback(number="9030000001", reason="callback")


@pytest.mark.parametrize("keys", ["9161234567", "89161234567", "79161234567", "9161234567#"])
def test_a_hidden_number_is_keyed_for_the_callback(script: Any, keys: str) -> None:
    script.starts("")
    assert script.says("callback") == "Назовите, пожалуйста, номер, на который вам перезвонить."
    heard = script.presses(keys.removesuffix("#"))
    assert heard.startswith("Записала номер девятьсот шестнадцать")
    assert script.presses("1") == ""
    assert script.last == RequestCallback(number="9161234567", reason="callback")


def test_zero_is_a_digit_while_a_number_is_keyed(script: Any) -> None:
    script.starts("")
    script.says("callback")
    assert script.presses("90") == ""
    assert isinstance(script.last, Ask)
    assert script.presses("*") == f"Хорошо. {MORE}"


def test_a_number_that_cannot_be_called_is_refused(script: Any) -> None:
    script.starts("")
    script.says("callback")
    script.presses("903")
    bad = "На этот номер перезвонить не получится. Назовите, пожалуйста, другой."
    assert script.is_silent() == bad
    assert script.says("callback", phone="0001234567") == bad


def test_a_number_read_back_wrongly_is_asked_again_but_not_for_ever(script: Any) -> None:
    script.starts("")
    script.says("callback")
    ask = "Назовите, пожалуйста, номер, на который вам перезвонить."
    for expected in (ask, ask, ask):
        script.says("callback", phone="9161234567")
        assert script.says("deny", "нет неверно") == expected
    script.says("callback", phone="9161234567")
    script.says("deny", "нет")
    assert script.transferred == "no_match"


def test_a_callback_that_cannot_be_stored_is_admitted(call: Any) -> None:
    call.says("callback")
    call.says("affirm", "да")
    heard = call.happens(ServiceFailed(None, "store"))
    assert heard == (
        f"К сожалению, записать номер не получилось. Попробуйте, пожалуйста, позже. {MORE}"
    )


def test_without_operators_a_callback_is_offered(script: Any) -> None:
    script.settings = PolicySettings(operator_available=False)
    script.starts()
    assert script.says("operator") == f"Сейчас соединить с оператором не получится. {HERE}"


def test_without_operators_gibberish_ends_in_a_goodbye(script: Any) -> None:
    script.settings = PolicySettings(operator_available=False)
    script.starts()
    for _ in range(6):
        heard = script.mumbles()
    assert heard == "Извините, я не поняла. Попробуйте, пожалуйста, позже. До свидания!"
    assert script.hung_up == "no_match"


def test_repeat_says_the_answer_again(call: Any) -> None:
    call.says("balance")
    assert call.says("repeat") == "Повторяю. " + BALANCE
    assert call.presses("9") == "Повторяю. " + BALANCE


def test_repeat_before_any_answer_repeats_the_question(call: Any) -> None:
    assert call.says("repeat") == "Повторяю. " + OPEN


def test_repeat_of_an_offer_repeats_the_offer(call: Any) -> None:
    offer = call.says("promised_payment")
    assert call.presses("9") == "Повторяю. " + offer


def test_wait_gives_time_and_comes_back_to_the_question(call: Any) -> None:
    call.says("promised_payment")
    assert call.says("wait") == "Хорошо, я подожду."
    assert call.last.no_input_s == 60.0
    assert call.is_silent() == "Я на связи. Скажите, когда будете готовы."
    assert call.is_silent().startswith("Могу подключить обещанный платёж")
    assert call.says("affirm", "да").startswith("Готово.")


def test_what_is_said_to_others_meanwhile_is_overheard_in_silence(call: Any) -> None:
    call.says("wait")
    assert call.mumbles() == ""
    assert call.says("balance", sure=0.1) == ""
    assert call.mumbles() == "Я на связи. Скажите, когда будете готовы."
    assert call.says("balance") == BALANCE


def test_hello_is_answered_without_reading_the_menu(call: Any) -> None:
    assert call.says("greeting") == "Да, я вас слушаю."
    assert call.says("balance") == BALANCE


@pytest.mark.parametrize("key", ["*", ""])
def test_cancel_leaves_an_offer_and_then_leads_to_the_menu(call: Any, key: str) -> None:
    call.says("promised_payment")
    heard = call.presses(key) if key else call.says("cancel")
    assert heard == f"Хорошо, отменяю. {MORE}"
    heard = call.presses(key) if key else call.says("cancel")
    assert heard == f"Возвращаемся назад. {MENU}"


def test_help_explains_and_reads_the_menu(call: Any) -> None:
    assert call.says("help").endswith(MENU)


def test_the_engine_is_down_keys_at_once_then_an_operator(call: Any) -> None:
    heard = call.says_while_nlu_is_down("сколько у меня денег")
    assert heard == (f"Извините, я не поняла. {MENU}")
    call.says_while_nlu_is_down("сколько у меня денег")
    assert call.transferred == "nlu_unavailable"


def test_the_engine_is_down_and_keys_serve_the_caller(call: Any) -> None:
    call.says_while_nlu_is_down("сколько у меня денег")
    assert call.presses("1") == BALANCE


def test_the_engine_is_down_and_yes_is_still_yes(call: Any) -> None:
    call.presses("4")
    assert call.says_while_nlu_is_down("да").startswith("Готово.")


def test_the_engine_is_down_and_operator_is_still_operator(call: Any) -> None:
    call.says_while_nlu_is_down("соедините с оператором")
    assert call.transferred == "operator"


def test_a_late_reply_is_ignored(call: Any) -> None:
    from ivr.dialogue.actions import ServiceCall

    question = call.state.question
    assert call.happens(ServiceReplied(ServiceCall.OUTAGE, None)) == ""
    assert call.state.question == question
    assert isinstance(call.last, Ask)


def test_a_caller_who_speaks_while_data_is_fetched_is_asked_for_patience(call: Any) -> None:
    call.state = replace(call.state, phase=Phase.SERVICE)
    assert call.mumbles() == "Ещё немного, данные загружаются."
    assert call.says("operator") == CONNECTING


def test_a_number_that_is_no_number_is_not_believed(script: Any) -> None:
    script.starts("anonymous")
    assert script.state.caller_number == ""


def test_what_was_asked_for_is_remembered(call: Any) -> None:
    call.says("balance")
    call.presses("7")
    assert call.state.history == ("balance", "own_number")


def test_after_the_end_nothing_more_is_said(call: Any) -> None:
    call.says("goodbye")
    assert call.says("balance") == ""
    assert call.actions == (HangUp(reason="goodbye"),)
    assert call.happens(CallbackStored("9030000001")) == ""


def test_the_first_thing_that_happens_is_greeted_whatever_it_is(script: Any) -> None:
    assert OPEN in script.mumbles()
    assert isinstance(script.actions[0], Say)


@pytest.mark.parametrize("text", ["алло", "алло вы тут", "вы меня слышите", "вы еще на линии"])
def test_is_anybody_there_gets_an_answer_and_the_open_question_again(call: Any, text: str) -> None:
    offer = call.says("promised_payment")
    assert call.says("out_of_scope", text, sure=0.2) == f"Да, я вас слушаю. {offer}"


@pytest.mark.parametrize(
    "text",
    ["подождите", "минутку", "сейчас посмотрю", "не кладите трубку", "одну секундочку пожалуйста"],
)
def test_a_caller_who_asks_for_a_moment_is_waited_for(call: Any, text: str) -> None:
    call.says("promised_payment")
    assert call.says("out_of_scope", text, sure=0.2) == "Хорошо, я подожду."
    assert call.last.no_input_s == PolicySettings().wait_s
    assert call.is_silent() == "Я на связи. Скажите, когда будете готовы."
    assert call.last.no_input_s == PolicySettings().wait_s
    assert call.says("affirm", "да").startswith("Готово.")


def test_who_comes_back_after_a_moment_is_heard(call: Any) -> None:
    call.says("wait", "подождите")
    assert call.says("out_of_scope", "все я готова", sure=0.2) == "Да, я вас слушаю."
    assert not call.state.waiting


def test_waiting_works_without_the_intent_engine(call: Any) -> None:
    assert call.says_while_nlu_is_down("минутку подождите") == "Хорошо, я подожду."
    assert call.says_while_nlu_is_down("алло") == "Да, я вас слушаю."


@pytest.mark.parametrize("halves", [("девятьсот три", "5551234"), ("девять", "035551234")])
def test_a_number_half_said_and_half_keyed_is_joined_in_order(call: Any, halves: Any) -> None:
    said, keyed = halves
    call.says("callback")
    call.says("callback", "на другой номер")
    assert call.says("out_of_scope", said, sure=0.2) == ""
    assert call.last.takes_row
    assert call.last.no_input_s == PolicySettings().key_gap_s
    heard = call.happens(Keyed(keyed))
    assert heard.startswith("Записала номер девятьсот три, пятьсот пятьдесят пять")


def test_a_number_half_keyed_and_half_said_is_joined_in_order(call: Any) -> None:
    call.says("callback")
    call.says("callback", "на другой номер")
    call.happens(Keyed("903"))
    heard = call.says("out_of_scope", "пятьсот пятьдесят пять двенадцать тридцать четыре", sure=0.1)
    assert heard.startswith("Записала номер девятьсот три, пятьсот пятьдесят пять")


def test_a_row_of_keys_ends_at_the_hash(call: Any) -> None:
    call.says("callback")
    call.says("callback", "на другой номер")
    assert call.happens(Keyed("9035551234#1")).startswith("Записала номер")
    assert call.state.question.topic is Topic.CALLBACK_CHECK


def test_a_late_hash_and_a_mumble_leave_the_number_that_is_read_back(call: Any) -> None:
    call.says("callback")
    call.says("callback", "на другой номер")
    call.happens(Keyed("9035551234"))
    assert call.happens(Keyed("#")).startswith("Записала номер")
    call.happens(Unintelligible())
    assert call.state.callback_number == "9035551234"
    call.says("affirm", "да")
    assert call.state.question.topic is not Topic.CALLBACK_NUMBER


@pytest.mark.parametrize(
    "cut",
    [
        Unintelligible(cut=True),
        Heard(NluResult("шум", (ScoredIntent("out_of_scope", 0.9),)), cut=True),
        Heard(NluResult("шум", (ScoredIntent("balance", 0.2),)), cut=True),
    ],
)
def test_speech_without_an_end_is_asked_to_be_brief(call: Any, cut: Any) -> None:
    assert call.happens(cut).startswith("Извините, я не поняла. Скажите коротко, о чём ваш вопрос")


def test_speech_without_an_end_that_is_clear_is_acted_on(call: Any) -> None:
    long = Heard(NluResult("мой баланс", (ScoredIntent("balance", 0.9),)), cut=True)
    assert call.happens(long) == BALANCE
