"""What callers say about waiting, known by the words alone, so at once and without an engine."""

import re
from typing import Final

from ivr.dialogue.small_talk import only
from ivr.nlu.normalise import word_set

_ASKS: Final = re.compile(r"\b(?:сколько|долго|скоро|когда|как(?:ой|ая|ое)|что с|где)\b")
_ABOUT_WAITING: Final = re.compile(
    r"\b(?:жд(?:ать|у|ем|ете)|ожида\w+|очеред\w*|передо мной|впереди|соедин\w+|ответят|ответите"
    r"|подойдет оператор|освободится)\b"
)
_STAYS: Final = word_set("подожду жду останусь остаюсь дождусь подождем потерплю повишу")
_AROUND_STAYS: Final = word_set(
    "я мы нет не надо хорошо ладно ну тогда лучше здесь тут на линии буду сам сама еще немного да "
    "спасибо пока ждать и так все равно оператора"
)
_WILL_WAIT: Final = re.compile(r"\bбуд(?:у|ем) (?:\w+ )?ждать\b")
_LEAVES: Final = re.compile(
    r"\bне (?:буду|хочу|могу|стану|будем|собираюсь)(?: (?:больше|столько|так долго|уже))* "
    r"(?:ждать|стоять|висеть)|\b(?:уйти|выйти|уйду|выйду|ухожу|выхожу)\b.*\bочереди\b"
    r"|\b(?:уберите|снимите|удалите|исключите)\b.*\bочереди\b|\bнадоело (?:ждать|висеть)\b"
)
_WANTS_CALL: Final = re.compile(
    r"\bперезвон(?:ите|и|ишь|ит|ят)\b|\bперезванивайте\b|\bобратн\w+ звон\w+"
    r"|\b(?:по)?звоните мне\b|\bмне (?:по|пере)звон\w+"
)
_CANCELS_CALL: Final = re.compile(
    r"\b(?:отмен\w+|убер\w+|снимите|аннулируйте)\b.*\b\w*звон\w*"
    r"|\bне (?:надо|нужно)\b.*\b(?:(?:пере|по)?звонить|звон\w+|перезванив\w+)|\bне перезванив\w+"
)
_STAYS_ON_LINE: Final = re.compile(r"\b(?:оста\w+|на линии|на связи|подожду|повишу|сейчас)\b")
_AWAITS_CALL: Final = re.compile(
    r"\b(?:дожд\w+|перезвон\w+|перезванив\w+|обратн\w+|звонка|звонок|потом|позже|второе)\b"
)
_GOODBYE: Final = re.compile(r"\b(?:до свидания|до свиданья|всего доброго|прощайте)\b")
_BYE: Final = "пока"
_AROUND_BYE: Final = word_set("ну ладно все спасибо хорошо тогда давайте пока")
"""«Пока нет», «подожди пока» and «пока не ответили» are no goodbyes."""
_IN_TURN: Final = re.compile(
    r"\b(?:сейчас|сразу|очеред\w*|как (?:только|можно)|быстрее|поскорее|скорее|первое"
    r"|так(?: и)? сдела\w+|пусть так|так и (?:быть|надо)|(?<!не )(?:устраивает|устроит))\b"
)
_CHOSEN_TIME: Final = re.compile(
    r"\b(?:удобн\w+|потом|позже|позднее|попозже|друг\w+ (?:время|день|раз)|ко? времени|время"
    r"|второе|определенн\w+)\b"
)


def asks_how_long(text: str) -> bool:
    """«Сколько ещё ждать», «какой я в очереди», «скоро соедините?»."""
    plain = _plain(text)
    return bool(_ASKS.search(plain) and _ABOUT_WAITING.search(plain))


def stays(text: str) -> bool:
    """«Я подожду», «останусь на линии»."""
    plain = _plain(text)
    said = only(plain, _STAYS, _AROUND_STAYS) or _WILL_WAIT.search(plain) is not None
    return said and not leaves(plain)


def leaves(text: str) -> bool:
    """«Не буду больше ждать»."""
    return _LEAVES.search(_plain(text)) is not None


def wants_call(text: str) -> bool:
    """«Перезвоните мне»."""
    return _WANTS_CALL.search(_plain(text)) is not None and not cancels_call(text)


def cancels_call(text: str) -> bool:
    """«Отмените звонок», «не надо перезванивать»."""
    return _CANCELS_CALL.search(_plain(text)) is not None


def says_goodbye(text: str) -> bool:
    """In so many words; an engine's guess is not enough to lose a place."""
    plain = _plain(text)
    words = plain.split()
    if _BYE in words:
        return _AROUND_BYE.issuperset(words)
    return _GOODBYE.search(plain) is not None and len(words) <= 4


def line_or_call(text: str) -> bool | None:
    """True: stay on the line. False: wait for the call. None: neither or both."""
    plain = _plain(text)
    line, call = _STAYS_ON_LINE.search(plain), _AWAITS_CALL.search(plain)
    return None if (line is None) == (call is None) else line is not None


def wants_turn(text: str) -> bool | None:
    """True: as soon as it is their turn. False: at another time. None: neither or both."""
    plain = _plain(text)
    now, later = _IN_TURN.search(plain), _CHOSEN_TIME.search(plain)
    return None if (now is None) == (later is None) else now is not None


def _plain(text: str) -> str:
    return text.lower().replace("ё", "е")
