"""Intent -> what is done about it. The one table of everything callers can ask for.

`wish` is the infinitive after «Правильно ли я поняла, вы хотите …», used between the thresholds.
"""

from dataclasses import dataclass
from enum import StrEnum


class FlowName(StrEnum):
    """Self-service tasks; each is a flow in `ivr.dialogue.flows`."""

    BALANCE = "balance"
    DEBT = "debt"
    TARIFF = "tariff"
    TARIFF_AND_SERVICES = "tariff_and_services"
    PACKAGES = "packages"
    SERVICES = "services"
    DISCONNECTING = "disconnecting"
    PROMISED_PAYMENT = "promised_payment"
    LAST_PAYMENT = "last_payment"
    PAYMENT_MISSING = "payment_missing"
    LAST_CHARGES = "last_charges"
    OUTAGE = "outage"
    MOBILE_INTERNET = "mobile_internet"
    CALLS = "calls"
    HOME_INTERNET = "home_internet"
    TELEVISION = "television"
    OWN_NUMBER = "own_number"
    CALLBACK = "callback"


class Move(StrEnum):
    """What callers say about the conversation itself."""

    YES = "yes"
    NO = "no"
    OPERATOR = "operator"
    REPEAT = "repeat"
    CANCEL = "cancel"
    GOODBYE = "goodbye"
    GREETING = "greeting"
    WAIT = "wait"
    THANKS = "thanks"
    HELP = "help"
    OFF_TOPIC = "off_topic"


@dataclass(frozen=True, slots=True)
class Serve:
    """Self-service."""

    flow: FlowName
    wish: str


@dataclass(frozen=True, slots=True)
class Inform:
    """A fixed answer; `offer_operator` when it may not be the whole of what was wanted."""

    prompt_ids: tuple[str, ...]
    wish: str
    offer_operator: bool = False


@dataclass(frozen=True, slots=True)
class HandOver:
    """Only an operator can do it; the intent is the reason given. `before` is said first."""

    wish: str
    before: tuple[str, ...] = ("ack.understood",)


@dataclass(frozen=True, slots=True)
class Talk:
    """A move of the conversation."""

    move: Move
    wish: str = ""


Treatment = Serve | Inform | HandOver | Talk

TREATMENTS: dict[str, Treatment] = {
    "balance": Serve(FlowName.BALANCE, "узнать баланс"),
    "debt_block": Serve(FlowName.DEBT, "узнать, почему номер заблокирован"),
    "promised_payment": Serve(FlowName.PROMISED_PAYMENT, "подключить обещанный платёж"),
    "last_payment": Serve(FlowName.LAST_PAYMENT, "узнать о последнем платеже"),
    "payment_missing": Serve(FlowName.PAYMENT_MISSING, "узнать, поступил ли платёж"),
    "last_charges": Serve(FlowName.LAST_CHARGES, "узнать о последних списаниях"),
    "bill_details": Serve(FlowName.LAST_CHARGES, "узнать о последних списаниях"),
    "payment_methods": Inform(("payment.methods",), "узнать, как пополнить счёт"),
    "tariff_info": Serve(FlowName.TARIFF, "узнать тариф"),
    "packages_left": Serve(FlowName.PACKAGES, "узнать остаток пакетов"),
    "tariff_change": HandOver("сменить тариф"),
    "service_list": Serve(FlowName.SERVICES, "узнать, какие услуги подключены"),
    "service_connect": HandOver("подключить услугу"),
    "service_disconnect": Serve(FlowName.DISCONNECTING, "отключить услуги"),
    "roaming": HandOver("подключить роуминг"),
    "outage": Serve(FlowName.OUTAGE, "узнать, нет ли аварии"),
    "mobile_internet_issue": Serve(FlowName.MOBILE_INTERNET, "проверить интернет"),
    "voice_issue": Serve(FlowName.CALLS, "проверить связь"),
    "sms_issue": Serve(FlowName.CALLS, "проверить, почему не приходят сообщения"),
    "home_internet_issue": Serve(FlowName.HOME_INTERNET, "проверить интернет"),
    "tv_issue": Serve(FlowName.TELEVISION, "проверить телевидение"),
    "own_number": Serve(FlowName.OWN_NUMBER, "узнать свой номер"),
    "sim_replace": Inform(("sim.replace",), "заменить симкарту"),
    "puk_code": Inform(("puk.info",), "узнать пин-код или пук-код", offer_operator=True),
    "number_porting": Inform(("porting.info",), "перенести номер", offer_operator=True),
    "voluntary_block": HandOver("заблокировать номер"),
    "spam_block": Inform(
        ("fraud.warning",), "избавиться от нежелательных звонков", offer_operator=True
    ),
    "office_address": Inform(("office.site",), "узнать адрес офиса", offer_operator=True),
    "personal_account": HandOver("войти в личный кабинет"),
    "home_connect": HandOver("подключить домашний интернет"),
    "video_support": Inform(("video.none",), "поговорить по видеосвязи", offer_operator=True),
    "jobs": Inform(("jobs.info",), "узнать о вакансиях"),
    "complaint": HandOver("оставить жалобу", before=("calm.understand",)),
    "callback": Serve(FlowName.CALLBACK, "заказать обратный звонок"),
    "operator": Talk(Move.OPERATOR, "поговорить с оператором"),
    "affirm": Talk(Move.YES),
    "deny": Talk(Move.NO),
    "repeat": Talk(Move.REPEAT),
    "cancel": Talk(Move.CANCEL),
    "goodbye": Talk(Move.GOODBYE),
    "greeting": Talk(Move.GREETING),
    "wait": Talk(Move.WAIT),
    "thanks": Talk(Move.THANKS),
    "help": Talk(Move.HELP),
    "out_of_scope": Talk(Move.OFF_TOPIC),
    # Not spoken: what the keys 2 and 3 of the menu stand for.
    "menu_tariff_and_services": Serve(FlowName.TARIFF_AND_SERVICES, "узнать тариф"),
}

KEYED_INTENTS: dict[str, str] = {
    "1": "balance",
    "2": "menu_tariff_and_services",
    "3": "mobile_internet_issue",
    "4": "promised_payment",
    "5": "last_charges",
    "6": "last_payment",
    "7": "own_number",
}
"""Main menu, as `menu.main` says it, and two keys more."""


def treatment(intent: str) -> Treatment:
    """What is done about an intent; one that is not in the table is off topic."""
    return TREATMENTS.get(intent, Talk(Move.OFF_TOPIC))
