from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.nlu import hygiene
from ivr.nlu.data_set import DataSet
from ivr.nlu.hygiene import Finding, Kind, Limits, Severity, Writable
from ivr.nlu.phrases import LabelledPhrase, read_intent_places

pytestmark = pytest.mark.unit


def phrases(intent: str, *texts: str, file: str = "a.yml") -> tuple[LabelledPhrase, ...]:
    return tuple(LabelledPhrase(text, intent, f"{file}:{at}") for at, text in enumerate(texts, 1))


def data(
    *training: LabelledPhrase, held_out: tuple[LabelledPhrase, ...] = (), intents: str = "balance"
) -> DataSet:
    return DataSet(training, held_out, dict.fromkeys(intents.split(), "domain.yml:2"))


def kinds(findings: Iterator[Finding]) -> list[tuple[Severity, Kind, str]]:
    return [(finding.severity, finding.kind, finding.place) for finding in findings]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("дай 5", "digits"),
        ("Баланс", "capital letters"),
        ("sim карта", "Latin letters"),
        ("баланс!", "punctuation"),
        ("мой  баланс", "double or outer spaces"),
        ("", "nothing"),
    ],
)
def test_what_recognition_never_writes_is_an_error(text: str, why: str) -> None:
    (found,) = hygiene.check_texts(data(*phrases("balance", "баланс", text)), Limits())
    assert (found.severity, found.kind, found.place) == (
        Severity.ERROR,
        Kind.NOT_SPOKEN,
        "a.yml:2",
    )
    assert why in found.why


def test_a_long_phrase_is_told_with_its_length() -> None:
    held_out = phrases("balance", "ну " * 16 + "баланс", "ну " * 15 + "баланс", file="test.yml")
    (found,) = hygiene.check_texts(data(held_out=held_out), Limits())
    assert (found.severity, found.kind, found.place) == (
        Severity.WARNING,
        Kind.TOO_LONG,
        "test.yml:1",
    )
    assert found.why.startswith("17 words")


def test_unknown_small_large_and_untested_intents_are_found() -> None:
    limits = Limits(fewest=2, fewest_test=1)
    training = (
        *phrases("one", "а"),
        *phrases("two", "б", "в"),
        *phrases("three", *"гдежзи"),
        *phrases("four", *"клмнопр"),
        *phrases("five", *"стуфхцчшщъыьэюяабвгдеж"),
        *phrases("out_of_scope", *"стуфхцчшщъыьэюяабвгдеж"),
        *phrases("unknown", "ы"),
    )
    intents = "one two three four five out_of_scope"
    held_out = tuple(
        phrase
        for intent in ("one", "two", "three", "five", "out_of_scope")
        for phrase in phrases(intent, "я")
    )
    found = list(hygiene.check_intents(data(*training, held_out=held_out, intents=intents), limits))
    assert {(one.severity, one.kind, one.intent) for one in found} == {
        (Severity.ERROR, Kind.UNKNOWN_INTENT, "unknown"),
        (Severity.ERROR, Kind.TOO_FEW, "one"),
        (Severity.WARNING, Kind.IMBALANCE, "two"),
        (Severity.WARNING, Kind.IMBALANCE, "five"),
        (Severity.WARNING, Kind.NO_TEST, "four"),
    }
    assert {one.place for one in found if one.intent != "unknown"} == {"domain.yml:2"}


def test_an_entity_with_one_value_only_is_found_unless_it_is_a_bare_number() -> None:
    always = phrases("balance", "баланс в казани", "казань баланс", "одну минуту", "одну штуку")
    (found,) = hygiene.check_entities(data(*always), Limits())
    assert (found.severity, found.kind) == (Severity.WARNING, Kind.ONE_VALUE)
    assert "all 2 phrases of balance with a city have «казань»" in found.why
    dated = phrases("balance", "завтра", "в понедельник")  # the same day, once a week
    assert not list(hygiene.check_entities(data(*dated), Limits()))
    varied = data(*always, *phrases("balance", "баланс в самаре"))
    assert not list(hygiene.check_entities(varied, Limits()))


def test_each_word_that_cannot_be_written_is_told_once_with_its_remedy() -> None:
    training = phrases("balance", "мой счёт", "мой счет", "мой балансик")
    writable = Writable(frozenset({"мой"}), frozenset({"мой", "счет"}), "ru-0611")
    found = list(hygiene.check_words(data(*training), writable))
    assert [(one.text, one.place) for one in found] == [
        ("счет", "a.yml:1"),
        ("балансик", "a.yml:3"),
    ]
    assert "phrases with it: 2" in found[0].why
    assert [one.advice for one in found] == [
        "ivr asr build learns it",
        "add it to nlu_data/words/*.txt",
    ]


def test_findings_are_in_order_of_gravity_kind_and_line() -> None:
    def at(severity: Severity, kind: Kind, place: str) -> Finding:
        phrase = LabelledPhrase("баланс", "balance", place)
        return hygiene.finding(severity, kind, phrase, "", "")

    mixed = [
        at(Severity.HINT, Kind.UNWRITABLE, "a.yml:1"),
        at(Severity.ERROR, Kind.LEAK, "a.yml:10"),
        at(Severity.ERROR, Kind.LEAK, "a.yml:9"),
        at(Severity.ERROR, Kind.DUPLICATE, "b.yml:1"),
    ]
    order = [one.place for one in hygiene.sorted_findings(mixed)]
    assert order == ["b.yml:1", "a.yml:9", "a.yml:10", "a.yml:1"]
    assert hygiene.sorted_findings([]) == []


def test_places_of_the_shipped_intents_are_lines_of_the_domain() -> None:
    domain = Path("nlu_data/domain.yml")
    lines = domain.read_text("utf-8").splitlines()
    for intent, place in read_intent_places(domain).items():
        assert lines[int(place.rpartition(":")[2]) - 1] == f"  - {intent}"
