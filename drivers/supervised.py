"""The life all devices lead: looked for, opened, lost, opened again; counted all the while.

A subclass says how to open (``connect``), how to stay until the device is gone (``serve``) and what to let go
(``release``). Loss is a normal state, never an error.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress

from drivers.device import Emit
from drivers.events import DeviceChanged, DeviceState
from drivers.health import Health, HealthLevel, Verdict

__all__ = ["REMEDIES", "REOPEN_FIRST_S", "REOPEN_MAX_S", "Supervised"]

REOPEN_FIRST_S, REOPEN_MAX_S = 0.1, 2.0
"""Pauses between tries to open; each is twice the one before."""
TRIED_S, TRIED_LOOK_S = 15.0, 0.05
"""How long a person has in an interactive check, and how often it is looked whether it is done."""
REMEDIES = {
    DeviceState.REFUSED: "Install the udev rules, or add this user to the group that owns the device.",
    DeviceState.ABSENT: "Plug the device in, or correct its address in the configuration.",
    DeviceState.LOST: "Plug the device in again.",
}


class Supervised:
    """A device that is opened now and whenever it comes back.

    ``statistics`` counts under UnifiedPOS names (GoodReadCount, CommunicationErrorCount, …), from the start on.
    """

    refused_remedy = REMEDIES[DeviceState.REFUSED]
    interaction = ""
    """What a person does in an interactive check; empty where nothing comes of it by itself."""
    used_count = ""
    """The count that shows that it was done."""

    def __init__(self, name: str, address: str) -> None:
        self.name = name
        self.state = DeviceState.ABSENT
        self.detail = ""
        """Why it is not open, in the system's words."""
        self.statistics: Counter[str] = Counter()
        self._address = address
        self._task: asyncio.Task[None] | None = None
        self._told: DeviceState | None = None
        self._look = asyncio.Event()
        self._emit: Emit = lambda event: None

    def start(self, emit: Emit) -> None:
        """Open now and whenever it comes back."""
        self._emit = emit
        self._task = asyncio.get_running_loop().create_task(self._supervise(emit))

    async def close(self) -> None:
        """Let the device go."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    def look_again(self) -> None:
        """Something was plugged in somewhere: try now, without waiting for the pause to end."""
        self._look.set()

    async def check_health(self, level: HealthLevel) -> Health:
        """How the device is. Here: whether it is open, and whether it is heard when somebody uses it."""
        if self.state is DeviceState.OPEN and level is HealthLevel.INTERACTIVE and self.used_count:
            return await self._try_out(level)
        if self.state is DeviceState.OPEN:
            return Health(level, Verdict.GOOD, f"{self.name} is open.")
        return Health(level, Verdict.BAD, f"{self.name} is {self.state}: {self.detail or 'not there'}.", self.remedy)

    async def _try_out(self, level: HealthLevel) -> Health:
        before, left_s = self.statistics[self.used_count], TRIED_S
        while self.statistics[self.used_count] == before and left_s > 0:
            await asyncio.sleep(TRIED_LOOK_S)
            left_s -= TRIED_LOOK_S
        if self.statistics[self.used_count] > before:
            return Health(level, Verdict.GOOD, f"{self.name} works.")
        remedy = "Try once more; then compare its settings with docs/technician/devices.md."
        return Health(level, Verdict.BAD, f"{self.name} is open, and nothing came from it.", remedy)

    @property
    def remedy(self) -> str:
        """What to do about the present state; empty when there is nothing to do."""
        return self.refused_remedy if self.state is DeviceState.REFUSED else REMEDIES.get(self.state, "")

    async def connect(self) -> None:
        """Open the device. Raises OSError."""
        raise NotImplementedError

    async def serve(self) -> None:
        """Stay until the device is gone; an OSError says the same."""
        raise NotImplementedError

    def release(self) -> None:
        """Let go what ``connect`` has opened; also called when it failed half-way."""
        raise NotImplementedError

    def lost(self, now: float, emit: Emit) -> None:
        """The device has gone; whatever was half-done is void."""

    async def _supervise(self, emit: Emit) -> None:
        pause_s = REOPEN_FIRST_S
        while True:
            self._look.clear()
            try:
                await self.connect()
            except OSError as error:
                self.release()
                refused = isinstance(error, PermissionError)
                self._change(
                    emit,
                    DeviceState.REFUSED if refused else DeviceState.ABSENT,
                    error.strerror or type(error).__name__,
                )
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause_s):
                        await self._look.wait()
                pause_s = min(pause_s * 2, REOPEN_MAX_S)
                continue
            except BaseException:
                self.release()
                raise
            self._change(emit, DeviceState.OPEN, "")
            began = asyncio.get_running_loop().time()
            try:
                with suppress(OSError):
                    await self.serve()
            finally:
                self.release()
            now = asyncio.get_running_loop().time()
            self.statistics["CommunicationErrorCount"] += 1
            self.lost(now, emit)
            self._change(emit, DeviceState.LOST, "")
            if now - began > REOPEN_MAX_S:
                pause_s = REOPEN_FIRST_S
            # A device that opens and is gone at once shall not keep the loop busy.
            with suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._look.wait()
            pause_s = min(pause_s * 2, REOPEN_MAX_S)

    def _change(self, emit: Emit, state: DeviceState, detail: str) -> None:
        self.detail = detail
        self.state = state
        if state is not self._told:
            self._told = state
            emit(DeviceChanged(self.name, state, detail, self.remedy))
