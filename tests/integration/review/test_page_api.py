"""The page's requests, without a browser: tokens, sound, refusals."""

import io

import httpx
import numpy as np
import pytest
import soundfile

from tests.integration.review.conftest import TOKEN, Review, Served

pytestmark = pytest.mark.integration

DENIED = "20261121-100000-aa01:1"
PAIR = "20261121-100700-aa02:1"
SILENT = "20261121-104200-aa07:1"
UNRECORDED = "20261121-102800-aa05:1"
ROUTES = ("/", "/api/queue", "/api/effect", f"/api/item?key={PAIR}", f"/api/audio?key={PAIR}")
ACTIONS = ("check", "decide", "undo", "write", "finish")


@pytest.fixture
def client(page: Served):
    with httpx.Client(
        base_url=page.url, headers={"X-Review-Token": TOKEN}, trust_env=False
    ) as opened:
        yield opened


def test_nothing_is_given_without_the_token(page: Served) -> None:
    with httpx.Client(base_url=page.url, trust_env=False) as stranger:
        for route in ROUTES:
            assert stranger.get(route).status_code == 403
            assert stranger.get(route, headers={"X-Review-Token": "guess"}).status_code == 403
        for action in ACTIONS:
            assert stranger.post(f"/api/{action}", json={}).status_code in {403, 422}
            body = {"key": PAIR, "choice": "reject", "text": ""}
            assert stranger.post(f"/api/{action}", json=body).status_code == 403
    assert not page.finished.is_set()


def test_the_page_needs_nothing_from_elsewhere_and_may_not_be_kept(client: httpx.Client) -> None:
    answer = client.get("/")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
    for outside in ("http://", "https://", "//cdn"):
        assert outside not in answer.text.replace("http://www.w3.org", "")


def test_the_queue_comes_by_value_with_reasons_and_folded_turns(client: httpx.Client) -> None:
    state = client.get("/api/queue").json()
    rows = {row["key"]: row for row in state["items"]}
    assert {"абонент ответил «нет»", "ушёл к оператору", "неуверенное намерение"} <= set(
        rows[DENIED]["reasons"]
    )
    assert "девятьсот шестнадцать" not in rows[DENIED]["text"]
    assert "ушёл к оператору" in rows[PAIR]["reasons"]
    order = [row["key"] for row in state["items"]]
    assert order.index(PAIR) < order.index(SILENT) < order.index("20261121-103500-aa06:1")
    assert len(state["intents"]) == 45
    assert all(intent["wish"] and intent["examples"] for intent in state["intents"])


def test_only_the_callers_channel_is_cut_with_half_a_second_around(
    client: httpx.Client, review: Review
) -> None:
    answer = client.get("/api/audio", params={"key": PAIR})
    assert answer.headers["content-type"] == "audio/wav"
    samples, rate_hz = soundfile.read(io.BytesIO(answer.content))
    turn = review.desk.item(PAIR).turn.turn
    assert samples.ndim == 1
    assert len(samples) / rate_hz == pytest.approx(turn.speech_end_s - turn.speech_start_s + 1.0)
    # The bot's side is a tone of 1 kHz throughout; nothing of it is in the half second before.
    assert np.abs(samples[: rate_hz // 2]).max() < 0.01
    assert np.abs(samples[rate_hz // 2 :]).max() > 0.1


def test_a_call_without_a_recording_says_so(client: httpx.Client) -> None:
    view = client.get("/api/item", params={"key": UNRECORDED}).json()
    assert view["no_audio"] == "звонок не записан"
    assert client.get("/api/audio", params={"key": UNRECORDED}).status_code == 404


def test_personal_data_is_marked_and_refused_when_saved(
    client: httpx.Client, review: Review
) -> None:
    view = client.get("/api/item", params={"key": DENIED}).json()
    assert {mark["kind"] for mark in view["marks"]} == {"name", "phone"}
    answer = client.post(
        "/api/decide",
        json={"key": DENIED, "choice": "train", "text": view["heard"], "intent": "balance"},
    )
    assert answer.status_code == 422
    assert "личные данные" in answer.json()["detail"]
    assert not (review.data / "reviews.tsv").exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"text": ""}, "нет текста"),
        ({"text": "balance 5"}, "только русские слова"),
        ({"intent": "nonsense"}, "нет такого намерения"),
        ({"words": ["чужое"]}, "нет в тексте"),
        ({"entities": [{"kind": "city", "start": 5, "end": 500}]}, "нет в тексте"),
        ({"text": "баланс " * 60}, "длиннее"),
    ],
)
def test_what_cannot_be_learned_from_is_refused_and_nothing_is_lost(
    client: httpx.Client, review: Review, change: dict[str, object], said: str
) -> None:
    body = {"key": PAIR, "choice": "train", "text": "мой баланс", "intent": "balance"} | change
    answer = client.post("/api/decide", json=body)
    assert answer.status_code == 422
    assert said in answer.json()["detail"]
    assert review.desk.standing().decided == {}


def test_a_decision_is_on_disk_when_it_is_answered_and_only_one_wins(
    client: httpx.Client, review: Review
) -> None:
    body = {"key": PAIR, "choice": "train", "text": "интернет отвалился", "intent": "outage"}
    assert client.post("/api/decide", json=body).json()["done"] == 1
    assert "интернет отвалился\toutage" in review.journal
    second = client.post("/api/decide", json=body)
    assert second.status_code == 409
    assert review.journal.count(PAIR.partition(":")[0]) == 1


def test_rejected_and_skipped_turns_leave_no_text_in_the_journal(
    client: httpx.Client, review: Review
) -> None:
    for key, choice in ((PAIR, "reject"), (DENIED, "skip")):
        body = {"key": key, "choice": choice, "text": "что угодно", "intent": "balance"}
        assert client.post("/api/decide", json=body).status_code == 200
    assert "угодно" not in review.journal
    assert "balance" not in review.journal


def test_test_phrases_are_told_apart_before_and_refused_when_written(
    client: httpx.Client, review: Review
) -> None:
    leak = "гляньте что там у меня по деньгам на симке"
    checked = client.post("/api/check", json={"text": leak}).json()
    assert "проверочной фразой" in checked["objection"]
    body = {"key": PAIR, "choice": "train", "text": leak, "intent": "balance"}
    client.post("/api/decide", json=body)
    answer = client.post("/api/write", json={}).json()
    assert [one["text"] for one in answer["refused"]] == [leak]
    assert leak not in review.training()


def test_unknown_names_are_offered_as_words_of_the_recognizer(client: httpx.Client) -> None:
    text = "подключите журавликус и гудок"
    spans = [("журавликус", "service"), ("гудок", "service")]
    entities = [
        {"kind": kind, "start": text.index(word), "end": text.index(word) + len(word)}
        for word, kind in spans
    ]
    checked = client.post("/api/check", json={"text": text, "entities": entities}).json()
    assert checked["offered_words"] == ["журавликус"]
    assert checked["unknown_words"] == ["журавликус"]


def test_a_missing_item_and_nonsense_are_no_server_faults(client: httpx.Client) -> None:
    assert client.get("/api/item", params={"key": "none:1"}).status_code == 404
    assert client.post("/api/decide", json={"key": PAIR, "choice": "maybe"}).status_code == 422
    assert client.post("/api/undo", json={}).status_code == 409
