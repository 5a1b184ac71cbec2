"""A network in memory that loses, delays, repeats, splits and spoils what passes through it.

Stands where ``asyncio.open_connection`` does; the link's own framing and waiting run over it.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

__all__ = ["Fault", "Network", "Plan"]

HostHandler = Callable[[bytes], Awaitable[bytes | None]]
"""Takes a whole frame with its length prefix; gives the answer's frame or nothing."""

LATENCY_S = 0.05


class Fault(StrEnum):
    """What may happen to one conversation."""

    NONE = "none"
    REFUSED = "refused"
    CONNECT_MUTE = "connect-mute"
    REQUEST_LOST = "request-lost"
    RESET_BEFORE_DELIVERY = "reset-before-delivery"
    RESET_AFTER_DELIVERY = "reset-after-delivery"
    ANSWER_LOST = "answer-lost"
    ANSWER_LATE = "answer-late"
    ANSWER_AT_THE_TIMER = "answer-at-the-timer"
    ANSWER_TWICE = "answer-twice"
    ANSWER_TRUNCATED = "answer-truncated"
    ANSWER_SPOILED = "answer-spoiled"
    ANSWER_SPLIT = "answer-split"
    GARBAGE_FIRST = "garbage-first"
    LENGTH_ZERO = "length-zero"
    LENGTH_HUGE = "length-huge"
    REQUEST_TWICE = "request-twice"
    REQUEST_LATE = "request-late"
    """Delivered only after the terminal has given up: a late 0200 behind its own 0400."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How likely a fault is, and which ones are in play; the timer they play against."""

    probability: float
    faults: tuple[Fault, ...]
    response_s: float


class Network:
    """Dials into a host handler through faults drawn from a seed."""

    def __init__(self, handler: HostHandler, plan: Plan, rng: random.Random) -> None:
        self._handler = handler
        self._plan = plan
        self._rng = rng
        self.script: list[Fault] = []
        """Faults of the next conversations, before any drawn ones; for complete enumeration."""
        self.conversations = 0
        self.sent: Callable[[bytes], None] = lambda data: None
        """Told of the first byte that leaves the terminal, at the moment it does (invariant I3)."""
        self._background: set[asyncio.Task[None]] = set()

    async def dial(self, host: str, port: int, **options: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection, or the failure to get one."""
        fault = self._draw()
        self.conversations += 1
        await asyncio.sleep(LATENCY_S)
        if fault is Fault.REFUSED:
            raise ConnectionRefusedError(111, "refused")
        if fault is Fault.CONNECT_MUTE:
            await asyncio.sleep(3600)
        reader = asyncio.StreamReader()
        return reader, cast(asyncio.StreamWriter, _Wire(self, reader, fault))

    def _draw(self) -> Fault:
        if self.script:
            return self.script.pop(0)
        if self._plan.faults and self._rng.random() < self._plan.probability:
            return self._rng.choice(self._plan.faults)
        return Fault.NONE

    def deliver(self, data: bytes, reader: asyncio.StreamReader, fault: Fault) -> None:
        """Carry a request to the host and its answer back, in the background as a network does."""
        self.sent(data)
        task = asyncio.get_running_loop().create_task(self._carry(data, reader, fault))
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def quiet(self) -> None:
        """Wait until nothing is under way any more."""
        while self._background:
            await asyncio.wait(tuple(self._background))

    async def _carry(self, data: bytes, reader: asyncio.StreamReader, fault: Fault) -> None:
        await asyncio.sleep(LATENCY_S)
        if fault is Fault.REQUEST_LOST:
            return
        if fault is Fault.RESET_BEFORE_DELIVERY:
            reader.set_exception(ConnectionResetError(104, "reset"))
            return
        if fault is Fault.REQUEST_LATE:
            await asyncio.sleep(self._plan.response_s * self._rng.uniform(1.01, 3))
        answer = await self._handler(data)
        if fault is Fault.REQUEST_TWICE:
            await self._handler(data)
        if fault is Fault.RESET_AFTER_DELIVERY:
            reader.set_exception(ConnectionResetError(104, "reset"))
            return
        await asyncio.sleep(self._delay(fault))
        for piece in self._pieces(answer or b"", fault):
            reader.feed_data(piece)
            await asyncio.sleep(0)
        if fault is Fault.ANSWER_TRUNCATED:
            reader.feed_eof()

    def _delay(self, fault: Fault) -> float:
        if fault is Fault.ANSWER_LATE:
            return self._plan.response_s * self._rng.uniform(1.01, 3)
        if fault is Fault.ANSWER_AT_THE_TIMER:
            return max(self._plan.response_s - LATENCY_S, 0.0)
        return LATENCY_S

    def _pieces(self, answer: bytes, fault: Fault) -> list[bytes]:
        if not answer or fault is Fault.ANSWER_LOST:
            return []
        if fault is Fault.ANSWER_TWICE:
            return [answer, answer]
        if fault is Fault.ANSWER_TRUNCATED:
            return [answer[: self._rng.randrange(len(answer))]]
        if fault is Fault.ANSWER_SPOILED:
            spoiled = bytearray(answer)
            spoiled[self._rng.randrange(len(answer))] ^= 1 << self._rng.randrange(8)
            return [bytes(spoiled)]
        if fault is Fault.ANSWER_SPLIT:
            return [answer[index : index + 1] for index in range(len(answer))]
        if fault is Fault.GARBAGE_FIRST:
            return [b"\x00\x20" + self._rng.randbytes(32), answer]
        if fault is Fault.LENGTH_ZERO:
            return [b"\x00\x00", answer]
        if fault is Fault.LENGTH_HUGE:
            return [b"\xff\xff" + answer]
        return [answer]


class _Wire:
    """The terminal's end of a connection, as much of StreamWriter as the link uses."""

    def __init__(self, network: Network, reader: asyncio.StreamReader, fault: Fault) -> None:
        self._network = network
        self._reader = reader
        self._fault = fault

    def write(self, data: bytes) -> None:
        self._network.deliver(data, self._reader, self._fault)

    async def drain(self) -> None:
        return None

    def close(self) -> None:
        return None
