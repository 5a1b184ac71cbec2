"""The keypad through the kernel's input core."""

import asyncio
import time

import pytest

from drivers.events import DeviceState, Key, KeyPress
from drivers.keypad import Keypad
from tools.hardware_bench.uinput import keys

HELD_S, APART_S = 0.010, 0.040
NOTHING_S = 0.3


def pressed(heard):
    return [press.key for press in heard.of(KeyPress)]


def test_every_key_is_heard_by_its_meaning(run, keyboard):
    keypad = keyboard("keypad")

    async def story(open):
        heard = await open(Keypad("keypad", keypad.path))
        for name in Key:
            keypad.send(keys(name))
            await asyncio.sleep(APART_S)
        await heard.count(len(Key), KeyPress)
        assert pressed(heard) == list(Key)

    run(story)


def test_a_key_held_down_is_one_press_although_the_kernel_repeats_it(run, keyboard):
    keypad = keyboard("keypad", repeats=True)
    other = keypad.open_beside()

    async def story(open):
        down, up = keys("5")
        keypad.send([down])
        await asyncio.sleep(0.7)
        keypad.send([up])
        repeats = [event for event in other.read() if event.value == 2]
        assert repeats, "the kernel repeats"
        heard = await open(Keypad("keypad", keypad.path))
        keypad.send([down])
        await asyncio.sleep(0.7)
        keypad.send([up])
        await heard.count(1, KeyPress)
        assert pressed(heard) == [Key.D5]

    try:
        run(story)
    finally:
        other.close()


def test_a_contact_that_bounces_is_one_press(run, keyboard):
    keypad = keyboard("keypad")

    async def story(open):
        heard = await open(Keypad("keypad", keypad.path))
        keypad.type(keys("7", "7", "7"), 0.001)
        await asyncio.sleep(NOTHING_S)
        assert pressed(heard) == [Key.D7]

    run(story)


@pytest.mark.parametrize("held", [False, True], ids=["between keys", "while a key is held"])
def test_a_keypad_pulled_out_and_put_back_works_as_before(run, keyboard, held):
    keypad = keyboard("keypad")

    async def story(open):
        heard = await open(Keypad("keypad", keypad.path))
        if held:
            keypad.send(keys("1")[:1])
            await heard.count(1, KeyPress)
        keypad.unplug()
        await heard.gone()
        keypad.plug()
        began = time.monotonic()
        await heard.state(DeviceState.OPEN)
        assert time.monotonic() - began < 3.0
        keypad.send(keys("2"))
        await heard.count(2 if held else 1, KeyPress)
        assert pressed(heard)[-1] is Key.D2

    run(story)
