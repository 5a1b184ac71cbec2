"""The PIN pad on a serial line (UnifiedPOS PINPad): where customers type, and where the PIN block is made.

The pad holds the master keys and shows what it is told; the terminal gets an enciphered block and never a digit. One
entry at a time: ``ask_pin`` begins it, its end comes as one PinPadAnswer, whatever happens on the line.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from enum import StrEnum

from drivers.device import Emit
from drivers.events import DeviceState, PinPadAnswer
from drivers.health import Health, HealthLevel, Verdict
from drivers.line_device import LineDevice
from drivers.pin_pad_messages import (
    CANCEL,
    IDENTIFY,
    PinAnswer,
    PinRequest,
    PinResult,
    identity_of,
    parse_answer,
    request_text,
    select_key,
)
from drivers.pin_pad_packets import Control, Damaged, Packet, PacketReader, pack

__all__ = ["KeyMode", "PinPad", "PinPadSilent"]

TRIES_MAX = 3
"""A packet is sent this often before the pad counts as silent; so often a damaged one is asked for again."""
ANSWER_MARGIN_S = 2.0
"""Beyond the time a customer has, for the pad's own word that it is over."""
CANCELLED_S = 2.0
"""For the pad's word after an entry was cancelled."""
ITEMS_MAX = 32
_IDENTITY_S, WRITE_S = 1.0, 2.0
STOP_LOOK_S = 0.1
"""How soon a cancellation is noticed."""


class KeyMode(StrEnum):
    """Which keys the pad makes blocks with."""

    MASTER_SESSION = "master-session"
    DUKPT = "dukpt"


class PinPadSilent(OSError):
    """The pad does not acknowledge."""


class PinPad(LineDevice):
    """A pad of the VISA/1000SE family, docs/integrator/pin-pad.md."""

    def __init__(
        self, name: str, address: str, *, mode: str = "master-session", key_index: int = 0, ack_ms: int = 500
    ) -> None:
        super().__init__(name, address)
        self.mode = KeyMode(mode)
        self._key_index = key_index
        self._ack_s = ack_ms / 1000
        self._reader = PacketReader()
        self._items: asyncio.Queue[Packet | Control | Damaged] = asyncio.Queue(ITEMS_MAX)
        self._line = asyncio.Lock()
        self._entry: asyncio.Task[None] | None = None
        self._cancelling = asyncio.Event()
        self._reference = 0

    def ask_pin(self, request: PinRequest, timeout_s: float) -> int:
        """Begin an entry; the reference that its PinPadAnswer will carry."""
        self._reference += 1
        if self.state is not DeviceState.OPEN or self._entry is not None:
            result = PinResult.LOST if self.state is not DeviceState.OPEN else PinResult.BUSY
            asyncio.get_running_loop().call_soon(self._tell, self._reference, PinAnswer(result))
            return self._reference
        self._cancelling.clear()
        self._entry = asyncio.get_running_loop().create_task(self._enter(request, timeout_s, self._reference))
        return self._reference

    def cancel(self) -> None:
        """End the entry that is running; its answer still comes."""
        self._cancelling.set()

    async def identify(self) -> str | None:
        """The pad's serial number; None when it does not say one."""
        async with self._line:
            self._drain()
            await self._send(IDENTIFY)
            packet = await self._receive(_IDENTITY_S)
            return identity_of(packet.text) if packet is not None else None

    async def check_health(self, level: HealthLevel) -> Health:
        """As any device; and every level asks the pad who it is."""
        if self.state is not DeviceState.OPEN or self._entry is not None:
            return await super().check_health(level)
        try:
            serial = await self.identify()
        except OSError:
            serial = None
        if serial is None:
            return Health(level, Verdict.BAD, f"{self.name} does not answer.", "Check its power, cable and line speed.")
        return Health(level, Verdict.GOOD, f"{self.name} answers, serial number {serial}.")

    def received(self, data: bytes, now: float) -> None:
        """Whatever the line brings."""
        for item in self._reader.feed(data):
            if self._items.full():
                self._items.get_nowait()
            self._items.put_nowait(item)

    def lost(self, now: float, emit: Emit) -> None:
        """An entry that was running ends; nothing was sent to any host yet."""
        self._reader.clear()
        self._drain()
        if self._entry is not None:
            self._entry.cancel()

    async def close(self) -> None:
        """Let it go."""
        if self._entry is not None:
            self._entry.cancel()
        await super().close()

    # -- one entry

    async def _enter(self, request: PinRequest, timeout_s: float, reference: int) -> None:
        answer = PinAnswer(PinResult.LOST)
        try:
            async with self._line:
                answer = await self._entered(request, timeout_s)
        except OSError:
            self.statistics["CommunicationErrorCount"] += 1
        except ValueError:
            answer = PinAnswer(PinResult.REFUSED)
        finally:
            self._entry = None
            self._tell(reference, answer)

    async def _entered(self, request: PinRequest, timeout_s: float) -> PinAnswer:
        self._drain()
        if self.mode is KeyMode.DUKPT:
            request = replace(request, key=None)
        else:
            await self._send(select_key(self._key_index))
        await self._send(request_text(request))
        loop = asyncio.get_running_loop()
        answer = await self._answer(loop.time() + timeout_s + ANSWER_MARGIN_S, self._cancelling)
        if answer is None:
            timed_out = not self._cancelling.is_set()
            await self._send(CANCEL)
            late = await self._answer(loop.time() + CANCELLED_S, None)
            if late is None:
                raise PinPadSilent(5, "the pad does not answer")
            # What was entered at the moment of the cancellation is not used: the terminal has already given up.
            answer = PinAnswer(PinResult.TIMED_OUT if timed_out else PinResult.CANCELLED)
        await self._put(bytes([Control.EOT]))
        return answer

    async def _answer(self, deadline: float, stop: asyncio.Event | None) -> PinAnswer | None:
        """The pad's word on the entry; None when ``stop`` is set or the time is over."""
        loop = asyncio.get_running_loop()
        while loop.time() < deadline and not (stop is not None and stop.is_set()):
            packet = await self._receive(min(deadline - loop.time(), STOP_LOOK_S))
            answer = parse_answer(packet.text) if packet is not None else None
            if answer is not None:
                return answer
        return None

    # -- the line

    async def _send(self, text: str) -> None:
        """Send a packet until it is acknowledged. Raises PinPadSilent, ValueError for what no packet can hold."""
        data = pack(text)
        for _ in range(TRIES_MAX):
            await self._put(data)
            try:
                async with asyncio.timeout(self._ack_s):
                    while (item := await self._items.get()) is not Control.NAK:
                        if item is Control.ACK:
                            return
                        # A packet here answers something that is over: it is not taken for a new answer.
            except TimeoutError:
                pass
            self.statistics["RetryCount"] += 1
        await self._put(bytes([Control.EOT]))
        raise PinPadSilent(5, "the pad does not acknowledge")

    async def _receive(self, timeout_s: float) -> Packet | None:
        """The next whole packet, acknowledged; a damaged one is asked for again. None when the time is over.

        What has been taken is also acknowledged: the time-out never falls between the two.
        """
        loop = asyncio.get_running_loop()
        deadline, damaged = loop.time() + timeout_s, 0
        while True:
            try:
                async with asyncio.timeout(max(deadline - loop.time(), 0.0)):
                    item = await self._items.get()
            except TimeoutError:
                return None
            if isinstance(item, Packet):
                await self._put(bytes([Control.ACK]))
                return item
            if isinstance(item, Damaged):
                damaged += 1
                self.statistics["DamagedCount"] += 1
                if damaged > TRIES_MAX:
                    raise PinPadSilent(5, "the line to the pad is disturbed")
                await self._put(bytes([Control.NAK]))

    async def _put(self, data: bytes) -> None:
        if self._port is None:
            raise PinPadSilent(19, "the pad is gone")
        async with asyncio.timeout(WRITE_S):
            await self._port.send(data)

    def _tell(self, reference: int, answer: PinAnswer) -> None:
        self.statistics[f"PinCount {answer.result}"] += 1
        self._emit(PinPadAnswer(self.name, reference, answer, asyncio.get_running_loop().time()))

    def _drain(self) -> None:
        while not self._items.empty():
            self._items.get_nowait()
