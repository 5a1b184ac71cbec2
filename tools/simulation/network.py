"""A network in memory that loses, delays, repeats, splits and spoils what passes through it.

Stands where ``asyncio.open_connection`` does; the link's own framing and waiting run over it. What is under way
stays under way when the terminal loses power.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, cast

from tools.simulation.faults import Fault

__all__ = ["HostEnd", "Network", "Plan"]

LATENCY_S = 0.05
HANGS_UP, HANG_UP_MAX_S = 0.1, 90.0
"""How often a host ends a connection some time after an answer, where the terminal keeps connections."""


class HostEnd(Protocol):
    """The other end: takes a whole frame with its length prefix."""

    def answer(self, data: bytes, fault: Fault) -> bytes | None:
        """The answer's frame, or nothing."""

    def earlier(self, data: bytes) -> bytes | None:
        """A genuine answer to an earlier message of the same kind, if there was one."""


@dataclass(slots=True)
class Plan:
    """How likely a fault is, and which ones are in play; the timer they play against."""

    probability: float
    faults: tuple[Fault, ...]
    response_s: float


class Network:
    """Dials into a host through faults drawn from a seed."""

    def __init__(self, host: HostEnd, plan: Plan, rng: random.Random, note: Callable[[str], None]) -> None:
        self._host = host
        self.plan = plan
        self._rng = rng
        self._note = note
        self.script: list[Fault] = []
        """Faults of the next conversations, before any drawn ones; for complete enumeration."""
        self.conversations = 0
        self.hangs_up = False
        """Whether the host ends connections when it likes."""
        self.sent: Callable[[bytes], bool] = lambda data: True
        """Told of the bytes that leave the terminal, at the moment they do (I3); False: its power is gone."""
        self.met: set[Fault] = set()
        """Faults that have come to pass."""
        self._background: set[asyncio.Task[None]] = set()

    async def dial(self, host: str, port: int, **options: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection, or the failure to get one."""
        fault = self._draw()
        self.conversations += 1
        if fault is not Fault.NONE:
            self.met.add(fault)
            self._note(f"network: {fault}")
        await asyncio.sleep(LATENCY_S)
        if fault is Fault.REFUSED:
            raise ConnectionRefusedError(111, "refused")
        if fault is Fault.CONNECT_MUTE:
            await asyncio.sleep(3600)
        wire = _Wire(self, fault)
        return wire.reader, cast(asyncio.StreamWriter, wire)

    def next_fault(self) -> Fault:
        """For another request on a connection that the terminal has kept."""
        fault = _ON_KEPT.get(drawn := self._draw(), drawn)
        if fault is not Fault.NONE:
            self.met.add(fault)
            self._note(f"network: {fault} on a kept connection")
        return fault

    def _draw(self) -> Fault:
        if self.script:
            return self.script.pop(0)
        if self.plan.faults and self._rng.random() < self.plan.probability:
            return self._rng.choice(self.plan.faults)
        return Fault.NONE

    def deliver(self, data: bytes, wire: _Wire, fault: Fault) -> None:
        """Carry a request to the host and its answer back, in the background as a network does."""
        if not self.sent(data):
            return
        task = asyncio.get_running_loop().create_task(self._carry(data, wire, fault))
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    @property
    def under_way(self) -> int:
        """Messages on their way."""
        return len(self._background)

    async def quiet(self) -> None:
        """Wait until nothing is under way any more."""
        while self._background:
            await asyncio.wait(tuple(self._background))

    async def _carry(self, data: bytes, wire: _Wire, fault: Fault) -> None:
        await asyncio.sleep(LATENCY_S)
        if wire.over:
            return  # the host had hung up when it came
        match fault:
            case Fault.REQUEST_LOST:
                return
            case Fault.RESET_AT_FIRST_READ:
                wire.reset()
                return
            case Fault.REQUEST_CUT:
                wire.end()
                return
            case Fault.REQUEST_LATE:
                await asyncio.sleep(self.plan.response_s * self._rng.uniform(1.01, 3))
            case Fault.REPLAYED:
                answer = self._host.earlier(data)
                if answer is not None:
                    self._note("network: an earlier answer is given again")
                    wire.feed(answer)
                return
        answer = self._host.answer(data, fault)
        if fault is Fault.REQUEST_TWICE:
            self._host.answer(data, Fault.NONE)
        if fault is Fault.RESET_AFTER_DELIVERY:
            wire.reset()
            return
        await asyncio.sleep(self._delay(fault))
        for piece in self._pieces(data, answer or b"", fault):
            wire.feed(piece)
            await asyncio.sleep(0)
        if fault is Fault.ANSWER_TRUNCATED:
            wire.end()
        elif self.hangs_up and self._rng.random() < HANGS_UP:
            asyncio.get_running_loop().call_later(self._rng.uniform(0.0, HANG_UP_MAX_S), wire.end)

    def _delay(self, fault: Fault) -> float:
        match fault:
            case Fault.ANSWER_LATE:
                return self.plan.response_s * self._rng.uniform(1.001, 1.1)
            case Fault.ANSWER_VERY_LATE:
                return self.plan.response_s * self._rng.uniform(1.5, 6)
            case Fault.ANSWER_AT_THE_TIMER:
                return max(self.plan.response_s - LATENCY_S, 0.0)
        return LATENCY_S

    def _pieces(self, asked: bytes, answer: bytes, fault: Fault) -> list[bytes]:
        if not answer or fault is Fault.ANSWER_LOST:
            return []
        match fault:
            case Fault.ANSWER_TWICE:
                return [answer, answer]
            case Fault.ANSWER_TRUNCATED:
                return [answer[: self._rng.randrange(len(answer))]]
            case Fault.ANSWER_SPOILED:
                spoiled = bytearray(answer)
                spoiled[self._rng.randrange(len(answer))] ^= 1 << self._rng.randrange(8)
                return [bytes(spoiled)]
            case Fault.ANSWER_SPLIT:
                return [answer[index : index + 1] for index in range(len(answer))]
            case Fault.GARBAGE_FIRST:
                return [b"\x00\x20" + self._rng.randbytes(32), answer]
            case Fault.LENGTH_ZERO:
                return [b"\x00\x00", answer]
            case Fault.LENGTH_HUGE:
                return [b"\xff\xff" + answer]
            case Fault.LENGTH_OFF_BY_ONE:
                length = int.from_bytes(answer[:2], "big") + self._rng.choice((-1, 1))
                return [length.to_bytes(2, "big") + answer[2:]]
            case Fault.STALE_FIRST:
                earlier = self._host.earlier(asked)
                return [earlier, answer] if earlier else [answer]
        return [answer]


_ON_KEPT = {Fault.REFUSED: Fault.REQUEST_CUT, Fault.CONNECT_MUTE: Fault.REQUEST_LOST}
"""What takes the place of a connection that cannot be had: the host hangs up just then, or has been gone for long."""


class _Wire:
    """The terminal's end of a connection, as much of StreamWriter as the link uses."""

    def __init__(self, network: Network, fault: Fault) -> None:
        self.reader = asyncio.StreamReader()
        self.over = False
        """Whether the host's side has ended it."""
        self._network = network
        self._fault: Fault | None = fault

    def write(self, data: bytes) -> None:
        fault = self._network.next_fault() if self._fault is None else self._fault
        self._fault = None
        self._network.deliver(data, self, fault)

    async def drain(self) -> None:
        return None

    def close(self) -> None:
        return None

    def get_extra_info(self, name: str) -> None:
        return None

    # --- the host's side -------------------------------------------------------------------

    def feed(self, data: bytes) -> None:
        if not self.over:
            self.reader.feed_data(data)

    def end(self) -> None:
        if not self.over:
            self.over = True
            self.reader.feed_eof()

    def reset(self) -> None:
        self.over = True
        self.reader.set_exception(ConnectionResetError(104, "reset"))
