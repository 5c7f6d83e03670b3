"""Where utterances begin and end, on decisions written out frame by frame."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.audio.pcm import FRAME_BYTES, FRAME_SAMPLES, LINE_RATE_HZ, PcmFrame
from ivr.speech.endpointing import (
    LONGEST_GAP_S,
    SURE,
    UNDECIDED,
    UNFINISHED,
    Endpointer,
    EndpointEvent,
    EndpointingProfile,
    PreRoll,
    SpeechEnded,
    SpeechStarted,
    SpeechTooLong,
)

pytestmark = pytest.mark.unit

FRAME_S = 0.02


def feed(endpointer: Endpointer, decisions: list[bool]) -> list[EndpointEvent]:
    events = (
        endpointer.feed(speech, index * FRAME_S, (index + 1) * FRAME_S)
        for index, speech in enumerate(decisions)
    )
    return [event for event in events if event is not None]


def spoken(*stretches: tuple[bool, int]) -> list[bool]:
    """(speech, milliseconds) stretches as frame decisions."""
    return [speech for speech, ms in stretches for _ in range(ms // 20)]


def test_an_utterance_starts_at_its_first_frame_and_ends_at_its_last() -> None:
    events = feed(
        Endpointer(EndpointingProfile()), spoken((False, 500), (True, 1000), (False, 800))
    )
    assert events == [
        SpeechStarted(pytest.approx(0.5), pytest.approx(0.6)),
        SpeechEnded(pytest.approx(1.5), pytest.approx(2.06), patience_ms=550),
    ]


@pytest.mark.parametrize("click_ms", [20, 40, 60, 80])
def test_clicks_are_ignored(click_ms: int) -> None:
    endpointer = Endpointer(EndpointingProfile())
    assert feed(endpointer, spoken((False, 200), (True, click_ms), (False, 1000))) == []
    assert not endpointer.in_utterance


def test_clicks_far_apart_do_not_add_up() -> None:
    clicks = spoken(*[(True, 60), (False, 100)] * 10)
    assert feed(Endpointer(EndpointingProfile()), clicks) == []


def test_a_short_yes_is_an_utterance() -> None:
    events = feed(Endpointer(EndpointingProfile()), spoken((False, 300), (True, 160), (False, 700)))
    assert [type(event) for event in events] == [SpeechStarted, SpeechEnded]


def test_a_beginning_may_have_a_short_hole() -> None:
    decisions = spoken((True, 60), (False, 40), (True, 60), (False, 600))
    assert feed(Endpointer(EndpointingProfile()), decisions)[0] == SpeechStarted(
        0.0, pytest.approx(0.14)
    )


def test_a_pause_shorter_than_the_trailing_silence_does_not_split() -> None:
    decisions = spoken((True, 300), (False, 540), (True, 300), (False, 600))
    events = feed(Endpointer(EndpointingProfile()), decisions)
    assert [type(event) for event in events] == [SpeechStarted, SpeechEnded]


def test_the_profile_of_a_closed_question_ends_sooner_and_may_be_set_in_mid_utterance() -> None:
    endpointer = Endpointer(EndpointingProfile())
    feed(endpointer, spoken((True, 300)))
    endpointer.profile = EndpointingProfile(trailing_silence_ms=400)
    event = None
    for index in range(15, 35):
        event = event or endpointer.feed(False, index * FRAME_S, (index + 1) * FRAME_S)
    assert event == SpeechEnded(pytest.approx(0.3), pytest.approx(0.7), patience_ms=400)


def test_an_endless_utterance_is_cut_and_the_rest_is_a_new_one() -> None:
    events = feed(Endpointer(EndpointingProfile(max_utterance_s=2.0)), spoken((True, 3000)))
    assert events[1] == SpeechTooLong(pytest.approx(2.0), 0.0)
    assert events[2] == SpeechStarted(pytest.approx(2.0), pytest.approx(2.1))


def test_reset_forgets_an_utterance_without_an_event() -> None:
    endpointer = Endpointer(EndpointingProfile())
    feed(endpointer, spoken((True, 300)))
    endpointer.reset()
    assert not endpointer.in_utterance
    assert feed(endpointer, spoken((False, 1000))) == []


@given(
    decisions=st.lists(
        st.tuples(st.booleans(), st.integers(1, 60)).map(lambda run: [run[0]] * run[1]), max_size=30
    ).map(lambda runs: [decision for run in runs for decision in run]),
    start_ms=st.integers(20, 300),
    silence_ms=st.integers(100, 900),
)
def test_whatever_is_said_events_alternate_in_time_and_keep_their_limits(
    decisions: list[bool], start_ms: int, silence_ms: int
) -> None:
    profile = EndpointingProfile(
        start_ms=start_ms, trailing_silence_ms=silence_ms, max_utterance_s=3.0
    )
    events = feed(Endpointer(profile), decisions)
    assert all(isinstance(event, SpeechStarted) for event in events[::2])
    assert not any(isinstance(event, SpeechStarted) for event in events[1::2])
    previous_s = 0.0
    for begin, end in zip(events[::2], events[1::2], strict=False):
        assert isinstance(begin, SpeechStarted)
        assert previous_s - 1e-6 <= begin.at_s < begin.detected_at_s
        assert begin.detected_at_s - begin.at_s >= start_ms / 1000 - 1e-6
        if isinstance(end, SpeechEnded):
            assert end.at_s >= begin.detected_at_s - 1e-6
            silence_s = end.detected_at_s - end.at_s
            assert silence_ms / 1000 - 1e-6 <= silence_s < silence_ms / 1000 + FRAME_S
            previous_s = end.detected_at_s
        else:
            assert isinstance(end, SpeechTooLong)
            assert end.at_s - end.started_at_s < 3.0 + FRAME_S
            previous_s = end.at_s


def frame(index: int) -> PcmFrame:
    return PcmFrame(bytes([index]) * FRAME_BYTES, LINE_RATE_HZ, index * FRAME_SAMPLES)


@given(st.integers(0, 60))
def test_the_pre_roll_holds_the_last_frames_in_order(count: int) -> None:
    ring = PreRoll(300)
    for index in range(count):
        ring.push(frame(index))
    kept = range(max(0, count - 15), count)
    assert ring.drain() == b"".join(frame(index).samples for index in kept)
    assert ring.drain() == b""


PATIENT = EndpointingProfile(complete_ms=200, trailing_silence_ms=600, incomplete_ms=1200)


def ended_after_ms(*stretches: tuple[bool, int], judged: float | None, at_ms: int) -> float:
    """Silence before the end, when the words are judged that long after they ended."""
    endpointer = Endpointer(PATIENT)
    for index, speech in enumerate(spoken(*stretches, (False, 5000))):
        event = endpointer.feed(speech, index * FRAME_S, (index + 1) * FRAME_S)
        if isinstance(event, SpeechEnded):
            assert event.sureness == (UNDECIDED if judged is None else judged)
            assert event.patience_ms == PATIENT.patience_ms(event.sureness)
            return (event.detected_at_s - event.at_s) * 1000
        if judged is not None and endpointer.silence_s >= at_ms / 1000 - 1e-6:
            endpointer.judge(judged)
    raise AssertionError("it did not end")


@pytest.mark.parametrize(
    ("judged", "at_ms", "ends_ms"),
    [
        (None, 100, 600),
        (SURE, 100, 200),
        (UNDECIDED, 100, 600),
        (UNFINISHED, 100, 1200),
        (SURE, 300, 320),
        (0.75, 100, 400),
        (0.25, 100, 900),
    ],
)
def test_the_words_decide_how_long_silence_may_last(
    judged: float | None, at_ms: int, ends_ms: int
) -> None:
    assert ended_after_ms((True, 500), judged=judged, at_ms=at_ms) == pytest.approx(ends_ms)


def test_a_judgement_is_forgotten_when_the_caller_speaks_on() -> None:
    endpointer = Endpointer(PATIENT)
    feed(endpointer, spoken((True, 300), (False, 160)))
    endpointer.judge(SURE)
    event = None
    for index in range(23, 80):
        event = event or endpointer.feed(index < 30, index * FRAME_S, (index + 1) * FRAME_S)
    assert event == SpeechEnded(pytest.approx(0.6), pytest.approx(1.2), patience_ms=600)


def fed(endpointer: Endpointer, at: int, count: int, *, missing: bool = False) -> EndpointEvent:
    """Frames without speech from frame `at` on; the last thing that followed."""
    event = None
    for index in range(at, at + count):
        event = event or endpointer.feed(
            False, index * FRAME_S, (index + 1) * FRAME_S, missing=missing
        )
    return event


def test_two_seconds_of_silence_by_packet_loss_are_not_an_end_of_turn() -> None:
    endpointer = Endpointer(EndpointingProfile())
    feed(endpointer, spoken((True, 500)))
    assert fed(endpointer, 25, 100, missing=True) is None
    assert endpointer.in_utterance
    assert endpointer.silence_s == pytest.approx(0.0)
    event = fed(endpointer, 125, 28)
    assert event == SpeechEnded(pytest.approx(0.5), pytest.approx(3.06), patience_ms=550)


def test_a_line_that_stays_dead_ends_the_utterance_in_the_end() -> None:
    endpointer = Endpointer(EndpointingProfile())
    feed(endpointer, spoken((True, 500)))
    event = fed(endpointer, 25, 400, missing=True)
    assert isinstance(event, SpeechEnded)
    assert event.detected_at_s == pytest.approx(0.5 + LONGEST_GAP_S, abs=0.05)


def test_made_up_frames_are_no_speech_whatever_they_sound_like() -> None:
    endpointer = Endpointer(EndpointingProfile())
    for index in range(50):
        assert endpointer.feed(True, index * FRAME_S, (index + 1) * FRAME_S, missing=True) is None


@given(
    runs=st.lists(
        st.tuples(st.booleans(), st.booleans(), st.integers(1, 40)), min_size=1, max_size=20
    ),
    judged=st.floats(0, 1),
)
def test_no_end_comes_before_the_shortest_patience(
    runs: list[tuple[bool, bool, int]], judged: float
) -> None:
    endpointer = Endpointer(PATIENT)
    index, heard = 0, 0.0
    for speech, missing, count in runs:
        for _ in range(count):
            event = endpointer.feed(speech, index * FRAME_S, (index + 1) * FRAME_S, missing=missing)
            index += 1
            heard = 0.0 if speech and not missing else heard + FRAME_S * (not missing)
            if isinstance(event, SpeechEnded) and event.detected_at_s - event.at_s < LONGEST_GAP_S:
                assert heard >= PATIENT.complete_ms / 1000 - 1e-6
            endpointer.judge(judged)


def test_an_utterance_ends_at_once_when_somebody_knows_that_it_is_over() -> None:
    endpointer = Endpointer(EndpointingProfile(trailing_silence_ms=5000, incomplete_ms=5000))
    events = [endpointer.feed(True, n * 0.02, (n + 1) * 0.02) for n in range(20)]
    assert any(isinstance(event, SpeechStarted) for event in events)
    ended = endpointer.end(0.42)
    assert (ended.at_s, ended.detected_at_s) == (pytest.approx(0.4), 0.42)
    assert not endpointer.in_utterance
    assert endpointer.feed(False, 0.42, 0.44) is None
