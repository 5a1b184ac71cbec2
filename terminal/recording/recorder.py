"""The recorder of a running terminal: the process's loop, and one life after another with a file of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from config import Settings
from terminal.outside import Outside
from terminal.recording.life import Life, name_of
from terminal.recording.loop import Inbox, TurnLoop, Turns, TurnSelector
from terminal.recording.ring import FOLDER

__all__ = ["Recorder"]

RENEWAL_LOOK_S = 60.0
"""How often it is looked whether a new life may begin."""


class Recorder:
    """Of one process. Its loop and selector are the process's; ``life`` records what happens until it ends."""

    def __init__(self, settings: Settings, size_mib: int) -> None:
        self._folder = Path(settings.terminal.state_dir) / FOLDER
        self._size_bytes = size_mib << 20
        self._inbox, self._turns = Inbox(), Turns()
        self._life: Life | None = None
        self.selector = TurnSelector(self._turns, self._inbox, self._turn)

    def loop(self) -> TurnLoop:
        """The process's loop."""
        self.selector.loop = loop = TurnLoop(self.selector, self._turns)
        return loop

    def _turn(self, now_us: int, inputs: list[Any]) -> None:
        if self._life is not None:
            self._life.seam.turn(now_us, inputs)

    @contextmanager
    def life(self, settings: Settings, outside: Outside, cancel: Callable[[], object]) -> Iterator[Life]:
        """Record one life. A disk that takes no recording takes none; the terminal lives all the same."""
        life = self._life = Life(
            self._folder, self._size_bytes, self._inbox, settings, outside, cancel, self._turns.now_us
        )
        life.begin()
        how = "stopped"
        try:
            yield life
        except Exception as error:
            how = name_of(error)
            raise
        finally:
            self._life = None
            life.end(how)

    async def lives(self, settings: Settings, outside: Outside, live: Callable[[Life], Awaitable[None]]) -> None:
        """Live until cancelled or in trouble, and be recorded; ``live`` is one life.

        A life that has been recorded for long is ended while nobody is there, as a power cut would, and the next one
        begins with a file of its own: a terminal that runs for weeks is recorded all the time.
        """
        while True:
            task = asyncio.ensure_future(self._one(settings, outside, live))
            renewal = asyncio.ensure_future(self._renewal())
            try:
                await task
            except asyncio.CancelledError:
                if not renewal.done() or renewal.cancelled():
                    raise
            finally:
                renewal.cancel()

    async def _one(self, settings: Settings, outside: Outside, live: Callable[[Life], Awaitable[None]]) -> None:
        task = asyncio.current_task()
        assert task is not None
        with self.life(settings, outside, task.cancel) as life:
            await live(life)

    async def _renewal(self) -> None:
        """End the life that goes on when its time has come."""
        while True:
            await asyncio.sleep(RENEWAL_LOOK_S)
            if self._life is not None and self._life.may_end(asyncio.get_running_loop().time()):
                self._life.stop(None)
                return

    def stop(self, cancel: Callable[[], object]) -> None:
        """End the life that goes on by ``cancel``, in a turn that its recording knows."""
        if self._life is None:
            cancel()
        else:
            self._life.stop(None)
