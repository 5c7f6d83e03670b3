"""How long silence may last before a turn is over, by what was asked and what was heard so far."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ivr.call.completeness import NO_RULE, Judgement, judge
from ivr.call.conversation import Understanding
from ivr.call.endings import Endings, Guess
from ivr.call.speculation import Speculation
from ivr.dialogue.actions import QuestionKind
from ivr.dialogue.intents import Move, Talk, treatment
from ivr.nlu.normalise import words_of
from ivr.nlu.schema import NluResult
from ivr.nlu.thresholds import Decision
from ivr.speech.endpointing import SURE, UNDECIDED, UNFINISHED, EndpointingProfile
from ivr.speech.melody import Melody

OPENINGS: Final = (Talk(Move.GREETING), Talk(Move.HELP), Talk(Move.OFF_TOPIC))
"""Being sure of these is no reason to believe that all was said."""
YES_NO_INTENT: Final = 0.8
"""Sureness of a yes or no in other words than those of the rule."""
FELL_ST: Final = -4.0
"""A voice that has come down so far has ended its sentence: none of 340 pauses after words that
lead on were preceded by it, but for greetings and groups of digits."""
BY_THE_LAST: Final = frozenset({"leads_on", "half_a_name", "object_awaited"})
"""Verdicts on the last word, which a whole request may contradict: «расскажите что вы можете»."""
ASKED_WORDS: Final = 3
"""So many words ask for something. If they stand before the last one, a voice that fell
says that a word which leads on was another one («на» was «на счёте»); «мне бы» and «я во» fall as
well when somebody looks for words."""
MAY_GO_ON: Final = frozenset(
    {"number_may_go_on", "amount_may_go_on", "name_may_go_on", "day_without_month"}
)
"""Verdicts on words that are all if nothing follows: a fall says so."""
FELL_SURENESS: Final = 0.9
FREE: Final = (QuestionKind.OPEN, QuestionKind.MENU, QuestionKind.CHOICE)
"""Questions that are answered by a request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PatienceSettings:
    """What the configuration says about the ends of turns."""

    profiles: Mapping[QuestionKind, EndpointingProfile]
    """One for every kind of question."""
    endings: Endings = field(default_factory=lambda: Endings(()))
    """How requests end."""
    understanding: bool = True
    """False: silence alone decides, by the profiles' `trailing_silence_ms`."""
    melody: bool = False
    """Also how the words are said decides."""
    look_limit_s: float | None = 1.5
    """Real seconds after which a look at the words is given up; None where real time does not
    count, as in replays."""


class Patience:
    """One call's judge of ends. Event loop only."""

    def __init__(
        self,
        settings: PatienceSettings,
        speculation: Speculation,
        understanding: Understanding,
    ) -> None:
        self._settings = settings
        self._speculation = speculation
        self._understanding = understanding
        self._kind = QuestionKind.OPEN

    def expect(self, kind: QuestionKind) -> None:
        """This kind of question is open from now on."""
        self._kind = kind

    @property
    def profile(self) -> EndpointingProfile:
        """What the open question allows."""
        return self._settings.profiles[self._kind]

    @property
    def understanding(self) -> bool:
        """False when only silence counts: then there is nothing to look at."""
        return self._settings.understanding

    @property
    def melody(self) -> bool:
        """Whether to listen to how the voice moves."""
        return self._settings.melody

    @property
    def look_limit_s(self) -> float | None:
        """How long a look at the words may take, seconds."""
        return self._settings.look_limit_s

    def ahead(self, text: str) -> None:
        """The caller pauses after these words: understand them in case that was all."""
        self._speculation.ahead(text)

    def judge(self, text: str, melody: Melody | None = None) -> Judgement:
        """Can these words be all, said like this? The answer may change once `ahead` has come to
        something. `melody`: None where it is not known."""
        judgement = judge(self._kind, text)
        result = self._speculation.result(text)
        if judgement.reason != NO_RULE:
            return self._by_rule(judgement, [word.text for word in words_of(text)], melody)
        if result is None:
            return judgement
        if self._says(result, Move.WAIT):
            return Judgement(UNFINISHED, "looking_for_words")
        if self._kind is QuestionKind.YES_NO and self._says(result, Move.YES, Move.NO):
            return Judgement(YES_NO_INTENT, "yes_no_intent")
        if self._kind not in FREE:
            return judgement
        return self._request([word.text for word in words_of(text)], result, melody)

    def answers(self, text: str) -> bool:
        """Do these words answer the open question, as far as is known of them by now?"""
        if judge(self._kind, text).sureness == SURE:
            return True
        result = self._speculation.result(text)
        if result is None or treatment(result.intent.name) == Talk(Move.OFF_TOPIC):
            return False
        return self._understanding.decide(result) is not Decision.REJECT

    def _by_rule(
        self, judgement: Judgement, words: Sequence[str], melody: Melody | None
    ) -> Judgement:
        """What a rule says of the words, in the light of how they were said."""
        reason, asked = judgement.reason, len(words) > ASKED_WORDS
        if reason in BY_THE_LAST and self._ends_in_request(words):
            return Judgement(UNDECIDED, f"{reason}_known")
        if melody is None or melody.fall_st > FELL_ST:
            return judgement
        if judgement.sureness == UNDECIDED and reason in MAY_GO_ON:
            return Judgement(FELL_SURENESS, f"{reason}_fell")
        if reason == "half_a_name" or (reason == "leads_on" and asked):
            return Judgement(UNDECIDED, f"{reason}_fell")
        return judgement

    def _ends_in_request(self, words: Sequence[str]) -> bool:
        """Is the end of it a whole request, word for word?"""
        knows = self._settings.endings.knows
        return any(knows(words[start:]) for start in range(len(words) - ASKED_WORDS + 1))

    def _request(self, words: Sequence[str], result: NluResult, melody: Melody | None) -> Judgement:
        endings, guess = self._settings.endings, self._guess(result)
        most = SURE
        if self._says(result, Move.YES, Move.NO) and not endings.knows(words):
            most = UNDECIDED  # «мне надо» and «ну короче» are heard as «не надо», «не короче»
        if melody is None:
            return Judgement(min(endings.sureness(words, guess), most), "request")
        sureness = endings.sureness_heard(words, guess, melody)
        return Judgement(min(sureness, most), "request_heard")

    def _says(self, result: NluResult, *moves: Move) -> bool:
        """Is it surely one of these?"""
        said = treatment(result.intent.name) in {Talk(move) for move in moves}
        return said and self._understanding.decide(result) is Decision.ACCEPT

    def _guess(self, result: NluResult) -> Guess:
        meaning = treatment(result.intent.name)
        if meaning in OPENINGS:
            return Guess(confidence=0.0, decision=Decision.REJECT, idle=True)
        return Guess(
            confidence=result.intent.confidence,
            decision=self._understanding.decide(result),
            move=isinstance(meaning, Talk),
        )
