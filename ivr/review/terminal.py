"""The review without a browser: one panel per turn, one key per decision. Event loop only."""

import asyncio
import contextlib
import shutil
import tempfile
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rapidfuzz import fuzz, process
from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ivr.errors import AudioError, IvrError
from ivr.nlu.evaluation import OUT_OF_SCOPE
from ivr.review.audio import as_wav, cut
from ivr.review.catalogue import wish_of
from ivr.review.desk import Checked, Decision, Desk
from ivr.review.folding import Item
from ivr.review.journal import Choice
from ivr.review.keyboard import DOWN, END_OF_INPUT, ENTER, UP, Keys, edit_line, terminal_keys
from ivr.review.views import KINDS, PERSONAL, detail, similar_word, summary

LAYOUT: Final = dict(zip("уытчгщцйдф", "esnxuowqla", strict=True))
"""The Russian layout's letters on the keys that mean something here."""
PLAYERS: Final = (
    ("aplay", "-q"),
    ("paplay",),
    ("ffplay", "-nodisp", "-autoexit", "-loglevel", "quiet"),
)
HELP: Final = (
    "[b]1-9[/] намерение  [b]Enter[/] первое  [b]a[/] по имени  [b]e[/] править  "
    "[b]n[/] новое слово  [b]o[/] не по теме  [b]x[/] не для обучения  [b]s[/] отложить\n"
    "[b]пробел[/] слушать  [b]l[/] похожие  [b]↑ ↓[/] двигаться  [b]u[/] отменить прошлое  "
    "[b]w[/] записать  [b]q[/] закончить"
)


class TerminalReview:
    """Walks through the desk's queue."""

    def __init__(self, desk: Desk, console: Console, keys: Keys, sounds: Path) -> None:
        """`sounds`: folder for the cut recordings of this session."""
        self._desk = desk
        self._console = console
        self._keys = keys
        self._sounds = sounds
        self.player: Process | None = None
        """What plays the present turn, or played it last."""
        self._order = list(desk.items)
        self._at = 0
        self._checked: Checked | None = None
        self._words: tuple[str, ...] = ()

    async def run(self) -> None:
        """Until the queue is empty or the trainer ends it."""
        while (item := self._next()) is not None:
            self._words = ()
            self._checked = await self._desk.check(item.masked.text)
            self._show(item)
            if not await self._decide(item):
                return
        self._console.print("Разбор закончен.")

    def _next(self) -> Item | None:
        """The item at the place, or the next undecided one after it."""
        decided = self._decided()
        for step in range(len(self._order)):
            place = (self._at + step) % len(self._order)
            if self._order[place] not in decided:
                self._at = place
                return self._desk.items[self._order[place]]
        return None

    def _decided(self) -> set[str]:
        return {key for entry in self._desk.standing().decided.values() for key in entry.keys}

    async def _decide(self, item: Item) -> bool:
        """Keys until something was decided about the item; False ends the review."""
        while True:
            key = await self._keys.key()
            key = LAYOUT.get(key.lower(), key.lower()) if len(key) == 1 else key
            if key in {"q", END_OF_INPUT}:
                return False
            try:
                if await self._obey(key, item):
                    return True
            except IvrError as exc:
                self._console.print(f"[red]{escape(exc.message)}[/]")

    async def _obey(self, key: str, item: Item) -> bool:
        """Do what the key says; True when the queue is to be looked at anew."""
        match key:
            case "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9":
                return self._accept(item, int(key) - 1)
            case _ if key == ENTER:
                return self._accept(item, 0)
            case "o":
                return self._train(item, OUT_OF_SCOPE)
            case "a":
                name = await self._by_name()
                return bool(name) and self._train(item, name)
            case "x" | "s":
                choice = Choice.REJECT if key == "x" else Choice.SKIP
                self._desk.decide(Decision(key=item.key, choice=choice))
                return True
            case "u":
                undone = self._desk.undo().key
                # It may be of an earlier session: then it comes with the next start.
                self._at = self._order.index(undone) if undone in self._order else self._at
                return True
            case _ if key in {UP, DOWN}:
                self._at = (self._at + (1 if key == DOWN else -1)) % len(self._order)
                return True
            case _:
                await self._help_with(key, item)
                return False

    async def _help_with(self, key: str, item: Item) -> None:
        """Keys that decide nothing."""
        match key:
            case "e":
                text = self._checked.text if self._checked else ""
                edited = await edit_line(self._keys, "фраза: ", text)
                if edited is not None:
                    self._checked = await self._desk.check(edited)
                    self._show(item)
            case "n":
                await self._add_word()
            case " ":
                await self._play(item)
            case "l":
                for turn in item.similar:
                    self._console.print(
                        f"  {escape((await self._desk.check(turn.turn.text)).text)}"
                    )
            case "w":
                done = self._desk.write()
                counts = (done.training, done.held_out, done.words, done.refused)
                self._console.print(summary(*map(len, counts)))
                for refused in done.refused:
                    self._console.print(f"  «{escape(refused.text)}»: {escape(refused.why)}")
            case "?":
                self._console.print(HELP)

    def _accept(self, item: Item, number: int) -> bool:
        suggestions = self._checked.suggestions if self._checked else ()
        if number >= len(suggestions):
            self._console.print("[yellow]нет намерения с таким номером[/]")
            return False
        return self._train(item, suggestions[number].intent)

    def _train(self, item: Item, intent: str) -> bool:
        assert self._checked is not None
        self._desk.decide(
            Decision(
                key=item.key,
                choice=Choice.TRAIN,
                text=self._checked.text,
                intent=intent,
                entities=self._checked.entities,
                words=self._words,
            )
        )
        self._console.print(f"[green]✓[/] {intent}")
        return True

    async def _by_name(self) -> str:
        """Choose among all intents by a part of the name or of what it is for; '' for none."""
        said = await edit_line(self._keys, "намерение: ")
        if not said:
            return ""
        described = {one.name: f"{one.name} {one.wish}" for one in self._desk.catalogue}
        found = process.extract(said, described, scorer=fuzz.partial_ratio, limit=9)
        names = [name for _, _, name in found]
        for number, name in enumerate(names, 1):
            self._console.print(f"  [b]{number}[/] {escape(wish_of(name))}  [dim]{name}[/]")
        key = await self._keys.key()
        return names[int(key) - 1] if key.isdecimal() and 0 < int(key) <= len(names) else ""

    async def _add_word(self) -> None:
        unknown = self._checked.unknown_words if self._checked else ()
        word = await edit_line(self._keys, "новое слово: ", next(iter(unknown), ""))
        if word:
            self._words = (*self._words, word.lower())

    async def _play(self, item: Item) -> None:
        """Through a player of the machine; without one the file's path is told."""
        try:
            samples = await asyncio.to_thread(cut, item.turn.recording, item.turn.turn)
        except AudioError as exc:
            self._console.print(f"[yellow]{escape(exc.message)}[/]")
            return
        file = self._sounds / "turn.wav"
        file.write_bytes(as_wav(samples))
        await self.stop_playing()
        for name, *options in PLAYERS:
            if path := shutil.which(name):
                self.player = await asyncio.create_subprocess_exec(
                    path, *options, str(file), stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL
                )
                return
        self._console.print(f"нет проигрывателя (aplay, paplay, ffplay); запись: {file}")

    async def stop_playing(self) -> None:
        """End the player, if one is running."""
        player, self.player = self.player, None
        if player is not None:
            with contextlib.suppress(ProcessLookupError):
                player.terminate()
            await player.wait()

    def _show(self, item: Item) -> None:
        assert self._checked is not None
        view = detail(item, ())
        rows = Table.grid(padding=(0, 2))
        facts: Sequence[tuple[str, RenderableType]] = (
            ("до этого", escape(view.previous.bot) if view.previous else "начало звонка"),
            ("услышано", _percent(escape(view.heard) or "ничего", view.speech_confidence)),
            ("черновик", escape(view.last_partial) if view.last_partial != view.heard else ""),
            (
                "понято",
                _percent(f"{view.wish} {view.intent} {view.decision}", view.intent_confidence),
            ),
            ("ответ", escape(view.reply)),
            ("убрано", ", ".join(PERSONAL[mark.kind] for mark in view.marks)),
            ("фраза", f"[b]{escape(self._checked.text)}[/]"),
            ("разметка", self._entities()),
            ("незнакомо", ", ".join(self._checked.unknown_words)),
            ("внимание", escape(self._checked.trouble or self._checked.objection)),
        )
        for name, value in facts:
            if value:
                rows.add_row(f"[dim]{name}[/]", value)
        done = len(self._decided() & set(self._order))
        title = f"{done} из {len(self._order)} · {', '.join(view.reasons) or 'без замечаний'}"
        if similar := similar_word(len(item.similar)):
            title += f" · {similar}"
        self._console.print(Panel(Group(rows, Text(), self._suggestions()), title=title))
        self._console.print(HELP, style="dim")

    def _entities(self) -> str:
        assert self._checked is not None
        text = self._checked.text
        return ", ".join(
            f"{KINDS[one.kind]}: {escape(text[one.start : one.end])}"
            for one in self._checked.entities
        )

    def _suggestions(self) -> Table:
        table = Table.grid(padding=(0, 2))
        for number, one in enumerate(self._checked.suggestions if self._checked else (), 1):
            sure = f"{one.confidence * 100:.0f} %" if one.by_model else "похоже"
            table.add_row(f"[b]{number}[/]", escape(wish_of(one.intent)), sure, one.intent)
        return table


def _percent(text: str, value: float | None) -> str:
    return text if value is None else f"{text}  [dim]{value * 100:.0f} %[/]"


async def review_in_terminal(desk: Desk, console: Console) -> None:
    """Review on the terminal of this process; `SetupError` where there is none."""
    with terminal_keys() as keys, tempfile.TemporaryDirectory(prefix="ivr-review-") as folder:
        review = TerminalReview(desk, console, keys, Path(folder))
        try:
            await review.run()
        finally:
            await review.stop_playing()
