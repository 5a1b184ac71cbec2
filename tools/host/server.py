"""The host on its TCP port: frames in, frames out, faults on the way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from iso8583 import Dialect, Iso8583Error
from iso8583.framing import UnionPayFrame
from tools.host.delivery import Delivery, Envelope
from tools.host.faults import Fault, Faults, Order
from tools.host.request import Request, is_request
from tools.host.switch import Answer, Switch

__all__ = ["HostServer", "Tell"]

IDLE_S = 300.0
"""A connection that says nothing for so long is closed."""
CONNECTIONS_MAX = 64
READ_BYTES = 4096
DRAIN_S = 5.0

Tell = Callable[..., None]
"""Told of everything that happens: ``tell("received", mti="0200", …)``. Never card data."""

_NO_WORK = frozenset({Fault.LOST, Fault.CLOSE})
_SILENT = frozenset({Fault.NO_ANSWER, Fault.DROP})


class HostServer:
    """Serves terminals until it is closed."""

    def __init__(self, dialect: Dialect, switch: Switch, envelope: Envelope, faults: Faults, tell: Tell) -> None:
        self._dialect = dialect
        self._switch = switch
        self._envelope = envelope
        self._faults = faults
        self._tell = tell
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._open = 0
        self._count = 0
        self.wish = "0"
        """What the host asks for in the header of its next answers: 3 sign on again … (facts/unionpay.md §1)."""

    async def listen(self, address: str, port: int) -> int:
        """Begin to listen; port 0 takes a free one. Returns the port. Raises OSError."""
        self._server = await asyncio.start_server(self._converse, address, port)
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop listening and drop what is under way, as a host that goes down does."""
        if self._server is not None:
            self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._open >= CONNECTIONS_MAX:
            writer.close()
            return
        self._open += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._frames(reader, writer)
        except (OSError, TimeoutError):
            pass  # the terminal has gone: that is its right
        except asyncio.CancelledError:
            pass  # by close() alone; asyncio 3.11 would tell of it as of a fault
        except Iso8583Error as error:
            self._tell("unreadable", detail=str(error))
            writer.write(self._envelope.door.refusal(error))
        finally:
            self._open -= 1
            self._tasks.discard(task)
            writer.close()

    async def _frames(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        framing = self._envelope.door.framing()
        fresh = True
        while True:
            async with asyncio.timeout(IDLE_S):
                data = await reader.read(READ_BYTES)
            if not data:
                return
            if fresh:
                self._tell("first-byte", at_ns=time.monotonic_ns())
            frames = framing.feed(data)
            fresh = bool(frames)
            for frame in frames:
                if not await self._take(frame, writer, ends=framing.ends):
                    return

    async def _take(self, frame: UnionPayFrame, writer: asyncio.StreamWriter, *, ends: bool) -> bool:
        """Handle one frame; False to hang up, which the terminal may want (``ends``)."""
        try:
            message = self._dialect.decode(frame.body)
        except Iso8583Error as error:
            self._tell("unreadable", detail=str(error))
            return True
        if not is_request(message.mti):
            self._tell("unasked", mti=message.mti)
            return True
        self._count += 1
        request = Request(message, frame.body, frame.header, self._count)
        order = self._faults.take(request.mti, request.text(3), request.amount_minor)
        self._tell("received", **_names(request), fault=order.fault if order else "", message=message)
        if order is not None and order.fault is Fault.HELD:
            self._later(order.seconds, self._held(frame, request, writer))
            return True
        return await self._work(frame, request, order, writer, ends=ends)

    async def _held(self, frame: UnionPayFrame, request: Request, writer: asyncio.StreamWriter) -> None:
        self._tell("arrived-late", **_names(request))
        await self._work(frame, request, None, writer)

    async def _work(
        self,
        frame: UnionPayFrame,
        request: Request,
        order: Order | None,
        writer: asyncio.StreamWriter,
        *,
        ends: bool = False,
    ) -> bool:
        fault = order.fault if order else None
        if fault in _NO_WORK:
            self._tell("ignored", **_names(request), fault=fault)
            return fault is not Fault.CLOSE
        forced = order.code if order and fault is Fault.DECLINE else ""
        answer = self._switch.answer(request, forced)
        if answer is None:
            self._tell("unanswered", **_names(request))
            return True
        self._tell("decided", **_names(request), code=answer.code, txn=answer.txn.id if answer.txn else None)
        if fault in _SILENT:
            self._tell("withheld", **_names(request), fault=fault)
            return fault is not Fault.DROP
        delivery = self._envelope.deliver(
            frame, request.terminal, answer.message, mac=answer.mac, wish=self.wish, fault=fault
        )
        if order is not None and fault is Fault.LATE:
            self._later(order.seconds, self._send(request, answer, delivery, writer))
            return True
        await self._send(request, answer, delivery, writer)
        return not (delivery.close or ends)

    async def _send(self, request: Request, answer: Answer, delivery: Delivery, writer: asyncio.StreamWriter) -> None:
        for piece in delivery.pieces:
            if writer.is_closing():
                break
            writer.write(piece)
            async with asyncio.timeout(DRAIN_S):
                await writer.drain()
            if len(delivery.pieces) > 1:
                await asyncio.sleep(0)
        self._tell("answered", **_names(request), answer=answer.message.mti, code=answer.code, message=answer.message)

    def _later(self, seconds: float, work: Coroutine[Any, Any, object]) -> None:
        async def wait() -> None:
            try:
                await asyncio.sleep(seconds)
            except asyncio.CancelledError:
                work.close()
                raise
            with suppress(OSError, TimeoutError):
                await work

        task = asyncio.create_task(wait())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _names(request: Request) -> dict[str, object]:
    """How a message is told of: numbers only, nothing of the card."""
    return {
        "number": request.number,
        "mti": request.mti,
        "terminal": request.terminal,
        "batch": request.batch,
        "stan": request.stan,
        "amount_minor": request.amount_minor,
    }
