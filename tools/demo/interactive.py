"""The counter under your own fingers: keys of the console are keys of the terminal, letters are what customers do."""

from __future__ import annotations

import asyncio
import os
import sys
import termios
import tty
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from drivers.simulated import SimulatedPrinter
from terminal.domain.money import CURRENCIES, format_amount
from terminal.screens.console import text_of
from tools.paper import paper_png
from tools.rig import ACCOUNTS, Rig, RigError, TerminalOptions
from tools.rig.monitor import screen_of

__all__ = ["serve"]

REFRESH_S = 0.05
RESPONSE_S = 15
KEYS_MAX = 256
_QUIT = frozenset({b"\x03", b"\x04"})
_TERMINAL_KEYS = {
    **{str(digit).encode(): str(digit) for digit in range(10)},
    b"\r": "enter",
    b"\n": "enter",
    b"\x7f": "clear",
    b"\x08": "clear",
    b"\x1b": "cancel",
    b"\x1b[A": "up",
    b"\x1b[B": "down",
}
_CLEAR = "\x1b[H\x1b[2J"


@dataclass(frozen=True, slots=True)
class Deed:
    """Something a customer, the network or fate does at a letter."""

    letter: str
    purpose: str
    do: Callable[[Rig], Awaitable[str]]
    """Does it and says what has been done."""


def _swipe(name: str) -> Callable[[Rig], Awaitable[str]]:
    async def do(rig: Rig) -> str:
        rig.swipe(name)
        return f"Card {name!r} is swiped; its PIN is {ACCOUNTS[name].pin}."

    return do


def _scan(code: str, whose: str) -> Callable[[Rig], Awaitable[str]]:
    async def do(rig: Rig) -> str:
        rig.scan(code)
        return f"The payment code of {whose!r} is scanned."

    return do


def _fault(fault: str, words: str) -> Callable[[Rig], Awaitable[str]]:
    async def do(rig: Rig) -> str:
        await rig.host.do("next-answer", fault=fault, mti="0200", seconds=RESPONSE_S + 5)
        return words

    return do


async def _power_cut(rig: Rig) -> str:
    await rig.terminal.kill()
    await rig.terminal.start()
    return "SIGKILL, and started again."


async def _paper(rig: Rig) -> str:
    rig.printer.paper = not rig.printer.paper
    return "The printer has paper." if rig.printer.paper else "The printer is out of paper."


async def _books(rig: Rig) -> str:
    books = await rig.compare()
    equal = "equal" if not books.faults else "; ".join(books.faults)
    terminal, bank = _money(books.terminal_minor), _money(books.host_minor)
    return f"Terminal: {books.terminal_count} sales, {terminal}. Bank: {books.host_count}, {bank}. The books: {equal}."


DEEDS = (
    Deed("g", "swipe a good card (PIN 123456)", _swipe("good")),
    Deed("s", "swipe a card that needs no PIN", _swipe("signature")),
    Deed("l", "swipe a card with 10.00 on it (PIN 111111)", _swipe("low")),
    Deed("t", "swipe a stolen card (PIN 333333)", _swipe("stolen")),
    Deed("e", "swipe an expired card", _swipe("expired")),
    Deed("q", "show a payment code", _scan("6220001234567890018", "good")),
    Deed("w", "show a payment code without money", _scan("6220001234567890026", "low")),
    Deed("n", "lose the next answer", _fault("no-answer", "The answer to the next sale will be lost.")),
    Deed("m", "spoil the next answer's MAC", _fault("wrong-mac", "The next answer will carry a wrong MAC.")),
    Deed("x", "cut the power", _power_cut),
    Deed("o", "take the paper out, or put it in", _paper),
    Deed("b", "compare the books", _books),
)


async def serve(language: str, output: Path) -> None:
    """Open the counter until Ctrl-C. Raises RigError."""
    slips = output / "slips"
    slips.mkdir(parents=True, exist_ok=True)
    options = TerminalOptions(language=language, overrides={"response_s": RESPONSE_S}, timeouts={"outcome_s": 20})
    async with Rig(options, "--quiet") as rig:
        await rig.terminal.start()
        await rig.until_input_devices()
        counter = _Counter(rig, slips)
        with _raw(sys.stdin.fileno()):
            await counter.run()


class _Counter:
    """Draws when something has changed; carries keys to the devices one after the other."""

    def __init__(self, rig: Rig, slips: Path) -> None:
        self._rig = rig
        self._slips = _SlipFolder(rig.printer, slips)
        self._keys: asyncio.Queue[bytes] = asyncio.Queue(KEYS_MAX)
        self._said = "Press 1 for a sale, or Enter for the menu."
        self._drawn = ""

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        descriptor = sys.stdin.fileno()
        loop.add_reader(descriptor, self._read, descriptor)
        drawing = asyncio.create_task(self._draw_for_ever())
        try:
            while (key := await self._keys.get()) not in _QUIT:
                await self._handle(key)
        finally:
            loop.remove_reader(descriptor)
            drawing.cancel()
            await asyncio.gather(drawing, return_exceptions=True)

    def _read(self, descriptor: int) -> None:
        data = os.read(descriptor, 64)
        keys = [data] if data in _TERMINAL_KEYS or not data else [bytes([byte]) for byte in data]
        for key in keys:
            if not self._keys.full():
                self._keys.put_nowait(key or b"\x04")  # no more input: the console has gone

    async def _handle(self, key: bytes) -> None:
        if key in _TERMINAL_KEYS:
            await self._rig.press(_TERMINAL_KEYS[key])
            return
        deed = next((deed for deed in DEEDS if deed.letter.encode() == key.lower()), None)
        if deed is not None:
            try:
                self._said = await deed.do(self._rig)
            except RigError as error:
                self._said = str(error)

    async def _draw_for_ever(self) -> None:
        while True:
            saved = await self._slips.save()
            if saved:
                self._said = f"Slip: {saved}"
            text = self._text()
            if text != self._drawn:
                self._drawn = text
                print(_CLEAR + text, flush=True)
            await asyncio.sleep(REFRESH_S)

    def _text(self) -> str:
        shown = self._rig.terminal.monitor.screen
        screen = text_of(screen_of(shown), colour=True) if shown else "(dark)"
        help_lines = [f"  {deed.letter}  {deed.purpose}" for deed in DEEDS]
        keys = "  0-9 Enter Backspace Esc ↑ ↓ are the terminal's keys; Ctrl-C ends."
        return "\n".join([screen, "", f"  {self._said}", "", *help_lines, keys])


class _SlipFolder:
    """Keeps each slip as a picture once no more of it comes."""

    def __init__(self, printer: SimulatedPrinter, folder: Path) -> None:
        self._printer = printer
        self._folder = folder
        self._kept = 0
        self._seen = 0
        self._count = 0

    async def save(self) -> Path | None:
        """The path of a slip that has just been finished, or None."""
        length = len(self._printer.output)
        resting, self._seen = length == self._seen, length
        if length == self._kept or not resting:
            return None
        data, self._kept = bytes(self._printer.output[self._kept : length]), length
        self._count += 1
        path = self._folder / f"interactive-{self._count:02d}.png"
        picture = await asyncio.to_thread(paper_png, data)
        await asyncio.to_thread(path.write_bytes, picture)
        return path


def _money(amount_minor: int) -> str:
    return format_amount(amount_minor, CURRENCIES["156"])


@contextmanager
def _raw(descriptor: int) -> Iterator[None]:
    """Keys as they are pressed, without echo; the console as it was afterwards."""
    before = termios.tcgetattr(descriptor)
    tty.setraw(descriptor, termios.TCSANOW)
    # Output keeps its line ends, or the picture would run off to the right.
    mode = termios.tcgetattr(descriptor)
    mode[1] |= termios.OPOST
    termios.tcsetattr(descriptor, termios.TCSANOW, mode)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
