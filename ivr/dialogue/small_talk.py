"""Is anybody there, wait a moment, I am back: known by the words alone, so always and at once."""

from typing import Final

from ivr.nlu.normalise import word_set, words_of

_CALLS: Final = word_set("алло але алле тут здесь слышно слышите слышишь")
_AROUND_CALLS: Final = word_set(
    "вы ты меня на связи линии еще там эй девушка а да что или ну вас есть кто"
)
"""No negation: «нет связи» and «меня не слышно» are complaints about the network."""
_ON_THE_LINE: Final = frozenset({word_set("на связи"), word_set("на линии")})
_WAITS: Final = word_set(
    "подождите подожди погодите погоди обождите минутку минуту минуточку секунду секундочку "
    "сейчас щас кладите вешайте бросайте"
)
_AROUND_WAITS: Final = word_set(
    "одну не трубку на линии пожалуйста я посмотрю найду скажу возьму ручку еще немного только "
    "оставайтесь так ну ой девушка дайте мне"
)
_BACK: Final = word_set("готов готова готовы вернулся вернулась нашел нашла слушаю пишу записываю")
_AROUND_BACK: Final = word_set(
    "я уже все вот да так ну здесь тут вас можно говорите продолжим давайте"
)


def checks_line(text: str) -> bool:
    """«Алло?», «вы тут?»: nothing but whether somebody is listening."""
    words = {word.text for word in words_of(text)}
    on_the_line = any(pair <= words for pair in _ON_THE_LINE) and words <= _AROUND_CALLS
    return on_the_line or only(text, _CALLS, _AROUND_CALLS)


def asks_to_wait(text: str) -> bool:
    """«Подождите», «минутку», «сейчас посмотрю», «не кладите трубку», and nothing else."""
    return only(text, _WAITS, _AROUND_WAITS)


def is_back(text: str) -> bool:
    """«Всё, нашёл», «я готова», «да»: somebody who had asked to wait goes on."""
    return only(text, _BACK | _AROUND_BACK, frozenset())


def only(text: str, wanted: frozenset[str], around: frozenset[str]) -> bool:
    """At least one wanted word, and no word that is neither wanted nor goes around it."""
    words = {word.text for word in words_of(text)}
    return bool(words & wanted) and words <= wanted | around
