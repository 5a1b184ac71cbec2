"""The seam of a life that is recorded: everything is done, and written down as it happens.

On the loop a record is a tuple in a queue and nothing more; encoding, compressing and writing are another thread's.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

from terminal.recording.faults import RECORDED, fault_of
from terminal.recording.loop import Inbox
from terminal.recording.seam import PLAIN, Codec, Plain, Post, Record

__all__ = ["RecordingSeam"]

T = TypeVar("T")


class RecordingSeam:
    """Of one life. ``note`` takes a record; ``settle`` hands what was noted to the kernel, called off the loop."""

    def __init__(
        self, inbox: Inbox, note: Callable[[object], None], settle: Callable[[], None], began_us: int = 0
    ) -> None:
        self._inbox = inbox
        self._turn_us = began_us
        self._take = note
        self._settle = settle
        self._numbers = 0
        self._loop_thread = threading.get_ident()
        self._job = threading.local()
        self.recording = True
        self.changes: Callable[[], int] = lambda: 0
        """Rows that the journal's connection has changed since it was opened; asked where the journal is written."""

    def note(self, *record: Plain) -> None:
        """Write down, unless this life is not recorded any more."""
        if self.recording:
            self._take(record)

    def turn(self, now_us: int, inputs: list[Any]) -> None:
        """A turn begins. Its inputs are written down before anybody uses, and wipes, them."""
        passed_us, self._turn_us = now_us - self._turn_us, now_us
        if self.recording:
            plain = self._plain(lambda: [one.plain() for one in inputs])
            self.note(*((Record.TURN, passed_us, plain) if plain else (Record.TURN, passed_us)))

    def _plain(self, encode: Callable[[], Plain]) -> Plain:
        """What is to be written down; a fault of the recorder costs the recording and nothing else."""
        try:
            return encode()
        except Exception as error:  # noqa: BLE001 - whatever it is, the terminal goes on
            self.leave(f"the recorder failed: {type(error).__name__}")
            return None

    def reading(self, what: str, ask: Callable[[], T], codec: Codec[T] = PLAIN) -> T:
        """Ask, and write down what was answered."""
        try:
            value = ask()
        except RECORDED as error:
            self._read(what, False, fault_of(error))
            raise
        if self.recording:
            self._read(what, True, self._plain(lambda: codec.encode(value)))
        return value

    def _read(self, *reading: Plain) -> None:
        if (readings := getattr(self._job, "readings", None)) is not None:
            readings.append(reading)
        elif threading.get_ident() == self._loop_thread:
            self.note(Record.READING, *reading)

    def source(self, what: str, handler: Callable[[T], None], codec: Codec[T] = PLAIN) -> Post[T]:
        """What is posted waits for the next turn."""
        number = self._next()

        def post(value: T) -> None:
            self._inbox.waiting.append(_Told(number, handler, value, codec))

        return post

    async def operation(
        self,
        what: str,
        start: Callable[[], Awaitable[T]],
        codec: Codec[T] = PLAIN,
        discard: Callable[[T], None] = lambda value: None,
    ) -> T:
        """Begin, and wait for the turn that delivers the result."""
        number, loop = self._next(), asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        task = loop.create_task(_awaited(start))

        def ended(task: asyncio.Task[T]) -> None:
            if not task.cancelled():
                self._inbox.waiting.append(_Ended(number, future, task, codec, discard))

        task.add_done_callback(ended)
        try:
            return await future
        finally:
            if not task.done():
                task.cancel()

    async def work(
        self, what: str, run: Callable[[Callable[[], T]], Awaitable[T]], work: Callable[[], T], *, counts: bool = False
    ) -> T:
        """Do it, and wait for the turn that says it is done. What was begun is ended, whoever stops waiting."""
        number, loop = self._next(), asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def noted() -> T:
            self._settle()  # a process that is killed in the middle of a write has told how it came to it
            readings: list[Plain] = []
            self._job.readings = readings
            before, fault = self.changes() if counts else 0, None
            try:
                return work()
            except (sqlite3.Error, OSError) as error:
                fault = fault_of(error)
                raise
            finally:
                self._job.readings = None
                changed = max(0, self.changes() - before) if counts and fault is None else 0
                self.note(Record.JOB, number, fault, readings, changed)
                self._settle()  # … and after it, what came of it, before anybody acts on it

        def ended(task: asyncio.Task[T]) -> None:
            if not task.cancelled():
                self._inbox.waiting.append(_Job(number, future, task))

        loop.create_task(_awaited(lambda: run(noted))).add_done_callback(ended)
        return await future

    def output(self, what: str, value: Plain, shown: str = "") -> None:
        """Write down what went out."""
        self.note(Record.OUTPUT, what, value, shown)

    def leave(self, why: str) -> None:
        """Write down why, and nothing more of this life."""
        self.note(Record.LEFT, why)
        self.recording = False

    def _next(self) -> int:
        self._numbers += 1
        return self._numbers


async def _awaited(start: Callable[[], Awaitable[T]]) -> T:
    return await start()


class _Told(Generic[T]):
    """Something that a source has posted."""

    __slots__ = ("_codec", "_handler", "_number", "_value")

    def __init__(self, number: int, handler: Callable[[T], None], value: T, codec: Codec[T]) -> None:
        self._number, self._handler, self._value, self._codec = number, handler, value, codec

    def plain(self) -> Plain:
        return [self._number, self._codec.encode(self._value)]

    def give(self) -> None:
        self._handler(self._value)


class _Ended(Generic[T]):
    """The end of an operation."""

    __slots__ = ("_codec", "_discard", "_future", "_number", "_task")

    def __init__(
        self,
        number: int,
        future: asyncio.Future[T],
        task: asyncio.Task[T],
        codec: Codec[T],
        discard: Callable[[T], None],
    ) -> None:
        self._number, self._future, self._task, self._codec, self._discard = number, future, task, codec, discard

    def plain(self) -> Plain:
        error = self._task.exception()
        if error is not None:
            return [self._number, False, fault_of(error)]
        return [self._number, True, self._codec.encode(self._task.result())]

    def give(self) -> None:
        _settle(self._future, self._task, self._discard)


class _Job(Generic[T]):
    """The end of work beside the loop; what it read there has been written down there."""

    __slots__ = ("_future", "_number", "_task")

    def __init__(self, number: int, future: asyncio.Future[T], task: asyncio.Task[T]) -> None:
        self._number, self._future, self._task = number, future, task

    def plain(self) -> Plain:
        return [self._number]

    def give(self) -> None:
        _settle(self._future, self._task, lambda value: None)


def _settle(future: asyncio.Future[T], task: asyncio.Task[T], discard: Callable[[T], None]) -> None:
    error = task.exception()
    if future.done():
        if error is None:
            discard(task.result())
    elif error is not None:
        future.set_exception(error)
    else:
        future.set_result(task.result())
