"""Any device may be absent, forbidden, lost and back; the terminal says so once and goes on looking."""

import asyncio

import pytest

from drivers import supervised as module
from drivers.events import DeviceChanged, DeviceState
from drivers.health import HealthLevel, Verdict
from drivers.supervised import Supervised


class Plug(Supervised):
    """A device that is a switch."""

    def __init__(self):
        super().__init__("plug", "nowhere")
        self.error: OSError | None = FileNotFoundError(2, "No such file or directory")
        self.pulled = asyncio.Event()
        self.tries = 0
        self.held = 0

    async def connect(self):
        self.tries += 1
        if self.error is not None:
            raise self.error
        self.held += 1

    async def serve(self):
        await self.pulled.wait()

    def release(self):
        self.held = 0


@pytest.fixture
def story():
    def run(play):
        async def whole():
            plug, told, changed = Plug(), [], asyncio.Event()

            def hear(event):
                told.append(event)
                changed.set()

            plug.start(hear)

            async def until(state):
                async with asyncio.timeout(5):
                    while plug.state is not state:
                        changed.clear()
                        await changed.wait()

            try:
                await play(plug, until)
            finally:
                await plug.close()
            assert plug.held == 0, "closed is let go"
            return [(event.state, event.remedy != "") for event in told if isinstance(event, DeviceChanged)]

        return asyncio.run(whole())

    return run


def test_a_device_that_is_absent_at_the_start_is_told_and_opened_when_it_comes(story):
    async def play(plug, until):
        await asyncio.sleep(0.05)
        plug.error = None
        plug.look_again()
        await until(DeviceState.OPEN)

    assert story(play) == [(DeviceState.ABSENT, True), (DeviceState.OPEN, False)]


def test_a_device_that_may_not_be_opened_says_what_to_install(story):
    async def play(plug, until):
        plug.error = PermissionError(13, "Permission denied")
        await until(DeviceState.REFUSED)
        health = await plug.check_health(HealthLevel.INTERNAL)
        assert health.verdict is Verdict.BAD and "udev" in health.remedy and "Permission denied" in health.text

    assert story(play) == [(DeviceState.REFUSED, True)]


def test_a_lost_device_is_told_counted_and_opened_again(story):
    async def play(plug, until):
        plug.error = None
        await until(DeviceState.OPEN)
        plug.error = FileNotFoundError(2, "No such file or directory")
        plug.pulled.set()
        await until(DeviceState.ABSENT)
        assert plug.statistics["CommunicationErrorCount"] == 1
        plug.pulled.clear()
        plug.error = None
        await until(DeviceState.OPEN)

    assert [state for state, _ in story(play)] == [
        DeviceState.OPEN,
        DeviceState.LOST,
        DeviceState.ABSENT,
        DeviceState.OPEN,
    ]


def test_pauses_between_tries_grow_to_a_bound_and_a_notice_ends_one(story, monkeypatch):
    monkeypatch.setattr(module, "REOPEN_FIRST_S", 0.01)
    monkeypatch.setattr(module, "REOPEN_MAX_S", 0.08)

    async def play(plug, until):
        await asyncio.sleep(0.4)
        assert 4 <= plug.tries <= 9
        monkeypatch.setattr(module, "REOPEN_MAX_S", 60.0)
        plug.error = None
        plug.look_again()
        await until(DeviceState.OPEN)

    story(play)


def test_a_device_that_opens_and_is_gone_at_once_does_not_keep_the_loop_busy(story):
    async def play(plug, until):
        plug.error = None
        plug.pulled.set()
        await asyncio.sleep(0.5)
        assert plug.tries <= 4

    story(play)
