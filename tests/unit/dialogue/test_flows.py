"""Every self-service task as a table: what the back office knows -> what the caller hears."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from ivr.dialogue.actions import QuestionKind, ServiceCall
from ivr.services.port import (
    Balance,
    Charge,
    ChargeKind,
    ConnectedService,
    FeePeriod,
    Outage,
    OutageScope,
    Package,
    PackageKind,
    Payment,
    PromisedPaymentTerms,
    Tariff,
)

pytestmark = pytest.mark.unit

MORE = " Могу ли я ещё чем-нибудь помочь?"


def balance(amount: str, **changes: Any) -> Balance:
    usual = Balance(Decimal(amount), Decimal(0), False, Decimal(300), date(2026, 12, 1))
    return replace(usual, **changes)


BALANCES = {
    "enough": (
        balance("321.50"),
        "На вашем счёте триста двадцать один рубль пятьдесят копеек.",
    ),
    "less than the next charge": (
        balance("55"),
        "На вашем счёте пятьдесят пять рублей. Этого может не хватить на следующее списание "
        "по тарифу. Чтобы связь не прерывалась, пополните счёт до первого декабря.",
    ),
    "less than the charge of today": (
        balance("0", next_charge_on=date(2026, 11, 22)),
        "На вашем счёте ноль рублей. Этого может не хватить на следующее списание по тарифу.",
    ),
    "debt, not blocked": (
        balance("-12"),
        "На вашем счёте долг, двенадцать рублей. Чтобы связь не прерывалась, пополните счёт "
        "до первого декабря.",
    ),
    "debt, blocked": (
        balance("-184.30", blocked=True),
        "На вашем счёте долг, сто восемьдесят четыре рубля тридцать копеек. Чтобы "
        "разблокировать номер, пополните счёт или подключите обещанный платёж.",
    ),
    "debt under a promised payment": (
        balance("-40", promised_payment=Decimal(500)),
        "На вашем счёте долг, сорок рублей. С учётом обещанного платежа доступно четыреста "
        "шестьдесят рублей.",
    ),
    "no charges to come": (
        balance("0", next_charge=Decimal(0)),
        "На вашем счёте ноль рублей.",
    ),
}


@pytest.mark.parametrize(("reply", "heard"), BALANCES.values(), ids=BALANCES)
def test_balance(call: Any, reply: Balance, heard: str) -> None:
    call.replies[ServiceCall.BALANCE] = reply
    assert call.says("balance") == heard + MORE


def test_a_blocked_number_is_offered_a_promised_payment_at_once(call: Any) -> None:
    call.replies[ServiceCall.BALANCE] = balance("-184.30", blocked=True)
    heard = call.says("debt_block")
    assert heard.startswith("Ваш номер заблокирован, потому что на счёте долг")
    assert heard.endswith("Стоимость услуги пятьдесят рублей. Подключаем?")
    assert call.says("affirm", "да").startswith("Готово. Обещанный платёж подключён.")


def test_a_blocked_number_without_a_promised_payment_hears_what_to_do(call: Any) -> None:
    call.replies[ServiceCall.BALANCE] = balance("-184.30", blocked=True)
    call.replies[ServiceCall.PROMISED_PAYMENT_TERMS] = PromisedPaymentTerms(
        False, False, Decimal(0), 0, Decimal(0)
    )
    assert call.says("debt_block").endswith("подключите обещанный платёж." + MORE)


def test_a_number_that_is_not_blocked_is_said_to_be_fine(call: Any) -> None:
    heard = call.says("debt_block")
    assert heard.endswith("пятьдесят копеек. С нашей стороны ограничений нет." + MORE)


def tariff(*packages: Package, **changes: Any) -> Tariff:
    usual = Tariff("Первый", Decimal(350), FeePeriod.MONTH, date(2026, 11, 23), packages)
    return replace(usual, **changes)


def package(kind: PackageKind, left: str, included: str | None = "1000") -> Package:
    return Package(kind, None if included is None else Decimal(included), Decimal(left))


DATA, VOICE, TEXT = (
    PackageKind.DATA_MEGABYTES,
    PackageKind.VOICE_MINUTES,
    PackageKind.MESSAGES,
)
FEE = "Ваш тариф Первый. Абонентская плата в месяц триста пятьдесят рублей. "
CHARGE = " Следующее списание завтра."
TARIFFS = {
    "packages in the order people ask for them": (
        tariff(package(TEXT, "122"), package(VOICE, "341"), package(DATA, "12800")),
        FEE + "У вас осталось: двенадцать гигабайтов, триста сорок одна минута и сто двадцать "
        "два сообщения." + CHARGE,
    ),
    "megabytes below a gigabyte": (
        tariff(package(DATA, "700.9")),
        FEE + "У вас осталось: семьсот мегабайтов." + CHARGE,
    ),
    "data used up": (
        tariff(package(DATA, "0"), package(VOICE, "2")),
        FEE + "У вас осталось: две минуты. Пакет интернета закончился." + CHARGE,
    ),
    "unlimited data": (
        tariff(package(DATA, "0", None), package(VOICE, "1")),
        "Ваш тариф Первый. В него входит: безлимитный интернет. Абонентская плата в месяц "
        "триста пятьдесят рублей. У вас осталось: одна минута." + CHARGE,
    ),
    "by the day, nothing included": (
        tariff(fee_period=FeePeriod.DAY, fee=Decimal("4.50")),
        "Ваш тариф Первый. Абонентская плата в сутки четыре рубля пятьдесят копеек.",
    ),
}


@pytest.mark.parametrize(("reply", "heard"), TARIFFS.values(), ids=TARIFFS)
def test_tariff(call: Any, reply: Tariff, heard: str) -> None:
    call.replies[ServiceCall.TARIFF] = reply
    assert call.says("tariff_info") == heard + MORE


PACKAGES = {
    "what is left": (
        tariff(package(VOICE, "21")),
        "У вас осталось: двадцать одна минута. Следующее списание завтра.",
    ),
    "unlimited": (
        tariff(package(DATA, "0", None)),
        "Безлимитный интернет. Следующее списание завтра.",
    ),
    "no packages": (
        tariff(),
        "Ваш тариф Первый. Пакетов минут, интернета и сообщений в нём нет.",
    ),
}


@pytest.mark.parametrize(("reply", "heard"), PACKAGES.values(), ids=PACKAGES)
def test_packages_left(call: Any, reply: Tariff, heard: str) -> None:
    call.replies[ServiceCall.TARIFF] = reply
    assert call.says("packages_left") == heard + MORE


SERVICES = {
    "none": ((), "Платных услуг и подписок у вас нет."),
    "one": (
        (ConnectedService("Гудок", Decimal(90)),),
        "У вас подключены услуги: Гудок. Всего за платные услуги в месяц девяносто рублей.",
    ),
    "three": (
        tuple(ConnectedService(name, Decimal(31)) for name in ("Гудок", "Погода", "Музыка")),
        "У вас подключены услуги: Гудок, Погода и Музыка. Всего за платные услуги в месяц "
        "девяносто три рубля.",
    ),
    "free": ((ConnectedService("Антиспам", Decimal(0)),), "У вас подключены услуги: Антиспам."),
}


@pytest.mark.parametrize(("reply", "heard"), SERVICES.values(), ids=SERVICES)
def test_connected_services(call: Any, reply: Any, heard: str) -> None:
    call.replies[ServiceCall.SERVICES] = reply
    assert call.says("service_list") == heard + MORE


def test_key_two_tells_tariff_and_services_and_repeats_both(call: Any) -> None:
    heard = call.presses("2")
    assert heard.startswith("Ваш тариф Близкие люди.")
    assert heard.endswith("в месяц сто двадцать рублей." + MORE)
    repeated = call.says("repeat")
    assert repeated.startswith("Повторяю. Ваш тариф Близкие люди.")
    assert repeated.endswith("в месяц сто двадцать рублей." + MORE)


OFFER = (
    "Могу подключить обещанный платёж на сумму триста рублей на срок три дня. "
    "Стоимость услуги пятьдесят рублей. Подключаем?"
)


def test_a_promised_payment_is_connected_after_a_yes(call: Any) -> None:
    assert call.says("promised_payment") == OFFER
    assert call.last.kind is QuestionKind.YES_NO
    heard = call.says("affirm", "да")
    assert heard == (
        "Готово. Обещанный платёж подключён. Чтобы связь не прерывалась, пополните счёт до "
        "двадцать пятого ноября." + MORE
    )
    assert [made.call for made in call.calls] == [
        ServiceCall.PROMISED_PAYMENT_TERMS,
        ServiceCall.CONNECT_PROMISED_PAYMENT,
    ]


@pytest.mark.parametrize("words", ["нет", "не надо", "нет спасибо", "не подключайте"])
def test_a_promised_payment_is_declined(call: Any, words: str) -> None:
    call.says("promised_payment")
    assert call.says("out_of_scope", words, sure=0.2) == "Хорошо." + MORE
    assert len(call.calls) == 1


def test_money_needs_a_sure_yes(call: Any) -> None:
    call.says("promised_payment")
    heard = call.says("affirm", "ну я даже не знаю", sure=0.5)
    assert heard == "Извините, я не поняла. " + OFFER
    assert len(call.calls) == 1


def test_anything_else_than_yes_or_no_orders_nothing(call: Any) -> None:
    call.says("promised_payment")
    assert call.says("balance").startswith("На вашем счёте")
    assert ServiceCall.CONNECT_PROMISED_PAYMENT not in {made.call for made in call.calls}


PROMISED = {
    "denied": (
        PromisedPaymentTerms(False, False, Decimal(0), 0, Decimal(0)),
        "К сожалению, сейчас обещанный платёж вам недоступен.",
    ),
    "already": (
        PromisedPaymentTerms(False, True, Decimal(300), 3, Decimal(50)),
        "У вас уже подключён обещанный платёж.",
    ),
}


@pytest.mark.parametrize(("reply", "heard"), PROMISED.values(), ids=PROMISED)
def test_no_promised_payment(call: Any, reply: Any, heard: str) -> None:
    call.replies[ServiceCall.PROMISED_PAYMENT_TERMS] = reply
    assert call.says("promised_payment") == heard + MORE


@pytest.mark.parametrize(
    ("code", "heard"),
    [
        ("denied", "К сожалению, сейчас обещанный платёж вам недоступен."),
        ("already_active", "У вас уже подключён обещанный платёж."),
        (
            "timeout",
            "Не удалось проверить, подключился ли обещанный платёж. Узнайте, пожалуйста, баланс "
            "чуть позже.",
        ),
    ],
)
def test_an_order_that_fails_is_told_without_promises(call: Any, code: str, heard: str) -> None:
    call.replies[ServiceCall.CONNECT_PROMISED_PAYMENT] = code
    call.says("promised_payment")
    assert call.presses("1") == heard + MORE


def test_a_free_promised_payment_names_no_price(call: Any) -> None:
    call.replies[ServiceCall.PROMISED_PAYMENT_TERMS] = PromisedPaymentTerms(
        True, False, Decimal(100), 1, Decimal(0)
    )
    assert call.says("promised_payment") == (
        "Могу подключить обещанный платёж на сумму сто рублей на срок один день. Подключаем?"
    )


def paid(amount: int, day: int) -> Payment:
    return Payment(Decimal(amount), date(2026, 11, day))


NOT_FOUND = (
    " Этот платёж к нам ещё не поступил. Обычно деньги приходят в течение суток. Сохраните, "
    "пожалуйста, чек."
)
PAYMENTS: dict[str, tuple[str, Payment | None, dict[str, str], str]] = {
    "last": (
        "last_payment",
        paid(500, 19),
        {},
        "Последний платёж: пятьсот рублей, девятнадцатого ноября.",
    ),
    "none": ("last_payment", None, {}, "За последние тридцать дней платежей не было."),
    "missed and here": (
        "payment_missing",
        paid(500, 21),
        {},
        "Последний платёж: пятьсот рублей, вчера.",
    ),
    "missed, another sum": (
        "payment_missing",
        paid(500, 21),
        {"amount": "300"},
        "Последний платёж: пятьсот рублей, вчера." + NOT_FOUND,
    ),
    "missed, this sum": (
        "payment_missing",
        paid(300, 22),
        {"amount": "300"},
        "Последний платёж: триста рублей, сегодня.",
    ),
    "missed, an old one": (
        "payment_missing",
        paid(300, 2),
        {"amount": "300"},
        "Последний платёж: триста рублей, второго ноября." + NOT_FOUND,
    ),
    "missed, none at all": ("payment_missing", None, {}, NOT_FOUND.strip()),
}


@pytest.mark.parametrize(("intent", "reply", "said", "heard"), PAYMENTS.values(), ids=PAYMENTS)
def test_payments(
    call: Any, intent: str, reply: Payment | None, said: dict[str, str], heard: str
) -> None:
    call.replies[ServiceCall.LAST_PAYMENT] = reply
    assert call.says(intent, **said) == heard + MORE


def test_charges_are_told_newest_first(call: Any) -> None:
    assert call.says("bill_details") == (
        "Последние списания: платная подписка, тридцать рублей, вчера, абонентская плата, "
        "триста рублей, первого ноября." + MORE
    )


def test_no_charges(call: Any) -> None:
    call.replies[ServiceCall.LAST_CHARGES] = ()
    assert call.says("last_charges") == "За последние дни списаний не было." + MORE


@pytest.mark.parametrize("kind", list(ChargeKind))
def test_every_kind_of_charge_has_words(call: Any, kind: ChargeKind) -> None:
    call.replies[ServiceCall.LAST_CHARGES] = (Charge(kind, Decimal(5), date(2026, 11, 20)),)
    assert "пять рублей, двадцатого ноября" in call.says("last_charges")


def outage(*scopes: OutageScope, until: datetime | None = None) -> Outage:
    return Outage("Новосибирск", scopes, until)


KNOWN = "В вашем районе сейчас авария. Мы уже её устраняем."
OUTAGES = {
    "none": (None, "Аварий в вашем районе нет."),
    "mobile, until tonight": (
        outage(OutageScope.MOBILE, until=datetime(2026, 11, 22, 18, 0, tzinfo=UTC)),
        KNOWN + " Может не работать мобильный интернет. Ориентировочное время восстановления "
        "восемнадцать часов.",
    ),
    "everything, until tomorrow": (
        outage(*OutageScope, until=datetime(2026, 11, 23, 9, 30, tzinfo=UTC)),
        KNOWN + " Может не работать мобильный интернет. Могут не проходить звонки. Может не "
        "работать домашний интернет и телевидение. Ориентировочное время восстановления завтра "
        "в девять часов тридцать минут.",
    ),
    "the estimate has passed": (
        outage(OutageScope.VOICE, until=datetime(2026, 11, 22, 9, 30, tzinfo=UTC)),
        KNOWN + " Могут не проходить звонки.",
    ),
    "an estimate without a zone": (
        outage(until=datetime(2026, 11, 22, 18, 0)),
        KNOWN + " Ориентировочное время восстановления восемнадцать часов.",
    ),
}


@pytest.mark.parametrize(("reply", "heard"), OUTAGES.values(), ids=OUTAGES)
def test_outage_in_the_own_region(call: Any, reply: Outage | None, heard: str) -> None:
    call.replies[ServiceCall.OUTAGE] = reply
    assert call.says("outage") == heard + MORE
    assert call.calls[0].arguments == ()


def test_outage_in_a_named_city(call: Any) -> None:
    assert call.says("outage", city="Казань") == "Казань. Аварий в вашем районе нет." + MORE
    assert call.calls[0].arguments == (("city", "Казань"),)


@pytest.mark.parametrize("answer", ["says", "key"])
def test_an_unknown_caller_is_asked_for_the_city(script: Any, answer: str) -> None:
    script.starts("")
    assert script.says("outage") == "В каком вы городе?"
    assert script.last.kind is QuestionKind.CITY
    heard = (
        script.presses("5") if answer == "key" else script.says("other", city="Казань", sure=0.1)
    )
    assert heard == "Казань. Аварий в вашем районе нет." + MORE


def test_a_caller_of_another_network_is_asked_for_the_city(call: Any) -> None:
    call.replies[ServiceCall.OUTAGE] = "unknown_subscriber"
    assert call.says("mobile_internet_issue") == "В каком вы городе?"
    call.replies[ServiceCall.OUTAGE] = None
    assert call.says("other", city="Пермь", sure=0.1) == (
        "Пермь. Аварий в вашем районе нет. Соединить вас с оператором?"
    )


@pytest.mark.parametrize("sure", [0.2, 0.4, 0.8])
def test_another_city_may_be_asked_about_next(call: Any, sure: float) -> None:
    call.says("outage")
    heard = call.says("out_of_scope", "а в казани", city="Казань", sure=sure)
    assert heard == "Казань. Аварий в вашем районе нет." + MORE


def test_a_city_after_something_else_means_nothing(call: Any) -> None:
    call.says("balance")
    heard = call.says("other", "а в казани", city="Казань", sure=0.2)
    assert heard.startswith("Извините, я не поняла.")


def test_mobile_internet_is_explained_by_outage_debt_package_or_advice(call: Any) -> None:
    advice = (
        "С нашей стороны ограничений нет. Выключите и включите телефон, затем включите передачу "
        "данных."
    )
    assert call.says("mobile_internet_issue") == advice + MORE
    call.replies[ServiceCall.TARIFF] = tariff(package(DATA, "0"))
    slow = "Скорость снижена, потому что закончился пакет интернета."
    assert call.says("mobile_internet_issue") == slow + MORE
    call.replies[ServiceCall.BALANCE] = balance("-1", blocked=True)
    assert call.presses("3").startswith("Ваш номер заблокирован")
    call.replies[ServiceCall.OUTAGE] = outage(OutageScope.MOBILE)
    assert call.presses("3").startswith(KNOWN)


@pytest.mark.parametrize("intent", ["voice_issue", "sms_issue"])
def test_calls_and_messages_end_with_an_operator_when_nothing_is_known(
    call: Any, intent: str
) -> None:
    heard = call.says(intent)
    assert heard == "С нашей стороны ограничений нет. Соединить вас с оператором?"
    call.says("affirm", "да")
    assert call.transferred == intent


def test_an_outage_at_home_does_not_explain_calls(call: Any) -> None:
    call.replies[ServiceCall.OUTAGE] = outage(OutageScope.HOME)
    assert call.says("voice_issue").startswith("С нашей стороны ограничений нет.")


@pytest.mark.parametrize(
    ("intent", "advice"),
    [
        ("home_internet_issue", "Выключите роутер из розетки на одну минуту"),
        ("tv_issue", "Проверьте, пожалуйста, подключён ли кабель"),
    ],
)
def test_advice_at_home_is_waited_for_and_asked_about(call: Any, intent: str, advice: str) -> None:
    heard = call.says(intent)
    assert heard.startswith("Аварий в вашем районе нет. " + advice)
    assert call.last.no_input_s > 60
    assert call.is_silent() == "Получилось?"
    call.says("other", "нет не работает", sure=0.1)
    assert call.transferred == intent


def test_advice_that_helped(call: Any) -> None:
    call.says("home_internet_issue")
    assert call.says("other", "да заработало", sure=0.1) == "Хорошо." + MORE


def test_own_number(call: Any) -> None:
    heard = call.says("own_number")
    assert heard == "Ваш номер девятьсот три, ноль ноль ноль, ноль ноль, ноль один." + MORE


@pytest.mark.parametrize("intent", ["balance", "own_number", "promised_payment", "tariff_info"])
def test_a_caller_without_a_number_is_told_so(script: Any, intent: str) -> None:
    script.starts("")
    assert script.says(intent) == (
        "Я не вижу номера, с которого вы звоните, поэтому не могу ответить на этот вопрос. "
        "Соединить вас с оператором?"
    )
    assert script.calls == []


def test_a_caller_of_another_network_is_told_so(call: Any) -> None:
    call.replies[ServiceCall.BALANCE] = "unknown_subscriber"
    assert call.says("balance") == (
        "Номер, с которого вы звоните, не из нашей сети, поэтому сведений о нём у меня нет. "
        "Соединить вас с оператором?"
    )
    call.says("affirm", "да")
    assert call.transferred == "balance"


def test_a_failing_back_office_leads_to_an_operator_the_second_time(call: Any) -> None:
    call.replies[ServiceCall.BALANCE] = "broken"
    sorry = "Извините, сейчас я не могу получить эти данные."
    assert call.says("balance") == sorry + " Попробуйте, пожалуйста, позже." + MORE
    assert call.says("balance") == sorry + " Соединить вас с оператором?"


def test_who_has_waited_for_a_slow_back_office_in_vain_is_offered_an_operator_at_once(
    call: Any,
) -> None:
    call.replies[ServiceCall.BALANCE] = "timeout"
    heard = call.says("balance")
    assert heard == ("Извините, сейчас я не могу получить эти данные. Соединить вас с оператором?")
    call.says("affirm", "да")
    assert call.transferred == "balance"


@pytest.mark.parametrize("wrong", [None, (1, 2), "text", Payment(Decimal(1), date(2026, 1, 1))])
def test_a_reply_of_the_wrong_type_counts_as_a_failure(call: Any, wrong: object) -> None:
    if wrong == "text":
        wrong = object()
    call.replies[ServiceCall.BALANCE] = wrong
    assert call.says("balance").startswith("Извините, сейчас я не могу получить эти данные.")
