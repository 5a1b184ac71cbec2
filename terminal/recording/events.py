"""Events of the drivers as the recording keeps them: what happened, with tokens for cards and nothing of PINs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drivers.events import (
    DeviceChanged,
    DeviceState,
    DriverEvent,
    Key,
    KeyPress,
    MisScan,
    MisScanReason,
    MisSwipe,
    MisSwipeReason,
    PinPadAnswer,
    PrinterChanged,
    Scan,
    ScanText,
    Swipe,
    Tracks,
)
from drivers.pin_pad_messages import PinAnswer, PinResult
from terminal.domain.code import TEXT_BYTES_MAX, Code, CodeKind, CodeRefusal, classify_code, payment_code
from terminal.recording.seam import Codec, Plain
from terminal.recording.tokens import Tokens

__all__ = ["TYPED_RUN_MAX", "EventCodec", "event_codec", "stand_in"]

TYPED_RUN_MAX = 12
"""No answer at the counter has more digits in a row; what is typed beyond may be a card number."""
_DIGITS = frozenset(key for key in Key if str(key).isdecimal())
_HIDDEN_DIGIT = Key.D0
_REFUSED = (b"x", b"\xff", b"hQVDUFYwM!", b"0" * (TEXT_BYTES_MAX + 1))
"""A text for each reason to refuse one; it stands for every text that is refused for that reason."""

EventCodec = Codec[DriverEvent]


def event_codec(tokens: Callable[[], Tokens], secret: Callable[[], bool]) -> EventCodec:
    """``secret``: whether what is typed now must not be known, such as a PIN or a password."""
    run = 0

    def encode(event: DriverEvent) -> Plain:
        nonlocal run
        match event:
            case KeyPress(key, at):
                digit = key in _DIGITS
                run = run + len(key) if digit else 0
                hidden = digit and (secret() or run > TYPED_RUN_MAX)
                return ["key", str(_HIDDEN_DIGIT if hidden and key is not Key.D00 else key), at]
            case Swipe(device, tracks, at):
                return ["swipe", device, *_tracks(tracks, tokens()), list(tracks.notes), at]
            case MisSwipe(device, reason, at, detail):
                return ["mis-swipe", device, str(reason), at, detail]
            case Scan(device, text, symbology, at):
                return ["scan", device, stand_in(bytes(text.data), tokens()), symbology, at]
            case MisScan(device, reason, at):
                return ["mis-scan", device, str(reason), at]
            case PinPadAnswer(device, reference, answer, at):
                return ["pin", device, reference, str(answer.result), bool(answer.block), at]
            case DeviceChanged(device, state, detail, remedy):
                return ["device", device, str(state), detail, remedy]
            case PrinterChanged(device, trouble, paper_low):
                return ["printer", device, None if trouble is None else str(trouble), paper_low]

    return Codec(encode, _decode)


def _tracks(tracks: Tracks, tokens: Tokens) -> list[bytes | None]:
    makers = ((tracks.track1, tokens.track1), (tracks.track2, tokens.track), (tracks.track3, tokens.track3))
    return [None if track is None else make(bytes(track)) for track, make in makers]


def stand_in(text: bytes, tokens: Tokens) -> bytes:
    """For a scanned text: a payment code of the same wallet, or a text that is refused for the same reason."""
    code = classify_code(text)
    if code.kind in (CodeKind.PRODUCT, CodeKind.COUPON, CodeKind.EMV_MERCHANT):
        return text
    found = payment_code(text)
    if isinstance(found, Code):
        return tokens.code(text)
    return next((sample for sample in _REFUSED if _same(found, payment_code(sample))), b"x")


def _same(first: Code | CodeRefusal, second: Code | CodeRefusal) -> bool:
    return isinstance(first, CodeRefusal) and isinstance(second, CodeRefusal) and first.reason is second.reason


def _decode(plain: Plain) -> DriverEvent:
    kind, *values = plain
    event: DriverEvent = _DECODERS[kind](*values)
    return event


def _swipe(
    device: str, one: bytes | None, two: bytes | None, three: bytes | None, notes: list[str], at: float
) -> Swipe:
    first, second, third = (None if track is None else bytearray(track) for track in (one, two, three))
    return Swipe(device, Tracks(first, second, third, tuple(notes)), at)


def _pin(device: str, reference: int, result: str, entered: bool, at: float) -> PinPadAnswer:
    return PinPadAnswer(device, reference, PinAnswer(PinResult(result), bytes(8) if entered else b""), at)


_DECODERS: dict[str, Callable[..., Any]] = {
    "key": lambda key, at: KeyPress(Key(key), at),
    "swipe": _swipe,
    "mis-swipe": lambda device, reason, at, detail: MisSwipe(device, MisSwipeReason(reason), at, detail),
    "scan": lambda device, text, symbology, at: Scan(device, ScanText(bytearray(text)), symbology, at),
    "mis-scan": lambda device, reason, at: MisScan(device, MisScanReason(reason), at),
    "pin": _pin,
    "device": lambda device, state, detail, remedy: DeviceChanged(device, DeviceState(state), detail, remedy),
    "printer": PrinterChanged,
}
