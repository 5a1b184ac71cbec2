"""Readers and scanners in every mode they come in: what one pass or one code becomes, and what a torn one does."""

import asyncio
import os
import queue
import socket
import threading
import time

import pytest
from evdev import ecodes

from drivers.events import DeviceChanged, DeviceState, KeyPress, MisScan, MisSwipe, MisSwipeReason, Scan, Swipe
from drivers.hid_port import REPORTS_MAX, HidPort
from drivers.hid_reports import MAGTEK_REPORT, MAGTEK_REPORT_BYTES, POS_REPORT
from drivers.input_stream import InputParser, pack_event
from drivers.keypad import Keypad
from drivers.layouts import LAYOUTS, with_overrides
from drivers.msr_hid import HidStripeReader
from drivers.registry import DRIVERS, SettingsRefused, build
from drivers.scan_text import Framing, read_scan
from drivers.scanner_hid import HidScanner
from drivers.scanner_serial import ScanFramer, SerialScanner
from drivers.wedge import WedgeDecoder

TRACK1, TRACK2 = "%B6222021234567894^DOE/JANE^30121010000?", ";6222021234567894=30121010000?"
CODE = "6212345678901234567"


class Heard:
    def __init__(self):
        self.events, self._changed = [], asyncio.Event()

    def emit(self, event):
        self.events.append(event)
        self._changed.set()

    def of(self, *kinds):
        return [event for event in self.events if isinstance(event, kinds)]

    async def until(self, condition):
        async with asyncio.timeout(5):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def state(self, state):
        await self.until(lambda: (told := self.of(DeviceChanged)) and told[-1].state is state)


def magtek(*tracks, status=(0, 0, 0), encode_type=0):
    padded = [track.encode().ljust(110, b"\0") for track in (*tracks, "", "", "")[:3]]
    lengths = [len(track) for track in (*tracks, "", "", "")[:3]]
    return MAGTEK_REPORT.build(
        {"status": list(status), "lengths": lengths, "encode_type": encode_type, "tracks": padded}
    )


def pos(text, *, aim=b"]Q1"):
    data = text if isinstance(text, bytes) else text.encode()
    pieces = [data[start : start + 56] for start in range(0, len(data), 56)] or [b""]
    return [
        POS_REPORT.build(
            {
                "report_id": 2,
                "length": len(piece),
                "aim": aim,
                "data": piece.ljust(56, b"\0"),
                "reserved": b"\0\0",
                "more": int(place < len(pieces) - 1),
            }
        )
        for place, piece in enumerate(pieces)
    ]


@pytest.fixture
def plugged(tmp_path):
    """Run a story with a HID device behind a socket: ``story(heard, send, unplug)``."""

    def run(make, story):
        async def told():
            path = str(tmp_path / "hid.sock")
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening:
                listening.bind(path)
                listening.listen()
                device, heard = make("device", f"unix:{path}"), Heard()
                device.start(heard.emit)
                await heard.state(DeviceState.OPEN)
                peer, _ = listening.accept()
                try:
                    await story(heard, peer.send, peer.close)
                finally:
                    peer.close()
                    await device.close()
            return device

        return asyncio.run(told())

    return run


def test_a_pass_in_hid_mode_is_one_swipe(plugged):
    async def story(heard, send, unplug):
        send(magtek(TRACK1, TRACK2))
        await heard.until(lambda: heard.of(Swipe))
        (swipe,) = heard.of(Swipe)
        assert swipe.tracks.track1 == TRACK1[1:-1].encode() and swipe.tracks.track2 == TRACK2[1:-1].encode()

    assert plugged(HidStripeReader, story).statistics["GoodReadCount"] == 1


@pytest.mark.parametrize(
    "report",
    [
        magtek("", "", encode_type=4),
        magtek(TRACK1[:-1], TRACK2[:-1]),
        magtek(TRACK2, TRACK2),
        magtek("", ";E?", status=(1, 1, 1)),
        magtek(TRACK1, TRACK2)[:200],
        magtek(TRACK1, TRACK2)[:3] + b"\xff\xff\xff" + magtek(TRACK1, TRACK2)[6:],
        b"",
        os.urandom(MAGTEK_REPORT_BYTES),
    ],
    ids=["blank", "cut off", "track 2 twice", "unreadable", "short", "lengths beyond", "empty", "noise"],
)
def test_a_bad_report_is_one_bad_read(plugged, report):
    async def story(heard, send, unplug):
        send(report or b"\0")
        await heard.until(lambda: heard.of(Swipe, MisSwipe))
        assert [event.reason for event in heard.of(MisSwipe)] in ([MisSwipeReason.BAD_READ], [MisSwipeReason.PARTIAL])

    plugged(HidStripeReader, story)


def test_a_track_the_reader_could_not_decode_is_noted_and_the_other_used(plugged):
    async def story(heard, send, unplug):
        send(magtek("%garbage", TRACK2, status=(1, 0, 0)))
        await heard.until(lambda: heard.of(Swipe, MisSwipe))
        (swipe,) = heard.of(Swipe)
        assert swipe.tracks.notes == ("track1-error",) and swipe.tracks.track1 is None

    plugged(HidStripeReader, story)


@pytest.mark.parametrize("text", [CODE, "码" * 40, "x" * 2953], ids=["digits", "Chinese", "largest"])
def test_a_code_of_any_length_in_hid_pos_mode_is_one_scan_with_its_kind(plugged, text):
    async def story(heard, send, unplug):
        for report in pos(text):
            send(report)
        await heard.until(lambda: heard.of(Scan, MisScan))
        (scan,) = heard.of(Scan)
        assert scan.text.data.decode() == text and scan.symbology == "qr"

    plugged(HidScanner, story)


def test_a_long_code_whose_end_is_unplugged_is_void(plugged):
    async def story(heard, send, unplug):
        send(pos("x" * 100)[0])
        await asyncio.sleep(0.05)
        unplug()
        await heard.until(lambda: heard.of(MisScan))
        assert [event.reason for event in heard.of(MisScan)] == ["scanner-lost"]

    plugged(HidScanner, story)


def test_a_gb_18030_code_arrives_as_text(plugged):
    async def story(heard, send, unplug):
        for report in pos("付款码".encode("gb18030")):
            send(report)
        await heard.until(lambda: heard.of(Scan, MisScan))
        assert heard.of(Scan)[0].text.data.decode() == "付款码"

    plugged(HidScanner, story)


def test_reports_that_nobody_fetches_are_an_overrun_and_never_half_a_code():
    """One thread reads, the loop is busy: more reports than the queue holds."""
    reports: queue.Queue = queue.Queue()
    for number in range(REPORTS_MAX * 2):
        reports.put(number.to_bytes(2, "big"))
    all_read, disposed = threading.Event(), threading.Event()

    def read():
        try:
            return reports.get_nowait()
        except queue.Empty:
            all_read.set()
            time.sleep(0.001)
            raise TimeoutError from None

    async def story():
        got, overruns = [], []
        port = HidPort(read, disposed.set, got.append, lambda: overruns.append(1))
        assert all_read.wait(5)  # on the loop, which stands still meanwhile
        await asyncio.sleep(0.02)
        port.close()
        await asyncio.to_thread(disposed.wait, 5)
        async with asyncio.timeout(5):
            await port.gone()
        return got, overruns

    assert asyncio.run(story()) == ([], [1])
    assert disposed.is_set()


def test_a_hid_device_that_is_pulled_out_is_told_from_its_thread():
    def read():
        raise OSError(19, "No such device")

    async def story():
        port = HidPort(read, lambda: None, lambda report: None, lambda: None)
        async with asyncio.timeout(5):
            await port.gone()

    asyncio.run(story())


@pytest.fixture
def line():
    """Run a story with a serial scanner on a pseudo-terminal."""

    def run(story, **settings):
        async def told():
            ours, theirs = os.openpty()
            heard = Heard()
            scanner = SerialScanner("scanner", f"serial:{os.ttyname(theirs)}?baud=115200", **settings)
            scanner.start(heard.emit)
            try:
                await heard.state(DeviceState.OPEN)
                os.close(theirs)
                theirs = -1
                await story(heard, lambda data: os.write(ours, data))
                os.close(ours)
                ours = -1
                await heard.until(lambda: any(e.state is DeviceState.LOST for e in heard.of(DeviceChanged)))
            finally:
                await scanner.close()
                for descriptor in (ours, theirs):
                    if descriptor >= 0:
                        os.close(descriptor)

        asyncio.run(told())

    return run


@pytest.mark.parametrize(
    ("sent", "settings"),
    [
        (CODE.encode() + b"\r", {}),
        (CODE.encode() + b"\r\n", {}),
        (CODE.encode(), {"silence_ms": 30}),
        (b"\x02" + CODE.encode() + b"\x03", {"prefix": r"\x02", "suffix": r"\x03"}),
        (b"]Q1" + CODE.encode() + b"\n", {}),
    ],
    ids=["return", "return and line feed", "silence", "prefix and suffix", "AIM identifier"],
)
def test_a_serial_scanner_gives_each_code_once_however_it_is_framed(line, sent, settings):
    async def story(heard, send):
        for byte in sent:
            send(bytes([byte]))
        await heard.until(lambda: heard.of(Scan, MisScan))
        await asyncio.sleep(0.05)
        assert [scan.text.data.decode() for scan in heard.of(Scan)] == [CODE]
        assert not heard.of(MisScan)

    line(story, **settings)


def test_two_codes_in_one_breath_are_two_scans(line):
    async def story(heard, send):
        send(b"first\rsecond\r")
        await heard.until(lambda: len(heard.of(Scan)) == 2)
        assert [scan.text.data for scan in heard.of(Scan)] == [b"first", b"second"]

    line(story)


def test_bytes_without_end_are_bounded_and_one_mis_scan():
    framer = ScanFramer()
    found = [code for _ in range(1000) for code in framer.feed(b"7" * 1000)]
    assert found == [] and len(framer._rest) < 8192
    assert framer.feed(b"\r" + CODE.encode() + b"\r") == ["too-long", bytearray(CODE.encode())]


# -- keyboards


def typed(*keys):
    """Bytes for what the decoder types: codes to press, with + before one to hold and - before one to let go."""
    decoder, out = WedgeDecoder(), b""
    for key in keys:
        code = getattr(ecodes, f"KEY_{key.lstrip('+-')}")
        if key[0] == "+":
            out += decoder.feed(code, True)
        elif key[0] == "-":
            out += decoder.feed(code, False)
        else:
            out += decoder.feed(code, True) + decoder.feed(code, False)
    return out


def alt(digits):
    return ["+LEFTALT", *(f"KP{digit}" for digit in digits), "-LEFTALT"]


def test_characters_typed_as_numbers_with_alt_held_are_read():
    assert typed(*alt("65")) == b"A"
    assert typed(*alt("20184")).decode() == "付"
    by_bytes = [key for byte in "码".encode("gb18030") for key in alt(f"0{byte}")]
    assert read_scan(typed(*by_bytes), Framing()) == ("码".encode(), "")
    assert typed(*alt("9" * 400)) == b"" and typed("+LEFTALT", "-LEFTALT") == b""


def test_a_group_separator_is_control_and_a_key():
    assert typed("+LEFTCTRL", "RIGHTBRACE", "-LEFTCTRL", "A") == b"\x1da"


def test_single_keys_can_be_told_apart_from_the_layout():
    layout = with_overrides(LAYOUTS["us"], ["KEY_102ND=\\", "SHIFT+KEY_2=€"])
    decoder = WedgeDecoder(layout)
    assert decoder.feed(ecodes.KEY_102ND, True) == b"\\"
    decoder.feed(ecodes.KEY_LEFTSHIFT, True)
    assert decoder.feed(ecodes.KEY_2, True).decode() == "€"


def test_a_key_that_does_not_exist_is_refused_with_its_section():
    with pytest.raises(SettingsRefused, match="KEY_102ND") as caught:
        build("msr", {"driver": "evdev-msr", "address": "fd:0", "keys": ("KEY_NONE=x",)})
    assert "[devices.msr]" in caught.value.remedy


@pytest.mark.parametrize("name", DRIVERS)
def test_every_driver_can_be_built_with_its_settings_left_out(name):
    assert build("device", {"driver": name, "address": "unix:/nowhere"}).name == "device"


def test_after_a_loss_the_kernel_is_asked_which_keys_are_held():
    """The release of Shift is among what was lost; what comes next is no capital."""
    decoder = WedgeDecoder()
    decoder.feed(ecodes.KEY_LEFTSHIFT, True)
    parser = InputParser(lambda: frozenset({ecodes.KEY_A}))
    lost = pack_event(ecodes.EV_SYN, ecodes.SYN_DROPPED, 0) + pack_event(ecodes.EV_SYN, ecodes.SYN_REPORT, 0)
    (dropped,) = parser.feed(lost)
    decoder.reset(dropped.held)
    assert decoder.feed(ecodes.KEY_1, True) == b"1"


def test_a_bouncing_key_is_pressed_once_and_a_lost_release_costs_nothing():
    keypad, told = Keypad("keypad", "fd:0"), []
    events = [(ecodes.KEY_5, 1, 0), (ecodes.KEY_5, 0, 50), (ecodes.KEY_5, 1, 60), (ecodes.KEY_5, 0, 64),
              (ecodes.KEY_5, 1, 200), (ecodes.KEY_5, 1, 400)]  # fmt: skip
    data = b"".join(pack_event(ecodes.EV_KEY, code, value, 1, ms * 1000) for code, value, ms in events)
    keypad.keys(list(InputParser().feed(data)), 1.0, told.append)
    assert [press.key for press in told if isinstance(press, KeyPress)] == ["5", "5", "5"]
    assert keypad.statistics["BounceCount"] == 1
