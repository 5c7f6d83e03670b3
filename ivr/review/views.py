"""What the page and the terminal show of an item, in Russian. Pure."""

from dataclasses import dataclass
from typing import Final

from ivr.events import TurnCompleted
from ivr.nlu.schema import EntityKind
from ivr.review.catalogue import wish_of
from ivr.review.folding import Item
from ivr.review.journal import Choice, Entry
from ivr.review.masking import Mark
from ivr.review.ranking import Reason
from ivr.review.spoken import Personal

REASONS: Final = {
    Reason.NO_MATCH: "не понято",
    Reason.NOTHING_HEARD: "нет текста",
    Reason.DENIED: "абонент ответил «нет»",
    Reason.REPEATED: "вопрос повторён",
    Reason.HANDED_OFF: "ушёл к оператору",
    Reason.LOW_INTENT: "неуверенное намерение",
    Reason.LOW_SPEECH: "неуверенная речь",
    Reason.UNSTABLE: "гипотеза менялась",
}
KINDS: Final = {
    EntityKind.AMOUNT: "сумма",
    EntityKind.PHONE: "телефон",
    EntityKind.TARIFF: "тариф",
    EntityKind.SERVICE: "услуга",
    EntityKind.CITY: "город",
    EntityKind.DATE: "дата",
    EntityKind.NUMBER: "число",
}
PERSONAL: Final = {
    Personal.PHONE: "телефон",
    Personal.NUMBER: "номер",
    Personal.NAME: "имя",
    Personal.ADDRESS: "адрес",
    Personal.EMAIL: "почта",
}
DECISIONS: Final = {
    "accept": "понято сразу",
    "confirm": "переспрошено",
    "reject": "не понято",
    "": "не разобрано",
}
QUESTIONS: Final = {
    "open": "открытый вопрос",
    "yes_no": "да или нет",
    "city": "какой город",
    "menu": "меню",
    "": "",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of the queue."""

    key: str
    text: str
    """Without personal data."""
    reasons: tuple[str, ...]
    intent: str
    similar: int
    choice: str
    """'' while undecided."""
    chosen: str
    """The intent decided for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A turn before the present one."""

    caller: str
    bot: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """Everything about one item but its sound."""

    key: str
    at: str
    heard: str
    """As recognized, personal data included: shown, never stored."""
    marks: tuple[Mark, ...]
    masked: str
    last_partial: str
    speech_confidence: float | None
    intent: str
    wish: str
    intent_confidence: float | None
    decision: str
    question: str
    reply: str
    previous: Said | None
    reasons: tuple[str, ...]
    similar: tuple[str, ...]
    """Texts of the others, without personal data."""


def row(item: Item, entry: Entry | None) -> Row:
    """`entry` is the decision about the item, None while there is none."""
    return Row(
        key=item.key,
        text=item.masked.text,
        reasons=tuple(REASONS[reason] for reason in item.turn.reasons),
        intent=item.turn.turn.intent,
        similar=len(item.similar),
        choice="" if entry is None else entry.decision.value,
        chosen=entry.intent if entry is not None and entry.decision is Choice.TRAIN else "",
    )


def detail(item: Item, similar: tuple[str, ...]) -> Detail:
    """`similar`: the masked texts of the others."""
    turn = item.turn.turn
    return Detail(
        key=item.key,
        at=f"{turn.at:%d.%m.%Y %H:%M}",
        heard=turn.text,
        marks=item.masked.marks,
        masked=item.masked.text,
        last_partial=turn.last_partial,
        speech_confidence=turn.asr_confidence,
        intent=turn.intent,
        wish=wish_of(turn.intent) if turn.intent else "",
        intent_confidence=turn.intent_confidence,
        decision=DECISIONS.get(turn.decision, turn.decision),
        question=QUESTIONS.get(turn.question, turn.question),
        reply=turn.reply,
        previous=None if item.turn.previous is None else _said(item.turn.previous),
        reasons=tuple(REASONS[reason] for reason in item.turn.reasons),
        similar=similar,
    )


def _said(turn: TurnCompleted) -> Said:
    keyed = f"[кнопка {turn.text}]" if turn.kind == "keyed" else turn.text
    return Said(caller=keyed, bot=turn.reply)


def similar_word(count: int) -> str:
    """«ещё 1 похожая», «ещё 2 похожие», «ещё 5 похожих»; '' for none."""
    if not count:
        return ""
    last, teens = count % 10, 10 < count % 100 < 20
    ending = "ая" if last == 1 and not teens else "ие" if 1 < last < 5 and not teens else "их"
    return f"ещё {count} похож{ending}"


def summary(training: int, held_out: int, words: int, refused: int) -> str:
    """What was written, in one sentence."""
    if not training + held_out + words + refused:
        return "Записывать нечего: новых фраз нет."
    parts = [
        f"в обучение {training}",
        f"в проверочный набор {held_out}",
        f"новых слов {words}",
        f"отклонено {refused}",
    ]
    return f"Записано: {', '.join(parts)}."
