"""The PIN pad: a PIN is typed there, a block comes out, and whatever the line does the entry ends in one answer."""

import asyncio
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.events import DeviceChanged, DeviceState, PinPadAnswer
from drivers.health import HealthLevel, Verdict
from drivers.pin_pad import PinPad
from drivers.pin_pad_messages import (
    PinAnswer,
    PinRequest,
    PinResult,
    WorkingKey,
    answer_text,
    parse_answer,
    parse_request,
    request_text,
)
from drivers.pin_pad_packets import TEXT_BYTES_MAX, Control, Damaged, Packet, PacketReader, pack
from keys import Secret
from keys.ciphers import TDES
from keys.dukpt_host import tdes_initial_key, tdes_transaction_key
from keys.dukpt_tdes import Purpose, key_for
from keys.kcv import kcv
from keys.pin_block_formats import decrypt_pin
from tools.pin_pad.line import PtyLine
from tools.pin_pad.pad import Pad

MASTER = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
PIN_KEY = bytes.fromhex("D0B5C2A1F4E389761032547698BADCFE")
BASE_KEY = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
KSN = bytes.fromhex("FFFF9876543210E00000")
PAN, PIN = "6222021234567894", "123456"
KEY = WorkingKey(TDES.ecb_encrypt(MASTER, PIN_KEY), kcv(PIN_KEY, "tdes", length=4))
REQUEST = PinRequest(PAN, 4, 12, True, ("RMB 12.34", "PIN?"), KEY)
ENTRY_S = 20.0


class Counter:
    """Terminal's driver and the customer's pad with a line between them."""

    def __init__(self, line, driver):
        self.line, self.driver = line, driver
        self.events, self._changed = [], asyncio.Event()

    @property
    def pad(self):
        return self.line.pad

    def emit(self, event):
        self.events.append(event)
        self._changed.set()

    async def until(self, condition):
        async with asyncio.timeout(10):
            while not (found := condition()):
                self._changed.clear()
                await self._changed.wait()
        return found

    async def state(self, state):
        await self.until(lambda: any(e.state is state for e in self.events if isinstance(e, DeviceChanged)))

    def ask(self, request=REQUEST, timeout_s=ENTRY_S):
        return self.driver.ask_pin(request, timeout_s)

    async def asked(self):
        async with asyncio.timeout(10):
            await self.pad.asked.wait()

    async def answer(self, reference):
        found = await self.until(
            lambda: [e for e in self.events if isinstance(e, PinPadAnswer) and e.reference == reference]
        )
        assert len(found) == 1
        return found[0].answer


@pytest.fixture
def counter():
    """Run a story: ``async def story(counter)``."""

    def run(story, mode="master-session", dukpt=True):
        async def told():
            initial = tdes_initial_key(BASE_KEY, KSN)
            keys = {0: Secret(bytearray(MASTER))}
            line = PtyLine(lambda write: Pad(write, keys, (initial, KSN) if dukpt else None))
            driver = PinPad("pin_pad", line.address, mode=mode, ack_ms=1500)
            here = Counter(line, driver)
            driver.start(here.emit)
            try:
                await here.state(DeviceState.OPEN)
                return await story(here)
            finally:
                await driver.close()
                if here.line is not None:
                    here.line.close()

        return asyncio.run(told())

    return run


def read_pin(key, block):
    with decrypt_pin(key, "tdes", block, PAN, 0) as pin, pin.open() as digits:
        return bytes(digits).decode()


def transaction_pin_key(initial, ksn):
    """As a host derives it."""
    with initial.open() as clear:
        transaction = tdes_transaction_key(clear, ksn)
    with transaction, transaction.open() as key, key_for(key, Purpose.PIN) as used, used.open() as pin_key:
        return bytes(pin_key)


async def entered(counter, pin=PIN, **options):
    reference = counter.ask(**options)
    await counter.asked()
    counter.pad.type_pin(pin)
    return await counter.answer(reference)


def test_a_pin_comes_back_as_a_block_under_the_sessions_key(counter):
    async def story(here):
        shown = []
        reference = here.ask()
        await here.asked()
        shown.append(here.pad.shown)
        here.pad.type_pin(PIN)
        answer = await here.answer(reference)
        assert shown == [("RMB 12.34", "PIN?")]
        assert answer.result is PinResult.ENTERED and not answer.ksn
        assert read_pin(PIN_KEY, answer.block) == PIN

    counter(story)


def test_each_dukpt_entry_has_a_key_of_its_own_that_the_host_can_derive(counter):
    async def story(here):
        serials = []
        with tdes_initial_key(BASE_KEY, KSN) as initial:
            for pin in ("1234", "123456789012", "0000"):
                answer = await entered(here, pin)
                serials.append(answer.ksn)
                assert read_pin(transaction_pin_key(initial, answer.ksn), answer.block) == pin
        assert len(set(serials)) == 3

    counter(story, mode="dukpt")


@pytest.mark.parametrize(
    ("trouble", "result"),
    [
        ({"lose_acks": 2}, PinResult.ENTERED),
        ({"damage_packets": 2}, PinResult.ENTERED),
        ({"lose_acks": 1, "damage_packets": 1}, PinResult.ENTERED),
        ({"mute": True}, PinResult.LOST),
    ],
    ids=["acknowledgements lost", "packets damaged", "both", "mute"],
)
def test_a_bad_line_is_tried_again_and_a_mute_pad_is_told(counter, trouble, result):
    async def story(here):
        for name, value in trouble.items():
            setattr(here.pad.trouble, name, value)
        reference = here.ask()
        if result is PinResult.ENTERED:
            await here.asked()
            here.pad.type_pin(PIN)
        answer = await here.answer(reference)
        assert answer.result is result
        if result is PinResult.ENTERED:
            assert read_pin(PIN_KEY, answer.block) == PIN
        else:
            here.pad.trouble.mute = False
            assert (await entered(here)).result is PinResult.ENTERED

    counter(story)


def test_noise_on_the_line_changes_nothing(counter):
    async def story(here):
        reference = here.ask()
        await here.asked()
        here.line._write(bytes(range(256)) + b"\x02nonsense\x03\x00" + bytes([Control.NAK]))
        here.pad.type_pin(PIN)
        assert (await here.answer(reference)).result is PinResult.ENTERED

    counter(story)


def test_the_customers_red_key_and_the_terminals_both_cancel(counter):
    async def story(here):
        reference = here.ask()
        await here.asked()
        here.pad.press_cancel()
        assert (await here.answer(reference)).result is PinResult.CANCELLED
        reference = here.ask()
        await here.asked()
        here.driver.cancel()
        assert (await here.answer(reference)).result is PinResult.CANCELLED
        assert not here.pad.asked.is_set()
        assert (await entered(here)).result is PinResult.ENTERED

    counter(story)


def test_an_entry_that_nobody_makes_times_out(counter):
    async def story(here):
        reference = here.driver.ask_pin(REQUEST, -1.9)  # the margin for the pad's own word is two seconds
        assert (await here.answer(reference)).result is PinResult.TIMED_OUT
        assert (await entered(here)).result is PinResult.ENTERED

    counter(story)


def test_the_green_key_alone_is_no_pin_where_that_is_allowed(counter):
    async def story(here):
        assert (await entered(here, "")).result is PinResult.NONE

    counter(story)


def test_a_pad_without_the_right_key_says_so(counter):
    async def story(here):
        wrong = WorkingKey(KEY.cryptogram, b"\x00\x00\x00\x00")
        for request in (PinRequest(PAN, key=wrong), PinRequest(PAN)):
            reference = here.ask(request)
            assert (await here.answer(reference)).result is PinResult.BAD_KEY

    counter(story, dukpt=False)


def test_one_entry_at_a_time(counter):
    async def story(here):
        first = here.ask()
        await here.asked()
        assert (await here.answer(here.ask())).result is PinResult.BUSY
        here.pad.type_pin(PIN)
        assert (await here.answer(first)).result is PinResult.ENTERED

    counter(story)


def test_an_unplugged_pad_ends_the_entry_at_once_and_is_told(counter):
    async def story(here):
        reference = here.ask()
        await here.asked()
        here.line.close()
        here.line = None
        assert (await here.answer(reference)).result is PinResult.LOST
        await here.state(DeviceState.LOST)
        assert (await here.answer(here.ask())).result is PinResult.LOST

    counter(story)


def test_an_answer_of_an_entry_that_is_over_is_not_taken_for_the_next(counter):
    async def story(here):
        stale = pack(answer_text(PinAnswer(PinResult.ENTERED, bytes(8))))
        here.line._write(stale)
        reference = here.ask()
        here.line._write(stale)
        await here.asked()
        here.pad.type_pin(PIN)
        assert read_pin(PIN_KEY, (await here.answer(reference)).block) == PIN

    counter(story)


def test_health_asks_the_pad_who_it_is(counter):
    async def story(here):
        health = await here.driver.check_health(HealthLevel.INTERNAL)
        assert health.verdict is Verdict.GOOD and "SIM00001" in health.text
        here.pad.trouble.mute = True
        health = await here.driver.check_health(HealthLevel.INTERNAL)
        assert health.verdict is Verdict.BAD and health.remedy

    counter(story)


def test_nothing_that_is_printed_shows_a_card_or_a_block():
    answer = PinAnswer(PinResult.ENTERED, os.urandom(8))
    shown = f"{REQUEST!r} {answer!r} {Packet(request_text(REQUEST))!r} {PinPadAnswer('pin_pad', 1, answer, 0.0)!r}"
    assert PAN not in shown and answer.block.hex() not in shown.lower() and repr(answer.block) not in shown


TEXTS = st.text(st.sampled_from([*map(chr, range(0x20, 0x7F)), "\x1c"]), min_size=1, max_size=TEXT_BYTES_MAX)


@given(st.lists(TEXTS, max_size=5), st.binary(max_size=20).filter(lambda data: 2 not in data), st.data())
def test_packets_are_read_whole_wherever_the_line_cuts_them(texts, noise, data):
    stream = noise + b"".join(pack(text) for text in texts)
    reader, found = PacketReader(), []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        found += [item.text for item in reader.feed(stream[:size]) if isinstance(item, Packet)]
        stream = stream[size:]
    assert found == texts


@given(TEXTS, st.integers(0), st.integers(1, 255))
def test_a_changed_bit_never_gives_another_packet(text, place, change):
    stream = bytearray(pack(text))
    stream[place % len(stream)] ^= change
    items = list(PacketReader().feed(bytes(stream)))
    assert all(isinstance(item, Damaged | Control) or item.text == text for item in items) or _lrc_collides(items, text)


def _lrc_collides(items, text):
    """An LRC of one byte sees one changed byte, unless that byte framed the packet: then the rest is another packet."""
    return all(not isinstance(item, Packet) or len(item.text) < len(text) for item in items)


@given(st.text(max_size=200))
def test_any_text_is_a_message_or_none(text):
    assert parse_answer(text) is None or answer_text(parse_answer(text)) == text
    request = parse_request(text)
    assert request is None or parse_request(request_text(request)) == request


@given(
    st.from_regex(r"[0-9]{8,19}", fullmatch=True),
    st.integers(4, 12),
    st.booleans(),
    st.lists(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=16), max_size=2),
    st.none() | st.builds(WorkingKey, st.binary(min_size=16, max_size=16), st.binary(min_size=4, max_size=4)),
)
def test_a_request_is_read_as_it_was_meant(pan, shortest, bypass, lines, key):
    request = PinRequest(pan, shortest, 12, bypass, tuple(lines), key)
    assert parse_request(request_text(request)) == request
