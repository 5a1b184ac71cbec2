"""Hundreds of swipes and scans at a key a millisecond, from two devices at once: alone, and beside everything else.

Beside: raster slips are drawn and printed, and TLS exchanges run, one after the other on the same loop. An emulated
processor that stands still for 20 ms, because others use the real one, lets the kernel's ring run over; so only
``--strict`` insists that no pass had to be done again. None is ever wrong, and none is lost without a word.
"""

import asyncio
import os

import pytest

from drivers.events import MisScan, MisSwipe, Scan, Swipe
from drivers.msr import MagneticStripeReader
from drivers.printer import Printer
from drivers.scanner import Scanner
from terminal.slips.escpos import escpos_bytes
from terminal.slips.layout import Line, Style
from terminal.slips.profile import PrinterProfile
from tools.benchmarks.far_end import HOST, FarEnd, exchange
from tools.hardware_bench.limits import STRICT
from tools.hardware_bench.uinput import reports

TIMES = int(os.environ.get("COUNTERTOP_BENCH_TIMES", "500"))
INTERVAL_S = 0.001
PAUSE_MAX_S = 0.1
"""An emulated typist may pause for so long that the driver rightly takes it for the end."""
SAME_S = 2.5
"""After so long the same card or code is another one."""
AGAIN_S = 0.5
"""Nobody swipes again faster. A pass that follows the void one within the driver's silence is taken for its rest."""
STORY_S = 1800.0
EVENT_S = 60.0
SLIP = [Line("示范商店 Corner Shop", style=Style.TITLE), *[Line("消费 Sale", "RMB 128.50")] * 8]


@pytest.fixture
def far_end(tmp_path):
    with FarEnd(tmp_path) as end:
        yield end


async def repeat(work, done, over):
    while not over.is_set():
        await work()
        done.append(1)


@pytest.mark.parametrize("busy", [False, True], ids=["alone", "beside slips and TLS"])
def test_every_swipe_and_scan_arrives_as_it_was_or_is_to_be_done_again(run, keyboard, far_end, busy, record_property):
    slips, exchanges = [], []

    async def typing(open, driver, device, texts, whole, torn):
        heard = await open(driver)
        good, again = [], 0
        for text in texts:
            while True:
                before = len(heard.of(whole, torn))
                device.type(reports(text), INTERVAL_S)
                await asyncio.to_thread(device.typed)
                event = (await heard.count(before + 1, whole, torn, timeout_s=EVENT_S))[before]
                if device.stood_still_s > PAUSE_MAX_S:  # this was no pass of any device
                    await asyncio.sleep(SAME_S)
                elif isinstance(event, whole):
                    good.append(event)
                    break
                else:
                    # Told in any case; what comes after a long pause of a void pass is no pass either.
                    assert isinstance(event, torn)
                    again += 1
                    await asyncio.sleep(AGAIN_S)
        return good, again

    async def story(open):
        printer = Printer("printer", f"tcp:{HOST}:{far_end.printer_port}", "epson")
        await open(printer)

        async def slip():
            await printer.write(await asyncio.to_thread(escpos_bytes, SLIP, PrinterProfile()), lambda sent: None)

        await slip()  # loads what slips are drawn with
        over, others = asyncio.Event(), []
        if busy:
            others.append(asyncio.create_task(repeat(slip, slips, over)))
            others.append(asyncio.create_task(repeat(lambda: exchange(far_end), exchanges, over)))
        tracks = [f"{6200000000000000 + place}=49121010000{place:04}" for place in range(TIMES)]
        codes = [f"6201234567890{place:07}" for place in range(TIMES)]
        reader, scanner = keyboard("reader"), keyboard("scanner")
        (swipes, torn_swipes), (scans, torn_scans) = await asyncio.gather(
            typing(open, MagneticStripeReader("msr", reader.path), reader, [f";{t}?" for t in tracks], Swipe, MisSwipe),
            typing(open, Scanner("scanner", scanner.path), scanner, codes, Scan, MisScan),
        )
        over.set()
        await asyncio.gather(*others)  # each ends its last round, and none of them may have failed
        assert [swipe.tracks.track2.decode() for swipe in swipes] == tracks
        assert [scan.text.data.decode() for scan in scans] == codes
        record_property(
            f"{TIMES} swipes and {TIMES} scans {'beside slips and TLS' if busy else 'alone'}",
            f"0 wrong, 0 lost without a word, {torn_swipes} and {torn_scans} to be done again; "
            f"{len(slips)} slips, {len(exchanges)} exchanges",
        )
        assert not STRICT or (torn_swipes, torn_scans) == (0, 0)

    run(story, timeout_s=STORY_S)
