"""What terminal and PIN pad say to each other, as docs/integrator/pin-pad.md has it. Pure; text in, values out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from drivers.pin_pad_packets import FS

__all__ = [
    "CANCEL",
    "IDENTIFY",
    "PinAnswer",
    "PinRequest",
    "PinResult",
    "WorkingKey",
    "answer_text",
    "identity_of",
    "identity_text",
    "parse_answer",
    "parse_request",
    "request_text",
    "select_key",
    "selected_key",
]

CANCEL, IDENTIFY = "72", "06"
_SELECT, _MASTER_SESSION, _DUKPT, _ANSWER = "08.", "Z62.", "70.", "71."
_SEPARATOR = chr(FS)
LINE_CHARACTERS_MAX, LINES_MAX = 16, 2
_PIN_BLOCK_FORMAT = "01"
"""ANSI: format 0 of ISO 9564-1."""


class PinResult(StrEnum):
    """How an entry ended."""

    ENTERED = "entered"
    NONE = "none"
    """The customer pressed the green key alone."""
    CANCELLED = "cancelled"
    TIMED_OUT = "timed-out"
    BAD_KEY = "bad-key"
    """The pad has no key for this, or the working key's check value does not match."""
    EXHAUSTED = "exhausted"
    """The DUKPT key has given all its transaction keys."""
    REFUSED = "refused"
    """The pad does not understand the request."""
    LOST = "lost"
    """The pad was unplugged or does not answer."""
    BUSY = "busy"


_DIGITS = {
    PinResult.ENTERED: "0", PinResult.NONE: "1", PinResult.CANCELLED: "2", PinResult.TIMED_OUT: "3",
    PinResult.BAD_KEY: "4", PinResult.EXHAUSTED: "5", PinResult.REFUSED: "6",
}  # fmt: skip
_RESULTS = {digit: result for result, digit in _DIGITS.items()}


@dataclass(frozen=True, slots=True)
class WorkingKey:
    """A PIN key as it travels: under the master key that the pad holds, with its check value."""

    cryptogram: bytes
    check_value: bytes
    """Four bytes, or none."""


@dataclass(frozen=True, slots=True, repr=False)
class PinRequest:
    """An entry that is asked for. Its repr shows nothing: it holds the card number."""

    pan: str
    length_min: int = 4
    length_max: int = 12
    bypass: bool = False
    """Whether the green key alone means: no PIN."""
    lines: tuple[str, ...] = ()
    """What the pad shows: at most two lines of 16 characters."""
    key: WorkingKey | None = None
    """None: the pad's DUKPT key."""

    def __repr__(self) -> str:
        return "PinRequest(***)"


@dataclass(frozen=True, slots=True, repr=False)
class PinAnswer:
    """How an entry ended, and the enciphered block when there is one."""

    result: PinResult
    block: bytes = b""
    ksn: bytes = b""
    """Key serial number of DUKPT."""

    def __repr__(self) -> str:
        return f"PinAnswer({self.result})"


def select_key(index: int) -> str:
    """Choose the master key for what follows."""
    return f"{_SELECT}{index}"


def selected_key(text: str) -> int | None:
    """Inverse of select_key; None for another message."""
    digit = text.removeprefix(_SELECT)
    return int(digit) if text.startswith(_SELECT) and len(digit) == 1 and digit in "0123456789" else None


def request_text(request: PinRequest) -> str:
    """The message that asks for a PIN."""
    limits = f"{request.length_min:02d}{request.length_max:02d}{'Y' if request.bypass else 'N'}"
    lines = _SEPARATOR.join(_shown(line) for line in request.lines[:LINES_MAX])
    if request.key is None:
        return _SEPARATOR.join((f"{_DUKPT}{request.pan}", limits, lines))
    key = f"{request.key.cryptogram.hex().upper()}:{request.key.check_value.hex().upper()}"
    return _SEPARATOR.join((f"{_MASTER_SESSION}{request.pan}", key, limits, lines))


_PAN = re.compile(r"^[0-9]{8,19}$", re.ASCII)
_LIMITS = re.compile(r"^([0-9]{2})([0-9]{2})([YN])$", re.ASCII)
_KEY = re.compile(r"^((?:[0-9A-F]{16}){1,3}):((?:[0-9A-F]{8})?)$", re.ASCII)


def parse_request(text: str) -> PinRequest | None:
    """Inverse of request_text, as a pad reads it; None for another message or a malformed one."""
    head = next((head for head in (_MASTER_SESSION, _DUKPT) if text.startswith(head)), None)
    if head is None:
        return None
    pan, *rest = text.removeprefix(head).split(_SEPARATOR)
    key = None
    if head == _MASTER_SESSION:
        found = _KEY.match(rest.pop(0)) if rest else None
        if found is None:
            return None
        key = WorkingKey(bytes.fromhex(found[1]), bytes.fromhex(found[2]))
    limits = _LIMITS.match(rest[0]) if rest else None
    if not _PAN.match(pan) or limits is None or not 4 <= int(limits[1]) <= int(limits[2]) <= 12:
        return None
    lines = tuple(line for line in rest[1 : 1 + LINES_MAX] if line)
    return PinRequest(pan, int(limits[1]), int(limits[2]), limits[3] == "Y", lines, key)


def answer_text(answer: PinAnswer) -> str:
    """The pad's answer to a request."""
    text = f"{_ANSWER}{_DIGITS[answer.result]}"
    if answer.result is not PinResult.ENTERED:
        return text
    if answer.ksn:
        return f"{text}{answer.ksn.hex().upper()}{answer.block.hex().upper()}"
    return f"{text}{_PIN_BLOCK_FORMAT}{answer.block.hex().upper()}"


_BLOCK = re.compile(r"^(01|(?:[0-9A-F]{20}))((?:[0-9A-F]{16}){1,2})$", re.ASCII)


def parse_answer(text: str) -> PinAnswer | None:
    """Inverse of answer_text; None for another message or a malformed one."""
    result = _RESULTS.get(text[len(_ANSWER) : len(_ANSWER) + 1]) if text.startswith(_ANSWER) else None
    if result is None:
        return None
    rest = text[len(_ANSWER) + 1 :]
    if result is not PinResult.ENTERED:
        return PinAnswer(result) if not rest else None
    found = _BLOCK.match(rest)
    if found is None:
        return None
    ksn = b"" if found[1] == _PIN_BLOCK_FORMAT else bytes.fromhex(found[1])
    return PinAnswer(result, bytes.fromhex(found[2]), ksn)


def identity_text(serial: str) -> str:
    """The pad's answer to IDENTIFY."""
    return f"{IDENTIFY}{serial}"


def identity_of(text: str) -> str | None:
    """Serial number of a pad; None for another message."""
    serial = text.removeprefix(IDENTIFY)
    return serial if text.startswith(IDENTIFY) and 1 <= len(serial) <= 16 and serial.isalnum() else None


def _shown(line: str) -> str:
    """What a pad with an ASCII display can show."""
    kept = "".join(character if " " <= character <= "~" else "?" for character in line)
    return kept[:LINE_CHARACTERS_MAX]
