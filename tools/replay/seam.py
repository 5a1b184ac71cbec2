"""The seam of a replay: answers from the recording, and compares what goes out with what went out then."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

from terminal.recording.faults import raised
from terminal.recording.seam import PLAIN, Codec, Plain, Post, Record
from tools.replay.recording import Job, LifeRecord

__all__ = ["Difference", "Over", "ReplaySeam"]

T = TypeVar("T")
QUIET_TURNS_MAX = 10_000
"""Turns that the terminal may take to end its tasks once the recording is over."""


class Over(SystemExit):
    """The replay ends here; as a SystemExit it passes through tasks and their clean-up."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Where a replay first went another way."""

    at_us: int
    recorded: str
    replayed: str


class ReplaySeam:
    """Of one life. ``told`` hears what happens: time, what, how a person recognises it."""

    def __init__(self, life: LifeRecord, until_us: int | None, told: Callable[[int, str, Any], None]) -> None:
        self._records = deque(life.records)
        self._jobs = life.jobs
        self._until_us = until_us
        self._told = told
        self._numbers = 0
        self._give: dict[int, Callable[[list[Plain]], None]] = {}
        self._names: dict[int, str] = {}
        self._readings: deque[list[Plain]] | None = None
        self.now_us = life.now_us
        self.turns = 0
        self.difference: Difference | None = None
        self.over = False
        """The recording has nothing more to say; what still runs is only to be ended."""
        self.stopped = False
        """Whether the life was ended by a word that came in as an input."""
        self.under_way = False
        """Whether the life ended in the middle of a write that the recording does not know the end of."""
        self._quiet = 0
        self.changes: Callable[[], int] = lambda: 0

    # --- the loop's side -----------------------------------------------------------------

    def next_turn(self) -> tuple[int, list[Any]]:
        """Time and inputs of the next turn. Raises Over at the end."""
        if not self._records:
            self._end()
        kind, *values = self._records[0]
        if kind != Record.TURN:
            self._differ(_described(kind, values), "nothing of the kind")
        at_us = self.now_us + values[0]
        if self._until_us is not None and at_us > self._until_us:
            self._end()
        self._records.popleft()
        self.now_us, self.turns = at_us, self.turns + 1
        return self.now_us, [_Input(self, one) for one in (values[1] if len(values) > 1 else [])]

    def give(self, one: list[Plain]) -> None:
        """Hand an input to whoever had its number then."""
        number, *value = one
        if number not in self._give:
            self._differ(f"input {number}", "nobody who takes it")
        self._told(self.now_us, self._names[number], value)
        self._give[number](value)

    def idle(self, timeout: float | None) -> None:
        """A turn after the end. Raises Over when nothing moves any more."""
        self._quiet += 1
        if timeout is None or timeout > 0 or self._quiet > QUIET_TURNS_MAX:
            raise Over

    def _end(self) -> NoReturn:
        self.over = True
        raise Over

    def _differ(self, recorded: str, replayed: str) -> NoReturn:
        if self.difference is None:
            self.difference = Difference(self.now_us, recorded, replayed)
        self._end()

    # --- the terminal's side ---------------------------------------------------------------

    def reading(self, what: str, ask: Callable[[], T], codec: Codec[T] = PLAIN) -> T:
        """What was answered then."""
        name, right, value = self._job_reading(what) if self._readings is not None else self._loop_reading(what)
        if name != what:
            self._differ(name, what)
        if not right:
            raise raised(value)
        return codec.decode(value)

    def _job_reading(self, what: str) -> list[Plain]:
        assert self._readings is not None
        if not self._readings:
            self._differ("the end of the work beside the loop", what)
        return self._readings.popleft()

    def _loop_reading(self, what: str) -> list[Plain]:
        while True:
            if not self._records:
                self._end()
            kind, *values = self._records[0]
            if kind == Record.READING and (values[0] == what or not self.over):
                self._records.popleft()
                return values
            if not self.over:
                self._differ(_described(kind, values), what)
            self._records.popleft()  # tasks end in no order that a recording could have

    def source(self, what: str, handler: Callable[[T], None], codec: Codec[T] = PLAIN) -> Post[T]:
        """Somebody who is told when something came."""
        number = self._number(what)
        self._give[number] = lambda value: handler(codec.decode(value[0]))
        return lambda value: None

    async def operation(
        self,
        what: str,
        start: Callable[[], Awaitable[T]],
        codec: Codec[T] = PLAIN,
        discard: Callable[[T], None] = lambda value: None,
    ) -> T:
        """Ends in the turn in which it ended then."""
        number = self._number(what)
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()

        def give(value: list[Plain]) -> None:
            if future.done():
                return
            right, result = value
            if right:
                future.set_result(codec.decode(result))
            else:
                future.set_exception(raised(result))

        self._give[number] = give
        return await future

    async def work(
        self, what: str, run: Callable[[Callable[[], T]], Awaitable[T]], work: Callable[[], T], *, counts: bool = False
    ) -> T:
        """Done at once; known in the turn in which it was known then."""
        number = self._number(what)
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        job = self._jobs.get(number)
        if job is None:
            self.under_way = self.under_way or (counts and not self.over)
            return await future
        outcome: Callable[[], None]
        if job.fault is not None:
            fault = raised(job.fault)
            outcome = lambda: future.set_exception(fault)  # noqa: E731
        else:
            outcome = self._done(job, work, future, counts=counts)
        self._give[number] = lambda _: None if future.done() else outcome()
        if self.over:
            outcome()
        return await future

    def _done(self, job: Job, work: Callable[[], T], future: asyncio.Future[T], *, counts: bool) -> Callable[[], None]:
        before = self.changes() if counts else 0
        try:
            with self._reading_of(job):
                result = work()
        except Exception as error:  # noqa: BLE001 - whoever waits for the work gets it, as then
            kept = error
            return lambda: future.set_exception(kept)
        changed = max(0, self.changes() - before) if counts else 0
        if changed != job.changes:
            self._differ(f"{job.changes} changed rows", f"{changed} changed rows")
        return lambda: future.set_result(result)

    @contextmanager
    def _reading_of(self, job: Job) -> Iterator[None]:
        self._readings = deque(job.readings)
        try:
            yield
        finally:
            self._readings = None

    def output(self, what: str, value: Plain, shown: str = "") -> None:
        """Compare with what went out then."""
        if self.over:
            return
        if not self._records:
            self._end()
        kind, *values = self._records[0]
        if kind != Record.OUTPUT or values[:2] != [what, value]:
            self._differ(_described(kind, values), f"{what} {shown}")
        self._records.popleft()
        self._told(self.now_us, what, shown)

    def leave(self, why: str) -> None:
        """The recording went no further."""
        self._end()

    def _number(self, what: str) -> int:
        self._numbers += 1
        self._names[self._numbers] = what
        return self._numbers


class _Input:
    def __init__(self, seam: ReplaySeam, one: list[Plain]) -> None:
        self._seam, self._one = seam, one

    def give(self) -> None:
        self._seam.give(self._one)


def _described(kind: str, values: list[Any]) -> str:
    match kind:
        case Record.READING:
            return str(values[0])
        case Record.OUTPUT:
            return f"{values[0]} {values[2]}"
        case _:
            return "the next turn"
