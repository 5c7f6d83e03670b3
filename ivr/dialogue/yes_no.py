"""Yes or no from the words themselves, so that «да» needs no intent engine."""

import re
from typing import Final

from ivr.dialogue.state import Topic
from ivr.nlu.normalise import word_set

YES: Final = word_set(
    "да ага угу верно правильно конечно хорошо ладно согласен согласна ок окей точно так именно "
    "давай давайте"
)
NEGATIONS: Final = word_set("нет не нету неверно неправильно никак")
NEGATED: Final = word_set("надо нужно хочу верно правильно согласен согласна так")
"""Words that only a negation before them makes a no."""
THINKING: Final = word_set("так")
"""Said alone by somebody who thinks; beside another word it agrees: «да, так»."""
FILLERS: Final = word_set("ну вот это уж всё все пожалуйста спасибо я мне ой а же")

_ALSO: Final[dict[Topic, frozenset[str]]] = {
    Topic.CONFIRM_PROMISED_PAYMENT: word_set(
        "подключай подключайте подключаем подключите подтверждаю"
    ),
    Topic.CALLBACK_HERE: word_set("перезвоните звоните позвоните перезванивайте"),
    Topic.QUEUE_OFFER: word_set("перезвоните звоните позвоните перезванивайте"),
    Topic.CLOSED_OFFER: word_set("перезвоните звоните позвоните перезванивайте"),
    Topic.CONFIRM_LEAVING: word_set("уйти ухожу уйду выйти выхожу"),
    Topic.PLACE_FOUND: word_set("вернуться верните вернусь возвращаюсь возвращайте"),
    Topic.CONFIRM_CANCELLING: word_set("отмените отменить отменяйте отмени отменяй"),
    Topic.OFFER_OPERATOR: word_set("соедините соединяйте переключите"),
    Topic.ADVICE_HELPED: word_set(
        "получилось заработало заработал помогло работает работают появился появилось показывает"
    ),
}
"""Words that are a yes, or after a negation a no, only to one question."""

ANSWERS: Final = frozenset().union(YES, NEGATIONS, NEGATED, *_ALSO.values())
"""All words that a yes or a no to any question is made of, but for the fillers."""

_OPERATOR: Final = re.compile(r"\b(?:оператор|консультант|специалист)\w*")


def yes_or_no(text: str, topic: Topic) -> bool | None:
    """True, False, or None when the words are not simply a yes or a no to that question."""
    also = _ALSO.get(topic, frozenset())
    words = [word for word in re.findall(r"\w+", text.lower()) if word not in FILLERS]
    if THINKING.issuperset(words):
        return None
    if words[0] in NEGATIONS and all(word in NEGATIONS | NEGATED | also for word in words):
        return False
    return True if all(word in YES | also for word in words) else None


def wants_operator(text: str) -> bool:
    """Whether an operator is asked for in so many words; used when no intent engine answers."""
    return _OPERATOR.search(text.lower()) is not None
