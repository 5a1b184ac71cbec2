"""The slip printer (UnifiedPOS POSPrinter): bytes out in bounded pieces, status back, trouble by name.

The bytes are somebody else's; the wire is ours. While a slip is on its way nothing is put between its bytes, not even
``DLE EOT``: a printer in the middle of a picture would take it for dots. Then the printer speaks by itself
(``GS a``) or over USB's control endpoint, or not at all; "unknown" is a state, and a printer that says nothing prints.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from drivers.device import Emit
from drivers.events import DeviceState, PrinterChanged
from drivers.health import Health, HealthLevel, Verdict
from drivers.paper_use import paper_use
from drivers.port import Port, open_port
from drivers.printer_models import PrinterModel, model_for
from drivers.printer_status import (
    AutomaticStatus,
    PrinterStatus,
    PrinterTrouble,
    PrinterTroubleReason,
    ProcessId,
    StatusStream,
    with_port_status,
    with_realtime,
)
from drivers.supervised import Supervised

__all__ = ["Printer", "PrinterStatus", "PrinterTrouble", "PrinterTroubleReason"]

STATUS_S = 0.5
"""A real-time answer comes at once or not at all."""
LATE_S = 2.0
"""After a question without an answer nothing is asked: what comes late must not be taken for the next answer."""
LOOK_S = 0.5
"""How often a slip that does not move is looked at."""
STALL_S = 30.0
"""So long nothing is taken, and the printer does not say why."""
CONFIRM_S = 10.0
FIRST_OPEN_S = 1.0
IDLE_LOOK_S = 10.0
"""How often a printer that does not tell changes by itself is asked while nothing is printed."""
_ALL_CHANGES = b"\x1da\x0f"
_MARK = b"\x1d(H\x06\x00\x30\x30"
_MARKS = 10_000
_TEST_LINES = b"\x1b@" + b"Countertop\nprinter test\n0123456789\n\n\n\n"


Opener = Callable[[str, Callable[[bytes], None]], Awaitable[Port]]


class Printer(Supervised):
    """An ESC/POS printer over USB, a serial line, the network, a socket or a file."""

    def __init__(self, name: str, address: str, model: str = "auto", opener: Opener = open_port) -> None:
        """``opener`` opens the way for bytes; a simulation has its own."""
        super().__init__(name, address)
        self._opener = opener
        self.status_now = PrinterStatus()
        """What is known without asking."""
        self._model_name = model
        self._model = model_for(model)
        self._port: Port | None = None
        self._stream = StatusStream()
        self._answer: asyncio.Future[int | None] | None = None
        self._quiet_until = 0.0
        self._printed: set[bytes] = set()
        self._changed = asyncio.Event()
        self._turn = asyncio.Lock()
        self._moving = False
        """A slip is on its way: only those who move it know whether it is stalled."""
        self._tried = asyncio.Event()
        self._told_by_itself = 0
        """How often the printer has told a change."""
        self._marks = 0
        self._told_trouble: PrinterTroubleReason | None = None
        self._told_low: bool | None = None

    @property
    def model(self) -> PrinterModel:
        """What it is taken for; ``auto`` is decided when it is opened."""
        return self._model

    # --- life ------------------------------------------------------------------------------

    async def connect(self) -> None:
        """Open the way to the printer and hear what it says, before the first slip."""
        async with self._turn:
            try:
                self._port = await self._opener(self._address, self._received)
                self._model = model_for(self._model_name, *getattr(self._port, "ids", (None, None)))
                self._stream, self._quiet_until = StatusStream(), 0.0
                # A mark of an earlier life may still be on its way out of the printer's buffer.
                self._marks = int(asyncio.get_running_loop().time() * 10) % _MARKS
                await self._refresh()
                await self._ask_for_changes()
            finally:
                self._tried.set()

    def release(self) -> None:
        """Let it go; whoever waits for it learns that."""
        if self._port is not None:
            self._port.close()
            self._port = None
        self._changed.set()
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(None)

    async def serve(self) -> None:
        """Ask now and then until the printer is gone."""
        assert self._port is not None
        gone = asyncio.ensure_future(self._port.gone())
        try:
            while not (await asyncio.wait({gone}, timeout=IDLE_LOOK_S))[0]:
                async with self._turn:
                    await self._refresh()
        finally:
            gone.cancel()

    def lost(self, now: float, emit: Emit) -> None:
        """What was known of it is known no longer."""
        self._learn(PrinterStatus())

    # --- what the spooler needs ------------------------------------------------------------

    async def status(self) -> PrinterStatus:
        """What the printer says now; unknown where it says nothing. Raises PrinterTrouble when it is not there."""
        await self._until_open()
        async with self._turn:
            self._require()
            await self._refresh()
        self._require()
        return self.status_now

    async def write(self, data: bytes, progress: Callable[[int], None]) -> None:
        """Send a slip; ends when the printer has taken all of it, and where it can tell, when it is on paper.

        ``progress`` is told how many bytes are on their way. An open cover and a printer off line are waited for:
        it goes on by itself. Raises PrinterTrouble when the paper has ended or the printer is gone.
        """
        await self._until_open()
        async with self._turn:
            port = self._require()
            before = port.sent
            for start in range(0, len(data), self._model.piece_bytes):
                piece = data[start : start + self._model.piece_bytes]
                await self._hand_over(port, piece, lambda: progress(port.sent - before))
                progress(start + len(piece))
            use = paper_use(data)
            self.statistics["ReceiptSlipCount"] += 1
            self.statistics["PaperCutCount"] += use.cuts
            self.statistics["PaperMillimetreCount"] += use.millimetres
            if self._model.process_id and port.answers:
                await self._until_printed(port)
            elif self._model.realtime and port.answers:
                await self._until_it_may_be_asked()
            await self._ask_for_changes()

    async def _until_it_may_be_asked(self) -> None:
        """A printer that was busy when the slip began can tell how it went: its roll may have ended in it."""
        await asyncio.sleep(max(0.0, self._quiet_until - asyncio.get_running_loop().time()))

    async def _hand_over(self, port: Port, piece: bytes, progress: Callable[[], None]) -> None:
        sending = asyncio.ensure_future(port.send(piece))
        loop = asyncio.get_running_loop()
        moved_at, moved = loop.time(), port.sent
        self._moving = True
        try:
            while not (await asyncio.wait({sending}, timeout=LOOK_S))[0]:
                if port.sent != moved:
                    moved_at, moved = loop.time(), port.sent
                    progress()
                    continue
                await self._why_it_stands(port, loop.time() - moved_at)
            sending.result()
        except OSError:
            progress()
            raise PrinterTrouble(PrinterTroubleReason.ABSENT) from None
        finally:
            if not sending.done():
                progress()
                sending.cancel()
            self._moving = False
            self._tell_trouble(self.status_now.trouble)

    async def _why_it_stands(self, port: Port, standing_s: float) -> None:
        """Find out, tell, and give up where waiting does not help."""
        if self._model.port_status and (value := await port.port_status()) is not None:
            trusted = self.status_now if self._model.automatic else PrinterStatus()
            self._learn(with_port_status(trusted, value))
        reason = self.status_now.trouble
        if reason in (PrinterTroubleReason.PAPER, PrinterTroubleReason.ERROR):
            self.statistics["PrinterFaultCount"] += 1
            raise PrinterTrouble(reason)
        if reason is None and standing_s > STALL_S:
            self.statistics["PrinterFaultCount"] += 1
            port.close()  # a network printer whose power went says no goodbye: begin again from the door
            raise PrinterTrouble(PrinterTroubleReason.STALLED)
        if reason is None and standing_s > STALL_S / 3:
            reason = PrinterTroubleReason.STALLED
        self._tell_trouble(reason)

    async def _until_printed(self, port: Port) -> None:
        """Put a mark behind the slip and wait for the printer to reach it. Raises PrinterTrouble."""
        self._marks = (self._marks + 1) % _MARKS
        mark = f"{self._marks:04d}".encode("ascii")
        self._printed.clear()
        await self._hand_over(port, _MARK + mark, lambda: None)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + CONFIRM_S
        while mark not in self._printed:
            self._require()
            reason = self.status_now.trouble
            if reason in (PrinterTroubleReason.PAPER, PrinterTroubleReason.ERROR):
                raise PrinterTrouble(reason)
            if reason is not None:
                deadline = loop.time() + CONFIRM_S  # it goes on when the cover is closed
            if loop.time() > deadline:
                self.statistics["UnconfirmedCount"] += 1
                return  # taken, and nothing is wrong: as much as other printers ever tell
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._changed.wait()

    # --- status ----------------------------------------------------------------------------

    async def _refresh(self) -> None:
        """Ask everything this model answers; what it does not answer becomes unknown."""
        loop = asyncio.get_running_loop()
        known, told_before = self.status_now if self._model.automatic else PrinterStatus(), self._told_by_itself
        if self._model.port_status and self._port is not None:
            value = await self._port.port_status()
            known = known if value is None else with_port_status(known, value)
        if self._port is not None and self._port.answers and loop.time() >= self._quiet_until:
            for which in self._model.realtime:
                answer = await self._ask(which)
                if answer is None:
                    self._quiet_until = loop.time() + LATE_S
                    break
                known = with_realtime(known, which, answer)
        if self._told_by_itself == told_before:  # else it has told something newer than its answers
            self._learn(known)

    async def _ask(self, which: int) -> int | None:
        if self._port is None:
            return None
        self._answer = asyncio.get_running_loop().create_future()
        sending = asyncio.ensure_future(self._port.send(bytes([0x10, 0x04, which])))
        try:
            async with asyncio.timeout(STATUS_S):
                await sending
                return await self._answer
        except OSError:  # also TimeoutError
            return None
        finally:
            sending.cancel()
            self._answer = None

    async def _ask_for_changes(self) -> None:
        if self._model.automatic and self._port is not None and self._port.answers:
            with suppress(OSError):  # also TimeoutError
                async with asyncio.timeout(STATUS_S):
                    await self._port.send(_ALL_CHANGES)

    def _received(self, data: bytes) -> None:
        for told in self._stream.feed(data):
            if isinstance(told, AutomaticStatus):
                self._told_by_itself += 1
                self._learn(told.status)
            elif isinstance(told, ProcessId):
                self._printed.add(told.name)
                self._changed.set()
            elif self._answer is not None and not self._answer.done():
                self._answer.set_result(told.value)

    def _learn(self, status: PrinterStatus) -> None:
        before, self.status_now = self.status_now, status
        self._changed.set()
        if before.cover_closed is not False and status.cover_closed is False:
            self.statistics["ReceiptCoverOpenCount"] += 1
        if not self._moving or status.trouble is not None:
            self._tell_trouble(status.trouble)

    def _tell_trouble(self, trouble: PrinterTroubleReason | None) -> None:
        low = bool(self.status_now.paper_low)
        if (trouble, low) != (self._told_trouble, self._told_low):
            self._told_trouble, self._told_low = trouble, low
            self._emit(PrinterChanged(self.name, trouble, low))

    # --- health ----------------------------------------------------------------------------

    async def check_health(self, level: HealthLevel) -> Health:
        """Internal: ask. External: print three lines. Interactive: the same, for a person to look at."""
        try:
            status = await self.status()
            if (reason := status.trouble) is not None:
                raise PrinterTrouble(reason)
            if level is not HealthLevel.INTERNAL:
                await self.write(_TEST_LINES, lambda sent: None)
                status = await self.status()
        except PrinterTrouble as trouble:
            return Health(level, Verdict.BAD, str(trouble), trouble.remedy)
        if level is HealthLevel.INTERACTIVE:
            return Health(level, Verdict.UNKNOWN, "Three lines were sent: look whether they are on the paper.")
        if not status.known:
            return Health(level, Verdict.UNKNOWN, f"{self.name} takes bytes and says nothing of itself.")
        return Health(level, Verdict.GOOD, f"{self.name} is on line and has paper.")

    # --- the port --------------------------------------------------------------------------

    async def _until_open(self) -> None:
        """At the start of the terminal a slip may be due before the printer was tried for the first time."""
        if self.state is not DeviceState.OPEN:
            with suppress(TimeoutError):
                async with asyncio.timeout(FIRST_OPEN_S):
                    await self._tried.wait()

    def _require(self) -> Port:
        if self._port is None:
            raise PrinterTrouble(PrinterTroubleReason.ABSENT)
        return self._port
