"""Word lists that tell a Russian sentence in progress from one that may be over. Pure."""

from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


LEADING_ON: Final = _words(
    # prepositions
    "в во на с со к ко по о об обо от ото из изо у за до для без через про при над под между перед "
    "около кроме после против ради вместо насчет поводу "
    # conjunctions
    "и или а но либо что чтобы чтоб если потому поэтому хотя то ни "
    # particles and adverbs that belong to the next word
    "не бы же ли даже только очень самый самая самое слишком ну вот типа типо "
    # whose
    "мой моя мое мои моего моей моему моем мою моим моих ваш ваша ваше ваши вашего вашей вашем "
    "вашу свой своя свое свои своего своей своему своем свою своих наш наша нашего нашей"
)
"""Words after which something has to come."""

HOLDING: Final = _words(
    "сейчас щас секунду секундочку минуту минутку минуточку момент погодите подождите постойте "
    "ээ э эм м мм хм ну вот это самое значит так слушайте слушай слушаете алло алле ой одну и а "
    "погоди подожди постой"
)
"""Words that hold the line: an utterance of nothing else is a caller who looks for words."""
CALLS: Final = _words("алло алле")
CALLING: Final = CALLS | _words("вы меня слышите слышно ли есть кто там тут")
"""Somebody who says only this, one of the first among it, wants to be answered at once."""

GREETING: Final = _words(
    "здравствуйте здрасьте здравствуй привет приветствую добрый доброе доброго день утро вечер "
    "дня вечера девушка простите прости извините извини скажите подскажите пожалуйста будьте добры"
)
"""Words of politeness: an utterance of nothing else is an opening."""

SALUTES: Final = _words("здравствуйте здравствуй приветствую добрый")
SHORT_SALUTE: Final = 2
"""With one of these at the end two words are a greeting, whatever the other one was heard as."""

ANNOUNCING: Final = _words(
    "вопрос вопросик проблема проблемы проблему проблемка ситуация дело дела короче общем вобщем "
    "говоря знаете понимаете видите смотрите смотри послушайте подумать вспомнить вспомню спросить "
    "отпуск отпуске командировку командировке"
)
"""Words that announce a request: «у меня такой вопрос», «тут такое дело», «короче говоря»."""
JOURNEYS: Final = _words("еду едем лечу летим поеду полечу улетаю улетаем уезжаю уезжаем собираюсь")
"""Verbs of somebody who is about to leave, which is said before what is wanted for it."""
AROUND_ANNOUNCING: Final = JOURNEYS | _words(
    "такой такая такое такие какая какое какие один одна одно небольшой небольшая есть тут "
    "завтра скоро"
)
"""What may stand around them beside `CARRIERS`, `HOLDING` and `GREETING`."""

NAME_SOUGHT: Final = _words("его ее их")
"""With «как» before it, at the end, somebody looks for a name: «подключите этот, как его»."""
WORD_SOUGHT: Final = frozenset({("как", "это"), ("как", "же"), ("как", "же", "это")})
"""Whole utterances of somebody who looks for a word."""

ABOUT_ONESELF: Final = _words("я мы звоню вопрос")
"""With nothing but these before it «на счет» is «насчёт»: no account was spoken of."""

CARRIERS: Final = _words(
    "я мы мне нам меня нас у вы вас вам можно можете могу мог могла хочу хотел хотела хотим "
    "хотелось нужно надо необходимо бы ли как где что почему какой ну вот а и да алло еще теперь "
    "давайте девушка здравствуйте добрый день вечер скажите подскажите пожалуйста будьте добры "
    "тогда просто вообще это там уже в"
)
"""Words that carry a wish without naming it; noise before the first word is heard as «в»."""

WISHES: Final = JOURNEYS | _words(
    "хочу хотел хотела хотим хотелось могу можете можно нужно надо необходимо узнать подключить "
    "подключите подключи отключить отключите отключи включить включите включи выключить выключите "
    "удалить удалите убрать уберите поменять поменяйте сменить смените изменить измените перейти "
    "перевести переведите перенести оплатить пополнить проверить проверьте посмотреть посмотрите "
    "скажите подскажите расскажите назовите покажите дайте сообщите объясните найдите соедините "
    "свяжите переключите заблокировать заблокируйте разблокировать разблокируйте активировать "
    "активируйте деактивировать оформить заказать получить взять вернуть верните положить купить "
    "добавить добавьте поставить поставьте внести закинуть интересует есть работает работают "
    "стоит стоят находится потерял потеряла пропал пропала пришел пришла списали мне меня нас "
    "какой какая какое какие какого какую каких сколько почему зачем где куда откуда кто как когда "
    "звоню звонил звонила обращаюсь входит входят давайте давай я мы"
)
"""Verbs, pronouns and question words that need an object, unless one came before them."""

HALF_NAMES: Final = _words(
    "мобильный мобильная мобильное мобильного мобильной мобильному мобильным мобильном мобильные "
    "домашний домашнего домашнему домашним домашнем черный черного лицевой лицевого лицевом "
    "тарифный тарифного тарифном технической техническая техническую личный личного личном "
    "обратный сим вай горячая горячую международный международные добровольную "
    "добровольная временная временную последний последняя последнюю последнего последние "
    "платная платную платные платных дополнительные дополнительных дополнительную"
)
"""Adjectives and beginnings of compounds that name nothing alone."""

ATTRIBUTE_ENDINGS: Final = ("ого", "его", "ому", "ую", "юю", "ых", "их")
"""Adjectives end like this before their noun: «со вчерашнего», «через мобильную»."""
ATTRIBUTE_LETTERS: Final = 6
"""Shorter words that end so are pronouns."""
NO_ATTRIBUTES: Final = _words(
    "немного дорого недорого доброго ничего никого другого другому такого никакого напрямую впустую"
)
"""Words that end like adjectives and may end a request."""

CURRENCY: Final = ("рубл", "копе")
"""Beginnings of the words an amount ends in."""
NUMBER: Final = _words("номер номера телефон телефона телефону")
"""Words after which the digits of a telephone number are said."""
OWN: Final = _words("мой моего моему моем на это с по")
"""With these before it «номер» opens a dictated number, if nothing was asked for before."""
RINGING: Final = ("звон", "перезвон", "позвон", "созвон", "набер", "набрать", "переадрес")
"""Beginnings of verbs after which «на номер» opens a dictated number."""
