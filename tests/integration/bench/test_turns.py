"""Parts of the turn-taking bench with what is real: UDP, Vosk, synthesizers."""

import asyncio
from pathlib import Path

import pytest

from ivr.audio.pcm import LINE_RATE_HZ
from ivr.bench.turns.borders import borders_of
from ivr.bench.turns.line import INSIDE, PUBLIC, Line
from ivr.bench.turns.rows import STRETCH, Half, Kind, Profile, TurnRow
from ivr.bench.turns.run import read_turns
from ivr.bench.turns.sounds import VOICES, SoundBank, SpokenTurn
from ivr.fixtures.adding import read_manifest

pytestmark = pytest.mark.integration


class Far(asyncio.DatagramProtocol):
    """Keeps what comes; `answers` sends it back."""

    def __init__(self, *, answers: bool) -> None:
        self.came: asyncio.Queue[bytes] = asyncio.Queue()
        self.answers = answers
        self.transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.came.put_nowait(data)
        if self.answers:
            self.transport.sendto(data.upper(), addr)


async def open_far(*, answers: bool) -> Far:
    loop = asyncio.get_running_loop()
    _, far = await loop.create_datagram_endpoint(lambda: Far(answers=answers), (INSIDE, 0))
    return far


async def test_a_line_carries_packets_both_ways_and_loses_what_it_should():
    service, first, second = [await open_far(answers=side) for side in (True, False, False)]
    port = service.transport.get_extra_info("sockname")[1]
    async with asyncio.timeout(20), Line((), (port,), seed=1) as line:
        for caller, text in ((first, b"one"), (second, b"two")):
            caller.transport.sendto(text, (PUBLIC, port))
            assert await caller.came.get() == text.upper()
        line.loss = 1.0
        first.transport.sendto(b"lost", (PUBLIC, port))
        while not line.lost:
            await asyncio.sleep(0.01)
        line.loss = 0.0
        first.transport.sendto(b"three", (PUBLIC, port))
        assert await first.came.get() == b"THREE"
    assert [service.came.get_nowait() for _ in range(3)] == [b"one", b"two", b"three"]
    for far in (service, first, second):
        far.transport.close()


async def test_signalling_is_never_lost():
    service, caller = [await open_far(answers=side) for side in (True, False)]
    port = service.transport.get_extra_info("sockname")[1]
    async with asyncio.timeout(20), Line((port,), (), seed=1) as line:
        line.loss = 1.0
        caller.transport.sendto(b"invite", (PUBLIC, port))
        assert await caller.came.get() == b"INVITE"
    for far in (service, caller):
        far.transport.close()


async def test_the_callers_own_address_is_not_told_in_signalling():
    """Or both user agents would find a way past the line."""
    service, caller = [await open_far(answers=side) for side in (True, False)]
    port = service.transport.get_extra_info("sockname")[1]
    asked = f"INVITE\r\nc=IN IP4 {INSIDE}\r\nm=audio 4000".encode()
    async with asyncio.timeout(20), Line((port,), (), seed=1):
        caller.transport.sendto(asked, (PUBLIC, port))
        told = await service.came.get()
    assert told == asked.replace(INSIDE.encode(), PUBLIC.encode())
    assert len(told) == len(asked)  # as Content-Length says
    for far in (service, caller):
        far.transport.close()


async def test_a_gap_lasts_from_one_piece_to_the_next():
    line = Line((), (), seed=1)
    second = LINE_RATE_HZ
    spoken = SpokenTurn(b"", ((0, second // 4), (second, 2 * second)))
    row = TurnRow(
        id="x", part=Half.DEV, profile=Profile.DIGITS, kind=Kind.LOSS, conditions=("gap=750",)
    )
    async with asyncio.timeout(20), line.worse(row, spoken):
        assert line.loss == 0.0
        while line.loss == 0.0:
            await asyncio.sleep(0.01)
        assert line.loses()
        while line.loss == 1.0:
            await asyncio.sleep(0.01)
    assert not line.loses()


async def test_the_set_is_cut_where_the_bundled_model_hears_words_end():
    cut = [row for row in read_turns() if any("@" in piece for piece in row.pieces)][:4]
    files = {row.pieces[0].partition("@")[0] for row in cut}
    fixtures = [row for row in read_manifest(Path("audio_fixtures")) if row.file in files]
    borders = await borders_of(fixtures, Path("audio_fixtures"), Path("models/ru-0611"))
    for row in cut:
        for piece in row.pieces[1:]:
            stretch = STRETCH.fullmatch(piece)
            assert stretch is not None
            places = [f"{second:.2f}" for second, _ in borders[stretch["file"]]]
            assert stretch["start"] in places


async def test_every_voice_of_the_set_speaks_and_is_kept(tmp_path: Path):
    row = TurnRow(
        id="x",
        part=Half.DEV,
        profile=Profile.OPEN,
        kind=Kind.PAUSE,
        pieces=tuple(f"{voice}:баланс" for voice in VOICES),
        pauses_ms=(300,) * (len(VOICES) - 1),
    )
    bank = SoundBank(cache=tmp_path)
    assert await bank.render([row]) == len(VOICES)
    assert await bank.render([row]) == 0
    spoken = bank.spoken(row)
    lengths = [(end - start) / LINE_RATE_HZ for start, end in spoken.pieces]
    assert all(0.2 < length < 1.5 for length in lengths)
