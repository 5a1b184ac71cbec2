"""The counter behind the page: processes and devices of the rig, what is done to them, what they tell."""

from __future__ import annotations

import asyncio
import base64
import io
import os
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from tools.bench.network import Network
from tools.bench.printer import BenchPrinter
from tools.bench.tray import CARDS, CODES, TEST_CARD_PREFIX
from tools.rig import Rig, RigError, TerminalOptions
from tools.rig.lines import Line, Lines, connect

__all__ = ["Counter"]

STORY_MAX = 200
"""What a page that is opened later is told of the past."""
SLIP_STRIPS_MAX = 400
KEYS_MAX = 64
METERS_S = 1.0
RESPONSE_S = 15.0
"""Patience of the bench's terminal: long enough to see, short enough to wait for."""
_STORY = frozenset({"message", "device", "print", "stall", "note", "sign-on"})
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Counter:
    """One counter; ``tell`` is called with every line a page should know."""

    def __init__(self, language: str, tell: Callable[[Line], None], response_s: float = RESPONSE_S) -> None:
        self._response_s = response_s
        options = TerminalOptions(
            language=language,
            overrides={"response_s": response_s, "card_refused_bins": [TEST_CARD_PREFIX]},
            timeouts={"outcome_s": 20},
        )
        self._rig = Rig(options, "--quiet")
        self._rig.printer = self.printer = BenchPrinter(self._rig.folder / "printer.sock", self._strip, self._cut)
        self._tell = tell
        self._network: Network | None = None
        self._monitor: Lines | None = None
        self._keys: asyncio.Queue[str] = asyncio.Queue(KEYS_MAX)
        self._tasks: list[asyncio.Task[None]] = []
        self._power = asyncio.Lock()
        self._frame_asked = self._frame_wanted = False
        self._story: deque[Line] = deque(maxlen=STORY_MAX)
        self._roll: deque[Line] = deque(maxlen=SLIP_STRIPS_MAX)
        self.screen: Line = {}
        self._frame: Line = {}
        self._host: Line = {}
        self._plugged = dict.fromkeys(("keypad", "reader", "scanner", "printer"), True)
        self._stalls, self._longest_ms = 0, 0.0

    async def start(self) -> None:
        """Host, network, devices, terminal. Raises RigError."""
        await self._rig.__aenter__()
        self._network = Network(self._rig.host.port)
        await self._network.start()
        self._rig.terminal.reach_host_at(self._network.port)
        await self._switch_on()
        for work in (self._type_keys, self._meter, self._watch_host):
            self._tasks.append(asyncio.create_task(work()))

    async def close(self) -> None:
        """End everything."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._monitor is not None:
            await self._monitor.close()
        if self._network is not None:
            await self._network.close()
        await self._rig.close()

    # --- what is seen ----------------------------------------------------------------------

    @property
    def journal(self) -> Path:
        """The terminal's journal, for whoever checks the books."""
        return self._rig.terminal.journal

    def snapshot(self) -> list[Line]:
        """All that a page needs that has just been opened."""
        trays = {
            "type": "trays",
            "cards": [{"name": card.name, "title": card.title, "hint": card.hint} for card in CARDS.values()],
            "codes": [{"name": code.name, "title": code.title, "hint": code.hint} for code in CODES.values()],
        }
        lines = [trays, self._switches(), *self._roll, *self._story, self.screen, self._frame, self._host]
        return [line for line in lines if line]

    def _switches(self) -> Line:
        return {
            "type": "switches",
            "power": self._rig.terminal.running,
            "plugged": dict(self._plugged),
            "paper": self.printer.paper,
            "ending": self.printer.dots_left is not None,
            "cover": self.printer.cover_closed,
            "network": self._network.mode if self._network else "down",
        }

    def _say(self, line: Line) -> None:
        if line["type"] in _STORY:
            line = {**line, "at": time.time()}
            self._story.append(line)
        self._tell(line)

    def note(self, text: str) -> None:
        """A sentence in the story."""
        self._say({"type": "note", "text": text})

    def _take(self, line: Line) -> None:
        """A line of the monitor."""
        match line["type"]:
            case "screen":
                self.screen = line
                self._ask_frame()
            case "frame":
                self._frame, self._frame_asked = line, False
                if self._frame_wanted:
                    self._ask_frame()
            case "stall":
                self._stalls += 1
                self._longest_ms = max(self._longest_ms, line["ms"])
            case "device" if line["device"] == "printer" and line["state"] == "open":
                pass
        self._say(line)

    def _ask_frame(self) -> None:
        """One picture at a time; screens that pass meanwhile share the next one."""
        if self._monitor is None or self._frame_asked:
            self._frame_wanted = True
            return
        self._frame_asked, self._frame_wanted = True, False
        self._monitor.send({"ask": "frame"})

    def _strip(self, strip: Image.Image) -> None:
        out = io.BytesIO()
        strip.save(out, "PNG")
        self._paper(
            {
                "type": "strip",
                "height": strip.height,
                "width": strip.width,
                "png": base64.b64encode(out.getvalue()).decode(),
            }
        )

    def _cut(self) -> None:
        self._paper({"type": "cut"})

    def _paper(self, line: Line) -> None:
        self._roll.append(line)
        self._tell(line)
        if not self.printer.paper:
            self._tell(self._switches())

    # --- what is done ----------------------------------------------------------------------

    async def press(self, key: str) -> None:
        """A key; what is typed faster than a keypad can send is left out."""
        if not self._keys.full():
            self._keys.put_nowait(key)

    async def swipe(self, card: str) -> None:
        """A card of the rail."""
        CARDS[card].swipe(self._rig.reader)

    async def scan(self, code: str) -> None:
        """A code of the tray."""
        self._rig.scanner.scan(CODES[code].text)

    async def plug(self, device: str, plugged: bool) -> None:
        """A device's cable."""
        if plugged is not self._plugged[device]:
            self._plugged[device] = plugged
            end = getattr(self._rig, device)
            await (end.replug() if plugged else end.unplug())
        self._tell(self._switches())

    async def paper(self, what: str) -> None:
        """The roll: ``out``, ``ending`` (in the next slip) or ``new``; the cover: ``open`` or ``closed``."""
        match what:
            case "out":
                self.printer.paper = False
            case "ending":
                self.printer.end_soon()
            case "new":
                self.printer.new_roll()
            case "open" | "closed":
                self.printer.cover_closed = what == "closed"
        self._tell(self._switches())

    async def tear(self) -> None:
        """Take the slips away."""
        self._roll.clear()
        self._tell({"type": "torn"})

    async def network(self, mode: str) -> None:
        """The network's knob."""
        assert self._network is not None
        await self._network.set(mode)
        self._tell(self._switches())

    async def power(self, on: bool) -> None:
        """SIGKILL, or a start: what a power cut is for a process. Raises RigError."""
        async with self._power:
            if on and not self._rig.terminal.running:
                await self._switch_on()
                self.note("The power is back; the terminal starts again.")
            elif not on and self._rig.terminal.running:
                await self._rig.terminal.kill()
                if self._monitor is not None:
                    await self._monitor.close()
                    self._monitor = None
                self.screen, self._frame = {"type": "dark"}, {}
                self._tell(self.screen)
                self.note("SIGKILL: the power is cut.")
            self._tell(self._switches())

    async def next_answer(self, fault: str, code: str = "") -> None:
        """What the host does with the next request. Raises RigError when it knows no such thing."""
        if fault == "none":
            await self._rig.host.do("clear-faults")
            self.note("The host will answer as it should.")
            return
        order = {"fault": fault, "mti": "0200", "seconds": self._response_s + 5.0}
        await self._rig.host.do("next-answer", **(order | {"code": code} if code else order))
        self.note(f"The next payment meets: {fault} {code}".strip())

    async def books(self) -> None:
        """Terminal and host side by side."""
        found = await self._rig.compare()
        self._tell(
            {
                "type": "books",
                "terminal": [found.terminal_count, found.terminal_minor],
                "host": [found.host_count, found.host_minor],
                "faults": list(found.faults),
            }
        )

    async def until_screen(self, name: str, timeout_s: float) -> None:
        """Wait until a screen (a name ending with a dot: any below it) is up. Raises RigError."""
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    shown = str(self.screen.get("name", ""))
                    if shown == name or (name.endswith(".") and shown.startswith(name)):
                        return
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise RigError(f"The terminal does not show {name}.", "Take what is in its way, and try again.") from None

    # --- in the background -----------------------------------------------------------------

    async def _switch_on(self) -> None:
        terminal = self._rig.terminal
        await terminal.start(watch=False)
        self._frame_asked = self._frame_wanted = False
        self._monitor = await connect(self._rig.folder / "monitor.sock", self._take, lambda: terminal.running)
        if self._frame_wanted:
            self._ask_frame()

    async def _type_keys(self) -> None:
        while True:
            await self._rig.keypad.press(await self._keys.get())

    async def _meter(self) -> None:
        """Memory of the terminal and the loop's stalls, once a second."""
        while True:
            terminal = self._rig.terminal
            memory = await asyncio.to_thread(_memory_bytes, terminal.pid) if terminal.running else 0
            self._tell(
                {"type": "meters", "memory": memory, "stalls": self._stalls, "longest_ms": round(self._longest_ms, 1)}
            )
            await asyncio.sleep(METERS_S)

    async def _watch_host(self) -> None:
        """The ledger and the accounts whenever something has happened at the host."""
        events = self._rig.host.events
        while True:
            if events.told or not self._host:
                events.told.clear()
                self._host = {
                    "type": "host",
                    "ledger": (await self._rig.host.ask("ledger"))[-20:],
                    "accounts": await self._rig.host.ask("accounts"),
                }
                self._tell(self._host)
            await asyncio.sleep(0.1)


def _memory_bytes(pid: int) -> int:
    """Resident memory of a process; 0 when it has just gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * _PAGE_BYTES
    except (OSError, IndexError):
        return 0
