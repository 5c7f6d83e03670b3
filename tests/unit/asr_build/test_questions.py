"""What answers a closed question, and how much it counts beside everything else."""

import pytest

from ivr.asr_build.language_model import BEGIN, END, Sentence, estimate
from ivr.asr_build.questions import QUESTION_NAMES, answers, question_model
from ivr.dialogue.actions import QuestionKind
from ivr.nlu.phrases import LabelledPhrase

pytestmark = pytest.mark.unit

PHRASES = (
    LabelledPhrase("ну да подтверждаю", "affirm", ""),
    LabelledPhrase("ещё чего", "deny", ""),
    LabelledPhrase("мой баланс", "balance", ""),
)


def test_every_question_has_answers_in_one_spelling():
    found = dict(answers(PHRASES))
    assert tuple(found) == QUESTION_NAMES
    assert all(len(said) > 20 for said in found.values())
    assert {"ну да подтверждаю", "еще чего", "да", "не надо"} <= set(found["yes_no"])
    assert "мой баланс" not in found["yes_no"]
    assert "в казани" in found["city"]


def test_a_call_finds_the_graph_of_a_question_by_the_kind_of_question():
    assert set(QUESTION_NAMES) <= {kind.value for kind in QuestionKind}


def test_an_answer_is_expected_and_anything_else_is_still_possible():
    sentences = [Sentence(("мой", "баланс")), Sentence(("оператор",), 3.0)]
    general = {"дай": 0.5, "да": 0.1}
    large = estimate(sentences, general, general_weight=0.3)
    small = question_model(["да", "нет"], sentences, general, 0.3)
    assert small.probability("да", (BEGIN,)) > 4 * large.probability("да", (BEGIN,))
    assert small.probability("оператор", (BEGIN,)) > 0.5 * large.probability("оператор", (BEGIN,))
    assert small.probability("дай", (BEGIN,)) > 0
    known = small.probabilities[()]
    assert sum(small.probability(word, (BEGIN,)) for word in known) == pytest.approx(1.0)
    assert END in known


def test_a_question_without_anything_else_to_hear_still_has_its_answers():
    model = question_model(["да", "нет"], [], {}, 0.3)
    assert model.probability("да", (BEGIN,)) == pytest.approx(
        model.probability("нет", (BEGIN,)), rel=1e-6
    )
