"""Bad cards and codes, all 60 cases of facts/reliability-security-emv.md §D: each ends in one typed result.

Readers and scanners are the real drivers, fed with the kernel's own event bytes; what they tell goes the way a flow
takes it. ``swipe again`` is a MisSwipe that is a bad read.
"""

import asyncio
import base64
from contextlib import suppress
from datetime import date, datetime
from types import SimpleNamespace

import pytest
from evdev import ecodes

from config import default_file, load
from drivers.events import BAD_READS, DeviceChanged, DeviceState, MisScan, MisSwipe, Scan, Swipe
from drivers.input_stream import InputParser, pack_event
from drivers.layouts import LAYOUTS, keys_of
from drivers.msr import MagneticStripeReader
from drivers.scanner import Scanner
from drivers.simulated import SimulatedReader
from drivers.tracks import longitudinal
from terminal.desk import Desk, EventQueue
from terminal.domain.card import Card, CardRules, parse_card
from terminal.domain.code import Code, payment_code
from terminal.domain.emv_qr import QrFault, build_merchant_code, check_against_sale, crc16, parse_merchant_code
from terminal.domain.money import CURRENCIES
from terminal.domain.record import Intent
from terminal.flows.idle import _Idle
from terminal.prompts import TimedOut
from terminal.screens.screen import Status
from terminal.screens.texts import Translator

TODAY = date(2026, 11, 25)
PAN, OTHER_PAN = "6222021234567894", "6222021234567803"
T1, T2 = f"B{PAN}^DOE/JANE^30121010000", f"{PAN}=30121010000"
SWIPE_AGAIN = "swipe again"
CNY, JPY = CURRENCIES["156"], CURRENCIES["392"]
PLAIN = CardRules()
WITH_CHIP_READER = CardRules(chip_reader=True)


class Keyboard:
    """The bytes of a device that types, a key each millisecond unless told otherwise."""

    def __init__(self, layout="us"):
        self.places = keys_of(LAYOUTS[layout])
        self.at_us = 1_000_000_000

    def key(self, code, value, step_us=500):
        self.at_us += step_us
        seconds, micros = divmod(self.at_us, 1_000_000)
        return pack_event(ecodes.EV_KEY, code, value, seconds, micros) + pack_event(ecodes.EV_SYN, ecodes.SYN_REPORT, 0)

    def stroke(self, code, step_us=500):
        return self.key(code, 1, step_us) + self.key(code, 0, step_us)

    def type(self, text, *, enter=True, step_us=500):
        out = b""
        for character in text:
            code, level = self.places[character]
            held = {0: None, 1: ecodes.KEY_LEFTSHIFT, 2: ecodes.KEY_RIGHTALT}[level]
            out += self.key(held, 1, step_us) if held else b""
            out += self.stroke(code, step_us)
            out += self.key(held, 0, step_us) if held else b""
        return out + (self.stroke(ecodes.KEY_ENTER, step_us) if enter else b"")


def dropped():
    return pack_event(ecodes.EV_SYN, ecodes.SYN_DROPPED, 0) + pack_event(ecodes.EV_SYN, ecodes.SYN_REPORT, 0)


class Counter:
    """A driver on the counter and what becomes of what it tells."""

    def __init__(self, driver, rules=PLAIN, layout="us", today=TODAY):
        self.driver, self.rules, self.today = driver, rules, today
        self.keyboard, self.parser = Keyboard(layout), InputParser()
        self.now = 100.0
        self.results, self.cards = [], []

    def feed(self, data):
        self.driver.keys(list(self.parser.feed(data)), self.now, self.emit)

    def reads(self, text, **options):
        self.feed(self.keyboard.type(text, **options))

    def emit(self, event):
        match event:
            case Swipe(tracks=tracks):
                card = parse_card(tracks.track1, tracks.track2, tracks.track3, self.rules, self.today, tracks.notes)
                if isinstance(card, Card):
                    self.cards.append(card)
                self.results.append("card" if isinstance(card, Card) else f"refused: {card.reason}")
            case MisSwipe(reason=reason, detail=detail):
                bad = SWIPE_AGAIN if reason in BAD_READS else str(reason)
                self.results.append(f"{bad}: {detail}" if reason == "layout" else bad)
            case Scan(text=text):
                code = payment_code(text.data)
                self.results.append(
                    f"pays: {code.kind}"
                    if isinstance(code, Code)
                    else ": ".join(filter(None, ("refused", code.reason, code.detail)))
                )
            case MisScan(reason=reason):
                self.results.append(f"scan again: {reason}")


def reader(**options):
    settings = {name: options.pop(name) for name in ("layout", "lrc", "keys") if name in options}
    return Counter(MagneticStripeReader("msr", "fd:0", **settings), **options)


def scanner(**settings):
    return Counter(Scanner("scanner", "fd:0", **settings))


def swiped(text, **options):
    """A case that is one pass of a reader."""

    async def play():
        counter = reader(**options)
        counter.reads(text)
        return counter.results

    return play


def tracks(track1=None, track2=None, track3=None, **options):
    text = "".join(f"{s}{t}?" for s, t in (("%", track1), (";", track2), ("+", track3)) if t is not None)
    return swiped(text, **options)


def scanned(text, **settings):
    """A case that is one reading of a scanner."""

    async def play():
        counter = scanner(**settings)
        counter.driver._teller.tell(text if isinstance(text, bytes) else text.encode("utf-8"), 1.0, counter.emit)
        return counter.results

    return play


def with_lrc(start, content, wrong=False):
    name = {"%": "track1", ";": "track2", "+": "track3"}[start]
    lrc = longitudinal(name, ord(start), content.encode())
    return f"{start}{content}?{chr(lrc ^ 1 if wrong else lrc)}"


# -- cases that take more than one line


async def only_carriage_returns():
    counter = reader()
    for _ in range(3):
        counter.feed(counter.keyboard.stroke(ecodes.KEY_ENTER))
    return counter.results


async def error_mark_beside_a_good_track():
    counter = reader()
    counter.reads(";E?")
    counter.reads("%E?")
    counter.reads("+E?")
    counter.reads(f"%E?;{T2}?")
    return counter.results, counter.cards[0].notes


async def cut_off_and_silent():
    counter = reader()
    counter.reads(f";{T2[:20]}", enter=False)
    await asyncio.sleep(0.25)
    told = list(counter.results)
    counter.reads(f";{T2}?")
    return told, counter.results[1:]


async def a_megabyte_without_end():
    counter = reader()
    stroke = b"".join(counter.keyboard.stroke(ecodes.KEY_6, 1) for _ in range(1000))
    for _ in range(1000):
        counter.feed(stroke)
        assert len(counter.driver._data) <= counter.driver.bytes_max
    counter.feed(counter.keyboard.stroke(ecodes.KEY_ENTER))
    return counter.results


async def swiped_twice():
    counter = reader()
    for self_at in (100.0, 101.5):
        counter.now = self_at
        counter.reads(f";{T2}?")
    counter.now = 110.0
    counter.reads(f";{T2}?")
    return counter.results, counter.driver.statistics["DoubleReadCount"]


def desk_with(events, run=None):
    notes = []

    async def note(*what):
        notes.append(what)

    async def exchange(*_):
        if run is not None:
            await run()
        return "approved"

    acquirer = SimpleNamespace(journal=SimpleNamespace(note=note), clock=lambda: datetime(2026, 11, 25, 12))
    desk = Desk(load(default_file()), Translator("en"), acquirer, SimpleNamespace(run=exchange), None, None, events,
                lambda screen: desk.shown.append(screen), Status, lambda: None)  # fmt: skip
    desk.shown = []
    return desk, notes


def a_swipe():
    told = []
    counter = reader()
    counter.driver.keys(list(counter.parser.feed(counter.keyboard.type(f";{T2}?"))), 1.0, told.append)
    return told[0]


async def another_card_while_authorising():
    events, card = EventQueue(), a_swipe()

    async def meanwhile():
        events.put(card)

    desk, notes = desk_with(events, meanwhile)
    outcome = await desk.exchange(Intent("sale", 100, "156", "022", "x"), None)
    return outcome, [what for what, _ in notes], card.tracks.track2, len(events.drop())


async def a_card_at_idle():
    events, card = EventQueue(), a_swipe()
    desk, _ = desk_with(events)
    events.put(card)
    with suppress(TimedOut):
        await desk.ask(_Idle("Shop"), 0.05)
    return desk.shown[-1].lines, card.tracks.track2


async def every_layout_a_reader_may_be_set_to():
    found = {}
    for layout in LAYOUTS:
        keys = Keyboard(layout)
        counter = reader()
        counter.feed(keys.type(f"%{T1}?;{T2}?"))
        agreed = Counter(MagneticStripeReader("msr", "fd:0", layout=layout))
        agreed.feed(Keyboard(layout).type(f"%{T1}?;{T2}?"))
        found[layout] = (*counter.results, *agreed.results)
    return found


COUNTRIES = {"us": "card", "gb": "card", "de": "layout: de", "fr": "layout: fr", "fi": "layout: de or fi",
             "tr": "layout: tr"}  # fmt: skip
"""What a reader of each country gives at a terminal that takes it for a US one; Britain has our characters in place."""


async def repeats_lost_releases_and_a_stuck_shift():
    counter = reader()
    keys = counter.keyboard
    repeated = b"".join(
        keys.key(keys.places[c][0], 1) + keys.key(keys.places[c][0], 2) * 5 + keys.key(keys.places[c][0], 0)
        for c in f";{T2}"
    )
    counter.feed(repeated)
    counter.reads("?")
    counter.feed(keys.key(ecodes.KEY_LEFTSHIFT, 1) + keys.key(ecodes.KEY_6, 1))
    counter.driver.lost(counter.now, counter.emit)
    counter.driver.fresh()
    counter.now += 10
    counter.reads(f";{T2}?")
    return counter.results


async def unplugged_in_mid_swipe(folder):
    simulated = SimulatedReader(folder / "msr.sock")
    await simulated.start()
    driver = MagneticStripeReader("msr", simulated.address)
    counter, states, told = Counter(driver), [], asyncio.Event()

    def emit(event):
        states.append(event.state) if isinstance(event, DeviceChanged) else counter.emit(event)
        told.set()

    async def until(condition):
        async with asyncio.timeout(5):
            while not condition():
                told.clear()
                await told.wait()

    driver.start(emit)
    await until(lambda: DeviceState.OPEN in states)
    await simulated.connected()
    half_read = asyncio.Event()
    driver.keys = lambda *what: (type(driver).keys(driver, *what), half_read.set())
    simulated.send(Keyboard().type(f";{T2[:20]}", enter=False))
    async with asyncio.timeout(5):
        await half_read.wait()
    await simulated.unplug()
    await until(lambda: counter.results)
    await simulated.replug()
    await until(lambda: states[-1] is DeviceState.OPEN and len(states) > 1)
    await simulated.connected()
    simulated.swipe(track2=T2)
    await until(lambda: len(counter.results) > 1)
    await driver.close()
    await simulated.close()
    return counter.results


async def events_lost_in_the_kernel():
    counter = reader()
    typed = counter.keyboard.type(f";{T2}?")
    counter.feed(typed[: len(typed) // 2] + dropped() + typed[len(typed) // 2 :])
    return counter.results


async def digits_typed_on_the_readers_keyboard():
    counter = reader()
    counter.reads("123456", step_us=60_000)
    counter.reads("7")
    counter.reads(f";{T2}?", step_us=60_000)
    counter.now += 10
    counter.reads(f";{T2}?")
    return counter.results


async def two_readers_at_once():
    first, second = reader(), reader()
    one, two = first.keyboard.type(f";{T2}?"), second.keyboard.type(f";{T2}?")
    for start in range(0, len(one), 240):
        first.feed(one[start : start + 240])
        second.feed(two[start : start + 240])
    return first.results + second.results


async def a_name_that_would_drive_a_printer():
    names = []
    for name in ("A^B/C", "DOE\x1b@\x1dV\x00/J", "MÜLLER/JÖRG", "X" * 27):
        track = f"B{PAN}^{name}^30121010000".encode("latin-1")
        card = parse_card(bytearray(track), bytearray(T2.encode()), None, CardRules(), TODAY)
        names.append(card.name)
        assert all(0x20 <= ord(character) < 0x7F for character in card.name)
    return names


async def enciphered_by_the_readers_head():
    def blob(ksn):
        return f"%B6222*****7894^DOE^3012***?;6222*****7894=3012***?|0600|A1|B2||61|C3|S1|00|{ksn}|AB|CD|EF"

    counter = reader()
    for ksn in ("FFFF9876543210E00001", "FFFF9876543210E00002", "FFFF9876543210E00002", "FFFF98765432", ""):
        counter.reads(blob(ksn).replace("||61|C3|S1|00|", "|00|61|C3|S1|00|"))
    return counter.results


async def read_three_times_in_one_pass():
    counter = reader()
    counter.reads(f";{T2}?" * 3)
    counter.reads(f"%{T1}?;{T2[::-1]}?")
    return counter.results


async def the_same_code_again():
    counter = scanner()
    for at in (1.0, 2.0, 12.0):
        counter.driver._teller.tell(b"6212345678901234567", at, counter.emit)
    return counter.results, counter.driver.statistics["DoubleScanCount"]


async def longest_code():
    counter = scanner()
    for length in (2953, 2954):
        counter.driver._teller.tell(b"x" * length, 1.0, counter.emit)
    return counter.results


def merchant(*objects, head="000201", crc=None, tail=""):
    text = head + "".join(f"{tag}{len(value):02d}{value}" for tag, value in objects) + "6304"
    return text + (crc or f"{crc16(text.encode()):04X}") + tail


SHOP = (("52", "4111"), ("53", "156"), ("58", "CN"), ("59", "SHOP"), ("60", "CITY"))


def code_of(*texts):
    """Results of merchant codes; a good one is its amount in minor units."""

    async def play():
        parsed = [parse_merchant_code(text) for text in texts]
        return [str(code) if isinstance(code, QrFault) else code.amount_minor for code in parsed]

    return play


async def crc_with_leading_zeros():
    number = next(n for n in range(10**6) if crc16(merchant(*SHOP, ("54", f"{n}.01"), crc="-")[:-1].encode()) < 0x100)
    text = merchant(*SHOP, ("54", f"{number}.01"))
    assert text[-4:-2] == "00"
    return [parse_merchant_code(text).amount_minor == number * 100 + 1, str(parse_merchant_code(text[:-4] + text[-2:]))]


def amounts(*texts):
    return code_of(*(merchant(*SHOP, ("54", text)) for text in texts))


async def an_amount_that_is_not_the_sales():
    code = parse_merchant_code(merchant(*SHOP, ("54", "12.85")))
    free = parse_merchant_code(merchant(*SHOP))
    bad = ["1,00", "-1", "1e3", "0", "1.005", "1" * 14, "٣", ""]
    faults = {str(parse_merchant_code(merchant(*SHOP, ("54", text)))) for text in bad if text}
    return (
        faults,
        check_against_sale(code, 1285, CNY),
        check_against_sale(code, 1286, CNY),
        check_against_sale(free, 1, CNY),
    )


async def another_currency():
    code = parse_merchant_code(merchant(*SHOP, ("54", "12.85")))
    letters = merchant(*(("53", "CNY") if tag == "53" else (tag, value) for tag, value in SHOP))
    return check_against_sale(code, 1285, JPY), str(parse_merchant_code(letters))


async def a_name_counted_in_characters_or_bytes():
    by_characters = build_merchant_code([("53", "156"), ("59", "示范商店"), ("60", "上海")])
    raw = "000201530315659" + "12示范商店" + "6006上海" + "6304"
    by_bytes = raw + f"{crc16(raw.encode()):04X}"
    return [parse_merchant_code(text).value("59") for text in (by_characters, by_bytes)]


async def control_characters_bom_and_blanks():
    pays = "6212345678901234567"
    found = []
    for text in (f"\ufeff{pays}", f"{pays}  ", f"{pays}\r\n", "62123\t45678901234567", "62123\n45678901234567"):
        found += await scanned(text)()
    return found


async def texts_that_are_no_payment():
    found = []
    for text in (
        "https://pay.example/?a=1",
        "javascript:alert(1)",
        "'; DROP TABLE txn; --",
        "\x1b@\x1dV0",
        "WIFI:S:x;;",
    ):
        found += await scanned(text)()
    return found


def customer(data):
    return base64.b64encode(data).decode()


CPM = bytes.fromhex("85054350563031 61 13 4F07A0000000555555 5008 50726F6475637431")

ROWS = [
    (1, "an empty line", only_carriage_returns, []),
    (2, "a reader's error mark", error_mark_beside_a_good_track, ([SWIPE_AGAIN] * 3 + ["card"], ("track1-error",))),
    (3, "track 1 unreadable, track 2 good", swiped(f"%E?;{T2}?"), ["card"]),
    (4, "track 2 unreadable, track 1 good", swiped(f"%{T1}?;E?"), ["refused: bad-read"]),
    (
        4,
        "the same where the acquirer takes track 1",
        swiped(f"%{T1}?;E?", rules=CardRules(accept_track1=True)),
        ["card"],
    ),
    (5, "two numbers on one card", tracks(T1.replace(PAN, OTHER_PAN), T2), ["refused: tracks-differ"]),
    (6, "two expiry dates", tracks(T1.replace("^3012", "^3112"), T2), ["refused: tracks-differ"]),
    (7, "no start sentinel", swiped(f"{T2}?"), [SWIPE_AGAIN]),
    (8, "no end sentinel, then silence", cut_off_and_silent, ([SWIPE_AGAIN], ["card"])),
    (9, "two end sentinels", swiped(f";{T2}??"), [SWIPE_AGAIN]),
    (10, "a wrong LRC", swiped(with_lrc(";", T2, wrong=True)), [SWIPE_AGAIN]),
    (11, "no LRC where the reader gives it", tracks(None, T2, lrc="required"), [SWIPE_AGAIN]),
    (11, "no LRC where the reader keeps it", tracks(None, T2, lrc="absent"), ["card"]),
    (12, "the LRC as one more character", swiped(with_lrc("%", T1) + with_lrc(";", T2)), ["card"]),
    (13, "a wrong check digit", tracks(None, T2.replace(PAN, PAN[:-1] + "5")), ["refused: check-digit"]),
    (
        13,
        "the same in a private range",
        tracks(None, T2.replace(PAN, PAN[:-1] + "5"), rules=CardRules(check_digit=False)),
        ["card"],
    ),
    (14, "7 digits", tracks(None, "6222020=30121010000"), ["refused: pan-length"]),
    (14, "20 digits", tracks(None, "62220212345678901234=3012101000"), ["refused: pan-length"]),
    (15, "letters in the number", swiped(";62220212345A7894=30121010000?"), [SWIPE_AGAIN]),
    (15, "blanks in the number", swiped(f"%B6222 0212 3456 7894^DOE^30121010000?;{T2}?"), ["refused: bad-read"]),
    (16, "month 00", tracks(None, f"{PAN}=30001010000"), ["refused: expiry-invalid"]),
    (16, "month 13", tracks(None, f"{PAN}=30131010000"), ["refused: expiry-invalid"]),
    (17, "expired last month", tracks(None, f"{PAN}=26101010000"), ["refused: expired"]),
    (17, "expires this month", tracks(None, f"{PAN}=26111010000"), ["card"]),
    (
        17,
        "expired where the host judges",
        tracks(None, f"{PAN}=26101010000", rules=CardRules(refuse_expired=False)),
        ["card"],
    ),
    (17, "of the last century", tracks(None, f"{PAN}=99121010000"), ["refused: expired"]),
    (17, "a clock that was never set", tracks(None, f"{PAN}=26101010000", today=date(1970, 1, 1)), ["card"]),
    (18, "a separator for the expiry date", tracks(None, f"{PAN}==1010000"), ["refused: no-expiry"]),
    (19, "no service code", tracks(None, f"{PAN}=3012=0000"), ["card"]),
    (
        20,
        "a chip on a terminal that reads chips",
        tracks(None, f"{PAN}=30122010000", rules=WITH_CHIP_READER),
        ["refused: use-chip"],
    ),
    (
        20,
        "the same after the chip has failed",
        tracks(None, f"{PAN}=30126010000", rules=CardRules(chip_reader=True, fallback=True)),
        ["card"],
    ),
    (21, "for cash alone", tracks(None, f"{PAN}=30121040000"), ["refused: cash-only"]),
    (
        21,
        "wants a PIN where none can be entered",
        tracks(None, f"{PAN}=30121200000", rules=CardRules(pin_possible=False)),
        ["refused: pin-needed"],
    ),
    (21, "wants a PIN where one can be entered", tracks(None, f"{PAN}=30121200000"), ["card"]),
    (22, "two separators", tracks(None, f"{PAN}==30121010000"), ["refused: bad-read"]),
    (23, "track 2 of 41 characters", tracks(None, f"{PAN}=3012101" + "0" * 15), [SWIPE_AGAIN]),
    (23, "track 1 of 80 characters", tracks(f"B{PAN}^" + "X" * 40 + "^3012101" + "0" * 12, T2), [SWIPE_AGAIN]),
    (24, "a megabyte without end", a_megabyte_without_end, [SWIPE_AGAIN]),
    (25, "the same card twice within two seconds", swiped_twice, (["card", "card"], 1)),
    (
        26,
        "another card while the first is authorised",
        another_card_while_authorising,
        ("approved", ["ignored"], None, 0),
    ),
    (27, "a card before the amount", a_card_at_idle, (("Enter the amount first",), None)),
    (
        28,
        "a reader set to another country",
        every_layout_a_reader_may_be_set_to,
        {name: (told, "card") for name, told in COUNTRIES.items()},
    ),
    (29, "caps lock on at the reader", swiped(f"%{T1.lower()}?;{T2}?"), ["card"]),
    (30, "track 3 with a plus", tracks(T1, T2, "011234567890=123"), ["card"]),
    (31, "track 2 alone", tracks("", T2), ["card"]),
    (
        32,
        "key repeat, lost releases, a stuck shift",
        repeats_lost_releases_and_a_stuck_shift,
        ["card", "reader-lost", "card"],
    ),
    (33, "unplugged in mid-swipe", unplugged_in_mid_swipe, ["reader-lost", "card"]),
    (34, "events lost in the kernel", events_lost_in_the_kernel, ["events-lost"]),
    (35, "digits typed on the reader's keyboard", digits_typed_on_the_readers_keyboard, ["by-hand", "card"]),
    (36, "two readers at once", two_readers_at_once, ["card", "card"]),
    (37, "swiped backwards", swiped(f";{T2}?"[::-1]), [SWIPE_AGAIN]),
    (
        38,
        "a driving licence",
        swiped("%CASACRAMENTO^DOE$JANE^1 STREET?;6360140123456=301219800101?"),
        ["refused: not-payment"],
    ),
    (38, "a driving licence by track 2 alone", swiped(";636014012345674=301219800101?"), ["refused: not-payment"]),
    (38, "a loyalty card", swiped(";9123456789?"), ["refused: not-payment"]),
    (
        38,
        "a loyalty card of this shop",
        swiped(";9123456789?", rules=CardRules(loyalty_prefixes=("7", "912"))),
        ["refused: loyalty"],
    ),
    (
        38,
        "a loyalty card laid out like a bank's",
        swiped(
            "%B9826111122223333^MEMBER/A^3012?;9826111122223333=3012000?", rules=CardRules(loyalty_prefixes=("9826",))
        ),
        ["refused: loyalty"],
    ),
    (
        38,
        "a bank's card where loyalty cards are known",
        swiped(f"%{T1}?;{T2}?", rules=CardRules(loyalty_prefixes=("9",))),
        ["card"],
    ),
    (
        39,
        "a name that would drive the printer",
        a_name_that_would_drive_a_printer,
        ["A^B/C", "DOE@V/J", "MLLER/JRG", "X" * 26],
    ),
    (
        40,
        "enciphered in the head, and played again",
        enciphered_by_the_readers_head,
        ["encrypted", "encrypted", "replayed", "replayed", "replayed"],
    ),
    (
        41,
        "a test card where cards are real",
        tracks(None, T2, rules=CardRules(refused_bins=("622202",))),
        ["refused: test-card"],
    ),
    (
        42,
        "one track three times, and one reversed",
        read_three_times_in_one_pass,
        [SWIPE_AGAIN, "refused: tracks-differ"],
    ),
    (43, "no CRC", code_of("000201" + "5303156"), ["crc-missing"]),
    (44, "a wrong CRC", code_of(merchant(*SHOP, crc="0000")), ["crc-wrong"]),
    (45, "a CRC with leading zeros", crc_with_leading_zeros, [True, "overrun"]),
    (
        46,
        "a CRC in lower case",
        code_of(merchant(*SHOP, ("54", "1"))[:-4] + merchant(*SHOP, ("54", "1"))[-4:].lower()),
        [100],
    ),
    (47, "a line end after the CRC", code_of(merchant(*SHOP, tail="\r\n")), ["bad-text"]),
    (47, "letters after the CRC", code_of(merchant(*SHOP, tail="AB")), ["bad-length"]),
    (47, "an object after the CRC", code_of(merchant(*SHOP, tail="010211")), ["crc-not-last"]),
    (48, "a length of letters", code_of("0002015AXX156"), ["bad-length"]),
    (48, "a length beyond the end", code_of("0002015399156"), ["overrun"]),
    (48, "a length of zero", code_of("000201530063041234"), ["bad-length"]),
    (49, "the format not first", code_of(merchant(("00", "01"), *SHOP, head="010211")), ["bad-format"]),
    (49, "another format", code_of(merchant(*SHOP, head="000202")), ["bad-format"]),
    (49, "a code that begins in its middle", code_of("0020"), ["overrun"]),
    (50, "a tag twice", code_of(merchant(*SHOP, ("59", "AGAIN"))), ["duplicate"]),
    (51, "a template that runs over", code_of(merchant(("26", "0099A0"), *SHOP)), ["template"]),
    (
        51,
        "templates in templates are text and not followed",
        code_of(merchant(("62", "6295" + "".join(f"62{n:02d}" for n in range(91, 45, -2)) + "xxx"), *SHOP)),
        [None],
    ),
    (
        52,
        "an amount that is none, or not the sale's",
        an_amount_that_is_not_the_sales,
        ({"bad-amount"}, None, QrFault.OTHER_AMOUNT, None),
    ),
    (53, "another currency", another_currency, (QrFault.OTHER_CURRENCY, "bad-currency")),
    (54, "a name counted in characters or in bytes", a_name_counted_in_characters_or_bytes, ["示范商店"] * 2),
    (
        55,
        "BOM, blanks, tab, line feed",
        control_characters_bom_and_blanks,
        ["pays: unionpay"] * 3 + ["refused: bad-text"] * 2,
    ),
    (
        56,
        "addresses, scripts, printer commands",
        texts_that_are_no_payment,
        ["refused: not-payment"] * 3 + ["refused: bad-text", "refused: not-payment"],
    ),
    (57, "the largest code, and one byte more", longest_code, ["refused: not-payment", "scan again: too-long"]),
    (58, "the same code twice within two seconds", the_same_code_again, (["pays: unionpay"] * 2, 1)),
    (59, "an AIM identifier", scanned("]Q16212345678901234567"), ["pays: unionpay"]),
    (
        59,
        "prefix and suffix as agreed",
        scanned("\x026212345678901234567\x03", prefix=r"\x02", suffix=r"\x03"),
        ["pays: unionpay"],
    ),
    (59, "without the prefix", scanned("6212345678901234567", prefix=r"\x02"), ["scan again: unframed"]),
    (
        60,
        "a customer's code with bad padding",
        scanned(customer(CPM).rstrip("=") + "=" * 3),
        ["refused: malformed: bad-base64"],
    ),
    (60, "with a broken list of objects", scanned(customer(CPM[:-3])), ["refused: malformed: bad-tlv"]),
    (60, "without an application", scanned(customer(CPM[:7])), ["refused: malformed: no-application"]),
    (60, "whole, of a kind this acquirer does not take", scanned(customer(CPM)), ["refused: not-payment"]),
]


@pytest.mark.parametrize(
    ("play", "expected"), [row[2:] for row in ROWS], ids=[f"{number:02d} {name}" for number, name, _, _ in ROWS]
)
def test_bad_input_ends_in_one_typed_result(play, expected, tmp_path):
    result = asyncio.run(play(tmp_path) if play is unplugged_in_mid_swipe else play())
    assert result == expected


def test_every_case_of_the_list_has_its_row():
    assert sorted({number for number, *_ in ROWS}) == list(range(1, 61))
