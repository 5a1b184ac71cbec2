"""Every parser of what devices send, and inputs for it to be spoiled: readers, scanners, codes, PIN pads, printers.

A parser gives one of its types for any bytes. An exception that comes out, or anything else, is a finding.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from random import Random

from evdev import ecodes

from drivers.encrypted_stripe import KsnGuard, ksn_of_typed
from drivers.events import MisScanReason, MisSwipeReason, Tracks
from drivers.hid_reports import (
    MAGTEK_REPORT,
    POS_REPORT,
    POS_REPORT_BYTES,
    PosReports,
    read_stripe_report,
)
from drivers.input_stream import InputParser, KeyEvent, pack_event
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
from drivers.pin_pad_packets import PacketReader, pack
from drivers.printer_status import (
    AutomaticStatus,
    PrinterStatus,
    RealTime,
    StatusStream,
    with_port_status,
    with_realtime,
)
from drivers.scan_text import Framing, read_scan
from drivers.scanner_serial import ScanFramer
from drivers.tracks import BadPass, split_tracks
from drivers.wedge import WedgeDecoder
from terminal.domain.card import Card, CardRefusal, CardRules, parse_card
from terminal.domain.code import Code, CodeRefusal, payment_code
from terminal.domain.emv_customer_code import CustomerCode, CustomerCodeFault, parse_customer_code
from terminal.domain.emv_qr import MerchantCode, QrFault, build_merchant_code, parse_merchant_code
from tools.fuzz.mutations import mutated

__all__ = ["TARGETS", "Finding", "Result", "Target", "fuzz_target"]

FINDINGS_MAX = 20
_TODAY = date(2026, 11, 25)
_TRACK1, _TRACK2 = b"%B6222021234567894^DOE/JANE^30121010000?", b";6222021234567894=30121010000?"
_PAN = "6222021234567894"


@dataclass(frozen=True, slots=True)
class Target:
    """A parser by its name, good inputs to start from, and the types it may give."""

    name: str
    parse: Callable[[bytes], object]
    seeds: tuple[bytes, ...]
    types: tuple[type, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """An input that a parser did not answer as it should."""

    fault: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Result:
    """What a run found."""

    target: str
    inputs: int
    seconds: float
    answers: Counter[str] = field(default_factory=Counter)
    """How often each type, or each reason, was the answer."""
    findings: tuple[Finding, ...] = ()


def _card(data: bytes) -> object:
    tracks = split_tracks(data)
    if isinstance(tracks, BadPass):
        return tracks
    return parse_card(tracks.track1, tracks.track2, tracks.track3, CardRules(accept_track1=True), _TODAY, tracks.notes)


def _enciphered(data: bytes) -> object:
    enciphered, ksn = ksn_of_typed(data)
    return KsnGuard().check(ksn) if enciphered else enciphered


def _merchant(data: bytes) -> object:
    return parse_merchant_code(data.decode("utf-8", "replace"))


def _customer(data: bytes) -> object:
    return parse_customer_code(data.decode("utf-8", "replace"))


def _pos(data: bytes) -> object:
    reports = PosReports()
    answer: object = None
    for start in range(0, len(data), POS_REPORT_BYTES):
        answer = reports.feed(data[start : start + POS_REPORT_BYTES])
    return answer


def _lines(data: bytes) -> object:
    framer = ScanFramer()
    third = len(data) // 3
    codes = framer.feed(data[:third]) + framer.feed(data[third:]) + framer.silence()
    return [read_scan(code, Framing()) if isinstance(code, bytearray) else code for code in codes]


def _typed(data: bytes) -> object:
    decoder, typed = WedgeDecoder(), bytearray()
    for event in InputParser().feed(data):
        if isinstance(event, KeyEvent):
            typed += decoder.feed(event.code, event.down)
        else:
            decoder.reset(event.held)
    return typed


def _packets(data: bytes) -> object:
    return list(PacketReader().feed(data))


def _answer(data: bytes) -> object:
    return parse_answer(data.decode("latin-1"))


def _request(data: bytes) -> object:
    return parse_request(data.decode("latin-1"))


def _status(data: bytes) -> object:
    statuses: list[PrinterStatus] = [with_port_status(PrinterStatus(), byte) for byte in data[:1]]
    for told in StatusStream().feed(data):
        if isinstance(told, AutomaticStatus):
            statuses.append(told.status)
        elif isinstance(told, RealTime):
            statuses += [with_realtime(PrinterStatus(), which, told.value) for which in (1, 2, 3, 4)]
    return [status.trouble for status in statuses]


def _strokes(text: bytes) -> bytes:
    out = b""
    for byte in text:
        for value in (1, 0):
            out += pack_event(ecodes.EV_KEY, byte % 100, value) + pack_event(ecodes.EV_SYN, ecodes.SYN_REPORT, 0)
    return out


_STRIPE = MAGTEK_REPORT.build(
    {"status": [0, 0, 0], "lengths": [len(_TRACK1), len(_TRACK2), 0], "encode_type": 0,
     "tracks": [_TRACK1.ljust(110, b"\0"), _TRACK2.ljust(110, b"\0"), bytes(110)]}
)  # fmt: skip
_POS = b"".join(
    POS_REPORT.build(
        {"report_id": 2, "length": 56, "aim": b"]Q1", "data": b"7" * 56, "reserved": bytes(2), "more": more}
    )
    for more in (1, 1, 0)
)
_SHOP = build_merchant_code(
    [("01", "12"), ("26", [("00", "A000000333"), ("01", "1234")]), ("52", "4111"), ("53", "156"), ("54", "12.85"),
     ("58", "CN"), ("59", "示范商店"), ("60", "上海"), ("62", [("05", "REF1")])]
).encode()  # fmt: skip
_CUSTOMER = b"hQVDUFYwMWETTwegAAAAVVVVUAhQcm9kdWN0MQ=="
_REQUEST = PinRequest(_PAN, 4, 12, True, ("RMB 12.34", "PIN?"), WorkingKey(bytes(16), bytes(4)))
_CODES = (b"6212345678901234567", b"281234567890123456", b"134567890123456789", b"6901234567892", b"WIFI:S:x;;", _SHOP)

TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        Target("tracks", split_tracks, (_TRACK1 + _TRACK2, _TRACK2, b"%E?" + _TRACK2), (Tracks, BadPass)),
        Target("card", _card, (_TRACK1 + _TRACK2, _TRACK2, _TRACK1), (Card, CardRefusal, BadPass)),
        Target(
            "enciphered-stripe",
            _enciphered,
            (_TRACK1 + b"|0600|A1|B2||61|C3|S1|00|FFFF9876543210E00001|AB",),
            (bool, MisSwipeReason),
        ),
        Target("stripe-report", read_stripe_report, (_STRIPE,), (Tracks, BadPass)),
        Target("pos-reports", _pos, (_POS,), (tuple, MisScanReason, type(None))),
        Target("scan", lambda data: read_scan(data, Framing()), (*_CODES, b"]Q1123", "码".encode("gb18030")),
               (tuple, MisScanReason)),
        Target("serial-frames", _lines, (b"\r\n".join(_CODES),), (list,)),
        Target("typed-keys", _typed, (_strokes(_TRACK2[:5]), _strokes(bytes([56, 79, 80, 81, 56]))), (bytearray,)),
        Target("code", payment_code, (*_CODES, _CUSTOMER), (Code, CodeRefusal)),
        Target("emv-merchant-code", _merchant, (_SHOP,), (MerchantCode, QrFault)),
        Target("emv-customer-code", _customer, (_CUSTOMER,), (CustomerCode, CustomerCodeFault)),
        Target("pin-pad-packets", _packets, (pack("71.0011234567890ABCDEF") + b"\x06\x04",), (list,)),
        Target("pin-pad-answer", _answer, (answer_text(PinAnswer(PinResult.ENTERED, bytes(8))).encode(),
               answer_text(PinAnswer(PinResult.ENTERED, bytes(8), bytes(10))).encode(), b"71.2"),
               (PinAnswer, type(None))),
        Target("pin-pad-request", _request, (request_text(_REQUEST).encode(),), (PinRequest, type(None))),
        Target("printer-status", _status, (bytes([0x12, 0x16, 0x72, 0x1A]), bytes([0x14, 0, 0, 0x0F]) * 3), (list,)),
    )
}  # fmt: skip
"""By the name of a parser."""


def fuzz_target(name: str, count: int, seed: int) -> Result:
    """Throw ``count`` spoiled inputs at a parser; the seed decides every one."""
    target, random = TARGETS[name], Random(f"{name} {seed}")  # noqa: S311 – repeatable, and no secret
    seeds, answers, findings = list(target.seeds), Counter[str](), list[Finding]()
    began = time.perf_counter()
    for _ in range(count):
        data = mutated(seeds, random) if random.random() < _MUTATED else random.randbytes(random.randrange(_RANDOM_MAX))
        if len(data) > _USUAL_BYTES and random.random() < _USUAL:
            data = data[:_USUAL_BYTES]
        try:
            answer = target.parse(data)
        except Exception as error:  # noqa: BLE001 – whatever comes out is what is looked for
            findings.append(Finding(f"raises {type(error).__name__}", data))
            continue
        if not isinstance(answer, target.types):
            findings.append(Finding(f"gives a {type(answer).__name__}", data))
        answers[str(getattr(answer, "reason", None) or type(answer).__name__)] += 1
    return Result(name, count, time.perf_counter() - began, answers, tuple(findings[:FINDINGS_MAX]))


_MUTATED, _RANDOM_MAX = 0.9, 80
"""Nine of ten inputs are spoiled good ones; the others are noise."""
_USUAL, _USUAL_BYTES = 0.97, 400
"""What devices send is short, and so are nearly all inputs: more of them in the same time."""
