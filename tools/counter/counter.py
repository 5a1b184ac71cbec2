"""The counter: processes and devices of the rig, what is done to them, what they tell."""

from __future__ import annotations

import asyncio
import base64
import os
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from tools.counter.network import Network
from tools.counter.panel import Panel, png_of
from tools.counter.printer import BenchPrinter
from tools.counter.seen import Seen
from tools.counter.senses import BeeperPipe, SimulatedLineDisplay
from tools.counter.tray import CARDS, CODES, TEST_CARD_PREFIX
from tools.rig import Comparison, Rig, RigError, TerminalOptions
from tools.rig.lines import Line, Lines, connect

__all__ = ["RESPONSE_S", "Choices", "Counter"]

STORY_MAX = 200
"""What a page that is opened later is told of the past."""
SLIP_STRIPS_MAX = 400
KEYS_MAX = 64
METERS_S = 1.0
HOST_LOOK_S = 0.1
DEVICE_S = 20.0
RESPONSE_S = 15.0
"""Patience of the counter's terminal: long enough to see, short enough to wait for."""
LATER_S = 5.0
"""By how much a late answer misses the terminal's patience."""
LEDGER_SHOWN = 20
_STORY = frozenset({"message", "device", "print", "note", "sign-on"})
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Choices:
    """What can be chosen before the counter opens."""

    language: str = "en"
    panel: str = "320x240"
    theme: str = "day"
    text: str = "normal"
    response_s: float = RESPONSE_S
    outcome_s: float = 20.0
    """How long a result stays on the screen by itself."""


class Counter:
    """One counter; ``tell`` is called with every line that whoever looks at it should know."""

    def __init__(self, choices: Choices, tell: Callable[[Line], None], wall: Callable[[], float] = time.time) -> None:
        self._tell = tell
        self._wall = wall
        self._response_s = choices.response_s
        self._rig = Rig(TerminalOptions(), "--quiet")
        folder = self._rig.folder
        self.panel = Panel(folder, choices.panel)
        self._customer = SimulatedLineDisplay(folder / "customer.sock", self._customer_sees)
        self._beeper = BeeperPipe(folder / "beeper", lambda hertz: self._tell({"type": "tone", "hertz": hertz}))
        self._rig.printer = self.printer = BenchPrinter(folder / "printer.sock", self._strip, self._cut)
        self._rig.terminal.options = TerminalOptions(
            language=choices.language,
            customer_language=choices.language,
            overrides={"response_s": choices.response_s, "card_refused_bins": [TEST_CARD_PREFIX]},
            timeouts={"outcome_s": choices.outcome_s},
            display={
                "driver": "framebuffer",
                "address": self.panel.address,
                "theme": choices.theme,
                "text": choices.text,
                "beeper": str(self._beeper.path),
            },
            customer_display=self._customer.address,
        )
        self._network: Network | None = None
        self._monitor: Lines | None = None
        self._keys: asyncio.Queue[str] = asyncio.Queue(KEYS_MAX)
        self._tasks: list[asyncio.Task[None]] = []
        self._power = asyncio.Lock()
        self._drawn = asyncio.Event()
        self._story: deque[Line] = deque(maxlen=STORY_MAX)
        self._roll: deque[Line] = deque(maxlen=SLIP_STRIPS_MAX)
        self.seen = Seen()
        self.screen: Line = {}
        self._frame: Line = {}
        self._host: Line = {}
        self._customer_rows: Line = {}
        self._plugged = dict.fromkeys(("keypad", "reader", "scanner", "printer"), True)
        self._stalls, self._longest_ms = 0, 0.0

    async def start(self) -> None:
        """Host, network, devices, terminal. Raises RigError."""
        await self._rig.__aenter__()
        await self._customer.start()
        self._beeper.start()
        self._network = Network(self._rig.host.port, self._response_s + LATER_S)
        await self._network.start()
        self._rig.terminal.reach_host_at(self._network.port)
        await self._switch_on()
        for work in (self._type_keys, self._meter, self._watch_host, self._photograph):
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
        self._beeper.close()
        await self._customer.unplug()
        await self._rig.close()

    # --- what is seen ----------------------------------------------------------------------

    @property
    def journal(self) -> Path:
        """The terminal's journal, for whoever checks the books."""
        return self._rig.terminal.journal

    @property
    def terminal_pid(self) -> int:
        """Process id of the terminal. Raises RigError when it has no power."""
        return self._rig.terminal.pid

    def snapshot(self) -> list[Line]:
        """All that a page needs that has just been opened."""
        trays = {
            "type": "trays",
            "cards": [{"name": card.name, "title": card.title, "hint": card.hint, "kind": card.kind}
                      for card in CARDS.values()],
            "codes": [{"name": code.name, "title": code.title, "hint": code.hint, "picture": code.picture}
                      for code in CODES.values()],
            "panel": [self.panel.width, self.panel.height],
        }  # fmt: skip
        lines = [trays, self._switches(), *self._roll, *self._story, self.screen, self._frame, self._host]
        return [line for line in (*lines, self._customer_rows) if line]

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
            line = {**line, "at": self._wall()}
            self._story.append(line)
        self._tell(line)

    def note(self, text: str) -> None:
        """A sentence in the story."""
        self._say({"type": "note", "text": text})

    def _take(self, line: Line) -> None:
        """A line of the monitor."""
        match line["type"]:
            case "screen":
                self._show(line)
            case "loop":
                self._measured(line["longest_ms"])
                return
            case "stall":
                self._stalls += 1
                self._longest_ms = max(self._longest_ms, line["ms"])
                return
        self._say(line)

    def _show(self, line: Line) -> None:
        self.screen = line
        signed_on = bool(line.get("status", {}).get("signed_on"))
        self.seen.screen(str(line.get("name", line["type"])), signed_on=signed_on)
        self._drawn.set()

    async def _photograph(self) -> None:
        """The panel as often as it has changed; changes that come together share a picture."""
        while True:
            await self._drawn.wait()
            self._drawn.clear()
            name = self.screen.get("name")
            picture = self.panel.picture() if name else None
            if picture is not None:
                png = base64.b64encode(png_of(picture)).decode("ascii")
                self._frame = {"type": "frame", "name": name, "png": png}
                self._tell(self._frame)
            await asyncio.sleep(0)

    def _customer_sees(self, rows: list[str]) -> None:
        self._customer_rows = {"type": "customer", "rows": rows}
        self._tell(self._customer_rows)

    def _strip(self, strip: Image.Image) -> None:
        png = base64.b64encode(png_of(strip)).decode("ascii")
        self._paper({"type": "strip", "height": strip.height, "width": strip.width, "png": png})

    def _cut(self) -> None:
        self.seen.slips += 1
        self.seen.changed()
        self._paper({"type": "cut"})

    def _paper(self, line: Line) -> None:
        self._roll.append(line)
        self._tell(line)
        if not self.printer.paper:
            self._paper_changed()

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

    async def ready(self, device: str) -> None:
        """Wait until the terminal has opened a device whose cable is in. Raises RigError."""
        if self._plugged[device]:
            try:
                async with asyncio.timeout(DEVICE_S):
                    await getattr(self._rig, device).connected()
            except TimeoutError:
                raise RigError(f"The terminal has not opened the {device}.", "Look at its cable.") from None

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
        self._paper_changed()

    def _paper_changed(self) -> None:
        self.seen.roll_ended = not self.printer.paper
        self.seen.changed()
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
                self._frame = {}
                self._show({"type": "dark"})
                self._tell(self.screen)
                self.note("SIGKILL: the power is cut.")
            self._tell(self._switches())

    async def next_answer(self, fault: str, code: str = "") -> None:
        """What the host does with the next request. Raises RigError when it knows no such thing."""
        if fault == "none":
            await self._rig.host.do("clear-faults")
            self.note("The bank will answer as it should.")
            return
        order = {"fault": fault, "mti": "0200", "seconds": self._response_s + LATER_S}
        await self._rig.host.do("next-answer", **(order | {"code": code} if code else order))
        self.note(f"The next payment meets: {fault} {code}".strip())

    async def books(self) -> Comparison:
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
        return found

    # --- in the background -----------------------------------------------------------------

    async def _switch_on(self) -> None:
        terminal = self._rig.terminal
        await terminal.start(watch=False)
        self._monitor = await connect(self._rig.folder / "monitor.sock", self._take, lambda: terminal.running)

    async def _type_keys(self) -> None:
        while True:
            await self._rig.keypad.press(await self._keys.get())

    async def _meter(self) -> None:
        """Ask the terminal how its loop has been, once a second."""
        while True:
            if self._monitor is not None:
                self._monitor.send({"ask": "loop"})
            else:
                self._measured(0.0)
            await asyncio.sleep(METERS_S)

    def _measured(self, longest_ms: float) -> None:
        terminal = self._rig.terminal
        self._tell(
            {
                "type": "meters",
                "memory": _memory_bytes(terminal.pid) if terminal.running else 0,
                "now_ms": longest_ms,
                "stalls": self._stalls,
                "longest_ms": round(self._longest_ms, 1),
            }
        )

    async def _watch_host(self) -> None:
        """The ledger and the accounts whenever something has happened at the host."""
        events = self._rig.host.events
        while True:
            if events.told or not self._host:
                events.told.clear()
                ledger = await self._rig.host.ask("ledger")
                accounts = await self._rig.host.ask("accounts")
                self._host = {"type": "host", "ledger": ledger[-LEDGER_SHOWN:], "accounts": accounts}
                self._tell(self._host)
                self.seen.charged_minor = sum(int(row["charged_minor"]) for row in ledger)
                self.seen.changed()
            await asyncio.sleep(HOST_LOOK_S)


def _memory_bytes(pid: int) -> int:
    """Resident memory of a process; 0 when it has just gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * _PAGE_BYTES
    except (OSError, IndexError):
        return 0
