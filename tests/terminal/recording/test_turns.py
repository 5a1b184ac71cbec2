"""The recorded loop: time stands still within a turn, inputs come first, equals keep their order."""

import asyncio
import random

import pytest

from terminal.recording.faults import fault_of, raised
from terminal.recording.loop import Inbox, TurnLoop, Turns, TurnSelector
from terminal.recording.recording_seam import RecordingSeam
from terminal.recording.seam import Record


class Recorded:
    """A loop with a seam, and what was noted."""

    def __init__(self):
        self.notes = []
        self.inbox, turns = Inbox(), Turns()
        self.seam = RecordingSeam(self.inbox, self.notes.append, lambda: None)
        selector = TurnSelector(turns, self.inbox, self.seam.turn)
        self.loop = selector.loop = TurnLoop(selector, turns)

    def run(self, story):
        with asyncio.Runner(loop_factory=lambda: self.loop) as runner:
            return runner.run(story())


def test_time_stands_still_within_a_turn():
    async def story():
        loop = asyncio.get_running_loop()
        first = loop.time()
        sum(range(200_000))
        return first == loop.time()

    assert Recorded().run(story)


def test_timers_of_the_same_instant_run_in_the_order_in_which_they_were_set():
    async def story():
        loop, order, done = asyncio.get_running_loop(), [], asyncio.Event()
        when = loop.time() + 0.01
        others = [loop.call_at(when - random.random() / 200, lambda: None) for _ in range(50)]
        for number in range(100):
            loop.call_at(when, order.append, number)
        for timer in others[::2]:
            timer.cancel()
        loop.call_at(when, done.set)
        await done.wait()
        return order

    assert Recorded().run(story) == list(range(100))


def test_a_timer_is_not_early_after_a_turn_that_took_long():
    async def story():
        import time

        loop, began = asyncio.get_running_loop(), time.monotonic()
        await asyncio.sleep(0.05)
        return time.monotonic() - began, loop.time()

    waited, _ = Recorded().run(story)
    assert waited >= 0.049


def test_what_is_posted_is_written_down_before_it_is_used_and_used_in_the_next_turn():
    recorded = Recorded()

    async def story():
        heard, told = [], asyncio.Event()
        post = recorded.seam.source("keypad", lambda value: (heard.append(value), told.set()))
        post("1")
        post("2")
        assert heard == []
        await told.wait()
        return heard

    assert recorded.run(story) == ["1", "2"]
    inputs = [record[2] for record in recorded.notes if record[0] == Record.TURN and len(record) > 2]
    assert inputs == [[[1, "1"], [1, "2"]]]


def test_an_operation_that_nobody_waits_for_any_more_is_given_back():
    recorded, given_back = Recorded(), []

    async def story():
        opened = asyncio.Event()

        async def start():
            opened.set()
            return "line"

        waiting = asyncio.ensure_future(recorded.seam.operation("dial", start, discard=given_back.append))
        await opened.wait()
        waiting.cancel()
        for _ in range(5):
            await asyncio.sleep(0)

    recorded.run(story)
    assert given_back == ["line"]


def test_nothing_is_written_down_after_the_recording_was_left():
    recorded = Recorded()

    async def story():
        recorded.seam.leave("keys are loaded")
        recorded.seam.output("screen", b"", "idle")
        await asyncio.sleep(0)

    recorded.run(story)
    assert recorded.notes[-1] == (Record.LEFT, "keys are loaded")


@pytest.mark.parametrize(
    "error",
    [ConnectionRefusedError(111, "refused"), TimeoutError(), OSError(28, "No space left on device"), OSError()],
)
def test_a_fault_comes_again_as_it_was(error):
    again = raised(fault_of(error))
    assert type(again) is type(error)
    assert (again.errno, again.strerror) == (error.errno, error.strerror)


def test_a_fault_of_the_keys_keeps_its_remedy():
    from keys.errors import KeyAbsent

    again = raised(fault_of(KeyAbsent("No key is loaded in slot mac.")))
    assert isinstance(again, KeyAbsent)
    assert (str(again), again.remedy) == ("No key is loaded in slot mac.", KeyAbsent.remedy)
