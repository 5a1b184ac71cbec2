"""Readers and scanners that type, through the kernel's input core."""

import asyncio
import select
import time

import pytest

from drivers.evdev_device import open_input
from drivers.events import DeviceState, MisScan, MisSwipe, MisSwipeReason, Scan, Swipe
from drivers.msr import MagneticStripeReader
from drivers.scanner import Scanner
from tools.hardware_bench.limits import REPLUG_S
from tools.hardware_bench.uinput import reports

INTERVAL_S = 0.001
TRACK1 = "B6200000000000005^TEST/CARD^49121010000000000000"
TRACK2 = "6200000000000005=49121010000000000000"
PASS = f"%{TRACK1}?;{TRACK2}?"
CODE = "62012345678901234567"
NOTHING_S = 0.3


def content(swipe):
    return swipe.tracks.track1 and swipe.tracks.track1.decode(), swipe.tracks.track2 and swipe.tracks.track2.decode()


def test_a_swipe_at_the_readers_pace_arrives_whole(run, keyboard):
    reader = keyboard("reader")

    async def story(open):
        heard = await open(MagneticStripeReader("msr", reader.path))
        reader.type(reports(PASS), INTERVAL_S)
        await heard.count(1, Swipe, MisSwipe)
        assert not heard.of(MisSwipe)
        assert [content(swipe) for swipe in heard.of(Swipe)] == [(TRACK1, TRACK2)]

    run(story)


def test_a_reader_without_enter_ends_its_pass_by_silence(run, keyboard):
    reader = keyboard("reader")

    async def story(open):
        heard = await open(MagneticStripeReader("msr", reader.path))
        reader.type(reports(PASS, enter=False), INTERVAL_S)
        await heard.count(1, Swipe)

    run(story)


def test_nobody_else_hears_a_card(run, keyboard):
    """Not a program that had the node open before us, and not the console."""
    reader = keyboard("reader")
    other = reader.open_beside()

    async def story(open):
        heard = await open(MagneticStripeReader("msr", reader.path))
        reader.type(reports(PASS), INTERVAL_S)
        await heard.count(1, Swipe)
        assert not select.select([other.fd], [], [], NOTHING_S)[0]

    try:
        run(story)
        reader.send(reports("1"))
        assert select.select([other.fd], [], [], NOTHING_S)[0], "let go when closed, and the test would have seen it"
    finally:
        other.close()


def test_a_reader_that_somebody_else_holds_is_told_and_taken_when_it_is_free(run, keyboard):
    reader = keyboard("reader")
    other = reader.open_beside()
    other.grab()
    with pytest.raises(OSError, match="busy"):
        open_input(reader.path)

    async def story(open):
        asyncio.get_running_loop().call_later(0.5, other.ungrab)
        await open(MagneticStripeReader("msr", reader.path))

    try:
        run(story)
    finally:
        other.close()


def test_when_the_kernel_lost_keys_the_card_must_be_swiped_again(run, keyboard):
    """A pass of some 700 events into a ring of 64 while nobody reads."""
    reader = keyboard("reader")

    async def story(open):
        heard = await open(MagneticStripeReader("msr", reader.path))
        reader.send(reports(PASS))
        first = (await heard.count(1, MisSwipe, Swipe))[0]
        assert isinstance(first, MisSwipe) and first.reason is MisSwipeReason.EVENTS_LOST
        await asyncio.sleep(NOTHING_S)
        assert not heard.of(Swipe)
        reader.type(reports(PASS), INTERVAL_S)
        assert content((await heard.count(1, Swipe))[0]) == (TRACK1, TRACK2)

    run(story)


@pytest.mark.parametrize("stalled_at", range(0, 2 * len(PASS), 13))
def test_a_stall_anywhere_in_a_pass_never_gives_a_shortened_card(run, keyboard, stalled_at):
    """The loop does not read for some 30 keys, from any place of the pass on."""
    reader = keyboard("reader")
    made = reports(PASS)

    async def story(open):
        heard = await open(MagneticStripeReader("msr", reader.path))
        for report in made[:stalled_at]:
            reader.send([report])
            await asyncio.sleep(0)
        stalled = made[stalled_at : stalled_at + 60]
        reader.send(stalled)
        for report in made[stalled_at + 60 :]:
            await asyncio.sleep(INTERVAL_S)
            reader.send([report])
        await heard.count(1, Swipe, MisSwipe)
        await asyncio.sleep(NOTHING_S)
        assert not heard.of(Swipe)

    run(story)


def test_what_follows_a_gap_is_still_the_same_void_pass(run, keyboard):
    """The gap may end where track 2 begins; a pass of which something is lost gives no card at all."""
    reader = keyboard("reader")

    async def story(open):
        heard = await open(MagneticStripeReader("msr", reader.path))
        for length in range(20, 44):
            heard.events.clear()
            reader.send(reports(f"%B{'6' * length}?", enter=False))
            for report in reports(f";{TRACK2}?"):
                await asyncio.sleep(0)
                reader.send([report])
            await heard.count(1, MisSwipe)
            await asyncio.sleep(NOTHING_S)
            assert not heard.of(Swipe), f"track 1 of {length} characters"

    run(story)


def test_the_end_of_a_code_whose_beginning_is_lost_is_no_code(run, keyboard):
    scanner = keyboard("scanner")

    async def story(open):
        heard = await open(Scanner("scanner", scanner.path))
        scanner.send(reports(CODE * 3))
        await heard.count(1, MisScan)
        await asyncio.sleep(NOTHING_S)
        assert not heard.of(Scan)
        scanner.type(reports(CODE), INTERVAL_S)
        assert (await heard.count(1, Scan))[0].text.data.decode() == CODE

    run(story)


def test_a_reader_pulled_out_in_mid_pass_voids_it_and_is_back_when_replugged(run, keyboard):
    reader = keyboard("reader")

    async def story(open):
        heard = await open(MagneticStripeReader("msr", reader.path))
        reader.type(reports(PASS), INTERVAL_S)
        await asyncio.sleep(0.05)
        reader.unplug()
        await heard.gone()
        assert [event.reason for event in heard.of(MisSwipe)] == [MisSwipeReason.READER_LOST]
        reader.plug()
        began = time.monotonic()
        await heard.state(DeviceState.OPEN)
        assert time.monotonic() - began < REPLUG_S
        reader.type(reports(PASS), INTERVAL_S)
        assert content((await heard.count(1, Swipe))[0]) == (TRACK1, TRACK2)

    run(story)


@pytest.mark.parametrize(
    "text",
    [CODE, "https://qr.example/a?b=C&d=~e", "28" * 9, "{[(<|>)]}", "A" * 500],
    ids=["payment", "address", "digits", "brackets", "long"],
)
def test_a_scan_arrives_as_it_was_typed(run, keyboard, text):
    scanner = keyboard("scanner")

    async def story(open):
        heard = await open(Scanner("scanner", scanner.path))
        scanner.type(reports(text), INTERVAL_S)
        await heard.count(1, Scan, MisScan)
        assert [scan.text.data.decode() for scan in heard.of(Scan)] == [text]

    run(story)
