"""What the demonstration shows: screens, masked messages, slips, and whether each claim held."""

from __future__ import annotations

import asyncio
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from terminal.screens.console import text_of, width_of
from terminal.screens.render import png_bytes
from tools.paper import paper_png
from tools.rig import Monitor, Rig
from tools.rig.monitor import screen_of

__all__ = ["Stage"]

SLIP_S = 15.0
_QUIET_SCREENS = frozenset({"processing"})
"""Screens that pass too fast to be worth a box; they are drawn as pictures all the same."""
_INDENT = "    "
_WAYS = {"received": "→ to the bank", "answered": "← from the bank"}
_STAN = 11
MESSAGE_S = 5.0
_NAME_COLUMNS = 34


class Stage:
    """Prints the story and keeps its pictures."""

    def __init__(self, rig: Rig, output: Path) -> None:
        self._rig = rig
        self._output = output
        self._colour = sys.stdout.isatty()
        self._started = time.monotonic()
        self._monitor: Monitor | None = None
        self._shown = 0
        self._print_position = 0
        self._passed = 0
        self._printed = 0
        self._pictures = 0
        self._slips = 0
        self._familiar = set(_QUIET_SCREENS)
        self._claims: list[tuple[bool, str]] = []

    def prepare(self) -> None:
        """An empty folder for the pictures of this run."""
        for name in ("screens", "slips"):
            shutil.rmtree(self._output / name, ignore_errors=True)
            (self._output / name).mkdir(parents=True)

    # --- words -----------------------------------------------------------------------------

    def act(self, title: str) -> None:
        """A heading, with the seconds since the start."""
        elapsed = time.monotonic() - self._started
        heading, seconds = self._styled("1", f"━━ {title} "), self._styled("2", f"{elapsed:.1f} s")
        print(f"\n{heading}{seconds}")

    def say(self, text: str) -> None:
        """A sentence of the story."""
        print(f"   {text}")

    def claim(self, held: bool, text: str) -> None:
        """Something that must be true; the exit code remembers."""
        self._claims.append((held, text))
        sign = self._styled("32", "✔") if held else self._styled("31", "✘ NOT TRUE:")
        print(f"   {sign} {text}")

    def finish(self) -> bool:
        """The last words; whether every claim held."""
        broken = [text for held, text in self._claims if not held]
        seconds = time.monotonic() - self._started
        print(f"\n{len(self._claims) - len(broken)} of {len(self._claims)} claims held, in {seconds:.1f} s.")
        print(f"{self._pictures} screens and {self._slips} slips are in {self._output}/.")
        for text in broken:
            print(f"  ✘ {text}")
        return not broken

    # --- what was seen ---------------------------------------------------------------------

    async def follow(self) -> None:
        """Show what the terminal has shown and what went over the wire since the last time, in its order.

        Messages are shown as they passed at the host: complete with their MAC, and also those that the
        terminal exchanged before anybody watched it.
        """
        monitor = self._attached()
        lines = monitor.story.told[self._shown :]
        self._shown += len(lines)
        for index, line in enumerate(lines):
            if line["type"] == "screen" and not _same_place(line, lines[index + 1 :]):
                await self._screen(line)
            elif line["type"] == "message":
                await self._messages_upto(line)
        for event in self._rig.host.events.told[self._passed :]:
            self._message(event)
        self._passed = len(self._rig.host.events.told)

    async def _messages_upto(self, line: dict[str, Any]) -> None:
        """Show the messages that passed at the host up to the one the terminal tells of."""
        host = self._rig.host
        stan = next((int(shown) for element, _, _, shown in line["rows"] if element == _STAN), 0)
        passed = {"out": "received", "in": "answered"}[line["direction"]]
        if any(
            (event["event"], event.get("stan"), event.get("answer", event.get("mti"))) == (passed, stan, line["mti"])
            for event in host.events.told[: self._passed]
        ):
            return
        last = await host.event(passed, MESSAGE_S, after=self._passed, stan=stan)
        while True:
            event = host.events.told[self._passed]
            self._passed += 1
            self._message(event)
            if event is last:
                return

    async def slips(self, count: int) -> None:
        """Wait for so many slips more and keep each as a picture of its paper."""
        monitor = self._attached()
        for _ in range(count):
            line = await monitor.line("print", SLIP_S, after=self._print_position, what="a slip")
            self._print_position = monitor.story.told.index(line, self._print_position) + 1
            data = bytes(self._rig.printer.output[self._printed :])
            self._printed += len(data)
            self._slips += 1
            voucher = f"-{line['voucher']:06d}" if line.get("voucher") else ""
            path = self._output / "slips" / f"{self._slips:02d}-{line['what']}{voucher}.png"
            path.write_bytes(await asyncio.to_thread(paper_png, data))
            self.say(f"Slip ({line['what']}): {path}")

    def _attached(self) -> Monitor:
        """The monitor of the present run; after a restart everything is told from the beginning."""
        monitor = self._rig.terminal.monitor
        if monitor is not self._monitor:
            self._monitor, self._shown, self._print_position = monitor, 0, 0
        return monitor

    async def _screen(self, line: dict[str, Any]) -> None:
        screen = screen_of(line)
        if screen.name not in self._familiar:
            print("\n".join(_INDENT + row for row in text_of(screen, colour=self._colour).splitlines()))
        if screen.name == "idle" and screen.status.signed_on:
            self._familiar.add("idle")  # every act begins and ends there
        self._pictures += 1
        name = f"{self._pictures:02d}-{screen.name.replace('.', '-')}.png"
        picture = await asyncio.to_thread(png_bytes, screen)
        (self._output / "screens" / name).write_bytes(picture)

    def _message(self, event: dict[str, Any]) -> None:
        if event["event"] not in _WAYS:
            return
        mti = event.get("answer", event["mti"])
        heading = self._styled("36", f"{_WAYS[event['event']]}  {mti}")
        print(f"{_INDENT}{heading}")
        for element, name, chinese, shown in event["rows"]:
            words = f"{name} {chinese}".strip()
            space = " " * max(1, _NAME_COLUMNS - width_of(words))
            print(f"{_INDENT}  {element:>3}  {words}{space}{shown}")

    def _styled(self, style: str, text: str) -> str:
        return f"\x1b[{style}m{text}\x1b[0m" if self._colour else text


def _same_place(line: dict[str, Any], following: Sequence[dict[str, Any]]) -> bool:
    """Whether the next thing on the screen is the same place with more typed into it."""
    nearest = next((other for other in following if other["type"] == "screen"), None)
    return nearest is not None and nearest["name"] == line["name"]
