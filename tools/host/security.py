"""The host's own keys and what it does with them: MACs, PIN checks, fresh working keys.

Keys lie in clear in a file of the state directory: a laboratory's bank, never a real one. Nothing
here is shared with the terminal but the algorithms.
"""

from __future__ import annotations

import hmac
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from enum import Enum
from pathlib import Path

from keys.ciphers import tdes_ecb_decrypt, tdes_ecb_encrypt
from keys.errors import KeysError
from keys.kcv import kcv
from keys.mac import unionpay_ecb
from keys.pin_block import parse_format_0, parse_unionpay

__all__ = ["PinVerdict", "Security"]

KEY_FILE = "keys.json"
MAC_BYTES = 8
MASTER_KEY_BYTES = (16, 24)
SINGLE, DOUBLE = 8, 16
KCV_BYTES = 4
_WITHOUT_PAN = "1"
_AUTH_CODE_DIGITS = 6


class PinVerdict(Enum):
    """What a PIN block turned out to be."""

    RIGHT = "right"
    WRONG = "wrong"
    MALFORMED = "malformed"
    """Not a PIN block under the present key: the terminal should sign on again."""


@dataclass(frozen=True, slots=True, repr=False)
class TerminalKeys:
    """Keys of one terminal, in hexadecimal as they lie in the file."""

    master: str
    pin: str = ""
    mac: str = ""
    track: str = ""


class Security:
    """Keeps the keys of all terminals of this host."""

    def __init__(self, folder: Path, random: Callable[[int], bytes] = os.urandom) -> None:
        self._path = folder / KEY_FILE
        self._random = random
        self._keys: dict[str, TerminalKeys] = {}
        if self._path.exists():
            stored = json.loads(self._path.read_text("ascii"))
            self._keys = {terminal: TerminalKeys(**values) for terminal, values in stored.items()}

    def enrol(self, terminal: str, master: bytes) -> None:
        """Take a terminal's master key; a changed one ends its working keys. Raises ValueError."""
        if len(master) not in MASTER_KEY_BYTES:
            raise ValueError(f"A terminal master key has 32 or 48 hexadecimal digits, not {2 * len(master)}.")
        known = self._keys.get(terminal)
        if known is None or known.master != master.hex():
            self._keys[terminal] = TerminalKeys(master.hex())
            self._save()

    def check_values(self) -> list[dict[str, str]]:
        """KCV of every key of every terminal, to compare with what the terminals show."""
        return [
            {"terminal": terminal, "key": name, "check_value": _kcv(bytes.fromhex(text)).hex().upper()}
            for terminal, keys in self._keys.items()
            for name, text in asdict(keys).items()
            if text
        ]

    def has_mac_key(self, terminal: str) -> bool:
        """Whether the terminal has ever signed on."""
        known = self._keys.get(terminal)
        return known is not None and bool(known.mac)

    def sign_on(self, terminal: str, *, double: bool, track: bool) -> bytes:
        """Fresh working keys under the master key, laid out as element 62 wants (facts/unionpay.md §4).

        PIN key and check value, MAC key and check value, and with ``track`` the track key and its own.
        The MAC key has 8 bytes; in the double-length form its field is filled with 8 zero bytes.
        """
        master = bytes.fromhex(self._keys[terminal].master)
        pin = self._random(DOUBLE if double else SINGLE)
        mac = self._random(SINGLE)
        track_key = self._random(DOUBLE) if track else b""
        filler = bytes(SINGLE) if double else b""
        parts = [("pin", pin, b""), ("mac", mac, filler)] + ([("track", track_key, b"")] if track else [])
        field = b"".join(tdes_ecb_encrypt(master, key) + fill + _kcv(key) for _, key, fill in parts)
        self._keys[terminal] = replace(self._keys[terminal], pin=pin.hex(), mac=mac.hex(), track=track_key.hex())
        self._save()
        return field

    def mac(self, terminal: str, covered: bytes) -> bytes:
        """Element 64 over a message without it (§5)."""
        return unionpay_ecb(bytes.fromhex(self._keys[terminal].mac), covered)

    def verify(self, terminal: str, body: bytes) -> bool:
        """Whether a message's last eight bytes are its MAC."""
        if not self.has_mac_key(terminal):
            return False
        return hmac.compare_digest(self.mac(terminal, body[:-MAC_BYTES]), body[-MAC_BYTES:])

    def check_pin(self, terminal: str, block: bytes, control: str, pan: str, expected: str) -> PinVerdict:
        """Open element 52 and compare. ``control`` is element 53: its first digit says whether the PAN is in (§2)."""
        key = bytes.fromhex(self._keys[terminal].pin)
        if not key or len(block) != SINGLE:
            return PinVerdict.MALFORMED
        clear = tdes_ecb_decrypt(key, block)
        try:
            pin = parse_unionpay(clear) if control.startswith(_WITHOUT_PAN) else parse_format_0(clear, pan)
        except KeysError:
            return PinVerdict.MALFORMED
        with pin.open() as digits:
            right = hmac.compare_digest(bytes(digits), expected.encode("ascii"))
        pin.wipe()
        return PinVerdict.RIGHT if right else PinVerdict.WRONG

    def auth_code(self) -> str:
        """Element 38: six digits no one can guess."""
        number = int.from_bytes(self._random(8), "big")
        return f"{number % 10**_AUTH_CODE_DIGITS:0{_AUTH_CODE_DIGITS}d}"

    def _save(self) -> None:
        fresh = self._path.with_suffix(".new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
            json.dump({terminal: asdict(keys) for terminal, keys in self._keys.items()}, file)
        fresh.replace(self._path)


def _kcv(key: bytes) -> bytes:
    return bytes(kcv(key, "tdes", method="legacy", length=KCV_BYTES))
