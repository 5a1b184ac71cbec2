"""Tests against real kernel devices. They run inside the guest of ``make hardware-bench`` and nowhere else."""

import asyncio
import os

import pytest

from drivers.events import DeviceChanged, DeviceState
from tools.hardware_bench.uinput import VirtualKeyboard

IN_THE_GUEST = os.environ.get("COUNTERTOP_BENCH") == "1"
REASON = "needs real kernel devices: make hardware-bench"


def pytest_collection_modifyitems(items):
    for item in items:
        if "tests/hardware/" in item.path.as_posix():
            item.add_marker(pytest.mark.hardware)
            if not IN_THE_GUEST:
                item.add_marker(pytest.mark.skip(reason=REASON))


EVENT_S = 10.0


class Heard:
    """What a driver told, in order, and a way to wait for more."""

    def __init__(self):
        self.events = []
        self._changed = asyncio.Event()

    def emit(self, event):
        self.events.append(event)
        self._changed.set()

    def of(self, *kinds):
        return [event for event in self.events if isinstance(event, kinds)]

    async def until(self, wanted, timeout_s=EVENT_S):
        """Wait until ``wanted(self)`` is true; at the deadline say what was heard."""
        try:
            async with asyncio.timeout(timeout_s):
                while not (result := wanted(self)):
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            pytest.fail(f"in vain after {timeout_s} s: {self.events[-20:]}")
        return result

    async def state(self, state, timeout_s=EVENT_S):
        """Wait until the last word about the device is ``state``."""
        await self.until(lambda heard: (changes := heard.of(DeviceChanged)) and changes[-1].state is state, timeout_s)

    async def gone(self, times=1):
        """Wait until the device was lost for the n-th time."""
        await self.until(lambda heard: [e.state for e in heard.of(DeviceChanged)].count(DeviceState.LOST) >= times)

    async def count(self, number, *kinds, timeout_s=EVENT_S):
        """Wait for the n-th event of some kinds; returns all of them."""
        return await self.until(lambda heard: len(heard.of(*kinds)) >= number and heard.of(*kinds), timeout_s)


@pytest.fixture
def run():
    """Run a story: an async function that is given ``open(device) -> Heard``; devices are closed at its end."""

    def run(story, timeout_s=60.0):
        async def told():
            devices = []

            async def open(device):
                heard = Heard()
                devices.append(device)
                device.start(heard.emit)
                await heard.state(DeviceState.OPEN)
                return heard

            try:
                async with asyncio.timeout(timeout_s):
                    await story(open)
            finally:
                for device in devices:
                    await device.close()

        asyncio.run(told())

    return run


@pytest.fixture
def keyboard():
    """Plug a virtual keyboard in: ``keyboard("reader")``; all are pulled out at the end."""
    made = []

    def plug(place, **options):
        device = VirtualKeyboard(place, **options)
        made.append(device)
        device.plug()
        return device

    yield plug
    for device in made:
        device.unplug()


@pytest.fixture
def played():
    """Plug a played device in: ``played(UsbKeyboard(identity))``; all are removed at the end."""
    made = []

    def plug(device):
        made.append(device)
        device.plug()
        return device

    yield plug
    for device in made:
        device.remove()


@pytest.fixture
def eventually():
    """Wait for something that nobody tells: a condition, looked at every few milliseconds, with a deadline."""

    async def eventually(condition, timeout_s=EVENT_S):
        deadline = asyncio.get_running_loop().time() + timeout_s
        while not (result := condition()):
            assert asyncio.get_running_loop().time() < deadline, "in vain"
            await asyncio.sleep(0.005)
        return result

    return eventually
